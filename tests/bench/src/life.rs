//! B5 and B6: the whole life of leads, with all that it costs counted.
//!
//! Everything runs in one process and one after another; what would be an invocation of a function on AWS is counted as
//! one. Minutes in which nothing is due are not played, but counted: a tick that finds nothing always costs the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use app::ports::{Event, Secrets, Table};
use app::store::{Queue, Store};
use app::tokens::TokenKeeper;
use domain::{Assistant, OrgId, Schedule};
use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, Request};
use local::embedded::{EmbeddedDynamo, FileSecrets};
use local::world::{ASSISTANT, World, WorldError, WorldOptions};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;
use zoho_sim::Faults;

use crate::clock::Patient;
use crate::meter::{Metered, Used};

const START: &str = "2026-01-05T09:30:00Z";
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// Upkeep comes every quarter of an hour.
const SWEEP: SignedDuration = SignedDuration::from_mins(15);
/// Longer than any life here.
const MOST_DAYS: i64 = 200;

/// What one function did.
#[derive(Default)]
struct Done {
    invocations: u64,
    secs: f64,
    used: Used,
    zoho_calls: u64,
    zoho_credits: u64,
}

/// The world and what is counted in it.
struct Life {
    world: World,
    table: Arc<Metered>,
    /// Looked into without counting.
    inner: Arc<dyn Table>,
    functions: BTreeMap<&'static str, Done>,
    events: u64,
}

fn wrong(what: &'static str) -> impl Fn(&dyn std::fmt::Display) -> WorldError {
    move |error| WorldError::new(what, error)
}

impl Life {
    async fn begin(folder: &Path, faults: Faults) -> Result<(Self, OrgId), WorldError> {
        let dynamo = EmbeddedDynamo::memory().map_err(|error| WorldError::new("the table", error))?;
        let inner: Arc<dyn Table> = Arc::new(dynamo.table().await.map_err(|error| wrong("the table")(&error))?);
        let table = Arc::new(Metered::new(inner.clone()));
        let start = START.parse().map_err(|error| WorldError::new("the start", error))?;
        let options = WorldOptions { start, folder: folder.to_owned(), table: table.clone(), faults, seed: 1 };
        let world = World::begin(options).await?;
        let org = world.connect().await?;
        world.add_tara(&org).await?;
        Ok((Self { world, table, inner, functions: BTreeMap::new(), events: 0 }, org))
    }

    fn zoho(&self) -> (u64, BTreeMap<String, u64>) {
        let state = self.world.zoho_state(&["credits_ever", "calls"]);
        let calls = serde_json::from_value(state["calls"].clone()).unwrap_or_default();
        (state["credits_ever"].as_u64().unwrap_or_default(), calls)
    }

    /// Does the work of one invocation and books it.
    async fn invoke<T>(&mut self, function: &'static str, work: impl AsyncFnOnce(&World) -> T) -> T {
        let (used, (credits, calls)) = (self.table.used(), self.zoho());
        let began = Instant::now();
        let result = Box::pin(work(&self.world)).await;
        let (after, (credits_after, calls_after)) = (self.table.used(), self.zoho());
        let done = self.functions.entry(function).or_default();
        done.invocations += 1;
        done.secs += began.elapsed().as_secs_f64();
        done.used.reads += after.reads - used.reads;
        done.used.writes += after.writes - used.writes;
        done.used.calls += after.calls - used.calls;
        done.zoho_calls += calls_after.values().sum::<u64>() - calls.values().sum::<u64>();
        done.zoho_credits += credits_after - credits;
        result
    }

    /// Everything that is on its way arrives.
    async fn settle(&mut self) {
        loop {
            let callbacks = self.world.zoho.take_due_callbacks(self.world.clock.now());
            let mut quiet = callbacks.is_empty();
            for callback in callbacks {
                let path = Url::parse(&callback.url).map_or_else(|_| String::new(), |url| url.path().to_owned());
                let request = Request::new(Body::Text(callback.body.clone()));
                let (mut parts, body) = request.into_parts();
                (parts.method, parts.uri) = (http::Method::POST, path.parse().unwrap_or_default());
                let request = Request::from_parts(parts, body);
                let route = async |world: &World| world.product.route(request).await.status().as_u16();
                let status = self.invoke("crm-webhook", route).await;
                self.world.zoho.record_delivery(&callback, Ok(status));
            }
            while let Some(event) = self.world.product.bus.take() {
                (quiet, self.events) = (false, self.events + 1);
                let function = match event {
                    Event::RecordsChanged { .. } | Event::LeadAsked { .. } => "enrolment",
                    Event::TestAsked { .. } => "nurture-tick",
                    Event::WritebackPending { .. } => "crm-writeback",
                    Event::Connected { .. } | Event::AssistantChanged { .. } | Event::UpkeepDue { .. } => "upkeep",
                };
                self.invoke(function, async |world: &World| world.product.deliver(&event).await).await;
            }
            if quiet {
                return;
            }
        }
    }

