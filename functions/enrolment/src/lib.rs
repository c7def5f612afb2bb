//! Looks at the records that notifications named, and at those that people add by hand.

use app::enrol::Enrol;
use app::ports::Event;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use edge::clients::{Clients, StartError};
use edge::queue::{MessageError, each, event};

/// The function.
pub struct Enrolment {
    /// The use case.
    pub enrol: Enrol,
}

impl Enrolment {
    /// With what the environment names.
    pub async fn from_clients(clients: &Clients) -> Result<Self, StartError> {
        let crm = clients.crm(&clients.app_secret().await?)?;
        Ok(Self { enrol: Enrol { changes: clients.lead_changes()?, crm } })
    }

    /// Works off a batch of messages.
    pub async fn handle(&self, batch: SqsEvent) -> SqsBatchResponse {
        each(batch, event, |event| self.work(event)).await
    }

    async fn work(&self, event: Event) -> Result<(), MessageError> {
        match event {
            Event::RecordsChanged { org, notification } => {
                Ok(self.enrol.look_at_notification(&org, &notification).await?)
            }
            Event::LeadAsked { org, favour } => Ok(self.enrol.do_favour(&org, &favour).await?),
            other => Err(MessageError::Poison(format!("{other:?} is not for enrolment"))),
        }
    }
}
