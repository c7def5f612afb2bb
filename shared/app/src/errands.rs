//! What is due besides the schedule: answers, people's own words, and reminders of hot leads.
//!
//! **Invariant:** an errand's mail is claimed, sent and settled as a scheduled one is; only when it may leave differs.

use domain::{
    Errand, ErrandKind, ErrandProgress, Fact, HandBack, How, Lead, Moment, OrgId, OutgoingMail, Stage, compose_errand,
};
use jiff::{SignedDuration, Timestamp};

use crate::directory::Directory;
use crate::error::AppError;
use crate::nurture::{Nurture, Stepped};
use crate::store::{Alongside, Clash, Health, StoredLead};

/// While something outside is not ready, it is asked again this often.
const PAUSE: SignedDuration = SignedDuration::from_mins(15);

impl Nurture {
    /// Does what is due besides the schedule, one thing at a time. `None`: nothing is, so the schedule's turn has come.
    pub(crate) async fn besides_the_schedule(
        &self,
        org: &OrgId,
        stored: &StoredLead,
    ) -> Result<Option<Stepped>, AppError> {
        let (lead, now) = (&stored.lead, self.changes().clock.calendar());
        if lead.in_flight().is_some() {
            return Ok(None);
        }
        if lead.reminder.is_some_and(|reminder| reminder.due <= now) {
            let due = |lead: &Lead| lead.reminder.filter(|reminder| reminder.due <= now).map(|_| Fact::ReminderDue);
            self.changes().apply(org, &lead.id, due, Alongside::default()).await?;
            return Ok(Some(Stepped::Nothing));
        }
        match &lead.errand {
            Some(errand @ Errand { progress: ErrandProgress::Waiting { due }, .. }) if *due <= now => {
                Ok(Some(self.run_errand(org, stored, errand).await?))
            }
            // Until the CRM has made the assistant the owner again, nothing of the new run leaves.
            _ if lead.hand_back == HandBack::TakingBack => match lead.stage {
                Stage::Waiting { due, .. } if due <= now => {
                    let later = |_: &Lead| Some(Fact::Postponed { until: now + PAUSE });
                    self.changes().apply(org, &lead.id, later, Alongside::default()).await?;
                    Ok(Some(Stepped::Postponed))
                }
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// An answer leaves at once and counts in the day's cap without being held by it: a person waits for it. A person's
    /// words leave in the assistant's hours and under its cap, however many leads they are for.
    async fn run_errand(&self, org: &OrgId, stored: &StoredLead, errand: &Errand) -> Result<Stepped, AppError> {
        let lead = &stored.lead;
        let directory = Directory::read(self.store(), org).await?;
        let Some(assistant) = directory.assistant_of(lead) else {
            return Err(AppError::Invalid(format!("assistant {} is gone", lead.assistant)));
        };
        let schedule = directory.schedule_of(lead);
        let (now, calendar) = (self.changes().clock.calendar(), &assistant.calendar);
        let moment = Moment { now, assistant, schedule: &schedule };
        let automatic = errand.kind.is_automatic();
        let spread = lead.spread(domain::StepNo::FIRST);
        if let Health::Broken { .. } = directory.connection.value.health {
            return self.postpone_errand(org, lead, now + PAUSE).await;
        }
        if !automatic && !calendar.is_open(now) {
            return self.postpone_errand(org, lead, calendar.soonest(now, spread)).await;
        }
        let Some(address) = lead.address.clone() else {
            return Err(AppError::Invalid(format!("lead {} has no address to send its mail to", lead.id)));
        };
        if let Some(why) = self.store().suppression(org, &address).await? {
            let barred = |lead: &Lead| lead.errand.is_some().then_some(Fact::Unsubscribed { why });
            self.changes().apply(org, &lead.id, barred, Alongside::default()).await?;
            return Ok(Stepped::Ended);
        }
        let draft = compose_errand(&errand.kind, &lead.person, assistant, &lead.thread);
        let envelope = self.envelope(&directory, lead, lead.errand_delivery(errand), address, &moment);
        let mail = OutgoingMail {
            subject: draft.subject,
            text: draft.text,
            cc: match &errand.kind {
                ErrandKind::Introduction { owner, .. } => vec![owner.clone()],
                ErrandKind::Message { .. } | ErrandKind::Brochure { .. } | ErrandKind::Calendar { .. } => vec![],
            },
            automatic_answer: automatic,
            in_reply_to: errand.answers.clone().or_else(|| envelope.in_reply_to.clone()),
            ..envelope
        };
        let (how, cap) = if automatic { (How::Template, None) } else { (How::Person, Some(assistant.daily_cap)) };
        match self.claim(stored, mail, how, cap, &directory, &moment).await? {
            Ok(delivery) => self.deliver(org, &lead.id, &delivery).await,
            Err(Clash::CapReached) => self.postpone_errand(org, lead, calendar.days_later(now, 1, spread)).await,
            Err(Clash::Lead | Clash::Suppressed) => Ok(Stepped::Nothing),
        }
    }

    async fn postpone_errand(&self, org: &OrgId, lead: &Lead, until: Timestamp) -> Result<Stepped, AppError> {
        let waits = |lead: &Lead| {
            let errand = lead.errand.as_ref()?;
            matches!(errand.progress, ErrandProgress::Waiting { .. }).then_some(Fact::ErrandPostponed { until })
        };
        self.changes().apply(org, &lead.id, waits, Alongside::default()).await?;
        Ok(Stepped::Postponed)
    }
}
