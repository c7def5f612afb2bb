//! Rows of an org that leaves and of people that are erased, and the erasing itself.
//!
//! **Invariant:** what is erased is found by the rows themselves, partition by partition, so erasing can stop anywhere and be
//! begun again. The suppression list stays: its keys are hashes, and it is why nobody is written to again.

use domain::{EmailAddress, LeadId, OrgId, SuppressedWhy};
use jiff::{SignedDuration, Timestamp};

use super::{Result, Store, Stored, expect, finder, keys, row, row_any};
use crate::leave::{Erasure, Farewell};
use crate::ports::{Expect, IndexEntry, Key, Row, Write};
use crate::store::Queue;

/// Leaving is looked at again after this long.
const AGAIN: SignedDuration = SignedDuration::from_secs(5);
/// What erasing a person leaves behind is kept this long.
const RECEIPT: SignedDuration = SignedDuration::from_hours(30 * 24);

fn again(key: &Key, now: Timestamp) -> IndexEntry {
    IndexEntry { queue: Queue::Upkeep.of(key), due: now.checked_add(AGAIN).unwrap_or(now) }
}

impl Store {
    /// How far an org is with leaving, or its receipt.
    pub async fn farewell(&self, org: &OrgId) -> Result<Option<Stored<Farewell>>> {
        self.read(&keys::farewell(org)).await
    }

    /// Writes it; it falls due again until it is done.
    pub async fn put_farewell(
        &self,
        org: &OrgId,
        farewell: &Farewell,
        version: Option<u64>,
        now: Timestamp,
    ) -> Result<()> {
        let key = keys::farewell(org);
        let work = farewell.ended.is_none().then(|| again(&key, now));
        let row = Row { work, expires: Some(farewell.kept_until()), ..row(key, farewell, version)? };
        self.table.commit(&[Write::Put { row, expect: expect(version) }]).await
    }

    /// People that are being erased, and those that were lately; each with the name of its row.
    pub async fn erasures(&self, org: &OrgId) -> Result<Vec<Stored<(String, Erasure)>>> {
        let page = self.table.query(&keys::leaving_partition(org), keys::ERASURES, None, 1000).await?;
        let erasure = |row: &Row| {
            let name = row.key.sort.trim_start_matches(keys::ERASURES).to_owned();
            Ok(Stored { value: (name, super::parse(row)?), version: row.version })
        };
        page.rows.iter().map(erasure).collect()
    }

    /// Does the org leave, or is a person being erased?
    pub async fn is_leaving(&self, org: &OrgId) -> Result<bool> {
        let farewell = self.farewell(org).await?.is_some_and(|stored| stored.value.ended.is_none());
        Ok(farewell || self.erasures(org).await?.iter().any(|stored| stored.value.1.ended.is_none()))
    }

    /// Writes one; it falls due again until it is done.
    pub async fn put_erasure(&self, org: &OrgId, name: &str, erasure: &Erasure, now: Timestamp) -> Result<()> {
        let key = keys::erasure(org, name);
        let work = erasure.ended.is_none().then(|| again(&key, now));
        let expires = erasure.began.checked_add(RECEIPT).ok();
        let row = Row { work, expires, ..row_any(key, erasure)? };
        self.table.commit(&[Write::Put { row, expect: Expect::Any }]).await
    }

    /// Puts an address on the suppression list.
    pub async fn suppress(&self, org: &OrgId, address: &EmailAddress, why: SuppressedWhy) -> Result<()> {
        let row = row_any(keys::suppression(org, &self.salt(org).await?, address), &why)?;
        self.table.commit(&[Write::Put { row, expect: Expect::Any }]).await
    }

    /// Is anything about this lead still on its way to the CRM?
    pub async fn waits_for_crm(&self, org: &OrgId, lead: &LeadId) -> Result<bool> {
        let mut from = None;
        loop {
            let page = self.table.query(&keys::outbox_partition(org), "", from.as_deref(), 500).await?;
            if page.rows.iter().any(|row| keys::is_of_lead(&row.key, lead)) {
                return Ok(true);
            }
            match page.next {
                Some(next) => from = Some(next),
                None => return Ok(false),
            }
        }
    }

