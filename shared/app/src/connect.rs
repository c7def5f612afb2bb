//! Connecting an org: the browser goes to Zoho and comes back with a code.
//!
//! **Invariant:** a callback counts only in the browser that started it (state and cookie match), only with an accounts
//! server of Zoho's, and only for an administrator.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{CrmUser, OrgId, Purpose, SigningKey};
use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq;
use url::Url;

use crate::error::AppError;
use crate::ports::{Accounts, AccountsError, Clock, Crm, Event, Events, Session, TableError};
use crate::secret;
use crate::store::{Connection, Health, Store};
use crate::tokens::{NewTokens, TokenKeeper};

/// Someone who reads the consent page slowly still gets through.
const STATE_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// Starts and ends the connection of an org.
pub struct Connect {
    /// Rows.
    pub store: Store,
    /// Zoho accounts.
    pub accounts: Arc<dyn Accounts>,
    /// The CRM, asked once who is there.
    pub crm: Arc<dyn Crm>,
    /// Where the tokens go.
    pub tokens: Arc<TokenKeeper>,
    /// Told of the new connection.
    pub events: Arc<dyn Events>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Signs the state.
    pub key: SigningKey,
}

/// Where to send the browser, and what it must bring back.
#[derive(Debug)]
pub struct Departure {
    /// Zoho's consent page.
    pub location: Url,
    /// The value of the cookie that binds the state to this browser.
    pub cookie: String,
}

/// An org that was connected.
#[derive(Debug)]
pub struct Connected {
    /// Its connection.
    pub connection: Connection,
    /// Who connected it.
    pub administrator: CrmUser,
}

/// What came back with the browser.
#[derive(Debug, Default)]
pub struct Return {
    /// The code.
    pub code: Option<String>,
    /// The state.
    pub state: Option<String>,
    /// The accounts server of the user's data centre.
    pub accounts_server: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// The cookie set at departure.
    pub cookie: Option<String>,
}

/// Why an org was not connected. Each text is shown to the person in the browser.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Not the browser that started, or too late.
    #[error(
        "this sign-in was not started in this browser, or more than ten minutes ago; start again at /oauth/authorize"
    )]
    State,
    /// The person said no.
    #[error("access was not granted; nothing has changed; start again at /oauth/authorize")]
    Denied,
    /// The code or the server did not pass.
    #[error("Zoho did not accept the sign-in: {0}")]
    Accounts(#[from] AccountsError),
    /// No refresh token came.
    #[error(
        "Zoho granted access for an hour only; remove the app under Connected Apps in your Zoho account and start again"
    )]
    Online,
    /// A salesperson, say.
    #[error("{0} is not an administrator of the Zoho organisation; sign in as one and start again")]
    NotAdministrator(String),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<TableError> for ConnectError {
    fn from(error: TableError) -> Self {
        Self::App(error.into())
    }
}

impl Connect {
    /// Begins: random state, signed, in the address and in the cookie.
    pub fn start(&self, public_url: &Url) -> Result<Departure, AppError> {
        let (state, cookie) = self.state().draw()?;
        Ok(Departure { location: self.accounts.authorize_url(&redirect_uri(public_url)?, &state), cookie })
    }

