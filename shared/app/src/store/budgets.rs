//! Rows of budgets.

use domain::{Bucket, OrgId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Result, Store, Stored, keys};

/// What is left of an org's budget of calls to its CRM, and who has a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Credits.
    pub credits: Bucket,
    /// Who may have how many calls in flight.
    pub places: Vec<Places>,
    /// Nobody calls before, real time.
    pub closed_until: Timestamp,
    /// How often in a row the CRM said that it takes no more.
    pub slowed: u32,
    /// What was taken of it on one day.
    #[serde(default)]
    pub spent: Spent,
}

/// Credits that workers took on one day (UTC) and did not give back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// The day.
    pub on: Date,
    /// How many.
    pub credits: u32,
}

impl Spent {
    /// What was taken on this day.
    pub fn by(self, day: Date) -> u32 {
        if self.on == day { self.credits } else { 0 }
    }
}

/// A worker's places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// Which worker.
    pub worker: String,
    /// How many.
    pub count: u32,
    /// Until when it has begun its last call there, and until when that is over, real time.
    pub until: Timestamp,
}

impl Store {
    /// An org's budget, once it was used.
    pub async fn budget(&self, org: &OrgId) -> Result<Option<Stored<Budget>>> {
        self.read(&keys::budget(org)).await
    }

    /// Writes it.
    pub async fn put_budget(&self, org: &OrgId, budget: &Budget, version: Option<u64>) -> Result<()> {
        self.write(keys::budget(org), budget, version).await
    }

    /// What may leave through the installation's mail system, once it was used.
    pub async fn mail_rate(&self) -> Result<Option<Stored<Bucket>>> {
        self.read(&keys::mail_rate()).await
    }

    /// Writes it.
    pub async fn put_mail_rate(&self, rate: &Bucket, version: Option<u64>) -> Result<()> {
        self.write(keys::mail_rate(), rate, version).await
    }
}
