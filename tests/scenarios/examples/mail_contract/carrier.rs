//! The ways mail goes: who takes it, and where it arrives.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use app::mailboxes::{Credentials, MailboxAccess, MailboxSecret};
use app::ports::{Clock, Mailer, OAuthClient, Secrets};
use app::store::Store;
use domain::{MailAccountFields, MailAuth, MailProvider, Security};
use mail::{EmlOutbox, MailServers, TokenEndpoints, Trust};
use url::Url;

use crate::env;

/// A way that mail goes. What a carrier cannot do is said here, by name, and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A folder of files.
    Folder,
    /// Dovecot and Postfix, TLS from the first byte, with a password.
    OwnTls,
    /// Dovecot and Postfix, STARTTLS, with a password.
    OwnStartTls,
    /// Dovecot and Postfix with access tokens, as Google and Microsoft want them.
    Tokens,
    /// SES, as MiniStack imitates it, with Postfix behind it.
    Ses,
}

impl Carrier {
    pub const ALL: [Self; 5] = [Self::Folder, Self::OwnTls, Self::OwnStartTls, Self::Tokens, Self::Ses];

    /// An assistant's own mailbox?
    pub fn is_mailbox(self) -> bool {
        matches!(self, Self::OwnTls | Self::OwnStartTls | Self::Tokens)
    }

    /// SES gives each mail an id of its own, and says which.
    pub fn keeps_message_id(self) -> bool {
        self != Self::Ses
    }

    /// Can it tell afterwards that a mail left? SES tells by events, which are another contract's.
    pub fn can_find(self) -> bool {
        self != Self::Ses
    }

    /// Does it refuse an address that does not exist at once? A folder takes everything, and SES tells by events.
    pub fn knows_receivers(self) -> bool {
        self.is_mailbox()
    }

    /// What may be said of the mailbox, and what opens it.
    pub fn account(self) -> (MailProvider, MailAccountFields, MailboxSecret) {
        let (imap, smtp, security) = match self {
            Self::OwnStartTls => ("IMAP_PORT", "SMTP_PORT", Security::StartTls),
            _ => ("IMAPS_PORT", "SMTPS_PORT", Security::Tls),
        };
        let server = |port| Some(format!("localhost:{}", env(port)));
        let fields = MailAccountFields {
            imap: server(imap),
            imap_security: Some(security),
            smtp: server(smtp),
            smtp_security: Some(security),
            auth: (self == Self::Tokens).then_some(MailAuth::OAuth),
            file_sent: true,
            ..MailAccountFields::default()
        };
        if self == Self::Tokens {
            let client = r#"{"client_id": "id", "client_secret": "hush", "refresh_token": "consent"}"#;
            let client: OAuthClient = serde_json::from_str(client).unwrap();
            return (MailProvider::Google, fields, MailboxSecret::OAuth(client));
        }
        let password = format!("pässword {}", local::world::ASSISTANT);
        (MailProvider::Own, fields, MailboxSecret::Password(password.into()))
    }
}

/// Mailboxes whose servers are these, and whose tokens come from here.
pub fn access(store: &Store, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> MailboxAccess {
    let trust = Trust::also(&std::fs::read(env("MAIL_CA")).unwrap()).unwrap();
    let endpoint = Url::parse(&format!("http://127.0.0.1:{}/token", env("TOKENS_PORT"))).unwrap();
    let tokens = Arc::new(TokenEndpoints::at(endpoint.clone(), endpoint));
    let credentials = Credentials::new(store.clone(), secrets, tokens, clock, "mailbox/".to_owned());
    MailboxAccess { credentials: Arc::new(credentials), mailboxes: Arc::new(MailServers::new(trust)) }
}

/// For whoever has no mailbox of its own.
pub async fn installation(carrier: Carrier, outbox: &Path) -> Arc<dyn Mailer> {
    match carrier {
        Carrier::Ses => {
            let config = aws_config::defaults(aws_config::BehaviorVersion::latest()).load().await;
            Arc::new(aws::SesMailer::new(&aws_sdk_sesv2::Client::new(&config), None, mail::render))
        }
        _ => Arc::new(EmlOutbox::new(outbox)),
    }
}

/// Where mail arrives: for the folder that is where it went, else the receiver's maildir.
pub fn arrivals(carrier: Carrier, outbox: &Path, receiver: &str) -> PathBuf {
    match carrier {
        Carrier::Folder => outbox.to_owned(),
        _ => PathBuf::from(env("MAIL_DIR")).join("home").join(receiver).join("Maildir/new"),
    }
}

/// The mail in `folder` that holds `mark`, as soon as it is there.
pub async fn arrived(folder: &Path, mark: &str) -> Vec<u8> {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..1500 {
        look.tick().await;
        let Ok(files) = std::fs::read_dir(folder) else { continue };
        for file in files {
            let raw = std::fs::read(file.unwrap().path()).unwrap_or_default();
            if mail::parse(&raw, None).subject.contains(mark) {
                return raw;
            }
        }
    }
    panic!("no mail with {mark:?} arrived in {}", folder.display());
}
