//! Applies an org's outbox to its CRM.

use app::ports::Event;
use app::writeback::Writeback;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use edge::clients::{Clients, StartError};
use edge::queue::{MessageError, each, event};

/// The function.
pub struct CrmWriteback {
    /// The use case.
    pub writeback: Writeback,
}

impl CrmWriteback {
    /// With what the environment names.
    pub async fn from_clients(clients: &Clients) -> Result<Self, StartError> {
        let crm = clients.crm(&clients.app_secret().await?)?;
        Ok(Self { writeback: Writeback { changes: clients.lead_changes()?, crm } })
    }

    /// Works off a batch of messages. Several of one org cost one look each: the first drains its outbox.
    pub async fn handle(&self, batch: SqsEvent) -> SqsBatchResponse {
        each(batch, event, |event| self.work(event)).await
    }

    async fn work(&self, event: Event) -> Result<(), MessageError> {
        match event {
            Event::WritebackPending { org } => {
                let drained = self.writeback.drain(&org).await?;
                tracing::info!(%org, ?drained, "outbox drained");
                Ok(())
            }
            other => Err(MessageError::Poison(format!("{other:?} is not for the write-back"))),
        }
    }
}
