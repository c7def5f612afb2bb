//! HTTP answers. A refused request gets a stable code, a sentence and a request id, and leaves one line in the log.

use std::net::SocketAddr;

use app::AppError;
use lambda_http::http::header::{
    ACCEPT, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION,
    REFERRER_POLICY, SET_COOKIE,
};
use lambda_http::http::{HeaderValue, StatusCode, response::Builder};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt, Response};
use serde_json::json;
use url::Url;

/// The largest body of a notification or a form; Zoho's own are a few kilobytes.
pub const MOST_BYTES: usize = 1024 * 1024;

/// The cookie of a session of the console: by its name bound to this host, to HTTPS, and to every path.
pub const SESSION_COOKIE: &str = "__Host-session";
/// Of every cookie: `Lax`, because who comes back from Zoho must bring it along.
const COOKIE_ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// Has the browser keep a cookie for so many seconds, until it is closed (`None`), or forget it (0).
pub fn set_cookie(response: &mut Response<Body>, name: &str, value: &str, seconds: Option<u32>) {
    let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    if let Ok(value) = HeaderValue::from_str(&format!("{name}={value}; {COOKIE_ATTRIBUTES}{age}")) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// A request that is not served, by what its sender can do about it.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// The methods that the address takes, where that is what is wrong.
    allow: Option<String>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), allow: None }
    }

    /// The request is not as it should be.
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// The sender is not who may do this.
    pub fn unauthorized(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    /// The sender is known and may not.
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// The sender asks too often.
    pub fn too_many(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message)
    }

    /// There is nothing here.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
    }

    /// It cannot be done as things are.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// The path is right, the method is not; these are, as `GET, POST`.
    pub fn method_not_allowed(allow: impl Into<String>) -> Self {
        let message = "this address does not take that method";
        Self { allow: Some(allow.into()), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message) }
    }

    /// The body is larger than anything that belongs here.
    pub fn too_large(most: usize) -> Self {
        let message = format!("the body is larger than {most} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    /// It failed here; sending it again later may help.
    pub fn unavailable(error: &AppError) -> Self {
        tracing::error!(%error, "a request failed");
        let message = "it did not work; try again in a minute";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }
}

/// What a function answers.
pub type Answer = Result<Response<Body>, Refusal>;

/// Turns a refusal into a response, with one line in the log; browsers get a page, programs JSON.
pub fn respond(request: &Wants, answer: Answer) -> Response<Body> {
    let refusal = match answer {
        Ok(response) => return response,
        Err(refusal) => refusal,
    };
    let Refusal { status, code, message, allow } = refusal;
    let request_id = &request.request_id;
    tracing::warn!(request.id = request_id, status = status.as_u16(), code, "request refused");
    let mut response = if request.html {
        let body = format!("{message}. <small>({code}, request {request_id})</small>", message = escape(&message));
        page(status, "That did not work", &body)
    } else {
        let body = json!({ "error": { "code": code, "message": message, "request_id": request_id } });
        json_response(status, &body)
    };
    // RFC 9110, 15.5.6: a refused method comes with those that are taken.
    if let Some(methods) = allow.and_then(|methods| HeaderValue::from_str(&methods).ok()) {
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}

/// What the answer to a request depends on besides its content.
#[derive(Debug)]
pub struct Wants {
    html: bool,
    request_id: String,
}

impl Wants {
    /// Read off a request before it is taken apart.
    pub fn of(request: &Request) -> Self {
        let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let id = request.lambda_context_ref().map(|context| context.request_id.clone()).filter(|id| !id.is_empty());
        Self { html: accept.contains("text/html"), request_id: id.unwrap_or_else(random_id) }
    }
}

fn random_id() -> String {
    let mut bytes = [0; 8];
    // An id that cannot be drawn is only less useful.
    getrandom::fill(&mut bytes).ok();
    format!("{:016x}", u64::from_be_bytes(bytes))
}

/// The body, if it is not larger than `most`.
pub fn body(request: &Request, most: usize) -> Result<&[u8], Refusal> {
    let bytes: &[u8] = request.body().as_ref();
    if bytes.len() > most { Err(Refusal::too_large(most)) } else { Ok(bytes) }
}

/// A query parameter, decoded; the first of several.
pub fn query(request: &Request, name: &str) -> Option<String> {
    let query = request.uri().query()?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The token of `Authorization: Bearer`.
pub fn bearer(request: &Request) -> Option<&str> {
    request.headers().get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// A cookie's value.
pub fn cookie(request: &Request, name: &str) -> Option<String> {
    let headers = request.headers().get_all(lambda_http::http::header::COOKIE).into_iter();
    let pairs = headers.filter_map(|header| header.to_str().ok()).flat_map(|header| header.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// Where the installation is reached: the setting, or what API Gateway says (never a header that a stranger can set).
pub fn public_url(request: &Request, setting: Option<&Url>) -> Result<Url, Refusal> {
    if let Some(url) = setting {
        return Ok(url.clone());
    }
    let domain = request.request_context_ref().and_then(|context| match context {
        RequestContext::ApiGatewayV2(context) => {
            let stage = context.stage.as_deref().filter(|stage| *stage != "$default");
            let path = stage.map(|stage| format!("{stage}/")).unwrap_or_default();
            context.domain_name.as_ref().map(|domain| format!("https://{domain}/{path}"))
        }
        _ => None,
    });
    domain.and_then(|text| Url::parse(&text).ok()).ok_or_else(|| {
        Refusal::bad_request("no_public_url", "this installation does not know its own address; set PUBLIC_URL")
    })
}

fn headers(status: StatusCode, content_type: &str) -> Builder {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, content_type)
        .header(CACHE_CONTROL, "no-store")
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "no-referrer")
}

fn finish(builder: Builder, body: String) -> Response<Body> {
    builder.body(Body::from(body)).expect("status and headers are constants of this module")
}

/// Nothing but a status, as programs want it.
pub fn done(status: StatusCode) -> Response<Body> {
    finish(headers(status, "text/plain; charset=utf-8"), String::new())
}

/// A picture of one transparent point (GIF89a).
pub fn picture() -> Response<Body> {
    const GIF: &[u8] =
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    let builder = headers(StatusCode::OK, "image/gif");
    builder.body(Body::from(GIF)).expect("status and headers are constants of this module")
}

/// Sends a browser on, this time only.
pub fn redirect(to: &Url) -> Response<Body> {
    let builder = headers(StatusCode::FOUND, "text/plain; charset=utf-8").header(LOCATION, to.as_str());
    builder.body(Body::Empty).expect("a URL is written in ASCII without control characters")
}

/// JSON.
pub fn json_response(status: StatusCode, body: &serde_json::Value) -> Response<Body> {
    finish(headers(status, "application/json"), body.to_string())
}

/// A whole HTML document of the console, with what its browser may load. Its own pages may know where it was called from:
/// without that, browsers send no origin along with its forms.
pub fn document(status: StatusCode, policy: &'static str, html: String) -> Response<Body> {
    let mut response =
        finish(headers(status, "text/html; charset=utf-8").header(CONTENT_SECURITY_POLICY, policy), html);
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response.headers_mut().insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    response
}

/// A file that never changes under its name.
pub fn asset(content_type: &'static str, content: &'static str) -> Response<Body> {
    let mut response = finish(headers(StatusCode::OK, content_type), content.to_owned());
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(CACHE_CONTROL, forever);
    response
}

/// A file to save.
pub fn download(content_type: &'static str, name: &'static str, content: Vec<u8>) -> Response<Body> {
    let builder =
        headers(StatusCode::OK, content_type).header(CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""));
    builder.body(Body::Binary(content)).expect("file names are constants of ASCII letters")
}

/// After a change: the browser gets this page of ours next.
pub fn see_other(path: &str) -> Response<Body> {
    let builder = headers(StatusCode::SEE_OTHER, "text/plain; charset=utf-8").header(LOCATION, path);
    builder.body(Body::Empty).unwrap_or_else(|_| done(StatusCode::NO_CONTENT))
}

/// The address that a request comes from, as far as whoever took it knows: API Gateway, or the listening socket.
pub fn source_address(request: &Request) -> Option<String> {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
        _ => request.extensions().get::<SocketAddr>().map(|address| address.ip().to_string()),
    }
}

/// A small page. `body` is HTML: what comes from outside must have gone through [`escape`].
pub fn page(status: StatusCode, title: &str, body: &str) -> Response<Body> {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>{STYLE}</style>\
         <main><h1>{title}</h1><p>{body}</p></main></html>"
    );
    let builder = headers(status, "text/html; charset=utf-8").header(CONTENT_SECURITY_POLICY, POLICY);
    finish(builder, html)
}

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;color-scheme:light dark}\
    main{max-width:32rem;margin:15vh auto;padding:0 1rem}button{font:inherit;padding:.5rem 1rem}";
/// No script, no frame, nothing from elsewhere; forms go back where they came from.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Makes text safe between HTML tags and in attributes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
