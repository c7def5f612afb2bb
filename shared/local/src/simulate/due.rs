//! What the product has to find out by itself or by a notification, and how long that takes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::ledger::Ledger;

/// What happened to records in the CRM, and their leads know nothing of yet.
#[derive(Default)]
pub(super) struct Due {
    /// By the partition of the lead: is it to end by it, or to begin, and since when?
    unknown: BTreeMap<String, (bool, Timestamp)>,
    /// When something became known.
    pub known: Vec<Timestamp>,
    /// The longest that something stayed unknown.
    pub slowest: SignedDuration,
}

impl Due {
    /// A record was assigned, or taken away or deleted.
    pub fn expect(&mut self, ledger: &Ledger, lead: String, ends: bool, now: Timestamp) {
        let stage = ledger.stages.get(&lead).map(String::as_str);
        let is_news = if ends { stage.is_some_and(|stage| stage != "ended") } else { stage.is_none() };
        // Whatever happened to it before is not to be found out any more.
        self.unknown.remove(&lead);
        if is_news {
            self.unknown.insert(lead, (ends, now));
        }
    }

    /// What happened to a record matters no more: it is another one now.
    pub fn forget(&mut self, lead: &str) {
        self.unknown.remove(lead);
    }

    /// What became known by what was written.
    pub fn settle(&mut self, ledger: &Ledger, written: &[(String, String)], now: Timestamp) {
        for (lead, _) in written {
            let Some((ends, since)) = self.unknown.get(lead).copied() else { continue };
            if !ends || ledger.stages.get(lead).is_some_and(|stage| stage == "ended") {
                self.unknown.remove(lead);
                self.known.push(now);
                self.slowest = self.slowest.max(now.duration_since(since));
            }
        }
    }

    /// Leads of which something is still not known.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.unknown.keys().map(String::as_str)
    }
}
