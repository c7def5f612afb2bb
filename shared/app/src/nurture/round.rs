//! What one tick has read already: orgs and agendas, shared by all its leads.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::{AssistantId, OrgId};
use jiff::Timestamp;

use crate::directory::Directory;
use crate::error::AppError;
use crate::nurture::Stepped;
use crate::store::{Direction, Store, StoredAgenda, WorkDone};

/// Reads once a tick. Whoever writes an agenda here sees its own bookings; whoever finds that another tick wrote it
/// forgets it and reads again.
pub(crate) struct Round {
    store: Store,
    /// Until when the tick works, real time.
    pub deadline: Timestamp,
    directories: HashMap<OrgId, Directory>,
    agendas: HashMap<(OrgId, AssistantId), StoredAgenda>,
    /// What was done, by org.
    pub work: HashMap<OrgId, WorkDone>,
}

impl Round {
    pub fn new(store: &Store, deadline: Timestamp) -> Self {
        Self {
            store: store.clone(),
            deadline,
            directories: HashMap::new(),
            agendas: HashMap::new(),
            work: HashMap::new(),
        }
    }

    pub async fn directory(&mut self, org: &OrgId) -> Result<&mut Directory, AppError> {
        match self.directories.entry(org.clone()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(Directory::read(&self.store, org).await?)),
        }
    }

    pub async fn agenda(&mut self, org: &OrgId, assistant: &AssistantId) -> Result<&mut StoredAgenda, AppError> {
        match self.agendas.entry((org.clone(), assistant.clone())) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(self.store.agenda(org, assistant).await?)),
        }
    }

    /// Counts what became of a lead, for the history.
    pub fn done(&mut self, org: &OrgId, stepped: &Result<Stepped, AppError>) {
        let (sent, failed) = match stepped {
            Ok(Stepped::Sent) => (1, 0),
            Ok(Stepped::NotSent | Stepped::Refused) | Err(_) => (0, 1),
            Ok(
                Stepped::Nothing
                | Stepped::Postponed
                | Stepped::Held
                | Stepped::Ended
                | Stepped::Settled
                | Stepped::Unknown,
            ) => return,
        };
        let work = self.work.entry(org.clone()).or_insert_with(|| WorkDone::new(Direction::MailOut));
        let line = work.line("mails");
        (line.added, line.failed) = (line.added + sent, line.failed + failed);
    }

    /// Another tick booked.
    pub fn forget_agenda(&mut self, org: &OrgId, assistant: &AssistantId) {
        self.agendas.remove(&(org.clone(), assistant.clone()));
    }
}
