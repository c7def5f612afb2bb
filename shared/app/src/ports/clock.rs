//! Time, of which there are two kinds.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

/// The time. Schedules follow the calendar, which a demonstration may speed up; leases, tokens and time-outs concern
/// other machines and stay on real time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Calendar time: when mails are due and dated.
    fn calendar(&self) -> Timestamp;

    /// Real time: until when a lease or a token is good.
    fn real(&self) -> Timestamp;

    /// Returns after `pause` of real time. A test's clock moves instead of waiting.
    async fn sleep(&self, pause: SignedDuration);
}
