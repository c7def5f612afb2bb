//! Leaving: every record handed back with a note, the channel closed, the tokens revoked, and what is stored erased if that
//! is wanted; with a receipt at the end.
//!
//! **Invariant:** each stage finds out what is still to do, and the row says which stage it is, so leaving can stop anywhere
//! and be gone on with; the authorisation is given up only after the last change has reached the CRM or was given up.

mod erase;

use std::sync::Arc;

use domain::{Action, LeadId, Order, OrgId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::actions::{Actions, Selection};
use crate::change::LeadChanges;
use crate::directory::edit_connection;
use crate::error::AppError;
use crate::mailboxes::Credentials;
use crate::ports::{Crm, Event, TableError};
use crate::store::{Paused, Stored};
use crate::tokens::TokenKeeper;
use crate::upkeep::channel_id;

pub use erase::{Erasure, Held, begin_erasing, held};

/// Changes that the CRM does not take for so long are left behind; the receipt counts them.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);
/// The receipt is kept this long.
const RECEIPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How an org leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leaving {
    /// What is stored stays, for whoever connects again.
    Disconnect,
    /// Everything is erased but who must not be written to.
    CleanExit,
}

/// How far an org is with leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Follow-ups are stopped.
    Stopping,
    /// Notes and owners are on their way to the CRM.
    HandingBack,
    /// The channel is closed and the authorisation given up.
    Closing,
    /// Rows are removed.
    Erasing,
    /// Nothing is left to do.
    Done,
}

/// An org that leaves, and afterwards its receipt: numbers, and no person's data but who asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Farewell {
    /// How.
    pub kind: Leaving,
    /// Who wanted it.
    pub by: String,
    /// The organisation's name.
    pub organisation: String,
    /// When it began, real time.
    pub began: Timestamp,
    /// How far it is.
    pub stage: Stage,
    /// The order that stops the follow-ups.
    pub order: Option<String>,
    /// Follow-ups that were stopped.
    pub stopped: u32,
    /// Changes that the CRM did not take.
    pub left_behind: u32,
    /// Rows that were erased.
    pub erased: u32,
    /// When it was done, real time.
    pub ended: Option<Timestamp>,
}

impl Farewell {
    /// Until when its receipt is kept.
    pub fn kept_until(&self) -> Timestamp {
        self.began.checked_add(RECEIPT).unwrap_or(Timestamp::MAX)
    }
}

/// Carries out leaving.
pub struct Leave {
    /// Stops follow-ups.
    pub actions: Actions,
    /// The CRM, which closes the channel.
    pub crm: Arc<dyn Crm>,
    /// Gives up the authorisation.
    pub tokens: Arc<TokenKeeper>,
    /// Forgets what opens assistants' mailboxes.
    pub mailboxes: Arc<Credentials>,
}

/// Writes down that an org leaves. Upkeep carries it out.
pub async fn begin(actions: &Actions, org: &OrgId, kind: Leaving, by: &str) -> Result<(), AppError> {
    let (store, now) = (&actions.changes.store, actions.changes.clock.real());
    let connection = store.connection(org).await?.ok_or_else(|| AppError::NotConnected(org.clone()))?.value;
    let farewell = Farewell {
        kind,
        by: by.to_owned(),
        organisation: connection.name,
        began: now,
        stage: Stage::Stopping,
        order: None,
        stopped: 0,
        left_behind: 0,
        erased: 0,
        ended: None,
    };
    let version = match store.farewell(org).await? {
        Some(stored) if stored.value.ended.is_none() => {
            return Err(AppError::Invalid("leaving has begun already; its receipt says how far it is".to_owned()));
        }
        stored => stored.map(|stored| stored.version),
    };
    match store.put_farewell(org, &farewell, version, now).await {
        Ok(()) => {}
        Err(TableError::Unexpected(_)) => return Err(AppError::Contended("leaving".to_owned())),
        Err(error) => return Err(error.into()),
    }
    // What was paused must reach the CRM before the org is gone.
    edit_connection(store, org, |connection| connection.paused = None).await?;
    hint(&actions.changes, org).await;
    Ok(())
}

/// Has upkeep go on at once.
pub(crate) async fn hint(changes: &LeadChanges, org: &OrgId) {
    if let Err(error) = changes.events.publish(&[Event::AssistantChanged { org: org.clone() }]).await {
        tracing::warn!(%org, %error, "leaving goes on with the next upkeep");
    }
}

impl Leave {
    /// Goes on with everything of this org that leaves, as far as it gets now. `true`: the org is gone, and there is
    /// nothing left to look after.
    pub async fn go_on(&self, org: &OrgId) -> Result<bool, AppError> {
        let store = &self.actions.changes.store;
        for stored in store.erasures(org).await? {
            self.erase_person(org, stored).await?;
        }
        match store.farewell(org).await? {
            Some(stored) if stored.value.ended.is_none() => self.leave(org, stored).await,
            Some(_) | None => Ok(store.connection(org).await?.is_none()),
        }
    }

