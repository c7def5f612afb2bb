//! `serve`: the product on one machine, durable in one directory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use app::ports::{Clock, Composer, Mailer, Secrets};
use app::store::Store;
use app::writing::Writing;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use edge::settings::{self, SettingError};
use jiff::SignedDuration;
use mail::{EmlInbox, EmlOutbox};
use secrecy::SecretString;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use zoho::Carrier;

use crate::clock::ScaledClock;
use crate::embedded::{self, FileSecrets, Opened};
use crate::product::{MAILBOXES, Parts, Product, signing_key};

/// What `serve` was asked for.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Everything durable is here.
    pub data_dir: PathBuf,
    /// Where it listens.
    pub http: SocketAddr,
    /// Where browsers and Zoho reach it; the listening address unless set.
    pub public_url: Option<String>,
    /// Another accounts server than Zoho's.
    pub zoho_accounts: Option<String>,
    /// Mails go here unless a mail server is set.
    pub outbox_dir: Option<PathBuf>,
    /// Mails come from here.
    pub inbox_dir: Option<PathBuf>,
    /// How fast the calendar runs.
    pub speed: u32,
}

/// Why `serve` did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A setting.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The data directory.
    #[error(transparent)]
    Open(#[from] embedded::OpenError),
    /// Another `serve` runs on it.
    #[error("{} is in use by another `sales-assistant serve`; stop it, or name another --data-dir", .0.display())]
    InUse(PathBuf),
    /// The address.
    #[error("cannot listen on {addr}: {source}; name another address with --http")]
    Listen {
        /// Which.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file or folder.
    #[error("{what}: {source}")]
    File {
        /// Which.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The rest.
    #[error(transparent)]
    App(#[from] app::AppError),
    /// The secrets.
    #[error(transparent)]
    Secrets(#[from] app::ports::SecretsError),
}

/// A reply domain for mails that only go to a folder: nobody is there, and replies put into the inbox find their leads.
const FOLDER_REPLY_DOMAIN: &str = "reply.localhost.localdomain";
/// Real time between looks at the inbox folder.
const INBOX_PAUSE: Duration = Duration::from_millis(250);
/// Real time between sweeps for lost hints, and between looks at which mailboxes are due.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);
/// The largest request: a mail of 30 MB.
const MOST_BYTES: usize = 31 * 1024 * 1024;

/// Serves until a signal ends it; `ready` is called once with the line that says where.
pub async fn serve(options: ServeOptions, ready: impl FnOnce(&serde_json::Value)) -> Result<(), ServeError> {
    let dynamo = embedded::open(&options.data_dir)?;
    if dynamo.opened() == Opened::Guest {
        return Err(ServeError::InUse(options.data_dir));
    }
    let listening = |source| ServeError::Listen { addr: options.http, source };
    let listener = TcpListener::bind(options.http).await.map_err(listening)?;
    let addr = listener.local_addr().map_err(listening)?;
    let public_url = settings::parse_public_url(&match options.public_url.clone() {
        Some(url) => url,
        None => settings::optional(settings::PUBLIC_URL).unwrap_or_else(|| format!("http://{addr}")),
    })?;
    let secrets = Arc::new(FileSecrets::new(&options.data_dir));
    let table = dynamo.table().await.map_err(app::AppError::from)?;
    let clock = ScaledClock::resume(&options.data_dir, options.speed)
        .map_err(|source| ServeError::File { what: "clock.json in the data directory".into(), source })?;
    let outbox_dir = options.outbox_dir.clone().unwrap_or_else(|| options.data_dir.join("outbox"));
    let inbox_dir = options.inbox_dir.clone().unwrap_or_else(|| options.data_dir.join("inbox"));
    let smtp_url = settings::optional(settings::SMTP_URL).map(SecretString::from);
    let mailer: Arc<dyn Mailer> = match &smtp_url {
        Some(url) => edge::clients::smtp(url)?,
        None => Arc::new(EmlOutbox::new(&outbox_dir)),
    };
    let reply_domain = settings::reply_domain()?;
    let (store, clock_for_all) = (Store::new(Arc::new(table)), Arc::new(clock));
    let mailboxes =
        edge::clients::mailbox_access(store.clone(), secrets.clone(), clock_for_all.clone(), MAILBOXES.to_owned())?;
    let product = Arc::new(Product::new(Parts {
        store,
        bus: Arc::default(),
        carrier: Carrier::network(),
        accounts: accounts(options.zoho_accounts.as_deref())?,
        writing: Writing { composer: composer().await? },
        mailer,
        mailboxes,
        clock: clock_for_all,
        key: signing_key(secrets.as_ref()).await?,
        public_url: public_url.clone(),
        reply_domain: reply_domain.or_else(|| smtp_url.is_none().then(|| FOLDER_REPLY_DOMAIN.to_owned())),
        field_prefix: settings::field_prefix()?,
        inbound_token: settings::optional(settings::INBOUND_TOKEN).map(SecretString::from),
        secrets: secrets as Arc<dyn Secrets>,
    }));
    product.recover().await?;
    for folder in [&inbox_dir, &outbox_dir] {
        std::fs::create_dir_all(folder)
            .map_err(|source| ServeError::File { what: format!("folder {}", folder.display()), source })?;
    }

    let (stop, stopped) = watch::channel(false);
    let shared = dynamo
        .share(ended(stopped.clone()))
        .map_err(|source| ServeError::File { what: "table.sock".into(), source })?;
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        if let Err(error) = shared.await {
            tracing::warn!(%error, "the command line cannot reach this process any more");
        }
    });
    tasks.spawn(work_off(product.clone(), stopped.clone()));
    tasks.spawn(tick(product.clone(), options.speed, stopped.clone()));
    tasks.spawn(sweep(product.clone(), clock, options.speed, stopped.clone()));
    tasks.spawn(read_mailboxes(product.clone(), stopped.clone()));
    tasks.spawn(read_inbox(product.clone(), EmlInbox::new(&inbox_dir), stopped.clone()));
    ready(&json!({
        "ready": true,
        "http": format!("http://{addr}"),
        "public_url": public_url,
        "connect": public_url.join("oauth/authorize").map(String::from).unwrap_or_default(),
        "data_dir": absolute(&options.data_dir),
        "outbox_dir": smtp_url.is_none().then(|| absolute(&outbox_dir)),
        "inbox_dir": absolute(&inbox_dir),
    }));
    let app = router(product).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, app).with_graceful_shutdown(async move {
        signal().await;
        stop.send(true).ok();
    });
    served.await.map_err(listening)?;
    // Each loop ends between two pieces of work; what is begun is finished.
    while tasks.join_next().await.is_some() {}
    Ok(())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The model, if one is set. AWS credentials are looked for only where one could be Bedrock's.
async fn composer() -> Result<Option<Arc<dyn Composer>>, SettingError> {
    if settings::optional(settings::COMPOSER).is_none() {
        return Ok(None);
    }
    let key = settings::optional(settings::OPENAI_API_KEY).map(SecretString::from);
    edge::clients::Clients::from_env().await.composer(key.as_ref())
}

fn accounts(server: Option<&str>) -> Result<Arc<dyn app::ports::Accounts>, SettingError> {
    let needed = |name| {
        settings::optional(name).ok_or_else(|| {
            SettingError::new(name, "is not set; register a client at api-console.zoho.com and set its id and secret")
        })
    };
    let id = needed(settings::ZOHO_CLIENT_ID)?;
    let secret = needed(settings::ZOHO_CLIENT_SECRET)?;
    let server = server.map(str::to_owned).or_else(|| settings::optional(settings::ZOHO_ACCOUNTS));
    edge::clients::zoho_accounts(Carrier::network(), &id, secret.into(), server.as_deref())
}

/// The product's routes for axum.
pub fn router<P: AsRef<Product> + Send + Sync + 'static>(product: Arc<P>) -> axum::Router {
    axum::Router::new().fallback(answer::<P>).layer(DefaultBodyLimit::max(MOST_BYTES)).with_state(product)
}

async fn answer<P: AsRef<Product>>(
    State(product): State<Arc<P>>,
    parts: http::request::Parts,
    body: Bytes,
) -> http::Response<axum::body::Body> {
    let body = if body.is_empty() { lambda_http::Body::Empty } else { lambda_http::Body::Binary(body.into()) };
    let mut request = http::Request::from_parts(parts, body);
    if let Some(ConnectInfo(address)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() {
        request.extensions_mut().insert(address);
    }
    let response = product.as_ref().as_ref().route(request).await;
    response.map(|body| match body {
        lambda_http::Body::Text(text) => text.into(),
        lambda_http::Body::Binary(bytes) => bytes.into(),
        _ => axum::body::Body::empty(),
    })
}

async fn ended(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is an end too.
    stopped.wait_for(|stopped| *stopped).await.ok();
}

/// Ctrl-C, or the service manager's word.
pub(crate) async fn signal() {
    let mut term = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(term) => term,
        Err(error) => {
            tracing::error!(%error, "cannot wait for SIGTERM");
            return;
        }
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Waits for `pause`, or for the end: then `false`.
async fn go_on(stopped: &mut watch::Receiver<bool>, pause: Duration) -> bool {
    tokio::select! {
        _ = stopped.wait_for(|stopped| *stopped) => false,
        () = tokio::time::sleep(pause) => true,
    }
}

async fn work_off(product: Arc<Product>, stopped: watch::Receiver<bool>) {
    loop {
        let event = tokio::select! {
            () = ended(stopped.clone()) => return,
            event = product.bus.next() => event,
        };
        product.deliver(&event).await;
    }
}

async fn tick(product: Arc<Product>, speed: u32, mut stopped: watch::Receiver<bool>) {
    // A minute of the calendar, but at least often enough for a person who watches, and not so often that it spins.
    let pause = Duration::from_millis((60_000 / u64::from(speed.max(1))).clamp(20, 1000));
    while go_on(&mut stopped, pause).await {
        if let Err(error) = product.tick().await {
            tracing::error!(%error, "a tick failed");
        }
    }
}

async fn sweep(product: Arc<Product>, clock: ScaledClock, speed: u32, mut stopped: watch::Receiver<bool>) {
    // With a fast calendar, what a quarter of an hour of it may hide is looked for in real seconds.
    let interval = app::upkeep::INTERVAL.as_secs() / i64::from(speed.max(1));
    let interval = SignedDuration::from_secs(interval.clamp(5, app::upkeep::INTERVAL.as_secs()));
    let mut last = clock.real();
    while go_on(&mut stopped, SWEEP_PAUSE).await {
        let now = clock.real();
        let everything = now.duration_since(last) >= interval;
        if everything {
            last = now;
        }
        let due = if everything { now + app::upkeep::INTERVAL } else { now };
        if let Err(error) = product.sweep(due).await {
            tracing::error!(%error, "a sweep failed");
        }
    }
}

async fn read_mailboxes(product: Arc<Product>, mut stopped: watch::Receiver<bool>) {
    while go_on(&mut stopped, SWEEP_PAUSE).await {
        // Breaking it off loses nothing: what was taken in is recognised.
        let polled = tokio::select! {
            () = ended(stopped.clone()) => return,
            polled = product.poll() => polled,
        };
        if let Err(error) = polled {
            tracing::error!(%error, "the mailboxes could not be looked at");
        }
    }
}

async fn read_inbox(product: Arc<Product>, inbox: EmlInbox, mut stopped: watch::Receiver<bool>) {
    while go_on(&mut stopped, INBOX_PAUSE).await {
        if let Err(error) = read_mails(&product, &inbox).await {
            tracing::error!(%error, "the inbox folder cannot be read");
        }
    }
}

/// Reads what is there; a mail that cannot be worked off stays and holds up no other.
async fn read_mails(product: &Product, inbox: &EmlInbox) -> std::io::Result<()> {
    for path in inbox.ready().await? {
        let Some(raw) = inbox.read(&path).await? else { continue };
        match product.receive(&raw).await {
            Ok(_) => {
                inbox.done(&path).await?;
            }
            Err(error) => tracing::error!(%error, "a mail could not be worked off; it stays in the inbox"),
        }
    }
    Ok(())
}
