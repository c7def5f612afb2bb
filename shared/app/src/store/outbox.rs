//! The outbox: changes on their way to the CRM, in order for each record.

use std::collections::{BTreeMap, BTreeSet};

use domain::OrgId;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::{OutboxEntry, Queue, Result, Store, Stored, keys, parse, row, row_any};
use crate::ports::{Expect, IndexEntry, Key, Row, Write};

/// Leads whose entries are removed at the same time.
const REMOVED_AT_ONCE: usize = 10;

/// A page of the outbox.
pub struct OutboxPage {
    /// Entries in order, each with its place.
    pub entries: Vec<(Key, Stored<OutboxEntry>)>,
    /// Where the next page starts.
    pub next: Option<String>,
}

impl Store {
    /// The org's outbox from its oldest entry, or from where a page said, at most `limit`.
    pub async fn outbox(&self, org: &OrgId, from: Option<&str>, limit: u32) -> Result<OutboxPage> {
        let page = self.table.query(&keys::outbox_partition(org), "", from, limit).await?;
        let entry =
            |row: Row| Ok((row.key.clone(), Stored { value: parse::<OutboxEntry>(&row)?, version: row.version }));
        let entries = page.rows.into_iter().map(entry).collect::<Result<Vec<_>>>()?;
        Ok(OutboxPage { entries, next: page.next })
    }

    /// Changes an outbox entry in place; one that fails is in the failure log until it has passed.
    pub async fn put_outbox(&self, org: &OrgId, key: &Key, entry: &OutboxEntry, version: u64) -> Result<()> {
        let row = waiting(org, key, entry, Some(version))?;
        self.table.commit(&[Write::Put { row, expect: Expect::Version(version) }]).await
    }

    /// Takes applied entries out of the outbox, each by itself: in one commit each would cost twice as much, and one that
    /// a crash leaves behind is found applied. A lead's go in their order, so that what a crash leaves is the end of its
    /// line.
    pub async fn remove_outbox(&self, keys: &[Key]) -> Result<()> {
        let mut lines = BTreeMap::<_, BTreeSet<Key>>::new();
        for key in keys {
            lines.entry(keys::lead_of_change(key).to_owned()).or_default().insert(key.clone());
        }
        let removed = lines.into_values().map(|line| async move {
            for key in line {
                self.table.commit(&[Write::Delete { key, expect: Expect::Any }]).await?;
            }
            Ok(())
        });
        stream::iter(removed).buffered(REMOVED_AT_ONCE).try_collect().await
    }

    /// Moves an entry that will never pass as it is to the failure log, where a person finds it.
    pub async fn give_up(&self, org: &OrgId, key: &Key, entry: &OutboxEntry, now: Timestamp) -> Result<()> {
        let row = Row { listing: Some(keys::in_trouble(org, now)), ..row_any(keys::given_up(org, key), entry)? };
        let writes = [Write::Put { row, expect: Expect::Any }, Write::Delete { key: key.clone(), expect: Expect::Any }];
        self.table.commit(&writes).await
    }

    /// Puts an entry that was given up back where it stood, before everything that its record was to get after it.
    pub async fn put_back(&self, org: &OrgId, key: &Key, entry: &OutboxEntry, version: u64) -> Result<()> {
        let place = keys::outbox_of(org, key);
        let row = waiting(org, &place, entry, None)?;
        let back = Write::Put { row, expect: Expect::Absent };
        self.table.commit(&[back, Write::Delete { key: key.clone(), expect: Expect::Version(version) }]).await
    }
}

fn waiting(org: &OrgId, key: &Key, entry: &OutboxEntry, version: Option<u64>) -> Result<Row> {
    let work = IndexEntry { queue: Queue::Writeback.of(key), due: entry.not_before };
    let listing = entry.last_error.as_ref().map(|_| keys::in_trouble(org, entry.not_before));
    Ok(Row { work: Some(work), listing, ..row(key.clone(), entry, version)? })
}
