//! Try Again.

use domain::{
    Action, CrmChange, DeliveryId, Errand, ErrandProgress, Fact, HandBack, Lead, LeadId, Order, OrgId, Stage,
};
use jiff::Timestamp;
use serde::Serialize;

use super::{Failures, id};
use crate::actions::Actions;
use crate::change::Applied;
use crate::error::AppError;
use crate::ports::{Event, Key, TableError};
use crate::store::{
    Alongside, Connection, Delivery, InTrouble, Notification, OutboxEntry, Outcome, OwnMailbox, Stored, Trouble,
    TroubleWith,
};

/// Which failures are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those of these ids.
    These(Vec<String>),
    /// All.
    All,
}

/// What trying again came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Retried {
    /// What is due now, or as soon as its own rules let it.
    pub due: Vec<String>,
    /// What cannot be tried again, and what to do instead.
    pub refused: Vec<RetryRefused>,
}

/// A failure that cannot be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetryRefused {
    /// Which.
    pub id: String,
    /// Why, and what to do instead.
    pub reason: String,
}

/// How one of them went: it is due, or why not.
type Tried = Result<(), String>;

impl Failures {
    /// Makes them due now, and puts back what was given up. `by` is who wants it, for the story of leads.
    pub async fn retry(&self, org: &OrgId, which: &Which, by: &str) -> Result<Retried, AppError> {
        let mut retried = Retried::default();
        let mut hints = Vec::new();
        // All of the log before the first change: what is due now moves to another place in it.
        for (key, stored) in self.rows(org).await? {
            let id = id(&key);
            if matches!(which, Which::These(ids) if !ids.contains(&id)) {
                continue;
            }
            match self.retry_one(org, &key, stored, by, &mut hints).await {
                Ok(Ok(())) => retried.due.push(id),
                Ok(Err(reason)) => retried.refused.push(RetryRefused { id, reason }),
                // It moved on while it was looked at: it is being worked on, which is all that is wanted.
                Err(AppError::Table(TableError::Unexpected(_))) => retried.due.push(id),
                Err(error) if error.is_retryable() => return Err(error),
                Err(error) => retried.refused.push(RetryRefused { id, reason: error.to_string() }),
            }
        }
        if let Which::These(ids) = which {
            let known = |id: &&String| !retried.due.contains(id) && !retried.refused.iter().any(|no| no.id == **id);
            let unknown: Vec<_> = ids.iter().filter(known).cloned().collect();
            let gone =
                |id| RetryRefused { id, reason: "there is no such failure (any more); see `failures`".to_owned() };
            retried.refused.extend(unknown.into_iter().map(gone));
        }
        if !hints.is_empty() {
            hints.sort_by_key(|hint| format!("{hint:?}"));
            hints.dedup();
            self.changes.events.publish(&hints).await?;
        }
        Ok(retried)
    }

    async fn retry_one(
        &self,
        org: &OrgId,
        key: &Key,
        stored: Stored<InTrouble>,
        by: &str,
        hints: &mut Vec<Event>,
    ) -> Result<Tried, AppError> {
        let (store, now) = (&self.changes.store, self.changes.clock.real());
        let version = stored.version;
        match stored.value {
            InTrouble::Change(entry) => {
                let entry = OutboxEntry { not_before: now, ..entry };
                store.put_outbox(org, key, &entry, version).await?;
                hints.push(Event::WritebackPending { org: org.clone() });
            }
            InTrouble::GivenUp(entry) => {
                let refused = self.given_up_for_good(org, &entry).await?;
                if refused.is_err() {
                    return Ok(refused);
                }
                let entry = OutboxEntry { not_before: now, tries: 0, ..entry };
                store.put_back(org, key, &entry, version).await?;
                hints.push(Event::WritebackPending { org: org.clone() });
            }
            InTrouble::Mail(lead, name, delivery) => {
                return self.retry_mail(org, &lead, &name, Stored { value: *delivery, version }, by).await;
            }
            InTrouble::Notification(notification) => {
                let again = Notification { done: false, tries: 0, received_at: now, ..notification };
                store.write_notification(org, &key.sort, &again, Some(version)).await?;
                hints.push(Event::RecordsChanged { org: org.clone(), notification: key.sort.clone() });
            }
            InTrouble::Mailbox(mailbox) => {
                let mailbox = OwnMailbox { next_poll: now, ..*mailbox };
                store.put_own_mailbox(org, &mailbox, Some(version)).await?;
            }
            InTrouble::Connection(_) => {
                return Ok(Err(
                    "an administrator of the organisation opens /oauth/authorize to connect it again".into()
                ));
            }
            InTrouble::Other(Trouble { with: TroubleWith::Upkeep { .. }, .. }) => {
                let Some(Stored { value, version }) = store.connection(org).await? else { return Ok(Ok(())) };
                store.put_connection(&Connection { next_upkeep: now, ..value }, Some(version)).await?;
                hints.push(Event::AssistantChanged { org: org.clone() });
            }
            InTrouble::Other(trouble) => {
                let TroubleWith::Record { record } = &trouble.with else { return Ok(Ok(())) };
                let record = record.record().clone();
                let trouble = Trouble { next_try: Some(now), tries: 0, ..trouble };
                store.put_trouble(org, &trouble, Some(version), now).await?;
                let notification = format!("again-{}-{}", id(key), now.as_millisecond());
                let again = Notification::new(record.module, vec![record.id], now);
                store.record_notification(org, &notification, &again).await?;
                hints.push(Event::RecordsChanged { org: org.clone(), notification });
            }
        }
        Ok(Ok(()))
    }

