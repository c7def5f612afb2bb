//! Notes, as far as they differ from other records: they hang on a parent.

use serde_json::{Value, json};

use super::{Caller, existing, paging, read, validate::id_of, write};
use crate::{
    reply::{Answer, Outcome, Refusal},
    request::Request,
    world::{Module, Record, World},
};

/// A note's parent as stored: `{module, id}` in plain strings. It is given as `{"module": {"api_name"}, "id"}`; the
/// form of older versions, an id beside `se_module`, is refused.
pub(super) fn parent(world: &World, value: &Value, path: &str) -> Result<Value, Refusal> {
    let wrong = || Refusal::invalid("Parent_Id", "jsonobject", path.to_owned());
    let id = id_of(value).ok_or_else(wrong)?;
    let named = match value.get("module") {
        None => None,
        Some(Value::String(name)) => Some(name.as_str()),
        Some(module) => Some(module["api_name"].as_str().ok_or_else(wrong)?),
    };
    let Some(module) = named else { return Err(Refusal::missing("module", format!("{path}.module"))) };
    if module == "Notes" || world.record(module, &id).is_none() {
        let details = json!({"api_name": "Parent_Id", "json_path": path});
        return Err(Refusal::bad("INVALID_DATA", "the id given seems to be invalid", details));
    }
    Ok(json!({"module": module, "id": id}))
}

/// A note came, changed or went: the parent's channels may want to know.
pub(super) fn tell_parent(world: &mut World, parent: Option<&Value>) {
    if let Some((module, id)) = parent.and_then(parent_of) {
        world.happened_nearby(&module, &id);
    }
}

/// Module and id out of a stored parent.
pub(crate) fn parent_of(stored: &Value) -> Option<(String, String)> {
    Some((stored["module"].as_str()?.to_owned(), stored["id"].as_str()?.to_owned()))
}

/// `POST /{module}/{id}/Notes`, where Parent_Id may be left out.
pub(super) fn insert_under(
    world: &mut World,
    caller: &Caller,
    request: &Request,
    module: &Module,
    id: &str,
) -> Outcome {
    caller.needs_module("notes", "CREATE")?;
    caller.needs_module(&module.api_name, "READ")?;
    existing(world, module, id).map_err(|_| Refusal::path_id(1))?;
    let notes = world.module("Notes").ok_or_else(Refusal::module)?.clone();
    let parent = json!({"module": {"api_name": module.api_name}, "id": id});
    write::insert_with(world, caller, request, &notes, |item| {
        if let Some(note) = item.as_object_mut() {
            note.insert("Parent_Id".into(), parent.clone());
        }
    })
}

/// `GET /{module}/{id}/Notes`
pub(super) fn list_under(world: &mut World, caller: &Caller, request: &Request, module: &Module, id: &str) -> Outcome {
    caller.needs_module("notes", "READ")?;
    caller.needs_module(&module.api_name, "READ")?;
    let fields = read::fields_parameter(request)?;
    if let Err(absent) = existing(world, module, id) {
        return absent.outcome();
    }
    let notes = world.module("Notes").ok_or_else(Refusal::module)?.clone();
    let of_parent = |note: &&Record| {
        parent_of(&note.get("Parent_Id")).is_some_and(|parent| parent == (module.api_name.clone(), id.to_owned()))
    };
    let table = world.tables.get("Notes");
    let found: Vec<Record> =
        table.into_iter().flat_map(|t| t.records.values().rev()).filter(of_parent).cloned().collect();
    if found.is_empty() {
        return Ok(Answer::nothing());
    }
    let (page, info) = paging::page(world, caller, request, found)?;
    Ok(read::listed(world, &notes, &page, &fields, info))
}
