//! The demo: five records, six weeks, a few seconds.

mod audit;
mod cast;
mod tell;

use std::path::PathBuf;
use std::sync::Arc;

use domain::{LeadId, OrgId};
use jiff::SignedDuration;
use serde_json::json;

pub use audit::{Summary, audit};
use cast::{Answer, CAST, Person};
pub use tell::Tell;

use crate::embedded::EmbeddedDynamo;
use crate::world::{World, WorldError, WorldOptions};

/// Monday morning, in the office.
const START: &str = "2026-01-05T08:30:00Z";
/// The clock moves to the next instant at which something is due, and at the most this far.
const STEP: SignedDuration = SignedDuration::from_hours(24);
/// Longer than the schedule with an absence in it.
const DAYS: i64 = 75;

/// Plays the demo in `folder`, telling it to `tell`. The world is left as it ends.
pub async fn play(folder: PathBuf, tell: &mut Tell) -> Result<(World, Summary), WorldError> {
    let table = EmbeddedDynamo::memory().map_err(|error| WorldError::new("no database", error))?;
    let table = table.table().await.map_err(|error| WorldError::new("no table", error))?;
    let start = START.parse().map_err(|error| WorldError::new("the first day", error))?;
    let options = WorldOptions { start, folder, table: Arc::new(table), faults: zoho_sim::Faults::default(), seed: 7 };
    let world = World::begin(options).await?;
    let now = || world.clock.now();
    tell.line(now(), "Zoho", "An administrator connects the organisation: Zoho asks for consent, and fields and a notification channel are made.");
    let org = world.connect().await?;
    world.add_tara(&org).await?;
    tell.line(now(), "Tara", "The assistant exists as a user of the CRM and is ready.");

    let mut players = Vec::new();
    for person in &CAST {
        let record = person.enter(&world)?;
        tell.line(now(), person.name, &format!("{} assigns the {} to Tara.", person.owner_name, person.noun()));
        players.push(Player { person, lead: record, told: 0, played: 0, reassigned: false });
    }
    world.settle().await;
    for player in &mut players {
        player.tell_news(&world, &org, tell).await?;
    }
    go_on(&world, &org, &mut players, tell).await?;
    let summary = audit(&world, &org).await?;
    tell.summary(&summary);
    Ok((world, summary))
}

/// Somebody in the story, and how far it has been told.
struct Player {
    person: &'static Person,
    lead: LeadId,
    told: usize,
    played: usize,
    reassigned: bool,
}

async fn go_on(world: &World, org: &OrgId, players: &mut [Player], tell: &mut Tell) -> Result<(), WorldError> {
    let start = world.clock.now();
    loop {
        let day = world.clock.now().duration_since(start).as_hours() / 24;
        if day > DAYS {
            break;
        }
        tell.progress(day, DAYS);
        world.upkeep().await?;
        world.step_to_next(org, STEP).await?;
        let mut over = true;
        for player in &mut *players {
            player.act(world, org, tell).await?;
            over &= player.is_over(world, org).await?;
        }
        if over {
            break;
        }
    }
    tell.progress(DAYS, DAYS);
    Ok(())
}

impl Player {
    /// Tells what is new of this lead, and lets the person answer the mail they answer.
    async fn act(&mut self, world: &World, org: &OrgId, tell: &mut Tell) -> Result<(), WorldError> {
        self.tell_news(world, org, tell).await?;
        let sent = world
            .mails()?
            .into_iter()
            .filter(|(name, _)| name.contains(&format!("dlv_{}.", self.lead)))
            .collect::<Vec<_>>();
        let Some(answer) = self.person.answers.get(self.played) else { return self.reassign(world, org, tell).await };
        if sent.len() < answer.after() {
            return Ok(());
        }
        self.played += 1;
        let (_, mail) = &sent[answer.after() - 1];
        let now = world.clock.now();
        match answer {
            Answer::Mail { text, headers, .. } => {
                tell.line(now, self.person.name, &format!("writes: {text:?}"));
                let raw = cast::reply(self.person, mail, text, headers, now);
                world.product.receive(&raw).await.map_err(|error| WorldError::new("an answer", error))?;
            }
            Answer::Unsubscribe { .. } => {
                tell.line(now, self.person.name, "presses \"unsubscribe\" in the mail program.");
                let path = cast::unsubscribe_path(mail)
                    .ok_or_else(|| WorldError::new("the mail", "has no unsubscribe link"))?;
                world.post(&path).await;
            }
        }
        world.settle().await;
        self.tell_news(world, org, tell).await
    }

    /// By accident, somebody assigns a record again that was given back.
    async fn reassign(&mut self, world: &World, org: &OrgId, tell: &mut Tell) -> Result<(), WorldError> {
        if !self.person.reassigned || self.reassigned || !self.is_given_back(world, org).await? {
            return Ok(());
        }
        self.reassigned = true;
        tell.line(world.clock.now(), self.person.name, "is assigned to Tara once more, by accident.");
        self.person.assign(world, &self.lead)?;
        world.settle().await;
        self.tell_news(world, org, tell).await
    }

    async fn tell_news(&mut self, world: &World, org: &OrgId, tell: &mut Tell) -> Result<(), WorldError> {
        let story =
            world.product.store.story(org, &self.lead).await.map_err(|error| WorldError::new("the story", error))?;
        for line in &story[self.told..] {
            tell.line(line.at, self.person.name, &line.text);
        }
        self.told = story.len();
        Ok(())
    }

    async fn is_given_back(&self, world: &World, org: &OrgId) -> Result<bool, WorldError> {
        let stored =
            world.product.store.lead(org, &self.lead).await.map_err(|error| WorldError::new("the lead", error))?;
        Ok(stored.is_some_and(|stored| !stored.lead.is_active() && stored.lead.hand_back == domain::HandBack::Done))
    }

    async fn is_over(&self, world: &World, org: &OrgId) -> Result<bool, WorldError> {
        Ok(self.played == self.person.answers.len()
            && self.reassigned == self.person.reassigned
            && self.is_given_back(world, org).await?)
    }
}

/// A folder of the demo's own under the system's temporary folder.
pub fn folder() -> std::io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("sales-assistant-demo-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Where a kept demo can be looked at.
pub fn where_to_look(world: &World, product_addr: std::net::SocketAddr) -> serde_json::Value {
    json!({
        "zoho": format!("{}/_sim/state", world.zoho.ready().base_url),
        "product": format!("http://{product_addr}/health"),
        "outbox_dir": world.outbox,
    })
}
