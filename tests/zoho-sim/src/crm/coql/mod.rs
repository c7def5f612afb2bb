//! COQL: the part of `select` that Zoho documents, without aggregates and `group by`.
//!
//! It reads the database, not the search index: no lag. Lookups select as `{"id"}` only; names come by a join.

mod eval;
mod parse;
mod tokens;

use http::Method;
use serde_json::{Value, json};

use super::Caller;
use crate::{
    reply::{Answer, Outcome, Refusal},
    request::Request,
    world::World,
};

pub(super) fn answer(world: &World, caller: &Caller, request: &Request) -> Outcome {
    if request.method != Method::POST {
        return Err(Refusal::method());
    }
    caller.needs("ZohoCRM.coql.READ")?;
    let body = request.json()?;
    let text =
        body["select_query"].as_str().ok_or_else(|| Refusal::missing("select_query", "$.select_query".into()))?;
    if body.get("include_meta").is_some() {
        caller.needs("ZohoCRM.settings.fields.READ")?;
    }
    let query = parse::query(text)?;
    let plan = eval::Plan::new(world, &query)?;
    for module in plan.modules() {
        caller.needs_module(module, "READ")?;
    }
    let (rows, more) = plan.run(world);
    let credits = match rows.len() {
        0..=200 => 1,
        201..=1000 => 2,
        _ => 3,
    };
    if rows.is_empty() {
        return Ok(Answer::nothing());
    }
    let info = json!({"count": rows.len(), "more_records": more});
    Ok(Answer::json(200, json!({"data": rows, "info": info})).costing(credits))
}

fn syntax(near: &str, column: usize, clause: &str) -> Refusal {
    let details = json!({"near": near, "line": 1, "column": column, "clause": clause});
    Refusal::bad("SYNTAX_ERROR", "error in parsing the query", details)
}

fn invalid(column: &str, reason: &str) -> Refusal {
    Refusal::bad("INVALID_QUERY", reason, json!({"column_name": column, "reason": reason}))
}

fn too_many(what: &str, limit: usize) -> Refusal {
    Refusal::bad("LIMIT_EXCEEDED", "limit exceeded", json!({"clause": what, "limit": limit}))
}

const NO_COLUMN: &str = "column given seems to be invalid";
const NO_VALUE: &str = "value given seems to be invalid for the column";
const NO_TYPE: &str = "data type not supported";

/// A selected value: what REST would show, except that lookups are bare ids.
fn bare(id: Option<String>) -> Value {
    id.map_or(Value::Null, |id| json!({"id": id}))
}
