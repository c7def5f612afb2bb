//! Pausing what goes to and fro between here and the CRM.

use domain::OrgId;
use jiff::Timestamp;

use super::Admin;
use crate::directory::edit_connection;
use crate::error::AppError;
use crate::ports::{Event, TableError};
use crate::store::{Connection, Paused, Queue, Store, keys};

/// Waiting notifications that are looked at as soon as it goes on; upkeep reminds of the others.
const PER_SHARD: u32 = 100;

impl Store {
    /// Has somebody paused what goes to and fro?
    pub(crate) async fn is_paused(&self, org: &OrgId) -> Result<bool, TableError> {
        Ok(self.connection(org).await?.is_some_and(|stored| stored.value.paused.is_some()))
    }
}

impl Admin {
    /// Pauses what goes to and fro between here and the CRM, in this person's name; `None` resumes it, and what waited is
    /// caught up.
    pub async fn pause_sync(&self, org: &OrgId, by: Option<&str>) -> Result<(), AppError> {
        let now = self.clock.real();
        let paused = by.map(|by| Paused { by: by.to_owned(), since: now });
        let pause = |connection: &mut Connection| {
            connection.paused.clone_from(&paused);
            connection.next_upkeep = now;
        };
        edit_connection(&self.store, org, pause).await?;
        if by.is_some() {
            return Ok(());
        }
        let mut hints =
            vec![Event::WritebackPending { org: org.clone() }, Event::AssistantChanged { org: org.clone() }];
        // Also those that are not due yet: what was left alone during the pause is done now, whatever its turn.
        for key in self.store.due(Queue::Notification, Timestamp::MAX, PER_SHARD).await? {
            if keys::org_of(&key).as_ref() == Some(org) && keys::record_in_trouble(&key).is_none() {
                hints.push(Event::RecordsChanged { org: org.clone(), notification: key.sort });
            }
        }
        Ok(self.events.publish(&hints).await?)
    }
}
