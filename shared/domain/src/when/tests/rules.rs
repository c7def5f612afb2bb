//! Single questions, each with the answer a person would give.

use super::*;

/// What it shows; zone of the lead, its country, now, window, what to wait for; planned instant, reasons.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<NotBefore>,
    &'static str,
    Vec<&'static str>,
);

#[test]
fn one_question_one_answer() {
    let gap = |since: &str, days| Some(NotBefore::Gap { since: at(since), days });
    let cases: Vec<Case> = vec![
        (
            "night in Tokyo",
            "Asia/Tokyo",
            "",
            "2026-01-14T17:10:00Z",
            "09:00-17:00",
            None,
            "2026-01-15T00:00:00Z",
            vec!["the lead's time zone is Asia/Tokyo", "in Tokyo it is 02:10; the window opens at 09:00"],
        ),
        (
            "evening at home",
            "",
            "",
            "2026-01-14T18:00:00Z",
            "09:00-17:00",
            None,
            "2026-01-15T09:00:00Z",
            vec![
                "the lead's time zone is unknown; the assistant's is Europe/London",
                "in London it is 18:00; the window closes at 17:00",
            ],
        ),
        (
            "Friday here, Saturday there",
            "Pacific/Auckland",
            "",
            "2026-01-16T12:00:00Z",
            "00:00-23:00",
            None,
            "2026-01-18T11:00:00Z",
            vec!["17 Jan 2026 is a Saturday, an off day", "18 Jan 2026 is a Sunday, an off day"],
        ),
        (
            "Sunday here, Monday there",
            "Pacific/Auckland",
            "",
            "2026-01-18T22:00:00Z",
            "09:00-17:00",
            None,
            "2026-01-18T22:00:00Z",
            vec!["the window is open and no other mail is near"],
        ),
        (
            "Friday is weekend in Saudi Arabia",
            "Asia/Riyadh",
            "SA",
            "2026-01-16T09:00:00Z",
            "09:00-17:00",
            None,
            "2026-01-18T06:00:00Z",
            vec![
                "16 Jan 2026 is a Friday, weekend in Saudi Arabia",
                "17 Jan 2026 is a Saturday, weekend in Saudi Arabia",
            ],
        ),
        (
            "a holiday after a gap over a weekend",
            "Asia/Tokyo",
            "Japan",
            "2026-05-01T02:00:00Z",
            "09:00-17:00",
            gap("2026-05-01T02:00:00Z", 1),
            "2026-05-07T00:00:00Z",
            vec![
                "1 day after 1 May 2026",
                "3 May 2026 is a Sunday, weekend in Japan",
                "4 May 2026 is Greenery Day in Japan",
                "6 May 2026 is Substitute Holiday in Japan",
                "mails are spread over the window",
            ],
        ),
        (
            "the gap is counted on the lead's calendar",
            "Asia/Tokyo",
            "",
            "2026-01-13T16:00:00Z",
            "09:00-17:00",
            gap("2026-01-13T16:00:00Z", 1),
            "2026-01-15T00:00:00Z",
            vec!["1 day after 14 Jan 2026"],
        ),
        (
            "the window is in the skipped hour",
            "America/New_York",
            "",
            "2026-03-07T12:00:00Z",
            "02:00-03:00",
            Some(NotBefore::Day { date: day("2026-03-08") }),
            "2026-03-09T06:00:00Z",
            vec!["8 Mar 2026 is a Sunday, an off day"],
        ),
        (
            "back from an absence",
            "Europe/Paris",
            "FR",
            "2026-01-05T09:00:00Z",
            "09:00-17:00",
            Some(NotBefore::Absence { back: day("2026-01-19") }),
            "2026-01-20T08:00:00Z",
            vec!["the lead is back on 19 Jan 2026"],
        ),
        (
            "away without a date",
            "Europe/Paris",
            "FR",
            "2026-01-05T09:00:00Z",
            "09:00-17:00",
            Some(NotBefore::UndatedAbsence { since: at("2026-01-05T09:00:00Z"), days: 7 }),
            "2026-01-12T08:00:00Z",
            vec!["the lead is away and did not say until when; 7 days"],
        ),
        (
            "paused into the window",
            "Europe/Paris",
            "",
            "2026-01-05T09:00:00Z",
            "09:00-17:00",
            Some(NotBefore::Pause { until: at("2026-01-06T10:30:00Z") }),
            "2026-01-06T10:30:00Z",
            vec!["paused until 11:30 on 6 Jan 2026"],
        ),
        (
            "a wait that is over is no reason",
            "Europe/Paris",
            "",
            "2026-01-05T09:00:00Z",
            "09:00-17:00",
            gap("2026-01-01T09:00:00Z", 2),
            "2026-01-05T09:00:00Z",
            vec!["the window is open and no other mail is near"],
        ),
    ];
    for (what, zone, country, now, window, wait, expect, reasons) in cases {
        let mut ask = Ask { whereabouts: lead(zone, country), ..super::ask(now) };
        ask.calendar = calendar("Europe/London", window);
        ask.not_before.extend(wait);
        let plan = when(&ask, None);
        let told = told(&plan);
        assert_eq!(instant(&ask, &plan), at(expect), "{what}: {told:?}");
        for reason in reasons {
            assert!(told.iter().any(|told| told == reason), "{what}: {reason:?} is not in {told:#?}");
        }
    }
}

