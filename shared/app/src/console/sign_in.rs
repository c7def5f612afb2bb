//! Signing in to the console: the browser goes to Zoho and comes back with a code that says who somebody is.
//!
//! **Invariant:** a callback counts only in the browser that started it, only for a user of an org that is connected, and
//! not too often from one address. The token it brings is used for one look and kept nowhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{OrgId, Purpose};
use url::Url;

use super::Sessions;
use crate::connect::{Departure, Return, State, redirect_uri};
use crate::error::AppError;
use crate::ports::{Accounts, AccountsError, Crm, Session, TableError};

/// Sign-ins from one address in ten minutes; a whole office may share it.
const MOST: u32 = 60;

/// Signs people in.
pub struct SignIn {
    /// Where sessions are kept.
    pub sessions: Sessions,
    /// Zoho accounts.
    pub accounts: Arc<dyn Accounts>,
    /// The CRM, asked once who is there.
    pub crm: Arc<dyn Crm>,
}

/// Somebody who signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The value of the session's cookie.
    pub cookie: String,
    /// To which org.
    pub org: OrgId,
}

/// Why somebody was not signed in. Each text is shown to the person in the browser.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Not the browser that started, or too late.
    #[error("this sign-in was not started in this browser, or more than ten minutes ago; sign in again")]
    State,
    /// The person said no.
    #[error("Zoho was not allowed to say who you are; sign in again and accept")]
    Denied,
    /// Too many.
    #[error("there were too many sign-ins from your address; wait ten minutes and sign in again")]
    TooMany,
    /// Not one of ours.
    #[error("your Zoho organisation is not connected; ask its administrator to connect it first")]
    NotConnected,
    /// The code or the server did not pass.
    #[error("Zoho did not accept the sign-in: {0}")]
    Accounts(#[from] AccountsError),
    /// Anything else.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<TableError> for SignInError {
    fn from(error: TableError) -> Self {
        Self::App(error.into())
    }
}

impl SignIn {
    fn state(&self) -> State<'_> {
        State { key: &self.sessions.key, purpose: Purpose::SignInState, now: self.sessions.clock.real() }
    }

    /// Begins: random state, signed, in the address and in the cookie.
    pub fn start(&self, public_url: &Url) -> Result<Departure, AppError> {
        let (state, cookie) = self.state().draw()?;
        Ok(Departure { location: self.accounts.sign_in_url(&redirect_uri(public_url)?, &state), cookie })
    }

    /// Was this callback started here, and not by connecting an org?
    pub fn started(&self, back: &Return) -> bool {
        back.state.as_deref().is_some_and(|state| self.state().is_signed(state))
    }

    /// Ends: who it is, and a session for them. `address` is where the browser calls from, if that is known.
    pub async fn finish(&self, public_url: &Url, back: Return, address: Option<&str>) -> Result<SignedIn, SignInError> {
        if !self.state().fits(&back) {
            return Err(SignInError::State);
        }
        let Sessions { store, clock, .. } = &self.sessions;
        if let Some(address) = address
            && store.count_sign_in(address, clock.real()).await? > MOST
        {
            return Err(SignInError::TooMany);
        }
        let code = back.code.filter(|_| back.error.is_none()).ok_or(SignInError::Denied)?;
        let server = self.accounts.accounts_server(back.accounts_server.as_deref())?;
        let grant = self.accounts.exchange(&server, &code, &redirect_uri(public_url)?).await?;
        let session =
            Session { api_domain: grant.api_domain, access_token: grant.access_token, fields: BTreeMap::new() };
        let organisation = self.crm.organisation(&session).await.map_err(AppError::from)?;
        let org = OrgId::new(&self.accounts.location(&server), &organisation.zgid)
            .map_err(|error| AppError::Invalid(error.to_string()))?;
        if store.connection(&org).await?.is_none() {
            return Err(SignInError::NotConnected);
        }
        let cookie = self.sessions.begin(&org, &organisation.me, organisation.administrator).await?;
        tracing::info!(%org, user.id = %organisation.me.id, administrator = organisation.administrator, "signed in");
        Ok(SignedIn { cookie, org })
    }
}
