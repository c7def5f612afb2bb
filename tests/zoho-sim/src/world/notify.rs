//! Notification channels and the callbacks they owe.
//!
//! What happens during one call is collected and turned into callbacks when the call ends: one per channel, module
//! and operation, so a mass update arrives as one callback with several ids. Whoever made the change, the channel
//! hears of it; the integration's own writes echo.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::Url;

use super::{Change, World};
use crate::{Callback, times};

/// How long a reordered callback is held back, and the most by which a duplicate follows its original.
const HELD_BACK_MS: i64 = 3_000;
const DUPLICATE_WITHIN_MS: u64 = 2_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Insert,
    Update,
    Delete,
}

impl Operation {
    /// As the callback names it.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Insert => "insert",
            Operation::Update => "update",
            Operation::Delete => "delete",
        }
    }
    /// As the subscription names it.
    fn event(self) -> &'static str {
        match self {
            Operation::Insert => "create",
            Operation::Update => "edit",
            Operation::Delete => "delete",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub id: String,
    pub user: String,
    /// Scopes of the token that opened it: without READ on a module it hears nothing of it.
    pub scopes: Vec<String>,
    pub events: Vec<String>,
    pub notify_url: String,
    pub token: Option<String>,
    pub expiry: Timestamp,
    pub with_values: bool,
    pub on_related: bool,
    /// As given; checked when the channel was opened.
    pub condition: Value,
}

impl Channel {
    pub fn modules(&self) -> BTreeSet<&str> {
        self.events.iter().filter_map(|event| event.split_once('.')).map(|(module, _)| module).collect()
    }

    fn wants(&self, happening: &Happening) -> bool {
        let wanted = |event: &String| {
            let (module, kind) = event.split_once('.').unwrap_or_default();
            module == happening.module && (kind == "all" || kind == happening.operation.event())
        };
        self.events.iter().any(wanted)
            && (self.on_related || !happening.related)
            && (happening.related || happening.operation != Operation::Update || self.condition_met(happening))
    }

    /// A condition on a module lets an update through only when the selected fields changed.
    fn condition_met(&self, happening: &Happening) -> bool {
        let conditions = self.condition.as_array().into_iter().flatten();
        let mut of_module = conditions.filter(|c| c["module"]["api_name"] == happening.module.as_str()).peekable();
        of_module.peek().is_none() || of_module.any(|c| selected(&c["field_selection"], happening))
    }
}

/// Evaluates `{group_operator, group:[…]}` or `{field:{api_name}}` over the changed fields. The nesting was limited
/// when the channel was opened.
fn selected(selection: &Value, happening: &Happening) -> bool {
    let Some(group) = selection["group"].as_array() else {
        return happening.changes.iter().any(|change| selection["field"]["api_name"] == change.field.as_str());
    };
    if selection["group_operator"] == "and" {
        group.iter().all(|part| selected(part, happening))
    } else {
        group.iter().any(|part| selected(part, happening))
    }
}

/// Something that happened to one record.
#[derive(Clone, Debug)]
struct Happening {
    operation: Operation,
    module: String,
    id: String,
    changes: Vec<Change>,
    /// It happened to a note of the record, not to the record.
    related: bool,
}

/// What became of a callback.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub at: Timestamp,
    pub channel: String,
    pub module: String,
    pub operation: &'static str,
    pub ids: Vec<String>,
    /// `queued`, then `delivered`, `duplicated` or `failed`; `lost` at once.
    pub outcome: &'static str,
    pub copy: bool,
    pub status: Option<u16>,
    pub error: Option<String>,
}

#[derive(Clone, Default)]
pub(crate) struct Notifications {
    pub channels: Vec<Channel>,
    /// Every callback there ever was; a [`Callback::id`] is its index.
    pub sent: Vec<Delivery>,
    queue: BTreeMap<(Timestamp, usize), Callback>,
    happenings: Vec<Happening>,
}

impl Notifications {
    pub fn forget_happenings(&mut self) {
        self.happenings.clear();
    }

    pub fn next_due(&self) -> Option<Timestamp> {
        self.queue.keys().next().map(|(due, _)| *due)
    }

    /// Takes what is due, oldest first, and counts it as delivered until told otherwise.
    pub fn take_due(&mut self, now: Timestamp) -> Vec<Callback> {
        let mut due = Vec::new();
        while let Some(first) = self.queue.first_entry()
            && first.key().0 <= now
        {
            let callback = first.remove();
            if let Some(delivery) = self.sent.get_mut(callback.id) {
                delivery.outcome = if delivery.copy { "duplicated" } else { "delivered" };
            }
            due.push(callback);
        }
        due
    }
}

impl World {
    pub(super) fn happened(&mut self, operation: Operation, module: &str, id: &str, changes: Vec<Change>) {
        let (module, id) = (module.to_owned(), id.to_owned());
        self.notifications.happenings.push(Happening { operation, module, id, changes, related: false });
    }

    /// A note came, changed or went on a record.
    pub fn happened_nearby(&mut self, module: &str, id: &str) {
        let (module, id) = (module.to_owned(), id.to_owned());
        let changes = Vec::new();
        self.notifications.happenings.push(Happening {
            operation: Operation::Update,
            module,
            id,
            changes,
            related: true,
        });
    }

