//! Credits and calls.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

/// What an Enterprise organisation of a few users may spend in 24 hours; only for the remaining-credits header.
const USUAL_ALLOWANCE: u64 = 57_000;
const WINDOW_SECS: i64 = 24 * 60 * 60;

#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    spent: VecDeque<(Timestamp, u32)>,
    total: u64,
    /// Credits spent since the beginning.
    pub ever: u64,
    /// By method and path template.
    pub calls: BTreeMap<String, u64>,
}

impl Meter {
    /// Credits spent in the 24 hours before `now`.
    pub fn used(&mut self, now: Timestamp) -> u64 {
        while let Some((at, credits)) = self.spent.front().copied()
            && now.as_second() - at.as_second() >= WINDOW_SECS
        {
            self.spent.pop_front();
            self.total -= u64::from(credits);
        }
        self.total
    }

    pub fn spend(&mut self, now: Timestamp, credits: u32) {
        self.spent.push_back((now, credits));
        self.total += u64::from(credits);
        self.ever += u64::from(credits);
    }

    /// The `X-API-CREDITS-REMAINING` header, which Zoho sends only from half of the allowance on.
    pub fn remaining_header(&mut self, now: Timestamp, enforced: Option<u64>) -> Option<u64> {
        let allowance = enforced.unwrap_or(USUAL_ALLOWANCE);
        let used = self.used(now);
        (used * 2 >= allowance).then(|| allowance.saturating_sub(used))
    }

    pub fn count(&mut self, method: &str, path: &str) {
        *self.calls.entry(format!("{method} {}", template(path))).or_default() += 1;
    }
}

/// `/crm/v8/Leads/5540000000123/Notes` becomes `/crm/v8/Leads/{id}/Notes`.
fn template(path: &str) -> String {
    let is_id = |part: &str| {
        part.len() >= 6 && part.bytes().all(|b| b.is_ascii_hexdigit()) && part.contains(|c: char| c.is_ascii_digit())
    };
    path.split('/').map(|part| if is_id(part) { "{id}" } else { part }).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_roll_out_of_the_window() {
        let at = |secs| Timestamp::from_second(secs).unwrap();
        let mut meter = Meter::default();
        meter.spend(at(0), 6);
        meter.spend(at(100), 1);
        assert_eq!(meter.used(at(WINDOW_SECS - 1)), 7);
        assert_eq!(meter.used(at(WINDOW_SECS)), 1);
        assert_eq!(meter.remaining_header(at(WINDOW_SECS), Some(2)), Some(1));
        assert_eq!(meter.remaining_header(at(WINDOW_SECS), Some(3)), None);
    }

    #[test]
    fn ids_are_not_part_of_a_template() {
        assert_eq!(template("/crm/v8/Leads/5540000000123/Notes"), "/crm/v8/Leads/{id}/Notes");
    }
}
