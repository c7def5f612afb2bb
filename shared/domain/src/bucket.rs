//! A budget that fills up evenly with time: what was not spent is saved up to a limit, and no more.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const DAY_MS: u128 = 24 * 60 * 60 * 1000;

/// How a bucket fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// What it holds at the most.
    pub capacity: u32,
    /// What flows in within a day.
    pub a_day: u32,
}

/// What is left of a budget.
///
/// **Invariant:** within any time, no more is taken than the capacity and what flowed in meanwhile.
///
/// ```
/// use domain::{Bucket, Flow};
/// let flow = Flow { capacity: 10, a_day: 86_400 };
/// let now = "2026-01-05T09:00:00Z".parse()?;
/// let mut bucket = Bucket::full(flow, now);
/// assert_eq!(bucket.take_up_to(flow, 25, now), 10);
/// assert_eq!(bucket.take_up_to(flow, 25, now + jiff::SignedDuration::from_secs(3)), 3);
/// # Ok::<_, jiff::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    thousandths: u64,
    at: Timestamp,
}

impl Bucket {
    /// One that was never used.
    pub fn full(flow: Flow, now: Timestamp) -> Self {
        Self { thousandths: u64::from(flow.capacity) * 1000, at: now }
    }

    /// Takes what is there, at the most `most`; says how much that was.
    pub fn take_up_to(&mut self, flow: Flow, most: u32, now: Timestamp) -> u32 {
        self.fill(flow, now);
        let there = u32::try_from(self.thousandths / 1000).unwrap_or(u32::MAX);
        let taken = there.min(most);
        self.thousandths -= u64::from(taken) * 1000;
        taken
    }

    /// Gives back what was taken and not spent.
    pub fn give_back(&mut self, flow: Flow, unspent: u32) {
        self.thousandths = (self.thousandths + u64::from(unspent) * 1000).min(u64::from(flow.capacity) * 1000);
    }

    /// Somebody else spends of the same budget: no more than this is left of it.
    pub fn limit(&mut self, most: u32) {
        self.thousandths = self.thousandths.min(u64::from(most) * 1000);
    }

    /// When there will be `needed`, if nobody takes any meanwhile.
    pub fn when(&self, flow: Flow, needed: u32, now: Timestamp) -> Timestamp {
        let missing = (u64::from(needed) * 1000).saturating_sub(self.thousandths);
        if missing == 0 {
            return now;
        }
        let millis = (u128::from(missing) * DAY_MS).div_ceil(u128::from(flow.a_day.max(1)) * 1000);
        let millis = i64::try_from(millis).unwrap_or(i64::MAX);
        self.at.checked_add(jiff::SignedDuration::from_millis(millis)).unwrap_or(Timestamp::MAX).max(now)
    }

    /// A clock that runs behind another's fills nothing.
    fn fill(&mut self, flow: Flow, now: Timestamp) {
        let passed = u128::try_from(now.duration_since(self.at).as_millis()).unwrap_or(0);
        let filled = passed * u128::from(flow.a_day) * 1000 / DAY_MS;
        if filled > 0 {
            let level = u64::try_from(u128::from(self.thousandths) + filled).unwrap_or(u64::MAX);
            self.thousandths = level.min(u64::from(flow.capacity) * 1000);
            self.at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    fn start() -> Timestamp {
        "2026-01-05T09:00:00Z".parse().unwrap()
    }

    proptest! {
        #[test]
        fn no_more_flows_out_than_was_there_and_flowed_in(
            capacity in 1_u32..500,
            a_day in 1_u32..5_000_000,
            takes in prop::collection::vec((0_i64..7_200_000, 0_u32..300, 0_u32..100), 1..60),
        ) {
            let flow = Flow { capacity, a_day };
            let (mut bucket, mut now, mut spent) = (Bucket::full(flow, start()), start(), 0_u128);
            for (pause_ms, most, unspent) in takes {
                now += SignedDuration::from_millis(pause_ms);
                let taken = bucket.take_up_to(flow, most, now);
                prop_assert!(taken <= most);
                let back = unspent.min(taken);
                bucket.give_back(flow, back);
                spent += u128::from(taken - back);
                let passed = u128::try_from(now.duration_since(start()).as_millis()).unwrap();
                prop_assert!(spent <= u128::from(capacity) + passed * u128::from(a_day) / DAY_MS);
            }
        }

        #[test]
        fn what_was_promised_is_there_then(a_day in 1_u32..5_000_000, needed in 1_u32..50) {
            let flow = Flow { capacity: 50, a_day };
            let mut bucket = Bucket::full(flow, start());
            bucket.take_up_to(flow, 50, start());
            let then = bucket.when(flow, needed, start());
            prop_assert!(then > start());
            prop_assert_eq!(bucket.clone().take_up_to(flow, needed, then), needed);
        }
    }

    #[test]
    fn a_clock_that_runs_behind_changes_nothing() {
        let flow = Flow { capacity: 10, a_day: 86_400 };
        let mut bucket = Bucket::full(flow, start());
        bucket.take_up_to(flow, 10, start());
        assert_eq!(bucket.take_up_to(flow, 1, start() - SignedDuration::from_mins(5)), 0);
        assert_eq!(bucket.take_up_to(flow, 9, start() + SignedDuration::from_secs(2)), 2);
        bucket.give_back(flow, 99);
        bucket.limit(4);
        assert_eq!(bucket.take_up_to(flow, 9, start()), 4);
    }
}