/// Window, date, zone -> the stretches it is open, found by asking at each minute.
#[test]
fn a_clock_change_opens_no_window_twice() {
    let cases = [
        // New York, 1 Nov 2026: 02:00 EDT becomes 01:00 EST at 06:00 UTC.
        ("01:00-01:30", "2026-11-01T05:00:00Z", vec![("05:00", "05:30")]),
        ("01:30-03:00", "2026-11-01T05:00:00Z", vec![("05:30", "06:00"), ("06:30", "08:00")]),
        ("00:30-01:30", "2026-11-01T04:00:00Z", vec![("04:30", "05:30")]),
        ("00:30-02:30", "2026-11-01T04:00:00Z", vec![("04:30", "07:30")]),
        // 8 Mar 2026: 02:00 EST becomes 03:00 EDT at 07:00 UTC.
        ("02:30-04:00", "2026-03-08T05:00:00Z", vec![("07:00", "08:00")]),
        ("01:30-02:30", "2026-03-08T05:00:00Z", vec![("06:30", "07:00")]),
        ("02:10-02:50", "2026-03-08T05:00:00Z", vec![]),
    ];
    for (window, from, expect) in cases {
        let mut ask = Ask { whereabouts: lead("America/New_York", ""), ..ask(from) };
        ask.calendar = Calendar::new("UTC", SendWindow::parse(window).unwrap(), &[] as &[&str]).unwrap();
        let mut open: Vec<(String, String)> = vec![];
        let mut was = false;
        for minute in 0..600 {
            ask.now = plus(at(from), minute * 60);
            let is = matches!(booked(&ask, &mut Agenda::default()), Plan::SendNow { .. });
            let clock = ask.now.strftime("%H:%M").to_string();
            match (was, is) {
                (false, true) => open.push((clock, String::new())),
                (true, false) => open.last_mut().unwrap().1 = clock,
                (true, true) | (false, false) => {}
            }
            was = is;
        }
        let open: Vec<_> = open.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        assert_eq!(open, expect, "{window}");
    }
}

#[test]
fn the_usual_hour_wins_if_the_window_has_it() {
    let paris = Zone::parse("Europe/Paris").unwrap();
    let mut ask = Ask { whereabouts: lead("Europe/Paris", ""), spread: 7 * 1800 + 60, ..ask("2026-01-05T09:00:00Z") };
    ask.not_before = vec![NotBefore::Gap { since: ask.now, days: 1 }];
    let mut planned = |opened: &[&str]| {
        ask.opens = Opens::default();
        opened.iter().for_each(|open| ask.opens.note(at(open), &paris));
        when(&ask, None)
    };
    let three = ["2026-01-02T14:10:00Z", "2026-01-03T14:50:00Z", "2026-01-04T14:00:00Z"];
    let plan = planned(&three);
    assert_eq!(told(&plan).last().unwrap(), "the lead usually opens mails at 15:00");
    assert!(matches!(plan, Plan::Wait { until, .. } if until == at("2026-01-06T14:01:00Z")), "{plan:?}");
    let evidence = |plan: &Plan| matches!(plan.reasons().last(), Some(Reason::UsualHour { .. }));
    assert!(!evidence(&planned(&three[..2])), "two opens are chance");
    assert!(!evidence(&planned(&["2026-01-02T21:10:00Z"; 5])), "the window is closed at that hour");
    let everywhere: Vec<_> = (8..16).flat_map(|hour| vec![format!("2026-01-02T{hour:02}:00:00Z"); 3]).collect();
    assert!(!evidence(&planned(&everywhere.iter().map(String::as_str).collect::<Vec<_>>())), "no hour stands out");
}

