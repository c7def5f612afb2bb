//! A machine: the product with nothing in its memory, whose clock is wrong by a little.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use app::actions::{Actions, Selection};
use app::change::LeadChanges;
use app::deliveries::Deliveries;
use app::mail_events::MailEvents;
use app::mailboxes::{Credentials, MailboxAccess, MailboxAdmin};
use app::ports::{Clock, Secrets};
use app::store::Store;
use app::writing::Writing;
use aws::DynamoTable;
use domain::SigningKey;
use jiff::SignedDuration;
use lambda_http::Body;
use secrecy::SecretString;
use url::Url;
use zoho::{Carrier, Patience};

use super::chance::Chance;
use super::gate::{Gate, GatedMailboxes, GatedMailer, GatedSecrets, GatedTable, GatedZoho, WrongClock};
use super::job::Job;
use super::ledger::Ledger;
use super::post::Post;
use super::staff;
use super::tenant::{Routes, Tenant};
use crate::bus::LocalBus;
use crate::clock::SettableClock;
use crate::product::{MAILBOXES, Parts, Product};
use crate::world::{PUBLIC_URL, REPLY_DOMAIN, WorldError, bring, consent, fetch, request};

/// What a machine does, a step at a time; `true`: it was done.
pub(super) type Work = Pin<Box<dyn Future<Output = bool>>>;

/// What all machines share: everything but their memory.
pub(super) struct Grounds {
    pub tenants: Vec<Tenant>,
    pub table: DynamoTable,
    /// The same rows, with nothing going wrong on the way.
    pub truth: DynamoTable,
    pub secrets: Arc<GatedSecrets>,
    pub post: Arc<Post>,
    pub bus: Arc<LocalBus>,
    pub clock: Arc<SettableClock>,
    pub chance: Arc<Chance>,
    pub gate: Arc<Gate>,
    pub ledger: Arc<Mutex<Ledger>>,
    pub key: SigningKey,
    routes: Arc<Routes>,
}

impl Grounds {
    /// Grounds with nothing on them yet.
    pub fn new(
        tenants: Vec<Tenant>,
        (table, truth): (DynamoTable, DynamoTable),
        clock: Arc<SettableClock>,
        chance: Arc<Chance>,
    ) -> Result<Self, WorldError> {
        let gate = Arc::new(Gate::default());
        let key = SigningKey::new(b"a key of a simulated world").ok_or_else(|| WorldError::new("the key", "is short"));
        Ok(Self {
            routes: Arc::new(Routes::to(&tenants)),
            tenants,
            table,
            truth,
            secrets: Arc::new(GatedSecrets { secrets: Mutex::default(), gate: gate.clone() }),
            post: Arc::new(Post::new(clock.clone(), chance.clone())),
            bus: Arc::default(),
            clock,
            chance,
            gate,
            ledger: Arc::default(),
            key: key?,
        })
    }
}

/// A machine, and what it has in memory.
#[derive(Clone)]
pub(super) struct Machine {
    pub product: Arc<Product>,
    pub mailboxes: Arc<MailboxAdmin>,
    mail_events: Arc<MailEvents>,
    actions: Arc<Actions>,
    clock: Arc<WrongClock>,
}

