//! Insert, update, upsert, delete.

use serde_json::{Map, Value, json};

use super::{
    Caller,
    validate::{self, Completeness, id_of},
};
use crate::{
    reply::{Answer, Outcome, Refusal, batch, done},
    request::Request,
    times,
    world::{Actor, Module, Record, World},
};

const MOST_ITEMS: usize = 100;

/// The list under `key`, between one and `most` items long.
pub(super) fn items(body: &Value, key: &str, most: usize) -> Result<Vec<Value>, Refusal> {
    let list = body.get(key).ok_or_else(|| Refusal::missing(key, format!("$.{key}")))?;
    let list = list.as_array().ok_or_else(|| Refusal::invalid(key, "jsonarray", format!("$.{key}")))?;
    match list.len() {
        0 => Err(Refusal::invalid(key, "jsonarray", format!("$.{key}"))),
        n if n > most => Err(Refusal::limit(key, most)),
        _ => Ok(list.clone()),
    }
}

/// Absent, `trigger` runs everything.
fn workflows_run(body: &Value) -> bool {
    let Some(trigger) = body.get("trigger").filter(|t| !t.is_null()) else { return true };
    trigger.as_array().is_some_and(|list| list.iter().any(|name| name == "workflow"))
}

/// One credit per ten records begun.
fn by_tens(answer: Answer, records: usize) -> Answer {
    answer.costing(u32::try_from(records.div_ceil(10)).unwrap_or(u32::MAX).max(1))
}

/// `POST /{module}`
pub(super) fn insert(world: &mut World, caller: &Caller, request: &Request, module: &Module) -> Outcome {
    caller.needs_module(&module.api_name, "CREATE")?;
    insert_with(world, caller, request, module, |_| {})
}

/// Inserts the items of the body, each completed by `complete` first.
pub(super) fn insert_with(
    world: &mut World,
    caller: &Caller,
    request: &Request,
    module: &Module,
    complete: impl Fn(&mut Value),
) -> Outcome {
    let body = request.json()?;
    let mut items = items(&body, "data", MOST_ITEMS)?;
    let actor = caller.actor(workflows_run(&body));
    let mut results = Vec::new();
    for (n, item) in items.iter_mut().enumerate() {
        complete(item);
        results.push(insert_one(world, &actor, module, item, &format!("$.data[{n}]")));
    }
    Ok(by_tens(batch("data", 201, results), items.len()))
}

fn insert_one(world: &mut World, actor: &Actor, module: &Module, item: &Value, path: &str) -> Result<Value, Refusal> {
    let fields = validate::item(world, module, item, path, Completeness::Whole)?;
    refuse_duplicates(world, module, &fields, None, path)?;
    let id = insert_stored(world, actor, module, fields);
    Ok(written(world, module, &id, "record added"))
}

fn insert_stored(world: &mut World, actor: &Actor, module: &Module, fields: Map<String, Value>) -> String {
    let parent = fields.get("Parent_Id").cloned();
    let id = world.insert(actor, &module.api_name, fields);
    super::notes::tell_parent(world, parent.as_ref());
    id
}

fn written(world: &World, module: &Module, id: &str, message: &str) -> Value {
    let with_approval = module.api_name != "Notes";
    let record = world.record(&module.api_name, id);
    done(message, record.map_or(json!({"id": id}), |record| world.write_details(record, with_approval)))
}

/// Only fields marked unique collide.
fn refuse_duplicates(
    world: &World,
    module: &Module,
    fields: &Map<String, Value>,
    own_id: Option<&str>,
    path: &str,
) -> Result<(), Refusal> {
    for field in module.fields.iter().filter(|field| field.unique) {
        let Some(value) = fields.get(&field.api_name).filter(|v| !v.is_null()) else { continue };
        let taken = |record: &&Record| Some(record.id.as_str()) != own_id && same(&record.get(&field.api_name), value);
        if let Some(other) = world.tables.get(&module.api_name).and_then(|t| t.records.values().find(taken)) {
            let owner = world.user_ref(&other.owner);
            let details = json!({
                "api_name": field.api_name, "json_path": format!("{path}.{}", field.api_name),
                "duplicate_record": {"id": other.id, "Owner": owner, "module": module.reference()},
            });
            return Err(Refusal::bad("DUPLICATE_DATA", "duplicate data", details));
        }
    }
    Ok(())
}

