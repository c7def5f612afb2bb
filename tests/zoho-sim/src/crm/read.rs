//! Lists, single records, and what was deleted.

use serde_json::{Value, json};

use super::{Caller, existing, paging};
use crate::{
    reply::{Answer, Outcome, Refusal},
    request::Request,
    times,
    world::{Deleted, Module, Record, World},
};

const MOST_FIELDS: usize = 50;

/// The `fields` parameter, without which Zoho lists nothing.
pub(super) fn fields_parameter(request: &Request) -> Result<Vec<String>, Refusal> {
    let fields = request.query_list("fields");
    match fields.len() {
        0 => Err(Refusal::missing_parameter("fields")),
        n if n > MOST_FIELDS => Err(Refusal::limit("fields", MOST_FIELDS)),
        _ => Ok(fields),
    }
}

fn modified_since(request: &Request) -> Result<Option<jiff::Timestamp>, Refusal> {
    let header = request.header("if-modified-since");
    header.map(|text| times::parse(text).ok_or_else(|| Refusal::parameter("If-Modified-Since"))).transpose()
}

/// `GET /{module}`
pub(super) fn list(world: &mut World, caller: &Caller, request: &Request, module: &Module) -> Outcome {
    caller.needs_module(&module.api_name, "READ")?;
    if module.api_name == "Notes" {
        caller.needs_admin()?;
    }
    let fields = fields_parameter(request)?;
    let since = modified_since(request)?;
    let ids = request.query_list("ids");
    let converted = request.query("converted").unwrap_or("false");
    let chosen = |record: &&Record| {
        (ids.is_empty() || ids.contains(&record.id))
            && since.is_none_or(|since| record.modified > since)
            && match converted {
                "true" => record.converted,
                "both" => true,
                _ => !record.converted,
            }
    };
    let table = world.tables.get(&module.api_name);
    let mut records: Vec<Record> = table.into_iter().flat_map(|t| t.records.values()).filter(chosen).cloned().collect();
    match request.query("sort_by").unwrap_or("id") {
        "id" => {}
        "Created_Time" => records.sort_by_key(|record| record.created),
        "Modified_Time" => records.sort_by_key(|record| record.modified),
        _ => return Err(Refusal::parameter("sort_by")),
    }
    match request.query("sort_order").unwrap_or("desc") {
        "asc" => {}
        "desc" => records.reverse(),
        _ => return Err(Refusal::parameter("sort_order")),
    }
    if records.is_empty() {
        return Ok(Answer::empty(if since.is_some() { 304 } else { 204 }));
    }
    let (records, mut info) = paging::page(world, caller, request, records)?;
    info["sort_by"] = json!(request.query("sort_by").unwrap_or("id"));
    info["sort_order"] = json!(request.query("sort_order").unwrap_or("desc"));
    let credits = if request.query("cvid").is_some() { 3 } else { 1 };
    Ok(listed(world, module, &records, &fields, info).costing(credits))
}

/// A page of records, or 204.
pub(super) fn listed(world: &World, module: &Module, records: &[Record], fields: &[String], info: Value) -> Answer {
    if records.is_empty() {
        return Answer::nothing();
    }
    let data: Vec<Value> = records.iter().map(|record| world.listed_record(module, record, fields)).collect();
    Answer::json(200, json!({"data": data, "info": info}))
}

/// `GET /{module}/{id}`
pub(super) fn get(world: &World, caller: &Caller, request: &Request, module: &Module, id: &str) -> Outcome {
    caller.needs_module(&module.api_name, "READ")?;
    let wants_converted = matches!(request.query("converted"), Some("true" | "both"));
    let record = match world.record(&module.api_name, id).filter(|record| record.converted && wants_converted) {
        Some(record) => record,
        None => match existing(world, module, id) {
            Ok(record) => record,
            Err(absent) => return absent.outcome(),
        },
    };
    if modified_since(request)?.is_some_and(|since| record.modified <= since) {
        return Ok(Answer::empty(304));
    }
    let fields = request.query_list("fields");
    let shown = if fields.is_empty() {
        world.whole_record(module, record)
    } else {
        world.listed_record(module, record, &fields)
    };
    Ok(Answer::json(200, json!({"data": [shown]})))
}

/// `GET /{module}/deleted`
pub(super) fn deleted(world: &mut World, caller: &Caller, request: &Request, module: &Module) -> Outcome {
    caller.needs_module(&module.api_name, "READ")?;
    let since = modified_since(request)?;
    let wanted: fn(&Deleted) -> bool = match request.query("type").unwrap_or("all") {
        "all" => |_| true,
        "recycle" => |deleted| !deleted.permanent,
        "permanent" => |deleted| deleted.permanent,
        _ => {
            let details = json!({"param_name": "type"});
            return Err(Refusal::bad(
                "PATTERN_NOT_MATCHED",
                "Please check whether the input values are correct",
                details,
            ));
        }
    };
    let table = world.tables.get(&module.api_name);
    let chosen = |deleted: &&Deleted| wanted(deleted) && since.is_none_or(|since| deleted.at > since);
    let gone: Vec<Deleted> = table.into_iter().flat_map(|t| t.deleted.iter().rev()).filter(chosen).cloned().collect();
    if gone.is_empty() {
        return Ok(Answer::empty(if since.is_some() { 304 } else { 204 }).costing(2));
    }
    let (gone, info) = paging::page(world, caller, request, gone)?;
    if gone.is_empty() {
        return Ok(Answer::nothing().costing(2));
    }
    let shown = |deleted: &Deleted| {
        let who = |id: &str| if deleted.permanent { Value::Null } else { world.user_ref(id) };
        let name = if deleted.permanent { Value::Null } else { json!(deleted.name) };
        json!({
            "id": deleted.id, "display_name": name, "type": if deleted.permanent { "permanent" } else { "recycle" },
            "deleted_by": who(&deleted.by), "created_by": who(&deleted.created_by),
            "deleted_time": world.time(deleted.at),
        })
    };
    let data: Vec<Value> = gone.iter().map(shown).collect();
    Ok(Answer::json(200, json!({"data": data, "info": info})).costing(2))
}
