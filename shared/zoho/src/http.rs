//! The one place that talks to Zoho's CRM API.
//!
//! A call ends in one of four ways, and only this module tells them apart:
//!
//! | what happened | did Zoho act? | then |
//! |---|---|---|
//! | not connected, or 429 | no | tried again, else [`CrmError::Busy`] |
//! | 401 for a dead token | no | token renewed once, tried again at once |
//! | silence, 5xx, or what is no answer | perhaps | tried again where that is harmless, then busy; else [`CrmError::Unknown`] |
//! | an answer | as it says | the caller reads it |

use std::sync::Arc;

use app::ports::{Budgets, CrmError, Session, Sessions};
use domain::OrgId;
use jiff::SignedDuration;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::answer::{Answer, Limits, Listing};
use crate::patience::Tries;
use crate::request::{Kind, Request};
use crate::transport::{Carrier, Silence};

/// Why a try brought no answer.
enum Miss {
    /// Zoho did nothing.
    NotDone(String),
    /// Zoho may have done it.
    Lost(String),
    /// Trying again is no use.
    Final(CrmError),
}

/// What all lines share.
pub(crate) struct Exchange {
    pub carrier: Carrier,
    pub sessions: Arc<dyn Sessions>,
    pub budgets: Arc<dyn Budgets>,
}

/// A line to one org's CRM for the length of a port call.
pub(crate) struct Line<'a> {
    exchange: &'a Exchange,
    /// Whose session can be renewed; nobody's while the org is not known yet.
    org: Option<&'a OrgId>,
    session: Session,
}

impl Exchange {
    pub async fn line<'a>(&'a self, org: &'a OrgId) -> Result<Line<'a>, CrmError> {
        Ok(Line { exchange: self, org: Some(org), session: self.sessions.session(org).await? })
    }

    /// A line that lasts as long as the session given.
    pub fn line_on(&self, session: &Session) -> Line<'_> {
        Line { exchange: self, org: None, session: session.clone() }
    }
}

impl Line<'_> {
    /// The session in use.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The page of `T` that `request` lists under `root`.
    pub async fn list<T: DeserializeOwned>(&mut self, request: &Request, root: &str) -> Result<Listing<T>, CrmError> {
        self.send(request).await?.list(root)
    }

    /// All pages of `T`, by page number.
    pub async fn list_all<T: DeserializeOwned>(
        &mut self,
        mut request: Request,
        root: &str,
    ) -> Result<Vec<T>, CrmError> {
        let mut all = Vec::new();
        for page in 1.. {
            request = request.query("page", page).query("per_page", 200);
            let listing = self.list(&request, root).await?;
            let done = !listing.more || listing.items.is_empty();
            all.extend(listing.items);
            if done {
                break;
            }
        }
        Ok(all)
    }

    /// Writes `items` by the hundred, each on its own; one result for each, in order.
    pub async fn write_each<T>(&mut self, items: &[T], request: impl Fn(&[T]) -> Request) -> Vec<Result<(), CrmError>> {
        let mut results = Vec::with_capacity(items.len());
        for batch in items.chunks(100) {
            let credits = u32::try_from(batch.len().div_ceil(10)).unwrap_or(u32::MAX);
            let request = request(batch).costing(credits);
            match self.send(&request).await {
                Ok(answer) => {
                    let answered = answer.results("data", batch.len()).into_iter();
                    results.extend(answered.map(|item| item.map(drop).map_err(|no| no.into_error(request.kind))));
                }
                Err(error) => results.extend(vec![Err(error); batch.len()]),
            }
        }
        results
    }

    /// Zoho's answer, whether it says yes or no.
    pub async fn send(&mut self, request: &Request) -> Result<Answer, CrmError> {
        let mut tries = Tries::first(&self.exchange.carrier.patience);
        let mut renewable = self.org;
        loop {
            let outcome = self.try_within_budget(request).await?;
            if outcome.as_ref().is_ok_and(Answer::token_is_dead)
                && let Some(org) = renewable.take()
            {
                self.session = self.exchange.sessions.renewed(org, &self.session).await?;
                continue;
            }
            let miss = match outcome.and_then(|answer| judge(answer, request)) {
                Ok(answer) => return Ok(answer),
                Err(miss) => miss,
            };
            if !miss.may_try_again(request.kind) || !tries.next().await {
                return Err(miss.into_error(request.kind, &tries));
            }
            tracing::debug!(org = self.org.map(OrgId::as_str), about = request.about, "asking Zoho again");
        }
    }

    /// One try in its place among the org's calls, and what it says of the org's limits told to everybody.
    async fn try_within_budget(&self, request: &Request) -> Result<Result<Answer, Miss>, CrmError> {
        let Some(org) = self.org else { return Ok(self.try_once(request).await) };
        let budgets = &self.exchange.budgets;
        let pass = budgets.enter(org, request.credits, request.places).await?;
        let outcome = self.try_once(request).await;
        drop(pass);
        if let Ok(answer) = &outcome {
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                budgets.slowed(org, answer.limits.retry_after.map(SignedDuration::from_secs)).await;
            }
            if let Some(credits) = answer.limits.credits_left {
                budgets.left(org, credits).await;
            }
        }
        Ok(outcome)
    }

    async fn try_once(&self, request: &Request) -> Result<Answer, Miss> {
        let answer = self.exchange.carrier.transport.call(self.call(request)?).await?;
        let (status, limits) = (answer.status(), Limits::of(answer.headers()));
        let body = answer.into_body();
        let may_be_empty = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        match serde_json::from_slice(&body) {
            Ok(body) => Ok(Answer { status, body, limits }),
            Err(_) if may_be_empty || !status.is_success() => Ok(Answer { status, body: Value::Null, limits }),
            // An empty 200 is no empty list either: that would be 204.
            Err(_) => Err(Miss::Lost(format!("Zoho answered {} without its JSON", status.as_u16()))),
        }
    }
}

