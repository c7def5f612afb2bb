//! Mailboxes set, shown, checked and removed.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{AssistantId, EmailAddress, MailAccount, MailAccountFields, MailProvider, OrgId};
use jiff::Timestamp;

use super::{MailboxAccess, MailboxSecret};
use crate::error::AppError;
use crate::ports::{Checked, Clock, Login, MailboxError, TableError};
use crate::store::{OwnMailbox, Store};

/// Administers assistants' own mailboxes.
pub struct MailboxAdmin {
    /// Rows.
    pub store: Store,
    /// Opens and reaches them.
    pub access: MailboxAccess,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// A mailbox, and how reading it goes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MailboxReport {
    /// Where and how.
    #[serde(flatten)]
    pub account: MailAccount,
    /// When all of it was last taken in.
    pub read_at: Option<Timestamp>,
    /// Why it is not reached, if it is not.
    pub trouble: Option<String>,
}

impl From<OwnMailbox> for MailboxReport {
    fn from(mailbox: OwnMailbox) -> Self {
        Self { account: mailbox.account, read_at: mailbox.read_at, trouble: mailbox.trouble }
    }
}

impl MailboxAdmin {
    /// Gives an assistant a mailbox of its own, or changes it. How far it was read is kept while it is the same one.
    pub async fn set(
        &self,
        org: &OrgId,
        assistant: &AssistantId,
        provider: MailProvider,
        fields: MailAccountFields,
        secret: &MailboxSecret,
    ) -> Result<MailboxReport, AppError> {
        let address = self.address(org, assistant).await?;
        let account = MailAccount::new(provider, assistant.clone(), address, org.location(), fields)
            .map_err(|error| AppError::Invalid(error.to_string()))?;
        self.access.credentials.keep(org, &account, secret).await?;
        // A poll may store its place in between.
        for _ in 0..5 {
            let now = self.clock.real();
            let stored = self.store.own_mailbox(org, &account.address).await?;
            let version = stored.as_ref().map(|stored| stored.version);
            let same = stored
                .map(|stored| stored.value)
                .filter(|known| (&known.account.imap, &known.account.login) == (&account.imap, &account.login));
            let mailbox = OwnMailbox {
                account: account.clone(),
                set_at: same.as_ref().map_or(now, |same| same.set_at),
                read_at: same.as_ref().and_then(|same| same.read_at),
                places: same.map_or_else(BTreeMap::new, |same| same.places),
                next_poll: now,
                failures: 0,
                trouble: None,
            };
            match self.store.put_own_mailbox(org, &mailbox, version).await {
                Ok(()) => return Ok(mailbox.into()),
                Err(TableError::Unexpected(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Contended(format!("the mailbox of {assistant}")))
    }

    /// The mailbox of an assistant.
    pub async fn show(&self, org: &OrgId, assistant: &AssistantId) -> Result<MailboxReport, AppError> {
        let mailboxes = self.of(org, assistant).await?;
        mailboxes.into_iter().next().map(MailboxReport::from).ok_or_else(|| {
            AppError::Invalid(format!(
                "{assistant} has no mailbox of its own; give it one with `assistant mailbox set {assistant}`"
            ))
        })
    }

    /// Connects to the mailbox both ways.
    pub async fn check(&self, org: &OrgId, assistant: &AssistantId) -> Result<Checked, AppError> {
        let account = self.show(org, assistant).await?.account;
        let checked = match self.access.credentials.current(org, &account).await {
            Ok(credential) => {
                let checked = self.access.mailboxes.check(Login { account: &account, credential: &credential }).await;
                let denied = matches!(checked.imap, Err(MailboxError::Denied(_)));
                match self.access.credentials.renewed(org, &account, &credential).await {
                    // The token may have been withdrawn before its time.
                    Ok(renewed) if denied => {
                        self.access.mailboxes.check(Login { account: &account, credential: &renewed }).await
                    }
                    _ => checked,
                }
            }
            Err(error) => Checked { imap: Err(error.clone()), smtp: Err(error) },
        };
        Ok(checked)
    }

    /// Takes an assistant's mailbox away; its mail leaves as the installation sends again. What is in it stays there.
    pub async fn remove(&self, org: &OrgId, assistant: &AssistantId) -> Result<usize, AppError> {
        let mailboxes = self.of(org, assistant).await?;
        for mailbox in &mailboxes {
            self.store.remove_own_mailbox(org, &mailbox.account.address).await?;
            self.access.credentials.forget(org, &mailbox.account).await?;
        }
        Ok(mailboxes.len())
    }

    /// One usually; an older one as well, if the assistant's address changed.
    async fn of(&self, org: &OrgId, assistant: &AssistantId) -> Result<Vec<OwnMailbox>, AppError> {
        let address = self.address(org, assistant).await?;
        let all = self.store.own_mailboxes(org).await?.into_iter().map(|stored| stored.value);
        let mut own: Vec<_> = all.filter(|mailbox| mailbox.account.assistant == *assistant).collect();
        own.sort_by_key(|mailbox| mailbox.account.address != address);
        Ok(own)
    }

    async fn address(&self, org: &OrgId, assistant: &AssistantId) -> Result<EmailAddress, AppError> {
        let stored = self.store.assistant(org, assistant).await?;
        stored
            .map(|stored| stored.value.email)
            .ok_or_else(|| AppError::Invalid(format!("there is no assistant {assistant}; see `assistant list`")))
    }
}
