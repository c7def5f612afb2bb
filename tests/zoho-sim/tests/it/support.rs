//! A simulator with a clock to turn, and short ways to call it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use bytes::Bytes;
use http::{Method, Request};
use jiff::Timestamp;
use serde_json::{Value, json};
use url::form_urlencoded;
use zoho_sim::{Callback, Reply, SimConfig, Simulator, StateQuery};

pub const BASE: &str = "http://127.0.0.1:8099";
/// 2026-01-05T09:00:00Z, a Monday.
const START_MS: i64 = 1_767_603_600_000;

pub struct Zoho {
    pub sim: Simulator,
    pub token: String,
    clock: Arc<AtomicI64>,
}

impl Zoho {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// A simulator of a changed configuration, with an access token of its administrator.
    pub fn with(change: impl FnOnce(&mut SimConfig)) -> Self {
        let clock = Arc::new(AtomicI64::new(START_MS));
        let hands = Arc::clone(&clock);
        let mut config = SimConfig::new(BASE);
        config.clock = Arc::new(move || Timestamp::from_millisecond(hands.load(Ordering::Relaxed)).unwrap());
        change(&mut config);
        let mut zoho = Self { sim: Simulator::new(config), token: String::new(), clock };
        let refresh = zoho.sim.ready().refresh_token.clone();
        zoho.token = zoho.access_token(&refresh);
        zoho
    }

    pub fn advance_secs(&self, secs: i64) {
        self.clock.fetch_add(secs * 1000, Ordering::Relaxed);
    }

    /// The time so many seconds from now, as Zoho writes it.
    pub fn in_secs(&self, secs: i64) -> String {
        let at = Timestamp::from_second(self.sim.now().as_second() + secs).unwrap();
        at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
    }

    pub fn send(&self, request: http::request::Builder, body: impl Into<Bytes>) -> Reply {
        self.sim.call(request.body(body.into()).unwrap())
    }

    /// A CRM call with the current token; `path` is what follows `/crm/v8`.
    pub fn reply(&self, method: &str, path: &str, body: Value) -> Reply {
        self.reply_with(method, path, body, &[])
    }

    pub fn reply_with(&self, method: &str, path: &str, body: Value, headers: &[(&str, &str)]) -> Reply {
        let authorization = format!("Zoho-oauthtoken {}", self.token);
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = Request::builder().method(method).uri(format!("/crm/v8{path}"));
        request = request.header("authorization", authorization);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(request, body)
    }

    /// The same; status and decoded body.
    pub fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let reply = self.reply(method, path, body);
        (reply.status().expect("an answer"), reply.json())
    }

    pub fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, Value::Null)
    }

    pub fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call("POST", path, body)
    }

    pub fn coql(&self, query: &str) -> (u16, Value) {
        self.post("/coql", json!({"select_query": query}))
    }

    /// Inserts one record through the API and returns its id.
    pub fn insert(&self, module: &str, fields: Value) -> String {
        let (status, body) = self.post(&format!("/{module}"), json!({"data": [fields]}));
        assert_eq!(status, 201, "{body}");
        text(&body["data"][0]["details"]["id"])
    }

    pub fn user(&self, name: &str) -> String {
        self.sim.user_id(&format!("{name}@acme.example")).unwrap()
    }

    pub fn token_call(&self, form: &[(&str, &str)]) -> (u16, Value) {
        self.token_call_at("127.0.0.1:8099", form)
    }

    pub fn token_call_at(&self, host: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let ready = self.sim.ready();
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("client_id", &ready.client_id).append_pair("client_secret", &ready.client_secret);
        let body = body.extend_pairs(form).finish();
        let request = Request::post("/oauth/v2/token").header("host", host);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let reply = self.send(request, body);
        (reply.status().unwrap(), reply.json())
    }

    pub fn refresh(&self, refresh_token: &str) -> (u16, Value) {
        self.token_call(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)])
    }

    pub fn access_token(&self, refresh_token: &str) -> String {
        let (_, body) = self.refresh(refresh_token);
        assert!(body["access_token"].is_string(), "{body}");
        text(&body["access_token"])
    }

    /// The same simulator seen by a user with some scopes.
    pub fn become_user(&mut self, name: &str, scopes: &[&str]) {
        let refresh = self.sim.grant(&format!("{name}@acme.example"), scopes).unwrap();
        self.token = self.access_token(&refresh);
    }

    pub fn callbacks(&self) -> Vec<Value> {
        let due = self.sim.take_due_callbacks(self.sim.now());
        due.iter().map(|callback: &Callback| serde_json::from_str(&callback.body).unwrap()).collect()
    }

    /// One part of `GET /_sim/state`.
    pub fn state(&self, part: &str) -> Value {
        let mut state = self.sim.state(&StateQuery { since: None, only: vec![part.to_owned()] });
        state[part].take()
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}")).to_owned()
}

/// The code of the call's or of the first item's refusal.
pub fn code(body: &Value) -> &str {
    let item = ["data", "watch", "Emails", "fields"].iter().find_map(|key| body[key].get(0)).unwrap_or(body);
    item["code"].as_str().unwrap_or("")
}