    async fn leave(&self, org: &OrgId, stored: Stored<Farewell>) -> Result<bool, AppError> {
        let Stored { mut value, mut version } = stored;
        let store = &self.actions.changes.store;
        loop {
            let before = value.clone();
            match value.stage {
                Stage::Stopping => self.stop(org, &mut value).await?,
                Stage::HandingBack => self.hand_back(org, &mut value).await?,
                Stage::Closing => self.close(org, &mut value).await?,
                Stage::Erasing => {
                    value.erased += store.erase_org(org).await?;
                    (value.stage, value.ended) = (Stage::Done, Some(self.actions.changes.clock.real()));
                }
                Stage::Done => return Ok(true),
            }
            let now = self.actions.changes.clock.real();
            store.put_farewell(org, &value, Some(version), now).await?;
            version += 1;
            if (value.stage, &value.order) == (before.stage, &before.order) {
                return Ok(false);
            }
            tracing::info!(%org, stage = ?value.stage, "leaving");
        }
    }

    /// Stops every follow-up, by orders like any other: once on each, however often they are interrupted. Whoever was
    /// taken on meanwhile is stopped by the next one.
    async fn stop(&self, org: &OrgId, farewell: &mut Farewell) -> Result<(), AppError> {
        if let Some(name) = farewell.order.take() {
            let bulk = self.actions.go_on(org, &name, &mut |_| {}).await?;
            if bulk.ended.is_none() {
                farewell.order = Some(name);
                return Ok(());
            }
            farewell.stopped += bulk.done;
        }
        let active = self.active(org).await?;
        if active.is_empty() {
            farewell.stage = Stage::HandingBack;
            return Ok(());
        }
        let why = "the organisation leaves".to_owned();
        let order = Order { action: Action::Deactivate, by: farewell.by.clone(), why, schedule_revision: 0 };
        farewell.order = Some(self.actions.begin(org, &Selection::These(active), order).await?.name);
        Ok(())
    }

    async fn active(&self, org: &OrgId) -> Result<Vec<LeadId>, AppError> {
        let (mut active, mut from) = (Vec::new(), None);
        loop {
            let (page, next) = self.actions.changes.store.leads(org, from.as_deref(), 500).await?;
            active.extend(page.into_iter().filter(domain::Lead::is_active).map(|lead| lead.id));
            match next {
                Some(next) => from = Some(next),
                None => return Ok(active),
            }
        }
    }

    /// Waits for the outbox to be empty.
    async fn hand_back(&self, org: &OrgId, farewell: &mut Farewell) -> Result<(), AppError> {
        let changes = &self.actions.changes;
        let waiting = changes.store.outbox(org, None, 100).await?.entries.len();
        if waiting > 0 && changes.clock.real() < farewell.began + PATIENCE {
            changes.hint_writeback(org).await;
            return Ok(());
        }
        if !self.active(org).await?.is_empty() {
            farewell.stage = Stage::Stopping;
            return Ok(());
        }
        farewell.left_behind = u32::try_from(waiting + changes.store.given_up(org).await?.len()).unwrap_or(u32::MAX);
        farewell.stage = Stage::Closing;
        Ok(())
    }

    /// Gives up everything that opens something, then the connection itself.
    async fn close(&self, org: &OrgId, farewell: &mut Farewell) -> Result<(), AppError> {
        let changes = &self.actions.changes;
        if let Some(stored) = changes.store.connection(org).await? {
            if let Ok(notify_url) = stored.value.public_url.join("zoho/notifications")
                // Without an authorisation nothing can be closed: a channel ends by itself within a week.
                && let Err(error) = self.crm.close_channel(org, &channel_id(org, &notify_url)).await
            {
                tracing::warn!(%org, %error, "the notification channel ends by itself");
            }
            // Our own last changes were told too: nobody begins to look at them, for there is no authorisation left to.
            let paused = Paused { by: farewell.by.clone(), since: changes.clock.real() };
            edit_connection(&changes.store, org, |connection| connection.paused = Some(paused.clone())).await?;
            self.tokens.forget(org).await?;
            for mailbox in changes.store.own_mailboxes(org).await? {
                self.mailboxes.forget(org, &mailbox.value.account).await?;
                changes.store.remove_own_mailbox(org, &mailbox.value.account.address).await?;
            }
            changes.store.end_sessions(org).await?;
            changes.store.forget_notifications(org).await?;
            changes.store.remove_connection(org).await?;
        }
        farewell.stage = match farewell.kind {
            Leaving::CleanExit => Stage::Erasing,
            Leaving::Disconnect => Stage::Done,
        };
        if farewell.stage == Stage::Done {
            farewell.ended = Some(changes.clock.real());
        }
        Ok(())
    }
}
