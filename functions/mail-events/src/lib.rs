//! Applies what SES reports about mails it took. SES tells the account's default bus; a rule brings it here.

mod notice;

use app::deliveries::Deliveries;
use app::mail_events::{MailEvent, MailEventKind, MailEvents};
use app::touches::Told;
use aws::parse_delivery_tag;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::{BounceKind, OrgId, TouchKind};
use edge::clients::{Clients, StartError};
use edge::queue::{MessageError, each, json_body};
use jiff::Timestamp;
use serde::Deserialize;

pub use notice::notices;

/// The function.
pub struct MailEventsFunction {
    /// The use case.
    pub events: MailEvents,
    /// The region, which is part of the Message-IDs that SES gives.
    pub region: String,
}

/// The envelope of the bus around SES's own event (SES developer guide, "event publishing to EventBridge").
#[derive(Deserialize)]
struct Envelope {
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    #[serde(alias = "notificationType")]
    event_type: String,
    mail: Mail,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
    delivery_delay: Option<Delay>,
    open: Option<Seen>,
    click: Option<Seen>,
}

/// What SES tells of an open, and of a click with its link.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    timestamp: Option<Timestamp>,
    #[serde(default)]
    user_agent: String,
    link: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    message_id: String,
    timestamp: Option<Timestamp>,
    #[serde(default)]
    tags: Tags,
}

/// Each tag's values; ours have one.
#[derive(Deserialize, Default)]
struct Tags {
    #[serde(default)]
    org: Vec<String>,
    #[serde(default)]
    delivery: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    #[serde(default)]
    bounced_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complaint_feedback_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delay {
    #[serde(default)]
    delayed_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
    status: Option<String>,
    diagnostic_code: Option<String>,
}

impl Bounce {
    /// SES calls permanent also what a policy refused; the status beside it knows better. Without one, SES is believed.
    fn kind(&self) -> BounceKind {
        let first = self.bounced_recipients.first();
        match first.and_then(|recipient| Some((recipient.status.as_deref()?, recipient.diagnostic_code.as_deref()))) {
            _ if self.bounce_type != "Permanent" => BounceKind::Soft,
            Some((status, said)) if !status.is_empty() => {
                BounceKind::of_failure(Some(status), said.unwrap_or_default())
            }
            _ => BounceKind::Hard,
        }
    }
}

impl MailEventsFunction {
    /// With what the environment names.
    pub async fn from_clients(clients: &Clients) -> Result<Self, StartError> {
        let deliveries = Deliveries { changes: clients.lead_changes()? };
        Ok(Self { events: MailEvents { deliveries }, region: clients.region() })
    }

    /// Works off a batch of messages.
    pub async fn handle(&self, batch: SqsEvent) -> SqsBatchResponse {
        each(batch, json_body, |envelope| self.work(envelope)).await
    }

    async fn work(&self, envelope: Envelope) -> Result<(), MessageError> {
        if let Some(event) = self.read(envelope.detail)? {
            self.events.apply(&event).await?;
        }
        Ok(())
    }

    /// Our words for what SES says; `None` for what changes nothing here, and for mails that are not ours.
    fn read(&self, detail: Detail) -> Result<Option<MailEvent>, MessageError> {
        let Detail { event_type, mail, bounce, open, click, .. } = detail;
        let (Some(org), Some(delivery)) = (mail.tags.org.first(), mail.tags.delivery.first()) else { return Ok(None) };
        let poison = |error: domain::InvalidId| MessageError::Poison(error.to_string());
        let org: OrgId = org.parse().map_err(poison)?;
        let delivery = parse_delivery_tag(delivery).map_err(poison)?;
        let what = match event_type.as_str() {
            "Send" | "Delivery" => {
                let message_id = aws::ses_message_id(&mail.message_id, &self.region);
                MailEventKind::Left { message_id, at: mail.timestamp }
            }
            "Bounce" if bounce.is_some_and(|bounce| bounce.kind() == BounceKind::Hard) => MailEventKind::BouncedForGood,
            "Complaint" => MailEventKind::Complained,
            // They come if somebody adds them to the configuration set; the template does not, for SES would then change
            // every link of a mail, that to unsubscribe too.
            "Open" | "Click" => {
                let Some(seen) = open.or(click) else { return Ok(None) };
                let kind = seen.link.map_or(TouchKind::Open, |link| TouchKind::Click { link });
                let (at, user_agent) = (seen.timestamp, seen.user_agent);
                MailEventKind::Touched(Told { kind, at, user_agent, head: false })
            }
            // Delays and soft bounces: nothing here depends on them yet.
            _ => return Ok(None),
        };
        Ok(Some(MailEvent { org, delivery, what }))
    }
}
