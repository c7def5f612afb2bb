mod queue;
mod rules;

use jiff::Timestamp;
use jiff::civil::Date;

use super::*;
use crate::calendar::{Calendar, SendWindow};
use crate::place::{Country, Whereabouts, Zone};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn lead(zone: &str, country: &str) -> Whereabouts {
    Whereabouts { zone: Zone::parse(zone).ok(), country: Country::parse(country).ok(), subdivision: None }
}

/// An assistant in London that is not new any more, and a lead of which nothing is known.
fn ask(now: &str) -> Ask {
    Ask {
        now: at(now),
        whereabouts: Whereabouts::default(),
        opens: Opens::default(),
        spread: 0,
        not_before: vec![],
        booked: None,
        calendar: calendar("Europe/London", "09:00-17:00"),
        holiday_country: None,
        pace: Pace { daily_cap: 200, started_on: Some(day("2020-01-01")) },
        standing: Standing::default(),
    }
}

fn calendar(zone: &str, window: &str) -> Calendar {
    Calendar::new(zone, SendWindow::parse(window).unwrap(), &["sat", "sun"]).unwrap()
}

/// Asks until no more days are needed, as a shell with a store does.
fn booked(ask: &Ask, agenda: &mut Agenda) -> Plan {
    loop {
        match when(ask, Some(agenda)) {
            Plan::NeedsDay { date } => {
                assert!(agenda.day(date).is_none(), "{date} was given");
                agenda.insert(AgendaDay::empty(date, &ask.calendar));
            }
            plan => return plan,
        }
    }
}

/// The instant a plan names: now for a mail that leaves.
fn instant(ask: &Ask, plan: &Plan) -> Timestamp {
    match plan {
        Plan::SendNow { .. } => ask.now,
        Plan::Wait { until, .. } => *until,
        Plan::Held { .. } | Plan::NeedsDay { .. } => panic!("no instant in {plan:?}"),
    }
}

fn told(plan: &Plan) -> Vec<String> {
    plan.reasons().iter().map(Reason::to_string).collect()
}
