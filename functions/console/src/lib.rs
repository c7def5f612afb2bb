//! What people and other carriers reach: unsubscribe links, the pictures and links of mails that are watched,
//! `POST /mail/inbound` for raw mail, `GET /health`; and the console, where people see what the assistants do.

pub mod site;

use std::time::Duration;

use app::receive::{Receive, Received};
use app::touches::{Told, Touches};
use app::unsubscribe::Unsubscribe;
use domain::{DeliveryId, OrgId, SigningKey, TouchKind};
use edge::clients::{Clients, StartError, signing_key};
use edge::http::{
    Answer, MOST_BYTES, Refusal, Wants, bearer, body, done, json_response, page, picture, redirect, respond,
};
use lambda_http::http::header::USER_AGENT;
use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use site::Site;
use subtle::ConstantTimeEq;
use tokio::time::timeout;

/// The largest mail that is taken; Lambda itself takes 6 MB.
const MOST_MAIL_BYTES: usize = 30 * 1024 * 1024;

/// A person waits for the page behind a link: what is not noted by then is not noted.
const NOTED_WITHIN: Duration = Duration::from_secs(2);

/// The function.
pub struct Console {
    /// Serves unsubscribe links.
    pub unsubscribe: Unsubscribe,
    /// Takes in mail.
    pub receive: Receive,
    /// Takes note of opens and clicks.
    pub touches: Touches,
    /// Verifies their addresses.
    pub key: SigningKey,
    /// Pages for people.
    pub site: Site,
    /// Opens the route for raw mail; closed without one.
    pub inbound_token: Option<SecretString>,
}

impl Console {
    /// With what the environment names.
    pub async fn from_clients(clients: &Clients) -> Result<Self, StartError> {
        let secret = clients.app_secret().await?;
        let (changes, key) = (clients.lead_changes()?, signing_key(&secret)?);
        let public_url = edge::settings::public_url()?;
        let receive = clients.receive(&secret)?;
        Ok(Self {
            site: Site::new(&changes, key.clone(), public_url),
            unsubscribe: Unsubscribe { changes: changes.clone(), key: key.clone() },
            touches: Touches { changes },
            receive,
            key,
            // An empty one would open the route to an empty bearer.
            inbound_token: secret.inbound_token.filter(|token| !token.expose_secret().is_empty()),
        })
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        respond(&Wants::of(&request), self.route(&request).await)
    }

    async fn route(&self, request: &Request) -> Answer {
        // On the heap: the pages are many, and every other route would carry their size along.
        if let Some(answer) = Box::pin(self.site.handle(request)).await {
            return answer;
        }
        let path = request.uri().path();
        if let Some((_, token)) = path.split_once("/unsubscribe/") {
            return match *request.method() {
                Method::GET => self.ask(token),
                Method::POST => self.take_off(request, token).await,
                _ => Err(Refusal::method_not_allowed("GET, POST")),
            };
        }
        if let Some((before, token)) = path.rsplit_once('/')
            && (before.ends_with("/o") || before.ends_with("/c"))
        {
            return match *request.method() {
                Method::GET | Method::HEAD if before.ends_with("/o") => Ok(self.opened(request, token).await),
                Method::GET | Method::HEAD => self.followed(request, token).await,
                _ => Err(Refusal::method_not_allowed("GET, HEAD")),
            };
        }
        match (request.method(), path) {
            (&Method::POST, path) if path.ends_with("/mail/inbound") => self.inbound(request).await,
            (&Method::GET, path) if path.ends_with("/health") => {
                Ok(json_response(StatusCode::OK, &json!({ "ok": true })))
            }
            _ => Err(Refusal::not_found()),
        }
    }

    /// The picture, whatever the token: who looks at a mail sees nothing broken, and who guesses learns nothing.
    async fn opened(&self, request: &Request, token: &str) -> Response<Body> {
        if let Some((org, delivery)) = self.key.opened(token) {
            self.note(request, &org, &delivery, TouchKind::Open).await;
        }
        picture()
    }

    /// On to where the mail's link leads, which the token itself says.
    async fn followed(&self, request: &Request, token: &str) -> Answer {
        let followed = self.key.followed(token).ok_or_else(Refusal::not_found)?;
        let kind = TouchKind::Click { link: followed.link.to_string() };
        self.note(request, &followed.org, &followed.delivery, kind).await;
        Ok(redirect(&followed.link))
    }

    /// Whatever goes wrong here, the answer goes out.
    async fn note(&self, request: &Request, org: &OrgId, delivery: &DeliveryId, kind: TouchKind) {
        let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
        let told = Told {
            kind,
            at: None,
            user_agent: user_agent.unwrap_or_default().to_owned(),
            head: request.method() == Method::HEAD,
        };
        match timeout(NOTED_WITHIN, self.touches.note(org, delivery, &told)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%org, delivery.id = %delivery, %error, "an open or a click is lost"),
            Err(_) => tracing::warn!(%org, delivery.id = %delivery, "an open or a click is lost: the table is slow"),
        }
    }

    /// A page with a button: mail programs and scanners follow links, and a link must change nothing.
    fn ask(&self, token: &str) -> Answer {
        self.unsubscribe.open(token).ok_or_else(Refusal::not_found)?;
        let form = "You will get no more mail from us.</p><form method=\"post\"><button>Unsubscribe</button></form><p>";
        Ok(page(StatusCode::OK, "Unsubscribe?", form))
    }

    /// RFC 8058, and the button.
    async fn take_off(&self, request: &Request, token: &str) -> Answer {
        body(request, MOST_BYTES)?;
        match self.unsubscribe.unsubscribe(token).await {
            Ok(true) => Ok(page(StatusCode::OK, "Unsubscribed", "You will get no more mail from us.")),
            Ok(false) => Err(Refusal::not_found()),
            Err(error) => Err(Refusal::unavailable(&error)),
        }
    }

    async fn inbound(&self, request: &Request) -> Answer {
        let known = self.inbound_token.as_ref().map(ExposeSecret::expose_secret).zip(bearer(request));
        if !known.is_some_and(|(token, given)| token.as_bytes().ct_eq(given.as_bytes()).into()) {
            return Err(Refusal::unauthorized("invalid_token", "send Authorization: Bearer with the inbound token"));
        }
        let raw = body(request, MOST_MAIL_BYTES)?;
        if raw.is_empty() {
            return Err(Refusal::bad_request("empty_mail", "the body must be one mail as RFC 5322 has it"));
        }
        let received =
            self.receive.receive_alone(&mail::parse(raw, None)).await.map_err(|error| Refusal::unavailable(&error))?;
        let result = match received {
            Received::Applied(..) => "applied",
            Received::Repeated => "repeated",
            // Accepted all the same: sending it again would change nothing.
            Received::Unmatched => return Ok(done(StatusCode::ACCEPTED)),
        };
        Ok(json_response(StatusCode::OK, &json!({ "result": result })))
    }
}
