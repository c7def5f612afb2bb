//! The adapters, made once when a function starts. Each function asks for the ports its use case needs, and no more: what
//! it does not ask for is not linked into it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use app::budgets::{CrmBudgets, PacedMailer};
use app::change::LeadChanges;
use app::deliveries::Deliveries;
use app::mailboxes::{Credentials, MailboxAccess, MailboxAdmin, PollMailboxes, RoutingMailer};
use app::nurture::Nurture;
use app::ports::{Accounts, Clock, Composer, Crm, Events, Mailer, Secrets, Sessions};
use app::receive::Receive;
use app::store::Store;
use app::tokens::TokenKeeper;
use app::writing::Writing;
use aws::{Bus, DynamoTable, SecretsManager, SesMailer};
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use domain::SigningKey;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;
use zoho::{AccountsSettings, Carrier, Zoho, ZohoAccounts};

use crate::SystemClock;
use crate::settings::{self, SettingError};

/// AWS answers within milliseconds; a connection or a call that takes this long is lost, and the caller decides.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// The installation's own secret: one JSON object in the secret store.
#[derive(Deserialize)]
pub struct AppSecret {
    /// From Zoho's API console.
    #[serde(default)]
    pub zoho_client_id: String,
    /// From Zoho's API console.
    pub zoho_client_secret: Option<SecretString>,
    /// At least 16 characters; signs reply addresses, links and channel tokens.
    pub signing_key: SecretString,
    /// Opens the route for raw mail.
    pub inbound_token: Option<SecretString>,
    /// A mail server, if mails do not leave through SES.
    pub smtp_url: Option<SecretString>,
    /// For the endpoint of [`settings::OPENAI_URL`], if it asks for one.
    pub openai_api_key: Option<SecretString>,
}

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The secret store.
    #[error(transparent)]
    Secrets(#[from] app::ports::SecretsError),
}

/// The AWS account, and what is made of it.
pub struct Clients {
    config: SdkConfig,
    /// The stack whose names are used, where no function's environment says them.
    stack: Option<String>,
    /// The table, once somebody asked for it.
    store: OnceLock<Store>,
}

