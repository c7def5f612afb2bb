//! Erasing a person: by address, everywhere, but for the hash that keeps them from being written to again.

use domain::{Action, EmailAddress, Lead, LeadId, Order, OrgId, SuppressedWhy};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Leave, hint};
use crate::actions::Actions;
use crate::error::AppError;
use crate::store::{Find, Store, Stored};

/// What is held of a person.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Leads with their address.
    pub leads: Vec<Lead>,
    /// Are they on the suppression list?
    pub suppressed: bool,
}

/// A person being erased, and afterwards that one was: without their address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Leads that are still to be erased.
    pub leads: Vec<LeadId>,
    /// Who wanted it.
    pub by: String,
    /// When it began, real time.
    pub began: Timestamp,
    /// Leads that were erased.
    pub erased: u32,
    /// When it was done, real time.
    pub ended: Option<Timestamp>,
}

/// What is held of the person with this address, by the index of addresses.
pub async fn held(store: &Store, org: &OrgId, address: &EmailAddress) -> Result<Held, AppError> {
    let mut held = Held { leads: Vec::new(), suppressed: store.suppression(org, address).await?.is_some() };
    let (word, mut from) = (address.as_str().to_lowercase(), None);
    loop {
        let page = store.find(org, Find::Word(&word), from.as_deref(), 100).await?;
        held.leads.extend(page.leads.into_iter().filter(|lead| lead.address.as_ref() == Some(address)));
        match page.next {
            Some(next) => from = Some(next),
            None => return Ok(held),
        }
    }
}

/// Has a person erased: never written to again from now on, and gone once the CRM has what it must be told.
pub async fn begin_erasing(actions: &Actions, org: &OrgId, address: &EmailAddress, by: &str) -> Result<Held, AppError> {
    let changes = &actions.changes;
    let held = held(&changes.store, org, address).await?;
    changes.store.suppress(org, address, SuppressedWhy::Unsubscribed).await?;
    // Somebody may have looked them up, to add them by hand.
    changes.store.forget_favours(org).await?;
    for lead in held.leads.iter().filter(|lead| lead.is_active()) {
        let why = "everything about them is erased".to_owned();
        let order = Order { action: Action::Unsubscribe, by: by.to_owned(), why, schedule_revision: 0 };
        actions.apply(org, &lead.id, order).await?;
    }
    let leads = held.leads.iter().map(|lead| lead.id.clone()).collect();
    let now = changes.clock.real();
    let erasure = Erasure { leads, by: by.to_owned(), began: now, erased: 0, ended: None };
    let name = changes.store.erasure_name(org, address).await?;
    changes.store.put_erasure(org, &name, &erasure, now).await?;
    hint(changes, org).await;
    Ok(held)
}

impl Leave {
    /// Erases the leads of which the CRM has heard everything.
    pub(super) async fn erase_person(&self, org: &OrgId, stored: Stored<(String, Erasure)>) -> Result<(), AppError> {
        let (name, mut erasure) = stored.value;
        if erasure.ended.is_some() {
            return Ok(());
        }
        let changes = &self.actions.changes;
        let mut left = Vec::new();
        for lead in std::mem::take(&mut erasure.leads) {
            if changes.store.waits_for_crm(org, &lead).await? {
                left.push(lead);
            } else {
                changes.store.erase_lead(org, &lead).await?;
                erasure.erased += 1;
            }
        }
        erasure.leads = left;
        let now = changes.clock.real();
        match erasure.leads.is_empty() {
            true => erasure.ended = Some(now),
            false => changes.hint_writeback(org).await,
        }
        changes.store.put_erasure(org, &name, &erasure, now).await?;
        Ok(())
    }
}
