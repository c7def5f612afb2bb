//! Upkeep: every quarter of an hour, and at once when an org was connected or an assistant changed.
//!
//! The schedule's run only finds what is due; each connection is looked after by a run of its own, which a message starts.

use app::AppError;
use app::actions::Actions;
use app::enrol::Enrol;
use app::leave::Leave;
use app::ports::Event;
use app::upkeep::{LookedAfter, Swept, Upkeep};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::OrgId;
use edge::clients::{Clients, StartError, accounts, crm, signing_key};
use edge::queue::{MessageError, each, event};
use edge::settings;

/// The function.
pub struct UpkeepFunction {
    /// The use case.
    pub upkeep: Upkeep,
}

impl UpkeepFunction {
    /// With what the environment names.
    pub async fn from_clients(clients: &Clients) -> Result<Self, StartError> {
        let secret = clients.app_secret().await?;
        let changes = clients.lead_changes()?;
        let tokens = clients.tokens(accounts(&secret)?)?;
        let leave = Leave {
            actions: Actions { changes: changes.clone() },
            crm: crm(tokens.clone(), changes.store.clone(), changes.clock.clone()),
            tokens,
            mailboxes: clients.mailbox_access()?.credentials,
        };
        let enrol = Enrol { changes, crm: leave.crm.clone() };
        let (key, field_prefix) = (signing_key(&secret)?, settings::field_prefix()?);
        Ok(Self { upkeep: Upkeep { enrol, key, field_prefix, leave } })
    }

    /// Works off a batch of messages.
    pub async fn handle(&self, batch: SqsEvent) -> SqsBatchResponse {
        each(batch, event, |event| self.work(event)).await
    }

    async fn work(&self, event: Event) -> Result<(), MessageError> {
        match event {
            Event::Connected { org } | Event::AssistantChanged { org } => Ok(self.look_after(&org).await?),
            Event::UpkeepDue { org } => {
                // Its row says when it is tried again, so the message need not come back.
                if let Err(error) = self.look_after(&org).await {
                    tracing::error!(%org, %error, "upkeep failed; it is tried again");
                }
                Ok(())
            }
            other => Err(MessageError::Poison(format!("{other:?} is not for upkeep"))),
        }
    }

    /// Looks after one connection. Alarms watch how long its channel still lives, and whether notifications come.
    async fn look_after(&self, org: &OrgId) -> Result<(), AppError> {
        let LookedAfter { channel_expires, missed } = self.upkeep.look_after(org).await?;
        edge::metric("MissedNotifications", "Count", missed.into());
        if let Some(expires) = channel_expires {
            let left = expires.duration_since(self.upkeep.enrol.changes.clock.real());
            edge::metric("ChannelExpiresInSeconds", "Seconds", left.as_secs());
        }
        Ok(())
    }

    /// One sweep.
    pub async fn sweep(&self) -> Result<Swept, AppError> {
        let swept = self.upkeep.sweep().await?;
        tracing::info!(?swept, "upkeep");
        Ok(swept)
    }
}
