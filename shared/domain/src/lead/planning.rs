//! When a lead's next mail leaves, as far as that is known before the day has come.

use jiff::Timestamp;

use super::change::Changing;
use super::{Effect, Lead, Stage};
use crate::assistant::Assistant;
use crate::decision::{Decision, Ruling};
use crate::id::StepNo;
use crate::place::Whereabouts;
use crate::when::{Ask, NotBefore, Plan, when};

impl Lead {
    /// The question when the mail of `step` leaves, with nothing to wait for.
    pub fn ask(&self, step: StepNo, now: Timestamp, assistant: &Assistant) -> Ask {
        let whereabouts = Whereabouts::from_record(&self.person.country, &self.person.state);
        Ask { opens: self.opens.clone(), ..Ask::new(now, assistant, whereabouts, self.spread(step)) }
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
        let until = match &plan {
            Plan::Wait { until, .. } | Plan::Held { until, .. } => *until,
            Plan::SendNow { .. } | Plan::NeedsDay { .. } => now,
        };
        let ruling = Ruling::Timed { ask: Box::new(ask), agenda: None, plan: Box::new(plan) };
        (until, Effect::Decided(Box::new(Decision { at: now, delivery: self.delivery(step), ruling })))
    }
}

impl Changing<'_> {
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
