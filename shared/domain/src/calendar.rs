//! When an assistant may send: its zone, its window, its off days. What follows from them is [`crate::when`]'s.
//!
//! **Invariant:** a calendar has a zone that is known, a window that is not empty, and at least one day to send on.

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
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
/// assert_eq!(calendar.display(friday_evening), "Fri 9 Jan 2026, 19:00 (Europe/Paris)");
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

    /// The civil date at `now` in this zone; daily caps are counted by it.
    pub fn date(&self, now: Timestamp) -> Date {
        self.zone.date(now)
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
    use super::*;

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
