//! Many leads and one agenda.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

#[test]
fn a_slot_serves_its_lead_and_nobody_else() {
    let mut agenda = Agenda::default();
    let first = ask("2026-01-08T09:00:00Z");
    let Plan::SendNow { booking, .. } = booked(&first, &mut agenda) else { panic!("the window is open") };
    agenda.apply(&booking);
    let mut second = ask("2026-01-08T09:00:30Z");
    let plan = booked(&second, &mut agenda);
    assert_eq!(told(&plan).last().unwrap(), "2 min 24 s between mails");
    let Plan::Wait { until, booking: Some(booking), .. } = plan else { panic!("too near") };
    assert_eq!(until, at("2026-01-08T09:02:24Z"));
    agenda.apply(&booking);

    // Asked too early: its slot is still to come. In its slot, a little late: it goes, and books nothing more.
    second.booked = Some(until);
    let plan = booked(&second, &mut agenda);
    assert!(matches!(plan, Plan::Wait { until: at, booking: Some(booking), .. }
        if at == until && booking == Booking::default()));
    second.now = plus(until, 150);
    let plan = booked(&second, &mut agenda);
    assert!(matches!(plan, Plan::SendNow { booking, .. } if booking == Booking::default()), "{plan:?}");
    // Later than that, it has lost its slot and books another; the cap does not count the lost one.
    second.now = plus(until, 151);
    let Plan::SendNow { booking, reasons } = booked(&second, &mut agenda) else { panic!("nobody else is near") };
    assert_eq!(reasons[1].to_string(), "its slot at 09:02 on 8 Jan 2026 is lost; planned anew");
    assert_eq!(booking.free.map(|slot| slot.at), Some(until));
    agenda.apply(&booking);
    assert_eq!(agenda.day(day("2026-01-08")).unwrap().booked(), 2);
}

#[test]
fn a_lost_slot_does_not_count_against_its_own_lead() {
    let mut agenda = Agenda::default();
    let mut ask = ask("2026-01-08T09:00:00Z");
    ask.pace.daily_cap = 1;
    let Plan::SendNow { booking, .. } = booked(&ask, &mut agenda) else { panic!("the window is open") };
    agenda.apply(&booking);
    // The mail did not leave, and its only slot of the day is long over.
    let another = Ask { now: at("2026-01-08T12:00:00Z"), ..ask.clone() };
    assert_eq!(instant(&another, &booked(&another, &mut agenda)), at("2026-01-09T09:00:00Z"), "the day is full");
    let same = Ask { booked: Some(ask.now), ..another };
    let plan = booked(&same, &mut agenda);
    assert!(matches!(plan, Plan::SendNow { booking, .. } if booking.free.is_some()), "{plan:?}");
}

#[test]
fn rules_that_changed_take_a_slot_away() {
    let mut agenda = Agenda::default();
    let slot = at("2026-01-08T10:00:00Z");
    let later =
        Ask { booked: Some(slot), ..ask("2026-01-08T09:00:00Z") }.after(NotBefore::Pause { until: plus(slot, 60) });
    let plan = booked(&later, &mut agenda);
    assert!(
        matches!(&plan, Plan::Wait { until, booking: Some(booking), .. }
        if *until == plus(slot, 60) && booking.free.is_some_and(|free| free.at == slot)),
        "{plan:?}"
    );
    let mut off = Ask { booked: Some(slot), ..ask("2026-01-08T10:00:00Z") };
    off.calendar = Calendar::new("Europe/London", off.calendar.window(), &["thu"]).unwrap();
    let plan = booked(&off, &mut agenda);
    assert!(told(&plan).contains(&"8 Jan 2026 is a Thursday, an off day".to_owned()), "{:?}", told(&plan));
    assert_eq!(instant(&off, &plan), at("2026-01-09T09:00:00Z"));
}