#[test]
fn a_new_assistant_starts_small_and_grows_by_half() {
    let mut ask = ask("2026-01-08T09:00:00Z");
    ask.pace.started_on = None;
    let caps = pace::Caps::of(&ask);
    // Thursday and Friday, a weekend on which Friday's cap stays, then Monday.
    let expect = [("08", 20), ("09", 30), ("10", 30), ("11", 30), ("12", 45), ("13", 67), ("14", 100), ("15", 150)];
    for (date, cap) in expect {
        assert_eq!(caps.on(day(&format!("2026-01-{date}"))).mails, cap, "{date}");
    }
    assert_eq!(caps.on(day("2026-01-16")), pace::Cap { mails: 200, ramp_day: None });
    assert_eq!(caps.on(day("2030-01-16")), pace::Cap { mails: 200, ramp_day: None });
    ask.pace.daily_cap = 25;
    let caps = pace::Caps::of(&ask);
    assert_eq!(["2026-01-08", "2026-01-09"].map(|date| caps.on(day(date)).mails), [20, 25]);
    ask.pace.daily_cap = 5;
    assert_eq!(pace::Caps::of(&ask).on(day("2026-01-08")), pace::Cap { mails: 5, ramp_day: None });
}

#[test]
fn spacing_shares_the_window_out() {
    let cases = [
        (200, "09:00-17:00", 144),
        (2000, "09:00-17:00", 14),
        (2000, "09:00-10:00", 10),
        (5, "09:00-17:00", 900),
        (30, "09:00-10:00", 120),
    ];
    for (cap, window, secs) in cases {
        let mut ask = ask("2026-01-08T09:00:00Z");
        (ask.pace.daily_cap, ask.calendar) = (cap, calendar("Europe/London", window));
        let caps = pace::Caps::of(&ask);
        assert_eq!(caps.spacing(caps.on(day("2026-01-08"))), secs, "{cap} in {window}");
    }
}

#[test]
fn breakers_trip_at_their_limits() {
    let cases = [
        ((49, 49, 9), None),
        ((50, 1, 1), None),
        ((50, 2, 0), Some(Breaker::Bounces)),
        ((1000, 39, 0), None),
        ((1000, 40, 0), Some(Breaker::Bounces)),
        ((50, 0, 2), Some(Breaker::Complaints)),
        ((666, 0, 2), Some(Breaker::Complaints)),
        ((667, 0, 2), None),
        ((1000, 0, 3), Some(Breaker::Complaints)),
        ((1001, 0, 3), None),
    ];
    for ((sent, bounced, complained), expect) in cases {
        let standing = Standing { sent, bounced, complained };
        assert_eq!(standing.breaker(), expect, "{standing:?}");
    }
    let mut ask = ask("2026-01-08T09:00:00Z");
    ask.standing = Standing { sent: 100, bounced: 5, complained: 0 };
    let plan = booked(&ask, &mut Agenda::default());
    assert!(matches!(plan, Plan::Held { by: Breaker::Bounces, .. }), "{plan:?}");
    assert_eq!(told(&plan), ["5 of 100 mails in 7 days came back; nothing is sent until a person looks"]);
    assert!(matches!(when(&ask, None), Plan::Wait { .. }), "planning ahead goes on");
}

#[test]
fn what_cannot_be_is_held_and_never_panics() {
    let mut ask = ask("2026-01-08T09:00:00Z");
    ask.not_before = vec![NotBefore::Absence { back: Date::MAX }, NotBefore::Pause { until: Timestamp::MAX }];
    for plan in [when(&ask, None), booked(&ask, &mut Agenda::default())] {
        assert!(matches!(plan, Plan::Held { by: Breaker::NoDay, .. }), "{plan:?}");
    }
    ask.now = Timestamp::MAX;
    assert!(matches!(when(&ask, None), Plan::Held { .. }));
    assert!(matches!(booked(&ask, &mut Agenda::default()), Plan::Held { .. }));
    let mut ask = super::ask("2026-01-08T09:00:00Z");
    ask.pace.daily_cap = 0;
    let mut agenda = Agenda::default();
    for date in std::iter::successors(Some(day("2026-01-08")), |date| date.tomorrow().ok()).take(4000) {
        agenda.insert(AgendaDay::empty(date, &ask.calendar));
    }
    assert!(matches!(when(&ask, Some(&agenda)), Plan::Held { by: Breaker::NoDay, .. }));
}

#[test]
fn a_ruling_about_a_lead_that_opened_mails_is_read_again() {
    let mut ask = ask("2026-01-12T09:00:00Z");
    [(15, 3), (8, 1)].into_iter().for_each(|(hour, count)| {
        (0..count)
            .for_each(|_| ask.opens.note(at(&format!("2026-01-09T{hour:02}:00:00Z")), &Zone::parse("UTC").unwrap()));
    });
    let plan = Box::new(when(&ask, None));
    let ruling = crate::Ruling::Timed { ask: Box::new(ask), agenda: None, plan };
    let stored = serde_json::to_value(&ruling).unwrap();
    assert_eq!(stored["ask"]["opens"], serde_json::json!({ "15": 3, "8": 1 }));
    assert_eq!(serde_json::from_value::<crate::Ruling>(stored).unwrap(), ruling);
}
