//! When an assistant may send: its zone, its window, its off days.
//!
//! **Invariant:** every instant this module returns lies inside the window of a working day in the calendar's zone.

use jiff::civil::{Date, Time, Weekday};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::place::Zone;

/// A calendar that cannot work, with the field to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCalendar {
    /// Not in the IANA database.
    #[error("time zone {0:?} is unknown; use an IANA name such as Europe/Paris")]
    Zone(String),
    /// The window is empty or runs backwards.
    #[error("send window {from}-{to} is empty; the end must be after the start, such as 09:00-17:00")]
    Window {
        /// Start as given.
        from: String,
        /// End as given.
        to: String,
    },
    /// A time of day or weekday could not be read.
    #[error("{0:?} is neither a time such as 09:00 nor a weekday such as sat")]
    Unreadable(String),
    /// Nothing left to send on.
    #[error("off days cover the whole week; leave at least one day to send on")]
    NoWorkingDay,
}

/// Hours of the day in which mails may leave; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendWindow {
    from: Time,
    to: Time,
}

impl SendWindow {
    /// Reads `09:00-17:00`.
    pub fn parse(text: &str) -> Result<Self, InvalidCalendar> {
        let (from, to) = text.split_once('-').ok_or_else(|| InvalidCalendar::Unreadable(text.to_owned()))?;
        let time = |text: &str| -> Result<Time, InvalidCalendar> {
            text.trim().parse().map_err(|_| InvalidCalendar::Unreadable(text.to_owned()))
        };
        let (from, to) = (time(from)?, time(to)?);
        if from >= to {
            return Err(InvalidCalendar::Window { from: from.to_string(), to: to.to_string() });
        }
        Ok(Self { from, to })
    }

    /// When it opens.
    pub fn from(self) -> Time {
        self.from
    }

    /// When it closes.
    pub fn to(self) -> Time {
        self.to
    }

    pub(crate) fn length_secs(self) -> u64 {
        u64::try_from(self.to.duration_since(self.from).as_secs()).unwrap_or(0)
    }
}

impl std::fmt::Display for SendWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.from.strftime("%H:%M"), self.to.strftime("%H:%M"))
    }
}

/// An assistant's working hours.
///
/// ```
/// use domain::{Calendar, SendWindow};
/// let calendar = Calendar::new("Europe/Paris", SendWindow::parse("09:00-17:00")?, &["sat", "sun"])?;
/// let friday_evening = "2026-01-09T18:00:00Z".parse().unwrap();
/// let slot = calendar.soonest(friday_evening, 0);
/// assert_eq!(slot.to_string(), "2026-01-12T08:00:00Z"); // Monday, nine o'clock in Paris
/// # Ok::<_, domain::InvalidCalendar>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredCalendar", into = "StoredCalendar")]
pub struct Calendar {
    zone: Zone,
    window: SendWindow,
    off_days: Vec<Weekday>,
}

#[derive(Serialize, Deserialize)]
struct StoredCalendar {
    zone: String,
    window: String,
    off_days: Vec<String>,
}

impl TryFrom<StoredCalendar> for Calendar {
    type Error = InvalidCalendar;
    fn try_from(stored: StoredCalendar) -> Result<Self, InvalidCalendar> {
        Self::new(&stored.zone, SendWindow::parse(&stored.window)?, &stored.off_days)
    }
}

impl From<Calendar> for StoredCalendar {
    fn from(calendar: Calendar) -> Self {
        Self {
            zone: calendar.zone_name().to_owned(),
            window: calendar.window.to_string(),
            off_days: calendar.off_days.iter().map(|day| weekday_name(*day).to_owned()).collect(),
        }
    }
}

impl Calendar {
    /// Monday to Friday, nine to five, in `zone`.
    pub fn working_week(zone: &str) -> Result<Self, InvalidCalendar> {
        Self::new(zone, SendWindow::parse("09:00-17:00")?, &["sat", "sun"])
    }

