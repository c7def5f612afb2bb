//! An incoming call, taken apart once.
//!
//! **Invariant:** nothing in here trusts its input: a path, query, header or body of any shape becomes a `Request`,
//! and what does not parse later becomes a refusal in Zoho's form, never a panic.

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use serde_json::Value;
use url::form_urlencoded;

use crate::reply::Refusal;

/// More than any call in Zoho's documents needs.
pub(crate) const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub method: Method,
    pub path: String,
    pub segments: Vec<String>,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    pub fn from_http(request: http::Request<Bytes>) -> Self {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or("").as_bytes()).into_owned().collect();
        Self { method: parts.method, segments: segments_of(&path), path, query, headers: parts.headers, body }
    }

    /// The first value of a query parameter; an empty one counts as absent.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A comma separated query parameter.
    pub fn query_list(&self, name: &str) -> Vec<String> {
        let parts = self.query(name).unwrap_or("").split(',');
        parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as a JSON object. Too deep, too long, not JSON, not an object: one refusal for all.
    pub fn json(&self) -> Result<Value, Refusal> {
        let unreadable = || Refusal::bad("INVALID_DATA", "body", serde_json::json!({}));
        let value: Value = serde_json::from_slice(&self.body).map_err(|_| unreadable())?;
        if value.is_object() { Ok(value) } else { Err(unreadable()) }
    }

    /// Parameters from wherever the three official SDKs put them: query, urlencoded body, multipart form.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let mut all = self.query.clone();
        let content_type = self.header(header::CONTENT_TYPE.as_str()).unwrap_or("");
        match content_type.strip_prefix("multipart/form-data") {
            Some(rest) => all.extend(multipart_fields(rest, &self.body)),
            None => all.extend(form_urlencoded::parse(&self.body).into_owned()),
        }
        all
    }
}

fn segments_of(path: &str) -> Vec<String> {
    let decode = |part: &str| {
        let plus_is_plus = part.replace('+', "%2B");
        let query = format!("x={plus_is_plus}");
        form_urlencoded::parse(query.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    path.split('/').filter(|part| !part.is_empty()).map(decode).collect()
}

/// Text fields of a multipart form; files and anything malformed are skipped.
fn multipart_fields(parameters: &str, body: &[u8]) -> Vec<(String, String)> {
    let boundary = parameters.split(';').find_map(|p| p.trim().strip_prefix("boundary="));
    let Some(boundary) = boundary.map(|b| b.trim_matches('"')).filter(|b| !b.is_empty()) else { return Vec::new() };
    let body = String::from_utf8_lossy(body);
    let field = |part: &str| {
        let (head, value) = part.split_once("\r\n\r\n")?;
        let name = head.split("name=\"").nth(1)?.split('"').next()?;
        Some((name.to_owned(), value.strip_suffix("\r\n").unwrap_or(value).to_owned()))
    };
    body.split(&format!("--{boundary}")).filter_map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_from_query_form_and_multipart() {
        let request = |uri: &str, content_type: &str, body: &str| {
            let body = Bytes::from(body.to_owned());
            let http = http::Request::post(uri).header("content-type", content_type).body(body).unwrap();
            Request::from_http(http).parameters()
        };
        let both = vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "x y".to_owned())];
        assert_eq!(request("/t?a=1&b=x%20y", "text/plain", ""), both);
        assert_eq!(request("/t?a=1", "application/x-www-form-urlencoded", "b=x+y"), both);
        let form = "--q\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\nx y\r\n--q--\r\n";
        assert_eq!(request("/t?a=1", "multipart/form-data; boundary=q", form), both);
    }
}
