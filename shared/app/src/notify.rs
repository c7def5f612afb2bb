//! A notification comes in: recorded first, answered then, looked at later. No call to the CRM here.

use std::sync::Arc;

use domain::{Module, OrgId, Purpose, RecordId, SigningKey};
use serde::Deserialize;

use crate::error::AppError;
use crate::ports::{Clock, Event, Events};
use crate::store::{Notification, Store, keys};

/// Records notifications.
pub struct Notify {
    /// Rows.
    pub store: Store,
    /// Told of each notification.
    pub events: Arc<dyn Events>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Verifies the channel token.
    pub key: SigningKey,
}

/// Why a notification was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// No or a wrong token: the sender learns nothing.
    #[error("the channel token is not valid")]
    Token,
    /// Not a notification.
    #[error("{0}")]
    Malformed(String),
    /// Could not be recorded.
    #[error(transparent)]
    App(#[from] AppError),
}

/// As Zoho posts it. Values of fields are not even read: the record is.
#[derive(Deserialize)]
struct Posted {
    module: String,
    ids: Vec<String>,
    operation: String,
    #[serde(default)]
    channel_id: serde_json::Value,
    #[serde(default)]
    server_time: serde_json::Value,
    #[serde(default)]
    affected_fields: Vec<serde_json::Map<String, serde_json::Value>>,
}

/// The most records one notification is believed to name; Zoho sends hundreds at the most.
const MOST_IDS: usize = 5000;
/// A row holds at most 400 KB, and one look reads this many records.
const IDS_PER_ROW: usize = 500;

/// The token of an org's channel, at most 50 characters: it names the org, and only this installation can make it.
pub fn channel_token(key: &SigningKey, org: &OrgId) -> String {
    key.sign(Purpose::Channel, org.as_str())
}

impl Notify {
    /// Checks the token, records what the notification names, and hints at it. A repetition changes nothing.
    pub async fn record(&self, body: &[u8]) -> Result<(), NotifyError> {
        let malformed = |what: &str| NotifyError::Malformed(format!("not a notification: {what}"));
        let json: serde_json::Value = serde_json::from_slice(body).map_err(|_| malformed("the body is not JSON"))?;
        let token = json.get("token").and_then(serde_json::Value::as_str).ok_or(NotifyError::Token)?;
        let org = self.key.verify(Purpose::Channel, token).ok_or(NotifyError::Token)?;
        let org: OrgId = org.parse().map_err(|_| NotifyError::Token)?;

        let posted = Posted::deserialize(&json).map_err(|error| malformed(&error.to_string()))?;
        let Some(module) = Module::ALL.into_iter().find(|module| module.as_str() == posted.module) else {
            return Err(malformed("module is none of Leads, Contacts, Deals"));
        };
        if posted.ids.is_empty() || posted.ids.len() > MOST_IDS {
            return Err(malformed("ids is empty or too long"));
        }
        let ids: Vec<RecordId> = posted
            .ids
            .iter()
            .filter(|id| posted.concerns_us(id))
            .map(|id| RecordId::parse(id.as_str()))
            .collect::<Result<_, _>>()
            .map_err(|error| malformed(&error.to_string()))?;
        for (part, ids) in ids.chunks(IDS_PER_ROW).enumerate() {
            self.record_part(&org, module, ids, &posted, part).await?;
        }
        Ok(())
    }

    async fn record_part(
        &self,
        org: &OrgId,
        module: Module,
        ids: &[RecordId],
        posted: &Posted,
        part: usize,
    ) -> Result<(), AppError> {
        let Posted { operation, channel_id, server_time, .. } = posted;
        // Zoho gives a notification no id; these parts are the nearest to one.
        let name = keys::hash(&format!("{channel_id}|{module}|{operation}|{server_time}|{:?}|{part}", posted.ids));
        let received_at = self.clock.real();
        let notification = Notification::new(module, ids.to_vec(), received_at);
        let is_new = self.store.record_notification(org, &name, &notification).await?;
        tracing::info!(%org, %module, records = ids.len(), is_new, "notification recorded");
        // Also for a repetition: the first one may have died between recording and this.
        let hint = Event::RecordsChanged { org: org.clone(), notification: name };
        if let Err(error) = self.events.publish(&[hint]).await {
            tracing::warn!(%org, %error, "the notification waits for the next upkeep");
        }
        Ok(())
    }
}

impl Posted {
    /// An edit of other fields can change nothing here; without the list, it might.
    fn concerns_us(&self, id: &str) -> bool {
        let Some(fields) = self.affected_fields.iter().find_map(|map| map.get(id)).and_then(|list| list.as_array())
        else {
            return true;
        };
        self.operation != "update"
            || fields.is_empty()
            || fields.iter().filter_map(|field| field.as_str()).any(|field| field == "Owner")
    }
}
