//! Changing owners by the action made for it. (An update with `Owner` does the same.)

use serde_json::{Map, Value, json};

use super::{Caller, validate::id_of};
use crate::{
    reply::{Outcome, Refusal, batch, done},
    request::Request,
    world::{Module, World},
};

const MOST_IDS: usize = 500;

/// `POST /{module}/{id}/actions/change_owner`
pub(super) fn change_one(world: &mut World, caller: &Caller, request: &Request, module: &Module, id: &str) -> Outcome {
    let body = request.json()?;
    change(world, caller, module, &body, &[id.to_owned()])
}

/// `POST /{module}/actions/change_owner`
pub(super) fn change_many(world: &mut World, caller: &Caller, request: &Request, module: &Module) -> Outcome {
    let body = request.json()?;
    let ids = ids_of(&body)?;
    change(world, caller, module, &body, &ids)
}

/// The `ids` of a mass action.
pub(super) fn ids_of(body: &Value) -> Result<Vec<String>, Refusal> {
    let list = body["ids"].as_array().ok_or_else(|| Refusal::missing("ids", "$.ids".into()))?;
    match list.len() {
        0 => Err(Refusal::invalid("ids", "jsonarray", "$.ids".into())),
        n if n > MOST_IDS => Err(Refusal::limit("ids", MOST_IDS)),
        _ => Ok(list.iter().map(|id| id_of(id).unwrap_or_else(|| id.to_string())).collect()),
    }
}

fn change(world: &mut World, caller: &Caller, module: &Module, body: &Value, ids: &[String]) -> Outcome {
    caller.needs("ZohoCRM.change_owner.CREATE")?;
    let owner = body.get("owner").ok_or_else(|| Refusal::missing("owner", "$.owner".into()))?;
    let owner = id_of(owner).ok_or_else(|| Refusal::missing("id", "$.owner.id".into()))?;
    if !world.user(&owner).is_some_and(|user| user.active && !user.deleted) {
        let details = json!({"api_name": "id", "json_path": "$.owner.id"});
        return Err(Refusal::bad("INVALID_DATA", "the owner id given is invalid", details));
    }
    let actor = caller.actor(true);
    let mut results = Vec::new();
    for id in ids {
        if world.record(&module.api_name, id).is_none_or(|record| record.converted) {
            results.push(Err(Refusal::id(id)));
            continue;
        }
        let fields = Map::from_iter([("Owner".to_owned(), Value::from(owner.as_str()))]);
        world.edit(&actor, &module.api_name, id, fields);
        results.push(Ok(done("owner is successfully updated", json!({"id": id}))));
    }
    Ok(batch("data", 200, results))
}
