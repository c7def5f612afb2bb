//! Access tokens for Google's and Microsoft's mail servers, by the refresh token grant (RFC 6749, 6).
//!
//! **Invariant:** secrets travel in the body of a POST over TLS, never in a URL, and no redirect is followed with them.

use std::time::Duration;

use app::ports::{MailToken, MailTokens, MailboxError, OAuthClient};
use async_trait::async_trait;
use domain::MailProvider;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::text::said;

/// Google's page "Using OAuth 2.0 for Web Server Applications" (read 2026-11-21).
const GOOGLE: &str = "https://oauth2.googleapis.com/token";
/// Microsoft's page "Microsoft identity platform and OAuth 2.0 authorization code flow" (read 2026-11-21).
const MICROSOFT: &str = "https://login.microsoftonline.com/";
/// The right to IMAP and SMTP, by Microsoft's page "Authenticate an IMAP, POP or SMTP connection using OAuth".
const MICROSOFT_SCOPE: &str = "https://outlook.office.com/IMAP.AccessAsUser.All \
    https://outlook.office.com/SMTP.Send offline_access";

/// Asks the providers' token endpoints.
#[derive(Debug, Clone)]
pub struct TokenEndpoints {
    http: reqwest::Client,
    google: Url,
    microsoft: Url,
}

/// What an endpoint says, yes or no.
#[derive(Deserialize)]
struct Said {
    access_token: Option<SecretString>,
    expires_in: Option<i64>,
    refresh_token: Option<SecretString>,
    error: Option<String>,
}

impl TokenEndpoints {
    /// The providers' own.
    ///
    /// # Panics
    /// Without a usable TLS set-up, such as a machine without root certificates.
    pub fn new() -> Self {
        let url = |text: &str| Url::parse(text).expect("it is a constant");
        Self::at(url(GOOGLE), url(MICROSOFT))
    }

    /// Others, for tests.
    ///
    /// # Panics
    /// As [`TokenEndpoints::new`].
    pub fn at(google: Url, microsoft: Url) -> Self {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10))
            .redirect(Policy::none())
            .build()
            .expect("the TLS backend is compiled in and the system has root certificates");
        Self { http, google, microsoft }
    }

    fn endpoint(&self, provider: MailProvider, client: &OAuthClient) -> Result<Url, MailboxError> {
        match provider {
            MailProvider::Google => Ok(self.google.clone()),
            MailProvider::Microsoft => {
                let tenant = client.tenant.as_deref().unwrap_or("organizations");
                let mut url = self.microsoft.clone();
                let path = url.path_segments_mut().map(|mut path| {
                    path.pop_if_empty().extend([tenant, "oauth2", "v2.0", "token"]);
                });
                path.map(|()| url).map_err(|()| MailboxError::Denied("the token endpoint is no web address".into()))
            }
            MailProvider::Zoho | MailProvider::Own => {
                Err(MailboxError::Denied("there are no access tokens for this provider".to_owned()))
            }
        }
    }
}

impl Default for TokenEndpoints {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl MailTokens for TokenEndpoints {
    async fn refresh(&self, provider: MailProvider, client: &OAuthClient) -> Result<MailToken, MailboxError> {
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("client_id", &client.client_id),
            ("client_secret", client.client_secret.expose_secret()),
            ("refresh_token", client.refresh_token.expose_secret()),
        ];
        if provider == MailProvider::Microsoft {
            form.push(("scope", MICROSOFT_SCOPE));
        }
        let unavailable = |what: &str| MailboxError::Unavailable(format!("the provider's OAuth server {what}"));
        let request = self.http.post(self.endpoint(provider, client)?).form(&form);
        let answer = request.send().await.map_err(|_| unavailable("was not reached"))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|_| unavailable("broke off"))?;
        let answer: Said = serde_json::from_slice(&body)
            .map_err(|_| unavailable(&format!("answered {} without its JSON", status.as_u16())))?;
        match (answer.access_token, answer.error.as_deref()) {
            (Some(access_token), None) if status.is_success() => Ok(MailToken {
                access_token,
                expires_secs: answer.expires_in.unwrap_or(3600),
                refresh_token: answer.refresh_token,
            }),
            // RFC 6749, 5.2: what a person must mend.
            (_, Some("invalid_grant" | "interaction_required" | "consent_required")) => Err(MailboxError::Denied(
                "the consent was revoked or has expired; consent again and set the mailbox with the new refresh token"
                    .to_owned(),
            )),
            (_, Some("invalid_client" | "unauthorized_client")) => Err(MailboxError::Denied(
                "the provider does not know the client; check client_id and client_secret".to_owned(),
            )),
            (_, Some(error)) if status.is_client_error() && status.as_u16() != 429 => {
                Err(MailboxError::Denied(format!("the provider's OAuth server says {}", said(error))))
            }
            _ => Err(unavailable(&format!("answered {}", status.as_u16()))),
        }
    }
}
