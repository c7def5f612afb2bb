//! How long to wait for Zoho, and how often to try.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

/// How long Zoho may take to answer, and how often it is asked.
#[derive(Debug, Clone)]
pub struct Patience {
    /// For a read to be answered.
    pub read: Duration,
    /// For a write to be answered.
    pub write: Duration,
    /// How often a call is tried in all.
    pub tries: usize,
    /// Before the second try; doubles from try to try, and up to as much again is added by chance.
    pub pause: Duration,
    /// No try begins later than this after the first: the caller's queue is the place for longer waits.
    pub budget: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            read: Duration::from_secs(10),
            write: Duration::from_secs(20),
            tries: 3,
            pause: Duration::from_millis(400),
            budget: Duration::from_secs(5),
        }
    }
}

/// The tries of one call, of which the first has begun.
pub(crate) struct Tries {
    begun: u32,
    started: Instant,
    pauses: ExponentialBackoff,
    budget: Duration,
}

impl Tries {
    pub fn first(patience: &Patience) -> Self {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(patience.pause)
            .with_max_times(patience.tries.saturating_sub(1))
            .with_jitter()
            .build();
        Self { begun: 1, started: Instant::now(), pauses, budget: patience.budget }
    }

    /// Pauses and begins the next try; `false`, at once, if there is none.
    pub async fn next(&mut self) -> bool {
        let spent = self.started.elapsed();
        let Some(pause) = self.pauses.next().filter(|pause| spent + *pause <= self.budget) else { return false };
        tokio::time::sleep(pause).await;
        self.begun += 1;
        true
    }

    /// `what` with how hard it was tried, such as `Zoho did not answer (3 tries, 4 s)`.
    pub fn after(&self, what: &str) -> String {
        effort(what, self.begun, self.started.elapsed())
    }
}

fn effort(what: &str, tries: u32, elapsed: Duration) -> String {
    let noun = if tries == 1 { "try" } else { "tries" };
    format!("{what} ({tries} {noun}, {} s)", elapsed.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_how_hard_it_was_tried() {
        assert_eq!(effort("No", 1, Duration::from_millis(999)), "No (1 try, 0 s)");
        assert_eq!(effort("No", 3, Duration::from_millis(4200)), "No (3 tries, 4 s)");
    }

    #[test]
    fn pauses_grow_within_the_number_of_tries() {
        let pauses: Vec<_> = Tries::first(&Patience::default()).pauses.map(|pause| pause.as_millis()).collect();
        assert!(matches!(pauses[..], [400..=800, 800..=1600]), "{pauses:?}");
        assert_eq!(Tries::first(&Patience { tries: 1, ..Patience::default() }).pauses.count(), 0);
    }
}
