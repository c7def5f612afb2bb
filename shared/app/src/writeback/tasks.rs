//! Tasks for people, and reminders that are none once somebody took care.

use domain::{CrmChange, Fact, Lead, OrgId, Task};
use jiff::SignedDuration;

use super::owners::Office;
use super::{Fate, Item, Writeback, fate_of, still_unknown};
use crate::error::AppError;
use crate::ports::{CrmError, RecordTask};
use crate::store::Alongside;

/// What the product itself writes around the hand-back is over by then.
const OWN_WRITES: SignedDuration = SignedDuration::from_mins(2);

impl Writeback {
    /// Adds tasks. Like notes they cannot be repeated: each is marked before it is begun, and one found marked is looked
    /// for first.
    pub(super) async fn add_tasks(
        &self,
        org: &OrgId,
        office: &Office<'_>,
        items: Vec<Item>,
    ) -> Result<Vec<(Item, Fate)>, AppError> {
        let mut fates = Vec::new();
        for mut item in items {
            let CrmChange::Task(task) = &item.entry.change else { continue };
            let mut task = task.as_ref().clone();
            match self.is_settled(org, office, &item, &task).await {
                Ok(true) => {
                    let handled = |lead: &Lead| lead.reminder.is_some().then_some(Fact::Handled);
                    self.changes.apply(org, &item.entry.lead, handled, Alongside::default()).await?;
                    fates.push((item, Fate::Applied));
                    continue;
                }
                Ok(false) => {}
                Err(error) => {
                    fates.push((item, fate_of(Err(error))));
                    continue;
                }
            }
            if let Some(owner) = &task.owner {
                let lead = self.store().lead(org, &item.entry.lead).await?.map(|stored| stored.lead);
                task.owner = office.stand_in(owner, lead.as_ref()).map(|heir| heir.user).or(task.owner);
            }
            let task = RecordTask { record: item.entry.lead.record().clone(), task };
            let fate = self.add_task(org, &mut item, &task).await?;
            fates.push((item, fate));
        }
        Ok(fates)
    }

    async fn add_task(&self, org: &OrgId, item: &mut Item, task: &RecordTask) -> Result<Fate, AppError> {
        if item.entry.begun {
            match self.crm.has_task(org, task).await {
                Ok(true) => return Ok(Fate::Applied),
                Ok(false) => {}
                Err(error) => return Ok(still_unknown(error)),
            }
        } else {
            item.entry.begun = true;
            self.store().put_outbox(org, &item.key, &item.entry, item.version).await?;
            item.version += 1;
        }
        Ok(fate_of(self.crm.add_task(org, task).await))
    }

    /// Is it a reminder of something that a person has taken care of?
    async fn is_settled(&self, org: &OrgId, office: &Office<'_>, item: &Item, task: &Task) -> Result<bool, CrmError> {
        let Some(since) = task.unless_touched_since else { return Ok(false) };
        let record = item.entry.lead.record();
        let found = self.crm.records(org, record.module, std::slice::from_ref(&record.id)).await?;
        let record = found.into_iter().next().ok_or(CrmError::Absent)?;
        let later = since.checked_add(OWN_WRITES).unwrap_or(since);
        Ok(record.modified > later && office.changed_by_a_person(&record))
    }
}
