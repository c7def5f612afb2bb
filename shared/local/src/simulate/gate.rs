//! Where a task can be stopped: before and after everything it does to the world.
//!
//! **Invariant:** between two gates a task runs alone. So an order of gates is an order of everything, and leaving a task
//! at a gate for good is a crash at that very place.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use app::ports::{
    Clock, Key, ListOrder, Lookup, Mailer, Page, Row, Secrets, SecretsError, SendError, Table, TableError, Write,
};
use async_trait::async_trait;
use aws::DynamoTable;
use domain::{OrgId, OutgoingMail};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use zoho::{Silence, Transport};

use super::ledger::Ledger;
use crate::clock::SettableClock;

/// Why a task stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parked {
    /// Before this.
    Before(&'static str),
    /// After this.
    After(&'static str),
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

    /// Does `what` to the world, with a gate on either side.
    async fn around<T>(&self, what: &'static str, effect: impl Future<Output = T>) -> T {
        self.stop(Parked::Before(what)).await;
        let result = effect.await;
        self.stop(Parked::After(what)).await;
        result
    }

    /// Where the task that just moved stands; `None`: it waits for something else.
    pub fn take(&self) -> Option<Parked> {
        lock(&self.0).take()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The table behind the gate.
pub(super) struct GatedTable {
    pub table: DynamoTable,
    /// The same rows, with nothing going wrong on the way.
    pub truth: DynamoTable,
    pub gate: Arc<Gate>,
    pub ledger: Arc<Mutex<Ledger>>,
}

impl GatedTable {
    /// Did a commit happen that was not answered?
    async fn holds(&self, writes: &[Write]) -> bool {
        for write in writes {
            let (key, wanted) = match write {
                Write::Put { row, .. } => (&row.key, Some(row.version)),
                Write::Delete { key, .. } => (key, None),
                Write::RequireAbsent { .. } => continue,
            };
            let there = self.truth.get(key).await.ok().flatten();
            if there.map(|row| row.version) != wanted {
                return false;
            }
        }
        true
    }
}

#[async_trait]
impl Table for GatedTable {
    async fn get(&self, key: &Key) -> Result<Option<Row>, TableError> {
        self.gate.stop(Parked::Before("a row is read")).await;
        self.table.get(key).await
    }

    async fn query(&self, partition: &str, prefix: &str, from: Option<&str>, limit: u32) -> Result<Page, TableError> {
        self.gate.stop(Parked::Before("rows are read")).await;
        self.table.query(partition, prefix, from, limit).await
    }

    async fn list(
        &self,
        list: &str,
        prefix: &str,
        order: ListOrder,
        from: Option<&str>,
        limit: u32,
    ) -> Result<Page, TableError> {
        self.gate.stop(Parked::Before("a list is read")).await;
        self.table.list(list, prefix, order, from, limit).await
    }

    fn after(&self, row: &Row) -> Option<String> {
        self.table.after(row)
    }

    async fn due(&self, queue: &str, now: Timestamp, limit: u32) -> Result<Vec<Key>, TableError> {
        self.table.due(queue, now, limit).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), TableError> {
        let commit = async {
            let committed = self.table.commit(writes).await;
            let happened = match &committed {
                Ok(()) => true,
                Err(TableError::Unavailable(_)) => self.holds(writes).await,
                Err(TableError::Unexpected(_) | TableError::Corrupt { .. }) => false,
            };
            if happened {
                lock(&self.ledger).note(writes);
            }
            committed
        };
        self.gate.around("a commit", commit).await
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
        self.gate.around("a call to Zoho", self.zoho.call(request)).await
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
        self.gate.around("a mail", self.mailer.send(org, mail)).await
    }

    async fn find(&self, org: &OrgId, mail: &OutgoingMail) -> Lookup {
        self.gate.stop(Parked::Before("a mail is looked up")).await;
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
        self.gate.stop(Parked::Before("a secret is read")).await;
        Ok(lock(&self.secrets).get(name).cloned())
    }

    async fn put(&self, name: &str, value: &SecretString) -> Result<(), SecretsError> {
        let put = async { lock(&self.secrets).insert(name.to_owned(), value.clone()) };
        self.gate.around("a secret", put).await;
        Ok(())
    }

    async fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.gate.stop(Parked::Before("a secret goes")).await;
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
