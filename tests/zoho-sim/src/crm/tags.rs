//! Putting tags on records and taking them off.

use serde_json::{Map, Value, json};

use super::{
    Caller,
    owner::ids_of,
    validate::{TAG_NAME, tag_name},
};
use crate::{
    reply::{Outcome, Refusal, batch, done},
    request::Request,
    world::{Module, World},
};

/// `POST /{module}/actions/{add,remove}_tags`
pub(super) fn many(world: &mut World, caller: &Caller, request: &Request, module: &Module, verb: &str) -> Outcome {
    let body = request.json()?;
    let ids = ids_of(&body)?;
    change(world, caller, request, module, (verb, &body), &ids)
}

/// `POST /{module}/{id}/actions/{add,remove}_tags`
pub(super) fn one(
    world: &mut World,
    caller: &Caller,
    request: &Request,
    module: &Module,
    id: &str,
    verb: &str,
) -> Outcome {
    let body = request.json()?;
    change(world, caller, request, module, (verb, &body), &[id.to_owned()])
}

fn change(
    world: &mut World,
    caller: &Caller,
    request: &Request,
    module: &Module,
    (verb, body): (&str, &Value),
    ids: &[String],
) -> Outcome {
    caller.needs_module(&module.api_name, "UPDATE")?;
    let given = body["tags"].as_array().filter(|tags| !tags.is_empty());
    let given = given.ok_or_else(|| Refusal::missing("tags", "$.tags".into()))?;
    let mut names = Vec::new();
    for (n, tag) in given.iter().enumerate() {
        let path = format!("$.tags[{n}].name");
        let name = tag_name(world, tag).ok_or_else(|| Refusal::missing("name", path.clone()))?;
        if name.chars().count() > TAG_NAME {
            return Err(Refusal::too_long("name", TAG_NAME, path));
        }
        names.push(name);
    }
    let over_write = body["over_write"] == true || request.query("over_write") == Some("true");
    let actor = caller.actor(true);
    let mut results = Vec::new();
    for id in ids {
        let Some(record) = world.record(&module.api_name, id) else {
            results.push(Err(Refusal::id(id)));
            continue;
        };
        let mut tags = if over_write && verb == "add_tags" { Vec::new() } else { record.tags.clone() };
        tags.retain(|tag| !names.contains(tag));
        if verb == "add_tags" {
            for name in &names {
                world.tag_id(name);
            }
            tags.extend(names.iter().cloned());
        }
        world.edit(&actor, &module.api_name, id, Map::from_iter([("Tag".to_owned(), json!(tags))]));
        let shown: Vec<Value> = tags.iter().map(|name| world.tag(name)).collect();
        results.push(Ok(done("tags updated successfully", json!({"id": id, "tags": shown}))));
    }
    let succeeded = results.iter().filter(|result| result.is_ok()).count();
    let mut answer = batch("data", 200, results);
    if let crate::reply::Payload::Json(body) = &mut answer.payload {
        body["success_count"] = json!(succeeded.to_string());
        body["locked_count"] = json!("0");
    }
    Ok(answer.costing(u32::try_from(ids.len().div_ceil(50)).unwrap_or(u32::MAX)))
}
