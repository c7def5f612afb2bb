//! Mails that wait for a person's approval.

use domain::{DeliveryId, Fact, How, Lead, LeadId, OrgId, OutgoingMail, Stage};
use serde::Serialize;

use super::Admin;
use crate::change::{Applied, LeadChanges};
use crate::error::AppError;
use crate::store::{Alongside, Delivery, Outcome};

/// Characters of the longest text that is approved.
const LONGEST: usize = 20_000;

/// A mail that waits.
#[derive(Debug, Clone, Serialize)]
pub struct Waiting {
    /// To whom.
    pub lead: LeadId,
    /// Its name.
    pub delivery: DeliveryId,
    /// Subject line.
    pub subject: String,
    /// What will leave.
    pub text: String,
}

impl Admin {
    /// The mails that wait for approval.
    pub async fn held(&self, org: &OrgId) -> Result<Vec<Waiting>, AppError> {
        let mut waiting = Vec::new();
        for lead in self.leads(org).await? {
            let Some(delivery) = held(&lead) else { continue };
            if let Some(stored) = self.store.delivery(org, &lead.id, &delivery).await? {
                let OutgoingMail { subject, text, .. } = stored.value.mail;
                waiting.push(Waiting { lead: lead.id, delivery, subject, text });
            }
        }
        Ok(waiting)
    }

    /// Approves a lead's waiting mail as it is, or with another text. It leaves when its time has come.
    pub async fn approve(&self, org: &OrgId, id: &LeadId, text: Option<String>) -> Result<(), AppError> {
        let nothing = || AppError::Invalid(format!("lead {id} has no mail that waits for approval; see `lead held`"));
        let lead = self.store.lead(org, id).await?.ok_or_else(nothing)?.lead;
        let delivery = held(&lead).ok_or_else(nothing)?;
        let stored = self.store.delivery(org, id, &delivery).await?.ok_or_else(nothing)?;
        let mut after = Delivery { outcome: Outcome::Approved, ..stored.value };
        if let Some(text) = text {
            after.mail.text = checked(text, after.mail.unsubscribe_url.as_deref().unwrap_or_default())?;
            after.how = How::Person;
        }
        let changes = LeadChanges { store: self.store.clone(), events: self.events.clone(), clock: self.clock.clone() };
        let fact =
            |lead: &Lead| held(lead).filter(|held| *held == delivery).map(|delivery| Fact::Approved { delivery });
        let alongside = Alongside { delivery: Some((&after, Some(stored.version))), ..Alongside::default() };
        match changes.apply(org, id, fact, alongside).await? {
            Applied::Changed => Ok(()),
            Applied::Known => Err(nothing()),
        }
    }
}

fn held(lead: &Lead) -> Option<DeliveryId> {
    match lead.stage {
        Stage::Held { step } => Some(lead.delivery(step)),
        Stage::Waiting { .. } | Stage::Sending { .. } | Stage::Closing { .. } | Stage::Ended { .. } => None,
    }
}

fn checked(text: String, unsubscribe_url: &str) -> Result<String, AppError> {
    if text.trim().is_empty() || text.chars().count() > LONGEST {
        return Err(AppError::Invalid(format!("the text is empty or too long; write 1 to {LONGEST} characters")));
    }
    if !text.contains(unsubscribe_url) {
        return Err(AppError::Invalid(format!("the text does not say how to stop; keep the link {unsubscribe_url}")));
    }
    Ok(text)
}
