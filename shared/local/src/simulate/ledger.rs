//! What the table and Zoho were told, as far as the scheduler and the promises need it.
//!
//! **Invariant:** only what happened stands here, in the order in which it did.

use std::collections::{BTreeMap, BTreeSet};

use app::ports::{Key, Row, Write};
use app::store::keys;
use domain::{ConnectionStatus, EmailAddress, LeadId, OrgId};
use jiff::Timestamp;
use serde_json::Value;

use super::json::text;

/// A delivery as the table has it.
#[derive(Debug, Default, Clone)]
pub(super) struct Known {
    /// The commit that claimed it last.
    pub claimed: Option<u64>,
    /// What became of it.
    pub outcome: String,
    /// What a person approved.
    pub approved: Option<String>,
}

/// A kind of work, and the queue it waits in.
type Waits = (&'static str, String);

/// A lead whose mail waits for a person.
pub(super) type Held = (OrgId, LeadId);

/// The commits of one world.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// How many commits there were.
    pub commits: u64,
    /// Where each row's work waits: its kind and queue, and when it is due.
    work: BTreeMap<Key, (Waits, Timestamp)>,
    /// The same in order of time.
    queues: BTreeMap<Waits, BTreeSet<(Timestamp, Key)>>,
    /// Deliveries by org and name.
    pub deliveries: BTreeMap<(String, String), Known>,
    /// The commit that suppressed an address, by org and salted hash.
    suppressed: BTreeMap<(String, String), u64>,
    /// The salt of each org.
    salts: BTreeMap<String, String>,
    /// Each lead's run, and its status in it.
    statuses: BTreeMap<String, (u64, ConnectionStatus)>,
    /// How each lead stands.
    pub stages: BTreeMap<String, String>,
    /// Mails that began to wait for a person.
    pub held: Vec<Held>,
    /// Up to where each mailbox was taken in, by address.
    pub read_up_to: BTreeMap<String, u64>,
    /// Changes for the CRM that wait, by org's partition and in order: of which lead, and whether it is the hand-back.
    outbox: BTreeMap<Key, (String, bool)>,
    /// Calls to each host that are under way, and the most there ever were.
    calls: BTreeMap<String, (u32, u32)>,
    /// Calls that Zoho refused for being too many.
    pub refused: u32,
    /// When new tokens were asked for, by host.
    pub tokens: BTreeMap<String, Vec<Timestamp>>,
    /// Promises that were seen to be broken.
    pub broken: Vec<String>,
    /// The leads that the last commits wrote, and how they stand.
    pub written: Vec<(String, String)>,
}

/// Kinds of work.
const KINDS: [&str; 7] = ["send", "lease", "notification", "writeback", "upkeep", "mailbox", "bulk"];

fn kind_of(queue: &str) -> &'static str {
    KINDS.into_iter().find(|kind| queue.starts_with(kind)).unwrap_or("other")
}

impl Ledger {
    /// When the next work of these kinds is due.
    pub fn next_due(&self, kinds: &[&str]) -> Option<Timestamp> {
        let queues = self.queues.iter().filter(|((kind, _), _)| kinds.contains(kind));
        queues.filter_map(|(_, waiting)| waiting.first()).map(|(due, _)| *due).min()
    }

    /// Is something in this queue due?
    pub fn is_due(&self, queue: &str, now: Timestamp) -> bool {
        let queues = self.queues.iter().filter(|((_, name), _)| name == queue);
        queues.filter_map(|(_, waiting)| waiting.first()).any(|(due, _)| *due <= now)
    }

    /// Work of these kinds, in words.
    pub fn unfinished(&self, kinds: &[&str]) -> Vec<String> {
        let wanted = self.work.iter().filter(|(_, ((kind, _), _))| kinds.contains(kind));
        wanted.map(|(key, ((kind, _), due))| format!("{kind} of {} {} at {due}", key.partition, key.sort)).collect()
    }

    fn wait(&mut self, key: &Key, waits: Option<(Waits, Timestamp)>) {
        let before = match &waits {
            Some(waits) => self.work.insert(key.clone(), waits.clone()),
            None => self.work.remove(key),
        };
        if let Some((queue, due)) = before
            && let Some(waiting) = self.queues.get_mut(&queue)
        {
            waiting.remove(&(due, key.clone()));
        }
        if let Some((queue, due)) = waits {
            self.queues.entry(queue).or_default().insert((due, key.clone()));
        }
    }

    /// A call leaves for a host.
    pub fn call_begins(&mut self, host: &str) {
        let (now, most) = self.calls.entry(host.to_owned()).or_default();
        *now += 1;
        *most = (*most).max(*now);
    }

    /// Its answer is there, or nobody waits for it any more.
    pub fn call_ends(&mut self, host: &str) {
        if let Some((now, _)) = self.calls.get_mut(host) {
            *now -= 1;
        }
    }

    /// The most calls that were under way at once to one host.
    pub fn most_calls_at_once(&self) -> u32 {
        self.calls.values().map(|(_, most)| *most).max().unwrap_or_default()
    }

    /// A host is asked for a token.
    pub fn token_asked(&mut self, host: &str, now: Timestamp) {
        self.tokens.entry(host.to_owned()).or_default().push(now);
    }

