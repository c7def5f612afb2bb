//! The organisation: everything the simulator remembers, and the only ways to change it.
//!
//! **Invariant:** every change of a record goes through [`World::insert`], [`World::edit`] and [`World::remove`] (in
//! `records`), whoever makes it, so history, search index and notifications can never disagree with the data.
//! **Absent:** HTTP, JSON envelopes, scopes; those are `crm` and `accounts`.

mod meter;
mod notify;
mod people;
mod records;
mod render;
pub(crate) mod schema;
mod standard;

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value};

use crate::{Faults, SimConfig, TimelineOwner, accounts::Accounts, rng::Rng, times};
pub(crate) use meter::Meter;
pub(crate) use notify::{Channel, Delivery, Notifications, Operation};
pub(crate) use people::User;
pub(crate) use records::{Actor, Change, Deleted, Entry, Record, Table, Through};
pub(crate) use schema::{DataType, Field, Module};
pub(crate) use standard::STAGES;

/// One organisation and all that happened to it.
#[derive(Clone)]
pub(crate) struct World {
    /// The instant of the current call.
    pub now: Timestamp,
    pub rng: Rng,
    pub faults: Faults,
    pub places: Places,
    pub org_name: String,
    pub zgid: String,
    pub zone: TimeZone,
    pub zone_name: String,
    pub timeline_owner: TimelineOwner,
    pub users: Vec<User>,
    pub roles: Vec<(String, &'static str)>,
    pub profiles: Vec<(String, &'static str)>,
    pub contact_roles: Vec<(String, &'static str)>,
    pub pipeline_id: String,
    pub org_record_id: String,
    pub stage_ids: Vec<String>,
    pub modules: Vec<Module>,
    pub tables: BTreeMap<String, Table>,
    /// Timeline by record id; outlives the record.
    pub history: BTreeMap<String, Vec<Entry>>,
    /// Contacts of deals: deal id, contact id, role id.
    pub deal_roles: Vec<(String, String, String)>,
    pub emails: Vec<Email>,
    pub cursors: BTreeMap<String, Cursor>,
    pub accounts: Accounts,
    pub notifications: Notifications,
    pub meter: Meter,
    /// A workflow that sets this owner whenever an owner changes.
    pub workflow_owner: Option<String>,
    tags: BTreeMap<String, String>,
    last_id: u64,
}

/// Data centres and where each one answers.
#[derive(Clone)]
pub(crate) struct Places {
    pub home: String,
    /// Name and base URL, home first.
    pub all: Vec<(String, String)>,
}

impl Places {
    pub fn base_url(&self, location: &str) -> &str {
        let found = self.all.iter().find(|(name, _)| name == location).or(self.all.first());
        found.map_or("", |(_, base)| base.as_str())
    }
    /// The data centre a `Host` header addresses; an unknown host is the home one.
    pub fn by_host(&self, host: &str) -> &str {
        let is = |base: &str| base.split("://").nth(1).is_some_and(|authority| authority.eq_ignore_ascii_case(host));
        self.all.iter().find(|(_, base)| is(base)).map_or(&self.home, |(name, _)| name)
    }
}

/// An email on a record, associated or sent.
#[derive(Clone, Debug)]
pub(crate) struct Email {
    pub message_id: String,
    pub module: String,
    pub record_id: String,
    pub original_message_id: Option<String>,
    pub sent: bool,
    pub owner: String,
    /// The mail's own time.
    pub at: Timestamp,
    /// When it came to the CRM.
    pub recorded: Timestamp,
    pub through_crm: bool,
    /// As it was given.
    pub fields: Map<String, Value>,
}

/// Where a page token continues, and what it is bound to.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    pub user: String,
    pub bound_to: String,
    pub offset: usize,
    pub page: usize,
    pub expires: Timestamp,
}

impl World {
    pub fn new(config: &SimConfig) -> Self {
        let zone = TimeZone::get(&config.time_zone).unwrap_or(TimeZone::UTC);
        let home = (config.location.clone(), config.base_url.clone());
        let others = config.other_locations.iter().map(|place| (place.name.clone(), place.base_url.clone()));
        let mut world = Self {
            now: times::whole_second((config.clock)()),
            rng: Rng::new(config.seed),
            faults: config.faults.clone(),
            places: Places { home: config.location.clone(), all: std::iter::once(home).chain(others).collect() },
            org_name: config.org_name.clone(),
            zgid: config.zgid.clone(),
            zone,
            zone_name: config.time_zone.clone(),
            timeline_owner: config.timeline_owner,
            users: Vec::new(),
            roles: Vec::new(),
            profiles: Vec::new(),
            contact_roles: Vec::new(),
            pipeline_id: String::new(),
            org_record_id: String::new(),
            stage_ids: Vec::new(),
            modules: Vec::new(),
            tables: BTreeMap::new(),
            history: BTreeMap::new(),
            deal_roles: Vec::new(),
            emails: Vec::new(),
            cursors: BTreeMap::new(),
            accounts: Accounts::new(config.client.clone()),
            notifications: Notifications::default(),
            meter: Meter::default(),
            workflow_owner: None,
            tags: BTreeMap::new(),
            last_id: 5_540_000_000_000,
        };
        world.found(config);
        world
    }

    fn found(&mut self, config: &SimConfig) {
        self.org_record_id = self.new_id();
        let mut last = self.last_id;
        self.modules = standard::modules(&mut || {
            last += 1;
            last.to_string()
        });
        self.last_id = last;
        self.tables = self.modules.iter().map(|module| (module.api_name.clone(), Table::default())).collect();
        self.roles = ["CEO", "Sales"].map(|name| (self.new_id(), name)).into();
        self.profiles = ["Administrator", "Standard"].map(|name| (self.new_id(), name)).into();
        let roles = ["Developer/Evaluator", "Decision Maker", "Economic Decision Maker", "Executive Sponsor"];
        self.contact_roles = roles.map(|name| (self.new_id(), name)).into();
        self.pipeline_id = self.new_id();
        self.stage_ids = STAGES.iter().map(|_| self.new_id()).collect();
        for user in &config.users {
            self.add_user(user);
        }
        self.notifications.forget_happenings();
    }

    /// Ids are decimal strings, unique over all kinds of things, as in Zoho.
    pub fn new_id(&mut self) -> String {
        self.last_id += 1;
        self.last_id.to_string()
    }

    pub fn time(&self, at: Timestamp) -> String {
        times::render(at, &self.zone)
    }

    pub fn module(&self, api_name: &str) -> Option<&Module> {
        self.modules.iter().find(|module| module.api_name == api_name)
    }

    pub fn record(&self, module: &str, id: &str) -> Option<&Record> {
        self.tables.get(module)?.records.get(id)
    }

    /// The id of a tag, made on first use.
    pub fn tag_id(&mut self, name: &str) -> String {
        if let Some(id) = self.tags.get(name) {
            return id.clone();
        }
        let id = self.new_id();
        self.tags.insert(name.to_owned(), id.clone());
        id
    }

    pub fn tag_name(&self, id: &str) -> Option<String> {
        self.tags.iter().find(|(_, tag_id)| *tag_id == id).map(|(name, _)| name.clone())
    }
}
