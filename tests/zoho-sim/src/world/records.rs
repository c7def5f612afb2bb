//! Records: inserting, editing and removing them, with the history every change leaves.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{World, notify::Operation};
use crate::times;

/// Who changes something, by which way in.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    pub user: String,
    pub through: Through,
    /// Whether workflows run (`trigger` absent, or naming them).
    pub workflows: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Through {
    Api,
    Person,
    Workflow,
}

impl Through {
    pub fn name(self) -> &'static str {
        match self {
            Through::Api => "api",
            Through::Person => "person",
            Through::Workflow => "workflow",
        }
    }
    /// `source` of a timeline entry.
    pub fn source(self) -> &'static str {
        match self {
            Through::Api => "crm_api",
            Through::Person => "crm_ui",
            Through::Workflow => "automation",
        }
    }
}

/// A record. `fields` holds lookups and owners as plain ids; how they are shown is decided when they are shown.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub id: String,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub created_by: String,
    pub modified_by: String,
    pub owner: String,
    pub converted: bool,
    pub tags: Vec<String>,
    pub fields: Map<String, Value>,
    /// What search knew, and from when: the newest entry that is due counts.
    indexed: Vec<(Timestamp, Map<String, Value>)>,
}

impl Record {
    /// A field as stored, system fields included; `null` when absent. Times are in UTC here.
    pub fn get(&self, api_name: &str) -> Value {
        let utc = |at| Value::from(times::render(at, &jiff::tz::TimeZone::UTC));
        match api_name {
            "id" => Value::from(self.id.as_str()),
            "Owner" => Value::from(self.owner.as_str()),
            "Created_By" => Value::from(self.created_by.as_str()),
            "Modified_By" => Value::from(self.modified_by.as_str()),
            "Created_Time" => utc(self.created),
            "Modified_Time" => utc(self.modified),
            "Full_Name" => Value::from(full_name(&self.fields)),
            "Tag" => json!(self.tags),
            other => self.fields.get(other).cloned().unwrap_or(Value::Null),
        }
    }

    pub fn text(&self, api_name: &str) -> String {
        self.get(api_name).as_str().unwrap_or_default().to_owned()
    }

    /// The fields as the search index has them now, or nothing when it has not seen the record yet.
    pub fn as_indexed(&self, now: Timestamp) -> Option<&Map<String, Value>> {
        self.indexed.iter().rev().find(|(from, _)| *from <= now).map(|(_, fields)| fields)
    }

    fn index(&mut self, now: Timestamp, lag_ms: u64) {
        let superseded = self.indexed.iter().rposition(|(from, _)| *from <= now).unwrap_or(0);
        self.indexed.drain(..superseded);
        let lag_ms = i64::try_from(lag_ms).unwrap_or(i64::MAX);
        self.indexed.push((times::plus_ms(now, lag_ms), self.fields.clone()));
    }
}

fn full_name(fields: &Map<String, Value>) -> String {
    let part = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    format!("{} {}", part("First_Name"), part("Last_Name")).trim().to_owned()
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub records: BTreeMap<String, Record>,
    pub deleted: Vec<Deleted>,
}

#[derive(Clone, Debug)]
pub(crate) struct Deleted {
    pub id: String,
    pub name: String,
    pub by: String,
    pub created_by: String,
    pub at: Timestamp,
    pub permanent: bool,
}

/// One line of a record's timeline.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub id: String,
    pub action: &'static str,
    pub at: Timestamp,
    pub by: String,
    pub through: Through,
    pub module: String,
    pub changes: Vec<Change>,
}

/// A field before and after; `null` for nothing.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub field: String,
    pub old: Value,
    pub new: Value,
}

