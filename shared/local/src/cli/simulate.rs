//! `simulate`: stories by seed, many at once, and a crash at every place.

use std::num::NonZero;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Args;
use serde_json::json;

use crate::simulate::{Ending, Options, play};
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
    #[arg(long, default_value_t = 30)]
    days: u16,
    /// How many records there are
    #[arg(long, default_value_t = 50)]
    leads: u16,
    /// How many machines work at a time [default: 2 to 64, by seed]
    #[arg(long)]
    workers: Option<u16>,
    /// Play the story without faults, then once for each effect with a machine that dies there
    #[arg(long)]
    crash_everywhere: bool,
    /// Print the history of every story, not only of those in which a promise was broken
    #[arg(long)]
    history: bool,
}

impl SimulateArgs {
    /// Plays, and prints a line of JSON at the end; fails if a promise was broken.
    pub(super) fn run(&self) -> Result<ExitCode, String> {
        let begun = Instant::now();
        let first = self.options(self.seed);
        let stories: Vec<Options> = if self.crash_everywhere {
            let calm = Options { faults: false, workers: self.workers.map_or(2, usize::from), ..first };
            let whole = play_all(std::slice::from_ref(&calm)).map_err(|error| error.to_string())?;
            (1..=whole.iter().map(|whole| whole.effects).sum::<u64>())
                .map(|effect| Options { crash_at: Some(effect), ..calm.clone() })
                .collect()
        } else {
            (self.seed..self.seed.saturating_add(self.seeds)).map(|seed| self.options(seed)).collect()
        };
        let endings = play_all(&stories).map_err(|error| error.to_string())?;
        let mut broken = 0;
        for (options, ending) in stories.iter().zip(&endings) {
            broken += u32::from(!ending.broken.is_empty());
            self.tell(options, ending);
        }
        let sum = |part: fn(&Ending) -> u64| endings.iter().map(part).sum::<u64>();
        let line = json!({
            "stories": endings.len(), "broken": broken, "effects": sum(|ending| ending.effects),
            "mails": sum(|ending| ending.mails as u64), "crashes": sum(|ending| u64::from(ending.crashes)),
            "print": format!("{:016x}", endings.iter().fold(0, |print, ending| print ^ ending.print)),
            "seconds": begun.elapsed().as_secs(),
        });
        super::say(&line);
        Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn options(&self, seed: u64) -> Options {
        let workers = self.workers.map_or_else(|| [2, 3, 5, 9, 17, 64][(seed % 6) as usize], usize::from);
        let (days, leads) = (i64::from(self.days.max(1)), usize::from(self.leads.max(1)));
        Options { seed, days, leads, workers, faults: true, crash_at: None }
    }

    fn tell(&self, options: &Options, ending: &Ending) {
        if ending.broken.is_empty() && !self.history {
            return;
        }
        for line in &ending.history {
            super::say(&line);
        }
        for promise in &ending.broken {
            let place =
                options.crash_at.map_or_else(String::new, |effect| format!(", a machine that dies at effect {effect}"));
            super::say(&format!("seed {}{place}: {promise}", options.seed));
        }
    }
}

/// Plays stories on every processor; their endings in order.
fn play_all(stories: &[Options]) -> Result<Vec<Ending>, WorldError> {
    let (next, threads) = (AtomicU64::new(0), std::thread::available_parallelism().map_or(1, NonZero::get));
    let mut endings = std::thread::scope(|scope| {
        let play_some = || {
            let mut endings = Vec::new();
            loop {
                let at = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap_or(usize::MAX);
                let Some(options) = stories.get(at) else { return Ok(endings) };
                endings.push((at, play(options)?));
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
