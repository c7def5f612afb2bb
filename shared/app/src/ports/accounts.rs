//! Zoho accounts: codes for tokens, tokens for newer tokens.

use async_trait::async_trait;
use secrecy::SecretString;
use url::Url;

/// What a code was exchanged for.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Good until revoked. `None` when Zoho granted online access only: ask for consent again.
    pub refresh_token: Option<SecretString>,
    /// Good for [`Grant::expires_secs`].
    pub access_token: SecretString,
    /// Seconds from now.
    pub expires_secs: i64,
    /// Where this org's API answers; already checked against the allow-list.
    pub api_domain: Url,
    /// Space or comma separated, as granted; may be missing.
    pub scope: Option<String>,
}

/// What a refresh token was exchanged for.
#[derive(Debug, Clone)]
pub struct RefreshedToken {
    /// The new access token.
    pub access_token: SecretString,
    /// Seconds from now.
    pub expires_secs: i64,
}

/// Why accounts gave no token.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The code or refresh token is dead: a person must connect again.
    #[error("Zoho refused: {code}; {remedy}")]
    Refused {
        /// Zoho's code, such as `invalid_code`.
        code: String,
        /// What a person does about it.
        remedy: &'static str,
    },
    /// Ten tokens in ten minutes: wait for the rest of the window.
    #[error("Zoho refuses new access tokens for some minutes")]
    Throttled,
    /// Not a Zoho accounts server: nothing was sent there.
    #[error("accounts server {0:?} is not one of Zoho's")]
    UnknownServer(String),
    /// No answer, or none that makes sense: try again later.
    #[error("Zoho accounts did not answer: {0}")]
    Unavailable(String),
}

/// The accounts servers of all data centres.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The address of the consent page. `state` comes back unchanged.
    fn authorize_url(&self, redirect_uri: &Url, state: &str) -> Url;

    /// The address of the page where a person says who they are: for a token that reads users and the organisation, for
    /// an hour, and no refresh token.
    fn sign_in_url(&self, redirect_uri: &Url, state: &str) -> Url;

    /// What connecting an org asks a person to permit.
    fn scopes(&self) -> &'static [&'static str];

    /// The accounts server to use when the callback names `named`, or none: checked against the allow-list.
    fn accounts_server(&self, named: Option<&str>) -> Result<Url, AccountsError>;

    /// The short name of a data centre by its accounts server (`us`, `eu`, …), for [`domain::OrgId`].
    fn location(&self, accounts_server: &Url) -> String;

    /// Exchanges a code. It works once and for a minute: never repeated.
    async fn exchange(&self, accounts_server: &Url, code: &str, redirect_uri: &Url) -> Result<Grant, AccountsError>;

    /// Exchanges a refresh token for an access token. At most 10 in 10 minutes: callers share one.
    async fn refresh(
        &self,
        accounts_server: &Url,
        refresh_token: &SecretString,
    ) -> Result<RefreshedToken, AccountsError>;

    /// Makes a refresh token worthless. Revoking one that is dead already is fine.
    async fn revoke(&self, accounts_server: &Url, refresh_token: &SecretString) -> Result<(), AccountsError>;
}