fn same(a: &Value, b: &Value) -> bool {
    match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => a.to_lowercase() == b.to_lowercase(),
        _ => a == b,
    }
}

/// `PUT /{module}`
pub(super) fn update_many(world: &mut World, caller: &Caller, request: &Request, module: &Module) -> Outcome {
    caller.needs_module(&module.api_name, "UPDATE")?;
    let body = request.json()?;
    let items = items(&body, "data", MOST_ITEMS)?;
    let ids: Vec<String> = items.iter().filter_map(|item| item.get("id").and_then(id_of)).collect();
    refuse_if_modified(world, request, module, &ids)?;
    let actor = caller.actor(workflows_run(&body));
    let mut results = Vec::new();
    for (n, item) in items.iter().enumerate() {
        let path = format!("$.data[{n}]");
        let result = match item.get("id") {
            None => Err(Refusal::missing("id", format!("{path}.id"))),
            Some(id) => update_stored(world, &actor, module, &id_of(id).unwrap_or_default(), item, &path),
        };
        results.push(result);
    }
    Ok(by_tens(batch("data", 200, results), items.len()))
}

/// `PUT /{module}/{id}`
pub(super) fn update_one(world: &mut World, caller: &Caller, request: &Request, module: &Module, id: &str) -> Outcome {
    caller.needs_module(&module.api_name, "UPDATE")?;
    let body = request.json()?;
    let items = items(&body, "data", 1)?;
    refuse_if_modified(world, request, module, &[id.to_owned()])?;
    let actor = caller.actor(workflows_run(&body));
    let results = items.iter().map(|item| update_stored(world, &actor, module, id, item, "$.data[0]")).collect();
    Ok(batch("data", 200, results))
}

fn update_stored(
    world: &mut World,
    actor: &Actor,
    module: &Module,
    id: &str,
    item: &Value,
    path: &str,
) -> Result<Value, Refusal> {
    let record = world.record(&module.api_name, id).ok_or_else(|| Refusal::id(id))?;
    if record.converted {
        return Err(Refusal::bad("CONVERTED_RECORD", "can't update the converted record", json!({"id": id})));
    }
    let mut fields = validate::item(world, module, item, path, Completeness::Part)?;
    if module.api_name == "Notes" {
        fields.remove("Parent_Id");
    }
    refuse_duplicates(world, module, &fields, Some(id), path)?;
    world.edit(actor, &module.api_name, id, fields);
    if module.api_name == "Notes" {
        let parent = world.record("Notes", id).map(|note| note.get("Parent_Id"));
        super::notes::tell_parent(world, parent.as_ref());
    }
    Ok(written(world, module, id, "record updated"))
}

/// Optimistic locking: `If-Unmodified-Since` older than any of the records refuses the whole call.
fn refuse_if_modified(world: &World, request: &Request, module: &Module, ids: &[String]) -> Result<(), Refusal> {
    let Some(header) = request.header("if-unmodified-since") else { return Ok(()) };
    let since = times::parse(header).ok_or_else(|| Refusal::parameter("If-Unmodified-Since"))?;
    let newer = |id: &String| world.record(&module.api_name, id).is_some_and(|record| record.modified > since);
    match ids.iter().find(|id| newer(id)) {
        None => Ok(()),
        Some(id) => {
            let details = json!({"id": id});
            Err(Refusal::new(412, "ALREADY_MODIFIED", "the record was modified in the meantime", details))
        }
    }
}

