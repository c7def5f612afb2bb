//! Where a task can be stopped: before and after everything it does to the world.
//!
//! **Invariant:** between two gates a task runs alone. So an order of gates is an order of everything, and leaving a task
//! at a gate for good is a crash at that very place.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use app::ports::{
    Checked, Clock, Key, ListOrder, Login, Lookup, MailboxError, Mailboxes, Mailer, Page, ReadMails, ReadRequest, Row,
    Secrets, SecretsError, SendError, Table, TableError, Write,
};
use async_trait::async_trait;
use aws::DynamoTable;
use domain::{OrgId, OutgoingMail};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use zoho::{Silence, Transport};

use super::chance::Chance;
use super::ledger::Ledger;
use super::post::Post;
use crate::clock::SettableClock;

/// Why a task stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parked {
    /// Before it looks at something: dying here is dying after what it did last.
    Looking(&'static str),
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
    pub chance: Arc<Chance>,
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
        self.gate.stop(Parked::Looking("a row")).await;
        self.table.get(key).await
    }

    async fn query(&self, partition: &str, prefix: &str, from: Option<&str>, limit: u32) -> Result<Page, TableError> {
        self.gate.stop(Parked::Looking("rows")).await;
        self.table.query(partition, prefix, from, limit).await
    }

    async fn list(&self, list: &str, order: ListOrder, from: Option<&str>, limit: u32) -> Result<Page, TableError> {
        self.gate.stop(Parked::Looking("a list")).await;
        self.table.list(list, order, from, limit).await
    }

    fn after(&self, row: &Row) -> Option<String> {
        self.table.after(row)
    }

    async fn due(&self, queue: &str, now: Timestamp, limit: u32) -> Result<Vec<Key>, TableError> {
        // An index with nothing in it says so: most looks into one are left out.
        let may_show = lock(&self.ledger).is_due(queue, now) || self.chance.happens(0.05);
        if may_show { self.table.due(queue, now, limit).await } else { Ok(Vec::new()) }
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
        self.gate.around(commit_name(writes), commit).await
    }
}

fn commit_name(writes: &[Write]) -> &'static str {
    let is_token = |write: &Write| match write {
        Write::Put { row: Row { key, .. }, .. } | Write::Delete { key, .. } | Write::RequireAbsent { key } => {
            key.sort.starts_with("lease#token")
        }
    };
    if writes.iter().any(is_token) { TOKEN_LEASE } else { "a commit" }
}

/// Effects by which a token is renewed.
pub(super) const TOKEN_LEASE: &str = "the lease of a token";
pub(super) const TOKEN: &str = "a new token";
pub(super) const SECRET: &str = "a secret";

/// Zoho behind the gate.
pub(super) struct GatedZoho {
    pub zoho: Arc<dyn Transport>,
    pub gate: Arc<Gate>,
    pub ledger: Arc<Mutex<Ledger>>,
    pub clock: Arc<SettableClock>,
}

/// A call that is under way.
struct UnderWay<'a>(&'a Mutex<Ledger>, String);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        lock(self.0).call_ends(&self.1);
    }
}

#[async_trait]
impl Transport for GatedZoho {
    async fn call(&self, request: reqwest::Request) -> Result<http::Response<Vec<u8>>, Silence> {
        let host = request.url().host_str().unwrap_or_default().to_owned();
        if request.url().path().ends_with("/token") {
            let call = async {
                lock(&self.ledger).token_asked(&host, self.clock.now());
                self.zoho.call(request).await
            };
            return self.gate.around(TOKEN, call).await;
        }
        lock(&self.ledger).call_begins(&host);
        let _under_way = UnderWay(&self.ledger, host);
        let answer = self.gate.around("a call to Zoho", self.zoho.call(request)).await;
        let is_refused = answer.as_ref().is_ok_and(|answer| answer.status() == http::StatusCode::TOO_MANY_REQUESTS);
        lock(&self.ledger).refused += u32::from(is_refused);
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
        self.gate.around("a mail", self.mailer.send(org, mail)).await
    }

    async fn find(&self, org: &OrgId, mail: &OutgoingMail) -> Lookup {
        self.gate.stop(Parked::Looking("a mail")).await;
        self.mailer.find(org, mail).await
    }
}

/// Assistants' own mailboxes behind the gate.
pub(super) struct GatedMailboxes {
    pub post: Arc<Post>,
    pub gate: Arc<Gate>,
}

#[async_trait]
impl Mailboxes for GatedMailboxes {
    async fn read(&self, login: Login<'_>, request: ReadRequest) -> Result<ReadMails, MailboxError> {
        self.gate.stop(Parked::Looking("a mailbox")).await;
        self.post.read(login, request).await
    }

    async fn send(&self, login: Login<'_>, mail: &OutgoingMail) -> Result<String, SendError> {
        self.gate.around("a mail", Mailboxes::send(&*self.post, login, mail)).await
    }

    async fn find(&self, login: Login<'_>, mail: &OutgoingMail) -> Lookup {
        self.gate.stop(Parked::Looking("a mail")).await;
        Mailboxes::find(&*self.post, login, mail).await
    }

    async fn check(&self, login: Login<'_>) -> Checked {
        self.post.check(login).await
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
        self.gate.stop(Parked::Looking("a secret")).await;
        Ok(lock(&self.secrets).get(name).cloned())
    }

    async fn put(&self, name: &str, value: &SecretString) -> Result<(), SecretsError> {
        let put = async { lock(&self.secrets).insert(name.to_owned(), value.clone()) };
        self.gate.around(SECRET, put).await;
        Ok(())
    }

    async fn delete(&self, name: &str) -> Result<(), SecretsError> {
        let remove = async { lock(&self.secrets).remove(name) };
        self.gate.around(SECRET, remove).await;
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
