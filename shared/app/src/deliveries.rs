//! What became of a delivery: the one place where the answer is stored, whoever brings it, the mail system, a look-up or
//! the provider's own report.

use domain::{DeliveryId, Direction, Fact, Lead, LeadId, LoggedMail, OrgId, OutgoingMail, SuppressedWhy};
use jiff::{SignedDuration, Timestamp};

use crate::change::{Applied, LeadChanges};
use crate::error::AppError;
use crate::store::{Alongside, Delivery, Outcome};

/// A mail system that was not reached is tried again after this long.
const RETRY: SignedDuration = SignedDuration::from_mins(5);

/// Stores what became of deliveries.
#[derive(Clone)]
pub struct Deliveries {
    /// Rows and hints.
    pub changes: LeadChanges,
}

impl Deliveries {
    /// Stores that a delivery left; from the mail system's answer, a look-up, or the provider's events.
    pub async fn sent(
        &self,
        org: &OrgId,
        id: &LeadId,
        name: &DeliveryId,
        message_id: &str,
        at: Option<Timestamp>,
    ) -> Result<Applied, AppError> {
        let Some(stored) = self.changes.store.delivery(org, id, name).await? else { return Ok(Applied::Known) };
        if let Outcome::Sent { .. } = stored.value.outcome {
            return Ok(Applied::Known);
        }
        let mail = &stored.value.mail;
        let logged = LoggedMail {
            direction: Direction::Sent,
            from: mail.from.clone(),
            to: mail.to.clone(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            at: at.unwrap_or(mail.date),
            message_id: message_id.to_owned(),
        };
        let mut message_ids = vec![mail.message_id.clone(), message_id.to_owned()];
        message_ids.dedup();
        let outcome = Outcome::Sent { message_id: message_id.to_owned() };
        let after = Delivery { outcome, ..stored.value.clone() };
        let fact = |_: &Lead| {
            let mail = Box::new(logged.clone());
            Some(Fact::Sent { delivery: name.clone(), mail, message_ids: message_ids.clone() })
        };
        let delivery = Some((&after, Some(stored.version)));
        let alongside = Alongside { delivery, message: Some((message_id, name)), ..Alongside::default() };
        match self.changes.apply(org, id, fact, alongside).await {
            // The provider's event and its answer raced, and the other one stored it.
            Err(AppError::Contended(_)) if self.is_known_sent(org, id, name).await? => Ok(Applied::Known),
            applied => applied,
        }
    }

    async fn is_known_sent(&self, org: &OrgId, id: &LeadId, name: &DeliveryId) -> Result<bool, AppError> {
        let stored = self.changes.store.delivery(org, id, name).await?;
        Ok(stored.is_some_and(|stored| matches!(stored.value.outcome, Outcome::Sent { .. })))
    }

    /// Stores that a delivery certainly did not leave; the same one is due again soon.
    pub async fn not_sent(
        &self,
        org: &OrgId,
        id: &LeadId,
        name: &DeliveryId,
        reason: &str,
    ) -> Result<Applied, AppError> {
        let retry_at = self.changes.clock.calendar() + RETRY;
        let outcome = Outcome::NotSent { reason: reason.to_owned() };
        self.end_sending(org, id, name, outcome, |_| Fact::NotSent { delivery: name.clone(), retry_at }).await
    }

    /// Stores that the mail system will never take it.
    pub async fn refused(
        &self,
        org: &OrgId,
        id: &LeadId,
        name: &DeliveryId,
        reason: &str,
    ) -> Result<Applied, AppError> {
        let outcome = Outcome::Refused { reason: reason.to_owned() };
        let fact = |_: &OutgoingMail| Fact::SendRefused { delivery: name.clone(), reason: reason.to_owned() };
        self.end_sending(org, id, name, outcome, fact).await
    }

    /// Stores that the mail system will never take it, for there is no such address; nothing is sent to it again.
    pub async fn no_such_address(
        &self,
        org: &OrgId,
        id: &LeadId,
        name: &DeliveryId,
        reason: &str,
    ) -> Result<Applied, AppError> {
        let outcome = Outcome::Refused { reason: reason.to_owned() };
        let fact = |_: &OutgoingMail| Fact::Undeliverable { why: SuppressedWhy::Bounced };
        self.end_sending(org, id, name, outcome, fact).await
    }

    /// Stores that nobody can tell whether it left: it is not sent again, and a person is told.
    pub async fn unsettled(&self, org: &OrgId, id: &LeadId, name: &DeliveryId) -> Result<Applied, AppError> {
        tracing::error!(%org, delivery.id = %name, "unknown delivery: look for it in the mail system");
        let fact = |mail: &OutgoingMail| Fact::Unsettled { delivery: name.clone(), subject: mail.subject.clone() };
        self.end_sending(org, id, name, Outcome::Unknown, fact).await
    }

    /// Stores the outcome with its fact, if the lead is still waiting for it.
    async fn end_sending(
        &self,
        org: &OrgId,
        id: &LeadId,
        name: &DeliveryId,
        outcome: Outcome,
        fact: impl Fn(&OutgoingMail) -> Fact + Send + Sync,
    ) -> Result<Applied, AppError> {
        let Some(stored) = self.changes.store.delivery(org, id, name).await? else { return Ok(Applied::Known) };
        let after = Delivery { outcome, ..stored.value };
        let alongside = Alongside { delivery: Some((&after, Some(stored.version))), ..Alongside::default() };
        let fact = |lead: &Lead| is_sending(lead, name).then(|| fact(&after.mail));
        self.changes.apply(org, id, fact, alongside).await
    }
}

fn is_sending(lead: &Lead, name: &DeliveryId) -> bool {
    lead.in_flight().is_some_and(|(delivery, _)| delivery == *name)
}
