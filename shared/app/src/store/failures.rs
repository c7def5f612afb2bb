//! The failure log: everything of an org that failed and has not passed since.
//!
//! **Invariant:** the log is an index over the rows that are tried, not a copy of them. A row is listed by the write that
//! says it failed and is gone from the list by the write that says it passed, so the log cannot tell anything else than
//! the work itself. Only what has no row of its own gets one here, a [`Trouble`].

use domain::{DeliveryId, LeadId, OrgId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Connection, Delivery, Notification, OutboxEntry, OwnMailbox, Queue, Result, Store, Stored, expect, keys, parse, row,
};
use crate::ports::{Expect, IndexEntry, Key, ListOrder, Row, TableError, Write};

/// Something that failed and has no row of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// With what.
    pub with: TroubleWith,
    /// Why, in words.
    pub reason: String,
    /// How often it failed.
    pub tries: u32,
    /// When it is tried again, real time; `None`: it was given up.
    pub next_try: Option<Timestamp>,
}

/// What failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "with", rename_all = "snake_case")]
pub enum TroubleWith {
    /// Looking at a record: taking it on, or letting go of it.
    Record {
        /// Which.
        record: LeadId,
    },
    /// A part of the upkeep.
    Upkeep {
        /// Which.
        step: UpkeepStep,
    },
}

/// A part of the upkeep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpkeepStep {
    /// The notification channel.
    Channel,
    /// The fields in the CRM.
    Fields,
    /// The users of assistants.
    Assistants,
    /// The comparison of what the CRM says with what is known.
    Audit,
}

impl UpkeepStep {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Channel, Self::Fields, Self::Assistants, Self::Audit];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Fields => "fields",
            Self::Assistants => "assistants",
            Self::Audit => "audit",
        }
    }

    /// In words, to follow "failed:".
    pub fn words(self) -> &'static str {
        match self {
            Self::Channel => "opening or renewing the notification channel",
            Self::Fields => "making the fields and picklist values",
            Self::Assistants => "finding the users of assistants",
            Self::Audit => "comparing what changed with what is known",
        }
    }
}

/// A row of the failure log, as what it is.
#[derive(Debug, Clone, PartialEq)]
pub enum InTrouble {
    /// A change for the CRM that is tried again.
    Change(OutboxEntry),
    /// A change for the CRM that was given up.
    GivenUp(OutboxEntry),
    /// A mail that did not leave, was refused, or whose fate is unknown.
    Mail(LeadId, DeliveryId, Box<Delivery>),
    /// A notification whose records could not be read.
    Notification(Notification),
    /// A mailbox that was not reached.
    Mailbox(Box<OwnMailbox>),
    /// A connection that a person must make again.
    Connection(Box<Connection>),
    /// What has no row of its own.
    Other(Trouble),
}

impl Store {
    /// The failure log, the oldest due first, a page at a time. What failed this instant may be missing for a moment.
    pub async fn in_trouble(
        &self,
        org: &OrgId,
        from: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<(Key, Stored<InTrouble>)>, Option<String>)> {
        let page = self.table.list(&keys::in_trouble_list(org), ListOrder::Ascending, from, limit).await?;
        let read = |row: &Row| Ok((row.key.clone(), Stored { value: told(row)?, version: row.version }));
        Ok((page.rows.iter().map(read).collect::<Result<_>>()?, page.next))
    }

    /// Changes for the CRM that were given up.
    pub async fn given_up(&self, org: &OrgId) -> Result<Vec<Stored<OutboxEntry>>> {
        self.read_all(&keys::failure_partition(org), keys::GIVEN_UP).await
    }

    /// What is in trouble and has no row of its own.
    pub async fn troubles(&self, org: &OrgId, prefix: &str) -> Result<Vec<Stored<Trouble>>> {
        self.read_all(&keys::failure_partition(org), prefix).await
    }

    /// Writes a trouble, as due work unless it was given up. Somebody else's newer word on it stays.
    pub async fn put_trouble(
        &self,
        org: &OrgId,
        trouble: &Trouble,
        version: Option<u64>,
        now: Timestamp,
    ) -> Result<()> {
        let key = keys::trouble(org, &trouble.with);
        let due = match &trouble.with {
            TroubleWith::Record { .. } => trouble.next_try,
            // The connection's own row says when.
            TroubleWith::Upkeep { .. } => None,
        };
        let work = due.map(|due| IndexEntry { queue: Queue::Notification.of(&key), due });
        let listing = Some(keys::in_trouble(org, trouble.next_try.unwrap_or(now)));
        let row = Row { work, listing, ..row(key, trouble, version)? };
        match self.table.commit(&[Write::Put { row, expect: expect(version) }]).await {
            Ok(()) | Err(TableError::Unexpected(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// It passed.
    pub async fn end_trouble(&self, org: &OrgId, with: &TroubleWith) -> Result<()> {
        self.table.commit(&[Write::Delete { key: keys::trouble(org, with), expect: Expect::Any }]).await
    }

    /// Writes a delivery whose lead does not change.
    pub async fn put_delivery(
        &self,
        org: &OrgId,
        lead: &LeadId,
        delivery: &Delivery,
        version: u64,
        now: Timestamp,
    ) -> Result<()> {
        let row = delivery.row(org, lead, Some(version), now)?;
        self.table.commit(&[Write::Put { row, expect: Expect::Version(version) }]).await
    }
}

fn told(row: &Row) -> Result<InTrouble> {
    let unknown = || TableError::Corrupt { key: row.key.sort.clone(), reason: "it cannot fail".to_owned() };
    let kind = row.key.partition.split('#').next().unwrap_or_default();
    Ok(match (kind, row.key.sort.split('#').next().unwrap_or_default()) {
        ("outbox", _) => InTrouble::Change(parse(row)?),
        ("failure", keys::GIVEN_UP) => InTrouble::GivenUp(parse(row)?),
        ("failure", _) => InTrouble::Other(parse(row)?),
        ("notification", _) => InTrouble::Notification(parse(row)?),
        ("org", "account") => InTrouble::Mailbox(parse(row)?),
        ("org", _) => InTrouble::Connection(parse(row)?),
        ("lead", "delivery") => {
            let delivery: Delivery = parse(row)?;
            let lead = keys::lead_of(&row.key).ok_or_else(unknown)?;
            InTrouble::Mail(lead, delivery.mail.delivery.clone(), Box::new(delivery))
        }
        _ => return Err(unknown()),
    })
}
