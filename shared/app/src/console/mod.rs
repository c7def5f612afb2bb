//! The console: who somebody is, what they may see, and what its pages show.
//!
//! **Invariant:** who may see or do what is decided by [`Viewer::may`] and nowhere else; the org of every read is the
//! viewer's own, never one that a request names.

mod access;
mod leads;
mod overview;
mod sessions;
mod sign_in;
mod tokens;

use domain::{Lead, LeadId, OrgId, Purpose, SigningKey, UserId};

use crate::error::AppError;
use crate::store::Store;

pub use access::{Access, Permissions, Sees};
pub use leads::{LeadFilter, LeadPage, MOST_COUNTED, MOST_LOOKED_AT, count_states, find_leads};
pub use overview::{Coming, DayCount, Overview, Replies, overview};
pub use sessions::{Opened, Sessions};
pub use sign_in::{SignIn, SignInError, SignedIn};
pub use tokens::{ApiTokens, Scope};

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
    /// What their profile may do otherwise.
    pub access: Access,
}

/// What somebody wants to see or do.
#[derive(Debug, Clone, Copy)]
pub enum Wish<'a> {
    /// The connection, who may do what, leaving, and erasing people.
    Administer,
    /// Assistants, schedules, and what failed.
    Manage,
    /// Any record of the CRM, to add it by hand.
    AddLead,
    /// To see one lead.
    Lead(&'a Lead),
    /// To act on one lead.
    Act(&'a Lead),
}

impl Viewer {
    /// Administrators may do everything in their org; others what their profile may, which is to see the leads that they
    /// handed over, and get back, and to act on these, unless an administrator says otherwise.
    pub fn may(&self, wish: Wish<'_>) -> bool {
        match wish {
            _ if self.administrator => true,
            Wish::Administer => false,
            Wish::Manage => self.access.manages,
            // Its preview shows whose record it is.
            Wish::AddLead => self.access.manages && self.access.sees == Sees::All,
            Wish::Act(lead) => self.access.acts && self.may(Wish::Lead(lead)),
            Wish::Lead(lead) => match self.access.sees {
                Sees::All => true,
                Sees::Own => lead.previous_owner.as_ref().is_some_and(|owner| owner.user == self.user),
                Sees::Nothing => false,
            },
        }
    }

    /// Do they see every lead of their org?
    pub fn sees_all(&self) -> bool {
        self.administrator || self.access.sees == Sees::All
    }

    /// May they change settings?
    pub fn manages(&self) -> bool {
        self.may(Wish::Manage)
    }

    /// The lead, if there is one that this viewer may see: what they may not see is not there.
    pub async fn lead(&self, store: &Store, id: &LeadId) -> Result<Option<Lead>, AppError> {
        let stored = store.lead(&self.org, id).await?;
        Ok(stored.map(|stored| stored.lead).filter(|lead| self.may(Wish::Lead(lead))))
    }
}

/// What a browser or a program carries: the org, and a secret of which the org has a row.
fn seal(key: &SigningKey, purpose: Purpose, org: &OrgId, secret: &str) -> String {
    key.sign(purpose, &format!("{org}.{secret}"))
}

/// The org and the secret, if it was sealed here for this purpose.
fn unseal<'a>(key: &SigningKey, purpose: Purpose, sealed: &'a str) -> Option<(OrgId, &'a str)> {
    let (org, secret) = key.verify(purpose, sealed)?.split_once('.')?;
    Some((org.parse().ok()?, secret))
}
