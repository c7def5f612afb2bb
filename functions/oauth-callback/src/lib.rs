//! `GET /oauth/authorize` sends a browser to Zoho's consent page to connect an org, `GET /oauth/sign-in` to say who is
//! there; `GET /oauth/callback` takes it back, by the state's purpose.

use app::connect::{Connect, ConnectError, Connected, Departure, Return};
use app::console::{Sessions, SignIn, SignInError};
use edge::clients::{Clients, StartError, accounts, crm, signing_key};
use edge::http::{
    Answer, Refusal, SESSION_COOKIE, Wants, cookie, escape, page, public_url, query, respond, see_other, set_cookie,
    source_address,
};
use edge::settings;
use lambda_http::http::header::LOCATION;
use lambda_http::http::{HeaderValue, Method, StatusCode};
use lambda_http::{Body, Request, Response};
use url::Url;

/// Bound to the host and to HTTPS by its name; `Lax`, because Zoho's redirect must bring it along.
const COOKIE: &str = "__Host-oauth";

/// The function.
pub struct OauthCallback {
    /// The use case.
    pub connect: Connect,
    /// Signs people in to the console.
    pub sign_in: SignIn,
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
        Ok(Self::new(connect, settings::public_url()?))
    }

    /// Both ways over the same accounts and the same rows.
    pub fn new(connect: Connect, public_url: Option<Url>) -> Self {
        let Connect { store, accounts, crm, clock, key, .. } = &connect;
        let sessions = Sessions { store: store.clone(), clock: clock.clone(), key: key.clone() };
        let sign_in = SignIn { sessions, accounts: accounts.clone(), crm: crm.clone() };
        Self { connect, sign_in, public_url }
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        respond(&Wants::of(&request), self.route(&request).await)
    }

    async fn route(&self, request: &Request) -> Answer {
        if request.method() != Method::GET {
            return Err(Refusal::method_not_allowed("GET"));
        }
        let public_url = public_url(request, self.public_url.as_ref())?;
        let path = request.uri().path();
        if path.ends_with("/oauth/authorize") {
            depart(self.connect.start(&public_url))
        } else if path.ends_with("/oauth/sign-in") {
            depart(self.sign_in.start(&public_url))
        } else if path.ends_with("/oauth/callback") {
            self.come_back(request, &public_url).await
        } else {
            Err(Refusal::not_found())
        }
    }

    async fn come_back(&self, request: &Request, public_url: &Url) -> Answer {
        let back = Return {
            code: query(request, "code"),
            state: query(request, "state"),
            accounts_server: query(request, "accounts-server"),
            error: query(request, "error"),
            cookie: cookie(request, COOKIE),
        };
        let console = format!("{}console", public_url.path());
        if self.sign_in.started(&back) {
            let address = source_address(request);
            let signed_in = self.sign_in.finish(public_url, back, address.as_deref()).await.map_err(sign_in_refusal)?;
            return Ok(with_cookies(see_other(&console), &signed_in.cookie));
        }
        let Connected { connection, administrator } = self.connect.finish(public_url, back).await.map_err(refusal)?;
        let name = escape(&connection.name);
        let text = format!(
            "{name} is connected. Add an assistant next, then assign a record to its user in Zoho CRM.</p>\
             <p><a href=\"{}\">On to the console</a>",
            escape(&console)
        );
        let session = self.sign_in.sessions.begin(&connection.org, &administrator, true).await;
        let cookie = session.map_err(|error| Refusal::unavailable(&error))?;
        Ok(with_cookies(page(StatusCode::OK, "Connected", &text), &cookie))
    }
}

fn depart(departure: Result<Departure, app::AppError>) -> Answer {
    let departure = departure.map_err(|error| Refusal::unavailable(&error))?;
    let mut response = page(StatusCode::FOUND, "On to Zoho", "Your browser goes to Zoho now.");
    set_cookie(&mut response, COOKIE, &departure.cookie, Some(600));
    if let Ok(value) = HeaderValue::from_str(departure.location.as_str()) {
        response.headers_mut().insert(LOCATION, value);
    }
    Ok(response)
}

/// The session begins, and what bound the state to this browser is over.
fn with_cookies(mut response: Response<Body>, session: &str) -> Response<Body> {
    set_cookie(&mut response, COOKIE, "", Some(0));
    set_cookie(&mut response, SESSION_COOKIE, session, None);
    response
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

fn sign_in_refusal(error: SignInError) -> Refusal {
    let text = error.to_string();
    match error {
        SignInError::State => Refusal::bad_request("oauth_state", text),
        SignInError::Denied => Refusal::bad_request("oauth_denied", text),
        SignInError::TooMany => Refusal::too_many(text),
        SignInError::NotConnected => Refusal::forbidden("not_connected", text),
        SignInError::Accounts(_) => Refusal::bad_request("oauth_refused", text),
        SignInError::App(error) => Refusal::unavailable(&error),
    }
}
