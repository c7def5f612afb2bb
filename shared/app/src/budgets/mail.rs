//! The rate at which the installation's mail system takes mails.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use domain::{Bucket, Flow, OrgId, OutgoingMail};
use jiff::{SignedDuration, Timestamp};

use crate::ports::{Clock, Lookup, Mailer, SendError, TableError};
use crate::store::{Store, Stored};

/// A mail waits for its turn for so long; then it is due again later.
const PATIENCE: SignedDuration = SignedDuration::from_secs(20);
/// Others may write the rate at the same time.
const TRIES: usize = 10;
const DAY_SECS: u32 = 24 * 60 * 60;

/// Keeps a mail system's rate, whoever else sends through it.
pub struct PacedMailer {
    inner: Arc<dyn Mailer>,
    store: Store,
    clock: Arc<dyn Clock>,
    flow: Flow,
    /// Mails that this worker may send, taken out of the table before.
    turns: Mutex<u32>,
}

impl PacedMailer {
    /// At most `a_second` mails a second through `inner`, for all workers together.
    pub fn new(inner: Arc<dyn Mailer>, store: Store, clock: Arc<dyn Clock>, a_second: u32) -> Self {
        let flow = Flow { capacity: a_second, a_day: a_second.saturating_mul(DAY_SECS) };
        Self { inner, store, clock, flow, turns: Mutex::new(0) }
    }

    fn use_turn(&self) -> bool {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let left = turns.checked_sub(1);
        *turns = left.unwrap_or(0);
        left.is_some()
    }

    /// Takes all turns there are, which is a second's at the most; otherwise says when there is one.
    async fn take_turns(&self) -> Result<Result<u32, Timestamp>, TableError> {
        for _ in 0..TRIES {
            let now = self.clock.real();
            let (mut rate, version) = match self.store.mail_rate().await? {
                Some(Stored { value, version }) => (value, Some(version)),
                None => (Bucket::full(self.flow, now), None),
            };
            let taken = rate.take_up_to(self.flow, self.flow.capacity, now);
            if taken == 0 {
                return Ok(Err(rate.when(self.flow, 1, now)));
            }
            match self.store.put_mail_rate(&rate, version).await {
                Ok(()) => return Ok(Ok(taken)),
                Err(TableError::Unexpected(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Err(self.clock.real() + SignedDuration::from_secs(1)))
    }

    async fn wait_for_turn(&self) -> Result<(), String> {
        let began = self.clock.real();
        while !self.use_turn() {
            match self.take_turns().await.map_err(|error| error.to_string())? {
                Ok(taken) => *self.turns.lock().unwrap_or_else(PoisonError::into_inner) += taken,
                Err(until) if until > began + PATIENCE => {
                    return Err("more mails are due than the mail system takes".to_owned());
                }
                Err(until) => {
                    let pause = until.duration_since(self.clock.real()).max(SignedDuration::from_millis(1));
                    self.clock.sleep(pause).await;
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Mailer for PacedMailer {
    async fn send(&self, org: &OrgId, mail: &OutgoingMail) -> Result<String, SendError> {
        self.wait_for_turn().await.map_err(|reason| SendError::NotSent { reason })?;
        self.inner.send(org, mail).await
    }

    async fn find(&self, org: &OrgId, mail: &OutgoingMail) -> Lookup {
        self.inner.find(org, mail).await
    }
}
