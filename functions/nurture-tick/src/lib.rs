//! The tick, once a minute: what is due is sent, and assistants' own mailboxes are read; and at once
//! what users try out.
//!
//! Both at once, for both mostly wait for others. Reading is here and not in a function of its own, because it comes as
//! often, opens the same mailboxes with the same rights, and two processes would only wait for each other's leases.

use app::AppError;
use app::mailboxes::{PollMailboxes, Polled};
use app::nurture::{Nurture, Ticked};
use app::ports::Event;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use edge::clients::{Clients, StartError};
use edge::queue::{MessageError, each, event};
use jiff::SignedDuration;

/// A tick ends before the next one begins, and before the function's time-out.
const BUDGET: SignedDuration = SignedDuration::from_secs(50);

/// The function.
pub struct NurtureTick {
    /// Sends.
    pub nurture: Nurture,
    /// Reads.
    pub poll: PollMailboxes,
}

impl NurtureTick {
    /// With what the environment names.
    pub async fn from_clients(clients: &Clients) -> Result<Self, StartError> {
        let secret = clients.app_secret().await?;
        Ok(Self { nurture: clients.nurture(&secret)?, poll: clients.poll_mailboxes(&secret)? })
    }

    /// Works off a batch of messages.
    pub async fn work_off(&self, batch: SqsEvent) -> SqsBatchResponse {
        each(batch, event, |event| self.work(event)).await
    }

    async fn work(&self, event: Event) -> Result<(), MessageError> {
        match event {
            Event::TestAsked { org, favour } => Ok(self.nurture.send_test(&org, &favour).await?),
            other => Err(MessageError::Poison(format!("{other:?} is not for the tick"))),
        }
    }

    /// One tick.
    pub async fn handle(&self) -> Result<(Ticked, Polled), AppError> {
        let deadline = self.nurture.changes().clock.real() + BUDGET;
        let (ticked, polled) = tokio::join!(Box::pin(self.nurture.tick(deadline)), Box::pin(self.poll.poll(deadline)));
        let (ticked, polled) = (ticked?, polled?);
        if ticked != Ticked::default() {
            tracing::info!(?ticked, "tick");
        }
        if polled != Polled::default() {
            tracing::info!(?polled, "mailboxes read");
        }
        Ok((ticked, polled))
    }
}
