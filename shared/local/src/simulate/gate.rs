//! Where a task can be stopped: before and after everything it does to the world.
//!
//! **Invariant:** between two gates a task runs alone. So an order of gates is an order of everything, and leaving a task
//! at a gate for good is a crash at that very place.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use app::ports::{Clock, Key, Lookup, Mailer, Page, Row, Secrets, SecretsError, SendError, Table, TableError, Write};
use async_trait::async_trait;
use aws::DynamoTable;
use domain::{ConnectionStatus, DeliveryId, OrgId, OutgoingMail};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::Value;
use zoho::{Silence, Transport};

use crate::clock::SettableClock;

/// Why a task stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parked {
    /// Before or after this effect.
    At(&'static str),
    /// It sleeps.
    Until(Timestamp),
}

/// The one gate of a world: only one task moves at a time, so whoever stands at it is that one.
#[derive(Debug, Default)]
pub(super) struct Gate(Mutex<Option<Parked>>);

impl Gate {
    /// Stands still here until the scheduler lets the task go on.
    async fn stop(&self, why: Parked) {
        let mut stopped = false;
        poll_fn(|context| {
            if stopped {
                return Poll::Ready(());
            }
            stopped = true;
            *lock(&self.0) = Some(why);
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Where the task that just moved stands; `None`: it waits for something else.
    pub fn take(&self) -> Option<Parked> {
        lock(&self.0).take()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the table was told, as far as the scheduler and the promises need it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// How many commits there were.
    commits: u64,
    /// Work by row: its queue's kind, and when it is due.
    work: BTreeMap<Key, (String, Timestamp)>,
    /// The commit that claimed a delivery last.
    pub claimed: BTreeMap<String, u64>,
    /// The commit that suppressed an address, by its hash.
    pub suppressed: BTreeMap<String, u64>,
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

    fn note(&mut self, writes: &[Write]) {
        self.commits += 1;
        for write in writes {
            match write {
                Write::Put { row, .. } => {
                    let place = row.work.as_ref().map(|work| {
                        // Whose lead is ended is reminded of it every few days, for ever if they like.
                        let ended = row.key.sort == "lead" && row.body.to_string().contains(r#""stage":"ended""#);
                        let kind = if ended { "reminder" } else { work.queue.split('#').next().unwrap_or_default() };
                        (kind.to_owned(), work.due)
                    });
                    match place {
                        Some(place) => self.work.insert(row.key.clone(), place),
                        None => self.work.remove(&row.key),
                    };
                    let (partition, sort) = (row.key.partition.as_str(), row.key.sort.as_str());
                    if let Some(delivery) =
                        sort.strip_prefix("delivery#").filter(|_| row.body["outcome"]["outcome"] == "claimed")
                    {
                        self.claimed.insert(delivery.to_owned(), self.commits);
                    }
                    if sort == "lead" {
                        self.note_status(partition, &row.body["lead"]);
                    }
                    if partition.starts_with("suppression#") {
                        let hash = partition.rsplit('#').next().unwrap_or_default().to_owned();
                        self.suppressed.entry(hash).or_insert(self.commits);
                    }
                }
                Write::Delete { key, .. } => {
                    self.work.remove(key);
                }
                Write::RequireAbsent { .. } => {}
            }
        }
    }
}

impl Ledger {
    fn note_status(&mut self, lead: &str, body: &Value) {
        let Ok(status) = serde_json::from_value::<ConnectionStatus>(body["status"].clone()) else { return };
        let run = body["run"].as_u64().unwrap_or_default();
        let before = self.statuses.insert(lead.to_owned(), (run, status));
        if let Some((_, before)) = before.filter(|(of_run, before)| *of_run == run && *before > status) {
            self.fallen.push(format!("{lead} fell from {before:?} to {status:?}"));
        }
    }
}

/// The table behind the gate.
pub(super) struct GatedTable {
    pub table: DynamoTable,
    pub gate: Arc<Gate>,
    pub ledger: Arc<Mutex<Ledger>>,
}

#[async_trait]
impl Table for GatedTable {
    async fn get(&self, key: &Key) -> Result<Option<Row>, TableError> {
        self.gate.stop(Parked::At("read a row")).await;
        self.table.get(key).await
    }

    async fn query(&self, partition: &str, prefix: &str, from: Option<&str>, limit: u32) -> Result<Page, TableError> {
        self.gate.stop(Parked::At("read rows")).await;
        self.table.query(partition, prefix, from, limit).await
    }

    async fn list(&self, list: &str, prefix: &str, from: Option<&str>, limit: u32) -> Result<Page, TableError> {
        self.gate.stop(Parked::At("read a list")).await;
        self.table.list(list, prefix, from, limit).await
    }

    async fn due(&self, queue: &str, now: Timestamp, limit: u32) -> Result<Vec<Key>, TableError> {
        self.table.due(queue, now, limit).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), TableError> {
        self.gate.stop(Parked::At("before a commit")).await;
        let committed = self.table.commit(writes).await;
        // Without an answer it may have happened; work that is not there is looked for in vain, and nothing worse.
        if matches!(committed, Ok(()) | Err(TableError::Unavailable(_))) {
            lock(&self.ledger).note(writes);
        }
        self.gate.stop(Parked::At("after a commit")).await;
        committed
    }
}

/// Zoho behind the gate.
pub(super) struct GatedZoho {
    pub zoho: Arc<dyn Transport>,
    pub gate: Arc<Gate>,
}

#[async_trait]
impl Transport for GatedZoho {
    async fn call(&self, request: reqwest::Request) -> Result<http::Response<Vec<u8>>, Silence> {
        self.gate.stop(Parked::At("before a call to Zoho")).await;
        let answer = self.zoho.call(request).await;
        self.gate.stop(Parked::At("after a call to Zoho")).await;
        answer
    }
}

/// The mail system behind the gate.
pub(super) struct GatedMailer {
    pub mailer: Arc<dyn Mailer>,
    pub gate: Arc<Gate>,
}

#[async_trait]
impl Mailer for GatedMailer {
    async fn send(&self, org: &OrgId, mail: &OutgoingMail) -> Result<String, SendError> {
        self.gate.stop(Parked::At("before a mail")).await;
        let sent = self.mailer.send(org, mail).await;
        self.gate.stop(Parked::At("after a mail")).await;
        sent
    }

    async fn find(&self, org: &OrgId, mail: &OutgoingMail) -> Lookup {
        self.gate.stop(Parked::At("before a mail is looked up")).await;
        self.mailer.find(org, mail).await
    }
}

/// Secrets in memory, behind the gate.
pub(super) struct GatedSecrets {
    pub secrets: Mutex<BTreeMap<String, SecretString>>,
    pub gate: Arc<Gate>,
}

#[async_trait]
impl Secrets for GatedSecrets {
    async fn get(&self, name: &str) -> Result<Option<SecretString>, SecretsError> {
        self.gate.stop(Parked::At("read a secret")).await;
        Ok(lock(&self.secrets).get(name).cloned())
    }

    async fn put(&self, name: &str, value: &SecretString) -> Result<(), SecretsError> {
        self.gate.stop(Parked::At("before a secret")).await;
        lock(&self.secrets).insert(name.to_owned(), value.clone());
        self.gate.stop(Parked::At("after a secret")).await;
        Ok(())
    }

    async fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.gate.stop(Parked::At("before a secret goes")).await;
        lock(&self.secrets).remove(name);
        Ok(())
    }
}

/// A machine's clock: the world's, wrong by a little.
pub(super) struct WrongClock {
    pub clock: Arc<SettableClock>,
    pub ahead: SignedDuration,
    pub gate: Arc<Gate>,
}

#[async_trait]
impl Clock for WrongClock {
    fn calendar(&self) -> Timestamp {
        self.real()
    }

    fn real(&self) -> Timestamp {
        self.clock.now() + self.ahead
    }

    async fn sleep(&self, pause: SignedDuration) {
        self.gate.stop(Parked::Until(self.clock.now() + pause)).await;
    }
}

/// A delivery that left.
#[derive(Debug, Clone)]
pub(super) struct Departed {
    pub delivery: DeliveryId,
    pub message_id: String,
    pub mail: OutgoingMail,
    pub at: Timestamp,
}
