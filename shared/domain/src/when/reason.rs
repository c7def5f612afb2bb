//! Why a mail leaves when it does, in plain words.

use jiff::civil::{Date, DateTime, Time};
use serde::{Deserialize, Serialize};

use super::Breaker;
use crate::place::{Country, Zone};

/// One thing that decided. `Display` says it in plain words. Times are what clocks show in the zone that counts.
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
        /// Until when.
        until: DateTime,
    },
    /// A system did not answer.
    Retry {
        /// When to try again.
        at: DateTime,
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
        /// What it is called, in English.
        name: String,
        /// Where.
        country: Country,
    },
    /// A clock change leaves this day without a send window.
    ClockChange {
        /// Which day.
        date: Date,
    },
    /// The day of the assistant is full.
    CapReached {
        /// Which day of the assistant's zone.
        date: Date,
        /// How many mails it takes.
        cap: u32,
        /// Which sending day it is, from 1, while the assistant is new.
        ramp_day: Option<u32>,
    },
    /// Other mails take all of the window that is left.
    NoSlotLeft {
        /// Which day.
        date: Date,
    },
    /// More days than are worth naming were closed or full.
    LaterDays {
        /// How many.
        days: u32,
    },
    /// Other mails are too near.
    Spacing {
        /// Seconds between two mails.
        secs: u32,
    },
    /// The hour at which the lead usually opens mails.
    UsualHour {
        /// 0 to 23.
        hour: u8,
    },
    /// Mails are spread over the window.
    Spread,
    /// The window is open, the cap not reached and no other mail near.
    Free,
    /// The booked slot has come.
    SlotReached {
        /// When it was.
        slot: DateTime,
    },
    /// The booked slot is to come and still fits.
    SlotAhead {
        /// When it is.
        slot: DateTime,
    },
    /// The booked slot was missed or no longer fits; the mail is planned anew.
    SlotLost {
        /// When it was.
        slot: DateTime,
    },
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
        match self {
            Self::LeadZone { zone } => write!(f, "the lead's time zone is {zone}"),
            Self::AssistantZone { zone } => write!(f, "the lead's time zone is unknown; the assistant's is {zone}"),
            Self::Gap { days: 1, since } => write!(f, "1 day after {}", Day(*since)),
            Self::Gap { days, since } => write!(f, "{days} days after {}", Day(*since)),
            Self::Absence { back } => write!(f, "the lead is back on {}", Day(*back)),
            Self::UndatedAbsence { days } => write!(f, "the lead is away and did not say until when; {days} days"),
            Self::Pause { until } => write!(f, "paused until {}", Clock(*until)),
            Self::Retry { at } => write!(f, "tried again at {}", Clock(*at)),
            Self::DayAsked { date } => write!(f, "asked for on {}", Day(*date)),
            Self::WindowClosed { zone, time, opens, .. } if time < opens => {
                write!(f, "in {} it is {}; the window opens at {}", zone.city(), Minute(*time), Minute(*opens))
            }
            Self::WindowClosed { zone, time, closes, .. } => {
                write!(f, "in {} it is {}; the window closes at {}", zone.city(), Minute(*time), Minute(*closes))
            }
            Self::OffDay { date } => write!(f, "{} is a {}, an off day", Day(*date), date.strftime("%A")),
            Self::Weekend { date, country } => {
                write!(f, "{} is a {}, weekend in {country}", Day(*date), date.strftime("%A"))
            }
            Self::Holiday { date, name, country } => write!(f, "{} is {name} in {country}", Day(*date)),
            Self::ClockChange { date } => write!(f, "the clock change of {} skips the send window", Day(*date)),
            Self::CapReached { date, cap, ramp_day: Some(day) } => {
                write!(f, "the cap of {cap} for sending day {day} is reached on {}", Day(*date))
            }
            Self::CapReached { date, cap, ramp_day: None } => {
                write!(f, "the cap of {cap} a day is reached on {}", Day(*date))
            }
            Self::NoSlotLeft { date } => write!(f, "other mails take the rest of the window on {}", Day(*date)),
            Self::LaterDays { days: 1 } => write!(f, "1 more day is closed or full"),
            Self::LaterDays { days } => write!(f, "{days} more days are closed or full"),
            Self::Spacing { secs } if secs % 60 == 0 => write!(f, "{} min between mails", secs / 60),
            Self::Spacing { secs } => write!(f, "{} min {} s between mails", secs / 60, secs % 60),
            Self::UsualHour { hour } => write!(f, "the lead usually opens mails at {hour:02}:00"),
            Self::Spread => write!(f, "mails are spread over the window"),
            Self::Free => write!(f, "the window is open and no other mail is near"),
            Self::SlotReached { slot } => write!(f, "its slot at {} has come", Clock(*slot)),
            Self::SlotAhead { slot } => write!(f, "its slot is at {}", Clock(*slot)),
            Self::SlotLost { slot } => write!(f, "its slot at {} is lost; planned anew", Clock(*slot)),
            Self::Held { by: Breaker::Bounces, sent, bad } => {
                write!(f, "{bad} of {sent} mails in 7 days came back; nothing is sent until a person looks")
            }
            Self::Held { by: Breaker::Complaints, sent, bad } => {
                write!(f, "{bad} of {sent} mails in 7 days were called abuse; nothing is sent until a person looks")
            }
            Self::Held { by: Breaker::NoDay, .. } => write!(f, "no day within ten years is open and free"),
        }
    }
}

/// `3 May 2026`.
struct Day(Date);

impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.strftime("%-d %b %Y"))
    }
}

/// `02:10`.
struct Minute(Time);

impl std::fmt::Display for Minute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.strftime("%H:%M"))
    }
}

/// `02:10 on 3 May 2026`.
struct Clock(DateTime);

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", Minute(self.0.time()), Day(self.0.date()))
    }
}