    /// Erases everything about a lead; how many rows that were.
    pub async fn erase_lead(&self, org: &OrgId, id: &LeadId) -> Result<u32> {
        let mut gone = Vec::new();
        let deliveries = self.deliveries(org, id).await?;
        if let Some(stored) = self.lead(org, id).await? {
            let lead = stored.lead;
            gone.extend(finder::entries(org, &lead));
            let sent = deliveries.iter().filter_map(|delivery| match &delivery.outcome {
                super::Outcome::Sent { message_id } => Some(message_id),
                _ => None,
            });
            let ours = deliveries.iter().map(|delivery| &delivery.mail.message_id);
            let ids = lead.thread.message_ids.iter().chain(sent).chain(ours);
            gone.extend(ids.map(|message_id| keys::message(org, message_id)));
            if let Some(address) = &lead.address {
                if self.lead_using(org, address).await?.as_ref() == Some(id) {
                    gone.push(keys::address(org, address));
                }
                gone.extend(address.organisation().map(|domain| keys::domain(org, domain, id)));
            }
        }
        gone.push(keys::seen_owner(org, id));
        for partition in [keys::failure_partition(org), keys::outbox_partition(org)] {
            let rows = self.every_key(&partition).await?;
            gone.extend(rows.into_iter().filter(|key| keys::is_of_lead(key, id)));
        }
        gone.sort();
        gone.dedup();
        self.remove(&gone).await?;
        // The lead itself last: until then the rest can be found from it.
        Ok(u32::try_from(gone.len()).unwrap_or(u32::MAX) + self.erase_partition(&keys::lead_partition(org, id)).await?)
    }

    /// Erases everything of an org but its suppression list and its receipt; how many rows that were.
    pub async fn erase_org(&self, org: &OrgId) -> Result<u32> {
        let (mut erased, mut from) = (0, None);
        loop {
            let (page, next) = self.leads(org, from.as_deref(), 100).await?;
            for lead in page {
                erased += self.erase_lead(org, &lead.id).await?;
            }
            match next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        for assistant in self.assistants(org).await? {
            erased += self.erase_partition(&keys::agenda_partition(org, &assistant.value.id)).await?;
            self.remove(&[keys::mailbox(&assistant.value.email)]).await?;
            erased += 1;
        }
        for partition in keys::partitions_of(org) {
            erased += self.erase_partition(&partition).await?;
        }
        Ok(erased)
    }

    /// Forgets notifications that nobody will look at any more.
    pub async fn forget_notifications(&self, org: &OrgId) -> Result<()> {
        self.erase_partition(&keys::notification_partition(org)).await.map(|_| ())
    }

    /// Removes the connection of an org.
    pub async fn remove_connection(&self, org: &OrgId) -> Result<()> {
        self.remove(&[keys::connection(org)]).await
    }

    async fn every_key(&self, partition: &str) -> Result<Vec<Key>> {
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let page = self.table.query(partition, "", from.as_deref(), 500).await?;
            found.extend(page.rows.into_iter().map(|row| row.key));
            match page.next {
                Some(next) => from = Some(next),
                None => return Ok(found),
            }
        }
    }

    pub(super) async fn erase_partition(&self, partition: &str) -> Result<u32> {
        let keys = self.every_key(partition).await?;
        self.remove(&keys).await?;
        Ok(u32::try_from(keys.len()).unwrap_or(u32::MAX))
    }

    async fn remove(&self, keys: &[Key]) -> Result<()> {
        for chunk in keys.chunks(100) {
            let gone = chunk.iter().map(|key| Write::Delete { key: key.clone(), expect: Expect::Any });
            self.table.commit(&gone.collect::<Vec<_>>()).await?;
        }
        Ok(())
    }
}
