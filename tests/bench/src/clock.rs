//! Clocks for what is measured.

use std::sync::Arc;
use std::time::Duration;

use app::ports::Clock;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use local::clock::SettableClock;

/// How long who sleeps is really away.
const NAP: Duration = Duration::from_millis(1);

/// The calendar moves when it is set; real time does not, so that no lease runs out.
pub struct Leisurely(pub Arc<SettableClock>);

/// Calendar and real time move when they are set, and only then: who sleeps lets others work.
pub struct Patient(pub Arc<SettableClock>);

#[async_trait]
impl Clock for Leisurely {
    fn calendar(&self) -> Timestamp {
        self.0.now()
    }

    fn real(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn sleep(&self, _: SignedDuration) {
        tokio::time::sleep(NAP).await;
    }
}

#[async_trait]
impl Clock for Patient {
    fn calendar(&self) -> Timestamp {
        self.0.now()
    }

    fn real(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep(&self, _: SignedDuration) {
        tokio::time::sleep(NAP).await;
    }
}
