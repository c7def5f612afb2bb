//! What goes back: answers, refusals in Zoho's envelope, and the fault of not answering at all.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

/// The outcome of one call to the simulator.
#[derive(Debug)]
pub enum Reply {
    /// An HTTP response.
    Answer(Response<Bytes>),
    /// The connection is to be closed (or left hanging) without any answer. Whether Zoho acted is not visible to the
    /// caller; that is the point of the fault.
    NoAnswer,
}

impl Reply {
    /// The HTTP status, or `None` when nothing was answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Reply::Answer(response) => Some(response.status().as_u16()),
            Reply::NoAnswer => None,
        }
    }

    /// The body as JSON; `null` when there is none or it is something else.
    pub fn json(&self) -> Value {
        match self {
            Reply::Answer(response) => serde_json::from_slice(response.body()).unwrap_or(Value::Null),
            Reply::NoAnswer => Value::Null,
        }
    }
}

/// An answer before it is put on the wire, with what it cost.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub payload: Payload,
    pub headers: Vec<(HeaderName, String)>,
    pub credits: u32,
}

#[derive(Clone, Debug)]
pub(crate) enum Payload {
    Empty,
    Json(Value),
    Html(String),
}

impl Answer {
    fn of(status: u16, payload: Payload) -> Self {
        Self { status, payload, headers: Vec::new(), credits: 1 }
    }
    pub fn json(status: u16, body: Value) -> Self {
        Self::of(status, Payload::Json(body))
    }
    pub fn html(status: u16, body: impl Into<String>) -> Self {
        Self::of(status, Payload::Html(body.into()))
    }
    pub fn empty(status: u16) -> Self {
        Self::of(status, Payload::Empty)
    }
    /// Success with nothing to say.
    pub fn nothing() -> Self {
        Self::empty(204)
    }
    pub fn redirect(to: String) -> Self {
        Self { headers: vec![(header::LOCATION, to)], ..Self::empty(302) }
    }
    pub fn costing(self, credits: u32) -> Self {
        Self { credits, ..self }
    }

    pub fn into_response(self) -> Response<Bytes> {
        let (content_type, body) = match self.payload {
            Payload::Empty => (None, Bytes::new()),
            Payload::Json(value) => (Some("application/json;charset=UTF-8"), Bytes::from(value.to_string())),
            Payload::Html(text) => (Some("text/html;charset=UTF-8"), Bytes::from(text)),
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(kind) = content_type {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// Zoho's error envelope. As the whole body it refuses the call; inside `data[]` it refuses one item.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
    pub details: Value,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>, details: Value) -> Self {
        Self { status, code, message: message.into(), details }
    }
    pub fn bad(code: &'static str, message: impl Into<String>, details: Value) -> Self {
        Self::new(400, code, message, details)
    }
    pub fn body(&self) -> Value {
        json!({"code": self.code, "details": self.details, "message": self.message, "status": "error"})
    }

    // The refusals that more than one part of the API gives.

    pub fn url_pattern() -> Self {
        let message = "Please check if the URL trying to access is a correct one";
        Self::new(404, "INVALID_URL_PATTERN", message, json!({}))
    }
    pub fn method() -> Self {
        let message = "The http request method type is not a valid one";
        Self::bad("INVALID_REQUEST_METHOD", message, json!({}))
    }
    pub fn module() -> Self {
        let details = json!({"resource_path_index": 0});
        Self::bad("INVALID_MODULE", "the module name given seems to be invalid", details)
    }
    pub fn missing_parameter(name: &str) -> Self {
        let message = "One of the expected parameter is missing";
        Self::bad("REQUIRED_PARAM_MISSING", message, json!({"param_name": name}))
    }
    pub fn parameter(name: &str) -> Self {
        Self::bad("INVALID_DATA", "invalid data", json!({"param_name": name}))
    }
    pub fn missing(api_name: &str, json_path: String) -> Self {
        let details = json!({"api_name": api_name, "json_path": json_path});
        Self::bad("MANDATORY_NOT_FOUND", "required field not found", details)
    }
    pub fn invalid(api_name: &str, expected: &str, json_path: String) -> Self {
        let details = json!({"expected_data_type": expected, "api_name": api_name, "json_path": json_path});
        Self::bad("INVALID_DATA", "invalid data", details)
    }
    pub fn too_long(api_name: &str, maximum: usize, json_path: String) -> Self {
        let details = json!({"maximum_length": maximum, "api_name": api_name, "json_path": json_path});
        Self::bad("INVALID_DATA", "invalid data", details)
    }
    pub fn limit(api_name: &str, limit: usize) -> Self {
        Self::bad("LIMIT_EXCEEDED", "limit exceeded", json!({"api_name": api_name, "limit": limit}))
    }
    pub fn id(id: &str) -> Self {
        Self::bad("INVALID_DATA", "the id given seems to be invalid", json!({"id": id}))
    }
    pub fn path_id(index: usize) -> Self {
        let details = json!({"resource_path_index": index});
        Self::bad("INVALID_DATA", "the id given seems to be invalid", details)
    }
    pub fn permission() -> Self {
        Self::new(403, "NO_PERMISSION", "permission denied", json!({}))
    }
    pub fn scope() -> Self {
        Self::new(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL", json!({}))
    }
    pub fn token() -> Self {
        Self::new(401, "INVALID_TOKEN", "invalid oauth token", json!({}))
    }
    pub fn authentication() -> Self {
        Self::new(401, "AUTHENTICATION_FAILURE", "Authentication failed", json!({}))
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Answer::json(refusal.status, refusal.body())
    }
}

pub(crate) type Outcome = Result<Answer, Refusal>;

/// One item of a batch that went well.
pub(crate) fn done(message: &str, details: Value) -> Value {
    json!({"code": "SUCCESS", "details": details, "message": message, "status": "success"})
}

/// A batch answer, in request order: `all_ok` when everything went well, 400 when nothing did, 207 in between.
pub(crate) fn batch(key: &str, all_ok: u16, items: Vec<Result<Value, Refusal>>) -> Answer {
    let failed = items.iter().filter(|item| item.is_err()).count();
    let status = match failed {
        0 => all_ok,
        n if n == items.len() => items.iter().find_map(|i| i.as_ref().err()).map_or(400, |refusal| refusal.status),
        _ => 207,
    };
    let list: Vec<Value> = items.into_iter().map(|item| item.unwrap_or_else(|refusal| refusal.body())).collect();
    Answer::json(status, json!({ key: list }))
}
