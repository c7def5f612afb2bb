//! How many mails a day, and when to stop: cap, ramp, spacing, breakers.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Ask;
use super::day::Rules;
use crate::calendar::SendWindow;

/// What a new assistant sends on its first day: as many as a busy person writes by hand. Mail providers ask new senders to
/// "increase slowly" and name no figure; from twenty, with half more each day, 200 a day are reached on the seventh.
const FIRST_DAY: u32 = 20;
/// Two slots of one assistant are never closer than this. The largest cap there is, 2,000 mails in eight hours, needs 14 s.
const LEAST_SPACING: u32 = 10;
/// And never kept farther apart than this, however few it allows: a queue that starts late is still worked off.
const MOST_SPACING: u32 = 15 * 60;
/// Below this, one unlucky mail would look like a trend.
const ENOUGH_SENT: u32 = 50;

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

impl std::iter::Sum for Standing {
    fn sum<I: Iterator<Item = Self>>(days: I) -> Self {
        days.fold(Self::default(), |sum, day| Self {
            sent: sum.sent.saturating_add(day.sent),
            bounced: sum.bounced.saturating_add(day.bounced),
            complained: sum.complained.saturating_add(day.complained),
        })
    }
}

/// A limit that stops an assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    /// Too many mails came back: 4 % of at least 50. Providers block senders above 5 %; Amazon SES reviews them there.
    Bounces,
    /// Too many receivers complained: 0.3 % of at least 50, the limit of Google's and Yahoo's rules for senders, and at
    /// least two of them, for one complaint in fifty is one person's mood.
    Complaints,
    /// No day within years is allowed and free.
    NoDay,
}

impl Standing {
    /// The limit that is crossed, if one is.
    pub fn breaker(&self) -> Option<Breaker> {
        let share = |bad: u32| u64::from(bad) * 1000 / u64::from(self.sent.max(1));
        if self.sent < ENOUGH_SENT {
            None
        } else if share(self.bounced) >= 40 {
            Some(Breaker::Bounces)
        } else if self.complained >= 2 && share(self.complained) >= 3 {
            Some(Breaker::Complaints)
        } else {
            None
        }
    }
}

/// The caps of an assistant's days.
pub(super) struct Caps {
    cap: u32,
    window: SendWindow,
    /// The first sending days with what they take, ascending, up to the first that takes the cap.
    ramp: Vec<(Date, u32)>,
}

/// The cap of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cap {
    pub(super) mails: u32,
    /// Which sending day it is, while the cap is below the assistant's own.
    pub(super) ramp_day: Option<u32>,
}

impl Caps {
    pub(super) fn of(ask: &Ask) -> Self {
        let rules = Rules::of_assistant(ask);
        let mut day = ask.pace.started_on.unwrap_or_else(|| rules.date(ask.now));
        let (mut ramp, mut mails) = (Vec::new(), FIRST_DAY);
        // Far more days than any ramp has, so that a calendar without sending days ends the loop too.
        for _ in 0..200 {
            if rules.working(day).is_ok() {
                ramp.push((day, mails));
                if mails >= ask.pace.daily_cap {
                    break;
                }
                mails += mails / 2;
            }
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
        Self { cap: ask.pace.daily_cap, window: ask.calendar.window(), ramp }
    }

    /// The cap of a day of the assistant's zone: twenty on its first sending day, half more on each that follows.
    pub(super) fn on(&self, date: Date) -> Cap {
        let day = self.ramp.partition_point(|(start, _)| *start <= date).max(1);
        match self.ramp.get(day - 1) {
            Some((_, mails)) if *mails < self.cap => Cap { mails: *mails, ramp_day: u32::try_from(day).ok() },
            Some(_) | None => Cap { mails: self.cap, ramp_day: None },
        }
    }

    /// Seconds between two mails on a day with this cap: the window shared out, within limits.
    pub(super) fn spacing(&self, cap: Cap) -> u32 {
        let share = self.window.length_secs() / u64::from(cap.mails.max(1));
        u32::try_from(share).unwrap_or(MOST_SPACING).clamp(LEAST_SPACING, MOST_SPACING)
    }
}
