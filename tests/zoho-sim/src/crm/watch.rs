//! `/actions/watch`: opening, renewing, reading and closing notification channels.
//!
//! Two rules surprise everybody: an expiry more than a week away (or none) silently becomes one hour, and renewing a
//! channel that has expired is an error, `NOT_SUBSCRIBED`, never a new subscription.

use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::Url;

use super::{Caller, paging, validate::id_of, write::items};
use crate::{
    reply::{Answer, Outcome, Refusal, batch, done},
    request::Request,
    times,
    world::{Channel, World},
};

const WEEK_SECS: i64 = 7 * 24 * 60 * 60;
const DEFAULT_SECS: i64 = 60 * 60;
const MOST_CHANNELS: usize = 100;
const TOKEN_CHARS: usize = 50;
const MOST_SELECTIONS: usize = 2;
const MOST_CONDITION_FIELDS: usize = 10;

pub(super) fn answer(world: &mut World, caller: &Caller, request: &Request) -> Outcome {
    let (operation, handle): (_, fn(&mut World, &Caller, &Request) -> Outcome) = match request.method {
        Method::POST => ("CREATE", open),
        Method::PUT | Method::PATCH => ("UPDATE", change),
        Method::GET => ("READ", list),
        Method::DELETE => ("DELETE", close),
        _ => return Err(Refusal::method()),
    };
    caller.needs(&format!("ZohoCRM.notifications.{operation}"))?;
    handle(world, caller, request)
}

fn not_subscribed() -> Refusal {
    let message = "Not subscribed for actions-watch of the given channel";
    Refusal::bad("NOT_SUBSCRIBED", message, json!({}))
}

fn open(world: &mut World, caller: &Caller, request: &Request) -> Outcome {
    let body = request.json()?;
    let mut results = Vec::new();
    for (n, item) in items(&body, "watch", MOST_CHANNELS)?.iter().enumerate() {
        let parsed = Parsed::new(world, item, &format!("$.watch[{n}]"));
        results.push(parsed.and_then(|parsed| {
            let channel = parsed.complete(world, caller)?;
            let shown = subscribed(world, &channel);
            forget(world, caller, &channel.id);
            world.notifications.channels.push(channel);
            Ok(done("Successfully subscribed for actions-watch of the given module", shown))
        }));
    }
    Ok(batch("watch", 201, results))
}

/// PUT replaces a channel, PATCH changes what it names; both need a channel that has not expired.
fn change(world: &mut World, caller: &Caller, request: &Request) -> Outcome {
    let body = request.json()?;
    let mut results = Vec::new();
    for (n, item) in items(&body, "watch", MOST_CHANNELS)?.iter().enumerate() {
        let result = Parsed::new(world, item, &format!("$.watch[{n}]")).and_then(|parsed| {
            let at = position(world, caller, &parsed.id).ok_or_else(not_subscribed)?;
            if request.method == Method::PUT {
                let channel = parsed.complete(world, caller)?;
                let shown = subscribed(world, &channel);
                world.notifications.channels[at] = channel;
                return Ok(done("Successfully subscribed for actions-watch of the given module", shown));
            }
            let removing = parsed.removing;
            let now = world.now;
            parsed.patch(&mut world.notifications.channels[at], now);
            let channel = world.notifications.channels[at].clone();
            if channel.events.is_empty() {
                world.notifications.channels.remove(at);
            }
            let shown = subscribed(world, &channel);
            let message = if removing { "removed" } else { "updated" };
            Ok(done(&format!("Successfully {message} the subscribe details"), shown))
        });
        results.push(result);
    }
    Ok(batch("watch", 200, results))
}

fn list(world: &mut World, caller: &Caller, request: &Request) -> Outcome {
    let (id, module) = (request.query("channel_id"), request.query("module"));
    let mine = |channel: &&Channel| {
        channel.user == caller.user && channel.expiry > world.now && id.is_none_or(|id| id == channel.id)
    };
    let mut entries = Vec::new();
    for channel in world.notifications.channels.iter().filter(mine) {
        let wanted = |name: &&str| module.is_none_or(|module| module == *name);
        entries.extend(channel.modules().into_iter().filter(wanted).map(|name| listed(world, channel, name)));
    }
    if entries.is_empty() {
        return Ok(Answer::nothing());
    }
    let (entries, info) = paging::page(world, caller, request, entries)?;
    let info = paging::without_tokens(&info);
    Ok(Answer::json(200, json!({"watch": entries, "info": info})))
}

