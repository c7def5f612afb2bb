//! For tests: an AWS that always answers the same.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

/// Status, error code and body.
pub(crate) type Said = Result<(u16, &'static str, &'static str), ConnectorError>;

/// An HTTP client for the SDK that always gives one answer, and keeps what it was asked.
#[derive(Debug, Clone)]
pub(crate) struct Canned {
    answer: fn() -> Said,
    asked: Arc<Mutex<Vec<Value>>>,
}

/// An error answer.
pub(crate) fn no(status: u16, code: &'static str) -> Said {
    Ok((status, code, r#"{"message":"as planned"}"#))
}

impl Canned {
    pub(crate) fn new(answer: fn() -> Said) -> Self {
        Self { answer, asked: Arc::default() }
    }

    /// The JSON of the requests so far.
    pub(crate) fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked = request.body().bytes().and_then(|body| serde_json::from_slice(body).ok());
        self.asked.lock().unwrap().push(asked.unwrap_or_default());
        HttpConnectorFuture::ready((self.answer)().map(|(status, code, body)| {
            let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
            response.headers_mut().insert("x-amzn-errortype", code);
            response
        }))
    }
}

impl HttpClient for Canned {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
