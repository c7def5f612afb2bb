//! `/settings/fields`: reading them, and making custom ones.
//!
//! What trips clients here: five fields a call, no `api_name` in the answer, and an api_name that is not the label
//! when the label's is taken.

use serde_json::{Value, json};

use super::{Caller, settings::module_parameter, validate::id_of, write::items};
use crate::{
    reply::{Answer, Outcome, Refusal, batch, done},
    request::Request,
    world::{
        DataType, Field, Module, World,
        schema::{PickValue, api_name_for},
    },
};

const MOST_PER_CALL: usize = 5;
const MOST_CUSTOM: usize = 300;
const MOST_UNIQUE: usize = 2;
const LABEL_CHARS: usize = 50;
const RESERVED: [&str; 4] = ["id", "select", "from", "where"];

pub(super) fn answer(world: &mut World, caller: &Caller, request: &Request, tail: &[&str]) -> Outcome {
    let operation = match request.method.as_str() {
        "GET" => "READ",
        "POST" => "CREATE",
        "PATCH" => "UPDATE",
        "DELETE" => "DELETE",
        _ => return Err(Refusal::method()),
    };
    caller.needs(&format!("ZohoCRM.settings.fields.{operation}"))?;
    let module = module_parameter(world, request)?.api_name.clone();
    if operation != "READ" {
        caller.needs_admin()?;
    }
    match (request.method.as_str(), tail) {
        ("GET", []) => list(world, request, &module),
        ("GET", [id]) => {
            let field = find(world, &module, id).ok_or_else(|| Refusal::path_id(2))?;
            Ok(Answer::json(200, json!({"fields": [shown(world, field)]})))
        }
        ("POST", []) => create(world, request, &module),
        ("PATCH", [id]) => {
            let body = request.json()?;
            let item = items(&body, "fields", 1)?.remove(0);
            Ok(batch("fields", 200, vec![update(world, &module, id, &item, "$.fields[0]")]))
        }
        ("PATCH", []) => {
            let body = request.json()?;
            let items = items(&body, "fields", MOST_PER_CALL)?;
            let mut results = Vec::new();
            for (n, item) in items.iter().enumerate() {
                let path = format!("$.fields[{n}]");
                let id = item.get("id").and_then(id_of).ok_or_else(|| Refusal::missing("id", format!("{path}.id")))?;
                results.push(update(world, &module, &id, item, &path));
            }
            Ok(batch("fields", 200, results))
        }
        ("DELETE", [id]) => delete(world, &module, id),
        _ => Err(Refusal::url_pattern()),
    }
}

fn find<'w>(world: &'w World, module: &str, id: &str) -> Option<&'w Field> {
    world.module(module)?.fields.iter().find(|field| field.id == id)
}

fn module_mut<'w>(world: &'w mut World, name: &str) -> Option<&'w mut Module> {
    world.modules.iter_mut().find(|module| module.api_name == name)
}

fn list(world: &World, request: &Request, module: &str) -> Outcome {
    let module = world.module(module).ok_or_else(Refusal::module)?;
    let kinds = request.query_list("data_type");
    let chosen = |field: &&Field| kinds.is_empty() || kinds.iter().any(|kind| kind == field.kind.wire());
    // Unused fields: there are none; a field is on the Standard layout as soon as it exists.
    let unused = request.query("type") == Some("unused");
    let fields: Vec<Value> =
        module.fields.iter().filter(|_| !unused).filter(chosen).map(|field| shown(world, field)).collect();
    if fields.is_empty() { Ok(Answer::nothing()) } else { Ok(Answer::json(200, json!({"fields": fields}))) }
}

