//! The outbox goes to the CRM: in batches, in order for each record, the owner last.
//!
//! **Invariants:** one worker per org at a time (a lease); a record's entries are applied in the order in which they were
//! written, and a failing one holds back those behind it and no other record's; what cannot be repeated blindly is marked
//! before it is begun and looked up afterwards; the owner is changed only while the assistant still is it.

mod calls;
mod lines;
mod owners;
mod tasks;

use std::collections::HashSet;
use std::sync::Arc;

use domain::{CrmChange, Fact, OrgId, UserId};
use jiff::{SignedDuration, Timestamp};

use crate::change::LeadChanges;
use crate::error::AppError;
use crate::history::HAND_BACKS;
use crate::ports::{Clock, Crm, CrmError, Key, SKEW};
use crate::store::{Alongside, Connection, Direction, Lease, OutboxEntry, Store, Stored, WorkDone};

use self::lines::Lines;
use self::owners::Office;

/// Longer than a round, before each of which it is prolonged.
const LEASE: SignedDuration = SKEW.saturating_add(SignedDuration::from_secs(120));
/// One page of the outbox, and the most notes or records one call takes.
const PAGE: u32 = 400;
const BATCH: usize = 100;
/// Zoho allows 5 calls in flight on its smallest edition; this leaves two for people.
const CONCURRENT: usize = 3;
/// A used-up budget that fills again this soon is waited for here.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);
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
    /// Whether it was done before could not be looked up before then: it stays as it is.
    NotLookedUp(Timestamp),
    Failed(CrmError),
}

/// A run over an org's outbox.
struct Run<'a> {
    org: &'a OrgId,
    lease: Lease,
    drained: &'a mut Drained,
    work: &'a mut WorkDone,
    /// The org's budget of calls is used up until then.
    throttled: Option<Timestamp>,
}

impl Writeback {
    /// Applies what is pending for the org, until nothing is left that could be applied now.
    pub async fn drain(&self, org: &OrgId) -> Result<Drained, AppError> {
        let mut drained = Drained::default();
        let mut work = WorkDone::new(Direction::ToCrm);
        let result = self.drain_into(org, &mut drained, &mut work).await;
        self.store().add_history(org, work, self.clock().real()).await?;
        result.map(|()| drained)
    }

    async fn drain_into(&self, org: &OrgId, drained: &mut Drained, work: &mut WorkDone) -> Result<(), AppError> {
        if self.store().is_at_rest(org).await? {
            return Ok(());
        }
        loop {
            let now = self.clock().real();
            let Some(lease) = self.store().take_lease(org, "writeback", now, now + LEASE).await? else {
                drained.busy = true;
                return Ok(());
            };
            let mut run = Run { org, lease, drained, work, throttled: None };
            let walked = self.walk(&mut run).await;
            let Run { lease, throttled, .. } = run;
            self.store().end_lease(lease).await?;
            walked?;
            if drained.busy {
                return Ok(());
            }
            match throttled {
                Some(until) if until > self.clock().real() + PATIENCE => return Ok(()),
                Some(until) => self.clock().sleep(until.duration_since(self.clock().real())).await,
                None => {}
            }
            // Whoever found the lease taken relied on us: what they wrote before that is visible now.
            if !self.is_something_ready(org).await? {
                if drained.applied > 0 && self.store().is_leaving(org).await? {
                    crate::leave::hint(&self.changes, org).await;
                }
                return Ok(());
            }
        }
    }

    fn store(&self) -> &Store {
        &self.changes.store
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        &self.changes.clock
    }

    /// Has the time of some record's first entry come?
    async fn is_something_ready(&self, org: &OrgId) -> Result<bool, AppError> {
        let now = self.clock().real();
        let (mut met, mut from) = (HashSet::new(), None);
        loop {
            let page = self.store().outbox(org, from.as_deref(), PAGE).await?;
            for (_, Stored { value: entry, .. }) in page.entries {
                if met.insert(entry.lead) && entry.not_before <= now {
                    return Ok(true);
                }
            }
            match page.next {
                Some(next) => from = Some(next),
                None => return Ok(false),
            }
        }
    }

