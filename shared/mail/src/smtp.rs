//! Mail sent through an SMTP server.
//!
//! **Invariant:** a mail counts as not sent only while its text has not begun to leave, or when the server says so. The
//! dialogue is therefore held step by step: lettre's `send_raw` reports a lost connection alike before and after.
//! **Absent:** a pool: a connection that may be stale would make more outcomes unknown.

use std::time::Duration;

use app::ports::{Credential, Login, Lookup, MailboxError, Mailer, SendError};
use async_trait::async_trait;
use domain::{OrgId, OutgoingMail, Security, is_this_machine};
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Severity;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout, timeout_at};
use url::{Host, Url};

use crate::render::render;
use crate::text::said;
use crate::trust::Trust;

/// How to write the setting; the end of every error about it.
const REMEDY: &str = "write SMTP_URL as smtps://user:password@mail.example.com, \
    smtp://user:password@mail.example.com?tls=required (STARTTLS) or smtp://localhost:25 (no encryption, no password); \
    percent-encode special characters in the user and the password";

/// How long each half of the dialogue may take; together the 30 s within which an answer is expected. lettre times only
/// the connecting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Until the server asks for the text. Failing here is harmless, so it is the shorter one.
    pub(crate) to_begin: Duration,
    /// Until it has taken the text.
    pub(crate) to_finish: Duration,
    /// Until it has said goodbye.
    pub(crate) to_leave: Duration,
}

const PATIENCE: Patience = Patience {
    to_begin: Duration::from_secs(10),
    to_finish: Duration::from_secs(20),
    to_leave: Duration::from_secs(1),
};

pub(crate) enum Encryption {
    None,
    /// An encrypted connection from the first byte.
    Tls(TlsParameters),
    /// STARTTLS, without which nothing is said.
    StartTls(TlsParameters),
}

/// Sends mails through one SMTP server.
pub struct SmtpMailer {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) encryption: Encryption,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) mechanisms: &'static [Mechanism],
    pub(crate) name: ClientId,
    pub(crate) patience: Patience,
}

impl SmtpMailer {
    /// Reads the setting SMTP_URL. A path, as in `smtps://mail.example.com/crm.example.com`, is the name to greet with.
    pub fn from_url(url: &SecretString) -> Result<Self, String> {
        Self::read(url.expose_secret()).map_err(|wrong| format!("SMTP_URL {wrong}: {REMEDY}"))
    }

