//! What the mail provider reports about mails it took: they left, came back, were called abuse, opened or followed.

use domain::{DeliveryId, Fact, Lead, LeadId, OrgId, SuppressedWhy};
use jiff::Timestamp;

use crate::change::Applied;
use crate::deliveries::Deliveries;
use crate::error::AppError;
use crate::store::Alongside;
use crate::touches::{Told, Touches};

/// A provider's report about a delivery, which it knows by the tags we gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailEvent {
    /// The tenant.
    pub org: OrgId,
    /// Which mail.
    pub delivery: DeliveryId,
    /// What happened.
    pub what: MailEventKind,
}

/// What a provider reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailEventKind {
    /// The provider took it, or delivered it: it left.
    Left {
        /// The Message-ID it left under.
        message_id: String,
        /// When.
        at: Option<Timestamp>,
    },
    /// The address will never take mail.
    BouncedForGood,
    /// Its receiver called it abuse.
    Complained,
    /// It was opened, or a link in it followed, as the provider's own picture and links tell.
    Touched(Told),
}

/// Applies reports.
pub struct MailEvents {
    /// Knows how a mail that left is stored.
    pub deliveries: Deliveries,
}

impl MailEvents {
    /// Applies one report. A repetition changes nothing.
    pub async fn apply(&self, event: &MailEvent) -> Result<Applied, AppError> {
        // What becomes of a mail that a user tries out concerns no lead.
        let Some(lead) = event.delivery.lead() else { return Ok(Applied::Known) };
        match &event.what {
            MailEventKind::Left { message_id, at } => {
                let store = &self.deliveries.changes.store;
                match store.delivery(&event.org, &lead, &event.delivery).await? {
                    Some(known) => self.deliveries.sent(&event.org, &lead, known, message_id, *at).await,
                    None => Ok(Applied::Known),
                }
            }
            MailEventKind::BouncedForGood => self.undeliverable(&event.org, &lead, SuppressedWhy::Bounced).await,
            MailEventKind::Touched(told) => {
                let touches = Touches { changes: self.deliveries.changes.clone() };
                touches.note(&event.org, &event.delivery, told).await
            }
            MailEventKind::Complained => self.undeliverable(&event.org, &lead, SuppressedWhy::Complained).await,
        }
    }

    async fn undeliverable(&self, org: &OrgId, lead: &LeadId, why: SuppressedWhy) -> Result<Applied, AppError> {
        self.deliveries
            .changes
            .apply(org, lead, |_: &Lead| Some(Fact::Undeliverable { why }), Alongside::default())
            .await
    }
}