    /// A calendar from its parts; `off_days` are English weekday names or their first three letters.
    pub fn new<S: AsRef<str>>(zone: &str, window: SendWindow, off_days: &[S]) -> Result<Self, InvalidCalendar> {
        let zone = Zone::parse(zone).map_err(|_| InvalidCalendar::Zone(zone.to_owned()))?;
        let mut days = Vec::new();
        for name in off_days {
            let day = parse_weekday(name.as_ref())?;
            if !days.contains(&day) {
                days.push(day);
            }
        }
        if days.len() == 7 { Err(InvalidCalendar::NoWorkingDay) } else { Ok(Self { zone, window, off_days: days }) }
    }

    /// The zone's IANA name.
    pub fn zone_name(&self) -> &str {
        self.zone.name()
    }

    /// The zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The hours in which mails may leave.
    pub fn window(&self) -> SendWindow {
        self.window
    }

    /// The weekdays on which nothing leaves, as three-letter names.
    pub fn off_days(&self) -> impl Iterator<Item = &'static str> {
        self.off_days.iter().map(|day| weekday_name(*day))
    }

    /// May a mail leave at `now`?
    pub fn is_open(&self, now: Timestamp) -> bool {
        let local = now.to_zoned(self.zone.zone().clone());
        self.works_on(local.date()) && self.window.from <= local.time() && local.time() < self.window.to
    }

    /// `now` when open, else an instant in the first quarter of the next window, `spread` deciding where.
    pub fn soonest(&self, now: Timestamp, spread: u64) -> Timestamp {
        if self.is_open(now) {
            return now;
        }
        let spread = spread % (self.window.length_secs() / 4).max(1);
        let local = now.to_zoned(self.zone.zone().clone());
        let first = if local.time() < self.window.from { local.date() } else { tomorrow(local.date()) };
        self.slot_on_or_after(first, spread)
    }

    /// An instant inside the window of the first working day at least `days` days after `since`.
    ///
    /// Days are calendar days in the calendar's zone; a result on an off day moves forward, never back.
    pub fn days_later(&self, since: Timestamp, days: u16, spread: u64) -> Timestamp {
        let date = since.to_zoned(self.zone.zone().clone()).date();
        let target = date.checked_add(Span::new().days(i64::from(days))).unwrap_or(Date::MAX);
        self.slot_on_or_after(target, spread)
    }

    /// An instant inside the window of the first working day on or after `date`.
    ///
    /// `spread`, any number such as a hash, picks the second, so that leads taken on together do not all get their mails
    /// in the same minute. The last quarter of the window stays free: a sender that comes late still finds it open,
    /// where a mail planned for the last second would be late every day and never leave. A local time that a clock
    /// change skips moves forward with the clock.
    pub fn slot_on_or_after(&self, date: Date, spread: u64) -> Timestamp {
        let mut day = date;
        while !self.works_on(day) {
            day = tomorrow(day);
        }
        let offset = spread % (self.window.length_secs() / 4 * 3).max(1);
        let within = self.window.from.wrapping_add(Span::new().seconds(i64::try_from(offset).unwrap_or(0)));
        let slot = self.at(day, within);
        // A skipped hour can push the slot past a short window: then the day has no such time, and the next one serves.
        if self.is_open(slot) || day == Date::MAX { slot } else { self.slot_on_or_after(tomorrow(day), spread) }
    }

    /// The civil date at `now` in this zone; daily caps are counted by it.
    pub fn date(&self, now: Timestamp) -> Date {
        now.to_zoned(self.zone.zone().clone()).date()
    }

    /// `now` as people in this zone read it, such as `Mon 12 Jan 2026, 09:00`.
    pub fn display(&self, now: Timestamp) -> String {
        now.to_zoned(self.zone.zone().clone()).strftime("%a %-d %b %Y, %H:%M (%Q)").to_string()
    }

    /// Is this weekday an off day?
    pub fn is_off(&self, day: Weekday) -> bool {
        self.off_days.contains(&day)
    }

    /// Are the off days those that nobody chose, Saturday and Sunday? Then a country's own weekend replaces them.
    pub fn has_default_off_days(&self) -> bool {
        self.off_days.len() == 2 && self.is_off(Weekday::Saturday) && self.is_off(Weekday::Sunday)
    }

    fn works_on(&self, date: Date) -> bool {
        !self.off_days.contains(&date.weekday())
    }

    fn at(&self, date: Date, time: Time) -> Timestamp {
        date.to_datetime(time).to_zoned(self.zone.zone().clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
    }
}

