//! What an assistant has booked, day by day of its own zone.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Booking, Standing};
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

    /// The first instant from `at` on that is at least `spacing` seconds from every slot taken, not counting `lost`; or, if
    /// that is not before `until`, one that is not before it either.
    pub(super) fn clear_from(
        &self,
        at: Timestamp,
        spacing: u32,
        lost: Option<Timestamp>,
        until: Timestamp,
    ) -> Timestamp {
        let lost = lost.and_then(|lost| self.second(lost)).map(i64::from);
        let second = |at: Timestamp| at.duration_since(self.start).as_secs();
        let (from, until, spacing) = (second(at), second(until), i64::from(spacing));
        let mut clear = from;
        let first = self.booked.partition_point(|taken| i64::from(*taken) <= from - spacing);
        for taken in self.booked[first..].iter().map(|taken| i64::from(*taken)).filter(|taken| Some(*taken) != lost) {
            if taken >= clear + spacing || clear >= until {
                break;
            }
            clear = taken + spacing;
        }
        if clear == from {
            return at;
        }
        self.start.checked_add(SignedDuration::from_secs(clear)).unwrap_or(Timestamp::MAX)
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