    fn read(url: &str) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|error| format!("is not a URL ({error})"))?;
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            _ => return Err("names no host".to_owned()),
        };
        let tls = || TlsParameters::new(host.clone()).map_err(|_| "names a host that TLS does not accept".to_owned());
        let options: Vec<_> = url.query_pairs().collect();
        let required = match options.as_slice() {
            [] => false,
            [(name, value)] if name == "tls" && value == "required" => true,
            _ => return Err("has an option that is not known".to_owned()),
        };
        let (encryption, usual_port) = match (url.scheme(), required) {
            ("smtps", _) => (Encryption::Tls(tls()?), 465),
            ("smtp", true) => (Encryption::StartTls(tls()?), 587),
            ("smtp", false) => (Encryption::None, 25),
            _ => return Err("does not begin with smtp:// or smtps://".to_owned()),
        };
        let credentials = credentials(&url)?;
        if credentials.is_some() && matches!(encryption, Encryption::None) && !is_this_machine(&host) {
            return Err("would send the password unencrypted".to_owned());
        }
        let name = match url.path().trim_matches('/') {
            "" => ClientId::default(),
            name if name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)) => {
                ClientId::Domain(name.to_owned())
            }
            _ => return Err("has a path that is not a host name".to_owned()),
        };
        let port = url.port().unwrap_or(usual_port);
        let mechanisms = DEFAULT_MECHANISMS;
        Ok(Self { host, port, encryption, credentials, mechanisms, name, patience: PATIENCE })
    }

    /// Sends through an assistant's own mailbox.
    pub(crate) fn of_account(login: Login<'_>, trust: &Trust) -> Result<Self, String> {
        let server = &login.account.smtp;
        let encryption = match server.security {
            Security::None => Encryption::None,
            Security::Tls => Encryption::Tls(trust.for_smtp(&server.host)?),
            Security::StartTls => Encryption::StartTls(trust.for_smtp(&server.host)?),
        };
        let (secret, mechanisms): (_, &[Mechanism]) = match login.credential {
            Credential::Password(password) => (password, DEFAULT_MECHANISMS),
            Credential::Token(token) => (token, &[Mechanism::Xoauth2]),
        };
        let credentials = Credentials::new(login.account.login.clone(), secret.expose_secret().to_owned());
        Ok(Self {
            host: server.host.clone(),
            port: server.port,
            encryption,
            credentials: Some(credentials),
            mechanisms,
            // By the domain it writes from: a function's own name means nothing outside.
            name: ClientId::Domain(login.account.address.domain().to_owned()),
            patience: PATIENCE,
        })
    }

    /// Connects, logs in and says goodbye.
    pub(crate) async fn check(&self) -> Result<(), MailboxError> {
        match timeout(self.patience.to_begin, self.connect()).await {
            Ok(Ok(connection)) => {
                self.leave(connection).await;
                Ok(())
            }
            // lettre refuses to answer the challenge by which a server explains why it refuses a token.
            Ok(Err(error)) if error.is_client() && self.mechanisms == [Mechanism::Xoauth2] => {
                Err(MailboxError::Denied("it takes no access tokens, or not this one".to_owned()))
            }
            Ok(Err(error)) if error.is_permanent() || error.is_client() => Err(MailboxError::Denied(reason(&error))),
            Ok(Err(error)) => Err(MailboxError::Unavailable(reason(&error))),
            Err(_) => Err(MailboxError::Unavailable("it was too slow".to_owned())),
        }
    }

    /// Connects, and introduces us. Whatever goes wrong here says nothing about a mail.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let server = (self.host.as_str(), self.port);
        let wrapped = match &self.encryption {
            Encryption::Tls(tls) => Some(tls.clone()),
            Encryption::None | Encryption::StartTls(_) => None,
        };
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, None, &self.name, wrapped, None).await?;
        if let Encryption::StartTls(tls) = &self.encryption {
            connection.starttls(tls.clone(), &self.name).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(self.mechanisms, credentials).await?;
        }
        Ok(connection)
    }

    /// Everything up to the server's asking for the text: until then, nothing has left.
    async fn begin(&self, from: Address, to: Address, copies: Vec<Address>) -> Result<AsyncSmtpConnection, SendError> {
        let deadline = Instant::now() + self.patience.to_begin;
        let slow = |_| SendError::NotSent { reason: "the server was too slow".to_owned() };
        let connected = timeout_at(deadline, self.connect()).await.map_err(slow)?;
        let mut connection = connected.map_err(|error| not_sent(&error))?;

        let mut nobody = false;
        let offered = timeout_at(deadline, async {
            connection.command(Mail::new(Some(from), vec![])).await?;
            let taken = connection.command(Rcpt::new(to, vec![])).await;
            nobody = taken.as_ref().is_err_and(names_nobody);
            taken?;
            // Refused for one, refused for all: who is named in a header as a reader must get the mail.
            for copy in copies {
                connection.command(Rcpt::new(copy, vec![])).await?;
            }
            connection.command(Data).await
        });
        match offered.await.map_err(slow)? {
            Ok(answer) if answer.has_code(354) => Ok(connection),
            Ok(_) => Err(SendError::NotSent { reason: "the server did not ask for the text".to_owned() }),
            Err(error) if nobody => {
                self.leave(connection).await;
                Err(SendError::NoSuchAddress { reason: reason(&error) })
            }
            Err(error) => {
                self.leave(connection).await;
                Err(refused_or_not_sent(&error).unwrap_or_else(|| not_sent(&error)))
            }
        }
    }

    /// Says goodbye, as servers expect; what comes back no longer matters.
    async fn leave(&self, mut connection: AsyncSmtpConnection) {
        let _ = timeout(self.patience.to_leave, connection.quit()).await;
    }
}

