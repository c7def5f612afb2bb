//! Why a mail leaves when it does, in plain words.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use super::Breaker;
use crate::place::{Country, Zone};

/// One thing that decided. `Display` says it in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// Whose clock counts: the lead's.
    LeadZone {
        /// Which.
        zone: Zone,
    },
    /// The lead's zone is unknown; the assistant's counts.
    AssistantZone {
        /// Which.
        zone: Zone,
    },
    /// The schedule's gap.
    Gap {
        /// Days.
        days: u16,
        /// The day of the previous mail.
        since: Date,
    },
    /// The lead said when it is back.
    Absence {
        /// The day of the return.
        back: Date,
    },
    /// The lead is away and did not say until when.
    UndatedAbsence {
        /// How long that holds the mail.
        days: u16,
    },
    /// Paused.
    Pause {
        /// Until when, in the zone that counts.
        until: Timestamp,
    },
    /// A system did not answer.
    Retry {
        /// When to try again.
        at: Timestamp,
    },
    /// This day was asked for.
    DayAsked {
        /// Which.
        date: Date,
    },
    /// It is too early or too late in the day.
    WindowClosed {
        /// Whose clock.
        zone: Zone,
        /// What it shows.
        time: Time,
        /// When the window opens.
        opens: Time,
        /// When the window closes.
        closes: Time,
    },
    /// An off day of the assistant, on the lead's calendar.
    OffDay {
        /// Which day.
        date: Date,
    },
    /// A weekend day of the country.
    Weekend {
        /// Which day.
        date: Date,
        /// Where.
        country: Country,
    },
    /// A public holiday.
    Holiday {
        /// Which day.
        date: Date,
        /// What it is called there, in English where the source has it.
        name: String,
        /// Where.
        country: Country,
    },
    /// The day of the assistant is full.
    CapReached {
        /// Which day of the assistant's zone.
        date: Date,
        /// How many mails it takes.
        cap: u32,
        /// The how manieth sending day it is, while the assistant is new.
        ramp_day: Option<u32>,
    },
    /// Another mail is too near.
    Spacing {
        /// Seconds between two mails.
        secs: u32,
    },
    /// The window closed before a slot was free.
    NoSlotLeft {
        /// Which day, in the zone that counts.
        date: Date,
    },
    /// The hour at which the lead usually opens mails.
    UsualHour {
        /// 0 to 23 in the zone that counts.
        hour: u8,
    },
    /// Mails are spread over the window.
    Spread,
    /// The clock change leaves this day without a send window.
    ClockChange {
        /// Which day.
        date: Date,
    },
    /// The booked slot has come.
    SlotReached {
        /// When it was.
        slot: Timestamp,
    },
    /// The booked slot was missed; the mail is planned anew.
    SlotMissed {
        /// When it was.
        slot: Timestamp,
    },
    /// The window is open, the cap not reached and no other mail near.
    Free,
    /// A limit was crossed.
    Held {
        /// Which.
        by: Breaker,
        /// Mails that left in 7 days.
        sent: u32,
        /// Of these, came back or were called abuse.
        bad: u32,
    },
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}
