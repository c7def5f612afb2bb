//! A server that answers what a test tells it to, and remembers what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

/// What the server was asked.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Call {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Method and path below the API's version.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path.trim_start_matches("/crm/v8"))
    }
}

/// What it answers.
pub enum Reply {
    Json(u16, Value),
    /// Any text, such as a page of HTML.
    Page(u16, &'static str),
    /// To follow.
    Redirect(String),
    /// Nothing, ever.
    Silence,
}

type Answer = Box<dyn FnMut(&Call, usize) -> Reply + Send>;

struct Script {
    answer: Answer,
    calls: Vec<Call>,
}

/// The server; it stops with its test's runtime.
pub struct Server {
    pub url: Url,
    script: Arc<Mutex<Script>>,
}

impl Server {
    /// Answers each call by `answer`, which also gets the number of calls before it.
    pub async fn answering(answer: impl FnMut(&Call, usize) -> Reply + Send + 'static) -> Self {
        let script = Arc::new(Mutex::new(Script { answer: Box::new(answer), calls: Vec::new() }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().fallback(handle).with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, script }
    }

    /// Gives one reply after the other, the last one for ever.
    pub async fn replying(replies: impl IntoIterator<Item = Reply>) -> Self {
        let mut replies = replies.into_iter().collect::<Vec<_>>().into_iter().peekable();
        let mut last = None;
        Self::answering(move |_, _| {
            let reply = replies.next().or_else(|| last.take()).expect("a reply");
            last = Some(reply.again());
            reply
        })
        .await
    }

    pub fn calls(&self) -> Vec<Call> {
        self.script.lock().unwrap().calls.clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.calls().iter().map(Call::line).collect()
    }
}

impl Reply {
    fn again(&self) -> Self {
        match self {
            Self::Json(status, body) => Self::Json(*status, body.clone()),
            Self::Page(status, page) => Self::Page(*status, page),
            Self::Redirect(to) => Self::Redirect(to.clone()),
            Self::Silence => Self::Silence,
        }
    }
}

/// Zoho's flat no.
pub fn no(status: u16, code: &str) -> Reply {
    Reply::Json(status, refusal(code, json!({})))
}

/// An item that failed.
pub fn refusal(code: &str, details: Value) -> Value {
    json!({"code": code, "details": details, "message": "as Zoho says", "status": "error"})
}

/// An item that succeeded.
pub fn success() -> Value {
    json!({"code": "SUCCESS", "details": {}, "message": "done", "status": "success"})
}

/// A page of records, the last one.
pub fn data(items: Value) -> Reply {
    Reply::Json(200, json!({"data": items, "info": {"more_records": false}}))
}

pub const NOTHING: Reply = Reply::Page(204, "");

async fn handle(
    State(script): State<Arc<Mutex<Script>>>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let call = Call {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query,
        headers: headers.collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let reply = {
        let mut script = script.lock().unwrap();
        let nth = script.calls.len();
        script.calls.push(call.clone());
        (script.answer)(&call, nth)
    };
    let status = |code| StatusCode::from_u16(code).unwrap();
    match reply {
        Reply::Json(code, body) => (status(code), axum::Json(body)).into_response(),
        Reply::Page(code, page) => (status(code), [(header::CONTENT_TYPE, "text/html")], page).into_response(),
        Reply::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Reply::Silence => std::future::pending().await,
    }
}
