//! The product's rows by their types. What a commit holds together is decided here: a lead, what it changes in the CRM,
//! its story and its address are written together or not at all.

mod agenda;
mod audits;
mod budgets;
mod bulk;
mod entities;
mod failures;
mod favours;
pub(crate) mod finder;
mod history;
pub mod keys;
mod lead_commit;
mod leaving;
mod mailboxes;
mod notifications;
mod outbox;
mod salts;
mod schedules;
mod sessions;
mod tokens;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Assistant, AssistantId, Decision, DeliveryId, EmailAddress, Lead, LeadId, OrgId, SuppressedWhy, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use agenda::{ChangedDay, Counted, StoredAgenda};
pub use audits::{Audited, Compared};
pub use budgets::{Budget, Places, Spent};
pub use bulk::{BULK_PAGE, Bulk, BulkFailure};
use entities::{Chapter, LeadPointer};
pub use entities::{
    Connection, Delivery, Health, KnownUsers, Notification, OutboxEntry, Outcome, OwnMailbox, Paused, StoryLine,
};
pub use failures::{InTrouble, Trouble, TroubleWith, UpkeepStep};
pub use finder::{Find, FoundLeads, LeadStateName, STATES};
pub use history::{Direction, Line, WorkDone};
pub use keys::Queue;
pub use lead_commit::{Alongside, Clash, LeadCommit};
use salts::KnownSalts;
pub use schedules::Reach;
pub use sessions::ConsoleSession;
pub use tokens::ApiToken;

use crate::ports::{Expect, IndexEntry, Key, ListOrder, Page, Row, Table, TableError, Write};

/// Something read from the table, with the version its next write must find.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<T> {
    /// The entity.
    pub value: T,
    /// The version read.
    pub version: u64,
}

/// A lead with what the store keeps beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct LeadRow {
    lead: Lead,
    /// The newest outbox stamp given to this lead, in milliseconds; the next is larger whatever the clocks say.
    outbox_stamp: i64,
    /// When something last happened that its story tells: its place in the list of leads.
    told_at: Timestamp,
}

/// A lead as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredLead {
    /// The lead.
    pub lead: Lead,
    version: u64,
    outbox_stamp: i64,
    told_at: Timestamp,
}

/// The typed face of the [`Table`].
#[derive(Clone)]
pub struct Store {
    table: Arc<dyn Table>,
    salts: KnownSalts,
}

type Result<T> = std::result::Result<T, TableError>;

impl Store {
    /// Over this table.
    pub fn new(table: Arc<dyn Table>) -> Self {
        Self { table, salts: KnownSalts::default() }
    }

    /// The org's connection, if it was ever connected.
    pub async fn connection(&self, org: &OrgId) -> Result<Option<Stored<Connection>>> {
        self.read(&keys::connection(org)).await
    }

    /// Does nothing go to and fro: has somebody paused it, or is the org gone?
    pub(crate) async fn is_at_rest(&self, org: &OrgId) -> Result<bool> {
        Ok(self.connection(org).await?.is_none_or(|stored| stored.value.paused.is_some()))
    }

    /// Writes the connection; its upkeep falls due as it says.
    pub async fn put_connection(&self, connection: &Connection, version: Option<u64>) -> Result<()> {
        let key = keys::connection(&connection.org);
        let work = IndexEntry { queue: Queue::Upkeep.of(&key), due: connection.next_upkeep };
        let listing = match connection.health {
            Health::Connected => None,
            Health::Broken { .. } => Some(keys::in_trouble(&connection.org, connection.next_upkeep)),
        };
        let row = Row { work: Some(work), listing, ..row(key, connection, version)? };
        self.table.commit(&[Write::Put { row, expect: expect(version) }]).await
    }

    /// The org's assistants, by id.
    pub async fn assistants(&self, org: &OrgId) -> Result<Vec<Stored<Assistant>>> {
        self.read_all(&keys::org_partition(org), keys::ASSISTANTS).await
    }

    /// One assistant.
    pub async fn assistant(&self, org: &OrgId, id: &AssistantId) -> Result<Option<Stored<Assistant>>> {
        self.read(&keys::assistant(org, id)).await
    }

    /// Writes an assistant, and the mailbox by which mail to it finds its org.
    pub async fn put_assistant(&self, org: &OrgId, assistant: &Assistant, version: Option<u64>) -> Result<()> {
        let row = row(keys::assistant(org, &assistant.id), assistant, version)?;
        let mailbox = row_any(keys::mailbox(&assistant.email), org)?;
        let writes = [Write::Put { row, expect: expect(version) }, Write::Put { row: mailbox, expect: Expect::Any }];
        self.table.commit(&writes).await
    }

    /// The org that an assistant's mailbox belongs to.
    pub async fn org_of_mailbox(&self, address: &EmailAddress) -> Result<Option<OrgId>> {
        Ok(self.read(&keys::mailbox(address)).await?.map(|stored| stored.value))
    }

