//! What people do to leads, one or many.
//!
//! **Invariant:** an order for many leads is carried out once on each, whoever carries it out and however often it stops.

use std::collections::BTreeSet;

use domain::{Action, Fact, Lead, LeadId, Mailbox, Order, OrgId};
use jiff::Timestamp;

use crate::change::{Applied, LeadChanges};
use crate::directory::Directory;
use crate::error::AppError;
use crate::ports::TableError;
use crate::store::{Alongside, BULK_PAGE, Bulk, Queue, Store, keys};

/// Characters of a text that a person has sent, or put on the record.
const MOST_TEXT: usize = 5000;
/// Leads between two notes of how far an order is.
const CHECKPOINT: u32 = 10;
/// Orders taken up again by one sweep.
const PER_SHARD: u32 = 10;

/// Carries out what people want.
pub struct Actions {
    /// Rows, hints and time.
    pub changes: LeadChanges,
}

/// Which leads are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// These.
    These(Vec<LeadId>),
    /// Those in this state, by its name.
    InState(String),
    /// All of them.
    All,
}

impl Selection {
    fn takes(&self, lead: &Lead) -> bool {
        match self {
            Self::These(ids) => ids.contains(&lead.id),
            Self::InState(name) => lead.state.name().eq_ignore_ascii_case(name),
            Self::All => true,
        }
    }
}

impl Actions {
    /// Does it to one lead, or says why not.
    pub async fn apply(&self, org: &OrgId, id: &LeadId, order: Order) -> Result<(), AppError> {
        self.apply_once(org, id, order, None).await
    }

    /// Does it to many, telling how far it is now and then. What is still to do when this stops, the org's upkeep does.
    pub async fn apply_to_many(
        &self,
        org: &OrgId,
        selection: &Selection,
        order: Order,
        progress: &mut (dyn FnMut(&Bulk) + Send),
    ) -> Result<Bulk, AppError> {
        let bulk = self.begin(org, selection, order).await?;
        self.go_on(org, &bulk.name, progress).await
    }

    /// Stores an order for many leads without carrying it out yet.
    pub async fn begin(&self, org: &OrgId, selection: &Selection, order: Order) -> Result<Bulk, AppError> {
        check(&order)?;
        let leads = self.selected(org, selection).await?;
        if leads.is_empty() {
            return Err(AppError::Invalid("no lead is selected".to_owned()));
        }
        let now = self.changes.clock.real();
        let bulk = Bulk {
            name: name(&order, now)?,
            order,
            total: u32::try_from(leads.len()).unwrap_or(u32::MAX),
            looked_at: 0,
            done: 0,
            failed: 0,
            failures: Vec::new(),
            began: now,
            ended: None,
        };
        self.changes.store.begin_bulk(org, &bulk, &leads).await?;
        Ok(bulk)
    }

    /// Goes on with an order where it stopped.
    pub async fn go_on(
        &self,
        org: &OrgId,
        name: &str,
        progress: &mut (dyn FnMut(&Bulk) + Send),
    ) -> Result<Bulk, AppError> {
        let store = &self.changes.store;
        let stored = store.bulk(org, name).await?;
        let stored = stored.ok_or_else(|| AppError::Invalid(format!("there is no order {name}")))?;
        let (mut bulk, mut version) = (stored.value, stored.version);
        while bulk.ended.is_none() {
            let at = usize::try_from(bulk.looked_at).unwrap_or(usize::MAX);
            let page = u32::try_from(at / BULK_PAGE).unwrap_or(u32::MAX);
            let leads = store.bulk_leads(org, name, page).await?;
            let next = leads.iter().skip(at % BULK_PAGE).take(usize::try_from(CHECKPOINT).unwrap_or(1));
            for lead in next {
                let result = self.apply_once(org, lead, bulk.order.clone(), Some(name)).await;
                match result {
                    // The table or the bus: not the lead's fault, and better later.
                    Err(error) if error.is_retryable() && !matches!(error, AppError::Contended(_)) => {
                        return Err(error);
                    }
                    result => bulk.count(lead, result.map_err(|error| error.to_string())),
                }
            }
            if bulk.looked_at >= bulk.total || leads.is_empty() {
                bulk.ended = Some(self.changes.clock.real());
            }
            match store.put_bulk(org, &bulk, Some(version), self.changes.clock.real()).await {
                Ok(()) => version += 1,
                // Somebody else is at it: they tell the rest.
                Err(TableError::Unexpected(_)) => break,
                Err(error) => return Err(error.into()),
            }
            progress(&bulk);
        }
        Ok(bulk)
    }

    /// Goes on with every order whose runner died; how many there were.
    pub async fn take_up_abandoned(&self, now: Timestamp) -> Result<u32, AppError> {
        let mut taken_up = 0;
        for key in self.changes.store.due(Queue::Bulk, now, PER_SHARD).await? {
            let Some(org) = keys::org_of(&key) else { continue };
            taken_up += 1;
            if let Err(error) = self.go_on(&org, &key.sort, &mut |_| {}).await {
                tracing::error!(%org, order = key.sort, %error, "an order for many leads stopped; it is taken up again");
            }
        }
        Ok(taken_up)
    }

