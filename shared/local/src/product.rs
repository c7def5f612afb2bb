//! Every function in one process, started by the same events as on AWS.

use std::sync::Arc;

use app::AppError;
use app::actions::Actions;
use app::change::LeadChanges;
use app::connect::Connect;
use app::deliveries::Deliveries;
use app::enrol::Enrol;
use app::leave::Leave;
use app::mailboxes::{MailboxAccess, PollMailboxes, Polled, RoutingMailer};
use app::notify::Notify;
use app::nurture::{Nurture, Ticked};
use app::ports::{Accounts, Clock, Event, Events, Mailer, Secrets, SecretsError};
use app::receive::{Receive, Received};
use app::store::Store;
use app::tokens::TokenKeeper;
use app::touches::Touches;
use app::unsubscribe::Unsubscribe;
use app::upkeep::{Swept, Upkeep};
use app::writeback::Writeback;
use app::writing::Writing;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use console::Console;
use console::site::Site;
use crm_webhook::CrmWebhook;
use crm_writeback::CrmWriteback;
use data_encoding::BASE32_NOPAD;
use domain::SigningKey;
use enrolment::Enrolment;
use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, Request, Response};
use nurture_tick::NurtureTick;
use oauth_callback::OauthCallback;
use secrecy::{ExposeSecret, SecretString};
use upkeep::UpkeepFunction;
use url::Url;
use zoho::Carrier;

use crate::bus::LocalBus;

/// What the product is made of on one machine.
pub struct Parts {
    /// Rows.
    pub store: Store,
    /// Events between the functions.
    pub bus: Arc<LocalBus>,
    /// Tokens.
    pub secrets: Arc<dyn Secrets>,
    /// The way to Zoho's CRM.
    pub carrier: Carrier,
    /// Zoho accounts.
    pub accounts: Arc<dyn Accounts>,
    /// What writes mails.
    pub writing: Writing,
    /// Mail, but for assistants with a mailbox of their own.
    pub mailer: Arc<dyn Mailer>,
    /// Those mailboxes.
    pub mailboxes: MailboxAccess,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Signs everything a stranger may hold.
    pub key: SigningKey,
    /// Where browsers and Zoho reach it.
    pub public_url: Url,
    /// The domain that receives answers.
    pub reply_domain: Option<String>,
    /// Prefix of the fields in the CRM.
    pub field_prefix: String,
    /// Opens the route for raw mail.
    pub inbound_token: Option<SecretString>,
}

/// The product.
pub struct Product {
    /// Rows.
    pub store: Store,
    /// Events between the functions.
    pub bus: Arc<LocalBus>,
    clock: Arc<dyn Clock>,
    // On the heap, for whoever holds a product in a future: each has keys and clients of its own.
    oauth_callback: Box<OauthCallback>,
    crm_webhook: CrmWebhook,
    enrolment: Enrolment,
    nurture_tick: NurtureTick,
    crm_writeback: CrmWriteback,
    console: Box<Console>,
    upkeep: Box<UpkeepFunction>,
    receive: Receive,
}

/// Names of token secrets begin with this.
const TOKENS: &str = "zoho/";
/// Names of secrets that open mailboxes begin with this.
pub const MAILBOXES: &str = "mailbox/";
/// A tick of this process ends in time for the next.
const TICK: SignedDuration = SignedDuration::from_secs(10);
/// A look at the mailboxes holds up nothing else, and ends when the process is asked to stop.
const POLL: SignedDuration = SignedDuration::from_secs(25);

impl Product {
    /// Puts the parts together, as `edge` does for each function on AWS.
    pub fn new(parts: Parts) -> Self {
        let Parts {
            store,
            bus,
            secrets,
            carrier,
            accounts,
            writing,
            mailer,
            mailboxes,
            clock,
            key,
            public_url,
            reply_domain,
            field_prefix,
            inbound_token,
        } = parts;
        let events: Arc<dyn Events> = bus.clone();
        let tokens =
            Arc::new(TokenKeeper::new(store.clone(), secrets, accounts.clone(), clock.clone(), TOKENS.to_owned()));
        let crm = edge::clients::crm_by(carrier, tokens.clone(), store.clone(), clock.clone());
        let changes = LeadChanges { store: store.clone(), events: events.clone(), clock: clock.clone() };
        let enrol = || Enrol { changes: changes.clone(), crm: crm.clone() };
        let composer = writing.composer.clone();
        let receive = || Receive { changes: changes.clone(), key: key.clone(), composer: composer.clone() };
        let leave = Leave {
            actions: Actions { changes: changes.clone() },
            crm: crm.clone(),
            tokens: tokens.clone(),
            mailboxes: mailboxes.credentials.clone(),
        };
        let connect = Connect {
            store: store.clone(),
            accounts,
            crm: crm.clone(),
            tokens,
            events: events.clone(),
            clock: clock.clone(),
            key: key.clone(),
        };
        let notify = Notify { store: store.clone(), events: events.clone(), clock: clock.clone(), key: key.clone() };
        let mailer = Arc::new(RoutingMailer { store: store.clone(), access: mailboxes.clone(), otherwise: mailer });
        let nurture = Nurture {
            deliveries: Deliveries { changes: changes.clone() },
            writing,
            mailer,
            key: key.clone(),
            reply_domain,
        };
        let poll = PollMailboxes { receive: receive(), access: mailboxes };
        Self {
            oauth_callback: Box::new(OauthCallback::new(connect, Some(public_url.clone()))),
            crm_webhook: CrmWebhook { notify },
            enrolment: Enrolment { enrol: enrol() },
            nurture_tick: NurtureTick { nurture, poll },
            crm_writeback: CrmWriteback { writeback: Writeback { changes: changes.clone(), crm: crm.clone() } },
            console: Box::new(Console {
                site: Site::new(&changes, key.clone(), Some(public_url)),
                unsubscribe: Unsubscribe { changes: changes.clone(), key: key.clone() },
                touches: Touches { changes: changes.clone() },
                key: key.clone(),
                receive: receive(),
                inbound_token,
            }),
            upkeep: Box::new(UpkeepFunction {
                upkeep: Upkeep { enrol: enrol(), key: key.clone(), field_prefix, leave },
            }),
            receive: receive(),
            store,
            bus,
            clock,
        }
    }

