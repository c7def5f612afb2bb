//! Orders for many leads.

use domain::{LeadId, Order, OrgId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::lead_commit::{BULK_DAYS, later};
use super::{Result, Store, Stored, expect, keys, row, row_any};
use crate::ports::{Expect, IndexEntry, Row, Write};
use crate::store::Queue;

/// Leads in one row.
pub const BULK_PAGE: usize = 200;
/// A runner that was not heard of for this long has died.
const SILENCE: SignedDuration = SignedDuration::from_mins(2);
/// Failures that are kept with their reasons.
const MOST_FAILURES: usize = 1000;

/// An order for many leads, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulk {
    /// Its name.
    pub name: String,
    /// What is to be done.
    pub order: Order,
    /// To how many leads.
    pub total: u32,
    /// How many were looked at.
    pub looked_at: u32,
    /// How many of them it was done to.
    pub done: u32,
    /// How many of them it could not be done to.
    pub failed: u32,
    /// Which, the first of them, and why.
    pub failures: Vec<BulkFailure>,
    /// When it began, real time.
    pub began: Timestamp,
    /// When the last lead was looked at, real time.
    pub ended: Option<Timestamp>,
}

/// A lead that an order could not be carried out on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkFailure {
    /// Which.
    pub lead: LeadId,
    /// In words.
    pub reason: String,
}

impl Bulk {
    /// Counts one more lead.
    pub fn count(&mut self, lead: &LeadId, result: std::result::Result<(), String>) {
        self.looked_at += 1;
        match result {
            Ok(()) => self.done += 1,
            Err(reason) => {
                self.failed += 1;
                if self.failures.len() < MOST_FAILURES {
                    self.failures.push(BulkFailure { lead: lead.clone(), reason });
                }
            }
        }
    }
}

impl Store {
    /// Stores an order for many leads. Once this returns, a crash cannot lose it: whoever looks after the org goes on.
    pub async fn begin_bulk(&self, org: &OrgId, bulk: &Bulk, leads: &[LeadId]) -> Result<()> {
        for (page, leads) in leads.chunks(BULK_PAGE).enumerate() {
            let key = keys::bulk_page(org, &bulk.name, u32::try_from(page).unwrap_or(u32::MAX));
            let mut row = row_any(key, &leads)?;
            row.expires = Some(later(bulk.began, BULK_DAYS));
            self.table.commit(&[Write::Put { row, expect: Expect::Any }]).await?;
        }
        self.put_bulk(org, bulk, None, bulk.began).await
    }

    /// Stores how far it is; its runner has been heard of at `now`, real time.
    pub async fn put_bulk(&self, org: &OrgId, bulk: &Bulk, version: Option<u64>, now: Timestamp) -> Result<()> {
        let key = keys::bulk(org, &bulk.name);
        let due = now.checked_add(SILENCE).unwrap_or(now);
        let work = bulk.ended.is_none().then(|| IndexEntry { queue: Queue::Bulk.of(&key), due });
        let row = Row { work, expires: Some(later(bulk.began, BULK_DAYS)), ..row(key, bulk, version)? };
        self.table.commit(&[Write::Put { row, expect: expect(version) }]).await
    }

    /// An order for many leads by its name.
    pub async fn bulk(&self, org: &OrgId, name: &str) -> Result<Option<Stored<Bulk>>> {
        self.read(&keys::bulk(org, name)).await
    }

    /// A page of the leads it is for.
    pub async fn bulk_leads(&self, org: &OrgId, name: &str, page: u32) -> Result<Vec<LeadId>> {
        let stored = self.read::<Vec<LeadId>>(&keys::bulk_page(org, name, page)).await?;
        Ok(stored.map(|stored| stored.value).unwrap_or_default())
    }

    /// Was this order carried out on the lead?
    pub async fn was_asked(&self, org: &OrgId, lead: &LeadId, order: &str) -> Result<bool> {
        Ok(self.table.get(&keys::asked(org, lead, order)).await?.is_some())
    }
}