fn tomorrow(date: Date) -> Date {
    date.tomorrow().unwrap_or(Date::MAX)
}

const WEEK: [(Weekday, &str); 7] = [
    (Weekday::Monday, "monday"),
    (Weekday::Tuesday, "tuesday"),
    (Weekday::Wednesday, "wednesday"),
    (Weekday::Thursday, "thursday"),
    (Weekday::Friday, "friday"),
    (Weekday::Saturday, "saturday"),
    (Weekday::Sunday, "sunday"),
];

fn weekday_name(day: Weekday) -> &'static str {
    WEEK.iter().find(|(known, _)| *known == day).map_or("", |(_, name)| &name[..3])
}

fn parse_weekday(text: &str) -> Result<Weekday, InvalidCalendar> {
    let wanted = text.trim().to_ascii_lowercase();
    WEEK.iter()
        .find(|(_, name)| wanted.len() >= 3 && name.starts_with(&wanted))
        .map(|(day, _)| *day)
        .ok_or_else(|| InvalidCalendar::Unreadable(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZONES: [&str; 7] = [
        "UTC",
        "Europe/Paris",
        "America/New_York",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "America/St_Johns",
    ];

    proptest! {
        #[test]
        fn every_slot_is_inside_the_window_and_never_early(
            zone in prop::sample::select(&ZONES[..]), second in 1_700_000_000_i64..2_100_000_000, days in 0_u16..60,
            spread: u64, from in 0_i8..23, hours in 1_i8..8,
        ) {
            let to = (from + hours).min(23);
            prop_assume!(from < to);
            let window = SendWindow::parse(&format!("{from:02}:00-{to:02}:00")).unwrap();
            let calendar = Calendar::new(zone, window, &["sat", "sun"]).unwrap();
            let now = Timestamp::from_second(second).unwrap();

            let soonest = calendar.soonest(now, spread);
            prop_assert!(soonest >= now && calendar.is_open(soonest));
            let later = calendar.days_later(now, days, spread);
            prop_assert!(calendar.is_open(later));
            prop_assert!(calendar.date(later) >= calendar.date(now).checked_add(Span::new().days(i64::from(days))).unwrap());
            // Half an hour late in an eight-hour window, or as much less as the window is shorter: still the same day.
            let delay = jiff::SignedDuration::from_secs(i64::try_from(window.length_secs() / 16).unwrap());
            prop_assert!(calendar.is_open(later + delay), "a sender that comes a little late finds it closed");
        }
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        let window = SendWindow::parse("09:00-17:00").unwrap();
        assert_eq!(
            Calendar::new("Mars/Base", window, &["sat"]).unwrap_err().to_string(),
            "time zone \"Mars/Base\" is unknown; use an IANA name such as Europe/Paris"
        );
        assert!(matches!(SendWindow::parse("17:00-09:00"), Err(InvalidCalendar::Window { .. })));
        let week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        assert_eq!(Calendar::new("UTC", window, &week).unwrap_err(), InvalidCalendar::NoWorkingDay);
        assert_eq!(Calendar::new("UTC", window, &["so"]).unwrap_err(), InvalidCalendar::Unreadable("so".into()));
    }
}
