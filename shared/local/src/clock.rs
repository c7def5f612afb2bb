//! Clocks: one whose calendar runs fast, and one that stands still until it is set.

use std::io;
use std::path::Path;
use std::sync::Mutex;

use app::ports::Clock;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The machine's time, with a calendar that runs `speed` times as fast.
///
/// **Invariant:** the calendar never runs backwards, also over restarts with another speed: where it stood is in a file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ScaledClock {
    real: Timestamp,
    calendar: Timestamp,
    speed: u32,
}

impl ScaledClock {
    /// Goes on from where the file in `data_dir` says the calendar stood, or starts at the machine's time.
    pub fn resume(data_dir: &Path, speed: u32) -> io::Result<Self> {
        let path = data_dir.join("clock.json");
        let now = Timestamp::now();
        let calendar = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice::<Self>(&text).map_err(io::Error::other)?.calendar_at(now),
            Err(error) if error.kind() == io::ErrorKind::NotFound => now,
            Err(error) => return Err(error),
        };
        let clock = Self { real: now, calendar: calendar.max(now), speed };
        let temporary = data_dir.join(".clock.json");
        std::fs::write(&temporary, serde_json::to_vec(&clock)?)?;
        std::fs::rename(temporary, path)?;
        Ok(clock)
    }

    fn calendar_at(&self, real: Timestamp) -> Timestamp {
        let passed = real.duration_since(self.real).checked_mul(i32::try_from(self.speed).unwrap_or(i32::MAX));
        passed.and_then(|passed| self.calendar.checked_add(passed).ok()).unwrap_or(self.calendar)
    }
}

#[async_trait]
impl Clock for ScaledClock {
    fn calendar(&self) -> Timestamp {
        self.calendar_at(Timestamp::now())
    }

    fn real(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, pause: SignedDuration) {
        tokio::time::sleep(pause.unsigned_abs()).await;
    }
}

/// A clock that shows what it was set to. Whoever sleeps by it moves it.
#[derive(Debug)]
pub struct SettableClock(Mutex<Timestamp>);

impl SettableClock {
    /// Starting at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Moves it forward to `now`; backwards it does not go.
    pub fn advance_to(&self, now: Timestamp) {
        let mut shown = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *shown = (*shown).max(now);
    }
}

#[async_trait]
impl Clock for SettableClock {
    fn calendar(&self) -> Timestamp {
        self.now()
    }

    fn real(&self) -> Timestamp {
        self.now()
    }

    async fn sleep(&self, pause: SignedDuration) {
        self.advance_to(self.now() + pause);
        tokio::task::yield_now().await;
    }
}
