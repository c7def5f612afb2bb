//! Each mail leaves through its assistant's own mailbox, or as the installation sends.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{MailAccount, OrgId, OutgoingMail};

use super::MailboxAccess;
use crate::ports::{Credential, Login, Lookup, MailboxError, Mailer, SendError};
use crate::store::Store;

/// The mailer of an installation whose assistants may have mailboxes of their own.
pub struct RoutingMailer {
    /// Knows the mailboxes.
    pub store: Store,
    /// Opens and reaches them.
    pub access: MailboxAccess,
    /// For everybody else.
    pub otherwise: Arc<dyn Mailer>,
}

impl RoutingMailer {
    async fn route(&self, org: &OrgId, mail: &OutgoingMail) -> Result<Option<(MailAccount, Credential)>, MailboxError> {
        let stored = self.store.own_mailbox(org, &mail.from.address).await;
        let stored = stored.map_err(|error| MailboxError::Unavailable(error.to_string()))?;
        let Some(stored) = stored else { return Ok(None) };
        let account = stored.value.account;
        let credential = self.access.credentials.current(org, &account).await?;
        Ok(Some((account, credential)))
    }
}

#[async_trait]
impl Mailer for RoutingMailer {
    async fn send(&self, org: &OrgId, mail: &OutgoingMail) -> Result<String, SendError> {
        match self.route(org, mail).await {
            Ok(None) => self.otherwise.send(org, mail).await,
            Ok(Some((account, credential))) => {
                // Answers come to the mailbox, which is read; another address to answer to makes a mail look like spam.
                let mail = OutgoingMail { reply_to: None, ..mail.clone() };
                self.access.mailboxes.send(Login { account: &account, credential: &credential }, &mail).await
            }
            Err(error) => Err(SendError::NotSent { reason: error.to_string() }),
        }
    }

    async fn find(&self, org: &OrgId, mail: &OutgoingMail) -> Lookup {
        match self.route(org, mail).await {
            Ok(None) => self.otherwise.find(org, mail).await,
            Ok(Some((account, credential))) => {
                self.access.mailboxes.find(Login { account: &account, credential: &credential }, mail).await
            }
            Err(_) => Lookup::CannotTell,
        }
    }
}
