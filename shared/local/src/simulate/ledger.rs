//! What the table was told, as far as the scheduler and the promises need it.
//!
//! **Invariant:** only what happened stands here, in the order in which it did.

use std::collections::BTreeMap;

use app::ports::{Key, Row, Write};
use app::store::keys;
use domain::{ConnectionStatus, EmailAddress};
use jiff::Timestamp;
use serde_json::Value;

/// The commits of one world.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// How many commits there were.
    commits: u64,
    /// Work by row: its queue's kind, and when it is due.
    work: BTreeMap<Key, (String, Timestamp)>,
    /// The commit that claimed a delivery last.
    pub claimed: BTreeMap<String, u64>,
    /// The commit that suppressed an address, by its salted hash.
    suppressed: BTreeMap<String, u64>,
    /// The salt.
    salt: String,
    /// Each lead's run, and its status in it.
    statuses: BTreeMap<String, (u64, ConnectionStatus)>,
    /// Statuses that went down.
    pub fallen: Vec<String>,
}

impl Ledger {
    /// When the next work of these kinds is due.
    pub fn next_due(&self, kinds: &[&str]) -> Option<Timestamp> {
        self.work.values().filter(|(kind, _)| kinds.contains(&kind.as_str())).map(|(_, due)| *due).min()
    }

    /// Work of these kinds, in words.
    pub fn unfinished(&self, kinds: &[&str]) -> Vec<String> {
        let wanted = self.work.iter().filter(|(_, (kind, _))| kinds.contains(&kind.as_str()));
        wanted.map(|(key, (kind, due))| format!("{kind} of {} {} at {due}", key.partition, key.sort)).collect()
    }

    /// The commit that suppressed this address.
    pub fn suppressed(&self, address: &EmailAddress) -> Option<u64> {
        self.suppressed.get(&keys::salted(&self.salt, address)).copied()
    }

    /// These writes happened, in one commit.
    pub fn note(&mut self, writes: &[Write]) {
        self.commits += 1;
        for write in writes {
            match write {
                Write::Put { row, .. } => self.note_row(row),
                Write::Delete { key, .. } => {
                    self.work.remove(key);
                }
                Write::RequireAbsent { .. } => {}
            }
        }
    }

    fn note_row(&mut self, row: &Row) {
        let (partition, sort) = (row.key.partition.as_str(), row.key.sort.as_str());
        let lead = (sort == "lead").then(|| &row.body["lead"]);
        match &row.work {
            Some(work) => {
                // Whose lead is ended is reminded of it every few days, for ever if they like.
                let ended = lead.is_some_and(|lead| lead["stage"]["stage"] == "ended");
                let kind = if ended { "reminder" } else { work.queue.split('#').next().unwrap_or_default() };
                self.work.insert(row.key.clone(), (kind.to_owned(), work.due));
            }
            None => {
                self.work.remove(&row.key);
            }
        }
        if let Some(lead) = lead {
            self.note_status(partition, lead);
        }
        let delivery = sort.strip_prefix("delivery#");
        if let Some(delivery) = delivery.filter(|_| row.body["outcome"]["outcome"] == "claimed") {
            self.claimed.insert(delivery.to_owned(), self.commits);
        }
        if partition.starts_with("suppression#") && sort == "salt" {
            self.salt = row.body["value"].as_str().unwrap_or_default().to_owned();
        } else if partition.starts_with("suppression#") {
            let hash = partition.rsplit('#').next().unwrap_or_default().to_owned();
            self.suppressed.entry(hash).or_insert(self.commits);
        }
    }

    fn note_status(&mut self, lead: &str, body: &Value) {
        let Ok(status) = serde_json::from_value::<ConnectionStatus>(body["status"].clone()) else { return };
        let run = body["run"].as_u64().unwrap_or_default();
        let before = self.statuses.insert(lead.to_owned(), (run, status));
        if let Some((_, before)) = before.filter(|(of_run, before)| *of_run == run && *before > status) {
            self.fallen.push(format!("{lead} fell from {before:?} to {status:?}"));
        }
    }
}
