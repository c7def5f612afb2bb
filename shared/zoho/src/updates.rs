//! Changing records: fields and owners. The org's workflows never run on what the product writes (`trigger: []`).

use app::ports::{Change, CrmError};
use domain::{Module, RecordRef, UserId};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::answer::Refusal;
use crate::http::Line;
use crate::request::{Kind, Request};
use crate::wire;

/// Records in one call.
const RECORDS: usize = 100;

/// Sets fields; results in the order of `changes`.
pub(crate) async fn fields(line: &mut Line<'_>, module: Module, changes: &[Change]) -> Vec<Result<(), CrmError>> {
    let mut results = Vec::with_capacity(changes.len());
    for batch in changes.chunks(RECORDS) {
        let data: Vec<_> = batch.iter().map(item).collect();
        let body = json!({"data": data, "trigger": []});
        let request = Request::send(Method::PUT, Kind::Idempotent, "records", [module.as_str()], body);
        match line.send(&request).await {
            Ok(answer) => results.extend(answer.results("data", batch.len()).into_iter().map(done)),
            Err(error) => results.extend(vec![Err(error); batch.len()]),
        }
    }
    results
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
    done(line.send(&request).await?.result("data"))
}

fn done(result: Result<Value, Refusal>) -> Result<(), CrmError> {
    result.map(drop).map_err(|refusal| refusal.into_error(Kind::Idempotent))
}
