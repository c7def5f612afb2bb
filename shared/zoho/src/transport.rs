//! The way to Zoho: a request goes out, an answer comes back, or silence.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Response;
use reqwest::redirect::Policy;
use reqwest::{Client, Request};

use crate::patience::Patience;

/// How Zoho is reached, and how patiently.
#[derive(Clone)]
pub struct Carrier {
    /// Carries the calls.
    pub transport: Arc<dyn Transport>,
    /// Time-outs and tries.
    pub patience: Patience,
}

impl Carrier {
    /// Over the network. It follows no redirect, for a token must not travel to where one points.
    ///
    /// # Panics
    /// Without a usable TLS set-up, such as a machine without root certificates.
    pub fn network() -> Self {
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(20))
            // A frozen Lambda's connections are dead when it thaws; a write on one would end in doubt.
            .pool_idle_timeout(Duration::from_secs(20))
            .redirect(Policy::none())
            .user_agent(concat!("zoho-sales-assistant/", env!("CARGO_PKG_VERSION")))
            .build()
            .expect("the TLS backend is compiled in and the system has root certificates");
        Self { transport: Arc::new(client), patience: Patience::default() }
    }
}

/// Carries calls to Zoho's servers; a simulation has one of its own.
#[async_trait]
pub trait Transport: Send + Sync {
    /// The answer, whatever it says. The request names how long to wait.
    async fn call(&self, request: Request) -> Result<Response<Vec<u8>>, Silence>;
}

/// No answer, for the reason given: no address and nothing that was asked stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// The request did not leave: nothing happened.
    NotReached(String),
    /// Zoho may have done what was asked.
    NotAnswered(String),
}

impl Silence {
    /// In words.
    pub fn into_reason(self) -> String {
        match self {
            Self::NotReached(reason) | Self::NotAnswered(reason) => reason,
        }
    }
}

#[async_trait]
impl Transport for Client {
    async fn call(&self, request: Request) -> Result<Response<Vec<u8>>, Silence> {
        let mut arrived = self.execute(request).await?;
        let mut answer = Response::new(Vec::new());
        *answer.status_mut() = arrived.status();
        *answer.headers_mut() = std::mem::take(arrived.headers_mut());
        *answer.body_mut() = arrived.bytes().await?.into();
        Ok(answer)
    }
}

impl From<reqwest::Error> for Silence {
    /// With the causes that reqwest hides and without the address, which may hold what is searched.
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() && !error.is_connect() {
            return Self::NotAnswered("Zoho did not answer".to_owned());
        }
        let never_left = error.is_connect() || error.is_builder();
        let mut what = if error.is_connect() { "Zoho was not reached" } else { "Zoho did not answer" }.to_owned();
        let error = error.without_url();
        let mut cause = error.source();
        while let Some(inner) = cause {
            what.push_str(&format!(": {inner}"));
            cause = inner.source();
        }
        if never_left { Self::NotReached(what) } else { Self::NotAnswered(what) }
    }
}
