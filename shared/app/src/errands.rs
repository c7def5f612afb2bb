//! What is due besides the schedule: answers, people's own words, reminders of hot leads, and the count of opens and
//! clicks.
//!
//! **Invariant:** an errand's mail leaves as a scheduled one does; only an answer, which a person waits for, leaves at once.

use domain::{Errand, ErrandProgress, Fact, HandBack, Lead, Stage};
use jiff::SignedDuration;

use crate::error::AppError;
use crate::nurture::{Mail, Nurture, Round, Stepped};
use crate::store::{Alongside, StoredLead};

/// While something outside is not ready, it is asked again this often.
const PAUSE: SignedDuration = SignedDuration::from_mins(15);

impl Nurture {
    /// Does what is due besides the schedule, one thing at a time. `None`: nothing is, so the schedule's turn has come.
    pub(crate) async fn besides_the_schedule(
        &self,
        round: &mut Round,
        stored: &StoredLead,
    ) -> Result<Option<Stepped>, AppError> {
        let org = &round.org.clone();
        let (lead, now) = (&stored.lead, self.changes().clock.calendar());
        if lead.in_flight().is_some() {
            return Ok(None);
        }
        if lead.engagement.settles_at().is_some_and(|due| due <= now) {
            let due =
                |lead: &Lead| lead.engagement.settles_at().filter(|due| *due <= now).map(|_| Fact::TouchesSettled);
            self.changes().apply(org, &lead.id, due, Alongside::default()).await?;
            return Ok(Some(Stepped::Nothing));
        }
        if lead.reminder.is_some_and(|reminder| reminder.due <= now) {
            let due = |lead: &Lead| lead.reminder.filter(|reminder| reminder.due <= now).map(|_| Fact::ReminderDue);
            self.changes().apply(org, &lead.id, due, Alongside::default()).await?;
            return Ok(Some(Stepped::Nothing));
        }
        match &lead.errand {
            Some(errand @ Errand { progress: ErrandProgress::Waiting { due, .. }, .. }) if *due <= now => {
                Ok(Some(self.leave(round, stored, Mail::Errand(errand)).await?))
            }
            // Until the CRM has made the assistant the owner again, nothing of the new run leaves.
            _ if lead.hand_back == HandBack::TakingBack => match lead.stage {
                Stage::Waiting { due, .. } if due <= now => {
                    let later = |_: &Lead| Some(Fact::Postponed { until: now + PAUSE, booked: false });
                    self.changes().apply(org, &lead.id, later, Alongside::default()).await?;
                    Ok(Some(Stepped::Postponed))
                }
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }
}
