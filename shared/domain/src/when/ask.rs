//! What decides when a mail leaves.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::pace::Caps;
use super::{Pace, Standing};
use crate::assistant::Assistant;
use crate::calendar::Calendar;
use crate::place::{Country, Whereabouts, Zone};

/// Everything that decides, as values: stored with the answer, it gives the same answer again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Calendar time.
    pub now: Timestamp,
    /// Where the lead is.
    pub whereabouts: Whereabouts,
    /// When the lead opened mails so far.
    #[serde(default)]
    pub opens: Opens,
    /// Any number that differs from lead to lead and mail to mail, such as a hash.
    pub spread: u64,
    /// All that the mail has to wait for. Empty: nothing but the rules.
    #[serde(default)]
    pub not_before: Vec<NotBefore>,
    /// The slot that was booked for this mail, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booked: Option<Timestamp>,
    /// The assistant's zone, window and off days.
    pub calendar: Calendar,
    /// Whose public holidays count where the lead's country is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holiday_country: Option<Country>,
    /// How many mails a day.
    pub pace: Pace,
    /// How the assistant's mails of the last 7 days were received.
    #[serde(default)]
    pub standing: Standing,
}

impl Ask {
    /// The question for this assistant's lead, with nothing to wait for and nothing known of opens, bookings and standing.
    pub fn new(now: Timestamp, assistant: &Assistant, whereabouts: Whereabouts, spread: u64) -> Self {
        Self {
            now,
            whereabouts,
            opens: Opens::default(),
            spread,
            not_before: Vec::new(),
            booked: None,
            calendar: assistant.calendar.clone(),
            holiday_country: assistant.holiday_country,
            pace: Pace { daily_cap: assistant.daily_cap, started_on: assistant.started_on },
            standing: Standing::default(),
        }
    }

    /// The most mails that leave on a day of the assistant's zone, the ramp considered.
    pub fn caps(&self) -> impl Fn(Date) -> u32 + use<> {
        let caps = Caps::of(self);
        move |date| caps.on(date).mails
    }

    /// The same with one more thing to wait for.
    pub fn after(mut self, wait: NotBefore) -> Self {
        self.not_before.push(wait);
        self
    }
}

/// Something to wait for. Days are counted in the lead's zone, in the assistant's where that is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wait", rename_all = "snake_case")]
pub enum NotBefore {
    /// The schedule's gap: the first allowed day at least `days` after the day of `since`.
    Gap {
        /// When the previous mail left, or the record was taken on.
        since: Timestamp,
        /// The step's days.
        days: u16,
    },
    /// The lead said when it is back: the first allowed day after it.
    Absence {
        /// The day of the return.
        back: Date,
    },
    /// The lead is away and did not say until when.
    UndatedAbsence {
        /// When it said so.
        since: Timestamp,
        /// How long that holds the mail.
        days: u16,
    },
    /// Somebody paused the lead, the assistant or the org.
    Pause {
        /// Until when.
        until: Timestamp,
    },
    /// A system that the mail needs did not answer.
    Retry {
        /// When to try again.
        at: Timestamp,
    },
    /// This day was asked for, by the lead or by a person.
    Day {
        /// Which.
        date: Date,
    },
}

/// Opens before the most usual hour counts for anything.
const ENOUGH_OPENS: u16 = 3;

/// At which hours of its own day a lead opened mails: hour to count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, u16>")]
pub struct Opens(BTreeMap<u8, u16>);

/// Inside of a tagged ruling serde takes keys for texts, which they are in JSON, and finds no numbers in them.
impl TryFrom<BTreeMap<String, u16>> for Opens {
    type Error = std::num::ParseIntError;

    fn try_from(stored: BTreeMap<String, u16>) -> Result<Self, Self::Error> {
        stored.into_iter().map(|(hour, count)| Ok((hour.parse()?, count))).collect::<Result<_, _>>().map(Self)
    }
}

impl Opens {
    /// One more open.
    pub fn note(&mut self, at: Timestamp, zone: &Zone) {
        let hour = u8::try_from(zone.zone().to_datetime(at).hour()).unwrap_or(0);
        let count = self.0.entry(hour).or_default();
        *count = count.saturating_add(1);
    }

    /// The hour with the most opens, the earlier of equals, if it has at least three of them and a third of all.
    pub fn usual_hour(&self) -> Option<u8> {
        let (hour, count) = self.0.iter().rev().max_by_key(|(_, count)| **count)?;
        (*count >= ENOUGH_OPENS && u32::from(*count) * 3 >= self.total()).then_some(*hour)
    }

    /// All of them.
    pub fn total(&self) -> u32 {
        self.0.values().map(|count| u32::from(*count)).sum()
    }
}
