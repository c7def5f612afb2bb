//! What one tick has read already of an org: its directory and its agendas, shared by all its leads.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::{AssistantId, OrgId};
use jiff::Timestamp;

use crate::directory::Directory;
use crate::error::AppError;
use crate::nurture::{Stepped, Ticked};
use crate::store::{Direction, Store, StoredAgenda, WorkDone};

/// Reads once a tick. Whoever writes an agenda here sees its own bookings; whoever finds that another tick wrote it
/// forgets it and reads again.
pub(crate) struct Round {
    store: Store,
    pub org: OrgId,
    /// Until when the tick works, real time.
    pub deadline: Timestamp,
    directory: Option<Directory>,
    agendas: HashMap<AssistantId, StoredAgenda>,
    /// What became of its leads.
    pub ticked: Ticked,
    /// What was done, for the history; `None`: nothing.
    work: Option<WorkDone>,
}

impl Round {
    pub fn new(store: &Store, org: OrgId, deadline: Timestamp) -> Self {
        Self {
            store: store.clone(),
            org,
            deadline,
            directory: None,
            agendas: HashMap::new(),
            ticked: Ticked::default(),
            work: None,
        }
    }

    pub async fn directory(&mut self) -> Result<&mut Directory, AppError> {
        if self.directory.is_none() {
            self.directory = Some(Directory::read(&self.store, &self.org).await?);
        }
        self.directory.as_mut().ok_or_else(|| AppError::NotConnected(self.org.clone()))
    }

    pub async fn agenda(&mut self, assistant: &AssistantId) -> Result<&mut StoredAgenda, AppError> {
        match self.agendas.entry(assistant.clone()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(self.store.agenda(&self.org, assistant).await?)),
        }
    }

    /// Counts what became of a lead.
    pub fn done(&mut self, stepped: &Result<Stepped, AppError>) {
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
        let line = self.work.get_or_insert_with(|| WorkDone::new(Direction::MailOut)).line("mails");
        (line.added, line.failed) = (line.added + sent, line.failed + failed);
    }

    /// Another tick booked.
    pub fn forget_agenda(&mut self, assistant: &AssistantId) {
        self.agendas.remove(assistant);
    }

    /// Notes what was done in the history.
    pub async fn end(self, now: Timestamp) -> Result<Ticked, AppError> {
        if let Some(work) = self.work {
            self.store.add_history(&self.org, work, now).await?;
        }
        Ok(self.ticked)
    }
}
