//! The whole world in one process: the product, a simulated Zoho, a folder for mails, and a clock that stands still until
//! it is set. The demo plays in it, and so do tests.
//!
//! **Invariant:** nothing happens by itself. Callbacks arrive, events are delivered and mails leave when the world is
//! told to go on, in the same order every time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::ports::{Secrets, Table};
use app::store::Store;
use app::writing::Writing;
use axum::body::Bytes;
use domain::{Assistant, Calendar, Lead, OrgId, Wake};
use jiff::{SignedDuration, Timestamp};
use lambda_http::http::header::{COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use lambda_http::{Body, Response};
use mail::EmlOutbox;
use secrecy::SecretString;
use serde_json::Value;
use tokio::net::TcpListener;
use url::Url;
use zoho_sim::{Callback, Faults, SimConfig, Simulator, StateQuery};

use crate::clock::SettableClock;
use crate::embedded::FileSecrets;
use crate::nearby::nearby;
use crate::product::{MAILBOXES, Parts, Product, signing_key};

/// A world that cannot be made or moved; the text says what stopped it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WorldError(String);

impl WorldError {
    /// What failed, and why.
    pub fn new(what: &str, why: impl std::fmt::Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}

/// The world.
pub struct World {
    /// The product.
    pub product: Product,
    /// Its CRM.
    pub zoho: Arc<Simulator>,
    /// The only clock there is.
    pub clock: Arc<SettableClock>,
    /// Where mails go.
    pub outbox: PathBuf,
    zoho_task: tokio::task::JoinHandle<()>,
}

/// What a world is made of.
pub struct WorldOptions {
    /// When it begins.
    pub start: Timestamp,
    /// A folder of its own.
    pub folder: PathBuf,
    /// The table.
    pub table: Arc<dyn Table>,
    /// What goes wrong in the CRM.
    pub faults: Faults,
    /// Decides every fault and token.
    pub seed: u64,
}

/// The address of the user that the simulator has for an assistant.
pub const ASSISTANT: &str = "tara@acme.example";

/// Where the product believes itself to be; nothing is ever sent there.
pub(crate) const PUBLIC_URL: &str = "http://127.0.0.1:8080/";
/// The mail domain that receives answers.
pub(crate) const REPLY_DOMAIN: &str = "reply.acme.example";

impl World {
    /// Makes a world with nothing connected yet.
    pub async fn begin(options: WorldOptions) -> Result<Self, WorldError> {
        let WorldOptions { start, folder, table, faults, seed } = options;
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(|error| WorldError::new("no port for the simulator", error))?;
        let addr = listener.local_addr().map_err(|error| WorldError::new("no port for the simulator", error))?;
        let clock = Arc::new(SettableClock::at(start));
        let mut config = SimConfig::new(format!("http://{addr}"));
        (config.faults, config.seed) = (faults, seed);
        let shown = clock.clone();
        config.clock = Arc::new(move || shown.now());
        let zoho = Arc::new(Simulator::new(config));
        let zoho_task = tokio::spawn(zoho_sim::answer(zoho.clone(), listener, std::future::pending()));

        let carrier = nearby(zoho.clone());
        let ready = zoho.ready();
        let client_secret = SecretString::from(ready.client_secret.clone());
        let accounts =
            edge::clients::zoho_accounts(carrier.clone(), &ready.client_id, client_secret, Some(&ready.base_url))
                .map_err(|error| WorldError::new("the simulator's address", error))?;
        let secrets: Arc<dyn Secrets> = Arc::new(FileSecrets::new(&folder));
        let key = signing_key(secrets.as_ref()).await.map_err(|error| WorldError::new("no signing key", error))?;
        let outbox = folder.join("outbox");
        let store = Store::new(table);
        let mailboxes =
            edge::clients::mailbox_access(store.clone(), secrets.clone(), clock.clone(), MAILBOXES.to_owned())
                .map_err(|error| WorldError::new("mailboxes", error))?;
        let product = Product::new(Parts {
            store,
            bus: Arc::default(),
            secrets,
            carrier,
            accounts,
            writing: Writing::default(),
            mailer: Arc::new(EmlOutbox::new(&outbox)),
            mailboxes,
            clock: clock.clone(),
            key,
            public_url: edge::settings::parse_public_url(PUBLIC_URL)
                .map_err(|error| WorldError::new("address", error))?,
            reply_domain: Some(REPLY_DOMAIN.to_owned()),
            field_prefix: edge::settings::DEFAULT_FIELD_PREFIX.to_owned(),
            inbound_token: None,
        });
        Ok(Self { product, zoho, clock, outbox, zoho_task })
    }

    /// Walks an administrator's browser through the connection.
    pub async fn connect(&self) -> Result<OrgId, WorldError> {
        let connected = self.connect_as("").await?;
        if !connected.status().is_success() {
            return Err(WorldError::new("connecting", format!("the callback answered {}", connected.status())));
        }
        self.settle().await;
        self.product.admin().org(None).await.map_err(|error| WorldError::new("connecting", error))
    }

    /// Walks the browser of this user (by address; an administrator's if empty) to the consent page and back; returns what
    /// the callback answers.
    pub async fn connect_as(&self, user: &str) -> Result<Response<Body>, WorldError> {
        consent(&self.product, &self.zoho, "/oauth/authorize", user).await
    }

    /// Signs this user in to the console, as their browser would; returns what the callback answers.
    pub async fn sign_in_as(&self, user: &str) -> Result<Response<Body>, WorldError> {
        consent(&self.product, &self.zoho, "/oauth/sign-in", user).await
    }

    /// Adds the assistant that the simulator has a user for.
    pub async fn add_tara(&self, org: &OrgId) -> Result<(), WorldError> {
        let wrong = |error: &dyn std::fmt::Display| WorldError::new("the assistant", error);
        let (id, email) =
            ("tara".parse().map_err(|error| wrong(&error))?, ASSISTANT.parse().map_err(|error| wrong(&error))?);
        let calendar = Calendar::working_week("Europe/London").map_err(|error| wrong(&error))?;
        let assistant = Assistant {
            title: "Sales Assistant".to_owned(),
            signature: "Tara Quinn\nSales Assistant".to_owned(),
            default_context: "We help small manufacturers to quote faster.".to_owned(),
            ..Assistant::new(id, "Tara Quinn", email, calendar)
        };
        self.product.admin().add_assistant(org, assistant).await.map_err(|error| wrong(&error))?;
        self.settle().await;
        Ok(())
    }

    /// Lets everything that is on its way arrive, until nothing moves. The clock stands still.
    pub async fn settle(&self) {
        loop {
            let callbacks = self.zoho.take_due_callbacks(self.clock.now());
            let quiet = callbacks.is_empty();
            for callback in callbacks {
                let status = bring(&self.product, &callback).await;
                self.zoho.record_delivery(&callback, Ok(status));
            }
            if self.product.pump().await == 0 && quiet {
                return;
            }
        }
    }

    /// Moves the clock to the next instant at which a lead of the org is due, at the most `most` further, and lets happen
    /// what falls due: mails, then what they cause.
    pub async fn step_to_next(&self, org: &OrgId, most: SignedDuration) -> Result<(), WorldError> {
        let leads = self.product.admin().leads(org).await.map_err(|error| WorldError::new("the leads", error))?;
        let due = leads.iter().filter_map(Lead::wake).map(|wake| match wake {
            Wake::Due(due) | Wake::Lease(due) => due,
        });
        let latest = self.clock.now() + most;
        self.clock.advance_to(due.min().map_or(latest, |due| due.min(latest)));
        self.tick().await
    }

    /// One tick, and what it causes.
    pub async fn tick(&self) -> Result<(), WorldError> {
        self.product.tick().await.map_err(|error| WorldError::new("a tick", error))?;
        self.settle().await;
        Ok(())
    }

    /// Upkeep, as its schedule would start it.
    pub async fn upkeep(&self) -> Result<(), WorldError> {
        let now = self.clock.now();
        self.product.sweep(now).await.map_err(|error| WorldError::new("upkeep", error))?;
        self.settle().await;
        Ok(())
    }

    /// A page, as a browser gets it.
    pub async fn get(&self, path: &str, cookie: Option<&str>) -> Response<Body> {
        self.request("GET", path, cookie, Body::Empty).await
    }

    /// The one-click unsubscription of RFC 8058, as a mail program posts it.
    pub async fn post(&self, path: &str) -> Response<Body> {
        self.request("POST", path, None, Body::Empty).await
    }

    /// A picture or a link, as the software of this name fetches it.
    pub async fn fetch(&self, method: &str, path: &str, user_agent: &str) -> Response<Body> {
        fetch(&self.product, method, path, user_agent).await
    }

    /// Any request to the product.
    pub async fn request(&self, method: &str, path: &str, cookie: Option<&str>, body: Body) -> Response<Body> {
        request(&self.product, method, path, cookie, body).await
    }

    /// Parts of the simulator's state.
    pub fn zoho_state(&self, parts: &[&str]) -> Value {
        self.zoho.state(&StateQuery { since: None, only: parts.iter().map(|part| (*part).to_owned()).collect() })
    }

    /// The mails in the outbox, in order of their names.
    pub fn mails(&self) -> Result<Vec<(String, Vec<u8>)>, WorldError> {
        read_folder(&self.outbox).map_err(|error| WorldError::new("the outbox", error))
    }
}

impl AsRef<Product> for World {
    fn as_ref(&self) -> &Product {
        &self.product
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.zoho_task.abort();
    }
}

/// Walks the browser of this user (by address; an administrator's if empty) to the simulator's consent page and back;
/// returns what the callback answers. `from` is where it starts.
pub(crate) async fn consent(
    product: &Product,
    zoho: &Simulator,
    from: &str,
    user: &str,
) -> Result<Response<Body>, WorldError> {
    let failed = |what: &str| WorldError::new("connecting", what);
    let departure = request(product, "GET", from, None, Body::Empty).await;
    let consent = header(&departure, LOCATION).ok_or_else(|| failed("no redirect to Zoho"))?;
    let cookie = header(&departure, SET_COOKIE).ok_or_else(|| failed("no cookie"))?;
    let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    let user = zoho.user_id(user).unwrap_or_default();
    let form = format!("{}&decision=accept&user={user}", consent.split_once('?').map_or("", |(_, query)| query));
    let decision = http::Request::builder()
        .method("POST")
        .uri("/oauth/v2/auth/decision")
        .header("content-type", "application/x-www-form-urlencoded");
    let decision = decision.body(Bytes::from(form)).map_err(|error| WorldError::new("connecting", error))?;
    let back = match zoho.call(decision) {
        zoho_sim::Reply::Answer(response) => {
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            location
                .and_then(|text| Url::parse(text).ok())
                .ok_or_else(|| failed("Zoho did not send the browser back"))?
        }
        zoho_sim::Reply::NoAnswer => return Err(failed("Zoho did not answer")),
    };
    let path = format!("{}?{}", back.path(), back.query().unwrap_or_default());
    Ok(request(product, "GET", &path, Some(&cookie), Body::Empty).await)
}

/// Posts one of Zoho's callbacks to the product; returns the status it is answered with.
pub(crate) async fn bring(product: &Product, callback: &Callback) -> u16 {
    let path = Url::parse(&callback.url).map_or_else(|_| String::new(), |url| url.path().to_owned());
    request(product, "POST", &path, None, Body::Text(callback.body.clone())).await.status().as_u16()
}

/// What the product answers to the software of this name.
pub(crate) async fn fetch(product: &Product, method: &str, path: &str, user_agent: &str) -> Response<Body> {
    let request = http::Request::builder().method(method).uri(path).header(USER_AGENT, user_agent);
    match request.body(Body::Empty) {
        Ok(request) => product.route(request).await,
        Err(_) => Response::new(Body::Empty),
    }
}

/// What the product answers.
pub(crate) async fn request(
    product: &Product,
    method: &str,
    path: &str,
    cookie: Option<&str>,
    body: Body,
) -> Response<Body> {
    let mut request = http::Request::builder().method(method).uri(path);
    if let Some(cookie) = cookie {
        request = request.header(COOKIE, cookie);
    }
    match request.body(body) {
        Ok(request) => product.route(request).await,
        Err(_) => Response::new(Body::Empty),
    }
}

fn header(response: &Response<Body>, name: lambda_http::http::HeaderName) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

/// The `.eml` files of a folder with their names, in order; none if there is no folder yet.
pub fn read_folder(folder: &Path) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut mails = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".eml") && !name.starts_with('.') {
            mails.push((name, std::fs::read(&path)?));
        }
    }
    mails.sort();
    Ok(mails)
}
