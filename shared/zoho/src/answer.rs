//! What Zoho answered, and what that means to the product.
//!
//! Zoho says no in three places: in the status, in a flat object for the whole call, and in the items of an array that
//! may stand under any status from 200 to 400. All three end up as a [`Refusal`].

use app::ports::CrmError;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::request::Kind;

/// An answer that makes sense as one: JSON or nothing where nothing may stand.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    /// `Null` where the body is empty or no JSON.
    pub body: Value,
    /// What its headers say of the org's limits.
    pub limits: Limits,
}

/// What Zoho says of an org's limits, where it does.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    /// Credits left; said once half of them are spent.
    pub credits_left: Option<u32>,
    /// Seconds to wait. Not documented, and obeyed where it comes.
    pub retry_after: Option<i64>,
}

impl Limits {
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        Self {
            credits_left: text("x-api-credits-remaining").and_then(|text| text.parse().ok()),
            retry_after: text("retry-after")
                .and_then(|text| text.parse().ok())
                .filter(|secs| (0..=86_400).contains(secs)),
        }
    }
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Listing<T> {
    pub items: Vec<T>,
    pub more: bool,
    /// For lists that page by token.
    pub next_token: Option<String>,
}

/// Zoho's no, to a call or to one item of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub code: String,
    message: String,
    /// An object, an empty array, or missing.
    details: Value,
}

impl Answer {
    /// Is the access token the reason? A missing scope is not: a fresh token would lack it too.
    pub fn token_is_dead(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED && !self.scope_is_missing()
    }

    /// Does the authorisation not cover the call?
    pub fn scope_is_missing(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED && text(&self.body, "code") == "OAUTH_SCOPE_MISMATCH"
    }

    /// The page of `T` under `root`; no body is an empty one.
    pub fn list<T: DeserializeOwned>(&self, root: &str) -> Result<Listing<T>, CrmError> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal.into_error(Kind::Read));
        }
        let items = match (&self.body, self.body.get(root)) {
            (Value::Null, _) => Vec::new(),
            (_, Some(items)) => Vec::deserialize(items).map_err(|_| unreadable(root))?,
            _ => return Err(unreadable(root)),
        };
        let info = self.body.get("info").unwrap_or(&Value::Null);
        Ok(Listing {
            items,
            more: info.get("more_records").and_then(Value::as_bool).unwrap_or(false),
            next_token: info.get("next_page_token").and_then(Value::as_str).map(str::to_owned),
        })
    }

    /// What Zoho answered to the parts of a call that were several, in their order. `None`: nothing that could be read.
    pub fn parts(&self, count: usize) -> Vec<Option<Self>> {
        let part = |nth: usize| {
            let response = self.body.get("__composite_requests")?.get(nth)?.get("details")?.get("response")?;
            let status =
                response.get("status_code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok())?;
            let (status, body) =
                (StatusCode::from_u16(status).ok()?, response.get("body").cloned().unwrap_or_default());
            // A success without a body says nothing, unless its status says that there is none.
            let is_said = !body.is_null() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
            is_said.then_some(Self { status, body, limits: Limits::default() })
        };
        (0..count).map(part).collect()
    }

    /// One result for each of the `count` items sent, in their order: an item's `details`, or Zoho's no.
    pub fn results(&self, root: &str, count: usize) -> Vec<Result<Value, Refusal>> {
        let items = self.body.get(root).and_then(Value::as_array);
        match (items, self.refusal()) {
            (None, Some(refusal)) => vec![Err(refusal); count],
            (items, _) => {
                let items = items.map(Vec::as_slice).unwrap_or_default();
                (0..count).map(|nth| items.get(nth).map_or(Err(Refusal::unanswered()), result)).collect()
            }
        }
    }

    /// The result of a call that sent one item.
    pub fn result(&self, root: &str) -> Result<Value, Refusal> {
        self.results(root, 1).swap_remove(0)
    }

    /// The no to the call as a whole.
    fn refusal(&self) -> Option<Refusal> {
        if self.body.get("code").is_some() {
            return result(&self.body).err();
        }
        if !self.status.is_client_error() {
            return None;
        }
        let code = match self.status {
            StatusCode::FORBIDDEN => "NO_PERMISSION".to_owned(),
            StatusCode::PRECONDITION_FAILED => "ALREADY_MODIFIED".to_owned(),
            status => format!("HTTP_{}", status.as_u16()),
        };
        Some(Refusal { code, message: "Zoho gave no reason".to_owned(), details: Value::Null })
    }
}

impl Refusal {
    /// Zoho left an item out of its answer: as good as an internal error.
    fn unanswered() -> Self {
        Self {
            code: "INTERNAL_ERROR".to_owned(),
            message: "Zoho answered nothing about this item".to_owned(),
            details: Value::Null,
        }
    }

    /// What the caller does about it.
    pub fn into_error(self, kind: Kind) -> CrmError {
        match self.code.as_str() {
            "ALREADY_MODIFIED" => CrmError::Changed,
            "INTERNAL_ERROR" | "INTERNAL_SERVER_ERROR" if kind == Kind::Once => CrmError::Unknown(self.reason()),
            "INTERNAL_ERROR" | "INTERNAL_SERVER_ERROR" | "TOO_MANY_REQUESTS" => CrmError::Busy(self.reason()),
            // A person or a process holds the record, and lets go of it.
            "RECORD_LOCKED" | "NOT_APPROVED" => CrmError::Busy(self.reason()),
            "INVALID_DATA" | "RESOURCE_NOT_FOUND" if self.names_the_record() => CrmError::Absent,
            _ => CrmError::Refused { reason: self.reason(), code: self.code },
        }
    }

