//! Changing records: fields and owners. The org's workflows never run on what the product writes (`trigger: []`).

use app::ports::{Change, CrmError};
use domain::{Module, RecordRef, UserId};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::http::Line;
use crate::request::{Kind, Request};
use crate::wire;

/// Sets fields; results in the order of `changes`.
pub(crate) async fn fields(line: &mut Line<'_>, module: Module, changes: &[Change]) -> Vec<Result<(), CrmError>> {
    let request = |changes: &[Change]| {
        let data: Vec<_> = changes.iter().map(item).collect();
        let body = json!({"data": data, "trigger": []});
        Request::send(Method::PUT, Kind::Idempotent, "records", [module.as_str()], body)
    };
    line.write_each(changes, request).await
}

fn item(change: &Change) -> Value {
    let fields = change.fields.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
    Value::Object(Map::from_iter(fields.chain([("id".to_owned(), change.id.as_str().into())])))
}

/// Sets the owner unless the record changed after `unmodified_since`. If an answer is lost and the first try did it, the
/// second finds the record changed: the caller then reads who owns it.
pub(crate) async fn owner(
    line: &mut Line<'_>,
    record: &RecordRef,
    owner: &UserId,
    unmodified_since: Timestamp,
) -> Result<(), CrmError> {
    let body = json!({"data": [{"Owner": {"id": owner.as_str()}}], "trigger": []});
    let path = [record.module.as_str(), record.id.as_str()];
    let request = Request::send(Method::PUT, Kind::Idempotent, "records", path, body)
        .if_unmodified_since(wire::time(unmodified_since));
    let result = line.send(&request).await?.result("data");
    result.map(drop).map_err(|refusal| refusal.into_error(Kind::Idempotent))
}
