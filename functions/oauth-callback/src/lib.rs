//! `GET /oauth/authorize` sends a browser to Zoho's consent page; `GET /oauth/callback` takes it back.

use app::connect::{Connect, ConnectError, Return};
use edge::clients::{Clients, StartError, accounts, crm, signing_key};
use edge::http::{Answer, Refusal, Wants, cookie, escape, page, public_url, query, respond};
use edge::settings;
use lambda_http::http::header::{LOCATION, SET_COOKIE};
use lambda_http::http::{HeaderValue, Method, StatusCode};
use lambda_http::{Body, Request, Response};
use url::Url;

/// Bound to the host and to HTTPS by its name; `Lax`, because Zoho's redirect must bring it along.
const COOKIE: &str = "__Host-oauth";

/// The function.
pub struct OauthCallback {
    /// The use case.
    pub connect: Connect,
    /// The address of this installation, if it is set.
    pub public_url: Option<Url>,
}

impl OauthCallback {
    /// With what the environment names.
    pub async fn from_clients(clients: &Clients) -> Result<Self, StartError> {
        let secret = clients.app_secret().await?;
        let accounts = accounts(&secret)?;
        let tokens = clients.tokens(accounts.clone())?;
        let connect = Connect {
            store: clients.store()?,
            accounts,
            crm: crm(tokens.clone(), clients.store()?, clients.clock()),
            tokens,
            events: clients.events()?,
            clock: clients.clock(),
            key: signing_key(&secret)?,
        };
        Ok(Self { connect, public_url: settings::public_url()? })
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        respond(&Wants::of(&request), self.route(&request).await)
    }

    async fn route(&self, request: &Request) -> Answer {
        if request.method() != Method::GET {
            return Err(Refusal::method_not_allowed());
        }
        let public_url = public_url(request, self.public_url.as_ref())?;
        let path = request.uri().path();
        if path.ends_with("/oauth/authorize") {
            self.depart(&public_url)
        } else if path.ends_with("/oauth/callback") {
            self.come_back(request, &public_url).await
        } else {
            Err(Refusal::not_found())
        }
    }

    fn depart(&self, public_url: &Url) -> Answer {
        let departure = self.connect.start(public_url).map_err(|error| Refusal::unavailable(&error))?;
        let mut response = page(StatusCode::FOUND, "On to Zoho", "Your browser goes to Zoho now.");
        set(&mut response, SET_COOKIE, &format!("{COOKIE}={}; {ATTRIBUTES}; Max-Age=600", departure.cookie));
        set(&mut response, LOCATION, departure.location.as_str());
        Ok(response)
    }

    async fn come_back(&self, request: &Request, public_url: &Url) -> Answer {
        let back = Return {
            code: query(request, "code"),
            state: query(request, "state"),
            accounts_server: query(request, "accounts-server"),
            error: query(request, "error"),
            cookie: cookie(request, COOKIE),
        };
        let connection = self.connect.finish(public_url, back).await.map_err(refusal)?;
        let name = escape(&connection.name);
        let text = format!("{name} is connected. Add an assistant next, then assign a record to its user in Zoho CRM.");
        let mut response = page(StatusCode::OK, "Connected", &text);
        set(&mut response, SET_COOKIE, &format!("{COOKIE}=; {ATTRIBUTES}; Max-Age=0"));
        Ok(response)
    }
}

const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

fn set(response: &mut Response<Body>, name: lambda_http::http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn refusal(error: ConnectError) -> Refusal {
    let text = error.to_string();
    match error {
        ConnectError::State => Refusal::bad_request("oauth_state", text),
        ConnectError::Denied => Refusal::bad_request("oauth_denied", text),
        ConnectError::Accounts(_) => Refusal::bad_request("oauth_refused", text),
        ConnectError::Online => Refusal::bad_request("oauth_online_only", text),
        ConnectError::NotAdministrator(_) => Refusal::forbidden("not_administrator", text),
        ConnectError::App(error) => Refusal::unavailable(&error),
    }
}
