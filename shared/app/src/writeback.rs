//! The outbox goes to the CRM: in batches, in order for each record, the owner last.
//!
//! **Invariants:** one worker per org at a time (a lease); a record's entries are applied in the order in which they were
//! written, and a failing one holds back those behind it; what cannot be repeated blindly is marked before it is begun and
//! looked up afterwards; the owner is changed only while the assistant still is it.

mod owners;
mod tasks;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::{CrmChange, Fact, LoggedMail, Module, OrgId, UserId};
use jiff::SignedDuration;

use crate::change::LeadChanges;
use crate::error::AppError;
use crate::ports::{Change, Clock, Crm, CrmError, Key, RecordNote};
use crate::store::{Alongside, Connection, OutboxEntry, Store, Stored};

use self::owners::Office;

/// Longer than any single call; prolonged before each round.
const LEASE: SignedDuration = SignedDuration::from_secs(120);
/// One page of the outbox, and the most notes or records one call takes.
const PAGE: u32 = 400;
const BATCH: usize = 100;
/// Zoho allows 5 calls in flight on its smallest edition; this leaves two for people.
const CONCURRENT: usize = 3;
/// After this many failures that looked passing, a person should look.
const MOST_TRIES: u32 = 20;

/// Applies recorded changes to the CRM.
pub struct Writeback {
    /// Rows and hints.
    pub changes: LeadChanges,
    /// The CRM.
    pub crm: Arc<dyn Crm>,
}

/// What one run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drained {
    /// Entries applied.
    pub applied: u32,
    /// Entries that have to wait and be tried again.
    pub deferred: u32,
    /// Entries given up.
    pub given_up: u32,
    /// Was somebody else at it?
    pub busy: bool,
}

/// An entry with its place.
struct Item {
    key: Key,
    version: u64,
    entry: OutboxEntry,
}

/// What became of an entry.
enum Fate {
    Applied,
    /// The record is gone: nothing that waits for it matters any more.
    RecordGone,
    Failed(CrmError),
}

impl Writeback {
    /// Applies what is pending for the org, until nothing is left that could be applied now.
    pub async fn drain(&self, org: &OrgId) -> Result<Drained, AppError> {
        let mut drained = Drained::default();
        loop {
            let now = self.clock().real();
            let Some(mut lease) = self.store().take_lease(org, "writeback", now, now + LEASE).await? else {
                drained.busy = true;
                return Ok(drained);
            };
            let result = loop {
                if !self.store().keep_lease(&mut lease, self.clock().real() + LEASE).await? {
                    drained.busy = true;
                    return Ok(drained);
                }
                match self.round(org, &mut drained).await {
                    Ok(true) => {}
                    other => break other,
                }
            };
            self.store().end_lease(lease).await?;
            result?;
            // Whoever found the lease taken relied on us: what they wrote before that is visible now.
            if self.ready(org).await?.is_empty() {
                if drained.applied > 0 && self.store().is_leaving(org).await? {
                    crate::leave::hint(&self.changes, org).await;
                }
                return Ok(drained);
            }
        }
    }

    fn store(&self) -> &Store {
        &self.changes.store
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        &self.changes.clock
    }

    /// The first entry of each record, if its time has come.
    async fn ready(&self, org: &OrgId) -> Result<Vec<Item>, AppError> {
        let now = self.clock().real();
        let mut met = HashSet::new();
        let mut ready = Vec::new();
        for (key, Stored { value: entry, version }) in self.store().outbox(org, PAGE).await? {
            if met.insert(entry.lead.clone()) && entry.not_before <= now {
                ready.push(Item { key, version, entry });
            }
        }
        Ok(ready)
    }

    /// One entry of each record that has some. `false`: nothing was ready.
    async fn round(&self, org: &OrgId, drained: &mut Drained) -> Result<bool, AppError> {
        let items = self.ready(org).await?;
        if items.is_empty() {
            return Ok(false);
        }
        let connection = self.store().connection(org).await?.ok_or_else(|| AppError::NotConnected(org.clone()))?.value;
        let (mut notes, mut statuses, mut mails, mut tasks, mut owners) = (vec![], vec![], vec![], vec![], vec![]);
        for item in items {
            match &item.entry.change {
                CrmChange::Note(_) => notes.push(item),
                CrmChange::SetStatus { .. } => statuses.push(item),
                CrmChange::LogMail(_) => mails.push(item),
                CrmChange::Task(_) => tasks.push(item),
                CrmChange::HandBack { .. } | CrmChange::TakeBack { .. } => owners.push(item),
            }
        }
        let mut fates = self.add_notes(org, notes).await?;
        fates.extend(self.set_statuses(org, &connection, statuses).await);
        fates.extend(self.log_mails(org, mails).await);
        if !(tasks.is_empty() && owners.is_empty()) {
            let office = Office::look(self, org, &connection).await?;
            fates.extend(self.add_tasks(org, &office, tasks).await?);
            fates.extend(self.set_owners(org, &office, owners).await?);
        }
        let mut disconnected = None;
        let mut done = Vec::new();
        for (item, fate) in fates {
            match fate {
                Fate::Applied => {
                    drained.applied += 1;
                    done.push(item.key);
                }
                Fate::RecordGone => {
                    self.record_gone(org, &item).await?;
                    drained.applied += 1;
                }
                Fate::Failed(error) => {
                    self.failed(org, &connection, item, &error, drained).await?;
                    if let CrmError::Disconnected(_) = error {
                        disconnected = Some(error);
                    }
                }
            }
        }
        self.store().remove_outbox(&done).await?;
        disconnected.map_or(Ok(true), |error| Err(error.into()))
    }