impl Machine {
    /// A machine whose clock is wrong by up to five minutes.
    pub fn start(grounds: &Grounds) -> Result<Self, WorldError> {
        let Grounds { gate, chance, ledger, clock, secrets, post, bus, .. } = grounds;
        let (table, truth) = (grounds.table.clone(), grounds.truth.clone());
        let (gate_of, ledger_of, chance_of) = (gate.clone(), ledger.clone(), chance.clone());
        let table = GatedTable { table, truth, gate: gate_of, ledger: ledger_of, chance: chance_of };
        let store = Store::new(Arc::new(table));
        let skew = if chance.strikes(0.5) { chance.seconds(-300..301) } else { SignedDuration::ZERO };
        let (zoho, now) = (grounds.routes.clone(), clock.clone());
        let zoho = GatedZoho { zoho, gate: gate.clone(), ledger: ledger.clone(), clock: now };
        let clock = Arc::new(WrongClock { clock: clock.clone(), ahead: skew, gate: gate.clone() });
        let carrier = Carrier { transport: Arc::new(zoho), patience: Patience::default() };
        let ready = grounds.tenants[0].zoho.ready();
        let secret = SecretString::from(ready.client_secret.clone());
        let accounts = edge::clients::zoho_accounts(carrier.clone(), &ready.client_id, secret, Some(&ready.base_url))
            .map_err(|error| WorldError::new("accounts", error))?;
        let secrets: Arc<dyn Secrets> = secrets.clone();
        let mailboxes = Arc::new(GatedMailboxes { post: post.clone(), gate: gate.clone() });
        let (tokens, prefix) = (post.clone(), MAILBOXES.to_owned());
        let credentials = Credentials::new(store.clone(), secrets.clone(), tokens, clock.clone(), prefix);
        let access = MailboxAccess { credentials: Arc::new(credentials), mailboxes };
        let changes = LeadChanges { store: store.clone(), events: bus.clone(), clock: clock.clone() };
        let product = Product::new(Parts {
            store: store.clone(),
            bus: bus.clone(),
            secrets,
            carrier,
            accounts,
            writing: Writing::default(),
            mailer: Arc::new(GatedMailer { mailer: post.clone(), gate: gate.clone() }),
            mailboxes: access.clone(),
            clock: clock.clone(),
            key: grounds.key.clone(),
            public_url: Url::parse(PUBLIC_URL).map_err(|error| WorldError::new("address", error))?,
            reply_domain: Some(REPLY_DOMAIN.to_owned()),
            field_prefix: edge::settings::DEFAULT_FIELD_PREFIX.to_owned(),
            inbound_token: None,
        });
        Ok(Self {
            product: Arc::new(product),
            mailboxes: Arc::new(MailboxAdmin { store, access, clock: clock.clone() }),
            mail_events: Arc::new(MailEvents { deliveries: Deliveries { changes: changes.clone() } }),
            actions: Arc::new(Actions { changes }),
            clock,
        })
    }

    /// Does a job.
    pub fn work(self, tenants: &[Tenant], job: Job) -> Work {
        let tenant = job.tenant().and_then(|number| tenants.get(number)).cloned();
        Box::pin(async move { self.done(tenant, job).await.unwrap_or(false) })
    }

    /// `None`: somebody's job who is not there.
    async fn done(self, tenant: Option<Tenant>, job: Job) -> Option<bool> {
        let Self { product, mailboxes, mail_events, actions, clock } = self;
        // What is refused is done: only what may pass is tried again.
        let settled = |result: Result<(), app::AppError>| result.map_or_else(|error| !error.is_retryable(), |()| true);
        Some(match job {
            Job::Connect(_) => consent(&product, &tenant?.zoho, "/oauth/authorize", "")
                .await
                .is_ok_and(|answer| answer.status().is_success()),
            Job::AddAssistants(_, staff) => staff::add(&product, &mailboxes, &tenant?, staff).await,
            Job::Tick => product.tick().await.is_ok(),
            Job::Sweep => product.sweep(clock.real()).await.is_ok(),
            Job::Poll => product.poll().await.is_ok(),
            Job::Event(event) => product.deliver(&event).await,
            Job::Callback(_, callback) => (200..300).contains(&bring(&product, &callback).await),
            Job::Mail(raw) => product.receive(&raw).await.is_ok(),
            Job::Report(report) => mail_events.apply(&report).await.is_ok(),
            Job::Unsubscribe(path) => request(&product, "POST", &path, None, Body::Empty).await.status().is_success(),
            Job::Fetch(path, agent) => fetch(&product, "GET", &path, agent).await.status().as_u16() < 500,
            Job::Approve(_, lead, text) => settled(staff::approve(&product, &tenant?.org, &lead, text).await),
            Job::Order(_, leads, order) => {
                let selection = leads.map_or(Selection::All, Selection::These);
                settled(actions.apply_to_many(&tenant?.org, &selection, *order, &mut |_| {}).await.map(drop))
            }
        })
    }
}
