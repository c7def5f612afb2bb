//! What an assistant has booked, day by day of its own zone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Booking, Standing, plus};
use crate::calendar::Calendar;

/// More seconds than any day has; no clock is put back by more than a day.
const LONGEST_DAY: u32 = 2 * 86_400;

/// One day of an assistant: the slots taken, and how the mails of the day were received. One row of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgendaDay {
    /// The day in the assistant's zone.
    date: Date,
    /// Its first instant.
    start: Timestamp,
    /// Slots as seconds after `start`, ascending.
    #[serde(with = "super::runs")]
    booked: Vec<u32>,
    /// Mails that left, came back for good, were called abuse.
    #[serde(default)]
    standing: Standing,
}

impl AgendaDay {
    /// A day with nothing in it.
    pub fn empty(date: Date, calendar: &Calendar) -> Self {
        let start = calendar.zone().start_of(date);
        Self { date, start, booked: Vec::new(), standing: Standing::default() }
    }

    /// The day in the assistant's zone.
    pub fn date(&self) -> Date {
        self.date
    }

    /// How many slots are taken; the cap counts them.
    pub fn booked(&self) -> u32 {
        u32::try_from(self.booked.len()).unwrap_or(u32::MAX)
    }

    /// What left on this day and how it was received.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// The same, to count up when a mail left, bounced or was called abuse.
    pub fn standing_mut(&mut self) -> &mut Standing {
        &mut self.standing
    }

    /// Takes a slot. A slot of another day is not taken.
    pub fn book(&mut self, at: Timestamp) {
        if let Some(second) = self.second(at) {
            let place = self.booked.partition_point(|taken| *taken <= second);
            self.booked.insert(place, second);
        }
    }

    /// Gives a slot back. Nothing happens if it was not taken.
    pub fn free(&mut self, at: Timestamp) {
        if let Some(place) = self.place(at) {
            self.booked.remove(place);
        }
    }

    /// Is this slot taken?
    pub fn has(&self, at: Timestamp) -> bool {
        self.place(at).is_some()
    }

    /// The latest slot that is taken less than `spacing` seconds before or after `at`, not counting `lost`.
    pub(super) fn latest_near(&self, at: Timestamp, spacing: u32, lost: Option<Timestamp>) -> Option<Timestamp> {
        let lost = lost.and_then(|lost| self.second(lost));
        let (at, spacing) = (at.duration_since(self.start).as_secs(), i64::from(spacing));
        let before = self.booked.partition_point(|taken| i64::from(*taken) < at + spacing);
        let mut near = self.booked[..before].iter().rev().take_while(|taken| i64::from(**taken) > at - spacing);
        near.find(|taken| Some(**taken) != lost).map(|taken| plus(self.start, *taken))
    }

    fn place(&self, at: Timestamp) -> Option<usize> {
        self.booked.binary_search(&self.second(at)?).ok()
    }

    fn second(&self, at: Timestamp) -> Option<u32> {
        u32::try_from(at.duration_since(self.start).as_secs()).ok().filter(|second| *second < LONGEST_DAY)
    }
}

/// The days of an assistant that were read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Agenda(BTreeMap<Date, AgendaDay>);

impl Agenda {
    /// Puts a day in, as it was read; [`AgendaDay::empty`] for a day without a row.
    pub fn insert(&mut self, day: AgendaDay) {
        self.0.insert(day.date, day);
    }

    /// The day, if it was read.
    pub fn day(&self, date: Date) -> Option<&AgendaDay> {
        self.0.get(&date)
    }

    /// All of them, by date.
    pub fn days(&self) -> impl Iterator<Item = &AgendaDay> {
        self.0.values()
    }

    /// Carries a booking out in the days that were read, so that the next lead of the same tick sees it.
    pub fn apply(&mut self, booking: &Booking) {
        if let Some(slot) = booking.free
            && let Some(day) = self.0.get_mut(&slot.date)
        {
            day.free(slot.at);
        }
        if let Some(slot) = booking.take
            && let Some(day) = self.0.get_mut(&slot.date)
        {
            day.book(slot.at);
        }
    }
}
