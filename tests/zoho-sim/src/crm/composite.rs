//! `/__composite_requests`: up to five calls in one, where a later one may use what an earlier one answered.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Caller, dispatch};
use crate::{
    reply::{Answer, Outcome, Payload, Refusal},
    request::Request,
    world::World,
};

const MOST: usize = 5;

pub(super) fn answer(world: &mut World, caller: &Caller, request: &Request) -> Outcome {
    if request.method != Method::POST {
        return Err(Refusal::method());
    }
    caller.needs("ZohoCRM.composite_requests.CUSTOM")?;
    let body = request.json()?;
    let parts = super::write::items(&body, "__composite_requests", MOST)?;
    let rollback = body["rollback_on_fail"] == true;
    if rollback && body["parallel_execution"] != false {
        let details = json!({"ambiguity_due_to": ["rollback_on_fail", "parallel_execution"]});
        return Err(Refusal::bad("AMBIGUITY_DURING_PROCESSING", "ambiguity while processing", details));
    }
    let before = rollback.then(|| world.clone());
    let mut answered: Vec<(String, Value)> = Vec::new();
    let mut results = Vec::new();
    let mut all_good = true;
    for (n, part) in parts.iter().enumerate() {
        let result = run(world, caller, part, &answered);
        let id = part["sub_request_id"].as_str().map_or_else(|| (n + 1).to_string(), str::to_owned);
        let (status, body) = match result {
            Ok(answer) => (answer.status, body_of(answer)),
            Err(refusal) => (refusal.status, refusal.body()),
        };
        all_good &= status < 300 && status != 207;
        answered.push((id, body.clone()));
        let response = json!({"response": {"headers": {}, "status_code": status, "body": body}});
        results.push(json!({
            "code": "SUCCESS", "details": response, "message": "composite sub request executed successfully",
            "status": "success",
        }));
    }
    if let Some(before) = before.filter(|_| !all_good) {
        *world = before;
    }
    let credits = if rollback && all_good { 2 } else { 1 };
    Ok(Answer::json(200, json!({"__composite_requests": results})).costing(credits))
}

fn body_of(answer: Answer) -> Value {
    match answer.payload {
        Payload::Json(body) => body,
        Payload::Empty | Payload::Html(_) => Value::Null,
    }
}

fn run(world: &mut World, caller: &Caller, part: &Value, answered: &[(String, Value)]) -> Outcome {
    let wrong = |name: &str| Refusal::invalid(name, "text", format!("$.__composite_requests.{name}"));
    let method = part["method"].as_str().and_then(|name| Method::from_bytes(name.as_bytes()).ok());
    let method = method.ok_or_else(|| wrong("method"))?;
    let uri = part["uri"].as_str().ok_or_else(|| wrong("uri"))?;
    if uri.contains("__composite_requests") {
        return Err(wrong("uri"));
    }
    let forbidden = |name: &String| matches!(name.to_lowercase().as_str(), "authorization" | "x-crm-org");
    if part["headers"].as_object().is_some_and(|headers| headers.keys().any(forbidden)) {
        return Err(wrong("headers"));
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (key, value) in part["params"].as_object().into_iter().flatten() {
        query.append_pair(key, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let uri = filled_in(uri, answered);
    let separator = if uri.contains('?') { '&' } else { '?' };
    let body = Bytes::from(filled_in(&part["body"].to_string(), answered));
    let mut http = http::Request::builder().method(method).uri(format!("{uri}{separator}{}", query.finish()));
    for (name, value) in part["headers"].as_object().into_iter().flatten() {
        http = http.header(name, value.as_str().ok_or_else(|| wrong("headers"))?);
    }
    let http = http.body(body).map_err(|_| wrong("uri"))?;
    dispatch(world, caller, &Request::from_http(http))
}

/// Replaces each `@{1:$.data[0].details.id}` by what sub request 1 answered there.
fn filled_in(text: &str, answered: &[(String, Value)]) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("@{") {
        filled.push_str(before);
        let Some((reference, after)) = after.split_once('}') else {
            filled.push_str("@{");
            rest = after;
            continue;
        };
        let value = reference.split_once(":$.").and_then(|(id, path)| {
            let body = &answered.iter().find(|(answered_id, _)| answered_id == id)?.1;
            let pointer = path.replace('[', "/").replace(']', "").replace('.', "/");
            body.pointer(&format!("/{pointer}")).cloned()
        });
        filled.push_str(&match value {
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
            None => String::new(),
        });
        rest = after;
    }
    filled.push_str(rest);
    filled
}
