//! Emails on records: logged from elsewhere, or sent through the CRM.

use serde_json::{Map, Value, json};

use super::{Caller, existing, write::items};
use crate::{
    reply::{Answer, Outcome, Refusal, batch, done},
    request::Request,
    times,
    world::{Email, Module, World},
};

const MODULES: [&str; 4] = ["Leads", "Contacts", "Accounts", "Deals"];
const PAGE: usize = 10;
const SEND_CREDITS: u32 = 20;
const SUBJECT_CHARS: usize = 250;

fn record_exists(world: &World, module: &Module, id: &str) -> Result<(), Refusal> {
    if !MODULES.contains(&module.api_name.as_str()) {
        let details = json!({"resource_path_index": 0});
        return Err(Refusal::bad("NOT_SUPPORTED", "the module given is not supported", details));
    }
    existing(world, module, id).map(drop).map_err(|_| Refusal::path_id(1))
}

/// `POST /{module}/{id}/actions/associate_email`
pub(super) fn associate(world: &mut World, caller: &Caller, request: &Request, module: &Module, id: &str) -> Outcome {
    caller.needs_module("emails", "CREATE")?;
    caller.needs_module(&module.api_name, "READ")?;
    record_exists(world, module, id)?;
    let body = request.json()?;
    let mut results = Vec::new();
    for (n, item) in items(&body, "Emails", PAGE)?.iter().enumerate() {
        results.push(associate_one(world, caller, (module, id), item, &format!("$.Emails[{n}]")));
    }
    Ok(batch("Emails", 201, results))
}

fn associate_one(
    world: &mut World,
    caller: &Caller,
    (module, id): (&Module, &str),
    item: &Value,
    path: &str,
) -> Result<Value, Refusal> {
    let given = item.as_object().ok_or_else(|| Refusal::invalid("Emails", "jsonobject", path.to_owned()))?;
    for name in ["from", "to", "subject", "content", "date_time", "sent", "original_message_id"] {
        if given.get(name).is_none_or(Value::is_null) {
            return Err(Refusal::missing(name, format!("{path}.{name}")));
        }
    }
    let wrong = |name: &str, expected: &str| Refusal::invalid(name, expected, format!("{path}.{name}"));
    addresses(given, path)?;
    let subject = item["subject"].as_str().filter(|s| !s.is_empty()).ok_or_else(|| wrong("subject", "text"))?;
    if subject.chars().count() > SUBJECT_CHARS {
        return Err(Refusal::too_long("subject", SUBJECT_CHARS, format!("{path}.subject")));
    }
    let at = item["date_time"].as_str().and_then(times::parse).ok_or_else(|| wrong("date_time", "datetime"))?;
    let sent = item["sent"].as_bool().ok_or_else(|| wrong("sent", "boolean"))?;
    if !matches!(item["mail_format"].as_str(), Some("html" | "text")) && !item["mail_format"].is_null() {
        return Err(wrong("mail_format", "picklist"));
    }
    let original = item["original_message_id"].as_str().filter(|s| !s.is_empty());
    let original = original.ok_or_else(|| wrong("original_message_id", "text"))?;
    if world.emails.iter().any(|email| email.original_message_id.as_deref() == Some(original)) {
        let api_name = "original_message_id";
        let details = json!({"api_name": api_name, "json_path": format!("{path}.{api_name}")});
        return Err(Refusal::bad("DUPLICATE_DATA", "duplicate data", details));
    }
    let message_id = keep(world, caller, (module, id), given, (at, sent, Some(original)), false);
    Ok(done("Your mail has been added successfully", json!({"message_id": message_id})))
}

fn keep(
    world: &mut World,
    caller: &Caller,
    (module, record_id): (&Module, &str),
    given: &Map<String, Value>,
    (at, sent, original): (jiff::Timestamp, bool, Option<&str>),
    through_crm: bool,
) -> String {
    let message_id = format!("{}{}", world.rng.hex(), world.rng.hex());
    world.emails.push(Email {
        message_id: message_id.clone(),
        module: module.api_name.clone(),
        record_id: record_id.to_owned(),
        original_message_id: original.map(str::to_owned),
        sent,
        owner: caller.user.clone(),
        at,
        recorded: world.now,
        through_crm,
        fields: given.clone(),
    });
    message_id
}

/// `from` is one address, `to`, `cc` and `bcc` are lists, each `{user_name, email}`.
fn addresses(given: &Map<String, Value>, path: &str) -> Result<(), Refusal> {
    let address = |value: &Value| value["email"].as_str().is_some_and(|email| email.contains('@'));
    for name in ["from", "to", "cc", "bcc"] {
        let Some(value) = given.get(name).filter(|value| !value.is_null()) else { continue };
        let good = match value {
            Value::Array(list) => name != "from" && (name != "to" || !list.is_empty()) && list.iter().all(address),
            one => name == "from" && address(one),
        };
        if !good {
            return Err(Refusal::invalid("email", "email", format!("{path}.{name}")));
        }
    }
    Ok(())
}

/// `GET /actions/email_available?orginal_message_id=` (the typo is Zoho's)
pub(super) fn available(world: &World, caller: &Caller, request: &Request) -> Outcome {
    if request.method != http::Method::GET {
        return Err(Refusal::method());
    }
    caller.needs_module("emails", "READ")?;
    let wanted = request.query("orginal_message_id");
    let wanted = wanted.ok_or_else(|| Refusal::missing_parameter("orginal_message_id"))?;
    let found = world.emails.iter().find(|email| email.original_message_id.as_deref() == Some(wanted));
    let record = found.map(|email| {
        let module = world.module(&email.module).map(Module::reference);
        json!({"module": module, "id": email.record_id})
    });
    Ok(Answer::json(200, json!({"available": found.is_some(), "record": record, "linked_record": null})))
}

