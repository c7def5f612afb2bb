//! `GET /{module}/{id}/__timeline`: who changed what, and the only place that tells a record's previous owner.

use serde_json::{Value, json};

use super::{Caller, existing, paging};
use crate::{
    TimelineOwner,
    reply::{Answer, Outcome, Refusal},
    request::Request,
    world::{Change, DataType, Entry, Module, World},
};

pub(super) fn timeline(world: &mut World, caller: &Caller, request: &Request, module: &Module, id: &str) -> Outcome {
    caller.needs_module(&module.api_name, "READ")?;
    if let Err(absent) = existing(world, module, id) {
        return absent.outcome();
    }
    let mut entries: Vec<Entry> = world.history.get(id).cloned().unwrap_or_default();
    match request.query("sort_order").unwrap_or("desc") {
        "desc" => entries.reverse(),
        "asc" => {}
        _ => return Err(Refusal::parameter("sort_order")),
    }
    let (entries, mut info) = paging::page(world, caller, request, entries)?;
    info.as_object_mut().and_then(|info| info.remove("page_token_expiry"));
    let inner = request.query("include_inner_details").unwrap_or("");
    let shown: Vec<Value> = entries.iter().map(|entry| shown(world, module, id, entry, inner)).collect();
    if shown.is_empty() {
        return Ok(Answer::nothing());
    }
    Ok(Answer::json(200, json!({"__timeline": shown, "info": info})))
}

fn shown(world: &World, module: &Module, record: &str, entry: &Entry, inner: &str) -> Value {
    let changes: Vec<Value> =
        entry.changes.iter().filter_map(|change| field_history(world, module, change, inner)).collect();
    json!({
        "id": entry.id, "action": entry.action, "audited_time": world.time(entry.at), "source": entry.through.source(),
        "type": null, "extension": null, "done_by": world.user_ref(&entry.by),
        "record": {"module": module.reference(), "name": world.record_name(&module.api_name, record), "id": record},
        "related_record": null, "automation_details": null,
        "field_history": if changes.is_empty() { Value::Null } else { Value::Array(changes) },
    })
}

fn field_history(world: &World, module: &Module, change: &Change, inner: &str) -> Option<Value> {
    let field = module.field(&change.field)?;
    let value = |stored: &Value| history_value(world, field.kind, stored);
    let mut shown = json!({
        "api_name": field.api_name, "id": field.id, "_value": {"old": value(&change.old), "new": value(&change.new)},
    });
    if inner.contains("field_history.field_label") {
        shown["field_label"] = json!(field.label);
    }
    if inner.contains("field_history.data_type") {
        shown["data_type"] = json!(field.kind.wire());
    }
    Some(shown)
}

/// Old and new values are strings, whatever the field holds.
fn history_value(world: &World, kind: DataType, stored: &Value) -> Value {
    match (kind, stored) {
        (_, Value::Null) => Value::Null,
        (DataType::Owner, Value::String(id)) if world.timeline_owner == TimelineOwner::Names => {
            Value::from(world.user_name(id))
        }
        (DataType::Lookup, Value::String(id)) => {
            let name = world.module_of(id).map(|module| world.record_name(module, id)).unwrap_or_default();
            Value::from(name)
        }
        (_, Value::String(text)) => Value::from(text.as_str()),
        (_, other) => Value::from(other.to_string()),
    }
}
