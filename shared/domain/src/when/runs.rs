//! How booked seconds are stored: as runs of equal steps.
//!
//! A crowded day books a mail every so many seconds, which is one run; a day with few mails has few runs. Without this, a
//! day of 2,000 mails would make each row, and each stored decision that saw it, 12 kB long.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// First second, step, and how many.
type Run = (u32, u32, u32);

/// `seconds`, which ascend, as runs.
pub(super) fn serialize<S: Serializer>(seconds: &[u32], serializer: S) -> Result<S::Ok, S::Error> {
    let mut runs: Vec<Run> = Vec::new();
    for second in seconds {
        match runs.last_mut() {
            Some((start, step, count @ 1)) => (*step, *count) = (second - *start, 2),
            Some((start, step, count)) if *start + *step * *count == *second => *count += 1,
            _ => runs.push((*second, 0, 1)),
        }
    }
    runs.serialize(serializer)
}

/// The seconds again. What no day can hold is refused: a row is data from outside.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    /// Seconds of a day, and an hour more for the clock change.
    const DAY: u64 = 25 * 3600;
    let mut seconds = Vec::new();
    for (start, step, count) in Vec::<Run>::deserialize(deserializer)? {
        let last = u64::from(start) + u64::from(step) * u64::from(count.saturating_sub(1));
        if last > DAY || u64::from(count) > DAY {
            return Err(serde::de::Error::custom("a booked second that no day has"));
        }
        seconds.extend((0..count).map(|n| start + step * n));
    }
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Day(#[serde(with = "super")] Vec<u32>);

    proptest! {
        #[test]
        fn what_is_stored_is_read_again(mut seconds in prop::collection::vec(0_u32..86_400, 0..300)) {
            seconds.sort_unstable();
            let stored = serde_json::to_string(&Day(seconds.clone())).unwrap();
            prop_assert_eq!(serde_json::from_str::<Day>(&stored).unwrap(), Day(seconds));
        }
    }

    #[test]
    fn a_crowded_day_is_short() {
        let stored = serde_json::to_string(&Day((0..2000).map(|n| 32_400 + n * 14).collect())).unwrap();
        assert_eq!(stored, "[[32400,14,2000]]");
        assert!(serde_json::from_str::<Day>("[[0,4294967295,4294967295]]").is_err());
    }
}
