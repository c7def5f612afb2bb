//! One day of a lead: may a mail leave on it, and from when to when?
//!
//! The window is turned into instants once for each day, so that a clock change cannot open it twice: a time that the
//! clock shows twice counts once, the first time; a time that it skips begins when the clock moves on.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::{Ask, Reason, plus};
use crate::calendar::{Calendar, SendWindow};
use crate::place::{Country, Holidays, Zone};

/// The rules that hold for one lead.
pub(super) struct Rules<'a> {
    pub(super) zone: &'a Zone,
    calendar: &'a Calendar,
    country: Option<(Country, Holidays)>,
}

impl<'a> Rules<'a> {
    /// The lead's zone and country, the assistant's where they are unknown.
    pub(super) fn of_lead(ask: &'a Ask) -> Self {
        let lead = &ask.whereabouts;
        let country = match lead.country {
            Some(country) => Some((country, Holidays::of(country, lead.subdivision.as_ref()))),
            None => ask.holiday_country.map(|country| (country, Holidays::of(country, None))),
        };
        Self { zone: lead.zone.as_ref().unwrap_or(ask.calendar.zone()), calendar: &ask.calendar, country }
    }

    /// The assistant's own, by which its sending days are counted.
    pub(super) fn of_assistant(ask: &'a Ask) -> Self {
        let country = ask.holiday_country.map(|country| (country, Holidays::of(country, None)));
        Self { zone: ask.calendar.zone(), calendar: &ask.calendar, country }
    }

    /// The day's opening, or why it has none.
    pub(super) fn opening(&self, date: Date) -> Result<Opening, Reason> {
        self.working(date)?;
        let opening = Opening::of(self.zone.zone(), self.calendar.window(), date);
        if opening.is_empty() { Err(Reason::ClockChange { date }) } else { Ok(opening) }
    }

    /// Is it a day to send on, whatever the hour?
    pub(super) fn working(&self, date: Date) -> Result<(), Reason> {
        let weekday = date.weekday();
        match &self.country {
            // The default off days are a weekend, and a weekend is what the country has.
            Some((country, _)) if self.calendar.has_default_off_days() => {
                if country.rests_on(weekday) {
                    return Err(Reason::Weekend { date, country: *country });
                }
            }
            Some(_) | None => {
                if self.calendar.is_off(weekday) {
                    return Err(Reason::OffDay { date });
                }
            }
        }
        match &self.country {
            Some((country, holidays)) => match holidays.on(date) {
                Some(name) => Err(Reason::Holiday { date, name: name.to_owned(), country: *country }),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    pub(super) fn date(&self, at: Timestamp) -> Date {
        self.zone.date(at)
    }

    pub(super) fn closed(&self, at: Timestamp) -> Reason {
        let window = self.calendar.window();
        Reason::WindowClosed {
            zone: self.zone.clone(),
            time: self.zone.zone().to_datetime(at).time(),
            opens: window.from(),
            closes: window.to(),
        }
    }
}

/// The instants of one day at which mails may leave: one stretch, or two where the clock is put back over the window's
/// start. Ends are exclusive.
pub(super) struct Opening {
    stretches: [(Timestamp, Timestamp); 2],
}

impl Opening {
    fn of(zone: &TimeZone, window: SendWindow, date: Date) -> Self {
        let opens = Edge::of(zone, date.to_datetime(window.from()));
        let closes = Edge::of(zone, date.to_datetime(window.to())).first();
        let none = (closes, closes);
        let stretches = match opens {
            Edge::At(at) => [(at, closes), none],
            // What the clock shows after it was put back, and before the window's start comes a second time, is too early.
            Edge::Twice { first, put_back, second } => [(first, closes.min(put_back)), (second, closes)],
        };
        Self { stretches: stretches.map(|(from, to)| if from < to { (from, to) } else { none }) }
    }

    /// The stretches that have any length, in order.
    pub(super) fn stretches(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        self.stretches.into_iter().filter(|(from, to)| from < to)
    }

    fn is_empty(&self) -> bool {
        self.stretches().next().is_none()
    }

    pub(super) fn contains(&self, at: Timestamp) -> bool {
        self.stretches().any(|(from, to)| from <= at && at < to)
    }

    /// The first open instant that is not before `at`.
    pub(super) fn first_from(&self, at: Timestamp) -> Option<Timestamp> {
        self.stretches().find(|(_, to)| at < *to).map(|(from, _)| from.max(at))
    }

    /// Open seconds of the day.
    pub(super) fn secs(&self) -> u64 {
        self.stretches().map(|(from, to)| secs_between(from, to)).sum()
    }

    /// The instant after so many open seconds, which must be fewer than [`Self::secs`].
    pub(super) fn after(&self, mut secs: u64) -> Option<Timestamp> {
        for (from, to) in self.stretches() {
            let length = secs_between(from, to);
            if secs < length {
                return Some(plus(from, u32::try_from(secs).ok()?));
            }
            secs -= length;
        }
        None
    }

    /// The first instant of an hour of the day, if the window has any of it.
    pub(super) fn hour(&self, zone: &TimeZone, date: Date, hour: u8) -> Option<Timestamp> {
        let edge = |hour: i8| Some(Edge::of(zone, date.to_datetime(Time::new(hour, 0, 0, 0).ok()?)).first());
        let hour = i8::try_from(hour).ok()?;
        let (from, to) = (edge(hour)?, edge(hour + 1).unwrap_or(Timestamp::MAX));
        self.first_from(from).filter(|at| *at < to)
    }
}

fn secs_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0)
}

/// When the clock shows a time.
enum Edge {
    /// Once; or never, and this is when the clock moves past it.
    At(Timestamp),
    /// Twice.
    Twice { first: Timestamp, put_back: Timestamp, second: Timestamp },
}

impl Edge {
    fn of(zone: &TimeZone, shown: DateTime) -> Self {
        let at = |offset: jiff::tz::Offset| offset.to_timestamp(shown).unwrap_or(Timestamp::MAX);
        match zone.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => Self::At(at(offset)),
            AmbiguousOffset::Gap { before, .. } => {
                // With the offset before it, a skipped time is an instant after the change.
                let after = plus(at(before), 1);
                Self::At(zone.preceding(after).next().map_or(after, |change| change.timestamp()))
            }
            AmbiguousOffset::Fold { before, after } => {
                let first = at(before);
                let put_back = zone.following(first).next().map_or(first, |change| change.timestamp());
                Self::Twice { first, put_back, second: at(after) }
            }
        }
    }

    fn first(&self) -> Timestamp {
        match self {
            Self::At(at) => *at,
            Self::Twice { first, .. } => *first,
        }
    }
}