    pub fn happened_to_user(&mut self, operation: Operation, id: &str) {
        self.happened(operation, "users", id, Vec::new());
    }

    /// Turns what happened since the last time into callbacks, faults included.
    pub fn queue_callbacks(&mut self) {
        let happenings = std::mem::take(&mut self.notifications.happenings);
        if happenings.is_empty() {
            return;
        }
        let channels: Vec<Channel> =
            self.notifications.channels.iter().filter(|channel| channel.expiry > self.now).cloned().collect();
        for channel in &channels {
            let heard = happenings.iter().filter(|h| channel.wants(h) && self.may_hear(channel, &h.module));
            let mut groups: Vec<Vec<&Happening>> = Vec::new();
            for happening in heard {
                let same = |group: &&mut Vec<&Happening>| {
                    let first = group[0];
                    (first.operation, &first.module, first.related)
                        == (happening.operation, &happening.module, happening.related)
                };
                match groups.iter_mut().find(same) {
                    Some(group) => group.push(happening),
                    None => groups.push(vec![happening]),
                }
            }
            for group in groups {
                self.queue_callback(channel, &group);
            }
        }
    }

    fn may_hear(&self, channel: &Channel, module: &str) -> bool {
        let alive = self.user(&channel.user).is_some_and(|user| user.usable());
        let scope = match self.module(module) {
            Some(module) => format!("ZohoCRM.modules.{}.READ", module.scope()),
            None => "ZohoCRM.users.READ".to_owned(),
        };
        alive && crate::accounts::grants(&channel.scopes, &scope)
    }

    fn queue_callback(&mut self, channel: &Channel, group: &[&Happening]) {
        let (operation, module) = (group[0].operation, group[0].module.clone());
        let mut ids: Vec<String> = Vec::new();
        for happening in group {
            if !ids.contains(&happening.id) {
                ids.push(happening.id.clone());
            }
        }
        let body = self.callback_body(channel, group, &ids);
        let delivery = Delivery {
            at: self.now,
            channel: channel.id.clone(),
            module,
            operation: operation.name(),
            ids,
            outcome: "queued",
            copy: false,
            status: None,
            error: None,
        };
        let url = channel.notify_url.as_str();
        let mut strikes = |fault| self.faults.strike_callback(&mut self.rng, fault, url);
        if strikes("lost_notifications") {
            self.notifications.sent.push(Delivery { outcome: "lost", ..delivery });
            return;
        }
        let held_back = if strikes("reorder_notifications") { HELD_BACK_MS } else { 0 };
        let duplicated = strikes("duplicate_notifications");
        let late = i64::try_from(self.faults.delay_notifications_ms.unwrap_or(0)).unwrap_or(i64::MAX);
        let due = times::plus_ms(self.now, late.saturating_add(held_back));
        self.enqueue(url, &body, due, delivery.clone());
        if duplicated {
            let behind = i64::try_from(self.rng.below(DUPLICATE_WITHIN_MS)).unwrap_or(0);
            self.enqueue(url, &body, times::plus_ms(due, behind), Delivery { copy: true, ..delivery });
        }
    }

    fn enqueue(&mut self, url: &str, body: &Value, due: Timestamp, delivery: Delivery) {
        let id = self.notifications.sent.len();
        self.notifications.sent.push(delivery);
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let callback = Callback { id, url: url.to_owned(), body: body.to_string(), headers, due };
        self.notifications.queue.insert((due, id), callback);
    }

    fn callback_body(&self, channel: &Channel, group: &[&Happening], ids: &[String]) -> Value {
        let (module, operation) = (&group[0].module, group[0].operation);
        let query: Map<String, Value> = Url::parse(&channel.notify_url)
            .map(|url| url.query_pairs().map(|(k, v)| (k.into_owned(), Value::from(v.into_owned()))).collect())
            .unwrap_or_default();
        let changes_of = |id: &String| {
            group.iter().filter(move |h| h.id == *id).flat_map(|h| h.changes.iter()).collect::<Vec<&Change>>()
        };
        let names = |id: &String| changes_of(id).iter().map(|c| c.field.as_str()).collect::<BTreeSet<&str>>();
        let mut affected_fields = Vec::new();
        if operation == Operation::Update && !group[0].related {
            affected_fields.extend(ids.iter().map(|id| json!({id: names(id)})));
        }
        let mut body = json!({
            "server_time": self.now.as_millisecond(), "query_params": query, "module": module,
            "resource_uri": self.resource_uri(module), "ids": ids, "affected_fields": affected_fields,
            "operation": operation.name(), "channel_id": channel.id, "token": channel.token,
        });
        if channel.with_values {
            let values = |id: &String| -> Map<String, Value> {
                changes_of(id).iter().map(|change| (change.field.clone(), self.hint(change))).collect()
            };
            body["affected_values"] = ids.iter().map(|id| json!({"record_id": id, "values": values(id)})).collect();
        }
        body
    }

    /// A changed value as the callback shows it: owners as `{id}`, the rest as stored.
    fn hint(&self, change: &Change) -> Value {
        if change.field == "Owner" { json!({"id": change.new}) } else { change.new.clone() }
    }

    pub fn resource_uri(&self, module: &str) -> String {
        format!("{}/crm/v8/{module}", self.places.base_url(&self.places.home))
    }
}
