//! The outbox as it waits: a line of entries for each record.
//!
//! **Invariant:** of a record's entries only the first one is ever out; the next one's turn comes when it was not put back.

use std::collections::{HashMap, HashSet, VecDeque};

use domain::LeadId;
use jiff::Timestamp;

use super::Item;
use crate::ports::Key;
use crate::store::{OutboxEntry, Stored};

#[derive(Default)]
pub(super) struct Lines {
    waiting: HashMap<LeadId, VecDeque<Item>>,
    /// Records in the order in which they were met, of those whose first entry may be ready.
    order: VecDeque<LeadId>,
    gone: HashSet<LeadId>,
}

impl Lines {
    /// Entries that stand behind those met before; returns those of records that are gone.
    pub fn extend(&mut self, entries: Vec<(Key, Stored<OutboxEntry>)>) -> Vec<Key> {
        let mut gone = Vec::new();
        for (key, Stored { value: entry, version }) in entries {
            if self.gone.contains(&entry.lead) {
                gone.push(key);
                continue;
            }
            let line = self.waiting.entry(entry.lead.clone()).or_insert_with(|| {
                self.order.push_back(entry.lead.clone());
                VecDeque::new()
            });
            line.push_back(Item { key, version, entry });
        }
        gone
    }

    /// The first entry of each record whose time has come. A record whose first entry has to wait is left alone from now
    /// on, with all that stands behind it.
    pub fn take_ready(&mut self, now: Timestamp) -> Vec<Item> {
        let mut ready = Vec::new();
        let mut order = VecDeque::new();
        for lead in std::mem::take(&mut self.order) {
            let Some(line) = self.waiting.get_mut(&lead) else { continue };
            match line.front() {
                Some(first) if first.entry.not_before <= now => {
                    ready.extend(line.pop_front());
                    order.push_back(lead);
                }
                Some(_) => {}
                None => {
                    self.waiting.remove(&lead);
                }
            }
        }
        self.order = order;
        ready
    }

    /// It did not pass: it is the first of its line again.
    pub fn put_back(&mut self, item: Item) {
        if let Some(line) = self.waiting.get_mut(&item.entry.lead) {
            line.push_front(item);
        }
    }

    /// The record is gone; returns what waited for it.
    pub fn forget(&mut self, lead: &LeadId) -> Vec<Key> {
        self.gone.insert(lead.clone());
        self.waiting.remove(lead).into_iter().flatten().map(|item| item.key).collect()
    }
}

#[cfg(test)]
mod tests {
    use domain::{CrmChange, Note};
    use jiff::SignedDuration;

    use super::*;

    fn now() -> Timestamp {
        "2026-01-05T09:00:00Z".parse().unwrap()
    }

    fn entry(place: u32, lead: u32, waits: bool) -> (Key, Stored<OutboxEntry>) {
        let not_before = if waits { now() + SignedDuration::from_hours(1) } else { now() };
        let lead: LeadId = format!("contacts-{lead}").parse().unwrap();
        let change = CrmChange::Note(Note { title: place.to_string(), content: String::new() });
        let value = OutboxEntry { lead, change, tries: 0, not_before, begun: false, last_error: None };
        (Key { partition: "outbox#us-1".to_owned(), sort: format!("{place:03}") }, Stored { value, version: 1 })
    }

    fn places(items: &[Item]) -> Vec<&str> {
        items.iter().map(|item| item.key.sort.as_str()).collect()
    }

    #[test]
    fn one_of_each_record_in_its_order_and_those_behind_one_that_waits_wait_too() {
        let mut lines = Lines::default();
        lines.extend(vec![entry(1, 7, true), entry(2, 7, false), entry(3, 8, false), entry(4, 8, false)]);
        assert_eq!(places(&lines.take_ready(now())), ["003"]);
        lines.extend(vec![entry(5, 9, false), entry(6, 7, false)]);
        let mut second = lines.take_ready(now());
        assert_eq!(places(&second), ["004", "005"]);
        // The first of these did not pass, and the other one did.
        let mut failed = second.remove(0);
        failed.entry.not_before = now() + SignedDuration::from_mins(1);
        lines.put_back(failed);
        assert!(lines.take_ready(now()).is_empty());
        assert!(lines.take_ready(now() + SignedDuration::from_hours(2)).is_empty(), "left alone until the next walk");
    }

    #[test]
    fn what_may_be_tried_again_at_once_is_the_first_of_its_line() {
        let mut lines = Lines::default();
        lines.extend(vec![entry(1, 7, false), entry(2, 7, false)]);
        let first = lines.take_ready(now()).remove(0);
        lines.put_back(first);
        assert_eq!(places(&lines.take_ready(now())), ["001"]);
        assert_eq!(places(&lines.take_ready(now())), ["002"]);
    }

    #[test]
    fn nothing_of_a_record_that_is_gone_is_left() {
        let mut lines = Lines::default();
        lines.extend(vec![entry(1, 7, false), entry(2, 7, false), entry(3, 8, false)]);
        let first = lines.take_ready(now());
        let dropped = lines.forget(&first[0].entry.lead);
        assert_eq!(dropped.iter().map(|key| key.sort.as_str()).collect::<Vec<_>>(), ["002"]);
        let behind = lines.extend(vec![entry(4, 7, false), entry(5, 8, false)]);
        assert_eq!(behind.len(), 1);
        assert_eq!(places(&lines.take_ready(now())), ["005"]);
    }
}
