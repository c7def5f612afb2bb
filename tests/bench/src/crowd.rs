//! Many leads, made of one that was really taken on: its row, under other names.

use std::path::Path;
use std::sync::Arc;

use app::ports::{Expect, IndexEntry, Key, Listing, Row, Table, TableError, Write};
use app::store::{Connection, Queue, Store};
use domain::{Assistant, Calendar, Lead, OrgId, Stage};
use jiff::{SignedDuration, Timestamp};
use local::embedded::EmbeddedDynamo;
use local::world::{ASSISTANT, World, WorldError, WorldOptions};
use serde_json::json;
use tokio::task::JoinSet;
use zoho_sim::Faults;

/// Organisations.
const ORGS: usize = 50;
/// Assistants of each; one may send [`Assistant::DEFAULT_DAILY_CAP`] mails a day, so that 50,000 of all fit into one.
const ASSISTANTS: usize = 5;
/// Assistants of all.
pub const TEAM: usize = ORGS * ASSISTANTS;

/// Countries of leads, in turn; the assistant's zone counts for the last.
const COUNTRIES: [&str; 5] = ["Germany", "France", "United Kingdom", "Italy", ""];

/// Rows written in one commit, and commits that are made ready at once.
const BATCH: usize = 90;
const AT_ONCE: usize = 4;

/// A world whose leads can be multiplied.
pub struct Crowd {
    pub world: World,
    pub table: Arc<dyn Table>,
    /// The assistants that lead number `n` belongs to: number `n` modulo [`TEAM`], and its organisation.
    pub team: Vec<(OrgId, Assistant)>,
    /// The row of the lead that was taken on.
    first: Row,
}

impl Crowd {
    /// A world with an organisation, its assistants and one lead; in a table that has them already, that one. `folder` is
    /// where everything but the table is.
    pub async fn gather(dynamo: &EmbeddedDynamo, folder: &Path, start: Timestamp) -> Result<Self, WorldError> {
        let failed = |what: &'static str| move |error: TableError| WorldError::new(what, error);
        let table: Arc<dyn Table> = Arc::new(dynamo.table().await.map_err(failed("the table"))?);
        let options =
            WorldOptions { start, folder: folder.to_owned(), table: table.clone(), faults: Faults::default(), seed: 1 };
        let world = World::begin(options).await?;
        let (team, kept) = (team()?, Key { partition: "bench".to_owned(), sort: "lead".to_owned() });
        if let Some(first) = table.get(&kept).await.map_err(failed("the lead"))? {
            return Ok(Self { world, table, team, first });
        }
        let org = world.connect().await?;
        world.add_tara(&org).await?;
        let fields = json!({ "First_Name": "Ada", "Last_Name": "Lovelace", "Email": "person0@example.com",
            "Mailing_Country": "Germany" });
        let record = world.zoho.create_record("Contacts", fields, Some("sam@acme.example"));
        let record = record.map_err(|error| WorldError::new("a record", format!("{error:?}")))?;
        let assigned = world.zoho.assign("Contacts", &[&record], ASSISTANT, Some("sam@acme.example"));
        assigned.map_err(|error| WorldError::new("assigning", format!("{error:?}")))?;
        world.settle().await;
        let leads = world.product.admin().leads(&org).await.map_err(|error| WorldError::new("the lead", error))?;
        let lead = leads.first().ok_or_else(|| WorldError::new("the lead", "it was not taken on"))?;
        let key = Key { partition: format!("lead#{org}#{}", lead.id), sort: "lead".to_owned() };
        let first = table.get(&key).await.map_err(failed("the lead"))?;
        let first = first.ok_or_else(|| WorldError::new("the lead", "its row has another key now"))?;
        settle(&world.product.store, &org, &team).await?;
        let writes =
            [Write::Put { row: Row { key: kept, work: None, listing: None, ..first.clone() }, expect: Expect::Any }];
        table.commit(&writes).await.map_err(failed("the lead"))?;
        Ok(Self { world, table, team, first })
    }

