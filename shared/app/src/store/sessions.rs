//! Rows of the console's sessions. A session is stored under a hash of its secret, which only the browser has.

use domain::{OrgId, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Result, Store, expect, keys, row, row_any};
use crate::console::Permissions;
use crate::ports::{Expect, Row, TableError, Write};

/// Sign-ins from one address are counted over this long.
const WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// Somebody who signed in to the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleSession {
    /// The CRM user.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Did the CRM call them an administrator when they signed in?
    pub administrator: bool,
    /// When its secret was drawn, real time.
    pub since: Timestamp,
    /// Until when it is good, real time; the same for every secret that replaces this one.
    pub until: Timestamp,
}

/// Sign-ins from one address.
#[derive(Serialize, Deserialize)]
struct Tries {
    since: Timestamp,
    count: u32,
}

impl Store {
    /// What profiles may do, where that is not what is usual.
    pub async fn permissions(&self, org: &OrgId) -> Result<Permissions> {
        Ok(self.read(&keys::permissions(org)).await?.map(|stored| stored.value).unwrap_or_default())
    }

    /// Writes it; the last one counts.
    pub async fn put_permissions(&self, org: &OrgId, permissions: &Permissions) -> Result<()> {
        let row = row_any(keys::permissions(org), permissions)?;
        self.table.commit(&[Write::Put { row, expect: Expect::Any }]).await
    }

    /// The session with this secret, if there is one.
    pub async fn session(&self, org: &OrgId, secret: &str) -> Result<Option<ConsoleSession>> {
        Ok(self.read(&keys::session(org, secret)).await?.map(|stored| stored.value))
    }

    /// Writes a session under a new secret.
    pub async fn put_session(&self, org: &OrgId, secret: &str, session: &ConsoleSession) -> Result<()> {
        let row = Row { expires: Some(session.until), ..row(keys::session(org, secret), session, None)? };
        self.table.commit(&[Write::Put { row, expect: Expect::Absent }]).await
    }

    /// Ends a session; ending one that is over is fine.
    pub async fn end_session(&self, org: &OrgId, secret: &str) -> Result<()> {
        self.table.commit(&[Write::Delete { key: keys::session(org, secret), expect: Expect::Any }]).await
    }

    /// Ends every session of an org, and revokes its tokens.
    pub async fn end_sessions(&self, org: &OrgId) -> Result<()> {
        self.erase_partition(&keys::session_partition(org)).await.map(|_| ())
    }

    /// Counts one more sign-in from this address at `now`, real time; how many that makes in the window. Of many at the
    /// same instant some may not be counted.
    pub async fn count_sign_in(&self, address: &str, now: Timestamp) -> Result<u32> {
        let key = keys::sign_ins(address);
        let stored = self.read::<Tries>(&key).await?;
        let version = stored.as_ref().map(|stored| stored.version);
        let current = stored.map(|stored| stored.value).filter(|tries| tries.since + WINDOW > now);
        let mut tries = current.unwrap_or(Tries { since: now, count: 0 });
        tries.count += 1;
        let row = Row { expires: Some(tries.since + WINDOW), ..row(key, &tries, version)? };
        match self.table.commit(&[Write::Put { row, expect: expect(version) }]).await {
            Ok(()) | Err(TableError::Unexpected(_)) => Ok(tries.count),
            Err(error) => Err(error),
        }
    }
}
