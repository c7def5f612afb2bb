//! Opens and clicks come in: from our own pictures and links, and from a provider that reports its own.
//!
//! **Invariant:** only a mail that was handed over can be opened. A link that takes the lead off the list shows no interest.

use domain::{DeliveryId, Fact, Lead, OrgId, Touch, TouchKind};
use jiff::Timestamp;

use crate::change::{Applied, LeadChanges};
use crate::error::AppError;
use crate::store::{Alongside, Outcome};

/// Takes note of opens and clicks.
#[derive(Clone)]
pub struct Touches {
    /// Rows and hints.
    pub changes: LeadChanges,
}

/// One of them, as its carrier tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What was done.
    pub kind: TouchKind,
    /// When; now where the carrier does not say.
    pub at: Option<Timestamp>,
    /// What the software called itself.
    pub user_agent: String,
    /// Was it HTTP's HEAD?
    pub head: bool,
}

impl Touches {
    /// Takes note of it. What is told twice changes nothing.
    pub async fn note(&self, org: &OrgId, delivery: &DeliveryId, told: &Told) -> Result<Applied, AppError> {
        let store = &self.changes.store;
        let Some(id) = delivery.lead() else { return Ok(Applied::Known) };
        let Some(stored) = store.delivery(org, &id, delivery).await? else { return Ok(Applied::Known) };
        let mail = &stored.value.mail;
        let left = match stored.value.outcome {
            // Its fate may still be unknown here; somebody who has it knows better.
            Outcome::Sent { .. } | Outcome::Claimed | Outcome::Unknown => true,
            Outcome::AwaitsApproval
            | Outcome::Approved
            | Outcome::NotSent { .. }
            | Outcome::NeverLeft
            | Outcome::NoSuchAddress { .. }
            | Outcome::Refused { .. } => false,
        };
        if !left || matches!(&told.kind, TouchKind::Click { link } if Some(link) == mail.unsubscribe_url.as_ref()) {
            return Ok(Applied::Known);
        }
        let touch = Touch {
            delivery: delivery.clone(),
            sent_at: mail.date,
            kind: told.kind.clone(),
            at: told.at.unwrap_or_else(|| self.changes.clock.calendar()),
            user_agent: told.user_agent.clone(),
            head: told.head,
        };
        let fact = |lead: &Lead| lead.engagement.is_news(&touch).then(|| Fact::Touched(Box::new(touch.clone())));
        self.changes.apply(org, &id, fact, Alongside::default()).await
    }
}