impl Clients {
    /// Reads region, credentials and, for local runs, the endpoint from the environment.
    pub async fn from_env() -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts).load().await;
        Self { config, stack: None, store: OnceLock::new() }
    }

    /// A deployed stack, from outside: `template.yaml` names its table and its bus after it.
    pub async fn of_stack(stack: &str) -> Self {
        Self { stack: Some(stack.to_owned()), ..Self::from_env().await }
    }

    fn name(&self, setting: &str) -> Result<String, SettingError> {
        self.stack.clone().map_or_else(|| settings::required(setting), Ok)
    }

    /// The region.
    pub fn region(&self) -> String {
        self.config.region().map_or_else(String::new, ToString::to_string)
    }

    /// The table.
    pub fn store(&self) -> Result<Store, SettingError> {
        if let Some(store) = self.store.get() {
            return Ok(store.clone());
        }
        let client = aws_sdk_dynamodb::Client::new(&self.config);
        let store = Store::new(Arc::new(DynamoTable::new(&client, self.name(settings::TABLE_NAME)?)));
        Ok(self.store.get_or_init(|| store).clone())
    }

    /// The bus.
    pub fn events(&self) -> Result<Arc<dyn Events>, SettingError> {
        let client = aws_sdk_eventbridge::Client::new(&self.config);
        Ok(Arc::new(Bus::new(client, self.name(settings::EVENT_BUS)?)))
    }

    /// The clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }

    /// The secret store.
    pub fn secrets(&self) -> Arc<dyn Secrets> {
        Arc::new(SecretsManager::new(aws_sdk_secretsmanager::Client::new(&self.config)))
    }

    /// The installation's secret.
    pub async fn app_secret(&self) -> Result<AppSecret, StartError> {
        let name = settings::required(settings::APP_SECRET)?;
        let secret = self.secrets().get(&name).await?;
        let wrong = |problem: &str| SettingError::new(settings::APP_SECRET, problem.to_owned());
        let secret = secret.ok_or_else(|| wrong("names a secret that does not exist"))?;
        // The parser's own words could quote the secret.
        serde_json::from_str(secret.expose_secret())
            .map_err(|_| wrong("is not a JSON object with zoho_client_id, zoho_client_secret and signing_key").into())
    }

    /// Raw mail that SES left in the bucket.
    pub fn mails(&self) -> aws::S3Mails {
        aws::S3Mails::new(aws_sdk_s3::Client::new(&self.config))
    }

    /// What use cases that change leads share.
    pub fn lead_changes(&self) -> Result<LeadChanges, SettingError> {
        Ok(LeadChanges { store: self.store()?, events: self.events()?, clock: self.clock() })
    }

    /// The tokens of all orgs.
    pub fn tokens(&self, accounts: Arc<dyn Accounts>) -> Result<Arc<TokenKeeper>, SettingError> {
        let prefix = settings::required(settings::TOKEN_SECRET_PREFIX)?;
        Ok(Arc::new(TokenKeeper::new(self.store()?, self.secrets(), accounts, self.clock(), prefix)))
    }

    /// The CRM, with the tokens it needs.
    pub fn crm(&self, secret: &AppSecret) -> Result<Arc<dyn Crm>, SettingError> {
        let tokens = self.tokens(accounts(secret)?)?;
        Ok(crm(tokens, self.store()?, self.clock()))
    }

    /// Assistants' own mailboxes.
    pub fn mailbox_access(&self) -> Result<MailboxAccess, SettingError> {
        let prefix = match &self.stack {
            // As `template.yaml` names them.
            Some(stack) => format!("{stack}/mailbox/"),
            None => settings::required(settings::MAILBOX_SECRET_PREFIX)?,
        };
        mailbox_access(self.store()?, self.secrets(), self.clock(), prefix)
    }

    /// Administers assistants' own mailboxes.
    pub fn mailbox_admin(&self) -> Result<MailboxAdmin, SettingError> {
        Ok(MailboxAdmin { store: self.store()?, access: self.mailbox_access()?, clock: self.clock() })
    }

    /// Takes in mail.
    pub fn receive(&self, secret: &AppSecret) -> Result<Receive, SettingError> {
        Ok(Receive {
            changes: self.lead_changes()?,
            key: signing_key(secret)?,
            composer: self.composer(secret.openai_api_key.as_ref())?,
        })
    }

    /// Reads assistants' own mailboxes.
    pub fn poll_mailboxes(&self, secret: &AppSecret) -> Result<PollMailboxes, SettingError> {
        Ok(PollMailboxes { receive: self.receive(secret)?, access: self.mailbox_access()? })
    }

    /// Mails leave through assistants' own mailboxes, and otherwise as [`settings::MAIL_TRANSPORT`] says.
    pub fn mailer(&self, secret: &AppSecret) -> Result<Arc<dyn Mailer>, SettingError> {
        let (store, access) = (self.store()?, self.mailbox_access()?);
        Ok(Arc::new(RoutingMailer { store, access, otherwise: self.installation_mailer(secret)? }))
    }

    /// The mailer that [`settings::MAIL_TRANSPORT`] names.
    fn installation_mailer(&self, secret: &AppSecret) -> Result<Arc<dyn Mailer>, SettingError> {
        let transport = settings::optional(settings::MAIL_TRANSPORT).unwrap_or_else(|| "ses".to_owned());
        match (transport.as_str(), &secret.smtp_url) {
            ("ses", _) => {
                let client = aws_sdk_sesv2::Client::new(&self.config);
                let set = settings::optional(settings::SES_CONFIGURATION_SET);
                let ses = Arc::new(SesMailer::new(&client, set, mail::render));
                Ok(Arc::new(PacedMailer::new(ses, self.store()?, self.clock(), settings::mails_a_second()?)))
            }
            ("smtp", Some(url)) => smtp(url),
            ("smtp", None) => {
                Err(SettingError::new(settings::MAIL_TRANSPORT, "is smtp, but the app secret has no smtp_url"))
            }
            (other, _) => {
                Err(SettingError::new(settings::MAIL_TRANSPORT, format!("{other:?} is unknown; write ses or smtp")))
            }
        }
    }

    /// The model that [`settings::COMPOSER`] names; none for `template`, or nothing. `key` is for an endpoint.
    pub fn composer(&self, key: Option<&SecretString>) -> Result<Option<Arc<dyn Composer>>, SettingError> {
        let composer = settings::optional(settings::COMPOSER).unwrap_or_else(|| "template".to_owned());
        let needed = |name| {
            settings::optional(name)
                .ok_or_else(|| SettingError::new(name, format!("is not set, and {} is {composer}", settings::COMPOSER)))
        };
        match composer.as_str() {
            "template" => Ok(None),
            "bedrock" => {
                let client = aws_sdk_bedrockruntime::Client::new(&self.config);
                let model = llm::Bedrock::new(client, needed(settings::BEDROCK_MODEL_ID)?, llm::Patience::default());
                Ok(Some(Arc::new(llm::Prompted::new(model))))
            }
            "openai" => {
                let (url, model) = (needed(settings::OPENAI_URL)?, needed(settings::OPENAI_MODEL)?);
                Ok(Some(openai(&url, &model, key)?))
            }
            other => {
                let problem = format!("{other:?} is unknown; write template, bedrock or openai");
                Err(SettingError::new(settings::COMPOSER, problem))
            }
        }
    }

    /// The sender of mails, with everything it needs.
    pub fn nurture(&self, secret: &AppSecret) -> Result<Nurture, SettingError> {
        Ok(Nurture {
            deliveries: Deliveries { changes: self.lead_changes()? },
            writing: Writing { composer: self.composer(secret.openai_api_key.as_ref())? },
            mailer: self.mailer(secret)?,
            key: signing_key(secret)?,
            reply_domain: settings::reply_domain()?,
        })
    }
}

