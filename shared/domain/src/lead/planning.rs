//! When a lead's next mail leaves, as far as that is known before the day has come.

use jiff::Timestamp;

use super::change::Changing;
use super::{Effect, Errand, ErrandProgress, Lead, Moment, SentMail, Stage};
use crate::assistant::Assistant;
use crate::decision::{Decision, Ruling};
use crate::id::StepNo;
use crate::place::{Whereabouts, Zone};
use crate::schedule::Step;
use crate::when::{Ask, NotBefore, Plan, when};

impl Lead {
    /// The question when the mail of `step` leaves, with nothing to wait for.
    pub fn ask(&self, step: StepNo, now: Timestamp, assistant: &Assistant) -> Ask {
        let mut whereabouts = Whereabouts::from_record(&self.person.country, &self.person.state);
        whereabouts.zone = Zone::parse(&self.person.time_zone).ok().or(whereabouts.zone);
        Ask { opens: self.opens.clone(), ..Ask::new(now, assistant, whereabouts, self.spread(step)) }
    }

    /// The question for the mail of `step` that is due: when it may leave, with what may have changed since its day was
    /// planned, the gap by an edit of the schedule and pauses, and the slot that is booked for it.
    pub fn ask_when_due(&self, step: StepNo, follow_up: &Step, now: Timestamp, assistant: &Assistant) -> Ask {
        let booked = match self.stage {
            Stage::Waiting { due, booked: true, .. } => Some(due),
            _ => None,
        };
        let ask = Ask { booked, ..self.ask(step, now, assistant) };
        let gap = |last: &SentMail| NotBefore::Gap { since: last.at, days: follow_up.days_after.max(1) };
        self.sent.last().map(gap).into_iter().chain(pause(assistant, now)).fold(ask, Ask::after)
    }

    /// The question for a person's words that are due.
    pub fn ask_for_errand(&self, errand: &Errand, now: Timestamp, assistant: &Assistant) -> Ask {
        let booked = match errand.progress {
            ErrandProgress::Waiting { due, booked: true } => Some(due),
            ErrandProgress::Waiting { .. } | ErrandProgress::Sending { .. } => None,
        };
        let ask = self.ask(StepNo::FIRST, now, assistant);
        let ask = Ask { booked, spread: ask.spread.wrapping_add(u64::from(errand.number)), ..ask };
        pause(assistant, now).into_iter().fold(ask, Ask::after)
    }

    /// The first allowed instant for the mail of `step`, and why it is that.
    pub(super) fn plan(
        &self,
        step: StepNo,
        wait: Option<NotBefore>,
        now: Timestamp,
        assistant: &Assistant,
    ) -> (Timestamp, Effect) {
        let ask = wait.into_iter().fold(self.ask(step, now, assistant), Ask::after);
        let plan = when(&ask, None);
        let until = until(&ask, &plan);
        let ruling = Ruling::Timed { ask: Box::new(ask), agenda: None, plan: Box::new(plan) };
        (until, Effect::Decided(Box::new(Decision { at: now, delivery: self.delivery(step), ruling })))
    }
}

fn pause(assistant: &Assistant, now: Timestamp) -> Option<NotBefore> {
    assistant.paused_until.filter(|until| *until > now).map(|until| NotBefore::Pause { until })
}

/// The instant a plan without an agenda names.
fn until(ask: &Ask, plan: &Plan) -> Timestamp {
    match plan {
        Plan::Wait { until, .. } | Plan::Held { until, .. } => *until,
        Plan::SendNow { .. } | Plan::NeedsDay { .. } => ask.now,
    }
}

impl Changing<'_> {
    /// A first instant in the lead's working hours, for a mail besides the schedule.
    pub(super) fn soonest(&self, spread: u64) -> Timestamp {
        let ask = Ask { spread, ..self.lead.ask(StepNo::FIRST, self.moment.now, self.moment.assistant) };
        until(&ask, &when(&ask, None))
    }

    /// All mails left: the lead waits for an answer, as long as the schedule says, and then until the assistant works.
    pub(super) fn wait_for_last_answer(&mut self) {
        let Moment { now, assistant, schedule } = *self.moment;
        let wait = NotBefore::Gap { since: now, days: schedule.closing_days() };
        let ask = Ask::new(now, assistant, Whereabouts::default(), self.lead.spread(StepNo::FIRST)).after(wait);
        self.lead.stage = Stage::Closing { due: until(&ask, &when(&ask, None)) };
    }

    /// The lead waits for the mail of `step`, which leaves after `wait`; returns when.
    pub(super) fn wait_for(&mut self, step: StepNo, wait: Option<NotBefore>) -> Timestamp {
        let (due, decided) = self.lead.plan(step, wait, self.moment.now, self.moment.assistant);
        self.effects.push(decided);
        self.lead.stage = Stage::Waiting { step, due, booked: false };
        due
    }

    /// The same, unless the mail leaves later anyway; returns when.
    pub(super) fn wait_longer(&mut self, step: StepNo, due: Timestamp, wait: NotBefore) -> Timestamp {
        let (earliest, decided) = self.lead.plan(step, Some(wait), self.moment.now, self.moment.assistant);
        if earliest <= due {
            return due;
        }
        self.effects.push(decided);
        self.lead.stage = Stage::Waiting { step, due: earliest, booked: false };
        earliest
    }
}
