//! What must hold at the end, looked at from outside: in the CRMs, in the mail systems, and in what the table was told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use zoho_sim::StateQuery;

use super::gate::lock;
use super::json::{rows, text};
use super::people::People;
use super::staff::DAILY_CAP;
use super::stage::Stage;
use super::tenant::Tenant;

/// Calls that the simulated edition allows at once.
const CALLS_AT_ONCE: u32 = 10;

/// The promises that were broken, in words. What holds at the end of a story need not while it goes on.
pub(super) fn broken(stage: &Stage, people: &People, is_over: bool) -> Vec<String> {
    let mut broken = lock(&stage.ledger).broken.clone();
    for (number, tenant) in stage.tenants.iter().enumerate() {
        let only = ["records", "notes", "emails", "owner_history", "users"].map(str::to_owned).to_vec();
        let state = tenant.zoho.state(&StateQuery { since: None, only });
        let assistants = assistants(people, tenant, &state);
        let of = Of { number, tenant, state: &state, assistants };
        mails(stage, people, &of, &mut broken);
        if !is_over {
            continue;
        }
        records(people, &of, &mut broken);
        notes(people, &of, &mut broken);
        if people.answers.is_scripted() {
            journey(stage, people, &of, &mut broken);
        }
    }
    broken.extend(stage.due.unknown().map(|lead| format!("it never came out what happened to {lead}")));
    budgets(stage, &mut broken);
    tokens(stage, &mut broken);
    broken
}

/// One org, and its CRM as it is at the end.
struct Of<'a> {
    number: usize,
    tenant: &'a Tenant,
    state: &'a Value,
    /// Users' ids.
    assistants: Vec<String>,
}

fn assistants(people: &People, tenant: &Tenant, state: &Value) -> Vec<String> {
    let names: Vec<String> = people.staff.names().iter().map(|name| tenant.address(name)).collect();
    let users = rows(&state["users"]).iter();
    users.filter(|user| names.iter().any(|name| user["email"] == name.as_str())).map(|user| text(&user["id"])).collect()
}

impl Of<'_> {
    fn is_assistant(&self, user: &Value) -> bool {
        let id = user["id"].as_str().or(user.as_str()).unwrap_or_default();
        self.assistants.iter().any(|assistant| assistant == id)
    }

    fn records(&self) -> impl Iterator<Item = &Value> {
        let modules = self.state["records"].as_object().into_iter().flat_map(serde_json::Map::iter);
        modules
            .filter(|(module, _)| ["Leads", "Contacts", "Deals"].contains(&module.as_str()))
            .flat_map(|(_, list)| rows(list))
    }
}

/// Nobody is mailed twice, nobody after they wanted no more or unless a person approved it, and each mail is on its
/// record once.
fn mails(stage: &Stage, people: &People, of: &Of<'_>, broken: &mut Vec<String>) {
    let mut logged: BTreeMap<&str, usize> = BTreeMap::new();
    for email in rows(&of.state["emails"]) {
        *logged.entry(email["original_message_id"].as_str().unwrap_or_default()).or_default() += 1;
    }
    for (message, times) in &logged {
        if *times > 1 {
            broken.push(format!("{message} is logged {times} times"));
        }
    }
    // Nothing can be logged on a lead that was converted.
    let there = of.records().filter(|record| record["$converted"] != true);
    let there: BTreeSet<&str> = there.filter_map(|record| record["id"].as_str()).collect();
    let (departed, ledger) = (lock(&stage.post.departed), lock(&stage.ledger));
    let (mut seen, org) = (BTreeSet::new(), of.tenant.org.to_string());
    for left in departed.iter() {
        if !left.mail.from.address.as_str().ends_with(of.tenant.domain) {
            if logged.contains_key(left.message_id.as_str()) {
                broken.push(format!("{} of another org is on a record", left.message_id));
            }
            continue;
        }
        let delivery = left.mail.delivery.as_str();
        if !seen.insert(delivery) {
            broken.push(format!("{delivery} left twice"));
        }
        let known = ledger.deliveries.get(&(org.clone(), delivery.to_owned())).cloned().unwrap_or_default();
        match (known.claimed, ledger.suppressed(&org, &left.mail.to.address)) {
            (None, _) => broken.push(format!("{delivery} left and was never claimed")),
            (Some(claimed), Some(suppressed)) if claimed > suppressed => {
                broken.push(format!("{delivery} was claimed after its address was suppressed"));
            }
            (Some(_), _) => {}
        }
        if let Some(approved) = known.approved.filter(|approved| *approved != left.mail.text) {
            broken.push(format!("{delivery} is not what was approved: {approved}"));
        }
        let record = left.mail.delivery.lead().map(|lead| lead.record().id.to_string()).unwrap_or_default();
        let is_known = known.outcome == "sent";
        if is_known && there.contains(record.as_str()) && !logged.contains_key(left.message_id.as_str()) {
            broken.push(format!("{delivery} left and is not on its record"));
        }
    }
    let noted = |lead: &str| {
        rows(&of.state["notes"]).iter().any(|note| {
            note["record"].as_str().is_some_and(|record| lead.ends_with(record))
                && text(&note["title"]).contains("Not confirmed")
        })
    };
    for ((_, delivery), known) in ledger.deliveries.iter().filter(|((of, _), _)| *of == org) {
        let lead = delivery.split('.').next().unwrap_or_default();
        let record = lead.rsplit('-').next().unwrap_or_default();
        match known.outcome.as_str() {
            "claimed" => broken.push(format!("{delivery} is still under way")),
            "unknown" if there.contains(record) && !noted(lead) => {
                broken.push(format!("nobody is told that nobody can tell whether {delivery} left"));
            }
            _ => {}
        }
    }
    let spoke = people.answers.spoke.iter().filter_map(|address| address.parse().ok());
    for hash in ledger.suppressed_besides(&org, spoke) {
        broken.push(format!("the address {hash} is suppressed and never said a word"));
    }
}

