//! Assistants' own mailboxes.

use std::io::{IsTerminal, Read};

use app::mailboxes::{MailboxReport, MailboxSecret};
use app::ports::{MailboxError, OAuthClient};
use clap::{Args, Subcommand};
use domain::{AssistantId, MailAccountFields, MailAuth, MailProvider, Security};
use secrecy::SecretString;

use super::admin::Place;

/// Holds what opens a mailbox, where nobody can type it.
const SECRET: &str = "MAILBOX_SECRET";

/// Mailboxes.
#[derive(Debug, Subcommand)]
pub enum MailboxCommand {
    /// Give an assistant a mailbox of its own, or change it
    ///
    /// What opens it is read from MAILBOX_SECRET or from standard input, never from the command line: the password, or
    /// with `--auth oauth` a JSON object with client_id, client_secret and refresh_token (and tenant, for a Microsoft client
    /// that is registered for one directory).
    Set {
        #[command(flatten)]
        place: Place,
        /// The assistant's short name
        id: AssistantId,
        #[command(flatten)]
        fields: MailboxFields,
    },
    /// Show an assistant's mailbox, and how reading it goes
    Show {
        #[command(flatten)]
        place: Place,
        /// The assistant's short name
        id: AssistantId,
    },
    /// Connect to an assistant's mailbox both ways, and say what is wrong
    Check {
        #[command(flatten)]
        place: Place,
        /// The assistant's short name
        id: AssistantId,
    },
    /// Take an assistant's mailbox away, with what opens it; what is in it stays there
    Remove {
        #[command(flatten)]
        place: Place,
        /// The assistant's short name
        id: AssistantId,
    },
}

/// What can be said of a mailbox.
#[derive(Debug, Args)]
pub struct MailboxFields {
    /// Whose servers: zoho, google, microsoft, or own
    #[arg(long)]
    provider: MailProvider,
    /// What opens it: password or oauth [default: password; microsoft: oauth]
    #[arg(long)]
    auth: Option<MailAuth>,
    /// The user name [default: the assistant's address]
    #[arg(long)]
    login: Option<String>,
    /// Where mail is read, unless the provider is known
    #[arg(long, value_name = "HOST[:PORT]")]
    imap: Option<String>,
    /// tls, starttls, or none on this machine [default: by the port]
    #[arg(long, value_name = "HOW")]
    imap_security: Option<Security>,
    /// Where mail is sent, unless the provider is known
    #[arg(long, value_name = "HOST[:PORT]")]
    smtp: Option<String>,
    /// tls, starttls, or none on this machine [default: by the port]
    #[arg(long, value_name = "HOW")]
    smtp_security: Option<Security>,
    /// Read the folder for junk too, where filters put automatic replies
    #[arg(long)]
    read_junk: bool,
    /// File what is sent into the folder Sent, where the server does not do it
    #[arg(long)]
    file_sent: bool,
}

impl MailboxCommand {
    /// Carries it out.
    pub async fn run(self) -> Result<(), String> {
        match self {
            Self::Set { place, id, fields } => {
                let provider = fields.provider;
                let oauth = fields.auth == Some(MailAuth::OAuth)
                    || (fields.auth.is_none() && provider == MailProvider::Microsoft);
                let (admin, org) = place.open_mailboxes().await?;
                let secret = secret(oauth)?;
                let report = admin.set(&org, &id, provider, fields.into(), &secret).await;
                let report = report.map_err(|error| error.to_string())?;
                place.print(&report, |report| {
                    format!("Set. {}\nTry it with `assistant mailbox check {id}`.", describe(report))
                })
            }
            Self::Show { place, id } => {
                let (admin, org) = place.open_mailboxes().await?;
                let report = admin.show(&org, &id).await.map_err(|error| error.to_string())?;
                place.print(&report, describe)
            }
            Self::Check { place, id } => {
                let (admin, org) = place.open_mailboxes().await?;
                let checked = admin.check(&org, &id).await.map_err(|error| error.to_string())?;
                let (imap, smtp) = (words(&checked.imap), words(&checked.smtp));
                let both = serde_json::json!({ "imap": imap, "smtp": smtp });
                place.print(&both, |_| format!("reading (IMAP): {imap}\nsending (SMTP): {smtp}"))?;
                match (checked.imap, checked.smtp) {
                    (Ok(()), Ok(())) => Ok(()),
                    _ => Err(format!("the mailbox of {id} does not work yet")),
                }
            }
            Self::Remove { place, id } => {
                let (admin, org) = place.open_mailboxes().await?;
                let removed = admin.remove(&org, &id).await.map_err(|error| error.to_string())?;
                place.print(&removed, |removed| match removed {
                    0 => format!("{id} has no mailbox of its own."),
                    _ => format!("Removed. Mail of {id} leaves as the installation sends."),
                })
            }
        }
    }
}

impl From<MailboxFields> for MailAccountFields {
    fn from(fields: MailboxFields) -> Self {
        let MailboxFields { auth, login, imap, imap_security, smtp, smtp_security, read_junk, file_sent, .. } = fields;
        Self { imap, imap_security, smtp, smtp_security, login, auth, read_junk, file_sent }
    }
}

fn secret(oauth: bool) -> Result<MailboxSecret, String> {
    let text = match std::env::var(SECRET) {
        Ok(text) => text,
        Err(_) if std::io::stdin().is_terminal() => {
            return Err(format!("what opens the mailbox is missing; pipe it into this command, or set {SECRET}"));
        }
        Err(_) => {
            let mut text = String::new();
            std::io::stdin()
                .take(64 * 1024)
                .read_to_string(&mut text)
                .map_err(|error| format!("standard input: {error}"))?;
            text
        }
    };
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(format!("what opens the mailbox is empty; pipe it into this command, or set {SECRET}"));
    }
    if oauth {
        // The parser's own words could quote the secret.
        let client: OAuthClient = serde_json::from_str(text)
            .map_err(|_| "the secret is no JSON object with client_id, client_secret and refresh_token".to_owned())?;
        Ok(MailboxSecret::OAuth(client))
    } else {
        Ok(MailboxSecret::Password(SecretString::from(text)))
    }
}

fn describe(report: &MailboxReport) -> String {
    let MailboxReport { account, read_at, trouble } = report;
    let read = read_at.map_or_else(|| "not read yet".to_owned(), |at| format!("last read {at}"));
    let trouble = trouble.as_ref().map_or_else(String::new, |trouble| format!("\nTROUBLE: {trouble}"));
    format!(
        "{} reads {} and sends through {} as {}; {read}{trouble}",
        account.address, account.imap, account.smtp, account.login
    )
}

fn words(result: &Result<(), MailboxError>) -> String {
    match result {
        Ok(()) => "works".to_owned(),
        Err(error @ MailboxError::Denied(_)) => format!("{error}; check the user name, and set the mailbox again"),
        Err(error @ MailboxError::Unavailable(_)) => {
            format!("{error}; check the host and the port, or try again later")
        }
    }
}
