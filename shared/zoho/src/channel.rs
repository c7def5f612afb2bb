//! Notification channels.

use app::ports::{ChannelGrant, ChannelRequest, CrmError};
use domain::Module;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::{Refusal, unreadable};
use crate::http::Line;
use crate::request::{Kind, Request};
use crate::wire;

/// Renews the channel, or opens it where there is none (any more). Either may be repeated: the channel's id is ours.
pub(crate) async fn open(line: &mut Line<'_>, channel: &ChannelRequest) -> Result<ChannelGrant, CrmError> {
    let body = body(channel);
    let result = match watch(line, Method::PATCH, &body).await? {
        Err(refusal) if refusal.code == "NOT_SUBSCRIBED" => watch(line, Method::POST, &body).await?,
        result => result,
    };
    let details = result.map_err(|refusal| refusal.into_error(Kind::Idempotent))?;
    granted(&details).map(|expires| ChannelGrant { expires }).ok_or_else(|| unreadable("the channel's expiry"))
}

/// Closes the channel if it is open.
pub(crate) async fn close(line: &mut Line<'_>, channel_id: &str) -> Result<(), CrmError> {
    let request = Request::delete("notifications", ["actions", "watch"]).query("channel_ids", channel_id);
    match line.send(&request).await?.result("watch") {
        Err(refusal) if refusal.code == "NOT_SUBSCRIBED" => Ok(()),
        result => result.map(drop).map_err(|refusal| refusal.into_error(Kind::Idempotent)),
    }
}

async fn watch(line: &mut Line<'_>, method: Method, body: &Value) -> Result<Result<Value, Refusal>, CrmError> {
    let request = Request::send(method, Kind::Idempotent, "notifications", ["actions", "watch"], body.clone());
    Ok(line.send(&request).await?.result("watch"))
}

/// A note or task on a record must not notify, which by default it does: we write notes ourselves.
fn body(channel: &ChannelRequest) -> Value {
    let events: Vec<_> = Module::ALL
        .iter()
        .flat_map(|module| ["create", "edit", "delete"].map(|event| format!("{module}.{event}")))
        .collect();
    json!({"watch": [{
        "channel_id": channel.channel_id,
        "events": events,
        "channel_expiry": wire::time(channel.expires),
        "token": channel.token,
        "notify_url": channel.notify_url,
        "notify_on_related_action": false,
        "return_affected_field_values": false,
    }]})
}

/// The earliest expiry granted: each module has its own.
fn granted(details: &Value) -> Option<Timestamp> {
    let events = details.get("events")?.as_array()?;
    events.iter().map(|event| event.get("channel_expiry")?.as_str()?.parse().ok()).min().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_expiry_counts() {
        let details = |times: &[&str]| {
            let events: Vec<_> = times.iter().map(|time| json!({"channel_expiry": time})).collect();
            granted(&json!({ "events": events })).map(|time| time.to_string())
        };
        let times = ["2026-01-22T09:00:00+00:00", "2026-01-15T11:30:00+01:00"];
        assert_eq!(details(&times).as_deref(), Some("2026-01-15T10:30:00Z"));
        assert_eq!(details(&[times[0], "soon"]), None, "an unknown expiry may be the earliest");
        assert_eq!(details(&[]), None);
    }
}
