//! Applying a fact to a stored lead: read, decide, commit, and again if somebody was faster.
//!
//! **Invariant:** the lead is written only at the version that was decided on. What a person set beside it, the assistant
//! and the schedule, is read after the lead and may be edited at the same instant: that is as if the fact had come first.

use std::sync::Arc;

use domain::when::Booking;
use domain::{Effect, Fact, Lead, LeadId, Moment, OrgId, SuppressedWhy};

use crate::error::AppError;
use crate::ports::{Clock, Event, Events};
use crate::store::{Alongside, Clash, Counted, LeadCommit, Store};

const TRIES: usize = 8;

/// What became of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It changed the lead.
    Changed,
    /// The lead does not exist, or the fact was known.
    Known,
}

/// What the use cases that change leads share.
#[derive(Clone)]
pub struct LeadChanges {
    /// Rows.
    pub store: Store,
    /// Told when the outbox filled.
    pub events: Arc<dyn Events>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl LeadChanges {
    /// Applies the fact that `make` finds in the lead as it is now (`None`: nothing to do), and writes `alongside` in
    /// the same commit. Looks again when the lead changed in between.
    pub async fn apply(
        &self,
        org: &OrgId,
        id: &LeadId,
        make: impl Fn(&Lead) -> Option<Fact> + Send + Sync,
        alongside: Alongside<'_>,
    ) -> Result<Applied, AppError> {
        for _ in 0..TRIES {
            let Some(stored) = self.store.lead(org, id).await? else { return Ok(Applied::Known) };
            let Some(fact) = make(&stored.lead) else { return Ok(Applied::Known) };
            let assistant = &self
                .store
                .assistant(org, &stored.lead.assistant)
                .await?
                .ok_or_else(|| AppError::Invalid(format!("assistant {} is gone", stored.lead.assistant)))?
                .value;
            let schedule = self.store.schedule_of(org, &stored.lead).await?;
            let now = self.clock.calendar();
            let transition = stored.lead.apply(fact, &Moment { now, assistant, schedule: &schedule })?;
            let writes_back = transition.effects.iter().any(|effect| matches!(effect, Effect::Crm(_)));
            let counted = transition.effects.iter().find_map(counted);
            let mut commit =
                LeadCommit::new(org, Some(&stored), transition, now, self.clock.real()).alongside(&alongside)?;
            if let Some(counted) = counted {
                let agenda = self.store.agenda(org, &assistant.id).await?;
                let day = (assistant.calendar.date(now), counted);
                commit = commit.booking(&agenda, &agenda.change(assistant, &Booking::default(), Some(day)))?;
            }
            match self.store.commit_lead(commit).await? {
                Ok(()) => {
                    if writes_back {
                        self.hint_writeback(org).await;
                    }
                    return Ok(Applied::Changed);
                }
                Err(Clash::Lead | Clash::Suppressed | Clash::Agenda) => {}
            }
        }
        Err(AppError::Contended(format!("lead {id}")))
    }

    /// Tells the write-back; a lost hint is made good by upkeep.
    pub async fn hint_writeback(&self, org: &OrgId) {
        if let Err(error) = self.events.publish(&[Event::WritebackPending { org: org.clone() }]).await {
            tracing::warn!(%org, %error, "the outbox waits for the next upkeep");
        }
    }
}

/// What counts against the assistant, whose breakers look at it.
fn counted(effect: &Effect) -> Option<Counted> {
    match effect {
        Effect::Suppress { why: SuppressedWhy::Bounced, .. } => Some(Counted::Bounced),
        Effect::Suppress { why: SuppressedWhy::Complained, .. } => Some(Counted::Complained),
        Effect::Suppress { why: SuppressedWhy::Unsubscribed, .. }
        | Effect::Crm(_)
        | Effect::Tell(_)
        | Effect::Decided(_) => None,
    }
}