    /// The commit that suppressed this address.
    pub fn suppressed(&self, org: &str, address: &EmailAddress) -> Option<u64> {
        let salt = self.salts.get(org)?;
        self.suppressed.get(&(org.to_owned(), keys::salted(salt, address))).copied()
    }

    /// The hashes on an org's list that are none of these addresses'.
    pub fn suppressed_besides(&self, org: &str, addresses: impl Iterator<Item = EmailAddress>) -> Vec<&String> {
        let salt = self.salts.get(org).map_or("", String::as_str);
        let known: BTreeSet<String> = addresses.map(|address| keys::salted(salt, &address)).collect();
        let listed = self.suppressed.keys().filter(|(of, hash)| of == org && !known.contains(hash));
        listed.map(|(_, hash)| hash).collect()
    }

    /// These writes happened, in one commit.
    pub fn note(&mut self, writes: &[Write]) {
        self.commits += 1;
        let mut orgs = BTreeSet::new();
        let mut handed_back = Vec::new();
        for write in writes {
            let (Write::Put { row: Row { key, .. }, .. } | Write::Delete { key, .. } | Write::RequireAbsent { key }) =
                write;
            if !key.partition.starts_with("mailbox#") && !key.partition.starts_with("rate#") {
                orgs.insert(key.partition.split('#').nth(1));
            }
            match write {
                Write::Put { row, .. } => self.note_row(row),
                Write::Delete { key, .. } => {
                    self.wait(key, None);
                    handed_back
                        .extend(self.outbox.remove(key).filter(|(_, is_last)| *is_last).map(|(lead, _)| (key, lead)));
                }
                Write::RequireAbsent { .. } => {}
            }
        }
        for (key, lead) in handed_back {
            let earlier =
                self.outbox.range(..key).find(|(other, (of, _))| *of == lead && other.partition == key.partition);
            if let Some((earlier, _)) = earlier {
                self.broken.push(format!("the owner of {lead} was changed before {} was done", earlier.sort));
            }
        }
        if orgs.len() > 1 {
            self.broken.push(format!("one commit wrote rows of {orgs:?}"));
        }
    }

    fn note_row(&mut self, row: &Row) {
        let (partition, sort) = (row.key.partition.as_str(), row.key.sort.as_str());
        let (kind, org) = (partition.split('#').next().unwrap_or_default(), partition.split('#').nth(1));
        let org = org.unwrap_or_default().to_owned();
        let lead = (sort == "lead").then(|| &row.body["lead"]);
        let waits = row.work.as_ref().map(|work| {
            // Whose lead is ended is reminded of it every few days, for ever if they like.
            let ended = lead.is_some_and(|lead| lead["stage"]["stage"] == "ended");
            ((if ended { "reminder" } else { kind_of(&work.queue) }, work.queue.clone()), work.due)
        });
        self.wait(&row.key, waits);
        if let Some(lead) = lead {
            self.note_lead(&org, partition, lead);
        }
        if let Some(delivery) = sort.strip_prefix("delivery#") {
            self.note_delivery(org, delivery, &row.body);
        } else if kind == "suppression" && sort == "salt" {
            self.salts.insert(org, text(&row.body["value"]));
        } else if kind == "suppression" {
            let hash = partition.rsplit('#').next().unwrap_or_default().to_owned();
            self.suppressed.entry((org, hash)).or_insert(self.commits);
        } else if kind == "outbox" {
            let is_last = row.body["change"]["change"] == "hand_back";
            self.outbox.insert(row.key.clone(), (text(&row.body["lead"]), is_last));
        } else if sort.starts_with("account#") {
            let uid = row.body["places"]["inbox"]["uid"].as_u64().unwrap_or_default();
            self.read_up_to.insert(text(&row.body["account"]["address"]), uid);
        }
        // Every token of the simulator begins so.
        if row.body.to_string().contains("\"1000.") {
            self.broken.push(format!("there is a token in {partition} {sort}"));
        }
    }

    fn note_lead(&mut self, org: &str, partition: &str, lead: &Value) {
        self.written.push((partition.to_owned(), format!("{} {}", lead["stage"], lead["state"])));
        self.stages.insert(partition.to_owned(), text(&lead["stage"]["stage"]));
        if lead["stage"]["stage"] == "held"
            && let (Ok(org), Ok(lead)) = (org.parse(), text(&lead["id"]).parse())
        {
            self.held.push((org, lead));
        }
        let Ok(status) = serde_json::from_value::<ConnectionStatus>(lead["status"].clone()) else { return };
        let run = lead["run"].as_u64().unwrap_or_default();
        let before = self.statuses.insert(partition.to_owned(), (run, status));
        if let Some((_, before)) = before.filter(|(of_run, before)| *of_run == run && *before > status) {
            self.broken.push(format!("{partition} fell from {before:?} to {status:?}"));
        }
    }

    fn note_delivery(&mut self, org: String, delivery: &str, body: &Value) {
        let known = self.deliveries.entry((org, delivery.to_owned())).or_default();
        known.outcome = text(&body["outcome"]["outcome"]);
        match known.outcome.as_str() {
            "claimed" => known.claimed = Some(self.commits),
            "approved" => known.approved = Some(text(&body["mail"]["text"])),
            _ => {}
        }
    }
}
