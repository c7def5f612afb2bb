//! Notifications of the CRM, recorded before they are answered, and looked at until that is done.

use domain::{Module, OrgId, RecordId};
use jiff::{SignedDuration, Timestamp};

use super::lead_commit::later;
use super::{Notification, Queue, Result, Store, Stored, expect, keys, row};
use crate::ports::{IndexEntry, Row, TableError, Write};

/// A notification that was looked at is kept so that a late repetition is recognised.
const KEPT_DAYS: i64 = 1;
/// One that was given up is kept for a person.
const GIVEN_UP_DAYS: i64 = 14;

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
        Self { module, ids, done: false, tries: 0, trouble: None, received_at }
    }

    /// When it is to be looked at, if nobody is at it before; `None`: it was, or was given up.
    pub fn next_try(&self) -> Option<Timestamp> {
        let retry = SignedDuration::from_secs(60 << self.tries.min(6));
        (!self.done).then(|| self.received_at.checked_add(retry).unwrap_or(Timestamp::MAX))
    }
}
