//! One function decides what a fact changes, live and in replay.

use super::change::Changing;
use super::{DeactivatedWhy, EndReason, Fact, HandBack, IllegalFact, Lead, LeadState, Moment, Stage, Transition};
use crate::id::StepNo;
use crate::notes;

impl Lead {
    /// What `fact` makes of this lead.
    pub fn apply(&self, fact: Fact, moment: &Moment<'_>) -> Result<Transition, IllegalFact> {
        let mut change = Changing { lead: self.clone(), effects: Vec::new(), moment };
        match fact {
            Fact::Asked(order) => change.asked(order)?,
            Fact::Touched(touch) => change.touched(&touch),
            Fact::TouchesSettled => change.touches_settled(),
            fact if change.is_of_errand(&fact) => change.errand(fact)?,
            fact => change.schedule(self.stage.clone(), fact)?,
        }
        Ok(Transition { lead: change.lead, effects: change.effects })
    }

    /// The mail that has not been claimed yet; past the last one when none is left.
    pub(super) fn next_step(&self) -> StepNo {
        match self.stage {
            Stage::Waiting { step, .. } | Stage::Held { step } => step,
            Stage::Sending { step, .. } => step.next(),
            Stage::Closing { .. } | Stage::Ended { .. } => StepNo::BEYOND,
        }
    }
}

impl Changing<'_> {
    /// What is no errand's and no person's: the schedule, answers, and the record itself.
    fn schedule(&mut self, stage: Stage, fact: Fact) -> Result<(), IllegalFact> {
        let Moment { now, assistant, .. } = *self.moment;
        match (stage, fact) {
            (Stage::Waiting { step, due, .. }, Fact::Claimed { delivery, lease_until })
                if due <= now && delivery == self.lead.delivery(step) && self.lead.in_flight().is_none() =>
            {
                self.lead.stage = Stage::Sending { step, delivery, lease_until };
            }
            (Stage::Waiting { step, .. }, Fact::Postponed { until, booked }) => {
                self.lead.stage = Stage::Waiting { step, due: until, booked };
            }
            (Stage::Waiting { step, due, .. }, Fact::Held { delivery })
                if due <= now && delivery == self.lead.delivery(step) =>
            {
                self.lead.stage = Stage::Held { step };
                self.tell(format!("mail {step} is written and waits for approval"));
            }
            (Stage::Held { step }, Fact::Approved { delivery }) if delivery == self.lead.delivery(step) => {
                self.tell(format!("mail {step} was approved"));
                self.wait_for(step, None);
            }
            (Stage::Sending { step, delivery, .. }, Fact::Sent { delivery: sent, mail, message_ids })
                if sent == delivery =>
            {
                self.mail_left(&delivery, *mail, &message_ids);
                self.go_on_after(step);
            }
            (Stage::Sending { step, delivery, .. }, Fact::NotSent { delivery: failed, retry_at })
                if failed == delivery =>
            {
                self.lead.stage = Stage::Waiting { step, due: retry_at, booked: false };
            }
            (Stage::Sending { step, delivery, .. }, Fact::SendRefused { delivery: refused, reason })
                if refused == delivery =>
            {
                self.refused(reason);
                // It certainly did not leave: whoever goes on when the cause is mended begins with it.
                self.lead.resume_at = Some(step);
            }
            (Stage::Sending { step, delivery, .. }, Fact::Unsettled { delivery: lost, subject })
                if lost == delivery =>
            {
                self.tell(format!("nobody can tell whether mail {step} left; it is not sent again"));
                self.note(notes::unsettled(&self.lead, &format!("mail {step}")));
                if self.lead.thread.subject.is_empty() {
                    self.lead.thread.subject = subject;
                }
                self.go_on_after(step);
            }
            // It had left before the end was known, or its fate was unknown until now: it belongs on the record, and the
            // plan has gone on without it.
            (_, Fact::Sent { delivery, mail, message_ids })
                if delivery != self.lead.delivery(self.lead.next_step()) =>
            {
                self.mail_left(&delivery, *mail, &message_ids);
            }
            (Stage::Ended { .. }, Fact::NotSent { .. } | Fact::SendRefused { .. } | Fact::Unsettled { .. }) => {}
            (_, Fact::Received { mail, reading }) => self.received(*mail, &reading),
            (_, Fact::Undeliverable { why } | Fact::Unsubscribed { why }) => self.barred(why),
            (Stage::Waiting { .. }, Fact::NothingLeft) => {
                self.wait_for_last_answer();
                self.tell("the schedule was shortened; no further mail is sent");
            }
            (Stage::Closing { due }, Fact::ClosingTimeOver) if due <= now => {
                self.tell("the schedule ended without an answer");
                self.end(EndReason::ScheduleEnded, LeadState::Processed);
                self.hand_back();
            }
            (
                Stage::Waiting { .. } | Stage::Held { .. } | Stage::Sending { .. } | Stage::Closing { .. },
                Fact::TakenOver,
            ) => {
                self.tell("somebody else took the record; the remaining mails are cancelled");
                self.end(EndReason::TakenOver, LeadState::Deactivated(DeactivatedWhy::Stopped));
                self.let_go();
                self.note(notes::taken_over(&self.lead, assistant));
            }
            (
                Stage::Waiting { .. } | Stage::Held { .. } | Stage::Sending { .. } | Stage::Closing { .. },
                Fact::RecordGone,
            ) => {
                self.tell("the record is no longer in the CRM; the remaining mails are cancelled");
                self.end(EndReason::RecordGone, LeadState::Deactivated(DeactivatedWhy::Stopped));
                self.let_go();
            }
            (Stage::Ended { .. }, Fact::RecordGone) => {
                self.lead.stage = Stage::Ended { reason: EndReason::RecordGone };
                self.let_go();
            }
            (Stage::Ended { .. }, Fact::TakenOver) => self.lead.hand_back = HandBack::Done,
            (Stage::Ended { .. }, Fact::HandedBack) => {
                // Any other hand-back than the one that is awaited is an old one.
                if self.lead.hand_back == HandBack::Pending {
                    self.lead.hand_back = HandBack::Done;
                }
                if let Some(reminder) = &mut self.lead.reminder {
                    reminder.since = now;
                }
            }
            (Stage::Ended { .. }, Fact::OwnerAway { heir }) if self.lead.hand_back == HandBack::Pending => {
                let before = self.lead.previous_owner.replace(heir);
                let note = notes::owner_away(before.as_ref(), &self.lead);
                self.tell(note.content.clone());
                self.note(note);
                self.effects.extend(super::enrol::give_back(&mut self.lead));
            }
            (_, Fact::TakenBack { previous }) if self.lead.hand_back == HandBack::TakingBack => {
                self.lead.hand_back = HandBack::NotDue;
                self.lead.previous_owner = previous.or_else(|| self.lead.previous_owner.take());
            }
            // Meanwhile it was stopped again, or never was followed up: the next look at the record decides.
            (_, Fact::TakenBack { .. }) => {}
            (_, Fact::ReminderDue) if self.lead.reminder.is_some_and(|reminder| reminder.due <= now) => {
                if let Some(reminder) = self.lead.reminder {
                    self.tell("the owner is reminded of this hot lead");
                    self.remind(reminder);
                }
            }
            (_, Fact::Handled) => {
                if self.lead.reminder.take().is_some() {
                    self.tell("the owner has taken care of it; no more reminders");
                }
            }
            (stage, fact) => {
                return Err(IllegalFact { fact: fact.name(), stage: stage.name(), because: None });
            }
        }
        Ok(())
    }

    /// The mail system takes nothing for this address.
    pub(super) fn refused(&mut self, reason: String) {
        self.tell(format!("the mail system refused the mail: {reason}"));
        self.end(EndReason::Undeliverable { reason }, LeadState::Deactivated(DeactivatedWhy::Bounced));
        self.cancel_errand();
        self.hand_back();
    }

    /// The record is somebody else's, or nobody's: nothing is given back.
    fn let_go(&mut self) {
        self.lead.hand_back = HandBack::Done;
        self.lead.errand = None;
        self.lead.reminder = None;
    }
}