/// Nobody is lost, and only assistants' records change hands by us, no more often than they were begun with.
fn records(people: &People, of: &Of<'_>, broken: &mut Vec<String>) {
    for record in of.records() {
        let id = text(&record["id"]);
        let key = (of.number, id.clone());
        if of.is_assistant(&record["Owner"]) && record["$converted"] != true {
            broken.push(format!("{id} is still an assistant's"));
        }
        let ours = rows(&of.state["owner_history"][&id]).iter().filter(|change| change["through"] == "api");
        let (mut given, mut taken) = (0, 0);
        for change in ours {
            if of.is_assistant(&change["to"]) {
                taken += 1;
                if !people.restarted.contains(&key) {
                    broken.push(format!("{id} was taken for an assistant, and nobody wanted that: {change}"));
                }
            } else {
                given += 1;
                if !of.is_assistant(&change["from"]) {
                    broken.push(format!("{id} was taken from somebody who is no assistant: {change}"));
                }
            }
        }
        let begun = people.begun.get(&key).copied().unwrap_or(0);
        if given > begun || taken > begun {
            broken.push(format!(
                "{id} was given away {given} times and taken {taken} times, and begun with {begun} times"
            ));
        }
    }
}

/// Each note is on its record once for each time the record was begun with; what was ordered once, once.
fn notes(people: &People, of: &Of<'_>, broken: &mut Vec<String>) {
    let mut seen: BTreeMap<_, usize> = BTreeMap::new();
    for note in rows(&of.state["notes"]) {
        let record = note["record"].as_str().unwrap_or_default();
        let times = seen.entry((record, note["title"].as_str(), note["content"].as_str())).or_default();
        *times += 1;
        let key = (of.number, record.to_owned());
        let begun = people.begun.get(&key).copied().unwrap_or(0);
        let most = if text(&note["content"]).starts_with("Order ") { 1 } else { begun };
        if *times > most && !people.merged.contains(&key) {
            broken.push(format!("a note is on {record} {times} times: {}", note["title"]));
        }
    }
}

/// What is written for a journey came true: everybody got the first mail of their schedule, and their record went back.
fn journey(stage: &Stage, people: &People, of: &Of<'_>, broken: &mut Vec<String>) {
    let (departed, ledger) = (lock(&stage.post.departed), lock(&stage.ledger));
    for (_, id) in people.begun.keys() {
        let first = format!("dlv_contacts-{id}.1.1");
        let is_unknown = ledger
            .deliveries
            .get(&(of.tenant.org.to_string(), first.clone()))
            .is_some_and(|known| known.outcome == "unknown");
        if !is_unknown && !departed.iter().any(|left| left.mail.delivery.as_str() == first) {
            broken.push(format!("{first} never left"));
        }
        let back = rows(&of.state["owner_history"][id]).iter().filter(|change| change["through"] == "api").count();
        if back != 1 {
            broken.push(format!("{id} was given back {back} times"));
        }
    }
}

/// No assistant sends more on a day than it may, and no CRM is asked for more at once than it allows.
fn budgets(stage: &Stage, broken: &mut Vec<String>) {
    let mut sent: BTreeMap<(String, String), u32> = BTreeMap::new();
    for left in lock(&stage.post.departed).iter() {
        // London has the day of UTC in winter. What somebody waits for counts, and is not held back.
        let day = left.at.to_string().chars().take(10).collect();
        *sent.entry((left.mail.from.address.to_string(), day)).or_default() += u32::from(!left.mail.automatic_answer);
    }
    for ((assistant, day), mails) in sent {
        if mails > DAILY_CAP {
            broken.push(format!("{assistant} sent {mails} mails on {day}"));
        }
    }
    let most = lock(&stage.ledger).most_calls_at_once();
    if most > CALLS_AT_ONCE {
        broken.push(format!("there were {most} calls to Zoho at once"));
    }
}

/// Zoho gives out ten access tokens in ten minutes.
fn tokens(stage: &Stage, broken: &mut Vec<String>) {
    for (host, asked) in &lock(&stage.ledger).tokens {
        let crowded = |times: &&[Timestamp]| times[10].duration_since(times[0]) < SignedDuration::from_mins(10);
        if let Some(times) = asked.windows(11).find(crowded) {
            broken.push(format!("{host} was asked for eleven tokens in ten minutes from {}", times[0]));
        }
    }
}
