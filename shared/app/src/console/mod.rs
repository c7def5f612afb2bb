//! The console: who somebody is, what they may see, and what its pages show.
//!
//! **Invariant:** who may see or do what is decided by [`Viewer::may`] and nowhere else; the org of every read is the
//! viewer's own, never one that a request names.

mod leads;
mod overview;
mod sessions;
mod sign_in;

use domain::{Lead, LeadId, OrgId, UserId};

use crate::error::AppError;
use crate::store::Store;

pub use leads::{LeadFilter, LeadPage, MOST_LOOKED_AT, find_leads};
pub use overview::{Coming, DayCount, Overview, overview};
pub use sessions::{Opened, Sessions};
pub use sign_in::{SignIn, SignInError, SignedIn};

/// Somebody in front of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The org they signed in to.
    pub org: OrgId,
    /// The CRM user they are.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Does their CRM profile administer the org?
    pub administrator: bool,
}

/// What somebody wants to see or do.
#[derive(Debug, Clone, Copy)]
pub enum Wish<'a> {
    /// The org's settings, and leads whoever owns them.
    Manage,
    /// One lead, to see it or to act on it.
    Lead(&'a Lead),
}

impl Viewer {
    /// Administrators may do everything in their org; others see the leads that they handed over, and get back.
    pub fn may(&self, wish: Wish<'_>) -> bool {
        match wish {
            _ if self.administrator => true,
            Wish::Manage => false,
            Wish::Lead(lead) => lead.previous_owner.as_ref().is_some_and(|owner| owner.user == self.user),
        }
    }

    /// The lead, if there is one that this viewer may see: what they may not see is not there.
    pub async fn lead(&self, store: &Store, id: &LeadId) -> Result<Option<Lead>, AppError> {
        let stored = store.lead(&self.org, id).await?;
        Ok(stored.map(|stored| stored.lead).filter(|lead| self.may(Wish::Lead(lead))))
    }
}
