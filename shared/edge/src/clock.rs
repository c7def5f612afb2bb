//! The machine's clock.

use app::ports::Clock;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

/// Calendar and real time are one.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn calendar(&self) -> Timestamp {
        Timestamp::now()
    }

    fn real(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, pause: SignedDuration) {
        tokio::time::sleep(pause.unsigned_abs()).await;
    }
}
