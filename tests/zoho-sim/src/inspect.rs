//! The organisation laid open: what a test asserts on and a demo shows.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    Simulator,
    crm::parent_of,
    world::{Entry, World},
};

/// Which part of the state to show.
#[derive(Clone, Debug, Default)]
pub struct StateQuery {
    /// Only what happened at or after this instant.
    pub since: Option<Timestamp>,
    /// Only these parts (top-level keys); all when empty.
    pub only: Vec<String>,
}

impl Simulator {
    /// The state as JSON, as `GET /_sim/state` serves it.
    pub fn state(&self, query: &StateQuery) -> Value {
        self.act(|world| state(world, query))
    }
}

pub(crate) fn state(world: &mut World, query: &StateQuery) -> Value {
    let now = world.now;
    let credits = world.meter.used(now);
    let world = &*world;
    let recent = |at: Timestamp| query.since.is_none_or(|since| at >= since);
    let parts: [(&str, &dyn Fn() -> Value); 14] = [
        ("now", &|| json!(world.time(now))),
        ("users", &|| users(world)),
        ("records", &|| records(world, &recent)),
        ("notes", &|| notes(world, &recent)),
        ("emails", &|| emails(world, &recent)),
        ("owner_history", &|| owner_history(world, &recent)),
        ("notifications", &|| notifications(world, &recent)),
        ("channels", &|| channels(world)),
        ("fields", &|| fields(world)),
        ("credits_used", &|| json!(credits)),
        ("credits_ever", &|| json!(world.meter.ever)),
        ("calls", &|| json!(world.meter.calls)),
        ("tokens", &|| tokens(world)),
        ("faults", &|| json!(world.faults)),
    ];
    let wanted = |name: &str| query.only.is_empty() || query.only.iter().any(|only| only == name);
    let shown: Map<String, Value> =
        parts.iter().filter(|(name, _)| wanted(name)).map(|(name, show)| ((*name).to_owned(), show())).collect();
    Value::Object(shown)
}

fn users(world: &World) -> Value {
    let shown = |user: &crate::world::User| {
        json!({
            "id": user.id, "full_name": user.full_name(), "email": user.email, "admin": user.admin,
            "active": user.active, "confirmed": user.confirmed, "deleted": user.deleted, "location": user.location,
        })
    };
    world.users.iter().map(shown).collect()
}

fn records(world: &World, recent: &dyn Fn(Timestamp) -> bool) -> Value {
    let mut modules = Map::new();
    for module in world.modules.iter().filter(|module| module.api_name != "Notes") {
        let table = world.tables.get(&module.api_name);
        let records = table.into_iter().flat_map(|t| t.records.values()).filter(|record| recent(record.modified));
        let shown = records.map(|record| {
            let mut shown = world.whole_record(module, record);
            shown["$converted"] = json!(record.converted);
            shown
        });
        modules.insert(module.api_name.clone(), shown.collect());
    }
    Value::Object(modules)
}

fn notes(world: &World, recent: &dyn Fn(Timestamp) -> bool) -> Value {
    let table = world.tables.get("Notes");
    let notes = table.into_iter().flat_map(|t| t.records.values()).filter(|note| recent(note.modified));
    let shown = |note: &crate::world::Record| {
        let (module, record) = parent_of(&note.get("Parent_Id")).unzip();
        json!({
            "id": note.id, "module": module, "record": record, "title": note.get("Note_Title"),
            "content": note.get("Note_Content"), "at": world.time(note.created), "by": note.created_by,
        })
    };
    notes.map(shown).collect()
}

fn emails(world: &World, recent: &dyn Fn(Timestamp) -> bool) -> Value {
    let shown = |email: &crate::world::Email| {
        json!({
            "message_id": email.message_id, "original_message_id": email.original_message_id, "module": email.module,
            "record": email.record_id, "sent": email.sent, "time": world.time(email.at), "by": email.owner,
            "at": world.time(email.recorded), "through": if email.through_crm { "send_mail" } else { "associate" },
            "email": email.fields,
        })
    };
    world.emails.iter().filter(|email| recent(email.recorded)).map(shown).collect()
}

fn owner_history(world: &World, recent: &dyn Fn(Timestamp) -> bool) -> Value {
    let changes = |entry: &Entry| -> Vec<Value> {
        let owners = entry.changes.iter().filter(|change| change.field == "Owner");
        let shown = owners.map(|change| {
            json!({
                "at": world.time(entry.at), "module": entry.module, "from": change.old, "to": change.new,
                "by": entry.by, "through": entry.through.name(),
            })
        });
        shown.collect()
    };
    let mut histories = Map::new();
    for (record, entries) in &world.history {
        let moves: Vec<Value> = entries.iter().filter(|entry| recent(entry.at)).flat_map(changes).collect();
        if !moves.is_empty() {
            histories.insert(record.clone(), Value::Array(moves));
        }
    }
    Value::Object(histories)
}

fn notifications(world: &World, recent: &dyn Fn(Timestamp) -> bool) -> Value {
    let shown = |delivery: &crate::world::Delivery| {
        json!({
            "at": delivery.at.to_string(), "channel": delivery.channel, "module": delivery.module,
            "operation": delivery.operation, "ids": delivery.ids, "outcome": delivery.outcome,
            "status": delivery.status, "error": delivery.error,
        })
    };
    world.notifications.sent.iter().filter(|delivery| recent(delivery.at)).map(shown).collect()
}

fn channels(world: &World) -> Value {
    let shown = |channel: &crate::world::Channel| {
        json!({
            "channel_id": channel.id, "user": channel.user, "events": channel.events, "notify_url": channel.notify_url,
            "expiry": world.time(channel.expiry), "expired": channel.expiry <= world.now,
            "notify_on_related_action": channel.on_related, "return_affected_field_values": channel.with_values,
        })
    };
    world.notifications.channels.iter().map(shown).collect()
}

fn fields(world: &World) -> Value {
    let shown = |field: &crate::world::Field| {
        let offered = field.picks.iter().filter(|pick| pick.used);
        json!({
            "id": field.id, "api_name": field.api_name, "label": field.label, "data_type": field.kind.wire(),
            "custom": field.custom, "values": offered.map(|pick| pick.actual.as_str()).collect::<Vec<_>>(),
        })
    };
    let of =
        |module: &crate::world::Module| (module.api_name.clone(), module.fields.iter().map(shown).collect::<Value>());
    Value::Object(world.modules.iter().map(of).collect())
}

fn tokens(world: &World) -> Value {
    let (access, refresh) = world.accounts.live(world.now);
    json!({
        "issued": world.accounts.access_tokens_issued, "refreshes": world.accounts.refreshes, "live_access": access,
        "live_refresh": refresh,
    })
}