    /// Notes cannot be repeated: each is marked before it is begun, and one found marked is looked for first.
    async fn add_notes(&self, org: &OrgId, items: Vec<Item>) -> Result<Vec<(Item, Fate)>, AppError> {
        let mut fates = Vec::new();
        let mut fresh = Vec::new();
        for mut item in items {
            let Some(note) = note_of(&item.entry) else { continue };
            if item.entry.begun {
                match self.crm.has_note(org, &note).await {
                    Ok(true) => {
                        fates.push((item, Fate::Applied));
                        continue;
                    }
                    Ok(false) => {}
                    Err(error) => {
                        fates.push((item, still_unknown(error)));
                        continue;
                    }
                }
            } else {
                item.entry.begun = true;
                self.store().put_outbox(&item.key, &item.entry, item.version).await?;
                item.version += 1;
            }
            fresh.push((item, note));
        }
        while !fresh.is_empty() {
            let rest = fresh.split_off(fresh.len().min(BATCH));
            let (items, notes): (Vec<_>, Vec<_>) = std::mem::replace(&mut fresh, rest).into_iter().unzip();
            let results = self.crm.add_notes(org, &notes).await;
            fates.extend(items.into_iter().zip(results).map(|(item, result)| (item, fate_of(result))));
        }
        Ok(fates)
    }

    async fn set_statuses(&self, org: &OrgId, connection: &Connection, items: Vec<Item>) -> Vec<(Item, Fate)> {
        let mut fates = Vec::new();
        let mut by_module: HashMap<Module, Vec<Item>> = HashMap::new();
        for item in items {
            by_module.entry(item.entry.lead.record().module).or_default().push(item);
        }
        for (module, mut items) in by_module {
            let Some(names) = connection.fields.get(&module) else {
                // The field is not provisioned yet: upkeep is at it.
                let wait = || Fate::Failed(CrmError::Busy("the status field is not set up yet".to_owned()));
                fates.extend(items.into_iter().map(|item| (item, wait())));
                continue;
            };
            while !items.is_empty() {
                let rest = items.split_off(items.len().min(BATCH));
                let batch = std::mem::replace(&mut items, rest);
                let changes: Vec<_> = batch.iter().map(|item| status_change(&item.entry, &names.status)).collect();
                let results = self.crm.update(org, module, &changes).await;
                fates.extend(batch.into_iter().zip(results).map(|(item, result)| (item, fate_of(result))));
            }
        }
        fates
    }

    async fn log_mails(&self, org: &OrgId, items: Vec<Item>) -> Vec<(Item, Fate)> {
        let mut fates = Vec::new();
        let mut running = tokio::task::JoinSet::new();
        let mut waiting = items.into_iter();
        loop {
            while running.len() < CONCURRENT {
                let Some(item) = waiting.next() else { break };
                let (crm, org) = (self.crm.clone(), org.clone());
                running.spawn(async move {
                    let fate = match mail_of(&item.entry) {
                        Some(mail) => fate_of(crm.log_mail(&org, item.entry.lead.record(), mail).await),
                        None => Fate::Applied,
                    };
                    (item, fate)
                });
            }
            match running.join_next().await {
                Some(Ok(done)) => fates.push(done),
                // A panic in the adapter: the entry stays in the outbox and is tried again.
                Some(Err(error)) => tracing::error!(%error, "logging a mail stopped"),
                None => return fates,
            }
        }
    }

    /// Drops everything that waits for a record that is gone, and ends its lead.
    async fn record_gone(&self, org: &OrgId, item: &Item) -> Result<(), AppError> {
        tracing::info!(%org, lead.id = %item.entry.lead, "the record is gone; its pending changes are dropped");
        self.changes.apply(org, &item.entry.lead, |_| Some(Fact::RecordGone), Alongside::default()).await?;
        let pending = self.store().outbox(org, PAGE).await?;
        let of_record: Vec<_> = pending
            .into_iter()
            .filter(|(_, stored)| stored.value.lead == item.entry.lead)
            .map(|(key, _)| key)
            .collect();
        Ok(self.store().remove_outbox(&of_record).await?)
    }

