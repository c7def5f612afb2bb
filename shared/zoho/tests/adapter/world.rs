//! The simulator on a port, a client that a person let in, and the adapter on both.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use app::ports::{Accounts, AccountsError, Crm, CrmError, CrmField, FieldNames, NewField, Session, Sessions};
use async_trait::async_trait;
use domain::{CrmUser, Module, OrgId, RecordId, UserId};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;
use zoho::{AccountsSettings, Zoho, ZohoAccounts};
use zoho_sim::{SimConfig, Simulator, StateQuery};

use crate::support::{carrier, eager, org, time};

pub struct World {
    pub sim: Arc<Simulator>,
    pub accounts: Arc<ZohoAccounts>,
    pub sessions: Arc<Consented>,
    pub zoho: Zoho,
    now: Arc<Mutex<Timestamp>>,
}

/// Sessions of one grant, refreshed as they die.
pub struct Consented {
    accounts: Arc<ZohoAccounts>,
    server: Url,
    pub refresh_token: SecretString,
    session: Mutex<Session>,
    renewals: Mutex<u32>,
}

impl Consented {
    pub fn renewals(&self) -> u32 {
        *self.renewals.lock().unwrap()
    }

    pub fn current(&self) -> Session {
        self.session.lock().unwrap().clone()
    }
}

#[async_trait]
impl Sessions for Consented {
    async fn session(&self, _: &OrgId) -> Result<Session, CrmError> {
        Ok(self.current())
    }

    async fn renewed(&self, _: &OrgId, _: &Session) -> Result<Session, CrmError> {
        let refreshed = self.accounts.refresh(&self.server, &self.refresh_token).await;
        let token = refreshed.map_err(|error| CrmError::Disconnected(error.to_string()))?.access_token;
        *self.renewals.lock().unwrap() += 1;
        self.session.lock().unwrap().access_token = token;
        Ok(self.current())
    }
}

impl World {
    /// It is Thursday morning, and the administrator has just let the product in.
    pub async fn new() -> Self {
        Self::with(|_| {}, "priya@acme.example").await
    }

    pub async fn with(change: impl FnOnce(&mut SimConfig), who: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let now = Arc::new(Mutex::new(time("2026-01-15T10:00:00Z")));
        let mut config = SimConfig::new(format!("http://{}", listener.local_addr().unwrap()));
        let clock = now.clone();
        config.clock = Arc::new(move || *clock.lock().unwrap());
        change(&mut config);
        let sim = Arc::new(Simulator::new(config));
        tokio::spawn(zoho_sim::serve(sim.clone(), listener, std::future::pending()));

        let ready = sim.ready();
        let home: Url = ready.base_url.parse().unwrap();
        let mut settings = AccountsSettings::new(&ready.client_id, SecretString::from(ready.client_secret.as_str()));
        (settings.home, settings.extra) = (home.clone(), Some(home));
        let accounts = Arc::new(ZohoAccounts::new(carrier(eager()), settings));
        let sessions = Arc::new(consent(&accounts, &sim, who).await);
        let zoho = Zoho::new(carrier(eager()), sessions.clone());
        Self { sim, accounts, sessions, zoho, now }
    }

    /// Sets the clock.
    pub fn at(&self, time: &str) {
        *self.now.lock().unwrap() = self::time(time);
    }

    /// Makes our fields as the product does, and remembers what the CRM called them.
    pub async fn provision(&self) {
        for module in Module::ALL {
            let picklist = |values: &[&str]| Some(values.iter().map(|value| (*value).to_owned()).collect());
            let new = [
                ("TEC_Context", None),
                ("TEC_Schedule", picklist(&["Recommended"])),
                ("TEC_Lead_Connection_Status", picklist(&["Cold", "Warm", "Hot"])),
            ];
            let new = new.map(|(label, values)| NewField { label: label.into(), values });
            self.zoho.create_fields(&org(), module, &new).await.unwrap();
            let [context, schedule, status] = new.map(|new| new.label);
            let names = FieldNames {
                context: self.field(module, &context).await.api_name,
                schedule: self.field(module, &schedule).await.api_name,
                status: self.field(module, &status).await.api_name,
            };
            self.sessions.session.lock().unwrap().fields.insert(module, names);
        }
    }

    pub async fn field(&self, module: Module, label: &str) -> CrmField {
        let fields = self.zoho.fields(&org(), module).await.unwrap();
        fields.into_iter().find(|field| field.label == label).expect("the field")
    }

    /// A person makes a record.
    pub fn create(&self, module: Module, fields: Value) -> RecordId {
        self.sim.create_record(module.as_str(), fields, None).unwrap().parse().unwrap()
    }

    pub fn user(&self, email: &str) -> UserId {
        self.sim.user_id(email).unwrap().parse().unwrap()
    }

    pub async fn users(&self) -> BTreeMap<String, CrmUser> {
        let users = self.zoho.users(&org()).await.unwrap();
        users.into_iter().map(|user| (user.name.clone(), user)).collect()
    }

    /// The next call of `method` to a path with `part` in it meets `fault`.
    pub fn fault(&self, fault: &str, method: &str, part: &str) {
        let next = json!({"next": [{"fault": fault, "method": method, "path_contains": part}]});
        self.sim.change_faults(&next).unwrap();
    }

    /// A part of the organisation, laid open.
    pub fn state(&self, part: &str) -> Value {
        self.sim.state(&StateQuery { only: vec![part.into()], ..StateQuery::default() })[part].take()
    }
}

/// It looks at where it is sent, and does not go there.
fn browser() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// What browser and person do between [`Accounts::authorize_url`] and the callback.
async fn consent(accounts: &Arc<ZohoAccounts>, sim: &Simulator, who: &str) -> Consented {
    let callback: Url = "https://app.example/oauth/callback".parse().unwrap();
    let page = accounts.authorize_url(&callback, "state-1");
    let mut form: Vec<_> = page.query_pairs().into_owned().collect();
    form.extend([("user".to_owned(), sim.user_id(who).unwrap()), ("decision".to_owned(), "accept".to_owned())]);
    let decision = page.join("/oauth/v2/auth/decision").unwrap();
    let answer = browser().post(decision).form(&form).send().await.unwrap();
    let location: Url = answer.headers()["location"].to_str().unwrap().parse().unwrap();
    let answer: BTreeMap<_, _> = location.query_pairs().into_owned().collect();
    assert_eq!(answer["state"], "state-1");

    let server = accounts.accounts_server(Some(&answer["accounts-server"])).unwrap();
    let grant = accounts.exchange(&server, &answer["code"], &callback).await.unwrap();
    let again = accounts.exchange(&server, &answer["code"], &callback).await;
    assert!(matches!(again, Err(AccountsError::Refused { .. })), "a code works once");
    let session = Session { api_domain: grant.api_domain, access_token: grant.access_token, fields: BTreeMap::new() };
    Consented {
        accounts: accounts.clone(),
        server,
        refresh_token: grant.refresh_token.expect("offline access"),
        session: Mutex::new(session),
        renewals: Mutex::new(0),
    }
}