#[test]
fn the_cap_fills_the_day_and_the_rest_goes_on_the_next() {
    let mut agenda = Agenda::default();
    let mut days = BTreeMap::<Date, u32>::new();
    let mut ask = ask("2026-01-08T09:00:00Z");
    ask.pace = Pace { daily_cap: 45, started_on: None };
    let mut last = None;
    for _ in 0..140 {
        let plan = booked(&ask, &mut agenda);
        let (Plan::SendNow { booking, .. } | Plan::Wait { booking: Some(booking), .. }) = &plan else {
            panic!("{plan:?}")
        };
        agenda.apply(booking);
        *days.entry(booking.take.unwrap().date).or_default() += 1;
        last = Some(plan);
    }
    let days: Vec<_> = days.into_iter().map(|(date, count)| (date.to_string(), count)).collect();
    let expect = [("2026-01-08", 20), ("2026-01-09", 30), ("2026-01-12", 45), ("2026-01-13", 45)];
    assert_eq!(days, expect.map(|(date, count)| (date.to_owned(), count)));
    let told = told(&last.unwrap());
    assert!(told.contains(&"the cap of 20 for sending day 1 is reached on 8 Jan 2026".to_owned()), "{told:#?}");
    assert!(told.contains(&"the cap of 45 a day is reached on 12 Jan 2026".to_owned()), "{told:#?}");
}

#[test]
fn many_days_are_counted_not_listed() {
    let mut agenda = Agenda::default();
    let mut ask = ask("2026-01-08T09:00:00Z");
    ask.pace.daily_cap = 1;
    for _ in 0..40 {
        let (Plan::SendNow { booking, .. } | Plan::Wait { booking: Some(booking), .. }) = booked(&ask, &mut agenda)
        else {
            panic!("a day is free")
        };
        agenda.apply(&booking);
    }
    let told = told(&booked(&ask, &mut agenda));
    assert_eq!(told.len(), 8, "{told:#?}");
    assert_eq!(told.last().unwrap(), "50 more days are closed or full");
}

const ZONES: [&str; 9] = [
    "",
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/St_Johns",
    "Asia/Riyadh",
];
const COUNTRIES: [&str; 7] = ["", "FR", "US", "IN", "SA", "JP", "DE"];

#[derive(Debug, Clone)]
struct Someone {
    zone: &'static str,
    country: &'static str,
    spread: u64,
    due_in: u32,
    asked_late: u32,
}