fn close(world: &mut World, caller: &Caller, request: &Request) -> Outcome {
    let ids = request.query_list("channel_ids");
    if ids.is_empty() {
        return Err(Refusal::missing_parameter("channel_ids"));
    }
    let mut results = Vec::new();
    for id in ids {
        let Some(at) = position(world, caller, &id) else {
            results.push(Err(not_subscribed()));
            continue;
        };
        let channel = world.notifications.channels.remove(at);
        let module = channel.modules().first().copied().unwrap_or_default().to_owned();
        let details = json!({
            "resource_uri": world.resource_uri(&module), "resource_id": resource_id(world, &module), "channel_id": id,
        });
        results.push(Ok(done("Successfully un-subscribed from actions-watch", details)));
    }
    Ok(batch("watch", 200, results))
}

/// A channel's place, while it has not expired. Channels belong to the user who opened them.
fn position(world: &World, caller: &Caller, id: &str) -> Option<usize> {
    let fits = |channel: &Channel| channel.user == caller.user && channel.id == id && channel.expiry > world.now;
    world.notifications.channels.iter().position(fits)
}

fn forget(world: &mut World, caller: &Caller, id: &str) {
    world.notifications.channels.retain(|channel| channel.user != caller.user || channel.id != id);
}

fn resource_id(world: &World, module: &str) -> String {
    world.module(module).map_or_else(|| world.org_record_id.clone(), |module| module.id.clone())
}

fn subscribed(world: &World, channel: &Channel) -> Value {
    let entry = |module: &str| {
        json!({
            "channel_expiry": world.time(channel.expiry), "resource_uri": world.resource_uri(module),
            "resource_id": resource_id(world, module), "resource_name": module, "channel_id": channel.id,
        })
    };
    json!({"events": channel.modules().into_iter().map(entry).collect::<Vec<_>>()})
}

fn listed(world: &World, channel: &Channel, module: &str) -> Value {
    let of_module = |event: &&String| event.split('.').next() == Some(module);
    let condition = channel.condition.as_array().filter(|list| !list.is_empty());
    json!({
        "channel_id": channel.id, "channel_expiry": world.time(channel.expiry), "notify_url": channel.notify_url,
        "resource_uri": world.resource_uri(module), "resource_id": resource_id(world, module), "resource_name": module,
        "events": channel.events.iter().filter(of_module).collect::<Vec<_>>(), "token": channel.token, "fields": null,
        "return_affected_field_values": channel.with_values, "notify_on_related_action": channel.on_related,
        "notification_condition": condition,
    })
}

/// One item of `watch[]`, checked but perhaps incomplete.
struct Parsed {
    path: String,
    id: String,
    events: Option<Vec<String>>,
    notify_url: Option<String>,
    /// The outer option says whether the item named it.
    token: Option<Option<String>>,
    expiry: Option<Timestamp>,
    with_values: Option<bool>,
    on_related: Option<bool>,
    condition: Option<Value>,
    removing: bool,
}

impl Parsed {
    fn new(world: &World, item: &Value, path: &str) -> Result<Self, Refusal> {
        let given = item.as_object().ok_or_else(|| Refusal::invalid("watch", "jsonobject", path.to_owned()))?;
        let at = |name: &str| format!("{path}.{name}");
        let wrong = |name: &str, expected: &str| Refusal::invalid(name, expected, at(name));
        let present = |name: &str| given.get(name).filter(|value| !value.is_null());
        let flag = |name: &str| present(name).map(|v| v.as_bool().ok_or_else(|| wrong(name, "boolean"))).transpose();
        let id = present("channel_id").ok_or_else(|| Refusal::missing("channel_id", at("channel_id")))?;
        let id = id_of(id).filter(|id| id.bytes().any(|b| b != b'0')).ok_or_else(|| wrong("channel_id", "bigint"))?;
        let events = present("events").map(|value| events(world, value).ok_or_else(|| wrong("events", "jsonarray")));
        let url = |value: &Value| {
            let text = value.as_str().ok_or_else(|| wrong("notify_url", "website"))?;
            let parsed = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            parsed.map(|_| text.to_owned()).ok_or_else(|| wrong("notify_url", "website"))
        };
        let token = |value: &Value| match value {
            Value::Null => Ok(None),
            Value::String(text) if text.chars().count() <= TOKEN_CHARS => Ok(Some(text.clone())),
            Value::String(_) => Err(Refusal::too_long("token", TOKEN_CHARS, at("token"))),
            _ => Err(wrong("token", "text")),
        };
        let expiry =
            |value: &Value| value.as_str().and_then(times::parse).ok_or_else(|| wrong("channel_expiry", "datetime"));
        let condition = |value: &Value| {
            if condition_fits(value) { Ok(value.clone()) } else { Err(wrong("notification_condition", "jsonarray")) }
        };
        Ok(Self {
            path: path.to_owned(),
            id,
            events: events.transpose()?,
            notify_url: present("notify_url").map(url).transpose()?,
            token: given.get("token").map(token).transpose()?,
            expiry: present("channel_expiry").map(expiry).transpose()?,
            with_values: flag("return_affected_field_values")?,
            on_related: flag("notify_on_related_action")?,
            condition: present("notification_condition").map(condition).transpose()?,
            removing: flag("_delete_events")?.unwrap_or(false),
        })
    }

