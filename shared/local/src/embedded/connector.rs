//! The SDK's requests, answered by a database in this process.
//!
//! In memory nothing is awaited: SQLite answers in a fraction of a millisecond, so an answer is ready when the call returns,
//! and the same calls in the same order give the same answers. On a file, an answer waits for the disk: see [`Log`].

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

use aws_sdk_dynamodb::config::RuntimeComponents;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::error::ConnectorError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_types::body::SdkBody;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::log::Log;
use super::tokens::Tokens;

/// A request or an answer as it travels: the operation's name or the status, and JSON.
pub(super) type Answer = (u16, Vec<u8>);

/// Operations that write nothing.
const READS: [&str; 4] = ["BatchGetItem", "DescribeTable", "GetItem", "Query"];

/// An HTTP client for the SDK that is the database itself.
#[derive(Clone)]
pub(super) struct Embedded {
    database: Database,
    tokens: Arc<Tokens>,
    /// `None` in memory.
    log: Option<Arc<Log>>,
    /// Released with the last client, not before: as long as somebody can write, the directory is taken.
    _lock: Option<Arc<File>>,
}

impl Embedded {
    /// In memory.
    pub(super) fn memory(database: Database) -> Self {
        Self { database, tokens: Arc::default(), log: None, _lock: None }
    }

    /// On a file that is this process's as long as it has the lock.
    pub(super) fn file(database: Database, log: Log, lock: File) -> Self {
        Self { database, tokens: Arc::default(), log: Some(Arc::new(log)), _lock: Some(Arc::new(lock)) }
    }

    /// Carries out one operation, such as `PutItem`; what is answered is on the disk.
    pub(super) async fn durable_answer(&self, operation: &str, body: &[u8]) -> io::Result<Answer> {
        let answer = self.answer(operation, body);
        if let Some(log) = &self.log {
            log.durable().await?;
        }
        Ok(answer)
    }

    /// Carries out one operation. What it wrote may not be on the disk yet.
    pub(super) fn answer(&self, operation: &str, body: &[u8]) -> Answer {
        let db = &self.database;
        let answer = match operation {
            "CreateTable" => run(body, |request| db.create_table(request)),
            "DescribeTable" => run(body, |request| db.describe_table(request)),
            "UpdateTimeToLive" => run(body, |request| db.update_time_to_live(request)),
            "BatchGetItem" => run(body, |request| db.batch_get_item(request)),
            "GetItem" => run(body, |request| db.get_item(request)),
            "PutItem" => run(body, |request| db.put_item(request)),
            "UpdateItem" => run(body, |request| db.update_item(request)),
            "DeleteItem" => run(body, |request| db.delete_item(request)),
            "Query" => run(body, |request| db.query(request)),
            "TransactWriteItems" => run(body, |mut request: TransactWriteItemsRequest| {
                let token = request.client_request_token.take();
                self.tokens.once(token, || db.transact_write_items(request))
            }),
            _ => Err(DynoxideError::ValidationException(format!("{operation} is not embedded"))),
        };
        if let Some(log) = self.log.as_ref().filter(|_| !READS.contains(&operation)) {
            log.note();
        }
        answer.map_or_else(|error| (error.status_code(), error.to_json().into_bytes()), |json| (200, json))
    }

    /// Forgets the rows whose time is over, as DynamoDB does by itself; says how many.
    pub(super) fn forget_expired(&self) -> Result<usize, DynoxideError> {
        self.database.sweep_ttl()
    }
}

fn run<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<Vec<u8>, DynoxideError> {
    let request = serde_json::from_slice(body).map_err(|e| DynoxideError::SerializationException(e.to_string()))?;
    serde_json::to_vec(&operation(request)?).map_err(|e| DynoxideError::InternalServerError(e.to_string()))
}

/// The operation a request names, and its JSON.
pub(super) fn parts(request: &HttpRequest) -> Result<(&str, &[u8]), ConnectorError> {
    let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit_once('.'));
    let (_, operation) = target.ok_or_else(|| ConnectorError::user("a request without a target".into()))?;
    let body = request.body().bytes().ok_or_else(|| ConnectorError::user("a request with a streamed body".into()))?;
    Ok((operation, body))
}

/// An answer as the SDK wants it.
pub(super) fn response((status, json): Answer) -> Result<HttpResponse, ConnectorError> {
    let status = status.try_into().map_err(|e| ConnectorError::other(Box::new(e), None))?;
    Ok(HttpResponse::new(status, SdkBody::from(json)))
}

impl HttpConnector for Embedded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if self.log.is_none() {
            let answered = parts(&request).map(|(operation, body)| self.answer(operation, body));
            return HttpConnectorFuture::ready(answered.and_then(response));
        }
        let database = self.clone();
        HttpConnectorFuture::new(async move {
            let (operation, body) = parts(&request)?;
            let answer = database.durable_answer(operation, body).await;
            response(answer.map_err(|error| ConnectorError::io(Box::new(error)))?)
        })
    }
}

impl HttpClient for Embedded {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Embedded")
    }
}
