//! What people do in Zoho's own pages, and what a test does to the organisation.
//!
//! A person may store what the API would refuse, such as a mistyped address: real records hold such things.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    Faults, FaultsError, NewUser, Simulator,
    accounts::Grant,
    crm::{id_of, parent_of},
    times,
    world::{Actor, DataType, Operation, Through, World},
};

/// Why something could not be done to the organisation.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// There is no such module.
    #[error("there is no module `{0}`")]
    Module(String),
    /// There is no such record in the module.
    #[error("there is no record {id} in {module}")]
    Record {
        /// The module.
        module: String,
        /// The record.
        id: String,
    },
    /// There is no such user, or the user may not do this.
    #[error("there is no such user, or not an active one: `{0}`")]
    User(String),
    /// Not the expected JSON.
    #[error("{0}")]
    Body(String),
    /// The faults make no sense.
    #[error(transparent)]
    Faults(#[from] FaultsError),
}

/// What to change about a user.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// Activate or deactivate.
    #[serde(default)]
    pub active: Option<bool>,
    /// Accept the invitation.
    #[serde(default)]
    pub confirmed: Option<bool>,
    /// Give or take the Administrator profile.
    #[serde(default)]
    pub admin: Option<bool>,
    /// Delete.
    #[serde(default)]
    pub deleted: Option<bool>,
    /// New address.
    #[serde(default)]
    pub email: Option<String>,
    /// New first name.
    #[serde(default)]
    pub first_name: Option<String>,
    /// New last name.
    #[serde(default)]
    pub last_name: Option<String>,
    /// Says when they are not at work; `Some(None)` takes it back.
    #[serde(default)]
    pub away: Option<Option<(Timestamp, Timestamp)>>,
    /// Id or address of their manager.
    #[serde(default)]
    pub reports_to: Option<String>,
}

/// The same things as Rust calls. `as_user` is a user's id or address; without it the first administrator acts.
impl Simulator {
    /// A person creates a record. Owners and lookups may be given as plain ids, owners also as addresses.
    pub fn create_record(&self, module: &str, fields: Value, as_user: Option<&str>) -> Result<String, SimError> {
        self.act(|world| world.person_creates(module, &fields, as_user))
    }

    /// A person gives records to somebody, all at once.
    pub fn assign(&self, module: &str, ids: &[&str], to: &str, as_user: Option<&str>) -> Result<(), SimError> {
        self.act(|world| world.person_edits(module, ids, &json!({"Owner": to}), as_user))
    }

    /// A person edits records, all at once.
    pub fn edit_records(
        &self,
        module: &str,
        ids: &[&str],
        fields: Value,
        as_user: Option<&str>,
    ) -> Result<(), SimError> {
        self.act(|world| world.person_edits(module, ids, &fields, as_user))
    }

    /// A person deletes records; `permanent` empties them from the recycle bin too.
    pub fn delete_records(
        &self,
        module: &str,
        ids: &[&str],
        permanent: bool,
        as_user: Option<&str>,
    ) -> Result<(), SimError> {
        self.act(|world| world.person_deletes(module, ids, permanent, as_user))
    }

    /// A person converts a lead; returns the contact's id.
    pub fn convert_lead(&self, id: &str, as_user: Option<&str>) -> Result<String, SimError> {
        self.act(|world| world.person_converts(id, as_user))
    }

    /// A person merges records into the first one.
    pub fn merge(&self, module: &str, master: &str, others: &[&str], as_user: Option<&str>) -> Result<(), SimError> {
        self.act(|world| world.person_merges(module, master, others, as_user))
    }

    /// Adds a user; returns the id.
    pub fn add_user(&self, user: &NewUser) -> String {
        self.act(|world| world.add_user(user))
    }

    /// Changes a user.
    pub fn change_user(&self, id_or_email: &str, change: &UserChange) -> Result<(), SimError> {
        self.act(|world| world.change_user(id_or_email, change))
    }

    /// A user's id by address.
    pub fn user_id(&self, email: &str) -> Option<String> {
        self.act(|world| world.find_user(email).map(|user| user.id.clone()))
    }

    /// A refresh token of some user with some scopes, without the consent page.
    pub fn grant(&self, user: &str, scopes: &[&str]) -> Result<String, SimError> {
        self.act(|world| world.grant(user, scopes))
    }

    /// All access tokens die at once; with `refresh_tokens`, those too.
    pub fn kill_tokens(&self, refresh_tokens: bool) -> usize {
        self.act(|world| world.accounts.kill(refresh_tokens))
    }

