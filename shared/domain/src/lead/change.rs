//! A lead in the middle of a transition, and the steps that several facts share.

use jiff::SignedDuration;

use super::enrol::give_back;
use super::errand::{Errand, ErrandKind, ErrandProgress};
use super::{
    DeactivatedWhy, Effect, EndReason, HandBack, Lead, LeadState, Moment, Reminder, SentMail, Stage, SuppressedWhy,
};
use crate::brief;
use crate::crm::{ConnectionStatus, CrmChange, Note, Task};
use crate::id::{DeliveryId, StepNo};
use crate::mail::LoggedMail;
use crate::when::NotBefore;

/// A hot lead that nobody looked at after this long is at risk.
const FIRST_REMINDER: SignedDuration = SignedDuration::from_hours(24);
/// Mails kept for summaries: more than any note shows.
const SENT_KEPT: usize = 25;

/// A lead in the middle of a transition.
pub(super) struct Changing<'a> {
    pub lead: Lead,
    pub effects: Vec<Effect>,
    pub moment: &'a Moment<'a>,
}

impl Changing<'_> {
    pub fn tell(&mut self, sentence: impl Into<String>) {
        self.effects.push(Effect::Tell(sentence.into()));
    }

    pub fn crm(&mut self, change: CrmChange) {
        self.effects.push(Effect::Crm(change));
    }

    pub fn note(&mut self, note: Note) {
        self.crm(CrmChange::Note(note));
    }

    pub fn raise(&mut self, status: ConnectionStatus) {
        if status > self.lead.status {
            self.lead.status = status;
            self.crm(CrmChange::SetStatus { status });
        }
    }

    /// Nothing more of the schedule is sent; what it would have sent next is remembered for a person who goes on with it.
    pub fn end(&mut self, reason: EndReason, state: LeadState) {
        let next = self.lead.next_step();
        self.lead.resume_at = self.moment.schedule.step(next).map(|_| next);
        self.lead.stage = Stage::Ended { reason };
        self.lead.state = self.lead.state.and(state);
    }

    /// The summing-up, then the owner, always in this order; and not before the mail in hand has left and is logged.
    pub fn hand_back(&mut self) {
        if self.lead.errand.is_some() {
            self.lead.hand_back = HandBack::AfterErrand;
            return;
        }
        self.note(brief::hand_back(&self.lead, &self.moment.assistant.calendar));
        self.effects.extend(give_back(&mut self.lead));
    }

    /// The errand is over, one way or the other.
    pub fn errand_over(&mut self) {
        self.lead.errand = None;
        if self.lead.hand_back == HandBack::AfterErrand {
            self.hand_back();
        }
    }

    /// Calls off an errand that has not begun. One that is in flight cannot be called off.
    pub fn cancel_errand(&mut self) {
        if let Some(Errand { kind, progress: ErrandProgress::Waiting { .. }, .. }) = &self.lead.errand {
            let sentence = format!("{} is called off", kind.name());
            self.tell(sentence);
            self.errand_over();
        }
    }

    /// Plans a mail besides the schedule: an answer at once, a person's words within working hours.
    pub fn plan_errand(&mut self, kind: ErrandKind, answers: Option<String>) {
        let Moment { now, assistant, .. } = *self.moment;
        self.lead.errands += 1;
        let number = self.lead.errands;
        let spread = self.lead.spread(StepNo::FIRST).wrapping_add(u64::from(number));
        let due = if kind.is_automatic() { now } else { self.soonest(spread) };
        self.tell(format!("{} is due {}", kind.name(), assistant.calendar.display(due)));
        self.lead.errand =
            Some(Errand { number, kind, answers, progress: ErrandProgress::Waiting { due, booked: false } });
    }

    pub fn suppress(&mut self, why: SuppressedWhy) {
        if let Some(address) = self.lead.address.clone() {
            self.effects.push(Effect::Suppress { address, why });
        }
    }

    /// The address must not be written to any more: everything planned is called off.
    pub fn barred(&mut self, why: SuppressedWhy) {
        self.suppress(why);
        self.lead.reminder = None;
        let (state, sentence) = match why {
            SuppressedWhy::Unsubscribed => (LeadState::Unsubscribed, "the lead unsubscribed"),
            SuppressedWhy::Bounced => (LeadState::Deactivated(DeactivatedWhy::Bounced), "a mail came back for good"),
            SuppressedWhy::Complained => (LeadState::Unsubscribed, "the lead called a mail abuse"),
        };
        if !self.lead.is_active() {
            // It ended before, and why it ended stays true. A mail that comes back late says nothing about the interest.
            if why != SuppressedWhy::Bounced {
                self.lead.state = self.lead.state.and(state);
            }
            return self.cancel_errand();
        }
        self.tell(sentence);
        let reason = match why {
            SuppressedWhy::Bounced => EndReason::Undeliverable { reason: String::new() },
            by @ (SuppressedWhy::Unsubscribed | SuppressedWhy::Complained) => EndReason::Suppressed { by },
        };
        self.end(reason, state);
        self.cancel_errand();
        self.hand_back();
    }

    /// A mail left, of the schedule or besides it.
    pub fn mail_left(&mut self, delivery: &DeliveryId, mail: LoggedMail, message_ids: &[String]) {
        let named = self.name_of(delivery);
        let thread = &mut self.lead.thread;
        if thread.subject.is_empty() {
            thread.subject.clone_from(&mail.subject);
            thread.first_text.clone_from(&mail.text);
            thread.first_at = Some(mail.at);
        }
        message_ids.iter().for_each(|id| thread.push(id));
        self.lead.mails_sent += 1;
        self.lead.sent.push(SentMail { at: mail.at, subject: mail.subject.clone() });
        if self.lead.sent.len() > SENT_KEPT {
            self.lead.sent.remove(0);
        }
        self.tell(format!("{named} sent: {}", mail.subject));
        self.crm(CrmChange::LogMail(Box::new(mail)));
    }

    pub fn name_of(&self, delivery: &DeliveryId) -> String {
        let errand = self.lead.errand.as_ref().filter(|errand| self.lead.errand_delivery(errand) == *delivery);
        if let Some(errand) = errand {
            return errand.kind.name().to_owned();
        }
        std::iter::successors(Some(StepNo::FIRST), |step| Some(step.next()))
            .take(crate::schedule::MAX_STEPS)
            .find(|step| self.lead.delivery(*step) == *delivery)
            .map_or_else(|| "a mail besides the schedule".to_owned(), |step| format!("mail {step}"))
    }

    pub fn go_on_after(&mut self, step: StepNo) {
        let Moment { now, schedule, .. } = *self.moment;
        let next = step.next();
        match schedule.step(next) {
            Some(follow_up) => {
                // At least the next day: two mails on one day are never meant, whatever an edit of the schedule says.
                let gap = NotBefore::Gap { since: now, days: follow_up.days_after.max(1) };
                self.wait_for(next, Some(gap));
            }
            None => self.wait_for_last_answer(),
        }
    }

    /// From now on the owner is reminded of this hot lead until somebody takes care of it.
    pub fn start_reminding(&mut self) {
        let now = self.moment.now;
        if self.lead.reminder.is_none() {
            let due = now.checked_add(FIRST_REMINDER).unwrap_or(now);
            self.lead.reminder = Some(Reminder { due, given: 0, since: now });
        }
    }

    /// One reminder, which the CRM makes unless a person has touched the record.
    pub fn remind(&mut self, mut reminder: Reminder) {
        let Moment { now, assistant, .. } = *self.moment;
        let days = i64::from(assistant.at_risk_days.max(1));
        let since = reminder.since;
        reminder.given += 1;
        reminder.due = now.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(now);
        self.lead.reminder = Some(reminder);
        let Note { title, content } = brief::at_risk(&self.lead, &assistant.calendar);
        self.task(title, content, Some(since));
    }

    /// A task for whoever gets the record, or has it already; due today.
    pub fn task(&mut self, subject: String, description: String, unless_touched_since: Option<jiff::Timestamp>) {
        let due = self.moment.assistant.calendar.date(self.moment.now);
        self.dated_task(subject, description, due, unless_touched_since);
    }

    pub fn dated_task(
        &mut self,
        subject: String,
        description: String,
        due: jiff::civil::Date,
        unless_touched_since: Option<jiff::Timestamp>,
    ) {
        let owner = self.lead.previous_owner.as_ref().map(|owner| owner.user.clone());
        let by_mail = self.moment.assistant.remind_by_mail;
        let task = Task { subject, description, due, owner, by_mail, unless_touched_since };
        self.crm(CrmChange::Task(Box::new(task)));
    }
}
