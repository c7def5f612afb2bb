//! An organisation with many leads, for its pages: those of the demo, whose lives are whole, and some that are still on
//! their way, again and again under other names.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use app::admin::Admin;
use app::ports::Table;
use app::store::{Alongside, Delivery, LeadCommit, Store};
use domain::{Assistant, AssistantId, Calendar, CrmUser, Decision, Effect, Lead, OrgId, Transition};
use jiff::{SignedDuration, Timestamp};
use local::demo::{Tell, play};
use local::world::{ASSISTANT, World, WorldError, WorldOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use zoho_sim::Faults;

/// Assistants of the organisation besides the one it has.
const MORE: usize = 4;
/// A schedule beside `Recommended`.
const ANOTHER: &str = "Trade fair";
/// Leads on their way, besides the demo's.
const ON_THEIR_WAY: usize = 5;
/// Commits that are made ready at once: they share the disk's syncs.
const AT_ONCE: usize = 64;

const FIRST: [&str; 16] = [
    "Ada",
    "Bertrand",
    "Carla",
    "Dora",
    "Emil",
    "Felix",
    "Grace",
    "Hedy",
    "Ines",
    "Jan",
    "Katherine",
    "Leonhard",
    "Maria",
    "Niels",
    "Olga",
    "Paul",
];
const LAST: [&str; 16] = [
    "Lovelace",
    "Meyer",
    "Rossi",
    "Maar",
    "Berliner",
    "Klein",
    "Hopper",
    "Lamarr",
    "Castro",
    "Novak",
    "Johnson",
    "Euler",
    "Curie",
    "Bohr",
    "Kowalska",
    "Lindqvist",
];

/// A lead that lived, and all that is told of it.
struct Role {
    lead: Lead,
    told: Vec<String>,
    decided: Vec<Decision>,
    deliveries: Vec<Delivery>,
}

/// Where leads belong.
struct Place {
    store: Store,
    org: OrgId,
    team: Vec<AssistantId>,
    owners: Vec<CrmUser>,
    now: Timestamp,
}

fn wrong(what: &'static str) -> impl Fn(&dyn std::fmt::Display) -> WorldError {
    move |error| WorldError::new(what, error)
}

/// Adds leads to the only organisation of a data directory that nobody uses just now. `scratch` is an empty folder.
pub async fn add(folder: &Path, scratch: &Path, leads: usize) -> Result<Value, WorldError> {
    let failed = wrong("the data directory");
    let dynamo = local::embedded::open(folder).map_err(|error| failed(&error))?;
    let table: Arc<dyn Table> = Arc::new(dynamo.table().await.map_err(|error| failed(&error))?);
    let options =
        WorldOptions { start: Timestamp::now(), folder: folder.to_owned(), table, faults: Faults::default(), seed: 1 };
    let world = World::begin(options).await?;
    let place = Arc::new(settle(&world).await?);
    let roles = Arc::new(Box::pin(roles(scratch)).await?);
    let began = Instant::now();
    let mut commits = JoinSet::new();
    for number in 0..leads {
        let (place, roles) = (place.clone(), roles.clone());
        commits.spawn(async move { place.add(&roles[number % roles.len()], number).await });
        if commits.len() == AT_ONCE {
            commits.join_next().await.transpose().map_err(|error| wrong("a lead")(&error))?.transpose()?;
        }
    }
    for done in commits.join_all().await {
        done?;
    }
    Ok(json!({ "leads": leads, "roles": roles.len(), "secs": began.elapsed().as_secs_f64() }))
}

/// Gives the connected organisation its assistants and schedules.
async fn settle(world: &World) -> Result<Place, WorldError> {
    let failed = wrong("the organisation");
    let admin: Admin = world.product.admin();
    let org = admin.org(None).await.map_err(|error| failed(&error))?;
    let calendar = Calendar::working_week("Europe/London").map_err(|error| failed(&error))?;
    for number in 1..=MORE {
        let id = format!("a{number}").parse().map_err(|error| wrong("an assistant")(&error))?;
        let email = format!("a{number}@acme.example").parse().map_err(|error| wrong("an assistant")(&error))?;
        let assistant = Assistant::new(id, &format!("Assistant {number}"), email, calendar.clone());
        admin.add_assistant(&org, assistant).await.map_err(|error| failed(&error))?;
    }
    let team = admin.assistants(&org).await.map_err(|error| failed(&error))?;
    let team = team.into_iter().map(|report| report.assistant.id).collect();
    admin.clone_schedule(&org, domain::recommended().name(), ANOTHER).await.map_err(|error| failed(&error))?;
    let store = world.product.store.clone();
    let known = store.users(&org).await.map_err(|error| failed(&error))?;
    let mut owners = known.map(|known| known.users).unwrap_or_default();
    owners.retain(|user| user.active && user.email.as_ref().is_none_or(|email| email.as_str() != ASSISTANT));
    if owners.is_empty() {
        return Err(failed(&"its users are not known yet"));
    }
    Ok(Place { store, org, team, owners, now: Timestamp::now() })
}

/// The demo's leads as the demo leaves them, and some that were assigned afterwards.
async fn roles(scratch: &Path) -> Result<Vec<Role>, WorldError> {
    let failed = wrong("a role");
    let (world, _) = play(scratch.to_owned(), &mut Tell::silent()).await?;
    let (admin, store) = (world.product.admin(), &world.product.store);
    let org = admin.org(None).await.map_err(|error| failed(&error))?;
    for number in 0..ON_THEIR_WAY {
        let fields = json!({ "Last_Name": format!("Person {number}"), "Email": format!("p{number}@way{number}.example"),
            "Company": "Way Ltd" });
        let record = world.zoho.create_record("Leads", fields, Some("sam@acme.example"));
        let record = record.map_err(|error| WorldError::new("a record", format!("{error:?}")))?;
        let assigned = world.zoho.assign("Leads", &[&record], ASSISTANT, Some("sam@acme.example"));
        assigned.map_err(|error| WorldError::new("assigning", format!("{error:?}")))?;
        world.settle().await;
        // Each is a step further than the next.
        world.step_to_next(&org, SignedDuration::from_hours(24 * 7)).await?;
    }
    let mut roles = Vec::new();
    for lead in admin.leads(&org).await.map_err(|error| failed(&error))? {
        let told = store.story(&org, &lead.id).await.map_err(|error| failed(&error))?;
        roles.push(Role {
            told: told.into_iter().map(|line| line.text).collect(),
            decided: store.decisions(&org, &lead.id).await.map_err(|error| failed(&error))?,
            deliveries: store.deliveries(&org, &lead.id).await.map_err(|error| failed(&error))?,
            lead,
        });
    }
    Ok(roles)
}

impl Place {
    /// Writes this lead under another name: one commit, as the product makes them.
    async fn add(&self, role: &Role, number: usize) -> Result<(), WorldError> {
        let failed = wrong("a lead");
        let was = role.lead.id.to_string();
        let is = format!("{}-{}", was.split('-').next().unwrap_or_default(), 9_000_000_000_000_u64 + number as u64);
        let lead = self.cast(&role.lead, &was, &is, number).map_err(|error| failed(&error))?;
        let told = role.told.iter().cloned().map(Effect::Tell);
        let decided = role.decided.iter().map(|decision| Ok(Effect::Decided(Box::new(renamed(decision, &was, &is)?))));
        let decided = decided.collect::<Result<Vec<_>, serde_json::Error>>().map_err(|error| failed(&error))?;
        let transition = Transition { lead, effects: told.chain(decided).collect() };
        let at = self.now - SignedDuration::from_secs(number as i64 * 30);
        let mut commit = LeadCommit::new(&self.org, None, transition, at, self.now);
        for delivery in &role.deliveries {
            let delivery = renamed(delivery, &was, &is).map_err(|error| failed(&error))?;
            commit = commit
                .alongside(&Alongside { delivery: Some((&delivery, None)), ..Alongside::default() })
                .map_err(|error| failed(&error))?;
        }
        let committed = self.store.commit_lead(commit).await.map_err(|error| failed(&error))?;
        committed.map_err(|clash| WorldError::new("a lead", format!("{clash:?}")))
    }

    /// The lead as somebody else, with another assistant and owner.
    fn cast(&self, lead: &Lead, was: &str, is: &str, number: usize) -> Result<Lead, serde_json::Error> {
        let mut body: Value = renamed(lead, was, is)?;
        let (first, last) = (FIRST[number % FIRST.len()], LAST[number / 7 % LAST.len()]);
        let owner = &self.owners[number / 3 % self.owners.len()];
        body["assistant"] = json!(self.team[number / 5 % self.team.len()]);
        body["person"]["first_name"] = json!(first);
        body["person"]["last_name"] = json!(last);
        body["person"]["company"] = json!(format!("{last} & Company {}", number / 3));
        body["person"]["phone"] = json!(format!("+44 20 {:08}", number));
        body["address"] = json!(format!("{first}.{number}@company{}.example", number / 3).to_lowercase());
        body["previous_owner"]["user"] = json!(owner.id);
        body["previous_owner"]["name"] = json!(owner.name);
        if number.is_multiple_of(4) {
            body["schedule"] = json!(ANOTHER);
        }
        let ago = |secs: i64| json!(self.now - SignedDuration::from_secs(secs));
        body["enrolled_at"] = ago(86_400 + number as i64 * 60);
        if body["stage"]["stage"] == "waiting" {
            // None while it is measured; the first tomorrow.
            body["stage"]["due"] = ago(-86_400 - number as i64 * 30);
        }
        if !body["reminder"].is_null() {
            body["reminder"]["due"] = ago(-86_400 - number as i64 * 30);
        }
        if !body["answer"].is_null() {
            body["answer"]["at"] = ago(3_600 + number as i64 * 60);
        }
        serde_json::from_value(body)
    }
}

/// The same of another lead.
fn renamed<T: DeserializeOwned>(value: &impl Serialize, was: &str, is: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(&serde_json::to_string(value)?.replace(was, is))
}