/// A field as `/settings/fields` shows it.
pub(super) fn shown(world: &World, field: &Field) -> Value {
    let pick = |(n, value): (usize, &PickValue)| {
        json!({
            "display_value": value.display, "actual_value": value.actual, "id": value.id, "sequence_number": n + 1,
            "type": if value.used { "used" } else { "unused" }, "colour_code": null,
        })
    };
    let lookup = field.target.as_ref().map_or_else(
        || json!({}),
        |target| {
            let module = world.module(target);
            let module = module.map(|module| json!({"api_name": module.api_name, "id": module.id}));
            json!({"display_label": field.label, "api_name": field.api_name, "id": field.id, "module": module})
        },
    );
    let unique = if field.unique { json!({"casesensitive": "false"}) } else { json!({}) };
    let writable = !field.system;
    json!({
        "id": field.id, "api_name": field.api_name, "field_label": field.label, "display_label": field.label,
        "data_type": field.kind.wire(), "json_type": field.kind.json_type(), "length": field.length,
        "custom_field": field.custom, "system_mandatory": field.mandatory, "read_only": field.system,
        "field_read_only": field.system, "visible": true, "searchable": writable, "sortable": writable,
        "filterable": true, "webhook": true, "virtual_field": false, "type": "used",
        "pick_list_values": field.picks.iter().enumerate().map(pick).collect::<Vec<_>>(),
        "lookup": lookup, "unique": unique, "textarea": field.textarea.as_ref().map(|kind| json!({"type": kind})),
        "operation_type":
            {"api_create": writable, "api_update": writable, "web_create": writable, "web_update": writable},
        "view_type": {"view": true, "edit": writable, "create": writable, "quick_create": field.mandatory},
    })
}

fn create(world: &mut World, request: &Request, module: &str) -> Outcome {
    let body = request.json()?;
    let items = items(&body, "fields", MOST_PER_CALL)?;
    let mut results = Vec::new();
    for (n, item) in items.iter().enumerate() {
        results.push(create_one(world, module, item, &format!("$.fields[{n}]")));
    }
    Ok(batch("fields", 201, results))
}

fn create_one(world: &mut World, module: &str, item: &Value, path: &str) -> Result<Value, Refusal> {
    let at = |name: &str| format!("{path}.{name}");
    let text = |name: &str| {
        let value = item[name].as_str().map(str::trim).filter(|text| !text.is_empty());
        value.map(str::to_owned).ok_or_else(|| Refusal::missing(name, at(name)))
    };
    let label = text("field_label")?;
    let wire = text("data_type")?;
    let kind = DataType::creatable(&wire).ok_or_else(|| Refusal::invalid("data_type", "picklist", at("data_type")))?;
    if label.chars().count() > LABEL_CHARS {
        return Err(Refusal::too_long("field_label", LABEL_CHARS, at("field_label")));
    }
    if RESERVED.iter().any(|word| word.eq_ignore_ascii_case(&label)) {
        let details = json!({"api_name": "field_label", "json_path": at("field_label")});
        return Err(Refusal::bad("RESERVED_KEYWORD_NOT_ALLOWED", "reserved keyword not allowed", details));
    }
    let textarea = (kind == DataType::Textarea).then(|| item["textarea"]["type"].as_str().unwrap_or("small"));
    let longest = match textarea {
        Some("large") => Some(32_000),
        Some("rich_text") => Some(50_000),
        Some("small") | None => kind.max_length(),
        Some(_) => return Err(Refusal::invalid("type", "picklist", at("textarea.type"))),
    };
    let length = length(item, longest, &at("length"))?;
    let target = match kind {
        DataType::Lookup => {
            let target = item["lookup"]["module"]["api_name"].as_str().filter(|name| world.module(name).is_some());
            Some(target.ok_or_else(|| Refusal::missing("lookup", at("lookup.module")))?.to_owned())
        }
        _ => None,
    };
    let picks = match kind {
        DataType::Picklist | DataType::MultiPicklist => picks(world, item, path)?,
        _ => Vec::new(),
    };
    let existing = world.module(module).ok_or_else(Refusal::module)?;
    if existing.fields.iter().any(|field| field.label.eq_ignore_ascii_case(&label)) {
        let details = json!({"api_name": "field_label", "json_path": at("field_label")});
        return Err(Refusal::bad("DUPLICATE_DATA", "duplicate data", details));
    }
    let unique = item["unique"].is_object();
    if existing.fields.iter().filter(|field| field.custom).count() >= MOST_CUSTOM {
        return Err(Refusal::limit("fields", MOST_CUSTOM));
    }
    if unique && existing.fields.iter().filter(|field| field.unique).count() >= MOST_UNIQUE {
        return Err(Refusal::limit("unique", MOST_UNIQUE));
    }
    let api_name = api_name_for(&label, |name| existing.fields.iter().any(|f| f.api_name.eq_ignore_ascii_case(name)));
    let id = world.new_id();
    let textarea = textarea.map(str::to_owned);
    let (custom, mandatory, system) = (true, false, false);
    let field = Field {
        id: id.clone(),
        api_name,
        label,
        kind,
        length,
        mandatory,
        unique,
        custom,
        system,
        picks,
        target,
        textarea,
    };
    module_mut(world, module).ok_or_else(Refusal::module)?.fields.push(field);
    Ok(done("field created", json!({"id": id})))
}

