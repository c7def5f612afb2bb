//! What an org wrote for its assistants: schedules with their earlier revisions, the nurture table, taught phrases.
//!
//! **Invariant:** a lead finds the revision it began with for as long as that revision has a row; without one it follows
//! the schedule of that name as it is now.

use domain::{Lead, OrgId, Postscripts, Schedule, TaughtPhrase, recommended};

use super::{Result, Store, Stored, expect, keys, row, row_any};
use crate::ports::{Expect, Write};

/// Whom an edit of a schedule reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Leads on it get the new mails too, from their next one on.
    AlsoLeadsOnIt,
    /// Leads on it go on as they began.
    NewLeadsOnly,
}

impl Store {
    /// The org's schedules by name; `Recommended` is always among them.
    pub async fn schedules(&self, org: &OrgId) -> Result<Vec<Stored<Schedule>>> {
        let mut schedules = self.read_all::<Schedule>(&keys::org_partition(org), keys::SCHEDULES).await?;
        if !schedules.iter().any(|stored| stored.value.name() == Schedule::RECOMMENDED) {
            schedules.insert(0, Stored { value: recommended(), version: 0 });
        }
        Ok(schedules)
    }

    /// The schedule that a lead follows, in the revision it began with; two point reads at the most.
    pub async fn schedule_of(&self, org: &OrgId, lead: &Lead) -> Result<Schedule> {
        let now = self.read::<Schedule>(&keys::schedule(org, &lead.schedule)).await?.map(|stored| stored.value);
        let now = now.unwrap_or_else(recommended);
        // No two revisions of a name have one number, so this one is the lead's, or an earlier one may be.
        if now.name() == lead.schedule && now.revision() == lead.schedule_revision {
            return Ok(now);
        }
        let begun = self.read(&keys::past_schedule(org, &lead.schedule, lead.schedule_revision)).await?;
        Ok(begun.map_or(now, |stored| stored.value))
    }

    /// Earlier revisions that leads may still follow.
    pub async fn past_schedules(&self, org: &OrgId) -> Result<Vec<Schedule>> {
        let past = self.read_all::<Schedule>(&keys::org_partition(org), keys::PAST_SCHEDULES).await?;
        Ok(past.into_iter().map(|stored| stored.value).collect())
    }

    /// Adds a schedule whose name is free.
    pub async fn add_schedule(&self, org: &OrgId, schedule: &Schedule) -> Result<()> {
        self.put(org, schedule.clone().at_revision(self.next_revision(org, schedule.name(), 0).await?), None, vec![])
            .await
    }

    /// Puts `schedule` in the place of `before`, which has its name.
    pub async fn edit_schedule(
        &self,
        org: &OrgId,
        before: &Stored<Schedule>,
        schedule: &Schedule,
        reach: Reach,
    ) -> Result<()> {
        let (name, revision) = (schedule.name(), before.value.revision());
        let (revision, alongside) = match reach {
            Reach::NewLeadsOnly => {
                let kept = row_any(keys::past_schedule(org, name, revision), &before.value)?;
                let next = self.next_revision(org, name, revision + 1).await?;
                (next, vec![Write::Put { row: kept, expect: Expect::Any }])
            }
            Reach::AlsoLeadsOnIt => {
                let past = self.past_schedules(org).await?;
                let past = past.iter().filter(|past| past.name() == name);
                let forgotten = past.map(|past| keys::past_schedule(org, name, past.revision()));
                (revision, forgotten.map(|key| Write::Delete { key, expect: Expect::Any }).collect())
            }
        };
        let version = Some(before.version).filter(|version| *version > 0);
        self.put(org, schedule.clone().at_revision(revision), version, alongside).await
    }

    /// Takes a schedule off the list; leads on it finish it.
    pub async fn delete_schedule(&self, org: &OrgId, schedule: &Stored<Schedule>) -> Result<()> {
        let (name, revision) = (schedule.value.name(), schedule.value.revision());
        let kept = row_any(keys::past_schedule(org, name, revision), &schedule.value)?;
        let delete = Write::Delete { key: keys::schedule(org, name), expect: Expect::Version(schedule.version) };
        self.table.commit(&[Write::Put { row: kept, expect: Expect::Any }, delete]).await
    }

    /// The org's nurture table; empty before there is one.
    pub async fn postscripts(&self, org: &OrgId) -> Result<Postscripts> {
        Ok(self.read(&keys::postscripts(org)).await?.map(|stored| stored.value).unwrap_or_default())
    }

    /// Replaces the nurture table.
    pub async fn put_postscripts(&self, org: &OrgId, postscripts: &Postscripts) -> Result<()> {
        let row = row_any(keys::postscripts(org), postscripts)?;
        self.table.commit(&[Write::Put { row, expect: Expect::Any }]).await
    }

    /// What the org taught the reader of mails.
    pub async fn phrases(&self, org: &OrgId) -> Result<Vec<TaughtPhrase>> {
        Ok(self.read(&keys::phrases(org)).await?.map(|stored| stored.value).unwrap_or_default())
    }

    /// Replaces the phrases.
    pub async fn put_phrases(&self, org: &OrgId, phrases: &[TaughtPhrase]) -> Result<()> {
        let row = row_any(keys::phrases(org), &phrases)?;
        self.table.commit(&[Write::Put { row, expect: Expect::Any }]).await
    }

    /// At least `least`, and no revision that leads may still follow.
    async fn next_revision(&self, org: &OrgId, name: &str, least: u32) -> Result<u32> {
        let past = self.past_schedules(org).await?;
        let newest = past.iter().filter(|past| past.name() == name).map(|past| past.revision() + 1).max();
        Ok(newest.unwrap_or(0).max(least))
    }

    async fn put(&self, org: &OrgId, schedule: Schedule, version: Option<u64>, mut writes: Vec<Write>) -> Result<()> {
        let row = row(keys::schedule(org, schedule.name()), &schedule, version)?;
        writes.push(Write::Put { row, expect: expect(version) });
        self.table.commit(&writes).await
    }
}
