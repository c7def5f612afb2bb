//! Rows of favours.

use domain::OrgId;
use jiff::{SignedDuration, Timestamp};

use super::{Result, Store, Stored, expect, keys, row};
use crate::favours::{BETWEEN_TESTS, Favour};
use crate::ports::{Expect, Row, TableError, Write};

/// How long a favour's row is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

impl Store {
    /// The favour of this name.
    pub async fn favour(&self, org: &OrgId, id: &str) -> Result<Option<Stored<Favour>>> {
        self.read(&keys::favour(org, id)).await
    }

    /// Writes a new favour; `false` if there is one of this name.
    pub async fn ask_favour(&self, org: &OrgId, id: &str, favour: &Favour) -> Result<bool> {
        self.won(&[new_row(org, id, favour)?]).await
    }

    /// Writes a new favour that is a test; `false` if it comes too soon after the last one of the same user.
    pub async fn ask_test(&self, org: &OrgId, id: &str, favour: &Favour) -> Result<bool> {
        let key = keys::last_test(org, &favour.by);
        let last = self.read::<Timestamp>(&key).await?;
        if last.as_ref().is_some_and(|last| favour.asked < last.value + BETWEEN_TESTS) {
            return Ok(false);
        }
        let version = last.map(|last| last.version);
        let turn = Row { expires: favour.asked.checked_add(KEPT).ok(), ..row(key, &favour.asked, version)? };
        // Of two at the same instant, one finds the other's turn.
        self.won(&[new_row(org, id, favour)?, Write::Put { row: turn, expect: expect(version) }]).await
    }

    /// Writes how far a favour is; `false` if somebody else did since `version` was read.
    pub async fn put_favour(&self, org: &OrgId, id: &str, favour: &Favour, version: u64) -> Result<bool> {
        let row = row_of(org, id, favour, Some(version))?;
        self.won(&[Write::Put { row, expect: Expect::Version(version) }]).await
    }

    /// Forgets all favours of an org: they may show who somebody is.
    pub async fn forget_favours(&self, org: &OrgId) -> Result<()> {
        self.erase_partition(&keys::favour_partition(org)).await.map(|_| ())
    }

    async fn won(&self, writes: &[Write]) -> Result<bool> {
        match self.table.commit(writes).await {
            Ok(()) => Ok(true),
            Err(TableError::Unexpected(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn row_of(org: &OrgId, id: &str, favour: &Favour, version: Option<u64>) -> Result<Row> {
    Ok(Row { expires: favour.asked.checked_add(KEPT).ok(), ..row(keys::favour(org, id), favour, version)? })
}

fn new_row(org: &OrgId, id: &str, favour: &Favour) -> Result<Write> {
    Ok(Write::Put { row: row_of(org, id, favour, None)?, expect: Expect::Absent })
}
