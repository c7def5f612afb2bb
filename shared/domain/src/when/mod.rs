//! When does the next mail leave?
//!
//! One pure function, asked twice for each mail. When the previous mail left, [`when`] without an agenda *plans*: which
//! day, and where in the window. When that instant has come, [`when`] with the assistant's [`Agenda`] *books*: now, or the
//! first free slot. Every answer carries its [`Reason`]s, and an [`Ask`] with its [`Agenda`] can be stored and asked again.
//!
//! **Invariant:** no instant given lies outside of the send window of an allowed day in the lead's zone, before any of
//! [`Ask::not_before`], or, when booked, over the cap of its day or closer to another mail than the spacing.

mod agenda;
mod ask;
mod day;
mod engine;
mod evidence;
mod pace;
mod reason;
mod runs;

pub use agenda::{Agenda, AgendaDay};
pub use ask::{Ask, NotBefore, Opens};
pub use pace::{Breaker, Pace, Standing};
pub use reason::Reason;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What to do about a mail, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "plan", rename_all = "snake_case")]
pub enum Plan {
    /// It leaves now. Only with an agenda. Commit `booking` in the same transaction as the claim.
    SendNow {
        /// What the commit writes into the agenda.
        booking: Booking,
        /// Why now.
        reasons: Vec<Reason>,
    },
    /// It waits. With an agenda, the slot is the lead's once `booking` is committed, in the same transaction as the new
    /// due instant, which goes into [`Ask::booked`] when it has come.
    Wait {
        /// Until when.
        until: Timestamp,
        /// What the commit writes into the agenda, nothing when the slot that was booked is still to come. `None` without
        /// an agenda; so the lead has a slot exactly where this is `Some`.
        booking: Option<Booking>,
        /// Why then.
        reasons: Vec<Reason>,
    },
    /// Nothing is sent until a person looks, or until the figures are better. Only with an agenda.
    Held {
        /// Which limit.
        by: Breaker,
        /// When to ask again.
        until: Timestamp,
        /// What the breaker saw.
        reasons: Vec<Reason>,
    },
    /// Ask again with this day of the assistant's zone in the agenda. Only with an agenda.
    NeedsDay {
        /// Which day.
        date: Date,
    },
}

/// A change of the agenda: at most one slot freed, at most one taken. Both `None` for a lead that is in its slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// The day whose row changes, and the slot taken in it.
    pub take: Option<Slot>,
    /// A slot that was missed, and the day that has it. May be the same day. Days before today need not be written.
    pub free: Option<Slot>,
}

/// A booked instant, with the day of the assistant's zone it counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The day of the agenda.
    pub date: Date,
    /// When.
    pub at: Timestamp,
}

impl Plan {
    /// Why; empty only for [`Plan::NeedsDay`].
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::SendNow { reasons, .. } | Self::Wait { reasons, .. } | Self::Held { reasons, .. } => reasons,
            Self::NeedsDay { .. } => &[],
        }
    }
}

/// When the mail leaves. Without an agenda: [`Plan::Wait`] until the instant to ask again with one, which may be now (or
/// [`Breaker::NoDay`]). With an agenda: any of the four.
pub fn when(ask: &Ask, agenda: Option<&Agenda>) -> Plan {
    match agenda {
        None => engine::plan(ask),
        Some(agenda) => engine::book(ask, agenda),
    }
}

/// So many seconds later, or the end of time.
fn plus(at: Timestamp, secs: u32) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(secs.into())).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
