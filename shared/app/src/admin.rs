//! Administration: assistants, schedules and leads, from the command line or any other front.

mod approvals;
mod pause;
mod phrases;
mod schedules;

use std::sync::Arc;

use domain::{Assistant, AssistantId, CrmUser, Decision, IntegrationStatus, Lead, LeadId, OrgId, Schedule, UserId};

pub use approvals::Waiting;

use crate::directory::edit_connection;
use crate::error::AppError;
use crate::ports::{Clock, Event, Events, TableError};
use crate::store::{Connection, Queue, Store, StoryLine, keys};

/// Administers what the store holds.
pub struct Admin {
    /// Rows.
    pub store: Store,
    /// Told of changes.
    pub events: Arc<dyn Events>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// An assistant with how well it is connected.
#[derive(Debug, Clone, serde::Serialize)]
pub struct AssistantReport {
    /// The assistant.
    #[serde(flatten)]
    pub assistant: Assistant,
    /// How well it is connected.
    pub status: IntegrationStatus,
}

/// A lead with its story.
#[derive(Debug, Clone, serde::Serialize)]
pub struct LeadReport {
    /// The lead.
    #[serde(flatten)]
    pub lead: Lead,
    /// What happened, oldest first.
    pub story: Vec<StoryLine>,
}

/// A stored decision, and whether it would be the same again.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Why {
    /// The decision, with all that decided it.
    #[serde(flatten)]
    pub decision: Decision,
    /// In words.
    pub words: String,
    /// Does the same question have the same answer today? `None` where nothing was asked.
    pub replays: Option<bool>,
}

impl Admin {
    /// The connected orgs. Every connection waits in the upkeep queues, whenever it is due.
    pub async fn connections(&self) -> Result<Vec<Connection>, AppError> {
        let mut found = Vec::new();
        for key in self.store.due(Queue::Upkeep, jiff::Timestamp::MAX, 1000).await? {
            if keys::is_connection(&key)
                && let Some(org) = keys::org_of(&key)
                && let Some(stored) = self.store.connection(&org).await?
            {
                found.push(stored.value);
            }
        }
        Ok(found)
    }

    /// The org that is meant: the named one, or the only one.
    pub async fn org(&self, named: Option<OrgId>) -> Result<OrgId, AppError> {
        if let Some(org) = named {
            return match self.store.connection(&org).await? {
                Some(_) => Ok(org),
                None => Err(AppError::NotConnected(org)),
            };
        }
        let mut orgs: Vec<_> = self.connections().await?.into_iter().map(|connection| connection.org).collect();
        match (orgs.pop(), orgs.is_empty()) {
            (Some(org), true) => Ok(org),
            (Some(_), false) => Err(AppError::Invalid("several organisations are connected; name one with --org".into())),
            (None, _) => Err(AppError::Invalid(
                "no Zoho organisation is connected yet; run `sales-assistant serve` and open its /oauth/authorize in a browser"
                    .into(),
            )),
        }
    }

    /// All assistants of an org.
    pub async fn assistants(&self, org: &OrgId) -> Result<Vec<AssistantReport>, AppError> {
        let report = |assistant: Assistant| AssistantReport { status: assistant.integration_status(), assistant };
        Ok(self.store.assistants(org).await?.into_iter().map(|stored| report(stored.value)).collect())
    }

