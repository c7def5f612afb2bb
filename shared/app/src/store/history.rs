//! What was done for an org in the last seven days, a row for each batch of work.

use domain::OrgId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Result, Store, expect, keys, parse, row};
use crate::ports::{ListOrder, Listing, Row, TableError, Write};

/// How long the history reaches back.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Workers that end a batch at the same instant.
const TRIES: usize = 8;

/// Which way things went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Our changes, to the CRM.
    ToCrm,
    /// Its records, to us.
    FromCrm,
    /// Mails to leads.
    MailOut,
    /// Their answers.
    MailIn,
}

impl Direction {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::ToCrm => "to the CRM",
            Self::FromCrm => "from the CRM",
            Self::MailOut => "mail out",
            Self::MailIn => "mail in",
        }
    }
}

/// What one batch of work did to things of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Such as `notes` or `Contacts`.
    pub kind: String,
    /// New there.
    pub added: u32,
    /// Changed there.
    pub updated: u32,
    /// Failed; the failure log says why.
    pub failed: u32,
}

/// One batch of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkDone {
    /// When it ended, real time.
    pub at: Timestamp,
    /// Which way.
    pub direction: Direction,
    /// What; each kind once.
    pub lines: Vec<Line>,
}

impl WorkDone {
    /// Nothing yet.
    pub fn new(direction: Direction) -> Self {
        Self { at: Timestamp::UNIX_EPOCH, direction, lines: Vec::new() }
    }

    /// What was done to things of this kind, to be counted up.
    pub fn line(&mut self, kind: &str) -> &mut Line {
        let position = self.lines.iter().position(|line| line.kind == kind).unwrap_or_else(|| {
            self.lines.push(Line { kind: kind.to_owned(), added: 0, updated: 0, failed: 0 });
            self.lines.len() - 1
        });
        &mut self.lines[position]
    }
}

impl Store {
    /// Adds a batch of work that ended at `now`, if it did something.
    pub async fn add_history(&self, org: &OrgId, mut work: WorkDone, now: Timestamp) -> Result<()> {
        work.lines.retain(|line| line.added + line.updated + line.failed > 0);
        if work.lines.is_empty() {
            return Ok(());
        }
        work.at = now;
        let key = keys::history(org, now, work.direction);
        let listing = Some(Listing { list: keys::history_partition(org), sort: key.sort.clone() });
        let (mut version, mut both) = (None, work.clone());
        for _ in 0..TRIES {
            let row = Row {
                expires: now.checked_add(KEPT).ok(),
                listing: listing.clone(),
                ..row(key.clone(), &both, version)?
            };
            match self.table.commit(&[Write::Put { row, expect: expect(version) }]).await {
                Err(TableError::Unexpected(_)) => {}
                other => return other,
            }
            // Another batch of the same instant: they become one.
            let other = self.read::<WorkDone>(&key).await?;
            version = other.as_ref().map(|stored| stored.version);
            both = work.clone();
            for line in other.into_iter().flat_map(|stored| stored.value.lines) {
                let sum = both.line(&line.kind);
                sum.added += line.added;
                sum.updated += line.updated;
                sum.failed += line.failed;
            }
        }
        Err(TableError::Unavailable("the history of this instant kept changing".to_owned()))
    }

    /// The newest batches of the seven days before `now`, at most `limit`, the newest first. What ended this instant may
    /// be missing for a moment.
    pub async fn newest_history(&self, org: &OrgId, now: Timestamp, limit: u32) -> Result<Vec<WorkDone>> {
        let list = keys::history_partition(org);
        let page = self.table.list(&list, ListOrder::Descending, None, limit).await?;
        let since = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        let newest: Vec<WorkDone> = page.rows.iter().map(parse).collect::<Result<_>>()?;
        Ok(newest.into_iter().filter(|work| work.at >= since).collect())
    }

    /// What was done in the seven days before `now`, the oldest first.
    pub async fn history(&self, org: &OrgId, now: Timestamp) -> Result<Vec<WorkDone>> {
        let all = self.read_all::<WorkDone>(&keys::history_partition(org), "").await?;
        let since = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        // The table forgets late.
        Ok(all.into_iter().map(|stored| stored.value).filter(|work| work.at >= since).collect())
    }
}
