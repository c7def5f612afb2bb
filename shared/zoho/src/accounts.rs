//! The port [`Accounts`] on Zoho's accounts servers.
//!
//! Zoho says no with HTTP 200 and an `error`, and too often with HTTP 400 and texts in the reader's language; so the body
//! is read before the status, and codes before words.

use std::collections::BTreeMap;

use app::ports::{Accounts, AccountsError, Grant, RefreshedToken};
use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::datacentre;
use crate::patience::Tries;
use crate::transport::{Carrier, Silence};

/// What the product asks a person to permit. One scope that Zoho does not know would fail the whole authorisation, so none
/// is here that is not documented.
const SCOPES: [&str; 14] = [
    "ZohoCRM.org.READ",
    "ZohoCRM.users.READ",
    "ZohoCRM.modules.leads.ALL",
    "ZohoCRM.modules.contacts.ALL",
    "ZohoCRM.modules.deals.ALL",
    "ZohoCRM.modules.accounts.READ",
    "ZohoCRM.modules.notes.ALL",
    "ZohoCRM.modules.tasks.ALL",
    "ZohoCRM.modules.emails.ALL",
    "ZohoCRM.settings.fields.ALL",
    "ZohoCRM.settings.users_unavailability.READ",
    "ZohoCRM.coql.READ",
    "ZohoCRM.composite_requests.CUSTOM",
    "ZohoCRM.notifications.ALL",
];

/// What signing in to the console asks for: who somebody is, and of which organisation.
const SIGN_IN_SCOPES: [&str; 2] = ["ZohoCRM.org.READ", "ZohoCRM.users.READ"];

/// How long an access token is good where Zoho does not say.
const EXPIRES_SECS: i64 = 3600;

/// The location of a server that is none of Zoho's.
const LOCAL: &str = "local";

/// The OAuth client as registered in Zoho's API console.
#[derive(Debug, Clone)]
pub struct AccountsSettings {
    /// Its id, the same everywhere.
    pub client_id: String,
    /// Its secret, where no data centre has its own.
    pub client_secret: SecretString,
    /// Secrets of single data centres by location (`eu`), for clients with one per data centre.
    pub secrets_by_location: BTreeMap<String, SecretString>,
    /// The accounts server where the client is registered: consent starts there.
    pub home: Url,
    /// One more accounts server to trust, named by the operator: a simulator. The only one that may be plain HTTP. Its
    /// origin may serve the API too.
    pub extra: Option<Url>,
}

impl AccountsSettings {
    /// A client registered in the US data centre, with one secret for all.
    pub fn new(client_id: impl Into<String>, client_secret: SecretString) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret,
            secrets_by_location: BTreeMap::new(),
            home: Url::parse("https://accounts.zoho.com").expect("a constant"),
            extra: None,
        }
    }
}

/// Zoho's accounts servers.
pub struct ZohoAccounts {
    carrier: Carrier,
    settings: AccountsSettings,
}

impl ZohoAccounts {
    /// Accounts by way of `carrier`.
    pub fn new(carrier: Carrier, settings: AccountsSettings) -> Self {
        Self { carrier, settings }
    }

    fn is_extra(&self, url: &Url) -> bool {
        self.settings.extra.as_ref().is_some_and(|extra| extra.origin() == url.origin())
    }

    /// The server, if it may be spoken to.
    fn trusted(&self, server: &Url) -> Result<Url, AccountsError> {
        if datacentre::of_accounts_server(server).is_some() {
            return Ok(server.clone());
        }
        match &self.settings.extra {
            Some(extra) if self.is_extra(server) => Ok(extra.clone()),
            _ => Err(AccountsError::UnknownServer(server.to_string())),
        }
    }

    fn trusted_api_domain(&self, named: Option<&str>) -> Result<Url, AccountsError> {
        let named = named.unwrap_or_default();
        Url::parse(named)
            .ok()
            .filter(|url| datacentre::is_api_domain(url) || self.is_extra(url))
            .ok_or_else(|| AccountsError::Unavailable(format!("API domain {named:?} is not one of Zoho's")))
    }

    fn auth_url(&self, redirect_uri: &Url, state: &str, scopes: &[&str], access_type: &str) -> Url {
        let mut url = below(&self.settings.home, ["auth"]);
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", redirect_uri.as_str())
            .append_pair("scope", &scopes.join(","))
            .append_pair("access_type", access_type)
            .append_pair("state", state);
        url
    }

    /// Asks for tokens. A call that never left may be repeated, if the caller says so.
    async fn tokens(&self, server: &Url, grant: &[(&str, &str)], repeat: bool) -> Result<Tokens, AccountsError> {
        let server = self.trusted(server)?;
        let secret =
            self.settings.secrets_by_location.get(&self.location(&server)).unwrap_or(&self.settings.client_secret);
        let client = [("client_id", self.settings.client_id.as_str()), ("client_secret", secret.expose_secret())];
        let form = [client.as_slice(), grant].concat();
        let mut tries = Tries::first(&self.carrier.patience);
        loop {
            let (reached, what) = match self.post(below(&server, ["token"]), &form).await {
                Ok((status, answer)) => return answer.tokens(status),
                Err(Silence::NotReached(what)) => (false, what),
                Err(Silence::NotAnswered(what)) => (true, what),
            };
            if reached || !repeat || !tries.next().await {
                return Err(AccountsError::Unavailable(tries.after(&what)));
            }
        }
    }