/// `POST /{module}/{id}/actions/send_mail`
pub(super) fn send(world: &mut World, caller: &Caller, request: &Request, module: &Module, id: &str) -> Outcome {
    let by_module = caller.needs(&format!("ZohoCRM.send_mail.{}.CREATE", module.scope()));
    by_module.or_else(|_| caller.needs("ZohoCRM.send_mail.all.CREATE"))?;
    record_exists(world, module, id)?;
    let body = request.json()?;
    let mut results = Vec::new();
    for (n, item) in items(&body, "data", 1)?.iter().enumerate() {
        results.push(send_one(world, caller, (module, id), item, &format!("$.data[{n}]")));
    }
    Ok(batch("data", 200, results).costing(SEND_CREDITS))
}

fn send_one(
    world: &mut World,
    caller: &Caller,
    (module, id): (&Module, &str),
    item: &Value,
    path: &str,
) -> Result<Value, Refusal> {
    let given = item.as_object().ok_or_else(|| Refusal::invalid("data", "jsonobject", path.to_owned()))?;
    let by_template = given.get("template").is_some_and(Value::is_object);
    let needed: &[&str] = if by_template { &["from", "to"] } else { &["from", "to", "subject", "content"] };
    for name in needed {
        if given.get(*name).is_none_or(Value::is_null) {
            return Err(Refusal::missing(name, format!("{path}.{name}")));
        }
    }
    addresses(given, path)?;
    let from = item["from"]["email"].as_str().unwrap_or_default();
    if !world.users.iter().any(|user| user.usable() && user.email.eq_ignore_ascii_case(from)) {
        return Err(Refusal::invalid("from", "email", format!("{path}.from.email")));
    }
    let wrong_time = || Refusal::invalid("scheduled_time", "datetime", format!("{path}.scheduled_time"));
    let scheduled = given.get("scheduled_time").filter(|value| !value.is_null());
    let at = match scheduled {
        Some(time) => time.as_str().and_then(times::parse).ok_or_else(wrong_time)?,
        None => times::whole_second(world.now),
    };
    let message_id = keep(world, caller, (module, id), given, (at, true, None), true);
    let how = if scheduled.is_some() { "scheduled" } else { "sent" };
    Ok(done(&format!("Your mail has been {how} successfully."), json!({"message_id": message_id})))
}

/// `GET /{module}/{id}/Emails`: ten at a time, newest first, continued by `index`.
pub(super) fn list(world: &World, caller: &Caller, request: &Request, module: &Module, id: &str) -> Outcome {
    caller.needs_module("emails", "READ")?;
    caller.needs_module(&module.api_name, "READ")?;
    if let Err(absent) = existing(world, module, id) {
        return absent.outcome();
    }
    let index = request.query("index").map(str::parse).transpose();
    let index: usize = index.map_err(|_| Refusal::parameter("index"))?.unwrap_or(0);
    let mut all: Vec<&Email> = world.emails.iter().filter(|email| email.record_id == id).collect();
    all.sort_by_key(|email| std::cmp::Reverse(email.at));
    let shown: Vec<Value> = all.iter().skip(index).take(PAGE).map(|email| summary(world, email)).collect();
    if shown.is_empty() {
        return Ok(Answer::nothing());
    }
    let next = index.saturating_add(PAGE);
    let more = all.len() > next;
    let info = json!({
        "per_page": PAGE, "count": shown.len(), "next_index": more.then(|| next.to_string()),
        "prev_index": (index > 0).then(|| index.saturating_sub(PAGE).to_string()), "more_records": more,
    });
    Ok(Answer::json(200, json!({"Emails": shown, "info": info})))
}

/// `GET /{module}/{id}/Emails/{message_id}`, the only one with the content.
pub(super) fn get(world: &World, caller: &Caller, module: &Module, id: &str, message: &str) -> Outcome {
    caller.needs_module("emails", "READ")?;
    caller.needs_module(&module.api_name, "READ")?;
    let found = world.emails.iter().find(|email| email.record_id == id && email.message_id == message);
    let email = found.ok_or_else(|| Refusal::path_id(3))?;
    let mut shown = summary(world, email);
    let field = |name: &str| email.fields.get(name).cloned().unwrap_or(Value::Null);
    shown["content"] = field("content");
    shown["mail_format"] = field("mail_format");
    shown["attachments"] = json!([]);
    shown["thread_id"] = json!(email.message_id);
    shown["reply_to"] = field("reply_to");
    shown["sent_time"] = json!(world.time(email.at));
    Ok(Answer::json(200, json!({"Emails": [shown]})))
}

fn summary(world: &World, email: &Email) -> Value {
    let field = |name: &str| email.fields.get(name).cloned().unwrap_or(Value::Null);
    let linked = world.module(&email.module).map(|module| {
        let name = world.record_name(&email.module, &email.record_id);
        json!({"module": module.reference(), "name": name, "id": email.record_id})
    });
    let attached = field("attachments").as_array().is_some_and(|list| !list.is_empty());
    json!({
        "message_id": email.message_id, "subject": field("subject"), "from": field("from"), "to": field("to"),
        "cc": field("cc"), "time": world.time(email.at), "sent": email.sent, "read": true, "editable": false,
        "source": if email.through_crm { "crm" } else { "associated" }, "status": [{"type": "sent"}],
        "has_attachment": attached, "owner": world.user_ref(&email.owner), "linked_record": linked,
    })
}
