//! Looks at the end of a story from outside, at the CRM and the outbox, and says which promise was broken.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Direction, Lead, LeadState, OrgId};
use serde::Serialize;
use serde_json::Value;

use crate::world::{World, WorldError};

/// The end of a story in figures.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// How many leads ended in which state.
    pub leads_by_state: BTreeMap<String, usize>,
    /// Mails in the outbox.
    pub mails_sent: usize,
    /// Mails on CRM records, sent and received.
    pub mails_logged: usize,
    /// Notes on CRM records.
    pub notes: usize,
    /// Records whose owner the product changed back.
    pub hand_backs: usize,
    /// Mails that somebody got twice, or that are logged twice.
    pub duplicates: usize,
    /// Records that are neither nurtured nor given back.
    pub lost: usize,
    /// API credits since the beginning.
    pub credits_used: u64,
    /// A row for each record.
    pub records: Vec<RecordRow>,
    /// Promises that were broken; empty is as it should be.
    pub broken: Vec<String>,
}

/// One record in the table.
#[derive(Debug, Serialize)]
pub struct RecordRow {
    /// The person.
    pub name: String,
    /// The module.
    pub module: &'static str,
    /// The lead's state here.
    pub state: &'static str,
    /// The status on the record.
    pub status: String,
    /// Mails in the outbox.
    pub mails_sent: usize,
    /// Mails on the record.
    pub mails_logged: usize,
    /// Notes on the record.
    pub notes: usize,
    /// Who owns the record.
    pub owner: String,
}

/// Looks at everything.
pub async fn audit(world: &World, org: &OrgId) -> Result<Summary, WorldError> {
    let admin = world.product.admin();
    let mut leads = admin.leads(org).await.map_err(|error| WorldError::new("the leads", error))?;
    leads.sort_by(|a, b| a.id.cmp(&b.id));
    let state = world.zoho_state(&["records", "notes", "emails", "owner_history", "credits_ever"]);
    let outbox = world.mails()?;
    let mut summary = Summary {
        leads_by_state: BTreeMap::new(),
        mails_sent: outbox.len(),
        mails_logged: list(&state["emails"]).len(),
        notes: list(&state["notes"]).len(),
        hand_backs: hand_backs(&state),
        duplicates: 0,
        lost: 0,
        credits_used: state["credits_ever"].as_u64().unwrap_or(0),
        records: Vec::new(),
        broken: Vec::new(),
    };
    let mut seen = BTreeSet::new();
    for email in list(&state["emails"]) {
        if !seen.insert(email["original_message_id"].to_string()) {
            summary.duplicates += 1;
            summary.broken.push("a mail is logged twice".to_owned());
        }
    }
    for (name, raw) in &outbox {
        let message_id = mail::parse(raw, None).message_id;
        if !list(&state["emails"]).iter().any(|email| email["original_message_id"] == message_id.as_str()) {
            summary.broken.push(format!("{name} is in the outbox and not on its record"));
        }
    }
    for lead in &leads {
        *summary.leads_by_state.entry(lead.state.name().to_owned()).or_default() += 1;
        let row = look_at(&mut summary, lead, &state, &outbox)?;
        summary.records.push(row);
    }
    Ok(summary)
}

fn look_at(
    summary: &mut Summary,
    lead: &Lead,
    state: &Value,
    outbox: &[(String, Vec<u8>)],
) -> Result<RecordRow, WorldError> {
    let record = lead.id.record();
    let name = lead.person.full_name();
    let in_crm = list(&state["records"][record.module.as_str()])
        .iter()
        .find(|row| row["id"] == record.id.as_str())
        .ok_or_else(|| WorldError::new("a record", "is gone"))?;
    let of_record = |entry: &&Value| entry["record"] == record.id.as_str();
    let logged: Vec<&Value> = list(&state["emails"]).iter().filter(of_record).collect();
    let mails: Vec<_> = outbox.iter().filter(|(file, _)| file.contains(&format!("dlv_{}.", lead.id))).collect();
    let owner = in_crm["Owner"]["id"].as_str().unwrap_or_default();

    if mails.len() != lead.mails_sent as usize {
        summary.duplicates += mails.len().saturating_sub(lead.mails_sent as usize);
        summary.broken.push(format!("{name} got {} mails, the lead says {}", mails.len(), lead.mails_sent));
    }
    let logged_sent = logged.iter().filter(|entry| entry["sent"] == Value::Bool(true)).count();
    if logged_sent != mails.len() {
        let direction = Direction::Sent;
        summary.broken.push(format!("{name}: {} mails, {logged_sent} logged as {direction:?}", mails.len()));
    }
    let expected = lead.previous_owner.as_ref().map(|owner| owner.user.as_str());
    if lead.is_active() || Some(owner) != expected {
        summary.lost += 1;
        summary.broken.push(format!("{name} is not back with the previous owner"));
    }
    if lead.state == LeadState::Hot && in_crm["TEC_Lead_Connection_Status"] != "Hot" {
        summary.broken.push(format!("{name} is Hot here and not in Zoho"));
    }
    Ok(RecordRow {
        name,
        module: record.module.as_str(),
        state: lead.state.name(),
        status: in_crm["TEC_Lead_Connection_Status"].as_str().unwrap_or("-").to_owned(),
        mails_sent: mails.len(),
        mails_logged: logged.len(),
        notes: list(&state["notes"]).iter().filter(of_record).count(),
        owner: in_crm["Owner"]["name"].as_str().unwrap_or_default().to_owned(),
    })
}

/// Owner changes made through the API: only the product uses it.
fn hand_backs(state: &Value) -> usize {
    let histories = state["owner_history"].as_object().into_iter().flat_map(serde_json::Map::values);
    histories.flat_map(list).filter(|change| change["through"] == "api").count()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
