//! What the table costs on DynamoDB: request units, counted as AWS bills them on demand.
//!
//! A write costs a unit per KB begun, twice that in a transaction, and the same again for each index whose entry it makes,
//! changes or removes (an entry that moves is removed and made). A consistent read costs a unit per 4 KB, a read of an
//! index half of one. Read on 2026-11-21 in the DynamoDB Developer Guide, "DynamoDB on-demand capacity mode" and "Managing
//! Global Secondary Indexes".

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use app::ports::{Expect, IndexEntry, Key, ListOrder, Listing, Page, Row, Table, TableError, Write};
use async_trait::async_trait;
use jiff::Timestamp;

/// A table whose use is counted.
pub struct Metered {
    table: Arc<dyn Table>,
    units: Units,
}

/// What was used so far.
#[derive(Debug, Default)]
pub struct Units {
    /// Halves of read units.
    half_reads: AtomicU64,
    writes: AtomicU64,
    calls: AtomicU64,
    /// Units written, by the kind of row and by what of it: the row itself, or an index.
    by_kind: Mutex<BTreeMap<String, u64>>,
}

/// Units and calls at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used {
    /// Read request units.
    pub reads: f64,
    /// Write request units.
    pub writes: u64,
    /// Calls of the table.
    pub calls: u64,
}

impl Metered {
    pub fn new(table: Arc<dyn Table>) -> Self {
        Self { table, units: Units::default() }
    }

    pub fn used(&self) -> Used {
        let reads = self.units.half_reads.load(Ordering::Relaxed) as f64 / 2.0;
        let writes = self.units.writes.load(Ordering::Relaxed);
        Used { reads, writes, calls: self.units.calls.load(Ordering::Relaxed) }
    }

    /// Units written so far, by kind of row.
    pub fn written(&self) -> BTreeMap<String, u64> {
        self.units.by_kind.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self, key: &Key, of: &str, units: u64) {
        if units > 0 {
            let kind = |part: &str| part.split(['#', '-']).next().unwrap_or_default().to_owned();
            let sort = if key.sort.starts_with(|c: char| c.is_ascii_digit()) { String::new() } else { kind(&key.sort) };
            let name = format!("{} {sort} {of}", kind(&key.partition));
            let mut by_kind = self.units.by_kind.lock().unwrap_or_else(PoisonError::into_inner);
            *by_kind.entry(name).or_default() += units;
        }
        self.units.writes.fetch_add(units, Ordering::Relaxed);
    }

    /// So many bytes were read; of an index, half as dear.
    fn read(&self, bytes: u64, halves: u64) {
        self.units.half_reads.fetch_add(bytes.div_ceil(4096).max(1) * halves, Ordering::Relaxed);
        self.units.calls.fetch_add(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Table for Metered {
    async fn get(&self, key: &Key) -> Result<Option<Row>, TableError> {
        let row = self.table.get(key).await?;
        self.read(row.as_ref().map_or(0, size), 2);
        Ok(row)
    }

    async fn query(&self, partition: &str, prefix: &str, from: Option<&str>, limit: u32) -> Result<Page, TableError> {
        let page = self.table.query(partition, prefix, from, limit).await?;
        self.read(page.rows.iter().map(size).sum(), 2);
        Ok(page)
    }

    async fn list(&self, list: &str, order: ListOrder, from: Option<&str>, limit: u32) -> Result<Page, TableError> {
        let page = self.table.list(list, order, from, limit).await?;
        // Keys from the index, then each row by its key.
        self.read(page.rows.iter().map(|row| key_size(&row.key) + 60).sum(), 1);
        page.rows.iter().for_each(|row| self.read(size(row), 2));
        Ok(page)
    }

    fn after(&self, row: &Row) -> Option<String> {
        self.table.after(row)
    }

    async fn due(&self, queue: &str, now: Timestamp, limit: u32) -> Result<Vec<Key>, TableError> {
        let keys = self.table.due(queue, now, limit).await?;
        self.read(keys.iter().map(|key| key_size(key) + 60).sum(), 1);
        Ok(keys)
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), TableError> {
        // One write alone is a plain call; several are a transaction.
        let kilobyte = 1024;
        let factor = if writes.len() > 1 { 2 } else { 1 };
        for write in writes {
            let (key, after) = match write {
                Write::Put { row, .. } => (&row.key, Some(row)),
                Write::Delete { key, .. } | Write::RequireAbsent { key } => (key, None),
            };
            // Nothing is billed for looking: DynamoDB has the old item at hand.
            let fresh = matches!(write, Write::Put { expect: Expect::Absent, .. });
            let before = if fresh { None } else { self.table.get(key).await? };
            let larger = before.as_ref().map_or(0, size).max(after.map_or(0, size)).max(1);
            self.write(key, "row", larger.div_ceil(kilobyte) * factor);
            if matches!(write, Write::RequireAbsent { .. }) {
                continue;
            }
            let due = |row: &Row| row.work.as_ref().map(work);
            self.write(key, "work", index_units(before.as_ref(), after, due));
            let listed = |row: &Row| row.listing.as_ref().map(listed);
            self.write(key, "listing", index_units(before.as_ref(), after, listed));
        }
        self.units.calls.fetch_add(1, Ordering::Relaxed);
        self.table.commit(writes).await
    }
}

fn work(entry: &IndexEntry) -> (String, String) {
    (entry.queue.clone(), entry.due.to_string())
}

fn listed(listing: &Listing) -> (String, String) {
    (listing.list.clone(), listing.sort.clone())
}

/// What an index of keys costs when a row changes: its entries are shorter than a KB.
fn index_units(before: Option<&Row>, after: Option<&Row>, place: impl Fn(&Row) -> Option<(String, String)>) -> u64 {
    match (before.and_then(&place), after.and_then(&place)) {
        (None, None) => 0,
        (Some(_), None) | (None, Some(_)) => 1,
        (Some(old), Some(new)) => {
            if old == new {
                0
            } else {
                2
            }
        }
    }
}

fn key_size(key: &Key) -> u64 {
    (key.partition.len() + key.sort.len() + 4) as u64
}

/// A row as the item that stands for it.
fn size(row: &Row) -> u64 {
    aws::item_size(row).unwrap_or_default()
}