    /// Is the record itself what Zoho does not know? Not so for ids inside it, such as a new owner's.
    fn names_the_record(&self) -> bool {
        let has = |key: &str| self.details.get(key).is_some();
        match (text(&self.details, "json_path"), text(&self.details, "api_name")) {
            ("", "") => has("resource_path_index") || has("id") || self.message.contains("the id given"),
            (_, "Parent_Id") | ("", "id") => true,
            // `$.data[0].id`, or a note's `$.data[0].Parent_Id.id`.
            (path, _) => path.starts_with("$.data[") && (path.ends_with("].id") || path.contains("].Parent_Id")),
        }
    }

    /// In words, with the field where Zoho names one.
    fn reason(&self) -> String {
        let field = ["api_name", "json_path", "param", "param_name"]
            .into_iter()
            .map(|key| text(&self.details, key))
            .find(|name| !name.is_empty());
        let several = self.details.get("errors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        match (field, several) {
            (Some(field), _) => format!("{} ({field})", self.message),
            (None, []) => self.message.clone(),
            (None, errors) => {
                let codes: Vec<_> = errors.iter().map(|error| text(error, "code")).collect();
                format!("{}: {}", self.message, codes.join(", "))
            }
        }
    }
}

/// One item: its `details`, or the no in it.
fn result(item: &Value) -> Result<Value, Refusal> {
    let details = item.get("details").cloned().unwrap_or(Value::Null);
    match (text(item, "status"), text(item, "code")) {
        ("success", _) | (_, "SUCCESS") => Ok(details),
        (_, code) => Err(Refusal { code: code.to_owned(), message: text(item, "message").to_owned(), details }),
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Zoho's JSON is not as documented. Serde's own message would quote the value, which may be an address.
pub(crate) fn unreadable(what: &str) -> CrmError {
    CrmError::Refused {
        code: "UNREADABLE_ANSWER".to_owned(),
        reason: format!("what Zoho answered as {what} is not as documented"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(item: Value, kind: Kind, expect: &str) {
        let error = result(&item).expect_err("an error item").into_error(kind);
        assert_eq!(error.to_string(), expect, "{item}");
    }

    fn no(code: &str, details: Value) -> Value {
        json!({"code": code, "details": details, "message": "no", "status": "error"})
    }

    #[test]
    fn codes_become_what_the_caller_does_next() {
        use Kind::{Idempotent, Once, Read};
        let absent = "the record is not in the CRM";
        check(no("INVALID_DATA", json!({"id": "1"})), Idempotent, absent);
        check(no("INVALID_DATA", json!({"resource_path_index": 1})), Read, absent);
        check(no("INVALID_DATA", json!({"api_name": "id", "json_path": "$.data[3].id"})), Once, absent);
        check(no("INVALID_DATA", json!({"api_name": "id"})), Once, absent);
        check(no("INVALID_DATA", json!({"api_name": "Parent_Id"})), Once, absent);
        check(no("INVALID_DATA", json!({"json_path": "$.data[0].Parent_Id.id"})), Once, absent);
        let refused = "the CRM refused: INVALID_DATA: no (Owner)";
        check(no("INVALID_DATA", json!({"api_name": "Owner", "id": "9"})), Idempotent, refused);
        let refused = "the CRM refused: INVALID_DATA: no (id)";
        check(no("INVALID_DATA", json!({"api_name": "id", "json_path": "$.data[0].Owner.id"})), Once, refused);
        check(no("INVALID_DATA", json!([])), Once, "the CRM refused: INVALID_DATA: no");
        check(no("NO_PERMISSION", json!({})), Once, "the CRM refused: NO_PERMISSION: no");
        check(no("LIMIT_EXCEEDED", json!({"param": "fields"})), Once, "the CRM refused: LIMIT_EXCEEDED: no (fields)");
        check(no("RECORD_LOCKED", json!({})), Idempotent, "the CRM is busy: no");
        check(no("ALREADY_MODIFIED", json!({})), Idempotent, "the record changed in the meantime");
        check(no("INTERNAL_ERROR", json!({})), Once, "no answer to a write: no");
        check(no("INTERNAL_ERROR", json!({})), Idempotent, "the CRM is busy: no");
        let several = json!({"errors": [{"code": "INVALID_DATA"}, {"code": "DUPLICATE_DATA"}]});
        let refused = "the CRM refused: MULTIPLE_OR_MULTI_ERRORS: no: INVALID_DATA, DUPLICATE_DATA";
        check(no("MULTIPLE_OR_MULTI_ERRORS", several), Once, refused);
    }

    #[test]
    fn every_item_sent_has_one_result() {
        let answer = |status: u16, body: Value| Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body,
            limits: Limits::default(),
        };
        let codes = |answer: Answer| -> Vec<String> {
            answer.results("data", 2).into_iter().map(|r| r.map_or_else(|no| no.code, |_| "ok".into())).collect()
        };
        let yes = json!({"code": "SUCCESS", "details": {}, "message": "m", "status": "success"});
        assert_eq!(codes(answer(207, json!({"data": [yes, no("INVALID_DATA", json!({}))]}))), ["ok", "INVALID_DATA"]);
        assert_eq!(codes(answer(400, json!({"data": [no("A", json!({})), no("B", json!({}))]}))), ["A", "B"]);
        assert_eq!(codes(answer(400, no("INVALID_MODULE", json!({})))), ["INVALID_MODULE", "INVALID_MODULE"]);
        assert_eq!(codes(answer(201, json!({"data": [yes]}))), ["ok", "INTERNAL_ERROR"], "one item is missing");
        assert_eq!(codes(answer(412, Value::Null)), ["ALREADY_MODIFIED", "ALREADY_MODIFIED"], "a page decides nothing");
        assert_eq!(codes(answer(200, json!({"what": 1}))), ["INTERNAL_ERROR", "INTERNAL_ERROR"]);
    }
}