    fn state(&self) -> State<'_> {
        State { key: &self.key, purpose: Purpose::OauthState, now: self.clock.real() }
    }

    /// Ends: tokens stored, the org's row written, the rest of the set-up asked for.
    pub async fn finish(&self, public_url: &Url, back: Return) -> Result<Connected, ConnectError> {
        if !self.state().fits(&back) {
            return Err(ConnectError::State);
        }
        if back.error.is_some() {
            return Err(ConnectError::Denied);
        }
        let code = back.code.ok_or(ConnectError::Denied)?;
        let server = self.accounts.accounts_server(back.accounts_server.as_deref())?;
        let grant = self.accounts.exchange(&server, &code, &redirect_uri(public_url)?).await?;
        let now = self.clock.real();
        let refresh_token = grant.refresh_token.ok_or(ConnectError::Online)?;
        let session = Session {
            api_domain: grant.api_domain.clone(),
            access_token: grant.access_token.clone(),
            fields: BTreeMap::new(),
        };
        let organisation = self.crm.organisation(&session).await.map_err(AppError::from)?;
        if !organisation.administrator {
            // What was granted to the wrong person is given up again.
            if let Err(error) = self.accounts.revoke(&server, &refresh_token).await {
                tracing::warn!(%error, "a refused authorisation could not be revoked");
            }
            return Err(ConnectError::NotAdministrator(organisation.me.name));
        }
        let org = OrgId::new(&self.accounts.location(&server), &organisation.zgid)
            .map_err(|error| AppError::Invalid(error.to_string()))?;
        let tokens = NewTokens {
            accounts_server: &server,
            api_domain: &grant.api_domain,
            refresh_token: &refresh_token,
            access_token: &grant.access_token,
            expires_at: now + SignedDuration::from_secs(grant.expires_secs),
        };
        self.tokens.keep(&org, tokens).await?;
        let missing = missing(self.accounts.scopes(), grant.scope.as_deref());
        let connection = self.write_connection(&org, &organisation, public_url, &missing, now).await?;
        // A hint: the row's own due time asks for the same.
        if let Err(error) = self.events.publish(&[Event::Connected { org: org.clone() }]).await {
            tracing::warn!(%org, %error, "set-up waits for the next upkeep");
        }
        tracing::info!(%org, "connected");
        Ok(Connected { connection, administrator: organisation.me })
    }

    async fn write_connection(
        &self,
        org: &OrgId,
        organisation: &crate::ports::Organisation,
        public_url: &Url,
        scopes_missing: &[String],
        now: Timestamp,
    ) -> Result<Connection, AppError> {
        for _ in 0..5 {
            let stored = self.store.connection(org).await?;
            let version = stored.as_ref().map(|stored| stored.version);
            let before = stored.map(|stored| stored.value);
            let connection = Connection {
                org: org.clone(),
                name: organisation.name.clone(),
                health: Health::Connected,
                allowance: organisation.allowance,
                connected_by: organisation.me.id.clone(),
                fallback_owner: before.as_ref().map_or(&organisation.me.id, |before| &before.fallback_owner).clone(),
                backups: before.as_ref().map(|before| before.backups.clone()).unwrap_or_default(),
                scopes_missing: scopes_missing.to_vec(),
                paused: before.as_ref().and_then(|before| before.paused.clone()),
                public_url: public_url.clone(),
                worked_on: before.as_ref().map(|before| before.worked_on.clone()).unwrap_or_default(),
                fields: before.map(|before| before.fields).unwrap_or_default(),
                // Everything below is looked at anew: time passed, and the channel belonged to another authorisation.
                schedule_values: Vec::new(),
                channel_expires: None,
                known_until: BTreeMap::new(),
                looked_at_all: None,
                next_upkeep: now,
            };
            match self.store.put_connection(&connection, version).await {
                Ok(()) => return Ok(connection),
                Err(TableError::Unexpected(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Contended(format!("the connection of {org}")))
    }
}

/// Makes and checks OAuth's `state`, for one purpose at one instant.
pub(crate) struct State<'a> {
    pub key: &'a SigningKey,
    pub purpose: Purpose,
    pub now: Timestamp,
}

impl State<'_> {
    /// A new state, and the value of the cookie that binds it to a browser.
    pub fn draw(&self) -> Result<(String, String), AppError> {
        let nonce = secret::draw::<16>()?;
        let expires = (self.now + STATE_LIFE).as_second();
        Ok((self.key.sign(self.purpose, &format!("{nonce}.{expires}")), nonce))
    }

    /// Was it made for this purpose, by whatever browser and whenever?
    pub fn is_signed(&self, state: &str) -> bool {
        self.key.verify(self.purpose, state).is_some()
    }

    /// Did the browser that comes back start it, in time?
    pub fn fits(&self, back: &Return) -> bool {
        let payload = back.state.as_deref().and_then(|state| self.key.verify(self.purpose, state));
        let Some((nonce, expires)) = payload.and_then(|payload| payload.split_once('.')) else { return false };
        let cookie = back.cookie.as_deref().unwrap_or_default();
        let same_browser: bool = nonce.as_bytes().ct_eq(cookie.as_bytes()).into();
        same_browser && expires.parse().is_ok_and(|expires: i64| self.now.as_second() <= expires)
    }
}

/// What was asked for and not granted. Where Zoho does not say what it granted, it granted all of it.
fn missing(asked: &[&str], granted: Option<&str>) -> Vec<String> {
    let Some(granted) = granted.filter(|granted| !granted.trim().is_empty()) else { return Vec::new() };
    let granted: Vec<&str> = granted.split([' ', ',']).collect();
    let is_granted = |scope: &str| granted.iter().any(|granted| granted.eq_ignore_ascii_case(scope));
    asked.iter().filter(|scope| !is_granted(scope)).map(|scope| (*scope).to_owned()).collect()
}

/// Must equal the address registered with Zoho, byte for byte.
pub(crate) fn redirect_uri(public_url: &Url) -> Result<Url, AppError> {
    public_url.join("oauth/callback").map_err(|error| AppError::Invalid(format!("PUBLIC_URL: {error}")))
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn what_was_not_granted_is_missing() {
        let asked = ["ZohoCRM.org.READ", "ZohoCRM.modules.leads.ALL"];
        let none: [&str; 0] = [];
        for (granted, expected) in [
            (None, &none[..]),
            (Some(""), &none),
            (Some("ZohoCRM.org.READ ZohoCRM.modules.leads.ALL"), &none),
            (Some("ZohoCRM.modules.leads.ALL,zohocrm.org.read"), &none),
            (Some("ZohoCRM.org.READ"), &["ZohoCRM.modules.leads.ALL"]),
        ] {
            assert_eq!(missing(&asked, granted), expected, "{granted:?}");
        }
    }
}
