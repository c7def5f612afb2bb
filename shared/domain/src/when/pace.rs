//! How many mails a day, and when to stop: cap, ramp, spacing, breakers.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// How many mails an assistant sends a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// The most on one day of the assistant's zone.
    pub daily_cap: u32,
    /// The day of its first mail; `None` before it, when today would be that day. Counts the ramp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_on: Option<Date>,
}

/// How an assistant's mails of the last 7 days were received. Days before a person said "go on" are not counted in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Mails that left.
    pub sent: u32,
    /// Of these, came back for good.
    pub bounced: u32,
    /// Of these, were called abuse.
    pub complained: u32,
}

/// A limit that stops an assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    /// Too many mails came back.
    Bounces,
    /// Too many receivers complained.
    Complaints,
    /// No day within years is allowed and free.
    NoDay,
}

impl Standing {
    /// The limit that is crossed, if one is.
    pub fn breaker(&self) -> Option<Breaker> {
        None
    }
}
