//! `/_sim`: what a test or a demo does to the organisation from outside, as a person would.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    NewUser, Ready,
    inspect::{self, StateQuery},
    person::{SimError, UserChange},
    reply::Answer,
    request::Request,
    world::World,
};

pub(crate) fn answer(world: &mut World, ready: &Ready, request: &Request) -> Answer {
    let path: Vec<&str> = request.segments.iter().skip(1).map(String::as_str).collect();
    let done = match (request.method.as_str(), path.as_slice()) {
        ("GET", ["state"]) => state(world, request),
        ("GET", ["ready"]) => Ok(json!(ready)),
        ("GET", ["faults"]) => Ok(json!(world.faults)),
        ("POST", [verb]) => act(world, verb, request),
        _ => return Answer::json(404, json!({"error": "no such path under /_sim"})),
    };
    match done {
        Ok(body) => Answer::json(200, body),
        Err(error) => Answer::json(400, json!({"error": error.to_string()})),
    }
}

fn state(world: &mut World, request: &Request) -> Result<Value, SimError> {
    let since = request.query("since").map(|text| {
        let by_millis = text.parse().ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        by_millis.or_else(|| text.parse().ok()).ok_or_else(|| SimError::Body(format!("`{text}` is no time")))
    });
    let query = StateQuery { since: since.transpose()?, only: request.query_list("only") };
    Ok(inspect::state(world, &query))
}

/// The body of every `POST`; each verb takes the parts it needs.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Act {
    module: String,
    fields: Value,
    as_user: Option<String>,
    id: String,
    ids: Vec<String>,
    to: String,
    master: String,
    permanent: bool,
    refresh_tokens: bool,
    add: Option<NewUser>,
    change: Option<UserChange>,
    user: String,
    scopes: Vec<String>,
    on: Option<String>,
    set_owner: Option<String>,
}

fn act(world: &mut World, verb: &str, request: &Request) -> Result<Value, SimError> {
    let body: Value = if request.body.is_empty() { json!({}) } else { parse(&request.body)? };
    if verb == "faults" {
        world.faults.apply_json(&body)?;
        return Ok(json!(world.faults));
    }
    let act: Act = serde_json::from_value(body).map_err(|error| SimError::Body(error.to_string()))?;
    let (module, as_user) = (act.module.as_str(), act.as_user.as_deref());
    let mut ids: Vec<&str> = act.ids.iter().map(String::as_str).collect();
    if !act.id.is_empty() {
        ids.push(&act.id);
    }
    match verb {
        "records" => Ok(json!({"id": world.person_creates(module, &act.fields, as_user)?})),
        "assign" => {
            world.person_edits(module, &ids, &json!({"Owner": act.to}), as_user)?;
            Ok(json!({"assigned": ids.len()}))
        }
        "edit" => {
            world.person_edits(module, &ids, &act.fields, as_user)?;
            Ok(json!({"edited": ids.len()}))
        }
        "delete" => {
            world.person_deletes(module, &ids, act.permanent, as_user)?;
            Ok(json!({"deleted": ids.len()}))
        }
        "convert" => Ok(json!({"contact": world.person_converts(&act.id, as_user)?})),
        "merge" => {
            world.person_merges(module, &act.master, &ids, as_user)?;
            Ok(json!({"merged": ids.len()}))
        }
        "users" => users(world, &act),
        "grant" => {
            let scopes: Vec<&str> = act.scopes.iter().map(String::as_str).collect();
            Ok(json!({"refresh_token": world.grant(&act.user, &scopes)?}))
        }
        "kill_tokens" => Ok(json!({"killed": world.accounts.kill(act.refresh_tokens)})),
        "workflow" => {
            if act.on.as_deref().is_some_and(|on| on != "owner_change") {
                return Err(SimError::Body("a workflow can only be on `owner_change`".into()));
            }
            world.set_owner_workflow(act.set_owner.as_deref())?;
            Ok(json!({"set_owner": world.workflow_owner}))
        }
        other => Err(SimError::Body(format!("there is no `POST /_sim/{other}`"))),
    }
}

/// `{"add": {...}}`, or `{"user": id or address, "change": {"active": false}}`.
fn users(world: &mut World, act: &Act) -> Result<Value, SimError> {
    match (&act.add, &act.change) {
        (Some(new), None) => Ok(json!({"id": world.add_user(new)})),
        (None, Some(change)) => {
            world.change_user(&act.user, change)?;
            Ok(json!({"changed": act.user}))
        }
        _ => Err(SimError::Body("give either `add`, or `user` and `change`".into())),
    }
}

fn parse(body: &[u8]) -> Result<Value, SimError> {
    serde_json::from_slice(body).map_err(|error| SimError::Body(format!("not JSON: {error}")))
}