    /// Is a mail due until then?
    async fn is_due(&self, until: Timestamp) -> Result<bool, WorldError> {
        for shard in Queue::Send.shards() {
            let due = self.inner.due(&shard, until, 1).await.map_err(|error| wrong("the table")(&error))?;
            if !due.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A tick, and what it causes; how many mails left.
    async fn tick(&mut self) -> Result<u32, WorldError> {
        let tick = async |world: &World| {
            let ticked = world.product.tick().await?;
            world.product.poll().await?;
            Ok::<_, app::AppError>(ticked)
        };
        let ticked = self.invoke("nurture-tick", tick).await.map_err(|error| wrong("a tick")(&error))?;
        self.settle().await;
        Ok(ticked.sent)
    }

    /// Lets time pass until nobody is left; returns how many minutes had nothing to do.
    async fn pass(&mut self) -> Result<u64, WorldError> {
        let (mut idle, mut next_sweep) = (0, self.world.clock.now() + SWEEP);
        let end = self.world.clock.now() + SignedDuration::from_hours(24 * MOST_DAYS);
        while self.is_due(Timestamp::MAX).await? && self.world.clock.now() < end {
            let now = self.world.clock.now();
            if self.is_due(next_sweep).await? {
                self.world.clock.advance_to(now + MINUTE);
                if self.is_due(now + MINUTE).await? {
                    self.tick().await?;
                } else {
                    idle += 1;
                }
            } else {
                self.world.clock.advance_to(next_sweep);
                idle += next_sweep.duration_since(now).as_secs().unsigned_abs() / 60;
            }
            if self.world.clock.now() >= next_sweep {
                next_sweep = self.world.clock.now() + SWEEP;
                let sweep = async |world: &World| world.product.sweep(world.clock.now()).await.map(drop);
                self.invoke("sweep", sweep).await.map_err(|error| wrong("a sweep")(&error))?;
                self.settle().await;
            }
        }
        Ok(idle)
    }
}

/// `leads` leads, each with `mails` mails and no answer, from the assignment to the hand-back.
pub async fn lives(folder: &Path, leads: usize, mails: usize) -> Result<Value, WorldError> {
    let faults: Faults = "concurrency=10".parse().map_err(|error| WorldError::new("faults", format!("{error:?}")))?;
    let (mut life, org) = Life::begin(folder, faults).await?;
    let zoho = life.world.zoho.clone();
    let schedule = prepare(&life.world, &org, mails).await?;
    let fields = |number: usize| json!({ "Last_Name": format!("Person {number}"), "Email": format!("p{number}@company{}.example", number / 2) });
    let create = |number| zoho.create_record("Contacts", fields(number), Some("sam@acme.example"));
    let ids = (0..leads).map(create).collect::<Result<Vec<_>, _>>();
    let ids = ids.map_err(|error| WorldError::new("records", format!("{error:?}")))?;
    life.settle().await;
    life.functions.clear();
    let (credits, calls) = life.zoho();
    let (used, began) = (life.table.used(), life.world.clock.now());
    let written = life.table.written();
    life.events = 0;

    // People select a page of a list and change its owner.
    for page in ids.chunks(100) {
        let page: Vec<&str> = page.iter().map(String::as_str).collect();
        let assigned = zoho.assign("Contacts", &page, ASSISTANT, Some("sam@acme.example"));
        assigned.map_err(|error| WorldError::new("assigning", format!("{error:?}")))?;
        life.settle().await;
    }
    let idle = life.pass().await?;

    let (credits_after, calls_after) = life.zoho();
    let spent: BTreeMap<String, u64> = calls_after
        .iter()
        .map(|(name, count)| (name.clone(), count - calls.get(name).copied().unwrap_or_default()))
        .filter(|(_, count)| *count > 0)
        .collect();
    let state = life.world.zoho_state(&["emails", "records"]);
    let logged = state["emails"].as_array().map_or(0, Vec::len);
    let back = state["records"]["Contacts"]
        .as_array()
        .map_or(0, |records| records.iter().filter(|record| record["Owner"]["email"] == "sam@acme.example").count());
    let days = life.world.clock.now().duration_since(began).as_secs() as f64 / 86_400.0;
    let total = life.table.used();
    let since = |(kind, units): (String, u64)| (kind.clone(), units - written.get(&kind).copied().unwrap_or_default());
    let written: BTreeMap<_, _> = life.table.written().into_iter().map(since).filter(|(_, units)| *units > 0).collect();
    // A tick that finds nothing.
    life.functions.remove("idle tick");
    let nothing = async |world: &World| {
        world.product.tick().await?;
        world.product.poll().await.map(drop)
    };
    life.invoke("idle tick", nothing).await.map_err(|error| wrong("a tick")(&error))?;
    let shown = |done: &Done| {
        json!({ "invocations": done.invocations, "secs": done.secs, "read_units": done.used.reads,
            "write_units": done.used.writes, "table_calls": done.used.calls, "zoho_calls": done.zoho_calls,
            "zoho_credits": done.zoho_credits })
    };
    let functions: BTreeMap<_, _> = life.functions.iter().map(|(name, done)| (*name, shown(done))).collect();
    Ok(json!({
        "leads": leads, "mails": mails, "schedule": schedule, "days": days, "idle_minutes": idle,
        "mails_sent": life.world.mails()?.len(), "logged": logged, "back": back,
        "credits": credits_after - credits, "credits_a_lead": (credits_after - credits) as f64 / leads as f64,
        "zoho_calls": spent, "events": life.events, "functions": functions,
        "read_units": total.reads - used.reads, "write_units": total.writes - used.writes,
        "written": written,
    }))
}

/// A schedule of that many mails, and an assistant that has worked here for a year.
async fn prepare(world: &World, org: &OrgId, mails: usize) -> Result<String, WorldError> {
    let recommended = domain::recommended();
    let admin = world.product.admin();
    let name = if mails == recommended.steps().len() {
        recommended.name().to_owned()
    } else {
        let mut schedule = serde_json::to_value(&recommended).map_err(|error| wrong("the schedule")(&error))?;
        schedule["name"] = json!("Shorter");
        if let Some(steps) = schedule["steps"].as_array_mut() {
            steps.truncate(mails);
        }
        let schedule: Schedule = serde_json::from_value(schedule).map_err(|error| wrong("the schedule")(&error))?;
        admin.add_schedule(org, &schedule).await.map_err(|error| wrong("the schedule")(&error))?;
        schedule.name().to_owned()
    };
    let edit = |assistant: &mut Assistant| {
        assistant.default_schedule = name.clone();
        assistant.started_on = Some(jiff::civil::date(2025, 1, 6));
        Ok(())
    };
    let tara = "tara".parse().map_err(|error| wrong("the assistant")(&error))?;
    admin.edit_assistant(org, &tara, edit).await.map_err(|error| wrong("the assistant")(&error))?;
    world.settle().await;
    Ok(name)
}

/// `workers` processes ask for the token every minute for `hours`; how often it was fetched.
pub async fn tokens(folder: &Path, workers: usize, hours: i64) -> Result<Value, WorldError> {
    let (life, org) = Life::begin(folder, Faults::default()).await?;
    let fetched =
        || life.zoho().1.iter().filter(|(call, _)| call.contains("oauth/v2/token")).map(|(_, n)| n).sum::<u64>();
    let store: Store = life.world.product.store.clone();
    let ready = life.world.zoho.ready();
    let accounts = edge::clients::zoho_accounts(
        local::nearby::nearby(life.world.zoho.clone()),
        &ready.client_id,
        SecretString::from(ready.client_secret.clone()),
        Some(&ready.base_url),
    )
    .map_err(|error| wrong("accounts")(&error))?;
    let secrets: Arc<dyn Secrets> = Arc::new(FileSecrets::new(folder));
    let clock = life.world.clock.clone();
    let patient = Arc::new(Patient(clock.clone()));
    let keeper = |_| {
        let (store, secrets, accounts) = (store.clone(), secrets.clone(), accounts.clone());
        Arc::new(TokenKeeper::new(store, secrets, accounts, patient.clone(), "zoho/".to_owned()))
    };
    let keepers: Vec<_> = (0..workers).map(keeper).collect();
    let (before, mut most, mut asked) = (fetched(), 0, 0_u64);
    let mut per_window = Vec::new();
    for _ in 0..hours * 60 {
        clock.advance_to(clock.now() + MINUTE);
        let at = fetched();
        let mut tasks = tokio::task::JoinSet::new();
        for keeper in &keepers {
            let (keeper, org) = (keeper.clone(), org.clone());
            tasks.spawn(async move { app::ports::Sessions::session(keeper.as_ref(), &org).await.map(drop) });
        }
        while let Some(result) = tasks.join_next().await {
            result.map_err(|error| wrong("a worker")(&error))?.map_err(|error| wrong("a token")(&error))?;
            asked += 1;
        }
        per_window.push(fetched() - at);
        let window = per_window.iter().rev().take(55).sum::<u64>();
        most = most.max(window);
    }
    Ok(
        json!({ "workers": workers, "hours": hours, "asked": asked, "fetched": fetched() - before, "most_in_55_min": most }),
    )
}
