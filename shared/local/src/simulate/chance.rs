//! Everything that could have gone otherwise, drawn from one seed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use fastrand::Rng;

use super::gate::lock;
use crate::embedded::{FaultPlan, Injected};

/// The dice of one world.
pub(super) struct Chance {
    rng: Mutex<Rng>,
    /// Do faults strike now?
    faults: AtomicBool,
}

impl Chance {
    pub fn of_seed(seed: u64) -> Self {
        Self { rng: Mutex::new(Rng::with_seed(seed)), faults: AtomicBool::new(false) }
    }

    /// Lets faults strike from now on, or no more.
    pub fn set_faults(&self, strike: bool) {
        self.faults.store(strike, Ordering::Relaxed);
    }

    /// Does a fault of this rate strike?
    pub fn strikes(&self, rate: f64) -> bool {
        self.faults.load(Ordering::Relaxed) && self.happens(rate)
    }

    /// Does something of this rate happen?
    pub fn happens(&self, rate: f64) -> bool {
        lock(&self.rng).f64() < rate
    }

    /// A number below `end`, which is not 0.
    pub fn below(&self, end: usize) -> usize {
        lock(&self.rng).usize(..end)
    }

    /// A number of seconds in this range.
    pub fn seconds(&self, range: std::ops::Range<i64>) -> jiff::SignedDuration {
        jiff::SignedDuration::from_secs(lock(&self.rng).i64(range))
    }
}

/// What DynamoDB does on a bad day.
impl FaultPlan for Chance {
    fn before(&self, operation: &str) -> Option<Injected> {
        if !self.strikes(0.04) {
            return None;
        }
        let written = ["TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem"].contains(&operation);
        Some(match (self.below(4), written) {
            (0, _) => Injected::Throttled,
            (1, true) => Injected::Conflict,
            (2, true) => Injected::LostAnswer,
            (_, true) => return None,
            (_, false) => Injected::Stale,
        })
    }
}