fn someone() -> impl Strategy<Value = Someone> {
    let place = (prop::sample::select(&ZONES[..]), prop::sample::select(&COUNTRIES[..]));
    // Most are due together, as after an outage; some are asked late, as by a tick that stood still.
    let due = prop_oneof![3 => Just(0_u32), 1 => 0..400_000_u32];
    let late = prop_oneof![4 => 0..120_u32, 1 => 0..200_000_u32];
    (place, any::<u64>(), due, late).prop_map(|((zone, country), spread, due_in, asked_late)| Someone {
        zone,
        country,
        spread,
        due_in,
        asked_late,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whoever is due, whenever asked: each gets one mail, inside the window of an allowed day of its own, with the cap
    /// and the spacing kept; and an ask that was stored gives the same answer again.
    #[test]
    fn everybody_gets_one_mail_and_no_rule_is_broken(
        people in prop::collection::vec(someone(), 1..60),
        start in 1_772_000_000_i64..2_100_000_000, assistant_zone in prop::sample::select(&ZONES[1..]),
        from in 0_i8..22, hours in 1_i8..9, cap in 1_u32..40, new: bool,
        off in prop::sample::subsequence(vec!["mon", "wed", "fri", "sat", "sun"], 0..4),
    ) {
        let to = (from + hours).min(23);
        let window = SendWindow::parse(&format!("{from:02}:00-{to:02}:30")).unwrap();
        let start = Timestamp::from_second(start).unwrap();
        let mut base = Ask { calendar: Calendar::new(assistant_zone, window, &off).unwrap(), ..ask("2026-01-01T00:00:00Z") };
        base.now = start;
        base.holiday_country = Country::parse("GB").ok();
        base.pace = Pace { daily_cap: cap, started_on: (!new).then(|| day("2020-01-01")) };
        let started_on = new.then(|| base.calendar.date(start));
        base.pace.started_on = base.pace.started_on.or(started_on);
        let caps = pace::Caps::of(&base);

        let mut agenda = Agenda::default();
        let mut queue: BTreeSet<(Timestamp, usize)> =
            people.iter().enumerate().map(|(number, who)| (plus(start, who.due_in), number)).collect();
        let mut booked_at = BTreeMap::<usize, Timestamp>::new();
        let mut sent = BTreeMap::<usize, Timestamp>::new();
        let mut slots = BTreeMap::<usize, Timestamp>::new();
        let mut clock = start;
        let mut asked = vec![0_u32; people.len()];
        while let Some((due, number)) = queue.pop_first() {
            let who = &people[number];
            asked[number] += 1;
            prop_assert!(asked[number] < 60, "lead {} starves", number);
            // Late the first two times; a tick that is always late would never meet a slot.
            let late = if asked[number] <= 2 { who.asked_late } else { 30 };
            clock = clock.max(plus(due, late));
            let ask = Ask {
                now: clock, whereabouts: lead(who.zone, who.country), spread: who.spread,
                booked: booked_at.get(&number).copied(), ..base.clone()
            }.after(NotBefore::Retry { at: due });
            let plan = booked(&ask, &mut agenda);
            if number % 8 == 0 {
                let stored = serde_json::to_string(&(&ask, &agenda)).unwrap();
                let (again, its_agenda): (Ask, Agenda) = serde_json::from_str(&stored).unwrap();
                prop_assert_eq!(&when(&again, Some(&its_agenda)), &plan, "replay differs");
            }
            match plan {
                Plan::SendNow { booking, .. } => {
                    agenda.apply(&booking);
                    prop_assert!(sent.insert(number, clock).is_none(), "twice");
                    let slot = booking.take.map_or_else(|| booked_at[&number], |slot| slot.at);
                    slots.insert(number, slot);
                }
                Plan::Wait { until, booking: Some(booking), .. } => {
                    prop_assert!(until > clock);
                    agenda.apply(&booking);
                    booked_at.insert(number, until);
                    queue.insert((until, number));
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
        prop_assert_eq!(sent.len(), people.len());

        let mut per_day = BTreeMap::<Date, u32>::new();
        for (number, sent) in &sent {
            let who = &people[*number];
            let zone = if who.zone.is_empty() { assistant_zone } else { who.zone };
            let local = sent.to_zoned(jiff::tz::TimeZone::get(zone).unwrap());
            let time = local.time();
            prop_assert!(window.from() <= time && time < window.to(), "{} at {}", number, local);
            let country = Country::parse(who.country).or(Country::parse("GB")).unwrap();
            let rests = if off == ["sat", "sun"] { country.rests_on(local.weekday()) } else { base.calendar.is_off(local.weekday()) };
            prop_assert!(!rests, "{} rests on {}", number, local);
            prop_assert_eq!(crate::place::Holidays::of(country, None).on(local.date()), None);
            prop_assert!(*sent >= plus(start, who.due_in));
            *per_day.entry(base.calendar.date(*sent)).or_default() += 1;
        }
        for (date, count) in &per_day {
            prop_assert!(*count <= caps.on(*date).mails, "{} on {}", count, date);
        }
        let mut slots: Vec<_> = slots.into_values().collect();
        slots.sort();
        for pair in slots.windows(2) {
            let least = caps.spacing(caps.on(base.calendar.date(pair[0]))).min(caps.spacing(caps.on(base.calendar.date(pair[1]))));
            prop_assert!(pair[1].duration_since(pair[0]).as_secs() >= i64::from(least), "{:?} within {} s", pair, least);
        }
    }

    /// A longer wait never makes a mail earlier, and a plan never is before what it waits for.
    #[test]
    fn plans_are_monotone(
        zone in prop::sample::select(&ZONES[..]), country in prop::sample::select(&COUNTRIES[..]),
        now in 1_772_000_000_i64..2_100_000_000, days in 0_u16..90, more in 1_u16..30, spread: u64,
    ) {
        let mut ask = Ask { whereabouts: lead(zone, country), spread, ..ask("2026-01-01T00:00:00Z") };
        ask.now = Timestamp::from_second(now).unwrap();
        let planned = |days| {
            let ask = ask.clone().after(NotBefore::Gap { since: ask.now, days });
            instant(&ask, &when(&ask, None))
        };
        let (soon, late) = (planned(days), planned(days + more));
        prop_assert!(ask.now <= soon && soon <= late, "{soon} {late}");
        let zone = ask.whereabouts.zone.as_ref().unwrap_or(ask.calendar.zone());
        let waited = zone.date(soon).since(zone.date(ask.now)).unwrap().get_days();
        prop_assert!(waited >= i32::from(days), "{waited} days instead of {days}");
    }
}
