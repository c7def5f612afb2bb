//! Mailboxes that assistants have of their own: read by IMAP, sent from by SMTP.

use async_trait::async_trait;
use domain::{IncomingMail, MailAccount, MailProvider, OutgoingMail};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{Lookup, SendError};

/// What opens a mailbox.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A password.
    Password(SecretString),
    /// An access token, good for about an hour.
    Token(SecretString),
}

/// A mailbox with what opens it.
#[derive(Debug, Clone, Copy)]
pub struct Login<'a> {
    /// The mailbox.
    pub account: &'a MailAccount,
    /// What opens it.
    pub credential: &'a Credential,
}

/// A folder that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Folder {
    /// Where mail arrives.
    Inbox,
    /// Where filters put what they take for junk.
    Junk,
}

/// Up to where a folder was read. Good while the folder has the same validity (RFC 3501, 2.3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The server's number for this numbering of the folder.
    pub validity: u32,
    /// Everything up to this number was read.
    pub uid: u32,
}

/// What is wanted of a folder.
#[derive(Debug, Clone, Copy)]
pub struct ReadRequest {
    /// Which.
    pub folder: Folder,
    /// Mails behind this place. `None`, or a place that is no longer good: mails since `since`.
    pub after: Option<Place>,
    /// The day on which, or after which, they arrived.
    pub since: Timestamp,
    /// At most so many; at least 1.
    pub most: usize,
    /// Is a mail that the server names but cannot hand out passed over?
    pub pass_over_bad: bool,
}

/// A mail that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadMail {
    /// Where it is. Whoever took it in has read the folder up to there.
    pub place: Place,
    /// The mail. Of one over 25 MB only the beginning was read.
    pub mail: IncomingMail,
}

/// Some of a folder's mails, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadMails {
    /// The mails.
    pub mails: Vec<ReadMail>,
    /// Up to where the folder is read once all of them are taken in; behind numbers that are no mails any more.
    pub place: Place,
    /// Are there more behind it?
    pub more: bool,
}

/// Why a mailbox was not reached, by what happens next.
#[derive(Debug, Clone, thiserror::Error)]
pub enum MailboxError {
    /// The server refuses what opens it, or what is asked for is not there: a person must act.
    #[error("the mail server refuses: {0}")]
    Denied(String),
    /// It may pass later.
    #[error("the mail server was not reached: {0}")]
    Unavailable(String),
}

/// What a check of a mailbox found, both ways.
#[derive(Debug)]
pub struct Checked {
    /// Reading.
    pub imap: Result<(), MailboxError>,
    /// Sending.
    pub smtp: Result<(), MailboxError>,
}

/// Reads and sends through mailboxes. Nothing is marked as read, moved or deleted.
#[async_trait]
pub trait Mailboxes: Send + Sync {
    /// Reads mails of a folder. Giving up on the call does no harm.
    async fn read(&self, login: Login<'_>, request: ReadRequest) -> Result<ReadMails, MailboxError>;

    /// As [`Mailer::send`](super::Mailer::send), from this mailbox.
    async fn send(&self, login: Login<'_>, mail: &OutgoingMail) -> Result<String, SendError>;

    /// As [`Mailer::find`](super::Mailer::find). Never says `NotSent`: what is not filed may have left all the same.
    async fn find(&self, login: Login<'_>, mail: &OutgoingMail) -> Lookup;

    /// Connects both ways and says goodbye.
    async fn check(&self, login: Login<'_>) -> Checked;
}

/// By what access tokens are asked for: a client registered with the provider, and a person's consent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OAuthClient {
    /// The client.
    pub client_id: String,
    /// Its secret.
    #[serde(serialize_with = "secrecy_as_text")]
    pub client_secret: SecretString,
    /// The consent.
    #[serde(serialize_with = "secrecy_as_text")]
    pub refresh_token: SecretString,
    /// The directory of a Microsoft client that is registered for one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

/// Only for what goes into the secret store.
fn secrecy_as_text<S: serde::Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secrecy::ExposeSecret::expose_secret(secret))
}

/// A new access token.
#[derive(Debug)]
pub struct MailToken {
    /// The token.
    pub access_token: SecretString,
    /// For how long it is good.
    pub expires_secs: i64,
    /// A newer consent that takes the place of the one used, if the provider gave one.
    pub refresh_token: Option<SecretString>,
}

/// Asks a mail provider's OAuth server for access tokens.
#[async_trait]
pub trait MailTokens: Send + Sync {
    /// A new access token. [`MailboxError::Denied`]: the consent was revoked, or the client is not right.
    async fn refresh(&self, provider: MailProvider, client: &OAuthClient) -> Result<MailToken, MailboxError>;
}
