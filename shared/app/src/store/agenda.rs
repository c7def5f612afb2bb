//! An assistant's agenda: which instants are booked, and how its mails were received.
//!
//! **Invariant:** a day is written only at the version it was read at, in the commit that books or counts; two ticks that
//! book the same slot cannot both succeed.

use std::collections::BTreeMap;

use domain::when::{Agenda, AgendaDay, Booking};
use domain::{Assistant, AssistantId, OrgId};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::{Result, Store, expect, keys, row};
use crate::ports::{Row, Write};

/// Days after which a day no longer matters: breakers look back a week.
const KEPT_DAYS: i64 = 10;

/// All days of an assistant that have a row, and the versions they were read at.
#[derive(Debug, Clone)]
pub struct StoredAgenda {
    org: OrgId,
    assistant: AssistantId,
    /// The days. Those without a row are put in when they are asked for.
    pub agenda: Agenda,
    versions: BTreeMap<Date, u64>,
}

/// A day as it will be, and the version it must still have.
#[derive(Debug, Clone)]
pub struct ChangedDay {
    day: AgendaDay,
    version: Option<u64>,
}

/// What is counted on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// A mail left.
    Sent,
    /// A mail came back for good.
    Bounced,
    /// A receiver called a mail abuse.
    Complained,
}

impl Store {
    /// The assistant's agenda.
    pub async fn agenda(&self, org: &OrgId, assistant: &AssistantId) -> Result<StoredAgenda> {
        let days = self.read_all::<AgendaDay>(&keys::agenda_partition(org, assistant), "").await?;
        let mut found = StoredAgenda {
            org: org.clone(),
            assistant: assistant.clone(),
            agenda: Agenda::default(),
            versions: BTreeMap::new(),
        };
        for stored in days {
            found.versions.insert(stored.value.date(), stored.version);
            found.agenda.insert(stored.value);
        }
        Ok(found)
    }
}

impl StoredAgenda {
    /// The days that `booking` and `counted` change, as they will be.
    pub fn change(
        &self,
        assistant: &Assistant,
        booking: &Booking,
        counted: Option<(Date, Counted)>,
    ) -> Vec<ChangedDay> {
        let calendar = &assistant.calendar;
        let mut days: BTreeMap<Date, AgendaDay> = BTreeMap::new();
        let dates = booking.free.iter().chain(&booking.take).map(|slot| slot.date);
        for date in dates.chain(counted.map(|(date, _)| date)) {
            let day = self.agenda.day(date).cloned().unwrap_or_else(|| AgendaDay::empty(date, calendar));
            days.insert(date, day);
        }
        for (slot, taken) in [(booking.free, false), (booking.take, true)] {
            if let Some(slot) = slot
                && let Some(day) = days.get_mut(&slot.date)
            {
                if taken { day.book(slot.at) } else { day.free(slot.at) }
            }
        }
        if let Some((date, counted)) = counted
            && let Some(day) = days.get_mut(&date)
        {
            let standing = day.standing_mut();
            match counted {
                Counted::Sent => standing.sent += 1,
                Counted::Bounced => standing.bounced += 1,
                Counted::Complained => standing.complained += 1,
            }
        }
        let versioned = |(date, day)| ChangedDay { day, version: self.versions.get(&date).copied() };
        days.into_iter().map(versioned).collect()
    }

    /// Remembers days that were committed.
    pub fn committed(&mut self, days: Vec<ChangedDay>) {
        for ChangedDay { day, version } in days {
            self.versions.insert(day.date(), version.unwrap_or(0) + 1);
            self.agenda.insert(day);
        }
    }

    /// The writes that make `days` so.
    pub(super) fn writes(&self, days: &[ChangedDay]) -> Result<Vec<Write>> {
        let write = |ChangedDay { day, version }: &ChangedDay| {
            let key = keys::agenda(&self.org, &self.assistant, day.date());
            let over = day.date().to_zoned(jiff::tz::TimeZone::UTC).map_or(Timestamp::MAX, |start| start.timestamp());
            let expires = over.checked_add(SignedDuration::from_hours(24 * KEPT_DAYS)).unwrap_or(Timestamp::MAX);
            let row = Row { expires: Some(expires), ..row(key, day, *version)? };
            Ok(Write::Put { row, expect: expect(*version) })
        };
        days.iter().map(write).collect()
    }
}