    /// Has the product gone on without a change that was given up?
    async fn given_up_for_good(&self, org: &OrgId, entry: &OutboxEntry) -> Result<Tried, AppError> {
        let lead = self.changes.store.lead(org, &entry.lead).await?.map(|stored| stored.lead);
        let hand_back = lead.map(|lead| lead.hand_back);
        Ok(match entry.change {
            CrmChange::TakeBack { .. } if hand_back != Some(HandBack::TakingBack) => {
                Err("the follow-up was stopped because the record could not be taken back; restart the lead".into())
            }
            CrmChange::HandBack { .. } if hand_back != Some(HandBack::Pending) => {
                Err("the record is not to be given back any more".into())
            }
            CrmChange::TakeBack { .. }
            | CrmChange::HandBack { .. }
            | CrmChange::Note(_)
            | CrmChange::SetStatus { .. }
            | CrmChange::LogMail(_)
            | CrmChange::Task(_) => Ok(()),
        })
    }

    async fn retry_mail(
        &self,
        org: &OrgId,
        id: &LeadId,
        name: &DeliveryId,
        known: Stored<Delivery>,
        by: &str,
    ) -> Result<Tried, AppError> {
        let store = &self.changes.store;
        if known.value.outcome == Outcome::Unknown {
            let now = self.changes.clock.real();
            let after = Delivery { look_up_at: Some(now), ..known.value };
            store.put_delivery(org, id, &after, known.version, now).await?;
            return Ok(Ok(()));
        }
        let until = self.changes.clock.calendar();
        let due_now = |lead: &Lead| waits_for(lead, name).map(|(_, postponed)| postponed(until));
        if self.changes.apply(org, id, due_now, Alongside::default()).await? == Applied::Changed {
            return Ok(Ok(()));
        }
        let lead = store.lead(org, id).await?.map(|stored| stored.lead);
        if lead.and_then(|lead| lead.resume_at.map(|step| lead.delivery(step))).as_ref() != Some(name) {
            return Ok(Err("its lead has gone on without it; write a message to the lead instead".into()));
        }
        let order = Order {
            action: Action::Continue,
            by: by.to_owned(),
            why: "the mail system refused a mail".to_owned(),
            schedule_revision: 0,
        };
        Actions { changes: self.changes.clone() }.apply(org, id, order).await?;
        Ok(Ok(()))
    }
}

/// What puts a due mail off until an instant.
type PutOff = fn(Timestamp) -> Fact;

/// When the lead is due to be sent the delivery, and what puts that off.
pub(super) fn waits_for(lead: &Lead, name: &DeliveryId) -> Option<(Timestamp, PutOff)> {
    match (&lead.errand, &lead.stage) {
        (Some(errand @ Errand { progress: ErrandProgress::Waiting { due, .. }, .. }), _)
            if lead.errand_delivery(errand) == *name =>
        {
            Some((*due, |until| Fact::ErrandPostponed { until, booked: false }))
        }
        (_, Stage::Waiting { step, due, .. }) if lead.delivery(*step) == *name => {
            Some((*due, |until| Fact::Postponed { until, booked: false }))
        }
        _ => None,
    }
}
