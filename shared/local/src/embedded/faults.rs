//! What DynamoDB does on a bad day, for tests: the embedded database has no bad days of its own.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::RuntimeComponents;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::error::ConnectorError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use serde_json::{Value, json};

use super::connector::{Answer, Embedded, parts, response};

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injected {
    /// Turned away; nothing happened.
    Throttled,
    /// A write met somebody else's transaction; nothing happened. Reads are not affected.
    Conflict,
    /// Carried out, but the caller sees a time-out.
    LostAnswer,
    /// A read that does not ask for consistency, as no query of an index can, shows what it showed last time for the
    /// same partition or key; nothing, if that was never. Other requests are not affected.
    Stale,
}

/// Decides, before each request, what goes wrong with it.
pub trait FaultPlan: Send + Sync {
    /// `operation` is DynamoDB's name, such as `TransactWriteItems`; `None` lets the request pass.
    fn before(&self, operation: &str) -> Option<Injected>;
}

/// The last answers by what was looked at.
type Shown = HashMap<String, Answer>;

/// The embedded database under a plan.
#[derive(Clone)]
pub(super) struct Faulty {
    database: Embedded,
    plan: Arc<dyn FaultPlan>,
    shown: Arc<Mutex<Shown>>,
}

impl Faulty {
    pub(super) fn new(database: Embedded, plan: Arc<dyn FaultPlan>) -> Self {
        Self { database, plan, shown: Arc::default() }
    }

    fn send(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let (operation, body) = parts(request)?;
        let fault = self.plan.before(operation);
        let view = view(operation, body);
        match (fault, view) {
            (Some(Injected::Throttled), _) => response(refusal("ThrottlingException", &json!({}))),
            (Some(Injected::Conflict), _) if operation == "TransactWriteItems" => response(canceled(body)),
            (Some(Injected::Conflict), _) if ["PutItem", "UpdateItem", "DeleteItem"].contains(&operation) => {
                response(refusal("TransactionConflictException", &json!({})))
            }
            (Some(Injected::LostAnswer), _) => {
                self.database.answer(operation, body);
                Err(ConnectorError::timeout("the answer was lost, as planned".into()))
            }
            (Some(Injected::Stale), Some(view)) => {
                let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner).get(&view).cloned();
                response(shown.unwrap_or_else(|| (200, br#"{"Items":[],"Count":0,"ScannedCount":0}"#.to_vec())))
            }
            (None | Some(Injected::Conflict | Injected::Stale), view) => {
                let answer = self.database.answer(operation, body);
                if let Some(view) = view {
                    self.shown.lock().unwrap_or_else(PoisonError::into_inner).insert(view, answer.clone());
                }
                response(answer)
            }
        }
    }
}

/// What a read looks at, if it may lag: an index, or the table, and the partition, which the store's expressions call
/// `:partition`; or a key.
fn view(operation: &str, body: &[u8]) -> Option<String> {
    let read: Value = serde_json::from_slice(body).ok()?;
    if read["ConsistentRead"] == true {
        return None;
    }
    match operation {
        "Query" => Some(format!("{} {}", read["IndexName"], read["ExpressionAttributeValues"][":partition"])),
        "GetItem" => Some(read["Key"].to_string()),
        _ => None,
    }
}

/// Conflict in the first part of a transaction.
fn canceled(body: &[u8]) -> Answer {
    let parts = serde_json::from_slice::<Value>(body).ok();
    let parts = parts.as_ref().and_then(|body| body["TransactItems"].as_array()).map_or(1, Vec::len);
    let reasons = (0..parts).map(|part| json!({ "Code": if part == 0 { "TransactionConflict" } else { "None" } }));
    let reasons = json!({ "CancellationReasons": reasons.collect::<Vec<_>>() });
    refusal("TransactionCanceledException", &reasons)
}

fn refusal(code: &str, more: &Value) -> Answer {
    let mut body = more.clone();
    body["__type"] = format!("com.amazonaws.dynamodb.v20120810#{code}").into();
    body["message"] = "as planned".into();
    (400, body.to_string().into_bytes())
}

impl HttpConnector for Faulty {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.send(&request))
    }
}

impl HttpClient for Faulty {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}