/// `POST /{module}/upsert`
pub(super) fn upsert(world: &mut World, caller: &Caller, request: &Request, module: &Module) -> Outcome {
    caller.needs_module(&module.api_name, "CREATE")?;
    caller.needs_module(&module.api_name, "UPDATE")?;
    let Some(system_field) = module.duplicate_field else {
        let message = "upsert is not supported for the given module";
        return Err(Refusal::bad("NOT_SUPPORTED", message, json!({"resource_path_index": 0})));
    };
    let body = request.json()?;
    let items = items(&body, "data", MOST_ITEMS)?;
    let mut check: Vec<String> = Vec::new();
    for name in body["duplicate_check_fields"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        let allowed = name == system_field || module.field(name).is_some_and(|field| field.unique);
        if !allowed {
            return Err(Refusal::invalid("duplicate_check_fields", "jsonarray", "$.duplicate_check_fields".into()));
        }
        check.push(name.to_owned());
    }
    if check.is_empty() {
        check.push(system_field.to_owned());
    }
    check.extend(
        module
            .fields
            .iter()
            .filter(|f| f.unique && !check.contains(&f.api_name))
            .map(|f| f.api_name.clone())
            .collect::<Vec<_>>(),
    );
    let duplicates: Vec<_> = items.iter().map(|item| duplicate_of(world, module, item, &check)).collect();
    let ids: Vec<String> = duplicates.iter().flatten().map(|(id, _)| id.clone()).collect();
    refuse_if_modified(world, request, module, &ids)?;
    let actor = caller.actor(workflows_run(&body));
    let mut results = Vec::new();
    for (n, item) in items.iter().enumerate() {
        let path = format!("$.data[{n}]");
        // Looked up again: an earlier item of the same call may have become the duplicate.
        let found = duplicate_of(world, module, item, &check);
        let (result, action, field) = match found {
            Some((id, field)) => (update_stored(world, &actor, module, &id, item, &path), "update", Value::from(field)),
            None => (insert_one(world, &actor, module, item, &path), "insert", Value::Null),
        };
        results.push(result.map(|mut item| {
            item["action"] = json!(action);
            item["duplicate_field"] = field;
            item
        }));
    }
    Ok(by_tens(batch("data", 200, results), items.len()))
}

fn duplicate_of(world: &World, module: &Module, item: &Value, check: &[String]) -> Option<(String, String)> {
    if let Some(id) = item.get("id").and_then(id_of).filter(|id| world.record(&module.api_name, id).is_some()) {
        return Some((id, "id".to_owned()));
    }
    let table = world.tables.get(&module.api_name)?;
    check.iter().find_map(|name| {
        let wanted = item.get(name).filter(|value| !value.is_null())?;
        let matching = |record: &&Record| !record.converted && same(&record.get(name), wanted);
        table.records.values().find(matching).map(|record| (record.id.clone(), name.clone()))
    })
}

/// `DELETE /{module}?ids=`
pub(super) fn delete_many(world: &mut World, caller: &Caller, request: &Request, module: &Module) -> Outcome {
    let ids = request.query_list("ids");
    match ids.len() {
        0 => return Err(Refusal::missing_parameter("ids")),
        n if n > MOST_ITEMS => return Err(Refusal::limit("ids", MOST_ITEMS)),
        _ => {}
    }
    delete(world, caller, request, module, &ids)
}

/// `DELETE /{module}/{id}`
pub(super) fn delete_one(world: &mut World, caller: &Caller, request: &Request, module: &Module, id: &str) -> Outcome {
    delete(world, caller, request, module, &[id.to_owned()])
}

fn delete(world: &mut World, caller: &Caller, request: &Request, module: &Module, ids: &[String]) -> Outcome {
    caller.needs_module(&module.api_name, "DELETE")?;
    let actor = caller.actor(request.query("wf_trigger") != Some("false"));
    let mut results = Vec::new();
    for id in ids {
        let parent = world.record(&module.api_name, id).map(|record| record.get("Parent_Id"));
        if world.remove(&actor, &module.api_name, id, false) {
            super::notes::tell_parent(world, parent.as_ref());
            results.push(Ok(done("record deleted", json!({"id": id}))));
        } else {
            results.push(Err(Refusal::id(id)));
        }
    }
    Ok(batch("data", 200, results))
}
