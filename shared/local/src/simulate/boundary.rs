//! Where a machine can die: before and after everything it does to the world.

use super::gate::{Parked, SECRET, TOKEN, TOKEN_LEASE};
use super::job::Job;

/// A place in a story, by the number of the effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boundary {
    /// The number for [`Options::crash_at`](super::Options::crash_at).
    pub effect: u64,
    /// Which of the product's stories it is a part of: `enrol`, `send`, `reply`, `hand-back`, `token refresh`,
    /// `provisioning`, `upkeep`.
    pub part: &'static str,
    /// What is done there.
    pub what: &'static str,
    /// Before it is done, or after?
    pub before: bool,
}

impl Boundary {
    /// `None`: nothing is done there. Dying before a look, or in a pause, is dying after what was done last.
    pub(super) fn of(effect: u64, job: &Job, parked: Parked) -> Option<Self> {
        let (what, before) = match parked {
            Parked::Before(what) => (what, true),
            Parked::After(what) => (what, false),
            Parked::Looking(_) | Parked::Until(_) => return None,
        };
        let connects = matches!(job, Job::Connect(_) | Job::AddAssistants(..));
        let renews = [TOKEN, TOKEN_LEASE, SECRET].contains(&what) && !connects;
        Some(Self { effect, part: if renews { "token refresh" } else { job.part() }, what, before })
    }
}