fn length(item: &Value, longest: Option<usize>, path: &str) -> Result<Option<usize>, Refusal> {
    let Some(asked) = item.get("length").filter(|value| !value.is_null()) else { return Ok(longest) };
    let asked = asked.as_u64().and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    let asked = asked.ok_or_else(|| Refusal::invalid("length", "integer", path.to_owned()))?;
    match longest {
        Some(longest) if asked > longest => Err(Refusal::too_long("length", longest, path.to_owned())),
        _ => Ok(Some(asked)),
    }
}

fn picks(world: &mut World, item: &Value, path: &str) -> Result<Vec<PickValue>, Refusal> {
    let at = format!("{path}.pick_list_values");
    let given = item["pick_list_values"].as_array().filter(|list| !list.is_empty());
    let given = given.ok_or_else(|| Refusal::missing("pick_list_values", at.clone()))?;
    let mut picks: Vec<PickValue> = Vec::new();
    for value in given.iter().filter(|value| value["_delete"].is_null()) {
        let display = value["display_value"].as_str().filter(|text| !text.is_empty());
        let display = display.ok_or_else(|| Refusal::missing("display_value", at.clone()))?.to_owned();
        let actual = value["actual_value"].as_str().unwrap_or(&display).to_owned();
        if picks.iter().any(|pick| pick.display == display || pick.actual == actual) {
            let details = json!({"api_name": "pick_list_values", "json_path": at});
            return Err(Refusal::bad("DUPLICATE_DATA", "duplicate data", details));
        }
        let id = value.get("id").and_then(id_of).unwrap_or_else(|| world.new_id());
        let used = value["type"].as_str() != Some("unused");
        picks.push(PickValue { id, display, actual, used });
    }
    Ok(picks)
}

/// Label and picklist values can change. Values that the list leaves out stay; `"_delete"` takes one away.
fn update(world: &mut World, module: &str, id: &str, item: &Value, path: &str) -> Result<Value, Refusal> {
    let field = find(world, module, id).ok_or_else(|| Refusal::id(id))?.clone();
    let mut changed = field.clone();
    if item["api_name"].as_str().is_some_and(|name| name != field.api_name) {
        return Err(Refusal::invalid("api_name", "text", format!("{path}.api_name")));
    }
    if let Some(label) = item["field_label"].as_str() {
        changed.label = label.to_owned();
    }
    if let Some(given) = item.get("pick_list_values").and_then(Value::as_array) {
        if !matches!(field.kind, DataType::Picklist | DataType::MultiPicklist) {
            return Err(Refusal::invalid("pick_list_values", field.kind.wire(), format!("{path}.pick_list_values")));
        }
        let names = |value: &Value, pick: &PickValue| {
            value.get("id").and_then(id_of).is_some_and(|id| id == pick.id)
                || value["actual_value"].as_str().or(value["display_value"].as_str()) == Some(&pick.actual)
        };
        let new: Vec<PickValue> =
            if given.iter().any(|value| value["_delete"].is_null()) { picks(world, item, path)? } else { Vec::new() };
        changed.picks.retain(|pick| !given.iter().any(|value| !value["_delete"].is_null() && names(value, pick)));
        for pick in new {
            match changed.picks.iter_mut().find(|old| old.id == pick.id || old.actual == pick.actual) {
                Some(old) => *old = PickValue { id: old.id.clone(), ..pick },
                None => changed.picks.push(pick),
            }
        }
    }
    let fields = &mut module_mut(world, module).ok_or_else(Refusal::module)?.fields;
    if let Some(stored) = fields.iter_mut().find(|field| field.id == id) {
        *stored = changed;
    }
    Ok(done("field updated", json!({"id": id})))
}

fn delete(world: &mut World, module: &str, id: &str) -> Outcome {
    let field = find(world, module, id).ok_or_else(|| Refusal::path_id(2))?;
    if !field.custom {
        return Err(Refusal::bad("NOT_ALLOWED", "system fields cannot be deleted", json!({"id": id})));
    }
    let api_name = field.api_name.clone();
    if let Some(module) = module_mut(world, module) {
        module.fields.retain(|field| field.id != id);
    }
    for record in world.tables.get_mut(module).into_iter().flat_map(|table| table.records.values_mut()) {
        record.fields.remove(&api_name);
    }
    Ok(batch("fields", 200, vec![Ok(done("field deleted", json!({"id": id})))]))
}
