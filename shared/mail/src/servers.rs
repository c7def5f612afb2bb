//! Assistants' own mailboxes: IMAP and SMTP as one port.
//!
//! **Invariant:** a conversation with a server runs in a task of its own. If its answer breaks the parser, the task ends
//! and this process does not; if nobody waits for the task any more, it ends too.

use app::ports::{Checked, Login, Lookup, MailboxError, Mailboxes, ReadMails, ReadRequest, SendError};
use async_trait::async_trait;
use domain::OutgoingMail;
use tokio::task::JoinSet;

use crate::imap::ImapReader;
use crate::render::render;
use crate::smtp::SmtpMailer;
use crate::trust::Trust;

/// Reaches mailboxes at their servers.
#[derive(Debug, Clone)]
pub struct MailServers {
    pub(crate) imap: ImapReader,
}

impl MailServers {
    /// Trusting servers whose certificates these authorities signed.
    pub fn new(trust: Trust) -> Self {
        Self { imap: ImapReader::new(trust) }
    }

    /// Asks the IMAP server in a task of its own.
    async fn ask<T, A>(
        &self,
        login: Login<'_>,
        ask: impl FnOnce(ImapReader, app::ports::Credential, domain::MailAccount) -> A,
    ) -> Result<T, MailboxError>
    where
        T: Send + 'static,
        A: Future<Output = Result<T, MailboxError>> + Send + 'static,
    {
        let mut task = JoinSet::new();
        task.spawn(ask(self.imap.clone(), login.credential.clone(), login.account.clone()));
        match task.join_next().await {
            Some(Ok(answer)) => answer,
            Some(Err(_)) | None => Err(MailboxError::Unavailable("its answer makes no sense".to_owned())),
        }
    }

    async fn is_filed(&self, login: Login<'_>, mail: &OutgoingMail) -> Result<bool, MailboxError> {
        let id = mail.message_id.clone();
        let ask = |imap: ImapReader, credential, account| async move {
            imap.is_filed(Login { account: &account, credential: &credential }, &id).await
        };
        self.ask(login, ask).await
    }

    /// Files what was sent; not doing so harms nobody.
    async fn file(&self, login: Login<'_>, mail: &OutgoingMail) {
        let Ok(text) = render(mail) else { return };
        let ask = |imap: ImapReader, credential, account| async move {
            imap.file(Login { account: &account, credential: &credential }, &text).await
        };
        if let Err(error) = self.ask(login, ask).await {
            tracing::warn!(delivery.id = %mail.delivery, %error, "a mail left and was not filed");
        }
    }
}

#[async_trait]
impl Mailboxes for MailServers {
    async fn read(&self, login: Login<'_>, request: ReadRequest) -> Result<ReadMails, MailboxError> {
        let ask = |imap: ImapReader, credential, account| async move {
            imap.read(Login { account: &account, credential: &credential }, request).await
        };
        self.ask(login, ask).await
    }

    async fn send(&self, login: Login<'_>, mail: &OutgoingMail) -> Result<String, SendError> {
        let mailer = SmtpMailer::of_account(login, &self.imap.trust).map_err(|reason| SendError::NotSent { reason })?;
        let message_id = mailer.deliver(mail).await?;
        if login.account.file_sent {
            self.file(login, mail).await;
        }
        Ok(message_id)
    }

    async fn find(&self, login: Login<'_>, mail: &OutgoingMail) -> Lookup {
        match self.is_filed(login, mail).await {
            Ok(true) => Lookup::Sent { message_id: mail.message_id.clone(), at: None },
            // Filing may lag, or be left out.
            Ok(false) | Err(_) => Lookup::CannotTell,
        }
    }

    async fn check(&self, login: Login<'_>) -> Checked {
        let ask = |imap: ImapReader, credential, account| async move {
            imap.check(Login { account: &account, credential: &credential }).await
        };
        let imap = self.ask(login, ask).await;
        let smtp = match SmtpMailer::of_account(login, &self.imap.trust) {
            Ok(mailer) => mailer.check().await,
            Err(reason) => Err(MailboxError::Denied(reason)),
        };
        Checked { imap, smtp }
    }
}