    /// A whole channel, what was not said at its default.
    fn complete(self, world: &World, caller: &Caller) -> Result<Channel, Refusal> {
        let missing = |name: &str| Refusal::missing(name, format!("{}.{name}", self.path));
        Ok(Channel {
            id: self.id,
            user: caller.user.clone(),
            scopes: caller.scopes.clone(),
            events: self.events.ok_or_else(|| missing("events"))?,
            notify_url: self.notify_url.ok_or_else(|| missing("notify_url"))?,
            token: self.token.flatten(),
            expiry: granted(world.now, self.expiry),
            with_values: self.with_values.unwrap_or(false),
            on_related: self.on_related.unwrap_or(true),
            condition: self.condition.unwrap_or(Value::Null),
        })
    }

    fn patch(self, channel: &mut Channel, now: Timestamp) {
        if self.removing {
            let removed = self.events.unwrap_or_default();
            channel.events.retain(|event| !removed.contains(event));
            return;
        }
        if let Some(events) = self.events {
            channel.events = events;
        }
        if let Some(url) = self.notify_url {
            channel.notify_url = url;
        }
        if let Some(token) = self.token {
            channel.token = token;
        }
        if self.expiry.is_some() {
            channel.expiry = granted(now, self.expiry);
        }
        channel.with_values = self.with_values.unwrap_or(channel.with_values);
        channel.on_related = self.on_related.unwrap_or(channel.on_related);
        channel.condition = self.condition.unwrap_or(std::mem::take(&mut channel.condition));
    }
}

/// What was asked for, if it lies within the coming week; an hour otherwise.
fn granted(now: Timestamp, asked: Option<Timestamp>) -> Timestamp {
    let latest = times::plus_secs(now, WEEK_SECS);
    let granted = asked.filter(|at| *at > now && *at <= latest);
    times::whole_second(granted.unwrap_or_else(|| times::plus_secs(now, DEFAULT_SECS)))
}

/// `Contacts.edit`, `users.all`: a watchable module and what may happen to it.
fn events(world: &World, value: &Value) -> Option<Vec<String>> {
    let list = value.as_array().filter(|list| !list.is_empty())?;
    let valid = |event: &Value| {
        let (module, kind) = event.as_str()?.split_once('.')?;
        let known = module == "users" || world.module(module).is_some_and(|module| module.watchable());
        let kinds: &[&str] = if module == "users" { &["all"] } else { &["create", "edit", "delete", "all"] };
        (known && kinds.contains(&kind)).then(|| format!("{module}.{kind}"))
    };
    list.iter().map(valid).collect()
}

/// At most two selections side by side, ten fields in all, each named by api_name and id.
fn condition_fits(value: &Value) -> bool {
    fn fields(selection: &Map<String, Value>, depth: usize) -> Option<usize> {
        if let Some(group) = selection.get("group").and_then(Value::as_array) {
            let operator = selection.get("group_operator")?.as_str()?;
            if depth == 0 || !matches!(operator, "and" | "or") || group.len() > MOST_SELECTIONS {
                return None;
            }
            return group.iter().map(|part| fields(part.as_object()?, depth - 1)).sum();
        }
        named(selection.get("field")?).then_some(1)
    }
    fn named(value: &Value) -> bool {
        value["api_name"].is_string() && value.get("id").and_then(id_of).is_some()
    }
    let Some(list) = value.as_array() else { return false };
    list.iter().all(|condition| {
        let selection = condition["field_selection"].as_object();
        let count = selection.and_then(|selection| fields(selection, MOST_CONDITION_FIELDS));
        condition["type"] == "field_selection"
            && named(&condition["module"])
            && count.is_some_and(|n| (1..=MOST_CONDITION_FIELDS).contains(&n))
    })
}
