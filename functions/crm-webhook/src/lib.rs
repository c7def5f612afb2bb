//! `POST /zoho/notifications` takes Zoho's callbacks.

use app::notify::{Notify, NotifyError};
use edge::clients::{Clients, StartError, signing_key};
use edge::http::{Answer, MOST_BYTES, Refusal, Wants, body, done, respond};
use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};

/// The function.
pub struct CrmWebhook {
    /// The use case.
    pub notify: Notify,
}

impl CrmWebhook {
    /// With what the environment names.
    pub async fn from_clients(clients: &Clients) -> Result<Self, StartError> {
        let key = signing_key(&clients.app_secret().await?)?;
        let notify = Notify { store: clients.store()?, events: clients.events()?, clock: clients.clock(), key };
        Ok(Self { notify })
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        respond(&Wants::of(&request), self.record(&request).await)
    }

    async fn record(&self, request: &Request) -> Answer {
        if request.method() != Method::POST {
            return Err(Refusal::method_not_allowed("POST"));
        }
        match self.notify.record(body(request, MOST_BYTES)?).await {
            Ok(()) => Ok(done(StatusCode::OK)),
            Err(error @ NotifyError::Token) => Err(Refusal::unauthorized("invalid_token", error.to_string())),
            Err(NotifyError::Malformed(problem)) => Err(Refusal::bad_request("malformed_notification", problem)),
            Err(NotifyError::App(error)) => Err(Refusal::unavailable(&error)),
        }
    }
}