    /// The row of lead number `number`, whose next mail is due then.
    pub fn row(&self, number: usize, due: Timestamp) -> Row {
        let mut body = self.first.body.clone();
        let lead = &mut body["lead"];
        let id = format!("contacts-{}", 9_000_000_000_000_u64 + number as u64);
        let (org, assistant) = &self.team[number % TEAM];
        lead["assistant"] = json!(assistant.id);
        lead["address"] = json!(format!("person{number}@company{}.example", number / 3));
        lead["person"]["last_name"] = json!(format!("Person {number}"));
        lead["person"]["country"] = json!(COUNTRIES[number % COUNTRIES.len()]);
        lead["stage"]["due"] = json!(due);
        lead["id"] = json!(id);
        let key = Key { partition: format!("lead#{org}#{id}"), sort: "lead".to_owned() };
        let sort = format!("{:020}#{id}", due.as_millisecond());
        let listing = Some(Listing { list: format!("leads#{org}"), sort });
        let work = Some(IndexEntry { queue: Queue::Send.of(&key), due });
        Row { key, body, work, listing, ..self.first.clone() }
    }

    /// The lead in such a row.
    pub fn lead(&self, number: usize, due: Timestamp) -> Result<Lead, WorldError> {
        let lead: Lead = serde_json::from_value(self.row(number, due).body["lead"].take())
            .map_err(|error| WorldError::new("a lead", error))?;
        match lead.stage {
            Stage::Waiting { .. } => Ok(lead),
            _ => Err(WorldError::new("a lead", "it does not wait")),
        }
    }

    /// Writes leads of these numbers, due at instants that `due` names.
    pub async fn add(
        &self,
        numbers: std::ops::Range<usize>,
        due: impl Fn(usize) -> Timestamp,
    ) -> Result<(), WorldError> {
        let numbers: Vec<usize> = numbers.collect();
        let failed = |error: &dyn std::fmt::Display| WorldError::new("leads", error);
        let mut commits = JoinSet::new();
        for batch in numbers.chunks(BATCH) {
            let put = |number: &usize| Write::Put { row: self.row(*number, due(*number)), expect: Expect::Any };
            let (table, writes) = (self.table.clone(), batch.iter().map(put).collect::<Vec<_>>());
            commits.spawn(async move { table.commit(&writes).await });
            if commits.len() == AT_ONCE {
                commits
                    .join_next()
                    .await
                    .transpose()
                    .map_err(|error| failed(&error))?
                    .transpose()
                    .map_err(|error| failed(&error))?;
            }
        }
        for done in commits.join_all().await {
            done.map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

/// The assistants of all organisations.
fn team() -> Result<Vec<(OrgId, Assistant)>, WorldError> {
    let wrong = |error: &dyn std::fmt::Display| WorldError::new("the team", error);
    let calendar = Calendar::working_week("Europe/London").map_err(|error| wrong(&error))?;
    let member = |number: usize| {
        let org: OrgId = format!("us-{}", 70_000 + number % ORGS).parse().map_err(|error| wrong(&error))?;
        let id = format!("a{number}").parse().map_err(|error| wrong(&error))?;
        let email = format!("a{number}@acme.example").parse().map_err(|error| wrong(&error))?;
        // It has worked here for a year: no ramp.
        let started_on = Some(jiff::civil::date(2025, 1, 6));
        Ok((org, Assistant { started_on, ..Assistant::new(id, "Tara Quinn", email, calendar.clone()) }))
    };
    (0..TEAM).map(member).collect()
}

/// Connects the organisations of `team` as `first` is connected, and stores the team.
async fn settle(store: &Store, first: &OrgId, team: &[(OrgId, Assistant)]) -> Result<(), WorldError> {
    let wrong = |error: &dyn std::fmt::Display| WorldError::new("the team", error);
    let connection = store.connection(first).await.map_err(|error| wrong(&error))?;
    let connection = connection.ok_or_else(|| wrong(&"it is not connected"))?.value;
    for (org, _) in team.iter().take(ORGS) {
        let connection = Connection { org: org.clone(), ..connection.clone() };
        store.put_connection(&connection, None).await.map_err(|error| wrong(&error))?;
    }
    for (org, assistant) in team {
        store.put_assistant(org, assistant, None).await.map_err(|error| wrong(&error))?;
    }
    Ok(())
}

/// Not due for weeks: spread over a month that begins a month after `start`.
pub fn far_off(start: Timestamp, number: usize) -> Timestamp {
    start + SignedDuration::from_secs(30 * 86_400 + (number as i64 * 7919) % (30 * 86_400))
}