impl SmtpMailer {
    /// Sends one mail; returns the Message-ID it left under.
    pub(crate) async fn deliver(&self, mail: &OutgoingMail) -> Result<String, SendError> {
        let unknown = |reason: String| SendError::Unknown { delivery: mail.delivery.clone(), reason };
        let text = render(mail).map_err(|reason| SendError::Refused { reason })?;
        let address = |address: &str| {
            let refused = |_| SendError::Refused { reason: "the address is not one that SMTP can carry".to_owned() };
            address.parse::<Address>().map_err(refused)
        };
        let (from, to) = (address(mail.from.address.as_str())?, address(mail.to.address.as_str())?);
        let copies = mail.cc.iter().map(|copy| address(copy.address.as_str())).collect::<Result<_, _>>()?;

        let mut connection = self.begin(from, to, copies).await?;

        // The end of the text is a line break and a dot; it has its own line break already.
        let text = text.strip_suffix(b"\r\n").unwrap_or(&text);
        match timeout(self.patience.to_finish, connection.message(text)).await {
            Ok(Ok(answer)) if answer.code().severity == Severity::PositiveCompletion => {
                self.leave(connection).await;
                Ok(mail.message_id.clone())
            }
            Ok(Ok(_)) => Err(unknown("the server's last answer makes no sense".to_owned())),
            Ok(Err(error)) => Err(refused_or_not_sent(&error).unwrap_or_else(|| unknown(reason(&error)))),
            Err(_) => Err(unknown("the server did not answer in time".to_owned())),
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, _org: &OrgId, mail: &OutgoingMail) -> Result<String, SendError> {
        self.deliver(mail).await
    }

    /// SMTP has no question for this.
    async fn find(&self, _org: &OrgId, _mail: &OutgoingMail) -> Lookup {
        Lookup::CannotTell
    }
}

/// What an answer with a code says about the mail; other errors have no such answer.
fn refused_or_not_sent(error: &Error) -> Option<SendError> {
    match error.status().map(u16::from) {
        // About our account (RFC 4954), not about the mail: it will do once the setting is right.
        Some(530 | 534 | 535 | 538) => Some(not_sent(error)),
        Some(500..) => Some(SendError::Refused { reason: reason(error) }),
        Some(_) => Some(not_sent(error)),
        None => None,
    }
}

/// Does the server refuse a recipient because there is none? By the enhanced code (RFC 3463, 5.1): without one, a refusal
/// may be about us.
fn names_nobody(error: &Error) -> bool {
    let permanent = error.status().is_some_and(|code| code.severity == Severity::PermanentNegativeCompletion);
    let words = error.to_string();
    permanent && words.split([' ', '-']).any(|word| ["5.1.1", "5.1.2", "5.1.3", "5.1.10"].contains(&word))
}

fn not_sent(error: &Error) -> SendError {
    SendError::NotSent { reason: reason(error) }
}

fn reason(error: &Error) -> String {
    said(&error.to_string())
}

fn credentials(url: &Url) -> Result<Option<Credentials>, String> {
    let Some(password) = url.password() else {
        return if url.username().is_empty() { Ok(None) } else { Err("has a user but no password".to_owned()) };
    };
    let decoded =
        |text| percent_decode_str(text).decode_utf8().map_err(|_| "has a password that is not UTF-8".to_owned());
    Ok(Some(Credentials::new(decoded(url.username())?.into_owned(), decoded(password)?.into_owned())))
}
