//! Sessions of the console: opened by signing in, carried by a cookie, ended by signing out or with the connection.
//!
//! **Invariants:** the cookie's secret is nowhere but in the browser; a session is good for [`LIFE`] at the most, and only
//! while its org is connected and its user active.

use std::sync::Arc;

use domain::{CrmUser, OrgId, Purpose, SigningKey};
use jiff::SignedDuration;
use subtle::ConstantTimeEq;

use super::{Viewer, seal, unseal};
use crate::error::AppError;
use crate::ports::Clock;
use crate::secret;
use crate::store::{ConsoleSession, Store, keys};

/// A working day. Signing in again is one click.
const LIFE: SignedDuration = SignedDuration::from_hours(10);
/// A secret that is older is replaced at the next change.
const ROTATE: SignedDuration = SignedDuration::from_mins(30);

/// Opens, recognises and ends sessions.
#[derive(Clone)]
pub struct Sessions {
    /// Rows.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Signs cookies.
    pub key: SigningKey,
}

/// A session that a cookie opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Who it is.
    pub viewer: Viewer,
    secret: String,
    session: ConsoleSession,
}

impl Opened {
    /// What each form of this session must bring along.
    pub fn form_token(&self) -> String {
        keys::hash(&format!("form|{}", self.secret))
    }

    /// Does the form come from a page of this session?
    pub fn is_mine(&self, token: &str) -> bool {
        self.form_token().as_bytes().ct_eq(token.as_bytes()).into()
    }
}

impl Sessions {
    /// Opens a session; returns the cookie's value.
    pub async fn begin(&self, org: &OrgId, user: &CrmUser, administrator: bool) -> Result<String, AppError> {
        let now = self.clock.real();
        let session = ConsoleSession {
            user: user.id.clone(),
            name: user.name.clone(),
            administrator,
            since: now,
            until: now + LIFE,
        };
        self.store_new(org, &session).await
    }

    async fn store_new(&self, org: &OrgId, session: &ConsoleSession) -> Result<String, AppError> {
        let secret = secret::draw::<32>()?;
        self.store.put_session(org, &secret, session).await?;
        Ok(seal(&self.key, Purpose::Session, org, &secret))
    }

    /// Whose cookie this is; `None` if nobody's, or not any more. Changes nothing.
    pub async fn open(&self, cookie: &str) -> Result<Option<Opened>, AppError> {
        let Some((org, secret)) = unseal(&self.key, Purpose::Session, cookie) else { return Ok(None) };
        let Some(session) = self.store.session(&org, secret).await? else { return Ok(None) };
        if session.until <= self.clock.real() || self.store.connection(&org).await?.is_none() {
            return Ok(None);
        }
        let users = self.store.users(&org).await?.map(|known| known.users).unwrap_or_default();
        if users.iter().any(|user| user.id == session.user && !user.active) {
            return Ok(None);
        }
        let ConsoleSession { user, name, administrator, .. } = session.clone();
        let profile = users.into_iter().find(|known| known.id == user).and_then(|user| user.profile);
        let permissions = self.store.permissions(&org).await?;
        let access = profile.and_then(|profile| permissions.get(&profile.id).copied()).unwrap_or_default();
        let viewer = Viewer { org, user, name, administrator, access };
        Ok(Some(Opened { viewer, secret: secret.to_owned(), session }))
    }

    /// Replaces the secret of a session that has had it for a while; returns the new cookie. Pages that are open in
    /// other tabs have to be loaded again before their forms count.
    pub async fn rotate(&self, opened: &Opened) -> Result<Option<String>, AppError> {
        let now = self.clock.real();
        if opened.session.since + ROTATE > now {
            return Ok(None);
        }
        let session = ConsoleSession { since: now, ..opened.session.clone() };
        let cookie = self.store_new(&opened.viewer.org, &session).await?;
        self.store.end_session(&opened.viewer.org, &opened.secret).await?;
        Ok(Some(cookie))
    }

    /// Signs out.
    pub async fn end(&self, opened: &Opened) -> Result<(), AppError> {
        Ok(self.store.end_session(&opened.viewer.org, &opened.secret).await?)
    }
}
