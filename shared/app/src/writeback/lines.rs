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