    async fn post(&self, url: Url, form: &[(&str, &str)]) -> Result<(StatusCode, TokenAnswer), Silence> {
        let mut call = reqwest::Request::new(Method::POST, url);
        *call.timeout_mut() = Some(self.carrier.patience.write);
        call.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        *call.body_mut() = Some(form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish().into());
        let answer = self.carrier.transport.call(call).await?;
        Ok((answer.status(), serde_json::from_slice(answer.body()).unwrap_or_default()))
    }
}

#[async_trait]
impl Accounts for ZohoAccounts {
    fn authorize_url(&self, redirect_uri: &Url, state: &str) -> Url {
        let mut url = self.auth_url(redirect_uri, state, &SCOPES, "offline");
        // Without it, who consented before gets no refresh token.
        url.query_pairs_mut().append_pair("prompt", "consent");
        url
    }

    fn sign_in_url(&self, redirect_uri: &Url, state: &str) -> Url {
        self.auth_url(redirect_uri, state, &SIGN_IN_SCOPES, "online")
    }

    fn scopes(&self) -> &'static [&'static str] {
        &SCOPES
    }

    fn accounts_server(&self, named: Option<&str>) -> Result<Url, AccountsError> {
        match named {
            None => self.trusted(&self.settings.home),
            Some(named) => match Url::parse(named) {
                Ok(url) => self.trusted(&url),
                Err(_) => Err(AccountsError::UnknownServer(named.to_owned())),
            },
        }
    }

    fn location(&self, accounts_server: &Url) -> String {
        datacentre::of_accounts_server(accounts_server).map_or(LOCAL, |centre| centre.location).to_owned()
    }

    async fn exchange(&self, accounts_server: &Url, code: &str, redirect_uri: &Url) -> Result<Grant, AccountsError> {
        let grant = [("grant_type", "authorization_code"), ("redirect_uri", redirect_uri.as_str()), ("code", code)];
        let tokens = self.tokens(accounts_server, &grant, false).await?;
        Ok(Grant {
            api_domain: self.trusted_api_domain(tokens.api_domain.as_deref())?,
            refresh_token: tokens.refresh_token,
            access_token: tokens.access_token,
            expires_secs: tokens.expires_secs,
            scope: tokens.scope,
        })
    }

    async fn refresh(
        &self,
        accounts_server: &Url,
        refresh_token: &SecretString,
    ) -> Result<RefreshedToken, AccountsError> {
        let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose_secret())];
        let tokens = self.tokens(accounts_server, &grant, true).await?;
        Ok(RefreshedToken { access_token: tokens.access_token, expires_secs: tokens.expires_secs })
    }

    async fn revoke(&self, accounts_server: &Url, refresh_token: &SecretString) -> Result<(), AccountsError> {
        let url = below(&self.trusted(accounts_server)?, ["token", "revoke"]);
        let answer = self.post(url, &[("token", refresh_token.expose_secret())]).await;
        let (status, answer) = answer.map_err(|silence| AccountsError::Unavailable(silence.into_reason()))?;
        // A token that is none any more is answered 400, perhaps with the throttle's "failure" but then without its error.
        let is_dead = status == StatusCode::BAD_REQUEST && !(answer.is_throttle(status) && answer.error.is_some());
        match answer.verdict(status) {
            Err(AccountsError::Refused { .. }) => Ok(()),
            Err(_) if is_dead => Ok(()),
            verdict => verdict,
        }
    }
}

/// `{server}/oauth/v2/…`
fn below<const N: usize>(server: &Url, path: [&str; N]) -> Url {
    let mut url = server.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(["oauth", "v2"]).extend(path);
    }
    url
}

/// Whatever an accounts server answers; empty if it is no JSON.
#[derive(Default, Deserialize)]
struct TokenAnswer {
    access_token: Option<SecretString>,
    refresh_token: Option<SecretString>,
    expires_in: Option<i64>,
    api_domain: Option<String>,
    scope: Option<String>,
    error: Option<String>,
    status: Option<String>,
}

struct Tokens {
    access_token: SecretString,
    refresh_token: Option<SecretString>,
    expires_secs: i64,
    api_domain: Option<String>,
    scope: Option<String>,
}

impl TokenAnswer {
    fn is_throttle(&self, status: StatusCode) -> bool {
        let failed = status == StatusCode::BAD_REQUEST && self.status.as_deref() == Some("failure");
        failed || status == StatusCode::TOO_MANY_REQUESTS
    }

