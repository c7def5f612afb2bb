use std::collections::BTreeMap;

use domain::when::Ask;
use domain::{Calendar, Schedule, Whereabouts, recommended};

use super::*;

fn tara() -> Assistant {
    let calendar = Calendar::working_week("Europe/London").unwrap();
    Assistant::new("tara".parse().unwrap(), "Tara", "tara@northwind.example".parse().unwrap(), calendar)
}

fn start() -> Timestamp {
    "2026-04-01T07:00:00Z".parse().unwrap()
}

fn row(number: u64, country: &str, state: &str, time_zone: &str) -> (u64, Row) {
    let row = Row {
        name: format!("Person {number}"),
        email: format!("person{number}@example.com"),
        country: country.into(),
        state: state.into(),
        time_zone: time_zone.into(),
        ..Row::default()
    };
    (number, row)
}

#[test]
fn wrong_rows_are_named_and_the_others_planned() {
    let schedules = [recommended()];
    let mut rows = vec![
        row(2, "", "", ""),
        row(3, "Atlantis", "", ""),
        row(4, "US", "Bavaria", ""),
        row(5, "", "Texas", ""),
        row(6, "", "", "CEST"),
        row(7, "GB", "Kent", ""),
    ];
    rows.push((8, Row { email: "person7@EXAMPLE.com".into(), ..Row::default() }));
    rows.push((9, Row { email: "nobody".into(), schedule: "Gone".into(), ..Row::default() }));
    let (candidates, errors) = check(&rows, &schedules, Schedule::RECOMMENDED);
    assert_eq!(candidates.iter().map(|candidate| candidate.line).collect::<Vec<_>>(), [2, 7]);
    let named: Vec<_> = errors.iter().map(|error| (error.line, error.field)).collect();
    let expect =
        [(3, "country"), (4, "state"), (5, "state"), (6, "time_zone"), (8, "email"), (9, "email"), (9, "schedule")];
    assert_eq!(named, expect, "{errors:#?}");
    assert_eq!(
        errors[0].to_string(),
        "line 3, country: country \"Atlantis\" is unknown; use a code such as DE or a name such as Germany"
    );
    assert!(errors[4].problem.contains("line 7"), "{}", errors[4]);
    assert!(errors[6].problem.contains("known are Recommended"), "{}", errors[6]);
}

#[test]
fn every_mail_of_every_lead_is_planned_within_the_rules() {
    let places = [
        ("DE", "Bayern", ""),
        ("US", "California", ""),
        ("Japan", "", ""),
        ("SA", "", ""),
        ("", "", ""),
        ("", "", "Australia/Sydney"),
        ("Brazil", "", ""),
    ];
    let rows: Vec<_> = (2..202)
        .map(|line| {
            let (country, state, zone) = places[usize::try_from(line).unwrap() % places.len()];
            row(line, country, state, zone)
        })
        .collect();
    let schedules = [recommended()];
    let (candidates, errors) = check(&rows, &schedules, Schedule::RECOMMENDED);
    assert_eq!((candidates.len(), errors), (200, vec![]));
    let assistant = Assistant { daily_cap: 60, ..tara() };
    let flight = preflight(&assistant, &candidates, start()).unwrap();
    assert_eq!(flight, preflight(&assistant, &candidates, start()).unwrap(), "the same again");
    assert_eq!((flight.mails.len(), flight.unplanned.len()), (1400, 0));

    // Each lead gets its seven mails, each at least as many days after the one before as the schedule says.
    let mut by_lead = BTreeMap::<u64, Vec<&PlannedMail>>::new();
    flight.mails.iter().for_each(|mail| by_lead.entry(mail.line).or_default().push(mail));
    for mails in by_lead.values() {
        let gaps = mails.windows(2).map(|pair| pair[1].date.since(pair[0].date).unwrap().get_days());
        for (gap, step) in gaps.zip(&schedules[0].steps()[1..]) {
            assert!(gap >= i32::from(step.days_after), "{mails:#?}");
        }
        assert_eq!(mails.len(), 7);
    }
    // Inside the window on a working day there, by the time zone library alone.
    for mail in &flight.mails {
        let there = mail.at.to_zoned(jiff::tz::TimeZone::get(&mail.zone).unwrap());
        assert_eq!((there.date(), there.time()), (mail.date, mail.time));
        assert!((9..17).contains(&there.hour()), "{mail:?}");
        assert!(!mail.reasons.is_empty(), "{mail:?}");
    }
    // Cap and ramp by day, spacing from mail to mail.
    let caps: Vec<_> = flight.totals.days.iter().take(4).map(|day| day.cap).collect();
    // The fourth is a Sunday, which is a working day in Saudi Arabia and no sending day of Tara's.
    assert_eq!(caps, [20, 30, 45, 45]);
    assert!(flight.totals.days.iter().all(|day| day.mails <= day.cap), "{:?}", flight.totals.days);
    let least = |pair: &[PlannedMail]| pair[1].at.duration_since(pair[0].at).as_secs();
    assert!(flight.mails.windows(2).all(|pair| least(pair) >= 8 * 3600 / 60), "closer than the window over the cap");

    let Totals { leads, mails, api_credits, mail_usd, finish, .. } = flight.totals;
    assert_eq!((leads, mails), (200, 1400));
    // A record and its history read, a note, a status, seven mails, a note and a new owner.
    assert_eq!(api_credits, 200 * (2 + 2 + 7 + 3));
    assert!((mail_usd - 0.14).abs() < 1e-9);
    assert!(finish.is_some_and(|finish| finish > flight.mails[1399].date));
}

#[test]
fn an_empty_file_is_an_empty_plan() {
    let flight = preflight(&tara(), &[], start()).unwrap();
    assert_eq!((flight.mails.len(), flight.totals.api_credits, flight.totals.finish), (0, 0, None));
}

/// The days are those on which a run of the same leads, sent to from one tick to the next, sends.
#[test]
fn ticks_that_come_late_send_on_the_planned_days() {
    let schedules = [recommended()];
    let rows: Vec<_> =
        (2..32).map(|line| row(line, ["FR", "Japan", ""][usize::try_from(line % 3).unwrap()], "", "")).collect();
    let (candidates, _) = check(&rows, &schedules, Schedule::RECOMMENDED);
    let flight = preflight(&tara(), &candidates, start()).unwrap();
    let late = fly(&tara(), &candidates, start(), |due| due + jiff::SignedDuration::from_secs(45)).unwrap();
    let days = |flight: &Preflight| {
        let mut days: Vec<_> = flight.mails.iter().map(|mail| (mail.line, mail.step, mail.date)).collect();
        days.sort();
        days
    };
    assert_eq!(days(&flight), days(&late));
    let ask = Ask::new(start(), &tara(), Whereabouts::default(), 0);
    assert_eq!(ask.caps()("2026-04-01".parse().unwrap()), 20);
}
