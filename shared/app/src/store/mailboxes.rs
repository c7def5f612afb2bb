//! Rows of assistants' own mailboxes, and the leads at an organisation's mail domain.

use domain::{EmailAddress, LeadId, OrgId};

use super::entities::LeadPointer;
use super::{OwnMailbox, Queue, Result, Store, Stored, expect, keys, row};
use crate::ports::{Expect, IndexEntry, Key, Row, Write};

/// More leads than this at one domain are not told apart.
const MOST_AT_A_DOMAIN: u32 = 20;

impl Store {
    /// The mailbox of this address, if it is an assistant's own.
    pub async fn own_mailbox(&self, org: &OrgId, address: &EmailAddress) -> Result<Option<Stored<OwnMailbox>>> {
        self.read(&keys::account(org, address)).await
    }

    /// The mailbox of a row that fell due.
    pub async fn own_mailbox_at(&self, key: &Key) -> Result<Option<Stored<OwnMailbox>>> {
        self.read(key).await
    }

    /// All mailboxes of an org.
    pub async fn own_mailboxes(&self, org: &OrgId) -> Result<Vec<Stored<OwnMailbox>>> {
        self.read_all(&keys::org_partition(org), keys::ACCOUNTS).await
    }

    /// Writes a mailbox; reading it falls due as it says.
    pub async fn put_own_mailbox(&self, org: &OrgId, mailbox: &OwnMailbox, version: Option<u64>) -> Result<()> {
        let key = keys::account(org, &mailbox.account.address);
        let work = IndexEntry { queue: Queue::Mailbox.of(&key), due: mailbox.next_poll };
        let listing = mailbox.trouble.as_ref().map(|_| keys::in_trouble(org, mailbox.next_poll));
        let row = Row { work: Some(work), listing, ..row(key, mailbox, version)? };
        self.table.commit(&[Write::Put { row, expect: expect(version) }]).await
    }

    /// Forgets a mailbox.
    pub async fn remove_own_mailbox(&self, org: &OrgId, address: &EmailAddress) -> Result<()> {
        self.table.commit(&[Write::Delete { key: keys::account(org, address), expect: Expect::Any }]).await
    }

    /// The leads being nurtured at an organisation's mail domain; none if there are too many to tell apart.
    pub async fn leads_at(&self, org: &OrgId, domain: &str) -> Result<Vec<LeadId>> {
        let partition = keys::domain_partition(org, domain);
        let page = self.table.query(&partition, keys::LEADS, None, MOST_AT_A_DOMAIN).await?;
        if page.next.is_some() {
            return Ok(Vec::new());
        }
        page.rows.iter().map(|row| super::parse::<LeadPointer>(row).map(|pointer| pointer.lead)).collect()
    }
}