impl Line<'_> {
    /// The request as it goes out.
    fn call(&self, request: &Request) -> Result<reqwest::Request, Miss> {
        let mut address = address(&self.session.api_domain, &request.path)?;
        if !request.query.is_empty() {
            address.query_pairs_mut().extend_pairs(&request.query);
        }
        let patience = &self.exchange.carrier.patience;
        let mut call = reqwest::Request::new(request.method.clone(), address);
        *call.timeout_mut() = Some(if request.kind == Kind::Read { patience.read } else { patience.write });
        call.headers_mut().insert(AUTHORIZATION, authorization(&self.session)?);
        if let Some((name, value)) = &request.condition {
            let unsendable = |_| Miss::NotDone(format!("{name} cannot be sent"));
            call.headers_mut().insert(name, HeaderValue::from_str(value).map_err(unsendable)?);
        }
        if let Some(body) = &request.body {
            call.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *call.body_mut() = Some(body.to_string().into());
        }
        Ok(call)
    }
}

impl From<Silence> for Miss {
    fn from(silence: Silence) -> Self {
        match silence {
            Silence::NotReached(what) => Self::NotDone(what),
            Silence::NotAnswered(what) => Self::Lost(what),
        }
    }
}

impl Miss {
    fn may_try_again(&self, kind: Kind) -> bool {
        match self {
            Self::NotDone(_) => true,
            Self::Lost(_) => kind != Kind::Once,
            Self::Final(_) => false,
        }
    }

    fn into_error(self, kind: Kind, tries: &Tries) -> CrmError {
        match self {
            Self::Lost(what) if kind == Kind::Once => CrmError::Unknown(tries.after(&what)),
            Self::NotDone(what) | Self::Lost(what) => CrmError::Busy(tries.after(&what)),
            Self::Final(error) => error,
        }
    }
}

/// Lets through what the caller can read.
fn judge(answer: Answer, request: &Request) -> Result<Answer, Miss> {
    let status = answer.status;
    if answer.scope_is_missing() {
        let missing = format!("it does not cover {}: connect again and accept all permissions", request.about);
        Err(Miss::Final(CrmError::Disconnected(missing)))
    } else if status == StatusCode::UNAUTHORIZED {
        Err(Miss::Final(CrmError::Disconnected("Zoho refuses a fresh access token".to_owned())))
    } else if status == StatusCode::TOO_MANY_REQUESTS {
        Err(Miss::NotDone("Zoho takes no more calls for now".to_owned()))
    } else if status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || (status.is_redirection() && status != StatusCode::NOT_MODIFIED)
    {
        Err(Miss::Lost(format!("Zoho answered {}", status.as_u16())))
    } else {
        Ok(answer)
    }
}

fn address(api_domain: &Url, path: &[String]) -> Result<Url, Miss> {
    let mut url = api_domain.clone();
    match url.path_segments_mut() {
        Ok(mut segments) => segments.pop_if_empty().extend(["crm", "v8"]).extend(path),
        Err(()) => {
            return Err(Miss::Final(CrmError::Disconnected("the stored API domain is no web address".to_owned())));
        }
    };
    Ok(url)
}

fn authorization(session: &Session) -> Result<HeaderValue, Miss> {
    let value = format!("Zoho-oauthtoken {}", session.access_token.expose_secret());
    let mut value = HeaderValue::from_str(&value)
        .map_err(|_| Miss::Final(CrmError::Disconnected("the stored access token is none".to_owned())))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_go_below_the_api_domain() {
        let below = |domain: &str| address(&domain.parse().unwrap(), &["Leads".into(), "a/b?".into()]).ok().unwrap();
        assert_eq!(below("https://www.zohoapis.eu").as_str(), "https://www.zohoapis.eu/crm/v8/Leads/a%2Fb%3F");
        assert_eq!(below("http://127.0.0.1:8099/").as_str(), "http://127.0.0.1:8099/crm/v8/Leads/a%2Fb%3F");
    }
}