    /// Adds an assistant.
    pub async fn add_assistant(&self, org: &OrgId, assistant: Assistant) -> Result<AssistantReport, AppError> {
        let assistant = assistant.validate().map_err(|error| AppError::Invalid(error.to_string()))?;
        self.require_schedule(org, &assistant.default_schedule).await?;
        if let Some(owner) = self.store.org_of_mailbox(&assistant.email).await?
            && (owner != *org || self.has_mailbox(org, &assistant).await?)
        {
            return Err(AppError::Invalid(format!("email {} already belongs to an assistant", assistant.email)));
        }
        match self.store.put_assistant(org, &assistant, None).await {
            Ok(()) => self.changed(org, assistant).await,
            Err(TableError::Unexpected(_)) => {
                let id = &assistant.id;
                Err(AppError::Invalid(format!("assistant {id} exists already; change it with `assistant edit {id}`")))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Changes an assistant.
    pub async fn edit_assistant(
        &self,
        org: &OrgId,
        id: &AssistantId,
        edit: impl FnOnce(&mut Assistant) -> Result<(), AppError>,
    ) -> Result<AssistantReport, AppError> {
        let stored = self.store.assistant(org, id).await?;
        let mut stored = stored.ok_or_else(|| AppError::Invalid(format!("there is no assistant {id}")))?;
        let email = stored.value.email.clone();
        edit(&mut stored.value)?;
        if stored.value.email != email {
            // Another address is another user of the CRM.
            stored.value.user = None;
            if self.store.org_of_mailbox(&stored.value.email).await?.is_some() {
                return Err(AppError::Invalid(format!("email {} already belongs to an assistant", stored.value.email)));
            }
        }
        let assistant = stored.value.validate().map_err(|error| AppError::Invalid(error.to_string()))?;
        self.require_schedule(org, &assistant.default_schedule).await?;
        self.store.put_assistant(org, &assistant, Some(stored.version)).await?;
        self.changed(org, assistant).await
    }

    async fn has_mailbox(&self, org: &OrgId, assistant: &Assistant) -> Result<bool, AppError> {
        Ok(self.store.assistants(org).await?.iter().any(|stored| stored.value.email == assistant.email))
    }

    async fn require_schedule(&self, org: &OrgId, name: &str) -> Result<(), AppError> {
        let schedules = self.schedules(org).await?;
        if schedules.iter().any(|schedule| schedule.name() == name) {
            return Ok(());
        }
        let known: Vec<_> = schedules.iter().map(Schedule::name).collect();
        Err(AppError::Invalid(format!("schedule {name:?} does not exist; there are {}", known.join(", "))))
    }

    async fn changed(&self, org: &OrgId, assistant: Assistant) -> Result<AssistantReport, AppError> {
        self.look_after_now(org).await?;
        Ok(AssistantReport { status: assistant.integration_status(), assistant })
    }

    /// Asks for upkeep at once, and for a look at everything the assistants own.
    pub async fn look_after_now(&self, org: &OrgId) -> Result<(), AppError> {
        let now = self.clock.real();
        let due = |connection: &mut Connection| (connection.next_upkeep, connection.looked_at_all) = (now, None);
        edit_connection(&self.store, org, due).await?;
        if let Err(error) = self.events.publish(&[Event::AssistantChanged { org: org.clone() }]).await {
            tracing::warn!(%org, %error, "the change takes effect with the next upkeep");
        }
        Ok(())
    }

    /// The leads of an org, by their newest activity.
    pub async fn leads(&self, org: &OrgId) -> Result<Vec<Lead>, AppError> {
        let mut leads = Vec::new();
        let mut from = None;
        loop {
            let (page, next) = self.store.leads(org, from.as_deref(), 500).await?;
            leads.extend(page);
            match next {
                Some(next) => from = Some(next),
                None => return Ok(leads),
            }
        }
    }

    /// One lead with its story.
    pub async fn lead(&self, org: &OrgId, id: &LeadId) -> Result<LeadReport, AppError> {
        let stored = self.store.lead(org, id).await?;
        let stored = stored.ok_or_else(|| AppError::Invalid(format!("there is no lead {id}")))?;
        Ok(LeadReport { lead: stored.lead, story: self.store.story(org, id).await? })
    }

    /// Who stands in for whom, by name: owner, backup.
    pub async fn backups(&self, org: &OrgId) -> Result<Vec<(String, String)>, AppError> {
        let users = self.store.users(org).await?.map(|known| known.users).unwrap_or_default();
        let name = |id: &UserId| {
            users.iter().find(|user| user.id == *id).map_or_else(|| id.to_string(), |user| user.name.clone())
        };
        let connection = self.store.connection(org).await?.ok_or_else(|| AppError::NotConnected(org.clone()))?;
        Ok(connection.value.backups.iter().map(|(owner, backup)| (name(owner), name(backup))).collect())
    }

    /// Names who stands in for an owner, both by id or address; `None`: nobody in particular any more.
    pub async fn set_backup(&self, org: &OrgId, owner: &str, backup: Option<&str>) -> Result<(), AppError> {
        let users = self.store.users(org).await?.map(|known| known.users).unwrap_or_default();
        let find = |field: &str, text: &str| {
            let named = |user: &&CrmUser| {
                user.id.as_str() == text
                    || user.email.as_ref().is_some_and(|email| email.as_str().eq_ignore_ascii_case(text))
            };
            users.iter().find(named).ok_or_else(|| {
                AppError::Invalid(format!(
                    "{field} {text:?} is no user of the CRM that is known here; write an id or an address"
                ))
            })
        };
        let owner = find("owner", owner)?.id.clone();
        let backup = backup.map(|backup| find("backup", backup)).transpose()?;
        if let Some(user) = backup
            && (!user.active || user.id == owner)
        {
            return Err(AppError::Invalid(format!("{} cannot stand in; name another, active user", user.name)));
        }
        let backup = backup.map(|user| user.id.clone());
        let stand_in = |connection: &mut Connection| {
            match &backup {
                Some(backup) => connection.backups.insert(owner.clone(), backup.clone()),
                None => connection.backups.remove(&owner),
            };
        };
        edit_connection(&self.store, org, stand_in).await
    }

    /// Why each of a lead's mails left, waited or did not, oldest first.
    pub async fn why(&self, org: &OrgId, id: &LeadId) -> Result<Vec<Why>, AppError> {
        let known = self.store.lead(org, id).await?;
        known.ok_or_else(|| AppError::Invalid(format!("there is no lead {id}")))?;
        let why = |decision: Decision| Why { words: decision.ruling.to_string(), replays: decision.replay(), decision };
        Ok(self.store.decisions(org, id).await?.into_iter().map(why).collect())
    }
}
