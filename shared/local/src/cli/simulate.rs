//! `simulate`: stories by seed, many at once, and a crash at every place.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Args;
use serde_json::json;

use crate::simulate::{Boundary, Ending, Options, play};
use crate::world::WorldError;

/// What to simulate.
#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, from the first on
    #[arg(long, default_value_t = 1, conflicts_with = "crash_everywhere")]
    seeds: u64,
    /// How long people go on, in days
    #[arg(long, default_value_t = 30, conflicts_with = "crash_everywhere")]
    days: u16,
    /// How many records there are
    #[arg(long, default_value_t = 50, conflicts_with = "crash_everywhere")]
    leads: u16,
    /// How many machines work at a time [default: 2 to 64, by seed]
    #[arg(long, conflicts_with = "crash_everywhere")]
    workers: Option<u16>,
    /// Play a story in which all goes well, once for each effect of it with a machine that dies before or after it
    #[arg(long)]
    crash_everywhere: bool,
    /// Play stories in which no notification comes, and nothing else goes wrong
    #[arg(long, conflicts_with = "crash_everywhere")]
    silence: bool,
    /// Assign so many records at once, and print how they are taken on and written to on the first day
    #[arg(long, conflicts_with_all = ["crash_everywhere", "silence", "seeds"])]
    rush: Option<u16>,
    /// Print the whole history of every story
    #[arg(long)]
    history: bool,
}

impl SimulateArgs {
    /// Plays, and prints a line of JSON at the end; fails if a promise was broken.
    pub(super) fn run(&self) -> Result<ExitCode, String> {
        let begun = Instant::now();
        if let Some(records) = self.rush {
            return rush(&Options { seed: self.seed, ..Options::rush(usize::from(records.max(2))) });
        }
        let stories = if self.crash_everywhere { self.every_crash()? } else { self.storms() };
        let endings = play_all(&stories, self.history).map_err(|error| error.to_string())?;
        let mut broken = 0;
        for (options, ending) in stories.iter().zip(&endings) {
            broken += u32::from(!ending.broken.is_empty());
            self.tell(options, ending)?;
        }
        let sum = |part: fn(&Ending) -> u64| endings.iter().map(part).sum::<u64>();
        let line = json!({
            "stories": endings.len(), "broken": broken, "effects": sum(|ending| ending.effects),
            "mails": sum(|ending| ending.mails as u64), "crashes": sum(|ending| u64::from(ending.crashes)),
            "slowest_to_know_secs": endings.iter().map(|ending| ending.slowest.as_secs()).max(),
            "print": format!("{:016x}", endings.iter().fold(0, |print, ending| print ^ ending.print)),
            "seconds": begun.elapsed().as_secs(),
        });
        super::say(&line);
        Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn storms(&self) -> Vec<Options> {
        let storm = |seed| {
            let storm = if self.silence { Options::silence(seed) } else { Options::storm(seed) };
            Options {
                days: i64::from(self.days.max(1)),
                leads: usize::from(self.leads.max(1)),
                workers: self.workers.map_or(storm.workers, usize::from),
                ..storm
            }
        };
        (self.seed..self.seed.saturating_add(self.seeds)).map(storm).collect()
    }

    /// A journey for each place at which a machine can die; prints how many there are of each kind.
    fn every_crash(&self) -> Result<Vec<Options>, String> {
        let whole = Options { seed: self.seed, ..Options::journey() };
        let played = play_alone(&whole)?;
        self.tell(&whole, &played)?;
        let mut kinds: BTreeMap<_, (usize, usize)> = BTreeMap::new();
        for boundary in &played.boundaries {
            for kind in [(boundary.part, boundary.what), (boundary.part, "all")] {
                let (before, after) = kinds.entry(kind).or_default();
                *if boundary.before { before } else { after } += 1;
            }
        }
        super::say(&format!("{:<14} {:<22} {:>6} {:>6}", "part", "a machine dies", "before", "after"));
        for ((part, what), (before, after)) in kinds {
            super::say(&format!("{part:<14} {what:<22} {before:>6} {after:>6}"));
        }
        let at = |boundary: &Boundary| Options { crash_at: Some(boundary.effect), ..whole.clone() };
        Ok(played.boundaries.iter().map(at).collect())
    }

    /// What became of a story that somebody wants to see, or in which a promise was broken: first what happened to the
    /// records that the promises are about.
    fn tell(&self, options: &Options, ending: &Ending) -> Result<(), String> {
        if !ending.broken.is_empty() {
            let place =
                options.crash_at.map_or_else(String::new, |effect| format!(", a machine that dies at effect {effect}"));
            for promise in &ending.broken {
                super::say(&format!("seed {}{place}: {promise}", options.seed));
            }
            let detailed = play_alone(&Options { detailed: true, ..options.clone() })?;
            for line in detailed.about_broken() {
                super::say(&format!("  {line}"));
            }
        }
        if self.history {
            for line in &ending.history {
                super::say(line);
            }
        }
        Ok(())
    }
}

/// How evenly many records are taken on, and their first mails leave.
fn rush(options: &Options) -> Result<ExitCode, String> {
    let begun = Instant::now();
    let ending = play_alone(options)?;
    let mut taken_on: BTreeMap<i64, u32> = BTreeMap::new();
    for at in &ending.known {
        *taken_on.entry(at.as_second().div_euclid(60)).or_default() += 1;
    }
    // The first and the last minute are parts of one.
    let inner: Vec<u32> = taken_on.values().copied().skip(1).take(taken_on.len().saturating_sub(2)).collect();
    let mut mails: BTreeMap<&str, BTreeMap<String, u32>> = BTreeMap::new();
    for (at, from) in &ending.left {
        *mails.entry(from).or_default().entry(at.strftime("%d %H:00").to_string()).or_default() += 1;
    }
    super::say(&json!({
        "records": options.leads, "taken_on": ending.known.len(), "in_minutes": taken_on.len(),
        "a_minute": { "least": inner.iter().min(), "most": inner.iter().max() }, "mails": mails,
        "calls_at_once": ending.calls_at_once, "refused": ending.refused, "broken": ending.broken,
        "effects": ending.effects, "seconds": begun.elapsed().as_secs(),
    }));
    Ok(if ending.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Plays one story; on a thread of its own, for this one has a runtime.
fn play_alone(options: &Options) -> Result<Ending, String> {
    let played = std::thread::scope(|scope| scope.spawn(|| play(options)).join());
    played.map_err(|_| "a story ended in a panic".to_owned())?.map_err(|error| error.to_string())
}

/// Plays stories on every processor; their endings in order, with their history if somebody wants to read it.
fn play_all(stories: &[Options], history: bool) -> Result<Vec<Ending>, WorldError> {
    let (next, threads) = (AtomicU64::new(0), std::thread::available_parallelism().map_or(1, NonZero::get));
    let mut endings = std::thread::scope(|scope| {
        let play_some = || {
            let mut endings = Vec::new();
            loop {
                let at = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap_or(usize::MAX);
                let Some(options) = stories.get(at) else { return Ok(endings) };
                let mut ending = play(options)?;
                if !history {
                    ending.history = Vec::new();
                }
                endings.push((at, ending));
            }
        };
        let players: Vec<_> = (0..threads).map(|_| scope.spawn(play_some)).collect();
        let died = |_| WorldError::new("a story", "ended in a panic");
        players.into_iter().map(|player| player.join().map_err(died)?).collect::<Result<Vec<Vec<_>>, WorldError>>()
    })?
    .concat();
    endings.sort_by_key(|(at, _)| *at);
    Ok(endings.into_iter().map(|(_, ending)| ending).collect())
}