    /// Answers an HTTP request, as the API's routes in `template.yaml` would have it answered.
    pub async fn route(&self, request: Request) -> Response<Body> {
        match request.uri().path() {
            "/oauth/authorize" | "/oauth/sign-in" | "/oauth/callback" => self.oauth_callback.handle(request).await,
            "/zoho/notifications" => self.crm_webhook.handle(request).await,
            _ => self.console.handle(request).await,
        }
    }

    /// Brings one event to the function whose queue it belongs to, wrapped as on AWS. `false`: it failed, and upkeep will
    /// hint at it again.
    pub async fn deliver(&self, event: &Event) -> bool {
        let batch = match batch_of(event) {
            Ok(batch) => batch,
            Err(error) => {
                tracing::error!(%error, "an event cannot be written as JSON");
                return false;
            }
        };
        let response: SqsBatchResponse = match event {
            Event::RecordsChanged { .. } | Event::LeadAsked { .. } => self.enrolment.handle(batch).await,
            Event::TestAsked { .. } => self.nurture_tick.work_off(batch).await,
            Event::WritebackPending { .. } => self.crm_writeback.handle(batch).await,
            Event::Connected { .. } | Event::AssistantChanged { .. } | Event::UpkeepDue { .. } => {
                self.upkeep.handle(batch).await
            }
        };
        response.batch_item_failures.is_empty()
    }

    /// Delivers events until none is left; returns how many there were.
    pub async fn pump(&self) -> usize {
        let mut delivered = 0;
        while let Some(event) = self.bus.take() {
            self.deliver(&event).await;
            delivered += 1;
        }
        delivered
    }

    /// One tick.
    pub async fn tick(&self) -> Result<Ticked, AppError> {
        self.nurture_tick.nurture.tick(self.clock.real() + TICK).await
    }

    /// One look at assistants' own mailboxes.
    pub async fn poll(&self) -> Result<Polled, AppError> {
        self.nurture_tick.poll.poll(self.clock.real() + POLL).await
    }

    /// One sweep of upkeep, for what falls due until `now`.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, AppError> {
        self.upkeep.upkeep.sweep_as_of(now).await
    }

    /// Takes in one raw mail.
    pub async fn receive(&self, raw: &[u8]) -> Result<Received, AppError> {
        self.receive.receive_alone(&mail::parse(raw, None)).await
    }

    /// After a crash, when this process is known to be the only one: whoever held a lease is dead.
    pub async fn recover(&self) -> Result<(), AppError> {
        let admin = self.admin();
        for connection in admin.connections().await? {
            self.store.end_abandoned_leases(&connection.org).await?;
        }
        let settled = self.nurture_tick.nurture.settle_abandoned().await?;
        if settled != Ticked::default() {
            tracing::info!(?settled, "deliveries of the last run looked up");
        }
        Ok(())
    }

    /// Administration on the same rows.
    pub fn admin(&self) -> app::admin::Admin {
        app::admin::Admin { store: self.store.clone(), events: self.bus.clone(), clock: self.clock.clone() }
    }
}

impl AsRef<Self> for Product {
    fn as_ref(&self) -> &Self {
        self
    }
}

fn batch_of(event: &Event) -> serde_json::Result<SqsEvent> {
    let mut message = SqsMessage::default();
    message.message_id = Some("local".to_owned());
    message.body = Some(serde_json::to_string(event)?);
    let mut batch = SqsEvent::default();
    batch.records = vec![message];
    Ok(batch)
}

/// The installation's signing key: read from the secrets, or drawn and stored at the first start.
pub async fn signing_key(secrets: &dyn Secrets) -> Result<SigningKey, SecretsError> {
    const NAME: &str = "signing_key";
    let text = match secrets.get(NAME).await? {
        Some(stored) => stored,
        None => {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(|error| SecretsError(format!("no randomness: {error}")))?;
            let drawn = SecretString::from(BASE32_NOPAD.encode(&bytes));
            secrets.put(NAME, &drawn).await?;
            drawn
        }
    };
    SigningKey::new(text.expose_secret().as_bytes())
        .ok_or_else(|| SecretsError("signing_key is shorter than 16 characters".to_owned()))
}
