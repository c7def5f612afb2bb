//! Mail in memory: the installation's mail system, and mailboxes that assistants have of their own. It loses answers, is
//! away now and then, and remembers everything that left.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use app::ports::{
    Checked, Credential, Folder, Login, Lookup, MailToken, MailTokens, MailboxError, Mailboxes, Mailer, OAuthClient,
    Place, ReadMail, ReadMails, ReadRequest, SendError,
};
use async_trait::async_trait;
use domain::{MailProvider, OrgId, OutgoingMail};
use jiff::Timestamp;

use super::chance::Chance;
use super::gate::lock;
use crate::clock::SettableClock;

/// A mail that left.
#[derive(Debug, Clone)]
pub(super) struct Departed {
    /// Whose; `None`: from a mailbox, which knows no orgs.
    pub org: Option<OrgId>,
    /// The mail system's name for it.
    pub message_id: String,
    pub mail: OutgoingMail,
    pub at: Timestamp,
}

/// All mail.
pub(super) struct Post {
    pub departed: Mutex<Vec<Departed>>,
    /// What arrived in assistants' own mailboxes, by address.
    inboxes: Mutex<BTreeMap<String, Vec<Arc<Vec<u8>>>>>,
    pub clock: Arc<SettableClock>,
    pub chance: Arc<Chance>,
}

impl Post {
    pub fn new(clock: Arc<SettableClock>, chance: Arc<Chance>) -> Self {
        Self { departed: Mutex::default(), inboxes: Mutex::default(), clock, chance }
    }

    /// Puts a mail into a mailbox.
    pub fn arrive(&self, address: &str, raw: Arc<Vec<u8>>) {
        lock(&self.inboxes).entry(address.to_owned()).or_default().push(raw);
    }

    /// How many mails are in a mailbox.
    pub fn in_box(&self, address: &str) -> usize {
        lock(&self.inboxes).get(address).map_or(0, Vec::len)
    }

    /// Takes a mail, or loses it, or the answer.
    fn take(&self, org: Option<&OrgId>, mail: &OutgoingMail) -> Result<String, SendError> {
        let lost = |reason: &str| SendError::Unknown { delivery: mail.delivery.clone(), reason: reason.to_owned() };
        if self.chance.strikes(0.02) {
            return Err(SendError::NotSent { reason: "it is away".to_owned() });
        }
        if self.chance.strikes(0.01) {
            return Err(lost("the connection ended before the mail was taken"));
        }
        let mut departed = lock(&self.departed);
        let message_id = match org {
            // As SES does: the mail leaves under a name of the mail system's own.
            Some(_) => format!("<{:08}.{}@eu-west-1.amazonses.com>", departed.len(), mail.delivery),
            None => mail.message_id.clone(),
        };
        let at = self.clock.now();
        departed.push(Departed { org: org.cloned(), message_id: message_id.clone(), mail: mail.clone(), at });
        drop(departed);
        if self.chance.strikes(0.02) {
            return Err(lost("the connection ended after the mail was taken"));
        }
        Ok(message_id)
    }

    fn look_for(&self, org: Option<&OrgId>, mail: &OutgoingMail) -> Option<Lookup> {
        let departed = lock(&self.departed);
        let found = departed.iter().find(|left| left.org.as_ref() == org && left.mail.message_id == mail.message_id)?;
        Some(Lookup::Sent { message_id: found.message_id.clone(), at: Some(found.at) })
    }

    /// A token may be withdrawn before its time.
    fn open(&self, credential: &Credential) -> Result<(), MailboxError> {
        match credential {
            Credential::Token(_) if self.chance.strikes(0.02) => Err(MailboxError::Denied("the token is dead".into())),
            Credential::Token(_) if self.chance.strikes(0.02) => Err(MailboxError::Unavailable("it is away".into())),
            Credential::Token(_) => Ok(()),
            Credential::Password(_) => Err(MailboxError::Denied("it takes tokens only".to_owned())),
        }
    }
}

#[async_trait]
impl Mailer for Post {
    async fn send(&self, org: &OrgId, mail: &OutgoingMail) -> Result<String, SendError> {
        self.take(Some(org), mail)
    }

    async fn find(&self, org: &OrgId, mail: &OutgoingMail) -> Lookup {
        self.look_for(Some(org), mail).unwrap_or(Lookup::NotSent)
    }
}

#[async_trait]
impl Mailboxes for Post {
    async fn read(&self, login: Login<'_>, request: ReadRequest) -> Result<ReadMails, MailboxError> {
        self.open(login.credential)?;
        let inboxes = lock(&self.inboxes);
        let all = match request.folder {
            Folder::Inbox => inboxes.get(login.account.address.as_str()).map_or(&[][..], Vec::as_slice),
            Folder::Junk => &[],
        };
        let place = |uid: usize| Place { validity: 1, uid: u32::try_from(uid).unwrap_or(u32::MAX) };
        let from = request.after.map_or(0, |place| usize::try_from(place.uid).unwrap_or(usize::MAX)).min(all.len());
        let until = (from + request.most).min(all.len());
        let mails = all.iter().enumerate().take(until).skip(from);
        let mails = mails.map(|(at, raw)| ReadMail { place: place(at + 1), mail: mail::parse(raw, None) });
        Ok(ReadMails { mails: mails.collect(), place: place(until), more: until < all.len() })
    }

    async fn send(&self, login: Login<'_>, mail: &OutgoingMail) -> Result<String, SendError> {
        self.open(login.credential).map_err(|error| SendError::NotSent { reason: error.to_string() })?;
        self.take(None, mail)
    }

    async fn find(&self, login: Login<'_>, mail: &OutgoingMail) -> Lookup {
        if self.open(login.credential).is_err() {
            return Lookup::CannotTell;
        }
        self.look_for(None, mail).unwrap_or(Lookup::CannotTell)
    }

    async fn check(&self, login: Login<'_>) -> Checked {
        Checked { imap: self.open(login.credential), smtp: self.open(login.credential) }
    }
}

#[async_trait]
impl MailTokens for Post {
    async fn refresh(&self, _: MailProvider, _: &OAuthClient) -> Result<MailToken, MailboxError> {
        if self.chance.strikes(0.02) {
            return Err(MailboxError::Unavailable("it is away".to_owned()));
        }
        let access_token = format!("opens until {}", self.clock.now()).into();
        Ok(MailToken { access_token, expires_secs: 3600, refresh_token: None })
    }
}
