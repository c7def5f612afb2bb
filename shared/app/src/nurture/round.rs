//! What one tick has read already: orgs and agendas, shared by all its leads.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::{AssistantId, OrgId};
use jiff::Timestamp;

use crate::directory::Directory;
use crate::error::AppError;
use crate::store::{Store, StoredAgenda};

/// Reads once a tick. Whoever writes an agenda here sees its own bookings; whoever finds that another tick wrote it
/// forgets it and reads again.
pub(crate) struct Round {
    store: Store,
    /// Until when the tick works, real time.
    pub deadline: Timestamp,
    directories: HashMap<OrgId, Directory>,
    agendas: HashMap<(OrgId, AssistantId), StoredAgenda>,
}

impl Round {
    pub fn new(store: &Store, deadline: Timestamp) -> Self {
        Self { store: store.clone(), deadline, directories: HashMap::new(), agendas: HashMap::new() }
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

    /// Another tick booked.
    pub fn forget_agenda(&mut self, org: &OrgId, assistant: &AssistantId) {
        self.agendas.remove(&(org.clone(), assistant.clone()));
    }
}
