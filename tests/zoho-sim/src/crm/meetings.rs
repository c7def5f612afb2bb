//! What meetings have and other records have not: an order of times, and participants.

use serde_json::{Map, Value, json};

use super::validate::id_of;
use crate::{reply::Refusal, times, world::World};

const MOST_PARTICIPANTS: usize = 50;

/// Checks a meeting about to be stored, and completes its participants to what Zoho reads back.
pub(super) fn complete(world: &mut World, stored: &mut Map<String, Value>, path: &str) -> Result<(), Refusal> {
    let time = |name: &str| stored.get(name).and_then(Value::as_str).and_then(times::parse);
    if let (Some(start), Some(end)) = (time("Start_DateTime"), time("End_DateTime"))
        && end < start
    {
        return Err(Refusal::invalid("End_DateTime", "datetime", format!("{path}.End_DateTime")));
    }
    let Some(given) = stored.get("Participants").filter(|value| !value.is_null()) else { return Ok(()) };
    let at = format!("{path}.Participants");
    let list = given.as_array().ok_or_else(|| Refusal::invalid("Participants", "jsonarray", at.clone()))?;
    if list.len() > MOST_PARTICIPANTS {
        return Err(Refusal::limit("Participants", MOST_PARTICIPANTS));
    }
    let list = list.clone();
    let completed: Result<Vec<Value>, Refusal> =
        list.iter().enumerate().map(|(n, one)| participant(world, one, &format!("{at}[{n}]"))).collect();
    stored.insert("Participants".into(), Value::Array(completed?));
    Ok(())
}

/// `{type: contact | lead | user, participant: id}`, or `{type: email, Email: address}`.
fn participant(world: &mut World, given: &Value, path: &str) -> Result<Value, Refusal> {
    let wrong = |name: &str| Refusal::invalid(name, "text", format!("{path}.{name}"));
    let kind = given["type"].as_str().ok_or_else(|| Refusal::missing("type", format!("{path}.type")))?;
    let (name, email, participant) = match kind {
        "email" => {
            let address = given["Email"].as_str().filter(|text| text.contains('@')).ok_or_else(|| wrong("Email"))?;
            (Value::Null, json!(address), json!(address))
        }
        "user" => {
            let user = given.get("participant").and_then(id_of).and_then(|id| world.user(&id));
            let user = user.ok_or_else(|| wrong("participant"))?;
            (json!(user.full_name()), json!(user.email), json!(user.id))
        }
        "contact" | "lead" => {
            let module = if kind == "lead" { "Leads" } else { "Contacts" };
            let id = given.get("participant").and_then(id_of).ok_or_else(|| wrong("participant"))?;
            let record = world.record(module, &id).ok_or_else(|| wrong("participant"))?;
            (json!(world.record_name(module, &id)), record.get("Email"), json!(id))
        }
        _ => return Err(wrong("type")),
    };
    Ok(json!({
        "id": world.new_id(), "type": kind, "participant": participant, "name": name, "Email": email,
        "invited": false, "status": "not_known",
    }))
}