    async fn apply_once(&self, org: &OrgId, id: &LeadId, order: Order, once: Option<&str>) -> Result<(), AppError> {
        let store = &self.changes.store;
        if let Some(name) = once
            && store.was_asked(org, id, name).await?
        {
            return Ok(());
        }
        check(&order)?;
        let stored = store.lead(org, id).await?;
        let lead = stored.ok_or_else(|| AppError::Invalid(format!("there is no lead {id}; see `lead list`")))?.lead;
        let order = self.complete(org, &lead, order).await?;
        let fact = |_: &Lead| Some(Fact::Asked(order.clone()));
        let alongside = Alongside { order_once: once, ..Alongside::default() };
        match (self.changes.apply(org, id, fact, alongside).await, once) {
            (Ok(Applied::Changed | Applied::Known), _) => Ok(()),
            // Another runner of the same order was faster.
            (Err(AppError::Contended(_)), Some(name)) if store.was_asked(org, id, name).await? => Ok(()),
            (Err(error), _) => Err(error),
        }
    }

    /// What the lead itself does not know: who is introduced, which schedules there are, who else uses the address.
    async fn complete(&self, org: &OrgId, lead: &Lead, mut order: Order) -> Result<Order, AppError> {
        let store = &self.changes.store;
        let directory = Directory::read(store, org).await?;
        let mut schedule = lead.schedule.clone();
        match &mut order.action {
            Action::Introduce { owner: owner @ None, .. } => *owner = owner_of(store, org, lead).await?,
            Action::Edit { schedule: Some(wanted), .. } => {
                if !directory.schedule_names().contains(wanted) {
                    return Err(AppError::Invalid(format!("there is no schedule {wanted:?}; see `schedule list`")));
                }
                schedule.clone_from(wanted);
            }
            Action::Restart | Action::Continue => may_be_written_to(store, org, lead).await?,
            Action::Message { .. }
            | Action::Introduce { .. }
            | Action::Note { .. }
            | Action::Deactivate
            | Action::MarkHot
            | Action::Unsubscribe
            | Action::Edit { .. }
            | Action::Remind { .. }
            | Action::Handled => {}
        }
        order.schedule_revision = directory.schedule(&[&schedule]).revision();
        Ok(order)
    }

    async fn selected(&self, org: &OrgId, selection: &Selection) -> Result<Vec<LeadId>, AppError> {
        // A lead that changes while the pages are read may be on two of them.
        let once = |ids: Vec<LeadId>| ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        if let Selection::These(ids) = selection {
            return Ok(once(ids.clone()));
        }
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let (page, next) = self.changes.store.leads(org, from.as_deref(), 500).await?;
            found.extend(page.into_iter().filter(|lead| selection.takes(lead)).map(|lead| lead.id));
            match next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        Ok(once(found))
    }
}

async fn owner_of(store: &Store, org: &OrgId, lead: &Lead) -> Result<Option<Mailbox>, AppError> {
    let Some(owner) = &lead.previous_owner else { return Ok(None) };
    let users = store.users(org).await?.map(|known| known.users).unwrap_or_default();
    let user = users.into_iter().find(|user| user.id == owner.user && user.active);
    Ok(user.and_then(|user| Some(Mailbox { name: user.name, address: user.email? })))
}

async fn may_be_written_to(store: &Store, org: &OrgId, lead: &Lead) -> Result<(), AppError> {
    let Some(address) = &lead.address else { return Ok(()) };
    if store.suppression(org, address).await?.is_some() {
        return Err(AppError::Invalid(format!(
            "lead {} cannot be written to: its address is on the suppression list until a person lifts that",
            lead.id
        )));
    }
    match store.lead_using(org, address).await? {
        Some(through) if through != lead.id => Err(AppError::Invalid(format!(
            "lead {} cannot be written to: {through} has the same address and is being followed up",
            lead.id
        ))),
        Some(_) | None => Ok(()),
    }
}

/// Refuses what no lead could be asked, naming the field.
fn check(order: &Order) -> Result<(), AppError> {
    let text = |field: &str, text: &str, empty: bool| match text.trim().chars().count() {
        0 if !empty => Err(AppError::Invalid(format!("{field} is empty; write what it shall say"))),
        length if length > MOST_TEXT => {
            Err(AppError::Invalid(format!("{field} has {length} characters; write at most {MOST_TEXT}")))
        }
        _ => Ok(()),
    };
    let line = |field: &str, line: &str| match line.chars().count() > 200 || line.chars().any(char::is_control) {
        true => Err(AppError::Invalid(format!("{field} must be one line of at most 200 characters"))),
        false => Ok(()),
    };
    line("by", &order.by)?;
    line("why", &order.why)?;
    if order.by.trim().is_empty() {
        return Err(AppError::Invalid("by is empty; name who wants this".to_owned()));
    }
    match &order.action {
        Action::Message { subject, text: words } => {
            line("subject", subject.as_deref().unwrap_or_default())?;
            text("text", words, false)
        }
        Action::Introduce { text: words, .. } => text("text", words.as_deref().unwrap_or("…"), false),
        Action::Note { text: words } | Action::Remind { text: words, .. } => text("text", words, false),
        Action::Edit { context, .. } => text("context", context.as_deref().unwrap_or_default(), true),
        Action::Deactivate
        | Action::MarkHot
        | Action::Unsubscribe
        | Action::Restart
        | Action::Continue
        | Action::Handled => Ok(()),
    }
}

/// By its time and what it wants: two orders of one instant are two only if they want different things.
fn name(order: &Order, now: Timestamp) -> Result<String, AppError> {
    let text = serde_json::to_string(order).map_err(|error| AppError::Invalid(error.to_string()))?;
    let digest = keys::hash(&text);
    Ok(format!("{:015}-{}", now.as_millisecond(), &digest[..8]))
}
