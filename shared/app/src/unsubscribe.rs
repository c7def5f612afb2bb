//! The unsubscribe link. Looking at it changes nothing; one POST takes the address off, for ever.

use domain::{Fact, Lead, LeadId, OrgId, Purpose, SigningKey, SuppressedWhy};

use crate::change::LeadChanges;
use crate::error::AppError;
use crate::store::Alongside;

/// Serves unsubscribe links.
pub struct Unsubscribe {
    /// Rows and hints.
    pub changes: LeadChanges,
    /// Verifies links.
    pub key: SigningKey,
}

impl Unsubscribe {
    /// Whose link this is; `None` if nobody's. Changes nothing.
    pub fn open(&self, token: &str) -> Option<(OrgId, LeadId)> {
        self.key.open(Purpose::Unsubscribe, token)
    }

    /// Takes the lead's address off. Once is enough; again is fine. `false` if the link is nobody's.
    pub async fn unsubscribe(&self, token: &str) -> Result<bool, AppError> {
        let Some((org, lead)) = self.open(token) else { return Ok(false) };
        let why = SuppressedWhy::Unsubscribed;
        let fact = |lead: &Lead| (lead.state != domain::LeadState::Unsubscribed).then_some(Fact::Unsubscribed { why });
        self.changes.apply(&org, &lead, fact, Alongside::default()).await?;
        tracing::info!(%org, lead.id = %lead, "unsubscribed by link");
        Ok(true)
    }
}
