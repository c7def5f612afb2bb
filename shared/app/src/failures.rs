//! What failed and has not passed since, told to people, and put back to work by them.
//!
//! **Invariant:** Try Again changes when something is due, never what it is: whoever does that work does it under its own
//! rules, so that trying again by hand can do nothing that trying again by itself could not. A mail whose fate is unknown
//! is looked up again, or a person says whether it left; it is not sent.

mod retry;
mod settle;

use domain::{CrmChange, LeadId, OrgId};
use jiff::Timestamp;
use serde::Serialize;

use crate::change::LeadChanges;
use crate::error::AppError;
use crate::ports::Key;
use crate::store::{
    Health, InTrouble, Notification, OutboxEntry, Outcome, OwnMailbox, Stored, Trouble, TroubleWith, keys,
};

pub use retry::{Retried, RetryRefused, Which};
pub use settle::Found;

/// Rows of one page.
const PAGE: u32 = 200;

/// The failure log of all orgs.
pub struct Failures {
    /// Rows, hints and time.
    pub changes: LeadChanges,
}

/// Something that failed and has not passed since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Names it, as long as it is there.
    pub id: String,
    /// What kind of thing.
    pub kind: FailureKind,
    /// The record, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<LeadId>,
    /// What was tried, in words.
    pub tried: String,
    /// Why it failed, in words.
    pub reason: String,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried again, real time; of a mail, calendar time. `None`: it waits for a person.
    pub next_try: Option<Timestamp>,
}

/// Kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// A change for the CRM.
    Change,
    /// A mail that did not leave.
    Mail,
    /// A mail of which nobody can tell whether it left.
    UnknownMail,
    /// A look at records that a notification named.
    Notification,
    /// A look at one record.
    Record,
    /// A mailbox that was not read.
    Mailbox,
    /// A part of the upkeep.
    Upkeep,
    /// A connection that a person must make again.
    Connection,
}

impl Failures {
    /// All of them, those that are tried first first.
    pub async fn list(&self, org: &OrgId) -> Result<Vec<Failure>, AppError> {
        let mut all = Vec::new();
        for (key, stored) in self.rows(org).await? {
            all.push(self.told(org, &key, &stored.value).await?);
        }
        Ok(all)
    }

    /// A page of them, and where the next one starts.
    pub async fn page(
        &self,
        org: &OrgId,
        from: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<Failure>, Option<String>), AppError> {
        let (rows, next) = self.changes.store.in_trouble(org, from, limit).await?;
        let mut page = Vec::new();
        for (key, stored) in rows {
            page.push(self.told(org, &key, &stored.value).await?);
        }
        Ok((page, next))
    }

    async fn rows(&self, org: &OrgId) -> Result<Vec<(Key, Stored<InTrouble>)>, AppError> {
        let (mut all, mut from) = (Vec::new(), None);
        loop {
            let (page, next) = self.changes.store.in_trouble(org, from.as_deref(), PAGE).await?;
            all.extend(page);
            match next {
                Some(next) => from = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// A row of the log in words.
    async fn told(&self, org: &OrgId, key: &Key, row: &InTrouble) -> Result<Failure, AppError> {
        let failure = |kind, tried: String, reason: &str, tries| Failure {
            id: id(key),
            kind,
            record: None,
            tried,
            reason: reason.to_owned(),
            tries,
            next_try: None,
        };
        Ok(match row {
            InTrouble::Change(entry) => Failure { next_try: Some(entry.not_before), ..of_change(failure, entry) },
            InTrouble::GivenUp(entry) => of_change(failure, entry),
            InTrouble::Mail(lead, name, delivery) => {
                let (kind, reason) = match &delivery.outcome {
                    Outcome::NotSent { reason } | Outcome::Refused { reason } => (FailureKind::Mail, reason.as_str()),
                    _ => (FailureKind::UnknownMail, "nobody can tell whether it left"),
                };
                let stored = self.changes.store.lead(org, lead).await?;
                let due = stored.and_then(|stored| retry::waits_for(&stored.lead, name)).map(|(due, _)| due);
                Failure {
                    record: Some(lead.clone()),
                    next_try: due.or(delivery.look_up_at),
                    ..failure(kind, format!("sending the mail {name}"), reason, delivery.attempts)
                }
            }
            InTrouble::Notification(notification) => {
                let Notification { module, ids, tries, trouble, .. } = notification;
                let (tried, reason) = (format!("looking at {} changed {module}", ids.len()), trouble.as_deref());
                let told = failure(FailureKind::Notification, tried, reason.unwrap_or_default(), *tries);
                Failure { next_try: notification.next_try(), ..told }
            }
            InTrouble::Mailbox(mailbox) => {
                let OwnMailbox { account, failures, trouble, next_poll, .. } = mailbox.as_ref();
                let tried = format!("reading the mailbox of assistant {}", account.assistant);
                let told = failure(FailureKind::Mailbox, tried, trouble.as_deref().unwrap_or_default(), *failures);
                Failure { next_try: Some(*next_poll), ..told }
            }
            InTrouble::Connection(connection) => {
                let reason = match &connection.health {
                    Health::Broken { reason } => reason.as_str(),
                    Health::Connected => "",
                };
                failure(FailureKind::Connection, "speaking for the organisation in the CRM".to_owned(), reason, 1)
            }
            InTrouble::Other(Trouble { with, reason, tries, next_try }) => {
                let (kind, record, tried) = match with {
                    TroubleWith::Record { record } => {
                        (FailureKind::Record, Some(record.clone()), "looking at the record".to_owned())
                    }
                    TroubleWith::Upkeep { step } => (FailureKind::Upkeep, None, step.words().to_owned()),
                };
                Failure { record, next_try: *next_try, ..failure(kind, tried, reason, *tries) }
            }
        })
    }
}

fn of_change(failure: impl Fn(FailureKind, String, &str, u32) -> Failure, entry: &OutboxEntry) -> Failure {
    let tried = match &entry.change {
        CrmChange::Note(note) => format!("writing the note {:?}", note.title),
        CrmChange::SetStatus { status } => format!("setting the status {}", status.as_str()),
        CrmChange::LogMail(mail) => format!("logging the mail {:?}", mail.subject),
        CrmChange::Task(task) => format!("making the task {:?}", task.subject),
        CrmChange::HandBack { .. } => "giving the record back".to_owned(),
        CrmChange::TakeBack { .. } => "taking the record back".to_owned(),
    };
    let reason = entry.last_error.as_deref().unwrap_or_default();
    Failure { record: Some(entry.lead.clone()), ..failure(FailureKind::Change, tried, reason, entry.tries) }
}

/// Names a row for as long as it is there.
fn id(key: &Key) -> String {
    keys::hash(&format!("{} {}", key.partition, key.sort))[..12].to_owned()
}