    async fn failed(
        &self,
        org: &OrgId,
        connection: &Connection,
        mut item: Item,
        error: &CrmError,
        drained: &mut Drained,
    ) -> Result<(), AppError> {
        let entry = &mut item.entry;
        entry.tries += 1;
        entry.last_error = Some(error.to_string());
        let wait = match error {
            CrmError::Absent => return self.record_gone(org, &item).await,
            CrmError::Refused { .. } => {
                if let Some(change) = other_owner(&entry.change, &connection.fallback_owner) {
                    entry.change = change;
                    SignedDuration::ZERO
                } else {
                    tracing::error!(%org, lead.id = %entry.lead, %error, "a change was refused by the CRM and given up");
                    drained.given_up += 1;
                    if let CrmChange::TakeBack { .. } = entry.change {
                        self.taken_back(org, &entry.lead, Fact::TakenOver).await?;
                    }
                    return Ok(self.store().give_up(org, &item.key, &item.entry).await?);
                }
            }
            // Read again at once; something that changes it all the time gets a pause.
            CrmError::Changed => SignedDuration::from_secs(if entry.tries < 5 { 0 } else { 30 }),
            // Nothing happened: what was begun was not.
            CrmError::Busy(_) => {
                entry.begun = false;
                backoff(entry.tries)
            }
            CrmError::Unknown(_) => backoff(entry.tries),
            CrmError::Disconnected(_) => SignedDuration::from_mins(5),
        };
        if entry.tries >= MOST_TRIES {
            tracing::error!(%org, lead.id = %entry.lead, %error, tries = entry.tries, "a change still fails");
        }
        entry.not_before = self.clock().real() + wait;
        drained.deferred += 1;
        Ok(self.store().put_outbox(&item.key, &item.entry, item.version).await?)
    }
}

fn backoff(tries: u32) -> SignedDuration {
    SignedDuration::from_secs(2_i64 << tries.min(8))
}

fn fate_of(result: Result<(), CrmError>) -> Fate {
    match result {
        Ok(()) => Fate::Applied,
        Err(CrmError::Absent) => Fate::RecordGone,
        Err(error) => Fate::Failed(error),
    }
}

/// A look-up that failed for now tells nothing about the write it was about: that stays begun.
fn still_unknown(error: CrmError) -> Fate {
    fate_of(Err(match error {
        CrmError::Busy(reason) => CrmError::Unknown(format!("could not be looked up: {reason}")),
        other => other,
    }))
}

fn note_of(entry: &OutboxEntry) -> Option<RecordNote> {
    match &entry.change {
        CrmChange::Note(note) => Some(RecordNote { record: entry.lead.record().clone(), note: note.clone() }),
        CrmChange::LogMail(_)
        | CrmChange::SetStatus { .. }
        | CrmChange::Task(_)
        | CrmChange::TakeBack { .. }
        | CrmChange::HandBack { .. } => None,
    }
}

fn mail_of(entry: &OutboxEntry) -> Option<&LoggedMail> {
    match &entry.change {
        CrmChange::LogMail(mail) => Some(mail),
        CrmChange::Note(_)
        | CrmChange::SetStatus { .. }
        | CrmChange::Task(_)
        | CrmChange::TakeBack { .. }
        | CrmChange::HandBack { .. } => None,
    }
}

fn status_change(entry: &OutboxEntry, field: &str) -> Change {
    let fields = match &entry.change {
        CrmChange::SetStatus { status } => vec![(field.to_owned(), status.as_str().to_owned())],
        CrmChange::Note(_)
        | CrmChange::LogMail(_)
        | CrmChange::Task(_)
        | CrmChange::TakeBack { .. }
        | CrmChange::HandBack { .. } => Vec::new(),
    };
    Change { id: entry.lead.record().id.clone(), fields }
}

/// A hand-back to someone the CRM does not accept as owner goes to the fallback owner, once.
fn other_owner(change: &CrmChange, fallback: &UserId) -> Option<CrmChange> {
    match change {
        CrmChange::HandBack { from, to } if to != fallback => {
            Some(CrmChange::HandBack { from: from.clone(), to: fallback.clone() })
        }
        CrmChange::HandBack { .. }
        | CrmChange::Note(_)
        | CrmChange::LogMail(_)
        | CrmChange::SetStatus { .. }
        | CrmChange::Task(_)
        | CrmChange::TakeBack { .. } => None,
    }
}
