//! Records that could not be looked at: each in the failure log by itself, and tried again by itself.

use std::collections::{BTreeMap, HashMap};

use domain::{LeadId, Module, OrgId, RecordId};
use jiff::SignedDuration;

use super::Enrol;
use crate::directory::Directory;
use crate::error::AppError;
use crate::ports::CrmError;
use crate::store::{Direction, Line, Stored, Trouble, TroubleWith, WorkDone};

/// A record that fails this often, over most of a day, waits there too.
const RECORD_TRIES: u32 = 20;
/// A CRM that was too busy for this many records in a row is too busy for the others.
const MOST_BUSY: u32 = 3;

/// What a look at records came to.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Known troubles, by record.
    pub troubles: HashMap<LeadId, Stored<Trouble>>,
    pub work: Option<WorkDone>,
    pub pending: bool,
    /// How many records in a row failed because the CRM was busy.
    pub busy: u32,
}

impl Look {
    pub fn work(&mut self, module: Module) -> &mut Line {
        self.work.get_or_insert_with(|| WorkDone::new(Direction::FromCrm)).line(module.as_str())
    }
}

impl Enrol {
    /// What would meet every other record too is no trouble of this one's.
    pub(super) fn stop_if_nobody_gets_through(&self, error: &AppError, look: &mut Look) -> Result<(), AppError> {
        let for_all = match error {
            AppError::Crm(error @ (CrmError::Throttled { .. } | CrmError::Disconnected(_))) => Some(error),
            AppError::Crm(error @ CrmError::Busy(_)) => {
                look.busy += 1;
                Some(error).filter(|_| look.busy >= MOST_BUSY)
            }
            _ => None,
        };
        for_all.map_or(Ok(()), |error| Err(error.clone().into()))
    }

    pub(super) async fn in_trouble(
        &self,
        directory: &Directory,
        record: LeadId,
        error: &AppError,
        look: &mut Look,
    ) -> Result<(), AppError> {
        let (known, now) = (look.troubles.get(&record), self.changes.clock.real());
        let tries = known.map_or(0, |known| known.value.tries) + 1;
        let pause = SignedDuration::from_mins(1 << tries.min(6));
        let next_try = (tries < RECORD_TRIES).then(|| now + pause);
        if next_try.is_none() {
            tracing::error!(org = %directory.org, lead.id = %record, %error, "a record was given up: see `failures`");
        }
        let version = known.map(|known| known.version);
        let trouble = Trouble {
            with: TroubleWith::Record { record: record.clone() },
            reason: error.to_string(),
            tries,
            next_try,
        };
        self.changes.store.put_trouble(&directory.org, &trouble, version, now).await?;
        look.work(record.record().module).failed += 1;
        look.troubles.insert(record, Stored { value: trouble, version: version.unwrap_or(0) + 1 });
        Ok(())
    }

    pub(super) async fn out_of_trouble(&self, org: &OrgId, record: &LeadId, look: &mut Look) -> Result<(), AppError> {
        if look.troubles.remove(record).is_some() {
            self.changes.store.end_trouble(org, &TroubleWith::Record { record: record.clone() }).await?;
        }
        Ok(())
    }

    /// Looks again at records that failed and are due; how many there were.
    pub(crate) async fn retry(&self, leads: Vec<(OrgId, LeadId)>) -> u32 {
        let mut due: BTreeMap<(OrgId, Module), Vec<RecordId>> = BTreeMap::new();
        for (org, lead) in leads {
            due.entry((org, lead.record().module)).or_default().push(lead.record().id.clone());
        }
        let mut retried = 0;
        for ((org, module), ids) in due {
            retried += u32::try_from(ids.len()).unwrap_or(u32::MAX);
            if let Err(error) = self.look_at(&org, module, &ids).await {
                tracing::warn!(%org, %error, "records that failed could not be looked at again; they are tried later");
            }
        }
        retried
    }
}