    /// Replaces all faults.
    pub fn set_faults(&self, faults: Faults) {
        self.act(|world| world.faults = faults);
    }

    /// Changes faults as `POST /_sim/faults` does.
    pub fn change_faults(&self, change: &Value) -> Result<(), SimError> {
        Ok(self.act(|world| world.faults.apply_json(change))?)
    }

    /// A workflow that gives every record whose owner changes to this user (and none with `None`).
    pub fn set_owner_workflow(&self, owner: Option<&str>) -> Result<(), SimError> {
        self.act(|world| world.set_owner_workflow(owner))
    }
}

impl World {
    fn person(&self, as_user: Option<&str>) -> Result<Actor, SimError> {
        let found = as_user.map_or_else(|| self.first_admin(), |user| self.find_user(user));
        let user = found.ok_or_else(|| SimError::User(as_user.unwrap_or("administrator").to_owned()))?;
        Ok(Actor { user: user.id.clone(), through: Through::Person, workflows: true })
    }

    fn must_exist(&self, module: &str, ids: &[&str]) -> Result<(), SimError> {
        self.module(module).ok_or_else(|| SimError::Module(module.to_owned()))?;
        match ids.iter().find(|id| self.record(module, id).is_none()) {
            None => Ok(()),
            Some(id) => Err(SimError::Record { module: module.to_owned(), id: (*id).to_owned() }),
        }
    }

    /// Fields as a person types them, turned into what is stored. Nothing is checked but owners.
    fn as_typed(&self, module: &str, fields: &Value) -> Result<Map<String, Value>, SimError> {
        let schema = self.module(module).ok_or_else(|| SimError::Module(module.to_owned()))?;
        let given = fields.as_object().ok_or_else(|| SimError::Body("fields must be an object".into()))?;
        let mut stored = Map::new();
        for (name, value) in given {
            let Some(field) = schema.field(name) else { continue };
            let value = match field.kind {
                DataType::Owner => {
                    let wanted = id_of(value).or_else(|| value.as_str().map(str::to_owned)).unwrap_or_default();
                    let user = self.find_user(&wanted).filter(|user| user.active && !user.deleted);
                    Value::from(user.ok_or(SimError::User(wanted))?.id.as_str())
                }
                DataType::Lookup => id_of(value).map_or(Value::Null, Value::from),
                DataType::Free if name == "Parent_Id" => {
                    let of = value["module"]["api_name"].as_str().or(value["module"].as_str());
                    json!({"module": of, "id": id_of(value)})
                }
                _ => value.clone(),
            };
            stored.insert(name.clone(), value);
        }
        Ok(stored)
    }

    pub fn person_creates(&mut self, module: &str, fields: &Value, as_user: Option<&str>) -> Result<String, SimError> {
        let actor = self.person(as_user)?;
        let stored = self.as_typed(module, fields)?;
        let parent = stored.get("Parent_Id").and_then(parent_of);
        let id = self.insert(&actor, module, stored);
        if let Some((module, id)) = parent {
            self.happened_nearby(&module, &id);
        }
        Ok(id)
    }

    pub fn person_edits(
        &mut self,
        module: &str,
        ids: &[&str],
        fields: &Value,
        as_user: Option<&str>,
    ) -> Result<(), SimError> {
        let actor = self.person(as_user)?;
        self.must_exist(module, ids)?;
        let stored = self.as_typed(module, fields)?;
        for id in ids {
            self.edit(&actor, module, id, stored.clone());
        }
        Ok(())
    }

    pub fn person_deletes(
        &mut self,
        module: &str,
        ids: &[&str],
        permanent: bool,
        as_user: Option<&str>,
    ) -> Result<(), SimError> {
        let actor = self.person(as_user)?;
        self.must_exist(module, ids)?;
        for id in ids {
            self.remove(&actor, module, id, permanent);
        }
        Ok(())
    }

