//! What opens and clicks make of a lead: its state and the record's status, upwards only, and the hour at which it reads.

use super::LeadState;
use super::change::Changing;
use crate::crm::ConnectionStatus;
use crate::engagement::{Counted, Touch, TouchKind};
use crate::place::Whereabouts;

/// Opening this many mails is interest.
const WARM_OPENS: u32 = 3;

impl Changing<'_> {
    /// A touch is noted: told if software did it, held if it may be a person's.
    pub(super) fn touched(&mut self, touch: &Touch) {
        if let Some(reason) = self.lead.engagement.note(touch, self.moment.now) {
            let mail = self.name_of(&touch.delivery);
            let what = match &touch.kind {
                TouchKind::Open => format!("an opening of {mail}"),
                TouchKind::Click { .. } => format!("a link of {mail}"),
            };
            self.tell(format!("not counted, {what}: {}", reason.words()));
        }
    }

    /// What was held counts. A lead that has ended keeps its end and its owner.
    pub(super) fn touches_settled(&mut self) {
        let counted = self.lead.engagement.settle(self.moment.now);
        if counted.is_empty() {
            return;
        }
        for Counted { delivery, at, first, link } in counted {
            let mail = self.name_of(&delivery);
            if first {
                self.note_hour(at);
            }
            match link {
                Some(link) => self.tell(format!("a person followed a link of {mail}: {link}")),
                None => self.tell(format!("a person opened {mail}")),
            }
        }
        let engagement = &self.lead.engagement;
        let news = match (engagement.opened, engagement.clicks) {
            (0..WARM_OPENS, 0) => LeadState::Engaged,
            _ => LeadState::Warm,
        };
        self.lead.state = self.lead.state.and_touches(news);
        let left_alone = matches!(self.lead.state, LeadState::Deactivated(_) | LeadState::Unsubscribed);
        if news == LeadState::Warm && !left_alone {
            self.raise(ConnectionStatus::Warm);
        }
    }

    fn note_hour(&mut self, at: jiff::Timestamp) {
        let person = &self.lead.person;
        let whereabouts = Whereabouts::from_record(&person.country, &person.state);
        self.lead.opens.note(at, whereabouts.zone.as_ref().unwrap_or(self.moment.assistant.calendar.zone()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{Walk, answer};
    use super::super::{Action, EndReason, Fact, HandBack, Lead, Order, Stage};
    use super::*;
    use crate::crm::CrmChange;
    use crate::engagement::HOLD;
    use crate::id::StepNo;
    use crate::lead::Effect;
    use crate::reading::Intent;
    use jiff::{SignedDuration, Timestamp, ToSpan};

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";

    /// Somebody opens a mail (an empty link) or follows a link, an hour from now, and it counts a little later.
    fn touched(walk: &mut Walk, step: u8, link: &str) {
        let sent_at = walk.now;
        walk.now += 1.hour();
        let step = (1..step).fold(StepNo::FIRST, |step, _| step.next());
        let kind = if link.is_empty() { TouchKind::Open } else { TouchKind::Click { link: link.to_owned() } };
        let (delivery, at) = (walk.lead.delivery(step), walk.now);
        let touch = Touch { delivery, sent_at, kind, at, user_agent: FIREFOX.to_owned(), head: false };
        walk.apply(Fact::Touched(Box::new(touch))).unwrap();
        walk.now += HOLD;
        walk.apply(Fact::TouchesSettled).unwrap();
    }

    fn warm(walk: &Walk) -> bool {
        walk.changes().iter().any(|change| matches!(change, CrmChange::SetStatus { status: ConnectionStatus::Warm }))
    }

    #[test]
    fn one_open_engages_and_three_opens_or_one_click_warm() {
        let mut walk = Walk::start();
        for (step, state) in [(1, LeadState::Engaged), (2, LeadState::Engaged), (3, LeadState::Warm)] {
            walk.send_due();
            let due = walk.lead.stage.clone();
            touched(&mut walk, step, "");
            assert_eq!((walk.lead.state, warm(&walk)), (state, state == LeadState::Warm));
            assert_eq!(walk.lead.stage, due, "opens move no mail");
        }

        let mut walk = Walk::start();
        walk.send_due();
        touched(&mut walk, 1, "https://acme.example/x");
        assert_eq!((walk.lead.state, warm(&walk)), (LeadState::Warm, true));
        assert_eq!((walk.lead.engagement.opened, walk.lead.engagement.clicks), (1, 1));
        let told = |sentence: &str| walk.effects.contains(&Effect::Tell(sentence.to_owned()));
        assert!(told("a person followed a link of mail 1: https://acme.example/x"));
    }

    #[test]
    fn a_touch_waits_before_it_counts_and_wakes_the_lead() {
        let mut walk = Walk::start();
        walk.send_due();
        let (sent_at, at) = (walk.now, walk.now + SignedDuration::from_secs(600));
        let delivery = walk.lead.delivery(StepNo::FIRST);
        let touch = Touch { delivery, sent_at, kind: TouchKind::Open, at, user_agent: FIREFOX.into(), head: false };
        walk.now = at;
        walk.apply(Fact::Touched(Box::new(touch))).unwrap();
        walk.apply(Fact::TouchesSettled).unwrap();
        assert_eq!((walk.lead.state, walk.lead.engagement.opened), (LeadState::Cold, 0));
        assert_eq!(walk.lead.wake(), Some(crate::lead::Wake::Due(at + HOLD)));
    }

    #[test]
    fn interest_shown_by_touches_lifts_and_never_overwrites_more() {
        use LeadState::{Cold, Engaged, Hot, OutOfOffice, Processed, Responded, Unsubscribed, Warm};
        let gone = LeadState::Deactivated(crate::lead::DeactivatedWhy::Refused);
        for (before, engaged, warm) in [
            (Cold, Engaged, Warm),
            (Engaged, Engaged, Warm),
            (Warm, Warm, Warm),
            (Hot, Hot, Hot),
            (Responded, Responded, Responded),
            (OutOfOffice, OutOfOffice, Warm),
            (Processed, Processed, Warm),
            (gone, gone, gone),
            (Unsubscribed, Unsubscribed, Unsubscribed),
        ] {
            assert_eq!((before.and_touches(Engaged), before.and_touches(Warm)), (engaged, warm), "{before:?}");
        }
        assert_eq!(
            (Engaged.and(OutOfOffice), Engaged.and(Responded), Engaged.and(Processed)),
            (Engaged, Responded, Processed)
        );
    }

    #[test]
    fn an_ended_lead_counts_and_keeps_its_end_and_its_owner() {
        let mut walk = Walk::start();
        walk.send_due();
        walk.apply(answer(walk.now, Intent::AgreedToMeet)).unwrap();
        let before = walk.lead.clone();
        touched(&mut walk, 1, "https://acme.example/x");
        let Lead { stage, state, status, hand_back, .. } = &walk.lead;
        assert_eq!((stage, hand_back), (&Stage::Ended { reason: EndReason::Replied }, &HandBack::Pending));
        assert_eq!((*state, *status), (LeadState::Hot, ConnectionStatus::Hot), "hot never falls");
        assert_eq!((walk.lead.engagement.clicks, &walk.lead.previous_owner), (1, &before.previous_owner));
    }

    #[test]
    fn the_hour_is_the_leads_own_and_a_restart_begins_anew() {
        let mut walk = Walk::start();
        walk.lead.person.country = "Japan".to_owned();
        for step in 1..=3 {
            walk.send_due();
            walk.now =
                "2026-03-01T05:30:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * i64::from(step));
            touched(&mut walk, step, "");
        }
        assert_eq!(walk.lead.opens.usual_hour(), Some(15), "half past six of London is half past three in Tokyo");
        let order =
            |action| Fact::Asked(Order { action, by: "Pat".to_owned(), why: String::new(), schedule_revision: 0 });
        walk.apply(order(Action::Deactivate)).unwrap();
        walk.lead.person.country.clear();
        let note = walk.changes().into_iter().rev().find_map(|change| match change {
            CrmChange::Note(note) => Some(note.content.clone()),
            _ => None,
        });
        assert!(note.unwrap().contains("They opened 3 mails."));
    }

    #[test]
    fn the_hour_is_that_of_opening_a_mail_not_of_all_its_links() {
        let mut walk = Walk::start();
        walk.send_due();
        for (day, link) in (20..).zip(["", "https://a.example", "https://b.example"]) {
            walk.now = format!("2026-01-{day}T14:30:00Z").parse().unwrap();
            touched(&mut walk, 1, link);
        }
        assert_eq!((walk.lead.engagement.opened, walk.lead.engagement.clicks), (1, 2));
        assert_eq!(walk.lead.opens.usual_hour(), None, "one mail was opened");
    }

    proptest! {
        #[test]
        fn no_touch_lowers_anything(touches in prop::collection::vec((1u8..8, prop_oneof![Just(""), Just("https://a.example"), Just("https://b.example")]), 1..20)) {
            let mut walk = Walk::start();
            let mut rank = 0;
            for (step, link) in touches {
                walk.send_due();
                touched(&mut walk, step, link);
                let now = match walk.lead.state { LeadState::Cold => 0, LeadState::Engaged => 1, LeadState::Warm => 2, other => panic!("{other:?}") };
                prop_assert!(now >= rank);
                prop_assert_eq!(now == 2, walk.lead.engagement.clicks > 0 || walk.lead.engagement.opened >= 3);
                rank = now;
            }
        }
    }
}