impl Fact {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Claimed { .. } => "a claim to send",
            Self::Postponed { .. } => "a postponement",
            Self::Held { .. } => "a written mail",
            Self::Approved { .. } => "an approval",
            Self::Sent { .. } => "a mail that left",
            Self::NotSent { .. } => "a mail that did not leave",
            Self::SendRefused { .. } => "a refusal by the mail system",
            Self::Unsettled { .. } => "an unsettled delivery",
            Self::Received { .. } => "an answer",
            Self::Touched(_) => "an open or a click",
            Self::TouchesSettled => "the count of opens and clicks",
            Self::Undeliverable { .. } => "a bounce",
            Self::Unsubscribed { .. } => "an unsubscription",
            Self::NothingLeft => "the end of a shortened schedule",
            Self::ClosingTimeOver => "the end of the last wait",
            Self::TakenOver => "a change of owner",
            Self::RecordGone => "the end of the record",
            Self::HandedBack => "a completed hand-back",
            Self::ErrandPostponed { .. } => "a postponement of a mail besides the schedule",
            Self::OwnerAway { .. } => "an absence of the owner",
            Self::TakenBack { .. } => "a return to the assistant",
            Self::ReminderDue => "a reminder of the owner",
            Self::Handled => "an end of the reminders",
            Self::Asked(order) => order.action.name(),
        }
    }
}
