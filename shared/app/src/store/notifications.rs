//! Notifications of the CRM, recorded before they are answered, and looked at until that is done.

use std::collections::HashSet;

use domain::{Module, OrgId, RecordId, RecordRef};
use jiff::{SignedDuration, Timestamp};

use super::lead_commit::later;
use super::{Notification, Queue, Result, Store, Stored, TroubleWith, expect, keys, parse, row, row_any};
use crate::ports::{Expect, IndexEntry, Row, TableError, Write};

/// A notification that was looked at is kept so that a late repetition is recognised.
const KEPT_DAYS: i64 = 1;
/// One that was given up is kept for a person.
const GIVEN_UP_DAYS: i64 = 14;

/// The newest notification is remembered as exactly as that.
const HEARD: SignedDuration = SignedDuration::from_mins(1);

impl Store {
    /// Records a notification. Once this returns, a crash cannot lose it. `false`: it was recorded before.
    pub async fn record_notification(&self, org: &OrgId, name: &str, notification: &Notification) -> Result<bool> {
        let written = self.write_notification(org, name, notification, None).await;
        match written {
            Ok(()) => Ok(true),
            Err(TableError::Unexpected(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A notification by its name.
    pub async fn notification(&self, org: &OrgId, name: &str) -> Result<Option<Stored<Notification>>> {
        self.read(&keys::notification(org, name)).await
    }

    /// Remembers that a notification came in at that instant, real time; to the minute, to spare writes.
    pub async fn put_heard(&self, org: &OrgId, at: Timestamp) -> Result<()> {
        if self.heard(org).await?.is_some_and(|known| at.duration_since(known) < HEARD) {
            return Ok(());
        }
        let row = row_any(keys::heard(org), &at)?;
        self.table.commit(&[Write::Put { row, expect: Expect::Any }]).await
    }

    /// When the newest notification came in.
    pub async fn heard(&self, org: &OrgId) -> Result<Option<Timestamp>> {
        Ok(self.read(&keys::heard(org)).await?.map(|stored| stored.value))
    }

    /// Records that notifications have told of and that are still to be looked at, or could not be.
    pub async fn told(&self, org: &OrgId) -> Result<HashSet<RecordRef>> {
        let notifications = self.read_all::<Notification>(&keys::notification_partition(org), "").await?;
        let waiting = notifications.into_iter().map(|stored| stored.value);
        let waiting = waiting.filter(|notification| !notification.done || notification.trouble.is_some());
        let mut told: HashSet<_> = waiting
            .flat_map(|Notification { module, ids, looked_at, .. }| {
                ids.into_iter().skip(looked_at).map(move |id| RecordRef { module, id })
            })
            .collect();
        for trouble in self.troubles(org, keys::RECORDS).await? {
            if let TroubleWith::Record { record } = trouble.value.with {
                told.insert(record.record().clone());
            }
        }
        Ok(told)
    }

    /// Names of the org's notifications that are still to be looked at.
    pub async fn waiting_notifications(&self, org: &OrgId) -> Result<Vec<String>> {
        let (mut waiting, mut from) = (Vec::new(), None);
        loop {
            let page = self.table.query(&keys::notification_partition(org), "", from.as_deref(), 200).await?;
            for row in page.rows {
                if !parse::<Notification>(&row)?.done {
                    waiting.push(row.key.sort);
                }
            }
            match page.next {
                Some(next) => from = Some(next),
                None => return Ok(waiting),
            }
        }
    }

    /// Writes a notification: as due work until it is done, in the failure log while it fails.
    pub async fn write_notification(
        &self,
        org: &OrgId,
        name: &str,
        notification: &Notification,
        version: Option<u64>,
    ) -> Result<()> {
        let key = keys::notification(org, name);
        let due = notification.next_try();
        let work = due.map(|due| IndexEntry { queue: Queue::Notification.of(&key), due });
        let kept = if notification.trouble.is_some() { GIVEN_UP_DAYS } else { KEPT_DAYS };
        let expires = notification.done.then(|| later(notification.received_at, kept));
        let listing = notification.trouble.as_ref().map(|_| keys::in_trouble(org, notification.received_at));
        let row = Row { work, expires, listing, ..row(key, notification, version)? };
        self.table.commit(&[Write::Put { row, expect: expect(version) }]).await
    }
}

impl Notification {
    /// One that just came.
    pub fn new(module: Module, ids: Vec<RecordId>, received_at: Timestamp) -> Self {
        Self {
            module,
            ids,
            looked_at: 0,
            audited: None,
            done: false,
            tries: 0,
            not_before: None,
            trouble: None,
            received_at,
        }
    }

    /// When it is to be looked at, if nobody is at it before; `None`: it was, or was given up.
    pub fn next_try(&self) -> Option<Timestamp> {
        let retry = SignedDuration::from_secs(60 << self.tries.min(6));
        let due = self.not_before.or_else(|| self.received_at.checked_add(retry).ok());
        due.filter(|_| !self.done)
    }
}
