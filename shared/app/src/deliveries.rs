//! What became of a delivery: the one place where the answer is stored, whoever brings it, the mail system, a look-up or
//! the provider's own report.

use domain::{DeliveryId, Direction, Fact, Lead, LeadId, LoggedMail, OrgId, OutgoingMail, SuppressedWhy};
use jiff::{SignedDuration, Timestamp};

use crate::change::{Applied, LeadChanges};
use crate::error::AppError;
use crate::store::{Alongside, Delivery, Outcome, Stored};

/// A mail system that was not reached is tried again after this long.
const RETRY: SignedDuration = SignedDuration::from_mins(5);

/// Stores what became of deliveries.
#[derive(Clone)]
pub struct Deliveries {
    /// Rows and hints.
    pub changes: LeadChanges,
}

impl Deliveries {
    /// Stores that a delivery left; from the mail system's answer, a look-up, or the provider's events. `known` is the
    /// delivery as far as the caller read or wrote it.
    pub async fn sent(
        &self,
        org: &OrgId,
        id: &LeadId,
        known: Stored<Delivery>,
        message_id: &str,
        at: Option<Timestamp>,
    ) -> Result<Applied, AppError> {
        let name = known.value.mail.delivery.clone();
        match self.sent_once(org, id, &known, message_id, at).await {
            // The provider's event and its answer raced: what the other one stored decides.
            Err(AppError::Contended(_)) => match self.changes.store.delivery(org, id, &name).await? {
                Some(newer) => self.sent_once(org, id, &newer, message_id, at).await,
                None => Ok(Applied::Known),
            },
            applied => applied,
        }
    }

    async fn sent_once(
        &self,
        org: &OrgId,
        id: &LeadId,
        known: &Stored<Delivery>,
        message_id: &str,
        at: Option<Timestamp>,
    ) -> Result<Applied, AppError> {
        if let Outcome::Sent { .. } = known.value.outcome {
            return Ok(Applied::Known);
        }
        let mail = &known.value.mail;
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
        let after = Delivery { outcome, look_up_at: None, ..known.value.clone() };
        let name = &mail.delivery;
        let fact = |_: &Lead| {
            let mail = Box::new(logged.clone());
            Some(Fact::Sent { delivery: name.clone(), mail, message_ids: message_ids.clone() })
        };
        let delivery = Some((&after, Some(known.version)));
        let alongside = Alongside { delivery, message: Some((message_id, name)), ..Alongside::default() };
        self.changes.apply(org, id, fact, alongside).await
    }

    /// Stores that a delivery certainly did not leave; the same one is due again soon.
    pub async fn not_sent(
        &self,
        org: &OrgId,
        id: &LeadId,
        known: Stored<Delivery>,
        reason: &str,
    ) -> Result<Applied, AppError> {
        let retry_at = self.changes.clock.calendar() + RETRY;
        let outcome = Outcome::NotSent { reason: reason.to_owned() };
        let fact = |mail: &OutgoingMail| Fact::NotSent { delivery: mail.delivery.clone(), retry_at };
        self.end_sending(org, id, known, outcome, fact).await
    }

    /// Stores that the mail system will never take it.
    pub async fn refused(
        &self,
        org: &OrgId,
        id: &LeadId,
        known: Stored<Delivery>,
        reason: &str,
    ) -> Result<Applied, AppError> {
        let outcome = Outcome::Refused { reason: reason.to_owned() };
        let fact =
            |mail: &OutgoingMail| Fact::SendRefused { delivery: mail.delivery.clone(), reason: reason.to_owned() };
        self.end_sending(org, id, known, outcome, fact).await
    }

    /// Stores that the mail system will never take it, for there is no such address; nothing is sent to it again.
    pub async fn no_such_address(
        &self,
        org: &OrgId,
        id: &LeadId,
        known: Stored<Delivery>,
        reason: &str,
    ) -> Result<Applied, AppError> {
        let outcome = Outcome::NoSuchAddress { reason: reason.to_owned() };
        let fact = |_: &OutgoingMail| Fact::Undeliverable { why: SuppressedWhy::Bounced };
        self.end_sending(org, id, known, outcome, fact).await
    }

    /// Stores that nobody can tell whether it left: it is not sent again, and a person is told.
    pub async fn unsettled(&self, org: &OrgId, id: &LeadId, known: Stored<Delivery>) -> Result<Applied, AppError> {
        tracing::error!(%org, delivery.id = %known.value.mail.delivery, "unknown delivery: look for it in the mail system");
        let fact =
            |mail: &OutgoingMail| Fact::Unsettled { delivery: mail.delivery.clone(), subject: mail.subject.clone() };
        self.end_sending(org, id, known, Outcome::Unknown, fact).await
    }

    /// Stores the outcome with its fact, if the lead is still waiting for it.
    async fn end_sending(
        &self,
        org: &OrgId,
        id: &LeadId,
        known: Stored<Delivery>,
        outcome: Outcome,
        fact: impl Fn(&OutgoingMail) -> Fact + Send + Sync,
    ) -> Result<Applied, AppError> {
        let after = Delivery { outcome, look_up_at: None, ..known.value };
        let alongside = Alongside { delivery: Some((&after, Some(known.version))), ..Alongside::default() };
        let fact = |lead: &Lead| is_sending(lead, &after.mail.delivery).then(|| fact(&after.mail));
        self.changes.apply(org, id, fact, alongside).await
    }
}

fn is_sending(lead: &Lead, name: &DeliveryId) -> bool {
    lead.in_flight().is_some_and(|(delivery, _)| delivery == *name)
}