    /// The org's users as last read.
    pub async fn users(&self, org: &OrgId) -> Result<Option<KnownUsers>> {
        Ok(self.read(&keys::users(org)).await?.map(|stored| stored.value))
    }

    /// Remembers the org's users.
    pub async fn put_users(&self, org: &OrgId, users: &KnownUsers) -> Result<()> {
        let row = row_any(keys::users(org), users)?;
        self.table.commit(&[Write::Put { row, expect: Expect::Any }]).await
    }

    /// The lead of a record.
    pub async fn lead(&self, org: &OrgId, id: &LeadId) -> Result<Option<StoredLead>> {
        let stored = self.read::<LeadRow>(&keys::lead(org, id)).await?;
        Ok(stored.map(|Stored { value, version }| StoredLead {
            lead: value.lead,
            version,
            outbox_stamp: value.outbox_stamp,
            told_at: value.told_at,
        }))
    }

    /// Was this incoming mail applied to the lead before?
    pub async fn was_read(&self, org: &OrgId, id: &LeadId, message_id: &str) -> Result<bool> {
        Ok(self.table.get(&keys::mail_read(org, id, message_id)).await?.is_some())
    }

    /// Leads of an org, by when their stories last went on, a page at a time.
    pub async fn leads(&self, org: &OrgId, from: Option<&str>, limit: u32) -> Result<(Vec<Lead>, Option<String>)> {
        let page = self.table.list(&keys::lead_list(org), ListOrder::Ascending, from, limit).await?;
        let leads = page.rows.iter().map(|row| parse::<LeadRow>(row).map(|row| row.lead)).collect::<Result<_>>()?;
        Ok((leads, page.next))
    }

    /// Leads of an org, newest activity first; each with where a page goes on after it.
    pub async fn newest_leads(
        &self,
        org: &OrgId,
        from: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<(Lead, Option<String>)>, Option<String>)> {
        let page = self.table.list(&keys::lead_list(org), ListOrder::Descending, from, limit).await?;
        let lead = |row: &Row| Ok((parse::<LeadRow>(row)?.lead, self.table.after(row)));
        Ok((page.rows.iter().map(lead).collect::<Result<_>>()?, page.next))
    }

    /// A lead's story, oldest first.
    pub async fn story(&self, org: &OrgId, id: &LeadId) -> Result<Vec<StoryLine>> {
        Ok(self.chapters(org, id).await?.flat_map(|chapter| chapter.told).collect())
    }

    /// Why a lead's mails left, waited or did not, oldest first.
    pub async fn decisions(&self, org: &OrgId, id: &LeadId) -> Result<Vec<Decision>> {
        Ok(self.chapters(org, id).await?.flat_map(|chapter| chapter.decided).collect())
    }

    async fn chapters(&self, org: &OrgId, id: &LeadId) -> Result<impl Iterator<Item = Chapter> + use<>> {
        let chapters = self.read_all(&keys::lead_partition(org, id), keys::EVENTS).await?;
        Ok(chapters.into_iter().map(|stored| stored.value))
    }

    /// All mails that were written to a lead, by name.
    pub async fn deliveries(&self, org: &OrgId, id: &LeadId) -> Result<Vec<Delivery>> {
        let deliveries = self.read_all(&keys::lead_partition(org, id), keys::DELIVERIES).await?;
        Ok(deliveries.into_iter().map(|stored| stored.value).collect())
    }

    /// A delivery by its name.
    pub async fn delivery(&self, org: &OrgId, id: &LeadId, delivery: &DeliveryId) -> Result<Option<Stored<Delivery>>> {
        self.read(&keys::delivery(org, id, delivery)).await
    }

    /// Why the address must not be written to, if so.
    pub async fn suppression(&self, org: &OrgId, address: &EmailAddress) -> Result<Option<SuppressedWhy>> {
        Ok(self.read(&keys::suppression(org, &self.salt(org).await?, address)).await?.map(|stored| stored.value))
    }

    /// The lead through which the address is being nurtured now.
    pub async fn lead_using(&self, org: &OrgId, address: &EmailAddress) -> Result<Option<LeadId>> {
        let stored = self.read::<LeadPointer>(&keys::address(org, address)).await?;
        Ok(stored.map(|stored| stored.value.lead))
    }

    /// The lead in whose thread this Message-ID is.
    pub async fn lead_of_message(&self, org: &OrgId, message_id: &str) -> Result<Option<LeadId>> {
        let stored = self.read::<LeadPointer>(&keys::message(org, message_id)).await?;
        Ok(stored.map(|stored| stored.value.lead))
    }

    /// The owner last seen on a record.
    pub async fn seen_owner(&self, org: &OrgId, id: &LeadId) -> Result<Option<UserId>> {
        Ok(self.read(&keys::seen_owner(org, id)).await?.map(|stored| stored.value))
    }