impl World {
    /// Adds a record. `fields` are stored values (ids for lookups); Owner defaults to the actor.
    pub fn insert(&mut self, actor: &Actor, module: &str, mut fields: Map<String, Value>) -> String {
        let id = self.new_id();
        let now = times::whole_second(self.now);
        let owner = fields.remove("Owner").and_then(|v| v.as_str().map(str::to_owned));
        let tags = strings(fields.remove("Tag"));
        let mut record = Record {
            id: id.clone(),
            created: now,
            modified: now,
            created_by: actor.user.clone(),
            modified_by: actor.user.clone(),
            owner: owner.unwrap_or_else(|| actor.user.clone()),
            converted: false,
            tags,
            fields,
            indexed: Vec::new(),
        };
        record.index(self.now, self.faults.search_lag_ms.unwrap_or(0));
        self.tables.entry(module.to_owned()).or_default().records.insert(id.clone(), record);
        self.remember(actor, module, &id, "added", Vec::new());
        self.happened(Operation::Insert, module, &id, Vec::new());
        id
    }

    /// Changes a record and says which fields really changed. Modified_Time moves even when none did.
    pub fn edit(&mut self, actor: &Actor, module: &str, id: &str, fields: Map<String, Value>) -> Vec<Change> {
        let (now, lag_ms) = (self.now, self.faults.search_lag_ms.unwrap_or(0));
        let Some(record) = self.tables.get_mut(module).and_then(|table| table.records.get_mut(id)) else {
            return Vec::new();
        };
        let mut changes = Vec::new();
        for (field, new) in fields {
            let old = record.get(&field);
            if old == new {
                continue;
            }
            match field.as_str() {
                "Owner" => record.owner = new.as_str().unwrap_or_default().to_owned(),
                "Tag" => record.tags = strings(Some(new.clone())),
                _ => drop(record.fields.insert(field.clone(), new.clone())),
            }
            changes.push(Change { field, old, new });
        }
        record.modified = times::whole_second(now);
        record.modified_by = actor.user.clone();
        record.index(now, lag_ms);
        if changes.is_empty() {
            return changes;
        }
        self.remember(actor, module, id, "updated", changes.clone());
        self.happened(Operation::Update, module, id, changes.clone());
        if actor.workflows && changes.iter().any(|change| change.field == "Owner") {
            self.run_owner_workflow(actor, module, id);
        }
        changes
    }

    /// Moves a record to the recycle bin, or out of it for ever.
    pub fn remove(&mut self, actor: &Actor, module: &str, id: &str, permanent: bool) -> bool {
        let name = self.record_name(module, id);
        let Some(table) = self.tables.get_mut(module) else { return false };
        let Some(record) = table.records.remove(id) else { return false };
        let (by, at) = (actor.user.clone(), times::whole_second(self.now));
        table.deleted.push(Deleted { id: id.to_owned(), name, by, created_by: record.created_by, at, permanent });
        self.remember(actor, module, id, "deleted", Vec::new());
        self.happened(Operation::Delete, module, id, Vec::new());
        true
    }

    /// A workflow rule of the organisation: whenever an owner changes, give the record to somebody fixed.
    fn run_owner_workflow(&mut self, actor: &Actor, module: &str, id: &str) {
        if let Some(owner) = self.workflow_owner.clone() {
            let rule = Actor { user: actor.user.clone(), through: Through::Workflow, workflows: false };
            self.edit(&rule, module, id, Map::from_iter([("Owner".to_owned(), Value::from(owner))]));
        }
    }

    pub fn remember(&mut self, actor: &Actor, module: &str, record: &str, action: &'static str, changes: Vec<Change>) {
        let (id, at) = (self.new_id(), times::whole_second(self.now));
        let (by, module) = (actor.user.clone(), module.to_owned());
        let entry = Entry { id, action, at, by, through: actor.through, module, changes };
        self.history.entry(record.to_owned()).or_default().push(entry);
    }

    /// What a record is called.
    pub fn record_name(&self, module: &str, id: &str) -> String {
        let field = self.module(module).map_or("id", |module| module.name_field);
        self.record(module, id).map(|record| record.text(field)).unwrap_or_default()
    }

    /// The module that holds the record with this id.
    pub fn module_of(&self, id: &str) -> Option<&str> {
        self.tables.iter().find(|(_, table)| table.records.contains_key(id)).map(|(name, _)| name.as_str())
    }
}

fn strings(value: Option<Value>) -> Vec<String> {
    let list = value.as_ref().and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}
