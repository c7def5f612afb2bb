//! What an org's CRM may be asked, shared by all workers.

use async_trait::async_trait;
use domain::OrgId;
use jiff::SignedDuration;

use super::CrmError;

/// One call's place among those in flight; free again when this is dropped.
pub struct Pass(Option<Box<dyn FnOnce() + Send>>);

impl Pass {
    /// `leave` is done once, when the call is over.
    pub fn new(leave: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(leave)))
    }

    /// For calls that nobody counts.
    pub fn uncounted() -> Self {
        Self(None)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(leave) = self.0.take() {
            leave();
        }
    }
}

/// The budgets of all orgs.
#[async_trait]
pub trait Budgets: Send + Sync {
    /// Leave to make one call that costs `credits` and counts as `places` calls in flight: at once, or after a short
    /// wait. [`CrmError::Throttled`] says that the wait would be a long one; a call of several places never waits, for
    /// whoever makes one can do without. The call must be over within half a minute.
    async fn enter(&self, org: &OrgId, credits: u32, places: u32) -> Result<Pass, CrmError>;

    /// The CRM said that it takes no more calls, for this long if it said that too: everybody waits.
    async fn slowed(&self, org: &OrgId, pause: Option<SignedDuration>);

    /// The CRM said how many credits the org has left, whoever spent the others.
    async fn left(&self, org: &OrgId, credits: u32);
}

/// No budget: every call is made at once.
pub struct Unlimited;

#[async_trait]
impl Budgets for Unlimited {
    async fn enter(&self, _: &OrgId, _: u32, _: u32) -> Result<Pass, CrmError> {
        Ok(Pass::uncounted())
    }

    async fn slowed(&self, _: &OrgId, _: Option<SignedDuration>) {}

    async fn left(&self, _: &OrgId, _: u32) {}
}