    /// Remembers a record's owner for ninety days.
    pub async fn put_seen_owner(&self, org: &OrgId, id: &LeadId, owner: &UserId, real_now: Timestamp) -> Result<()> {
        let mut row = row_any(keys::seen_owner(org, id), owner)?;
        row.expires = real_now.checked_add(SignedDuration::from_hours(90 * 24)).ok();
        self.table.commit(&[Write::Put { row, expect: Expect::Any }]).await
    }

    /// Keys of due work; a hint.
    pub async fn due(&self, queue: Queue, now: Timestamp, limit_per_shard: u32) -> Result<Vec<Key>> {
        let mut found = Vec::new();
        for shard in queue.shards() {
            found.extend(self.table.due(&shard, now, limit_per_shard).await?);
        }
        Ok(found)
    }

    /// Takes the named lease of an org until `until`, real time; `None` while somebody else has it.
    pub async fn take_lease(&self, org: &OrgId, name: &str, now: Timestamp, until: Timestamp) -> Result<Option<Lease>> {
        let key = keys::lease(org, name);
        let held = self.read::<Timestamp>(&key).await?;
        let version = match held {
            Some(held) if held.value > now => return Ok(None),
            Some(held) => Some(held.version),
            None => None,
        };
        match self.write(key.clone(), &until, version).await {
            Ok(()) => Ok(Some(Lease { key, version: version.unwrap_or(0) + 1 })),
            Err(TableError::Unexpected(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Prolongs a lease; `false` if it was lost meanwhile.
    pub async fn keep_lease(&self, lease: &mut Lease, until: Timestamp) -> Result<bool> {
        match self.write(lease.key.clone(), &until, Some(lease.version)).await {
            Ok(()) => {
                lease.version += 1;
                Ok(true)
            }
            Err(TableError::Unexpected(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Ends a lease early. Somebody else's is left alone.
    pub async fn end_lease(&self, lease: Lease) -> Result<()> {
        let delete = Write::Delete { key: lease.key, expect: Expect::Version(lease.version) };
        match self.table.commit(&[delete]).await {
            Ok(()) | Err(TableError::Unexpected(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Ends all leases of an org. Only for a process that knows itself to be the only one, when it starts.
    pub async fn end_abandoned_leases(&self, org: &OrgId) -> Result<()> {
        let page = self.table.query(&keys::org_partition(org), keys::LEASES, None, 100).await?;
        for row in page.rows {
            self.table.commit(&[Write::Delete { key: row.key, expect: Expect::Any }]).await?;
        }
        Ok(())
    }

    async fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<Stored<T>>> {
        match self.table.get(key).await? {
            Some(row) => Ok(Some(Stored { value: parse(&row)?, version: row.version })),
            None => Ok(None),
        }
    }

    async fn read_all<T: DeserializeOwned>(&self, partition: &str, prefix: &str) -> Result<Vec<Stored<T>>> {
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let Page { rows, next } = self.table.query(partition, prefix, from.as_deref(), 200).await?;
            for row in rows {
                found.push(Stored { value: parse(&row)?, version: row.version });
            }
            match next {
                Some(next) => from = Some(next),
                None => return Ok(found),
            }
        }
    }

    async fn write<T: Serialize>(&self, key: Key, value: &T, version: Option<u64>) -> Result<()> {
        let row = row(key, value, version)?;
        self.table.commit(&[Write::Put { row, expect: expect(version) }]).await
    }
}

/// A lease that is held.
#[derive(Debug)]
pub struct Lease {
    key: Key,
    version: u64,
}

fn expect(version: Option<u64>) -> Expect {
    version.map_or(Expect::Absent, Expect::Version)
}

/// The row after the one at `version`.
fn row<T: Serialize>(key: Key, value: &T, version: Option<u64>) -> Result<Row> {
    let corrupt = |reason: String| TableError::Corrupt { key: key.sort.clone(), reason };
    let body = serde_json::to_value(value).map_err(|error| corrupt(error.to_string()))?;
    // Rows are objects; a bare text or number gets a name.
    let body =
        if body.is_object() { body } else { serde_json::Value::from_iter(BTreeMap::from([(BARE.to_owned(), body)])) };
    Ok(Row { key, version: version.unwrap_or(0) + 1, body, work: None, listing: None, expires: None })
}

/// A row that replaces whatever is there.
fn row_any<T: Serialize>(key: Key, value: &T) -> Result<Row> {
    row(key, value, None)
}

const BARE: &str = "value";

fn parse<T: DeserializeOwned>(row: &Row) -> Result<T> {
    let bare = row.body.as_object().filter(|body| body.len() == 1).and_then(|body| body.get(BARE));
    T::deserialize(bare.unwrap_or(&row.body)).map_err(|error| TableError::Corrupt {
        key: format!("{}/{}", row.key.partition, row.key.sort),
        reason: error.to_string(),
    })
}
