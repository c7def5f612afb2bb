//! What became of records: deletions, and who owned them before.

use app::ports::CrmError;
use domain::{Module, RecordId, RecordRef};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::http::Line;
use crate::request::Request;
use crate::wire;

/// Pages of a timeline to read, newest first; 600 events.
const PAGES: usize = 3;

#[derive(Deserialize)]
struct Deleted {
    id: RecordId,
    deleted_time: Option<Timestamp>,
}

/// Ids deleted at or after `since`.
pub(crate) async fn deleted_since(
    line: &mut Line<'_>,
    module: Module,
    since: Timestamp,
) -> Result<Vec<RecordId>, CrmError> {
    Ok(recent(line.list_all(deleted(module, since), "data").await?, since))
}

/// The first of the deletions at or after `since`, as a part of a call.
pub(crate) fn first_rows(module: Module, since: Timestamp, rows: usize) -> Request {
    deleted(module, since).query("page", 1).query("per_page", rows)
}

/// All deletions that such a question found; `None` where there are more, or the answer is none.
pub(crate) fn all_rows(answer: &Answer, since: Timestamp) -> Option<Vec<RecordId>> {
    let page = answer.list::<Deleted>("data").ok().filter(|page| !page.more)?;
    Some(recent(page.items, since))
}

fn deleted(module: Module, since: Timestamp) -> Request {
    // "Modified since" excludes the second itself, as HTTP reads it: so ask a second earlier, and look again.
    let earlier = since.checked_sub(SignedDuration::from_secs(1)).unwrap_or(since);
    Request::get("deleted records", [module.as_str(), "deleted"])
        .costing(2)
        .query("type", "all")
        .if_modified_since(wire::time(earlier))
}

fn recent(deleted: Vec<Deleted>, since: Timestamp) -> Vec<RecordId> {
    let recent = |time: Timestamp| time.as_second() >= since.as_second();
    deleted.into_iter().filter(|row| row.deleted_time.is_none_or(recent)).map(|row| row.id).collect()
}

#[derive(Deserialize)]
struct Event {
    audited_time: Option<Timestamp>,
    field_history: Option<Vec<FieldChange>>,
}

#[derive(Deserialize)]
struct FieldChange {
    api_name: Option<String>,
    _value: Option<Change>,
}

#[derive(Deserialize)]
struct Change {
    old: Option<Value>,
}

/// Old values of the record's owner changes, newest first. Zoho does not say whether they are names or ids.
pub(crate) async fn former_owners(line: &mut Line<'_>, record: &RecordRef) -> Result<Vec<String>, CrmError> {
    let path = [record.module.as_str(), record.id.as_str(), "__timeline"];
    let mut request = Request::get("timelines", path).query("per_page", 200).query("sort_order", "desc");
    let mut changes = Vec::new();
    for page in 1..=PAGES {
        let events = line.list::<Event>(&request, "__timeline").await?;
        changes.extend(events.items.into_iter().flat_map(owner_changes));
        request = match events.next_token {
            Some(token) => request.query("page_token", token),
            None if events.more => request.query("page", page + 1),
            None => break,
        };
    }
    changes.sort_by(|(one, _), (other, _)| other.cmp(one));
    Ok(changes.into_iter().map(|(_, owner)| owner).collect())
}

fn owner_changes(event: Event) -> impl Iterator<Item = (Option<Timestamp>, String)> {
    let at = event.audited_time;
    let fields = event.field_history.unwrap_or_default();
    let owners = fields.into_iter().filter(|field| field.api_name.as_deref() == Some("Owner"));
    owners.filter_map(move |field| Some((at, owner(&field._value?.old?)?)))
}

/// A name, an id, or both in an object: then the id, which is never ambiguous.
fn owner(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(id) => Some(id.to_string()),
        Value::Object(user) => user.get("id").and_then(owner).or_else(|| owner(user.get("name")?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn old_owners_come_as_name_id_or_object() {
        let event = |old: Value| {
            let history =
                json!([{"api_name": "Phone", "_value": {"old": "1"}}, {"api_name": "Owner", "_value": {"old": old}}]);
            let event = json!({"audited_time": "2026-01-15T10:30:00+05:30", "field_history": history});
            owner_changes(serde_json::from_value(event).unwrap()).map(|(_, owner)| owner).collect::<Vec<_>>()
        };
        assert_eq!(event(json!("P Boyle")), ["P Boyle"]);
        assert_eq!(event(json!("5540000235011")), ["5540000235011"]);
        assert_eq!(event(json!({"name": "P Boyle", "id": "5540000235011"})), ["5540000235011"]);
        assert_eq!(event(json!({"name": "P Boyle"})), ["P Boyle"]);
        assert!(event(json!(null)).is_empty());
        assert!(event(json!("")).is_empty());
    }
}
