//! Pausing what goes to and fro between here and the CRM.

use domain::OrgId;

use super::Admin;
use crate::directory::edit_connection;
use crate::error::AppError;
use crate::ports::Event;
use crate::store::{Connection, Paused};

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
        let waiting = self.store.waiting_notifications(org).await?;
        hints.extend(waiting.into_iter().map(|notification| Event::RecordsChanged { org: org.clone(), notification }));
        Ok(self.events.publish(&hints).await?)
    }
}
