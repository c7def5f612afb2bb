//! The whole product in a world where everything goes wrong that can, in an order that a seed decides: machines die before
//! and after everything they do, messages are lost, doubled, late and overtake each other, the table conflicts, throttles
//! and shows old rows, Zoho refuses and forgets to answer, clocks are wrong, and people change what they like meanwhile.
//!
//! **Invariant:** the same seed and options play the same story, word for word.

mod chance;
mod gate;
mod job;
mod ledger;
mod people;
mod promises;
mod sink;
mod stage;

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::SignedDuration;
use zoho_sim::Faults;

use crate::world::WorldError;
use job::Job;
use people::People;
use stage::Stage;

/// A Monday morning in London.
const START: &str = "2026-01-05T08:30:00Z";

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Options {
    /// Decides everything.
    pub seed: u64,
    /// How long people go on, in days.
    pub days: i64,
    /// How many records there are.
    pub leads: usize,
    /// How many machines work at a time.
    pub workers: usize,
    /// Do faults strike?
    pub faults: bool,
    /// A machine dies when this many effects happened.
    pub crash_at: Option<u64>,
}

/// How a story ended.
#[derive(Debug, Clone)]
pub struct Ending {
    /// Promises that were broken.
    pub broken: Vec<String>,
    /// The last of what happened.
    pub history: Vec<String>,
    /// A number that two equal stories share.
    pub print: u64,
    /// Gates that were passed.
    pub effects: u64,
    /// Mails that left.
    pub mails: usize,
    /// Machines that died.
    pub crashes: u32,
}

/// Plays one story from its beginning to the day on which nothing is left to do.
pub fn play(options: &Options) -> Result<Ending, WorldError> {
    // A clock of its own that only runs when nothing else does: pauses take no time.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| WorldError::new("no runtime", error))?;
    runtime.block_on(story(options))
}

async fn story(options: &Options) -> Result<Ending, WorldError> {
    let mut stage = Stage::new(options).await?;
    let start = stage.clock.now();
    stage.at(start, Job::Connect);
    stage.at(start + SignedDuration::from_mins(5), Job::AddAssistant);
    while stage.clock.now() < start + SignedDuration::from_mins(20) {
        stage.step().await?;
    }
    let mut people =
        People::new(&stage, options.leads, options.days).map_err(|error| WorldError::new("people", error))?;
    if options.faults {
        stage.chance.set_faults(true);
        let faults = "rate429=0.01,server_error=0.01,html=0.005,not_reached=0.01,error_after_acting=0.01,no_answer=0.01,\
                      token_death=0.005,lost_notifications=0.05,duplicate_notifications=0.05,reorder_notifications=0.05";
        let faults: Faults = faults.parse().map_err(|error| WorldError::new("the faults", error))?;
        stage.zoho.set_faults(faults);
    }
    let over = start + SignedDuration::from_hours(24 * options.days);
    while stage.clock.now() < over {
        go_on(&mut stage, &mut people).await?;
    }
    // The storm is over: what it left behind must come into order by itself.
    stage.chance.set_faults(false);
    stage.zoho.set_faults(Faults::default());
    let patience = over + SignedDuration::from_hours(24 * 45);
    let mut calm = stage.clock.now() + SignedDuration::from_hours(50);
    while stage.clock.now() < calm && stage.clock.now() < patience {
        go_on(&mut stage, &mut people).await?;
        if !stage.is_quiet() {
            // Upkeep looks at everything once a day.
            calm = stage.clock.now() + SignedDuration::from_hours(26);
        }
    }
    let mut broken = promises::broken(&stage, &people);
    if stage.clock.now() >= patience {
        broken.push(format!("there is no end to it: {}", stage.unfinished().join(", ")));
    }
    let mut print = DefaultHasher::new();
    stage.history.hash(&mut print);
    Ok(Ending {
        broken,
        print: print.finish(),
        effects: stage.effects,
        mails: gate::lock(&stage.sink.departed).len(),
        crashes: stage.crashes,
        history: stage.history.into(),
    })
}

async fn go_on(stage: &mut Stage, people: &mut People) -> Result<(), WorldError> {
    people.act(stage);
    stage.alarm = people.next();
    stage.step().await
}
