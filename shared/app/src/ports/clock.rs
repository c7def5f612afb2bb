//! Time, of which there are two kinds.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

/// The most by which the clocks of two machines are taken to differ. A lease that keeps others from doing something twice
/// is this much longer than its holder needs.
pub const SKEW: SignedDuration = SignedDuration::from_mins(10);

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
