//! The proof that no notification was missed: a row for each module and day.

use domain::{Module, OrgId, RecordId};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::lead_commit::later;
use super::{Result, Store, expect, keys, row};
use crate::ports::{Row, TableError, Write};

const KEPT_DAYS: i64 = 90;
/// Records that are named; more are only counted.
const NAMED: usize = 1000;
/// A day on which nothing changes says at least so often that this was seen.
const SEEN: SignedDuration = SignedDuration::from_hours(1);
/// Others may write the row at the same time.
const TRIES: usize = 5;

/// What comparing a module's changes of one day (UTC, of the change) with what is known has shown so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audited {
    /// The day.
    pub date: Date,
    /// The module.
    pub module: Module,
    /// Changes of records that an assistant owns or works on.
    pub compared: u32,
    /// Those among them of which no notification had told.
    pub missed: u32,
    /// Those among these that were made good.
    pub mended: u32,
    /// Those that were not yet.
    pub open: Vec<RecordId>,
    /// How many records the assistants owned when all of them were last compared, if that was on this day.
    pub owned: Option<u32>,
    /// Up to when, real time.
    pub until: Timestamp,
}

/// What one comparison adds to a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Changes that were compared for the first time.
    pub compared: u32,
    /// Records of which something else was known than the CRM says.
    pub missed: Vec<RecordId>,
    /// Records that the assistants own, where all were compared.
    pub owned: u32,
}

impl Store {
    /// Adds a comparison to a day; says how much of what was missed is news.
    pub async fn add_audit(
        &self,
        org: &OrgId,
        module: Module,
        date: Date,
        compared: &Compared,
        now: Timestamp,
    ) -> Result<u32> {
        let mut news = 0;
        self.change_audit(org, module, date, now, |audited| {
            news = 0;
            for id in &compared.missed {
                if !audited.open.contains(id) {
                    news += 1;
                    if audited.open.len() < NAMED {
                        audited.open.push(id.clone());
                    }
                }
            }
            audited.missed += news;
            audited.compared += compared.compared;
            if compared.owned > 0 {
                audited.owned = Some(compared.owned);
            }
        })
        .await?;
        Ok(news)
    }

    /// What was missed and has been looked at now.
    pub async fn mend_audit(
        &self,
        org: &OrgId,
        module: Module,
        date: Date,
        ids: &[RecordId],
        now: Timestamp,
    ) -> Result<()> {
        self.change_audit(org, module, date, now, |audited| {
            let before = audited.open.len();
            audited.open.retain(|id| !ids.contains(id));
            audited.mended += u32::try_from(before - audited.open.len()).unwrap_or(u32::MAX);
        })
        .await
    }

    /// The proof from this day on, the oldest first.
    pub async fn audits(&self, org: &OrgId, since: Date) -> Result<Vec<Audited>> {
        let all = self.read_all::<Audited>(&keys::audit_partition(org), "").await?;
        Ok(all.into_iter().map(|stored| stored.value).filter(|audited| audited.date >= since).collect())
    }

    async fn change_audit(
        &self,
        org: &OrgId,
        module: Module,
        date: Date,
        now: Timestamp,
        mut change: impl FnMut(&mut Audited) + Send,
    ) -> Result<()> {
        let key = keys::audit(org, date, module);
        for _ in 0..TRIES {
            let known = self.read::<Audited>(&key).await?;
            let version = known.as_ref().map(|stored| stored.version);
            let before = known.map(|stored| stored.value);
            let mut audited = before.clone().unwrap_or_else(|| Audited {
                date,
                module,
                compared: 0,
                missed: 0,
                mended: 0,
                open: Vec::new(),
                owned: None,
                until: now,
            });
            change(&mut audited);
            if before.is_some_and(|before| before == audited && before.until + SEEN > now) {
                return Ok(());
            }
            audited.until = now;
            let row = Row { expires: Some(later(now, KEPT_DAYS)), ..row(key.clone(), &audited, version)? };
            match self.table.commit(&[Write::Put { row, expect: expect(version) }]).await {
                Err(TableError::Unexpected(_)) => {}
                written => return written,
            }
        }
        Err(TableError::Unavailable("the row of an audit kept changing".to_owned()))
    }
}
