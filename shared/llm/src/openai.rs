//! Any endpoint that speaks OpenAI's chat completions.

use std::time::{Duration, Instant};

use app::ports::ComposeError;
use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use url::{Host, Url};

use crate::chat::{Chat, MOST_BYTES, Patience, sensible, too_long};

/// An endpoint that cannot be used, with what would be right. It never holds the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// Not a web address.
    #[error("{0:?} is no web address; write https://api.openai.com/v1")]
    Url(String),
    /// Mails would travel in the open.
    #[error("{0:?} is not encrypted; write https, or name a machine of your own network")]
    Open(String),
    /// The key has characters that no header carries.
    #[error("the API key has characters that a key cannot have")]
    Key,
}

/// A model behind an endpoint.
#[derive(Debug, Clone)]
pub struct OpenAi {
    http: Client,
    address: Url,
    model: String,
    key: Option<HeaderValue>,
    patience: Patience,
}

/// What there is to read in an answer.
#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

/// Why a try brought nothing.
enum Miss {
    /// Another try may help, after this long if the endpoint says so.
    Passing(String, Option<Duration>),
    Final(ComposeError),
}

impl OpenAi {
    /// A model at `url`, the part before `/chat/completions`, with a key if the endpoint asks for one.
    ///
    /// # Panics
    /// Without a usable TLS set-up, such as a machine without root certificates.
    pub fn new(
        url: &str,
        model: impl Into<String>,
        key: Option<&SecretString>,
        patience: Patience,
    ) -> Result<Self, InvalidEndpoint> {
        let key = key.map(|key| authorization(key).ok_or(InvalidEndpoint::Key)).transpose()?;
        let http = Client::builder()
            .connect_timeout(patience.connect)
            .timeout(patience.one_try)
            // A frozen Lambda's connections are dead when it thaws.
            .pool_idle_timeout(Duration::from_secs(20))
            // Neither the key nor the mails travel to where a redirect points.
            .redirect(Policy::none())
            .user_agent(concat!("zoho-sales-assistant/", env!("CARGO_PKG_VERSION")))
            .build()
            .expect("the TLS backend is compiled in and the system has root certificates");
        Ok(Self { http, address: address(url)?, model: model.into(), key, patience })
    }

    async fn try_once(&self, system: &str, user: &str) -> Result<String, Miss> {
        let body = json!({
            "model": self.model,
            "messages": [{ "role": "system", "content": system }, { "role": "user", "content": user }],
        });
        let mut call = self.http.post(self.address.clone()).json(&body);
        if let Some(key) = &self.key {
            call = call.header(AUTHORIZATION, key.clone());
        }
        let mut response = call.send().await.map_err(silence)?;
        let status = response.status();
        if !status.is_success() {
            return Err(judge(status, response.headers()));
        }
        let is_json = |kind: &HeaderValue| kind.to_str().is_ok_and(|kind| kind.to_lowercase().contains("json"));
        if !response.headers().get(CONTENT_TYPE).is_some_and(is_json) {
            return Err(Miss::Final(ComposeError::Nonsense("the answer is no JSON by its type".to_owned())));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(silence)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MOST_BYTES {
                return Err(Miss::Final(too_long()));
            }
        }
        read(&bytes).map_err(Miss::Final)
    }
}

#[async_trait]
impl Chat for OpenAi {
    async fn ask(&self, system: String, user: String) -> Result<String, ComposeError> {
        let started = Instant::now();
        let (what, pause) = match self.try_once(&system, &user).await {
            Ok(text) => return Ok(text),
            Err(Miss::Final(error)) => return Err(error),
            Err(Miss::Passing(what, pause)) => (what, pause.unwrap_or(Duration::from_millis(300))),
        };
        if started.elapsed().saturating_add(pause) > self.patience.retry_within {
            return Err(ComposeError::Unavailable(what));
        }
        tokio::time::sleep(pause).await;
        self.try_once(&system, &user).await.map_err(|miss| match miss {
            Miss::Passing(what, _) => ComposeError::Unavailable(format!("{what} (2 tries)")),
            Miss::Final(error) => error,
        })
    }
}

fn address(url: &str) -> Result<Url, InvalidEndpoint> {
    let wrong = || InvalidEndpoint::Url(url.to_owned());
    let mut address = Url::parse(url).map_err(|_| wrong())?;
    let near = match address.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_private(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unique_local(),
        Some(Host::Domain(name)) => name == "localhost" || !name.contains('.'),
        None => return Err(wrong()),
    };
    match address.scheme() {
        "https" => {}
        "http" if near => {}
        "http" => return Err(InvalidEndpoint::Open(url.to_owned())),
        _ => return Err(wrong()),
    }
    // Whoever puts a password into the address would see it in an error one day.
    if !address.username().is_empty() || address.password().is_some() || address.query().is_some() {
        return Err(InvalidEndpoint::Url(address.host_str().unwrap_or_default().to_owned()));
    }
    if let Ok(mut segments) = address.path_segments_mut() {
        segments.pop_if_empty().extend(["chat", "completions"]);
    }
    Ok(address)
}

fn authorization(key: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret().trim())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn judge(status: StatusCode, headers: &HeaderMap) -> Miss {
    let what = format!("the endpoint answered {}", status.as_u16());
    if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT || status.is_server_error() {
        let seconds = headers.get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.trim().parse().ok());
        return Miss::Passing(what, seconds.map(Duration::from_secs));
    }
    let remedy = match status.as_u16() {
        401 | 403 => "check the API key",
        404 => "check OPENAI_URL and OPENAI_MODEL",
        _ => "check OPENAI_MODEL",
    };
    Miss::Final(ComposeError::Refused(format!("{what}; {remedy}")))
}

/// No answer. A slow one is not asked for again: it has had its time.
fn silence(error: reqwest::Error) -> Miss {
    if error.is_connect() {
        Miss::Passing("the endpoint was not reached".to_owned(), None)
    } else if error.is_timeout() {
        Miss::Final(ComposeError::Unavailable("the endpoint did not answer in time".to_owned()))
    } else {
        Miss::Passing("the endpoint broke off".to_owned(), None)
    }
}

fn read(bytes: &[u8]) -> Result<String, ComposeError> {
    // The parser's own words could quote the answer.
    let unreadable = |_| ComposeError::Nonsense("the answer is no chat completion".to_owned());
    let completion: Completion = serde_json::from_slice(bytes).map_err(unreadable)?;
    let Some(Choice { message, finish_reason }) = completion.choices.into_iter().next() else {
        return Err(ComposeError::Nonsense("the answer has no choices".to_owned()));
    };
    match finish_reason.as_deref() {
        Some("length") => return Err(ComposeError::Nonsense("the answer is cut off".to_owned())),
        Some("content_filter") => return Err(ComposeError::Refused("the model's filter stepped in".to_owned())),
        _ => {}
    }
    if message.refusal.is_some_and(|refusal| !refusal.is_empty()) {
        return Err(ComposeError::Refused("the model declined".to_owned()));
    }
    sensible(message.content.unwrap_or_default())
}
