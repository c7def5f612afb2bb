//! Answers questions about sending times, one JSON question a line, one JSON answer a line: for programs that compare this
//! calendar with another (`tests/calendar/compare.py`).
//!
//! Instants are seconds since 1970, dates `2026-05-03`.

use std::io::{BufRead, Write};

use domain::when::{Agenda, AgendaDay, Ask, NotBefore, Opens, Pace, Plan, Standing, when};
use domain::{Calendar, Country, Holidays, SendWindow, Subdivision, Whereabouts, Zone};
use jiff::Timestamp;
use jiff::civil::{Date, Weekday, date};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
enum Question {
    /// May a mail leave at each of these instants, and if not, when is the first after it?
    Next { place: Place, at: Vec<i64> },
    /// On which instant is a mail planned that has to wait for each of these days?
    Day { place: Place, days: Vec<Date> },
    /// When do the mails of a schedule with these gaps leave, the first at or after `start`?
    Walk { place: Place, start: i64, gaps: Vec<u16>, spread: u64 },
    /// All public holidays and weekend days (from Monday, 0) of a country or a part of it.
    Holidays { country: Country, part: Option<String> },
    /// The zone of a country or a part of it.
    Zone { country: String, state: String },
    /// All zones that are known.
    Zones,
}

#[derive(Deserialize)]
struct Place {
    zone: Zone,
    country: Option<Country>,
    window: String,
    off_days: Vec<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Instants(Vec<i64>),
    Holidays { days: Vec<(Date, &'static str)>, weekend: Vec<i8> },
    Zone(Option<Zone>),
    Zones(Vec<String>),
}

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let answer = answer(serde_json::from_str(&line?)?)?;
        serde_json::to_writer(&mut out, &answer)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

fn answer(question: Question) -> Result<Answer, Failure> {
    Ok(match question {
        Question::Next { place, at } => {
            let ask = place.ask()?;
            let next = |at: i64| booked(&Ask { now: Timestamp::from_second(at)?, ..ask.clone() });
            Answer::Instants(at.into_iter().map(|at| Ok(next(at)?.as_second())).collect::<Result<_, Failure>>()?)
        }
        Question::Day { place, days } => {
            let ask = place.ask()?;
            let planned = |day: Date| planned(&ask.clone().after(NotBefore::Day { date: day }));
            Answer::Instants(days.into_iter().map(|day| Ok(planned(day)?.as_second())).collect::<Result<_, Failure>>()?)
        }
        Question::Walk { place, start, gaps, spread } => {
            let mut ask = Ask { now: Timestamp::from_second(start)?, spread, ..place.ask()? };
            let mut left = vec![];
            for days in gaps {
                ask.not_before = vec![NotBefore::Gap { since: ask.now, days }];
                // Planned when the last one left, booked when it is due, sent in its slot.
                ask.now = planned(&ask)?;
                ask.now = booked(&ask)?;
                left.push(ask.now.as_second());
            }
            Answer::Instants(left)
        }
        Question::Holidays { country, part } => {
            let part = part.map(|part| Subdivision::parse(country, &part)).transpose()?;
            let holidays = Holidays::of(country, part.as_ref());
            let all = date(2024, 1, 1).series(jiff::Span::new().days(1)).take_while(|day| day.year() < 2038);
            let days = all.filter_map(|day| Some((day, holidays.on(day)?))).collect();
            let week = Weekday::Monday.cycle_forward().take(7);
            let weekend = week.filter(|day| country.rests_on(*day)).map(Weekday::to_monday_zero_offset).collect();
            Answer::Holidays { days, weekend }
        }
        Question::Zone { country, state } => Answer::Zone(Whereabouts::from_record(&country, &state).zone),
        Question::Zones => Answer::Zones(jiff::tz::db().available().map(|name| name.to_string()).collect()),
    })
}

impl Place {
    fn ask(self) -> Result<Ask, Failure> {
        Ok(Ask {
            now: Timestamp::UNIX_EPOCH,
            whereabouts: Whereabouts { zone: Some(self.zone), country: self.country, subdivision: None },
            opens: Opens::default(),
            spread: 0,
            not_before: vec![],
            booked: None,
            calendar: Calendar::new("UTC", SendWindow::parse(&self.window)?, &self.off_days)?,
            holiday_country: None,
            pace: Pace { daily_cap: 200, started_on: Some(date(2020, 1, 1)) },
            standing: Standing::default(),
        })
    }
}

fn planned(ask: &Ask) -> Result<Timestamp, Failure> {
    match when(ask, None) {
        Plan::Wait { until, .. } => Ok(until),
        other => Err(format!("not planned: {other:?}").into()),
    }
}

/// The first free slot of an assistant with nothing else to do.
fn booked(ask: &Ask) -> Result<Timestamp, Failure> {
    let mut agenda = Agenda::default();
    loop {
        match when(ask, Some(&agenda)) {
            Plan::SendNow { .. } => return Ok(ask.now),
            Plan::Wait { until, .. } => return Ok(until),
            Plan::NeedsDay { date } => agenda.insert(AgendaDay::empty(date, &ask.calendar)),
            held @ Plan::Held { .. } => return Err(format!("not booked: {held:?}").into()),
        }
    }
}
