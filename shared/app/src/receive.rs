//! A mail comes in: find its lead, read it, let it change the lead, once.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    EmailAddress, Fact, IncomingMail, Lead, LeadId, LoggedMail, Mailbox, NewText, OrgId, Purpose, Reading, SigningKey,
    TaughtPhrase, read_mail,
};
use tokio::time::timeout;

use crate::change::{Applied, LeadChanges};
use crate::error::AppError;
use crate::ports::Composer;
use crate::store::{Alongside, Direction, WorkDone};

/// Takes in mail.
pub struct Receive {
    /// Rows and hints.
    pub changes: LeadChanges,
    /// Opens reply addresses and Message-IDs.
    pub key: SigningKey,
    /// Has a say in what people want where their words leave doubt.
    pub composer: Option<Arc<dyn Composer>>,
}

/// How long a mail waits for a model's opinion; after that it is read without.
const OPINION: Duration = Duration::from_secs(10);

/// What became of an incoming mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// It changed this lead.
    Applied(OrgId, LeadId),
    /// It was read before.
    Repeated,
    /// It belongs to no lead; whoever keeps the raw mail keeps it for a person.
    Unmatched,
}

impl Receive {
    /// Reads a mail that came alone, and remembers it in the history.
    pub async fn receive_alone(&self, mail: &IncomingMail) -> Result<Received, AppError> {
        let received = self.receive(mail).await?;
        if let Received::Applied(org, _) = &received {
            let mut work = WorkDone::new(Direction::MailIn);
            work.line("mails").added = 1;
            self.changes.store.add_history(org, work, self.changes.clock.real()).await?;
        }
        Ok(received)
    }

    /// Reads one mail.
    pub async fn receive(&self, mail: &IncomingMail) -> Result<Received, AppError> {
        let Some((org, id)) = self.find_lead(mail).await? else {
            tracing::info!("a mail belongs to no lead");
            return Ok(Received::Unmatched);
        };
        let store = &self.changes.store;
        if store.was_read(&org, &id, &mail.message_id).await? {
            return Ok(Received::Repeated);
        }
        let Some(stored) = store.lead(&org, &id).await? else { return Ok(Received::Unmatched) };
        let Some(assistant) = store.assistant(&org, &stored.lead.assistant).await? else {
            return Err(AppError::Invalid(format!("assistant {} is gone", stored.lead.assistant)));
        };
        let assistant = assistant.value;
        if mail.from.as_ref() == Some(&assistant.email) {
            // A copy of our own mail, by a rule of somebody's mailbox.
            return Ok(Received::Repeated);
        }
        let reading = self.read(mail, &store.phrases(&org).await?).await;
        let sender =
            mail.from.clone().or_else(|| stored.lead.address.clone()).unwrap_or_else(|| assistant.email.clone());
        let logged = LoggedMail {
            direction: domain::Direction::Received,
            from: Mailbox { name: mail.from_name.clone(), address: sender },
            to: Mailbox { name: assistant.name, address: assistant.email },
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            at: mail.date.unwrap_or_else(|| self.changes.clock.calendar()),
            message_id: mail.message_id.clone(),
        };
        let fact = |_: &Lead| Some(Fact::Received { mail: Box::new(logged.clone()), reading: reading.clone() });
        let alongside = Alongside { reading_once: Some(&mail.message_id), ..Alongside::default() };
        match self.changes.apply(&org, &id, fact, alongside).await {
            Ok(Applied::Changed) => {
                tracing::info!(%org, lead.id = %id, kind = ?reading.kind, intent = ?reading.intent, "mail read");
                Ok(Received::Applied(org, id))
            }
            Ok(Applied::Known) => Ok(Received::Repeated),
            // Two carriers brought the same mail at once, and the other one stored it.
            Err(AppError::Contended(_)) if store.was_read(&org, &id, &mail.message_id).await? => Ok(Received::Repeated),
            Err(error) => Err(error),
        }
    }

    /// By its words, and by a model's opinion where they leave doubt. Without an answer in time the words decide.
    async fn read(&self, mail: &IncomingMail, taught: &[TaughtPhrase]) -> Reading {
        let reading = read_mail(mail, taught);
        let Some(composer) = self.composer.as_ref().filter(|_| reading.is_open()) else { return reading };
        let text = NewText { subject: mail.subject.clone(), text: reading.new_text.clone() };
        match timeout(OPINION, composer.intent(&text)).await {
            Ok(Ok(Some(proposed))) => reading.refined(mail, proposed),
            Ok(Ok(None)) => reading,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a mail is read without the model");
                reading
            }
            Err(_) => {
                tracing::warn!("a mail is read without the model, which did not answer in time");
                reading
            }
        }
    }

    /// By the signed reply address, by a signed Message-ID among the references, by a Message-ID the mail system chose,
    /// by the writer's address, if it is being nurtured, and at last by the writer's organisation.
    async fn find_lead(&self, mail: &IncomingMail) -> Result<Option<(OrgId, LeadId)>, AppError> {
        let addressed = mail.to.iter().filter_map(|to| to.as_str().split_once('@'));
        if let Some(found) = addressed.filter_map(|(local, _)| self.key.open(Purpose::Reply, local)).next() {
            return Ok(Some(found));
        }
        let ids = || mail.in_reply_to.iter().chain(&mail.references).chain(&mail.returned_ids);
        if let Some(found) = ids().find_map(|id| self.open_message_id(id)) {
            return Ok(Some(found));
        }
        let Some(org) = self.org_of_mailboxes(&mail.to).await? else { return Ok(None) };
        for id in ids() {
            if let Some(lead) = self.changes.store.lead_of_message(&org, id).await? {
                return Ok(Some((org, lead)));
            }
        }
        let Some(from) = &mail.from else { return Ok(None) };
        let lead = match self.changes.store.lead_using(&org, from).await? {
            Some(lead) => Some(lead),
            None => self.lead_of_organisation(&org, mail, from).await?,
        };
        Ok(lead.map(|lead| (org, lead)))
    }

    /// The one lead at the writer's mail domain: people answer from a second address, and their colleagues for them. Of
    /// several, the one whose conversation the subject continues.
    async fn lead_of_organisation(
        &self,
        org: &OrgId,
        mail: &IncomingMail,
        from: &EmailAddress,
    ) -> Result<Option<LeadId>, AppError> {
        // Our own colleagues are nobody's leads.
        let ours = |domain: &&str| mail.to.iter().any(|to| to.domain() == *domain);
        let Some(domain) = from.organisation().filter(|domain| !ours(domain)) else { return Ok(None) };
        let mut leads = self.changes.store.leads_at(org, domain).await?;
        if leads.len() > 1 {
            let mut same_subject = Vec::new();
            for lead in leads {
                let stored = self.changes.store.lead(org, &lead).await?;
                if stored.is_some_and(|stored| stored.lead.thread.is_continued_by(&mail.subject)) {
                    same_subject.push(lead);
                }
            }
            leads = same_subject;
        }
        Ok(leads.pop().filter(|_| leads.is_empty()))
    }

    async fn org_of_mailboxes(&self, to: &[EmailAddress]) -> Result<Option<OrgId>, AppError> {
        for address in to {
            if let Some(org) = self.changes.store.org_of_mailbox(address).await? {
                return Ok(Some(org));
            }
        }
        Ok(None)
    }

    /// `<run.step.name@domain>`, where the name is signed.
    fn open_message_id(&self, message_id: &str) -> Option<(OrgId, LeadId)> {
        let local = message_id.trim_start_matches('<').split('@').next()?;
        self.key.open(Purpose::Thread, local.splitn(3, '.').nth(2)?)
    }
}