    /// Yes or no.
    fn verdict(&self, status: StatusCode) -> Result<(), AccountsError> {
        match &self.error {
            _ if self.is_throttle(status) => Err(AccountsError::Throttled),
            Some(code) if !status.is_server_error() && code != "general_error" => {
                Err(AccountsError::Refused { code: code.clone(), remedy: remedy(code) })
            }
            None if status.is_success() => Ok(()),
            _ => Err(AccountsError::Unavailable(format!("Zoho answered {}", status.as_u16()))),
        }
    }

    fn tokens(self, status: StatusCode) -> Result<Tokens, AccountsError> {
        self.verdict(status)?;
        let missing = || AccountsError::Unavailable("Zoho's answer holds no token".to_owned());
        Ok(Tokens {
            access_token: self.access_token.ok_or_else(missing)?,
            refresh_token: self.refresh_token,
            expires_secs: self.expires_in.unwrap_or(EXPIRES_SECS),
            api_domain: self.api_domain,
            scope: self.scope,
        })
    }
}

fn remedy(code: &str) -> &'static str {
    match code {
        "invalid_client" => "check the client id, and enable this data centre in the API console's client settings",
        "invalid_client_secret" => "set the client secret that the API console shows for this data centre",
        "invalid_redirect_uri" => "register the redirect URI in the API console, letter by letter",
        _ => "an administrator must connect Zoho again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(extra: Option<&str>) -> ZohoAccounts {
        let mut settings = AccountsSettings::new("id", SecretString::from("secret"));
        settings.extra = extra.map(|url| url.parse().unwrap());
        ZohoAccounts::new(Carrier::network(), settings)
    }

    #[test]
    fn answers_are_read_by_body_then_status() {
        let verdict = |status: u16, body: &str| {
            let answer: TokenAnswer = serde_json::from_str(body).unwrap_or_default();
            match answer.tokens(StatusCode::from_u16(status).unwrap()) {
                Ok(_) => "ok".to_owned(),
                Err(AccountsError::Refused { code, .. }) => code,
                Err(AccountsError::Throttled) => "throttled".to_owned(),
                Err(error) => error.to_string(),
            }
        };
        assert_eq!(verdict(200, r#"{"access_token":"a","expires_in":3600}"#), "ok");
        assert_eq!(verdict(200, r#"{"error":"invalid_code"}"#), "invalid_code");
        assert_eq!(verdict(400, r#"{"error":"invalid_client"}"#), "invalid_client");
        assert_eq!(
            verdict(400, r#"{"error_description":"请求过多","error":"访问被拒绝","status":"failure"}"#),
            "throttled"
        );
        assert_eq!(verdict(429, "<html>"), "throttled");
        let unavailable = "Zoho accounts did not answer: ";
        assert_eq!(verdict(500, r#"{"error":"general_error"}"#), format!("{unavailable}Zoho answered 500"));
        assert_eq!(verdict(503, "<html>"), format!("{unavailable}Zoho answered 503"));
        assert_eq!(verdict(200, "<html>"), format!("{unavailable}Zoho's answer holds no token"));
    }

    #[test]
    fn nothing_is_sent_to_strangers() {
        let refuse = |accounts: &ZohoAccounts, named| {
            assert!(matches!(accounts.accounts_server(Some(named)), Err(AccountsError::UnknownServer(_))), "{named}");
        };
        let plain = accounts(None);
        assert_eq!(plain.accounts_server(None).unwrap().as_str(), "https://accounts.zoho.com/");
        assert_eq!(
            plain.accounts_server(Some("https://accounts.zoho.eu")).unwrap().as_str(),
            "https://accounts.zoho.eu/"
        );
        refuse(&plain, "https://evil.example");
        refuse(&plain, "http://127.0.0.1:8099");
        refuse(&plain, "");
        let local = accounts(Some("http://127.0.0.1:8099"));
        let server = local.accounts_server(Some("http://127.0.0.1:8099/")).unwrap();
        assert_eq!(local.location(&server), "local");
        refuse(&local, "http://127.0.0.1:8098");
        refuse(&local, "https://127.0.0.1:8099");
        assert!(local.trusted_api_domain(Some("http://127.0.0.1:8099")).is_ok());
        assert!(plain.trusted_api_domain(Some("http://127.0.0.1:8099")).is_err());
        assert!(plain.trusted_api_domain(Some("https://www.zohoapis.eu")).is_ok());
        assert!(plain.trusted_api_domain(None).is_err());
    }

    #[test]
    fn consent_asks_for_a_refresh_token() {
        let url = accounts(None).authorize_url(&"https://app.example/oauth/callback?x=1".parse().unwrap(), "s&t");
        let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!((url.host_str(), url.path()), (Some("accounts.zoho.com"), "/oauth/v2/auth"));
        assert_eq!(query["redirect_uri"], "https://app.example/oauth/callback?x=1");
        assert_eq!((query["access_type"].as_str(), query["prompt"].as_str()), ("offline", "consent"));
        assert_eq!(query["state"], "s&t");
        assert!(query["scope"].starts_with("ZohoCRM.org.READ,ZohoCRM.users.READ,"));
    }
}