/// Assistants' own mailboxes, opened by secrets whose names begin with `prefix`; servers are trusted that
/// [`settings::MAIL_CA_FILE`] vouches for, besides the usual ones.
pub fn mailbox_access(
    store: Store,
    secrets: Arc<dyn Secrets>,
    clock: Arc<dyn Clock>,
    prefix: String,
) -> Result<MailboxAccess, SettingError> {
    let trust = match settings::optional(settings::MAIL_CA_FILE) {
        Some(file) => {
            let wrong = |problem: String| SettingError::new(settings::MAIL_CA_FILE, format!("{file}: {problem}"));
            let pem = std::fs::read(&file).map_err(|error| wrong(error.to_string()))?;
            mail::Trust::also(&pem).map_err(wrong)?
        }
        None => mail::Trust::default(),
    };
    let tokens = Arc::new(mail::TokenEndpoints::new());
    let credentials = Arc::new(Credentials::new(store, secrets, tokens, clock, prefix));
    Ok(MailboxAccess { credentials, mailboxes: Arc::new(mail::MailServers::new(trust)) })
}

/// A mailer over SMTP.
pub fn smtp(url: &SecretString) -> Result<Arc<dyn Mailer>, SettingError> {
    match mail::SmtpMailer::from_url(url) {
        Ok(mailer) => Ok(Arc::new(mailer)),
        // The adapter names the setting itself.
        Err(problem) => {
            let problem = problem.strip_prefix(settings::SMTP_URL).unwrap_or(&problem).trim_start().to_owned();
            Err(SettingError::new(settings::SMTP_URL, problem))
        }
    }
}

/// A model behind an endpoint.
fn openai(url: &str, model: &str, key: Option<&SecretString>) -> Result<Arc<dyn Composer>, SettingError> {
    match llm::OpenAi::new(url, model, key, llm::Patience::default()) {
        Ok(model) => Ok(Arc::new(llm::Prompted::new(model))),
        Err(problem @ llm::InvalidEndpoint::Key) => {
            Err(SettingError::new(settings::OPENAI_API_KEY, problem.to_string()))
        }
        Err(problem) => Err(SettingError::new(settings::OPENAI_URL, problem.to_string())),
    }
}

/// The CRM over these sessions, within budgets that all workers on the same rows share.
pub fn crm(sessions: Arc<dyn Sessions>, store: Store, clock: Arc<dyn Clock>) -> Arc<dyn Crm> {
    crm_by(Carrier::network(), sessions, store, clock)
}

/// The same, reached by `carrier`.
pub fn crm_by(carrier: Carrier, sessions: Arc<dyn Sessions>, store: Store, clock: Arc<dyn Clock>) -> Arc<dyn Crm> {
    let budgets = Arc::new(CrmBudgets::new(store, clock));
    Arc::new(Zoho::new(carrier, sessions).with_budgets(budgets))
}

/// The key behind every signed name.
pub fn signing_key(secret: &AppSecret) -> Result<SigningKey, SettingError> {
    SigningKey::new(secret.signing_key.expose_secret().as_bytes())
        .ok_or_else(|| SettingError::new(settings::APP_SECRET, "has a signing_key of under 16 characters"))
}

/// Zoho accounts: the client of the app secret, at the server of [`settings::ZOHO_ACCOUNTS`].
pub fn accounts(secret: &AppSecret) -> Result<Arc<dyn Accounts>, SettingError> {
    let server = settings::optional(settings::ZOHO_ACCOUNTS);
    let client_secret = secret.zoho_client_secret.clone().filter(|secret| !secret.expose_secret().is_empty());
    match (secret.zoho_client_id.is_empty(), client_secret) {
        (false, Some(client_secret)) => {
            zoho_accounts(Carrier::network(), &secret.zoho_client_id, client_secret, server.as_deref())
        }
        _ => Err(SettingError::new(settings::APP_SECRET, "has no zoho_client_id and zoho_client_secret yet")),
    }
}

/// Zoho accounts with this client, starting at Zoho's US server unless `server` names another. One that is not one of Zoho's is trusted because the operator named it.
pub fn zoho_accounts(
    carrier: Carrier,
    client_id: &str,
    client_secret: SecretString,
    server: Option<&str>,
) -> Result<Arc<dyn Accounts>, SettingError> {
    let mut accounts = AccountsSettings::new(client_id, client_secret);
    if let Some(server) = server {
        let wrong = || {
            SettingError::new(
                settings::ZOHO_ACCOUNTS,
                format!("{server:?} is no address; write https://accounts.zoho.eu"),
            )
        };
        let url = Url::parse(server).map_err(|_| wrong())?;
        accounts.home = url.clone();
        accounts.extra = Some(url);
    }
    Ok(Arc::new(ZohoAccounts::new(carrier, accounts)))
}