    /// The lead stays, marked as converted and out of every list; a contact takes its place, its notes and emails.
    pub fn person_converts(&mut self, id: &str, as_user: Option<&str>) -> Result<String, SimError> {
        let actor = self.person(as_user)?;
        self.must_exist("Leads", &[id])?;
        let gone = || SimError::Record { module: "Leads".into(), id: id.to_owned() };
        let lead = self.record("Leads", id).filter(|lead| !lead.converted).ok_or_else(gone)?.clone();
        let contacts = self.module("Contacts").ok_or_else(|| SimError::Module("Contacts".into()))?;
        let mut fields: Map<String, Value> = lead
            .fields
            .iter()
            .filter(|(name, _)| contacts.field(name).is_some())
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        fields.insert("Owner".into(), Value::from(lead.owner.as_str()));
        let company = lead.text("Company");
        if !company.is_empty() {
            let account = Map::from_iter([("Account_Name".to_owned(), Value::from(company))]);
            let account = self.insert(&actor, "Accounts", account);
            fields.insert("Account_Name".into(), Value::from(account));
        }
        let contact = self.insert(&actor, "Contacts", fields);
        if let Some(lead) = self.tables.get_mut("Leads").and_then(|table| table.records.get_mut(id)) {
            lead.converted = true;
        }
        self.remember(&actor, "Leads", id, "converted", Vec::new());
        self.move_attachments(("Leads", id), ("Contacts", &contact));
        Ok(contact)
    }

    /// The others' fields fill the master's gaps, their notes and emails become the master's, and they are gone.
    pub fn person_merges(
        &mut self,
        module: &str,
        master: &str,
        others: &[&str],
        as_user: Option<&str>,
    ) -> Result<(), SimError> {
        let actor = self.person(as_user)?;
        self.must_exist(module, &[master])?;
        self.must_exist(module, others)?;
        for other in others.iter().filter(|other| **other != master) {
            let (Some(kept), Some(lost)) = (self.record(module, master), self.record(module, other)) else { continue };
            let gaps = lost.fields.iter().filter(|(name, _)| kept.get(name).is_null());
            let filled: Map<String, Value> = gaps.map(|(name, value)| (name.clone(), value.clone())).collect();
            self.edit(&actor, module, master, filled);
            self.move_attachments((module, other), (module, master));
            self.remove(&actor, module, other, true);
        }
        Ok(())
    }

    fn move_attachments(&mut self, from: (&str, &str), to: (&str, &str)) {
        let new_parent = json!({"module": to.0, "id": to.1});
        for note in self.tables.get_mut("Notes").into_iter().flat_map(|table| table.records.values_mut()) {
            if note.fields.get("Parent_Id").is_some_and(|parent| parent["id"] == from.1) {
                note.fields.insert("Parent_Id".into(), new_parent.clone());
            }
        }
        for email in self.emails.iter_mut().filter(|email| email.record_id == from.1) {
            (email.module, email.record_id) = (to.0.to_owned(), to.1.to_owned());
        }
    }

    pub fn change_user(&mut self, id_or_email: &str, change: &UserChange) -> Result<(), SimError> {
        let unknown = || SimError::User(id_or_email.to_owned());
        let id = self.find_user(id_or_email).ok_or_else(unknown)?.id.clone();
        let manager = match &change.reports_to {
            Some(manager) => Some(self.find_user(manager).ok_or_else(|| SimError::User(manager.clone()))?.id.clone()),
            None => None,
        };
        let now = times::whole_second(self.now);
        let user = self.users.iter_mut().find(|user| user.id == id).ok_or_else(unknown)?;
        user.active = change.active.unwrap_or(user.active);
        user.confirmed = change.confirmed.unwrap_or(user.confirmed);
        user.admin = change.admin.unwrap_or(user.admin);
        user.deleted = change.deleted.unwrap_or(user.deleted);
        user.away = change.away.unwrap_or(user.away);
        if manager.is_some() {
            user.reports_to = manager;
        }
        for (field, new) in [
            (&mut user.email, &change.email),
            (&mut user.first_name, &change.first_name),
            (&mut user.last_name, &change.last_name),
        ] {
            if let Some(new) = new {
                field.clone_from(new);
            }
        }
        user.modified = now;
        self.happened_to_user(Operation::Update, &id);
        Ok(())
    }

    pub fn grant(&mut self, user: &str, scopes: &[&str]) -> Result<String, SimError> {
        let found = self.find_user(user).ok_or_else(|| SimError::User(user.to_owned()))?;
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let grant = Grant { user: found.id.clone(), scopes, location: found.location.clone() };
        Ok(self.accounts.new_refresh_token(&mut self.rng, grant))
    }

    pub fn set_owner_workflow(&mut self, owner: Option<&str>) -> Result<(), SimError> {
        self.workflow_owner = match owner {
            None => None,
            Some(owner) => Some(self.find_user(owner).ok_or_else(|| SimError::User(owner.to_owned()))?.id.clone()),
        };
        Ok(())
    }
}
