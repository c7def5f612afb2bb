//! A call to Zoho's CRM API, as data.

use std::fmt;

use reqwest::Method;
use reqwest::header::{HeaderName, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE};
use serde_json::{Map, Value, json};

/// What doing it twice does. Decides whether a call without an answer is repeated, and what its error says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing changes at all.
    Read,
    /// The second time changes nothing.
    Idempotent,
    /// It happens twice.
    Once,
}

/// Calls that Zoho takes as one.
pub(crate) const PARTS: usize = 5;

/// One call.
#[derive(Debug)]
pub(crate) struct Request {
    /// What it concerns, for errors and logs: `notes`, `records` …
    pub about: &'static str,
    pub kind: Kind,
    pub method: Method,
    /// Below `/crm/v8`.
    pub path: Vec<String>,
    pub query: Vec<(&'static str, String)>,
    pub condition: Option<(HeaderName, String)>,
    pub body: Option<Value>,
    /// What Zoho counts it as.
    pub credits: u32,
    /// As how many calls in flight Zoho counts it.
    pub places: u32,
}

impl Request {
    /// A GET.
    pub fn get<const N: usize>(about: &'static str, path: [&str; N]) -> Self {
        Self {
            about,
            kind: Kind::Read,
            method: Method::GET,
            path: path.map(str::to_owned).into(),
            query: Vec::new(),
            condition: None,
            body: None,
            credits: 1,
            places: 1,
        }
    }

    /// Anything with a body.
    pub fn send<const N: usize>(method: Method, kind: Kind, about: &'static str, path: [&str; N], body: Value) -> Self {
        Self { method, kind, body: Some(body), ..Self::get(about, path) }
    }

    /// A DELETE: what is gone stays gone.
    pub fn delete<const N: usize>(about: &'static str, path: [&str; N]) -> Self {
        Self { method: Method::DELETE, kind: Kind::Idempotent, ..Self::get(about, path) }
    }

    /// Sets a query parameter; setting it again replaces it.
    pub fn query(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.query.retain(|(known, _)| *known != name);
        self.query.push((name, value.to_string()));
        self
    }

    /// Costs more than one credit.
    pub fn costing(self, credits: u32) -> Self {
        Self { credits, ..self }
    }

    /// Several reads, at most [`PARTS`], as one call: it costs one credit, whatever they would, and counts as five calls in
    /// flight.
    pub fn together(about: &'static str, parts: &[Self]) -> Self {
        let parts: Vec<_> = parts.iter().map(Self::part).collect();
        let body = json!({ "rollback_on_fail": false, "parallel_execution": true, "__composite_requests": parts });
        Self { places: 5, ..Self::send(Method::POST, Kind::Read, about, ["__composite_requests"], body) }
    }

    /// As a part of such a call.
    fn part(&self) -> Value {
        let params: Map<_, _> = self.query.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let headers: Map<_, _> = self.condition.iter().map(|(name, value)| (name.to_string(), json!(value))).collect();
        let uri = format!("/crm/v8/{}", self.path.join("/"));
        let mut part = json!({ "method": self.method.as_str(), "uri": uri, "params": params, "headers": headers });
        if let Some(body) = &self.body {
            part["body"] = body.clone();
        }
        part
    }

    /// Only if changed since.
    pub fn if_modified_since(mut self, time: String) -> Self {
        self.condition = Some((IF_MODIFIED_SINCE, time));
        self
    }

    /// Only if not changed since: else 412.
    pub fn if_unmodified_since(mut self, time: String) -> Self {
        self.condition = Some((IF_UNMODIFIED_SINCE, time));
        self
    }
}
