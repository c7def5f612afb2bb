//! Events on EventBridge.

use std::collections::BTreeSet;

use app::ports::{Event, Events, EventsError};
use async_trait::async_trait;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::Value;

use crate::told::told;

/// What every event names as its source; the rules match on it.
const SOURCE: &str = "sales-assistant";

/// EventBridge takes no more in one request.
const AT_ONCE: usize = 10;

/// One event bus.
#[derive(Debug, Clone)]
pub struct Bus {
    client: Client,
    name: String,
}

impl Bus {
    /// The bus `name`.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    fn entry(&self, event: &Event) -> Result<PutEventsRequestEntry, EventsError> {
        let (kind, detail) = envelope(event)?;
        let entry = PutEventsRequestEntry::builder().event_bus_name(&self.name).source(SOURCE);
        Ok(entry.detail_type(kind).detail(detail.to_string()).build())
    }
}

#[async_trait]
impl Events for Bus {
    async fn publish(&self, events: &[Event]) -> Result<(), EventsError> {
        for events in events.chunks(AT_ONCE) {
            let entries = events.iter().map(|event| self.entry(event)).collect::<Result<Vec<_>, _>>()?;
            let answer = self.client.put_events().set_entries(Some(entries)).send().await;
            let answer = answer.map_err(|error| EventsError(told(&error)))?;
            if answer.failed_entry_count() > 0 {
                let codes: BTreeSet<_> = answer.entries().iter().filter_map(|entry| entry.error_code()).collect();
                let codes = codes.into_iter().collect::<Vec<_>>().join(", ");
                return Err(EventsError(format!("{} of {}: {codes}", answer.failed_entry_count(), events.len())));
            }
        }
        Ok(())
    }
}

/// Takes an event apart as its serde form names the parts: detail type and detail.
fn envelope(event: &Event) -> Result<(String, Value), EventsError> {
    let unfit = || EventsError("an event has no detail type".to_owned());
    let Ok(Value::Object(mut parts)) = serde_json::to_value(event) else { return Err(unfit()) };
    let Some(Value::String(kind)) = parts.remove("detail-type") else { return Err(unfit()) };
    Ok((kind, parts.remove("detail").unwrap_or_else(|| Value::Object(serde_json::Map::new()))))
}

#[cfg(test)]
mod tests {
    use aws_sdk_eventbridge::config::{BehaviorVersion, Config, Region};

    use super::*;
    use crate::canned::Canned;

    fn bus(canned: &Canned) -> Bus {
        let config = Config::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("eu-west-1"));
        Bus::new(Client::from_conf(config.allow_no_auth().http_client(canned.clone()).build()), "events")
    }

    fn events(count: usize) -> Vec<Event> {
        vec![Event::WritebackPending { org: "eu-20061234567".parse().unwrap() }; count]
    }

    #[tokio::test]
    async fn ten_events_go_at_once() {
        let canned = Canned::new(|| Ok((200, "", r#"{"FailedEntryCount":0,"Entries":[]}"#)));
        bus(&canned).publish(&events(21)).await.unwrap();
        let entries: Vec<_> = canned.asked().iter().map(|asked| asked["Entries"].as_array().unwrap().len()).collect();
        assert_eq!(entries, [10, 10, 1]);
        assert_eq!(canned.asked()[2]["Entries"][0]["Source"], "sales-assistant");
        assert_eq!(canned.asked()[2]["Entries"][0]["Detail"], r#"{"org":"eu-20061234567"}"#);
    }

    #[tokio::test]
    async fn a_half_taken_request_is_an_error() {
        const HALF: &str = r#"{"FailedEntryCount":1,"Entries":[{"EventId":"1"},{"ErrorCode":"ThrottlingException"}]}"#;
        let canned = Canned::new(|| Ok((200, "", HALF)));
        let error = bus(&canned).publish(&events(2)).await.unwrap_err();
        assert_eq!(error.0, "1 of 2: ThrottlingException");
    }

    #[test]
    fn an_event_becomes_detail_type_and_detail() {
        let event = Event::WritebackPending { org: "eu-20061234567".parse().unwrap() };
        let (kind, detail) = envelope(&event).unwrap();
        assert_eq!(kind, "WritebackPending");
        assert_eq!(detail, serde_json::json!({ "org": "eu-20061234567" }));
        let whole = serde_json::json!({ "detail-type": kind, "detail": detail });
        assert_eq!(serde_json::from_value::<Event>(whole).unwrap(), event, "a consumer reads it back");
    }
}
