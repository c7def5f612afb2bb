//! Who is who in an org: its connection, its users, its assistants and their schedules.

use std::sync::Arc;

use domain::{Assistant, CrmUser, Lead, OrgId, Schedule, UserId, recommended};
use jiff::SignedDuration;

use crate::error::AppError;
use crate::ports::{Clock, Crm, CrmRecord, TableError};
use crate::store::{Connection, KnownUsers, Store, Stored};

/// People come and go rarely; a user who is missing here is looked up again at once.
const USERS_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// Others may change a connection at the same time.
const TRIES: usize = 5;

/// The org as one look at the table found it; good for one batch of work.
pub(crate) struct Directory {
    pub org: OrgId,
    pub connection: Stored<Connection>,
    pub assistants: Vec<Stored<Assistant>>,
    pub schedules: Vec<Stored<Schedule>>,
    past_schedules: Vec<Schedule>,
}

impl Directory {
    pub async fn read(store: &Store, org: &OrgId) -> Result<Self, AppError> {
        let connection = store.connection(org).await?.ok_or_else(|| AppError::NotConnected(org.clone()))?;
        Ok(Self {
            org: org.clone(),
            connection,
            assistants: store.assistants(org).await?,
            schedules: store.schedules(org).await?,
            past_schedules: store.past_schedules(org).await?,
        })
    }

    /// The assistant that owns the record, by its user or, before that is known, by its address.
    pub fn assistant_owning(&self, record: &CrmRecord) -> Option<&Assistant> {
        self.assistants.iter().map(|stored| &stored.value).find(|assistant| {
            assistant.user.as_ref() == Some(&record.owner)
                || (assistant.user.is_none() && record.owner_email.as_ref() == Some(&assistant.email))
        })
    }

    pub fn assistant_of(&self, lead: &Lead) -> Option<&Assistant> {
        self.assistants.iter().map(|stored| &stored.value).find(|assistant| assistant.id == lead.assistant)
    }

    pub fn assistant_users(&self) -> Vec<UserId> {
        self.assistants.iter().filter_map(|stored| stored.value.user.clone()).collect()
    }

    /// The first of `names` that exists, else `Recommended`.
    pub fn schedule(&self, names: &[&str]) -> Schedule {
        names
            .iter()
            .find_map(|name| self.schedules.iter().find(|stored| stored.value.name() == *name))
            .map_or_else(recommended, |stored| stored.value.clone())
    }

    /// The schedule that a lead follows, in the revision it began with.
    pub fn schedule_of(&self, lead: &Lead) -> Schedule {
        let begun = |past: &&Schedule| past.name() == lead.schedule && past.revision() == lead.schedule_revision;
        self.past_schedules.iter().find(begun).cloned().unwrap_or_else(|| self.schedule(&[&lead.schedule]))
    }

    pub fn schedule_names(&self) -> Vec<String> {
        self.schedules.iter().map(|stored| stored.value.name().to_owned()).collect()
    }
}

/// Changes the connection, whoever else does.
pub(crate) async fn edit_connection(
    store: &Store,
    org: &OrgId,
    change: impl Fn(&mut Connection) + Send + Sync,
) -> Result<(), AppError> {
    for _ in 0..TRIES {
        let stored = store.connection(org).await?.ok_or_else(|| AppError::NotConnected(org.clone()))?;
        let mut connection = stored.value.clone();
        change(&mut connection);
        if connection == stored.value {
            return Ok(());
        }
        match store.put_connection(&connection, Some(stored.version)).await {
            Err(TableError::Unexpected(_)) => {}
            written => return Ok(written?),
        }
    }
    Err(AppError::Contended(format!("the connection of {org}")))
}

/// The org's users, from the table while fresh, else from the CRM.
pub(crate) async fn users(
    store: &Store,
    crm: &Arc<dyn Crm>,
    clock: &Arc<dyn Clock>,
    org: &OrgId,
    even_if_fresh: bool,
) -> Result<Vec<CrmUser>, AppError> {
    let now = clock.real();
    if let Some(known) = store.users(org).await?
        && !even_if_fresh
        && known.read_at + USERS_LIFE > now
    {
        return Ok(known.users);
    }
    let users = crm.users(org).await?;
    store.put_users(org, &KnownUsers { users: users.clone(), read_at: now }).await?;
    Ok(users)
}
