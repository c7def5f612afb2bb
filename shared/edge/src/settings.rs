//! Settings come from the environment; each has its name here, and nowhere else. A tidy test compares the names with
//! `template.yaml`.

use domain::EmailAddress;
use url::Url;

/// The table's name.
pub const TABLE_NAME: &str = "TABLE_NAME";
/// The event bus's name.
pub const EVENT_BUS: &str = "EVENT_BUS";
/// The name of the secret with [`AppSecret`](crate::clients::AppSecret).
pub const APP_SECRET: &str = "APP_SECRET";
/// What the names of token secrets begin with.
pub const TOKEN_SECRET_PREFIX: &str = "TOKEN_SECRET_PREFIX";
/// What the names of secrets that open assistants' own mailboxes begin with.
pub const MAILBOX_SECRET_PREFIX: &str = "MAILBOX_SECRET_PREFIX";
/// A file of certificates, in PEM, of your own authority, by which your own mail server's certificate is signed.
pub const MAIL_CA_FILE: &str = "MAIL_CA_FILE";
/// Where browsers and Zoho reach this installation; empty: as the request says.
pub const PUBLIC_URL: &str = "PUBLIC_URL";
/// The accounts server where the client is registered.
pub const ZOHO_ACCOUNTS: &str = "ZOHO_ACCOUNTS";
/// Prefix of the fields made in the CRM.
pub const FIELD_PREFIX: &str = "FIELD_PREFIX";
/// `ses` or `smtp`.
pub const MAIL_TRANSPORT: &str = "MAIL_TRANSPORT";
/// The SES configuration set that reports what became of mails.
pub const SES_CONFIGURATION_SET: &str = "SES_CONFIGURATION_SET";
/// How many mails a second the mail system takes.
pub const MAILS_A_SECOND: &str = "MAILS_A_SECOND";
/// The domain that receives answers.
pub const REPLY_DOMAIN: &str = "REPLY_DOMAIN";
/// How much is logged.
pub const RUST_LOG: &str = "RUST_LOG";
/// The Zoho client's id, where there is no secret store to keep it.
pub const ZOHO_CLIENT_ID: &str = "ZOHO_CLIENT_ID";
/// The Zoho client's secret, where there is no secret store to keep it.
pub const ZOHO_CLIENT_SECRET: &str = "ZOHO_CLIENT_SECRET";
/// A mail server, such as `smtps://user:password@mail.example.com`, where there is no secret store to keep it.
pub const SMTP_URL: &str = "SMTP_URL";
/// Who writes mails whose step asks for it: `template`, `bedrock` or `openai`.
pub const COMPOSER: &str = "COMPOSER";
/// The model, inference profile or ARN of Bedrock.
pub const BEDROCK_MODEL_ID: &str = "BEDROCK_MODEL_ID";
/// An endpoint that speaks OpenAI's chat completions, such as `https://api.openai.com/v1`.
pub const OPENAI_URL: &str = "OPENAI_URL";
/// The model there.
pub const OPENAI_MODEL: &str = "OPENAI_MODEL";
/// The key for it, where there is no secret store to keep it.
pub const OPENAI_API_KEY: &str = "OPENAI_API_KEY";
/// Opens the route for raw mail, where there is no secret store to keep it.
pub const INBOUND_TOKEN: &str = "INBOUND_TOKEN";

/// The prefix unless another is set.
pub const DEFAULT_FIELD_PREFIX: &str = "TEC";

/// A setting that is missing or wrong, with its name and what to write.
#[derive(Debug, thiserror::Error)]
#[error("setting {name}: {problem}")]
pub struct SettingError {
    name: String,
    problem: String,
}

impl SettingError {
    /// `problem` says what is wrong and what would be right.
    pub fn new(name: &str, problem: impl Into<String>) -> Self {
        Self { name: name.to_owned(), problem: problem.into() }
    }
}

/// The value of a setting that must be there.
pub fn required(name: &str) -> Result<String, SettingError> {
    optional(name).ok_or_else(|| SettingError::new(name, "is not set; template.yaml sets it for each function"))
}

/// The value of a setting that may be missing or empty.
pub fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// [`PUBLIC_URL`], if set: http or https, ending in a slash so that paths can be joined.
pub fn public_url() -> Result<Option<Url>, SettingError> {
    optional(PUBLIC_URL).map(|text| parse_public_url(&text)).transpose()
}

/// Reads a public address.
pub fn parse_public_url(text: &str) -> Result<Url, SettingError> {
    let slashed = if text.ends_with('/') { text.to_owned() } else { format!("{text}/") };
    let url = Url::parse(&slashed).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    url.ok_or_else(|| {
        SettingError::new(PUBLIC_URL, format!("{text:?} is no web address; write https://sales.example.com"))
    })
}

/// [`REPLY_DOMAIN`], if set: a name that could stand after an `@`.
pub fn reply_domain() -> Result<Option<String>, SettingError> {
    optional(REPLY_DOMAIN).map(|text| parse_reply_domain(&text)).transpose()
}

/// Reads a domain.
pub fn parse_reply_domain(text: &str) -> Result<String, SettingError> {
    EmailAddress::parse(&format!("someone@{text}"))
        .map(|address| address.domain().to_owned())
        .map_err(|_| SettingError::new(REPLY_DOMAIN, format!("{text:?} is no mail domain; write reply.example.com")))
}

/// [`MAILS_A_SECOND`]; 1, as in SES's sandbox, unless it is set.
pub fn mails_a_second() -> Result<u32, SettingError> {
    let Some(text) = optional(MAILS_A_SECOND) else { return Ok(1) };
    text.parse()
        .ok()
        .filter(|rate| (1..=10_000).contains(rate))
        .ok_or_else(|| SettingError::new(MAILS_A_SECOND, format!("{text:?} is no number of mails; write 1 to 10000")))
}

/// [`FIELD_PREFIX`]: letters and digits, as Zoho allows in field labels.
pub fn field_prefix() -> Result<String, SettingError> {
    let prefix = optional(FIELD_PREFIX).unwrap_or_else(|| DEFAULT_FIELD_PREFIX.to_owned());
    let valid = prefix.len() <= 12
        && prefix.starts_with(|c: char| c.is_ascii_alphabetic())
        && prefix.bytes().all(|b| b.is_ascii_alphanumeric());
    if valid {
        Ok(prefix)
    } else {
        Err(SettingError::new(FIELD_PREFIX, format!("{prefix:?} is not usable; write up to 12 letters and digits")))
    }
}
