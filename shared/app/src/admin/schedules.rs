//! Schedules and the nurture table, by a person's hand.

use domain::{OrgId, Postscripts, Schedule};

use super::Admin;
use crate::error::AppError;
use crate::ports::TableError;
use crate::store::{Reach, Stored};

impl Admin {
    /// All schedules of an org.
    pub async fn schedules(&self, org: &OrgId) -> Result<Vec<Schedule>, AppError> {
        Ok(self.store.schedules(org).await?.into_iter().map(|stored| stored.value).collect())
    }

    /// Adds a schedule.
    pub async fn add_schedule(&self, org: &OrgId, schedule: &Schedule) -> Result<(), AppError> {
        let name = schedule.name();
        let taken = || AppError::Invalid(format!("schedule {name:?} exists already; change it with `schedule edit`"));
        if self.schedules(org).await?.iter().any(|known| known.name() == name) {
            return Err(taken());
        }
        match self.store.add_schedule(org, schedule).await {
            Ok(()) => self.look_after_now(org).await,
            Err(TableError::Unexpected(_)) => Err(taken()),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes the schedule of that name.
    pub async fn edit_schedule(&self, org: &OrgId, schedule: &Schedule, reach: Reach) -> Result<(), AppError> {
        let before = self.stored_schedule(org, schedule.name()).await?;
        self.store.edit_schedule(org, &before, schedule, reach).await.map_err(edited_meanwhile)?;
        self.look_after_now(org).await
    }

    /// Adds a schedule with the mails of another.
    pub async fn clone_schedule(&self, org: &OrgId, name: &str, new_name: &str) -> Result<Schedule, AppError> {
        let copy = self.stored_schedule(org, name).await?.value.named(new_name);
        let copy = copy.map_err(|error| AppError::Invalid(error.to_string()))?;
        self.add_schedule(org, &copy).await?;
        Ok(copy)
    }

    /// Takes a schedule off the list: no lead begins it any more, those on it finish it.
    pub async fn delete_schedule(&self, org: &OrgId, name: &str) -> Result<(), AppError> {
        if name == Schedule::RECOMMENDED {
            return Err(AppError::Invalid(format!("{name} cannot be deleted; clone it and change the copy")));
        }
        let stored = self.stored_schedule(org, name).await?;
        let assistants = self.store.assistants(org).await?;
        let users = assistants.iter().map(|stored| &stored.value).filter(|one| one.default_schedule == name);
        let users: Vec<_> = users.map(|assistant| assistant.id.as_str()).collect();
        if !users.is_empty() {
            let users = users.join(", ");
            return Err(AppError::Invalid(format!(
                "schedule {name:?} is the default of {users}; give them another with `assistant edit --schedule` first"
            )));
        }
        self.store.delete_schedule(org, &stored).await.map_err(edited_meanwhile)?;
        self.look_after_now(org).await
    }

    /// The lines of which each mail carries one as its P.S.
    pub async fn postscripts(&self, org: &OrgId) -> Result<Postscripts, AppError> {
        Ok(self.store.postscripts(org).await?)
    }

    /// Replaces the nurture table.
    pub async fn put_postscripts(&self, org: &OrgId, postscripts: &Postscripts) -> Result<(), AppError> {
        Ok(self.store.put_postscripts(org, postscripts).await?)
    }

    async fn stored_schedule(&self, org: &OrgId, name: &str) -> Result<Stored<Schedule>, AppError> {
        let known = self.store.schedules(org).await?;
        known.into_iter().find(|stored| stored.value.name() == name).ok_or_else(|| {
            AppError::Invalid(format!("there is no schedule {name:?}; `schedule list` names those there are"))
        })
    }
}

fn edited_meanwhile(error: TableError) -> AppError {
    match error {
        TableError::Unexpected(_) => AppError::Contended("the schedule".to_owned()),
        error => error.into(),
    }
}