    /// Once along the whole outbox: what waits at its head holds up nobody behind it.
    async fn walk(&self, run: &mut Run<'_>) -> Result<(), AppError> {
        let mut lines = Lines::default();
        let mut from = None;
        loop {
            let page = self.store().outbox(run.org, from.as_deref(), PAGE).await?;
            let gone = lines.extend(page.entries);
            self.store().remove_outbox(&gone).await?;
            loop {
                let items = lines.take_ready(self.clock().real());
                if items.is_empty() {
                    break;
                }
                if !self.store().keep_lease(&mut run.lease, self.clock().real() + LEASE).await? {
                    run.drained.busy = true;
                    return Ok(());
                }
                self.round(run, &mut lines, items).await?;
                if run.throttled.is_some() {
                    return Ok(());
                }
            }
            match page.next {
                Some(next) => from = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// One entry of each record that has some.
    async fn round(&self, run: &mut Run<'_>, lines: &mut Lines, items: Vec<Item>) -> Result<(), AppError> {
        let org = run.org;
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
            match Office::look(self, org, &connection).await {
                Ok(office) => {
                    fates.extend(self.add_tasks(org, &office, tasks).await?);
                    fates.extend(self.set_owners(org, &office, owners).await?);
                }
                Err(AppError::Crm(error)) => {
                    let unseen = tasks.into_iter().chain(owners);
                    fates.extend(unseen.map(|item| (item, Fate::Failed(error.clone()))));
                }
                Err(error) => return Err(error),
            }
        }
        let mut disconnected = None;
        let mut done = Vec::new();
        for (item, fate) in fates {
            match fate {
                Fate::Applied => {
                    run.count(&item.entry.change);
                    done.push(item.key);
                }
                Fate::RecordGone => {
                    run.drained.applied += 1;
                    done.extend(self.record_gone(org, lines, item).await?);
                }
                Fate::NotLookedUp(until) => run.throttled = Some(until),
                Fate::Failed(error) => {
                    if let CrmError::Disconnected(_) = &error {
                        disconnected = Some(error.clone());
                    }
                    done.extend(self.failed(run, &connection, lines, item, &error).await?);
                }
            }
        }
        self.store().remove_outbox(&done).await?;
        disconnected.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Everything that waits for a record that is gone, to be dropped; ends its lead.
    async fn record_gone(&self, org: &OrgId, lines: &mut Lines, item: Item) -> Result<Vec<Key>, AppError> {
        let lead = &item.entry.lead;
        tracing::info!(%org, lead.id = %lead, "the record is gone; its pending changes are dropped");
        self.changes.apply(org, lead, |_| Some(Fact::RecordGone), Alongside::default()).await?;
        let behind = lines.forget(lead);
        Ok([vec![item.key], behind].concat())
    }

    /// Decides how it goes on with an entry; returns what is to be taken out of the outbox.
    async fn failed(
        &self,
        run: &mut Run<'_>,
        connection: &Connection,
        lines: &mut Lines,
        mut item: Item,
        error: &CrmError,
    ) -> Result<Vec<Key>, AppError> {
        let org = run.org;
        let entry = &mut item.entry;
        if !matches!(error, CrmError::Throttled { .. }) {
            entry.tries += 1;
            entry.last_error = Some(error.to_string());
        }
        let now = self.clock().real();
        let wait = match error {
            CrmError::Absent => return self.record_gone(org, lines, item).await,
            CrmError::Refused { .. } => {
                if let Some(change) = other_owner(&entry.change, &connection.fallback_owner) {
                    entry.change = change;
                    SignedDuration::ZERO
                } else {
                    tracing::error!(%org, lead.id = %entry.lead, %error, "a change was refused by the CRM and given up");
                    run.drained.given_up += 1;
                    run.work.line(kind(&entry.change)).failed += 1;
                    if let CrmChange::TakeBack { .. } = entry.change {
                        self.taken_back(org, &entry.lead, Fact::TakenOver).await?;
                    }
                    self.store().give_up(org, &item.key, &item.entry, now).await?;
                    return Ok(vec![]);
                }
            }
            // Read again at once; something that changes it all the time gets a pause.
            CrmError::Changed => SignedDuration::from_secs(if entry.tries < 5 { 0 } else { 30 }),
            // Nothing happened: what was begun was not.
            CrmError::Busy(_) => {
                entry.begun = false;
                backoff(entry.tries)
            }
            // Nothing happened to anybody: no failure of this one's.
            CrmError::Throttled { until } => {
                run.throttled = Some(*until);
                if !std::mem::take(&mut entry.begun) {
                    return Ok(vec![]);
                }
                SignedDuration::ZERO
            }
            CrmError::Unknown(_) => backoff(entry.tries),
            CrmError::Disconnected(_) => SignedDuration::from_mins(5),
        };
        if entry.tries >= MOST_TRIES {
            tracing::error!(%org, lead.id = %entry.lead, %error, tries = entry.tries, "a change still fails");
        }
        entry.not_before = now + wait;
        run.drained.deferred += 1;
        run.work.line(kind(&entry.change)).failed += u32::from(!matches!(error, CrmError::Throttled { .. }));
        self.store().put_outbox(org, &item.key, &item.entry, item.version).await?;
        item.version += 1;
        lines.put_back(item);
        Ok(vec![])
    }
}

impl Run<'_> {
    fn count(&mut self, change: &CrmChange) {
        self.drained.applied += 1;
        let line = self.work.line(kind(change));
        match change {
            CrmChange::Note(_) | CrmChange::LogMail(_) | CrmChange::Task(_) => line.added += 1,
            CrmChange::SetStatus { .. } | CrmChange::HandBack { .. } | CrmChange::TakeBack { .. } => line.updated += 1,
        }
    }
}

/// What a change is about, for the history.
fn kind(change: &CrmChange) -> &'static str {
    match change {
        CrmChange::Note(_) => "notes",
        CrmChange::LogMail(_) => "mails",
        CrmChange::SetStatus { .. } => "statuses",
        CrmChange::Task(_) => "tasks",
        CrmChange::HandBack { .. } => HAND_BACKS,
        CrmChange::TakeBack { .. } => "owners",
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
    match error {
        CrmError::Busy(reason) => Fate::Failed(CrmError::Unknown(format!("could not be looked up: {reason}"))),
        CrmError::Throttled { until } => Fate::NotLookedUp(until),
        other => fate_of(Err(other)),
    }
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
