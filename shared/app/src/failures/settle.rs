//! What a person knows better: that a mail whose fate is unknown left or did not, and that a failure needs nobody any more.
//!
//! **Invariant:** only what waits for a person is settled or dismissed; what is tried again by itself goes on being tried.

use domain::{LeadId, OrgId};

use super::retry::waits_for;
use super::{Failures, Retried, RetryRefused, Which, id};
use crate::deliveries::Deliveries;
use crate::error::AppError;
use crate::ports::{Key, TableError};
use crate::store::{Delivery, InTrouble, Notification, Outcome, Stored, Trouble, TroubleWith};

/// What a person found out about a mail whose fate is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It is among the sent mails.
    Left,
    /// It is not, and was not delivered.
    DidNotLeave,
}

/// Why not.
type Done = Result<(), String>;

const BY_ITSELF: &str = "it is tried again by itself; if it shall not be, stop its lead's follow-up";

impl Failures {
    /// Stores what a person found out about a mail whose fate is unknown. It is not sent again, whatever they found: its
    /// lead's follow-up has gone on without it.
    pub async fn settle(&self, org: &OrgId, failure: &str, found: Found) -> Result<(), AppError> {
        let row = self.rows(org).await?.into_iter().find(|(key, _)| id(key) == failure);
        let gone = || AppError::Invalid("this mail is settled already; load the page again".to_owned());
        let Some((_, Stored { value: InTrouble::Mail(lead, _, delivery), version })) = row else {
            return Err(gone());
        };
        if delivery.outcome != Outcome::Unknown {
            return Err(gone());
        }
        match found {
            Found::Left => {
                let message_id = delivery.mail.message_id.clone();
                let known = Stored { value: *delivery, version };
                let deliveries = Deliveries { changes: self.changes.clone() };
                deliveries.sent(org, &lead, known, &message_id, None).await.map(|_| ())
            }
            Found::DidNotLeave => self.never_left(org, &lead, Stored { value: *delivery, version }).await,
        }
    }

    async fn never_left(&self, org: &OrgId, lead: &LeadId, known: Stored<Delivery>) -> Result<(), AppError> {
        let after = Delivery { look_up_at: None, outcome: Outcome::NeverLeft, ..known.value };
        let now = self.changes.clock.real();
        Ok(self.changes.store.put_delivery(org, lead, &after, known.version, now).await?)
    }

    /// Takes failures out of the log that wait for a person, who has seen to them or lets them be.
    pub async fn dismiss(&self, org: &OrgId, which: &Which) -> Result<Retried, AppError> {
        let mut dismissed = Retried::default();
        for (key, stored) in self.rows(org).await? {
            let id = id(&key);
            if matches!(which, Which::These(ids) if !ids.contains(&id)) {
                continue;
            }
            match self.dismiss_one(org, &key, stored).await {
                Ok(Ok(())) => dismissed.due.push(id),
                Ok(Err(reason)) => dismissed.refused.push(RetryRefused { id, reason }),
                // It moved on meanwhile.
                Err(AppError::Table(TableError::Unexpected(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(dismissed)
    }

    async fn dismiss_one(&self, org: &OrgId, key: &Key, stored: Stored<InTrouble>) -> Result<Done, AppError> {
        let store = &self.changes.store;
        let refused = |reason: &str| Ok(Err(reason.to_owned()));
        match stored.value {
            InTrouble::Change(_) => return refused(BY_ITSELF),
            InTrouble::GivenUp(_) => store.remove_outbox(std::slice::from_ref(key)).await?,
            InTrouble::Mail(lead, name, delivery) => {
                if delivery.outcome == Outcome::Unknown {
                    return refused("say whether this mail left");
                }
                let known = store.lead(org, &lead).await?;
                if known.is_some_and(|stored| waits_for(&stored.lead, &name).is_some()) {
                    return refused(BY_ITSELF);
                }
                self.never_left(org, &lead, Stored { value: *delivery, version: stored.version }).await?;
            }
            InTrouble::Notification(notification) => {
                if notification.next_try().is_some() {
                    return refused(BY_ITSELF);
                }
                let seen = Notification { trouble: None, ..notification };
                store.write_notification(org, &key.sort, &seen, Some(stored.version)).await?;
            }
            InTrouble::Other(Trouble { with, next_try: None, .. }) if matches!(with, TroubleWith::Record { .. }) => {
                store.end_trouble(org, &with).await?;
            }
            InTrouble::Other(Trouble { with: TroubleWith::Record { .. }, .. }) => return refused(BY_ITSELF),
            InTrouble::Mailbox(_) | InTrouble::Connection(_) | InTrouble::Other(_) => {
                return refused("it ends as soon as its cause is mended");
            }
        }
        Ok(Ok(()))
    }
}
