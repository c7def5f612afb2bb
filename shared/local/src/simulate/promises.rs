//! What must hold at the end, looked at from outside: in the CRM, in the mail system, and in what the table was told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::gate::lock;
use super::people::{People, state};
use super::stage::Stage;

/// The promises that were broken, in words.
pub(super) fn broken(stage: &Stage, people: &People) -> Vec<String> {
    let state = state(stage);
    let mut broken = lock(&stage.ledger).fallen.clone();
    mails(stage, &state, &mut broken);
    records(people, &state, &mut broken);
    notes(people, &state, &mut broken);
    broken
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Nobody is mailed twice, nobody after they wanted no more, and each mail is on its record once.
fn mails(stage: &Stage, state: &Value, broken: &mut Vec<String>) {
    let mut logged: BTreeMap<&str, usize> = BTreeMap::new();
    for email in rows(&state["emails"]) {
        *logged.entry(email["original_message_id"].as_str().unwrap_or_default()).or_default() += 1;
    }
    for (message, times) in &logged {
        if *times > 1 {
            broken.push(format!("{message} is logged {times} times"));
        }
    }
    // Nothing can be logged on a lead that was converted.
    let there = all_records(state).filter(|record| record["$converted"] != true);
    let there: BTreeSet<&str> = there.filter_map(|record| record["id"].as_str()).collect();
    let (departed, ledger) = (lock(&stage.sink.departed), lock(&stage.ledger));
    let mut seen = BTreeSet::new();
    for left in departed.iter() {
        let delivery = left.mail.delivery.as_str();
        if !seen.insert(delivery) {
            broken.push(format!("{delivery} left twice"));
        }
        let suppressed = ledger.suppressed(&left.mail.to.address);
        if let (Some(claimed), Some(suppressed)) = (ledger.claimed.get(delivery), suppressed)
            && *claimed > suppressed
        {
            broken.push(format!("{delivery} was claimed after its address was suppressed"));
        }
        let record = left.mail.delivery.lead().map(|lead| lead.record().id.to_string()).unwrap_or_default();
        if there.contains(record.as_str()) && !logged.contains_key(left.message_id.as_str()) {
            broken.push(format!("{delivery} left and is not on its record"));
        }
    }
}

/// Nobody is lost, and only the assistant's records change hands by us.
fn records(people: &People, state: &Value, broken: &mut Vec<String>) {
    let assistant = rows(&state["users"]).iter().find(|user| user["email"] == crate::world::ASSISTANT);
    let assistant = assistant.and_then(|user| user["id"].as_str()).unwrap_or_default();
    for record in all_records(state) {
        let id = record["id"].as_str().unwrap_or_default();
        if record["Owner"]["id"] == assistant && record["$converted"] != true {
            broken.push(format!("{id} is still the assistant's"));
        }
        let ours = rows(&state["owner_history"][id]).iter().filter(|change| change["through"] == "api");
        for change in ours {
            if change["from"]["id"] != assistant && change["from"] != assistant {
                broken.push(format!("{id} was taken from somebody who is no assistant: {change}"));
            }
            if !people.assigned.contains_key(id) {
                broken.push(format!("{id} was never assigned, and was given to somebody"));
            }
        }
    }
}

/// Each note is on its record once for each time the record was assigned.
fn notes(people: &People, state: &Value, broken: &mut Vec<String>) {
    let mut seen: BTreeMap<_, usize> = BTreeMap::new();
    for note in rows(&state["notes"]) {
        let record = note["record"].as_str().unwrap_or_default();
        let times = seen.entry((record, note["title"].as_str(), note["content"].as_str())).or_default();
        *times += 1;
        if *times > people.assigned.get(record).copied().unwrap_or(0) && !people.merged.contains(record) {
            broken.push(format!("a note is on {record} {times} times: {}", note["title"]));
        }
    }
}

fn all_records(state: &Value) -> impl Iterator<Item = &Value> {
    let modules = state["records"].as_object().into_iter().flat_map(serde_json::Map::iter);
    modules
        .filter(|(module, _)| ["Leads", "Contacts", "Deals"].contains(&module.as_str()))
        .flat_map(|(_, list)| rows(list))
}
