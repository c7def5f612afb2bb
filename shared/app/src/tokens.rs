//! Access tokens: kept in the secret store, shared by all functions, refreshed by one of them at a time.
//!
//! **Invariant:** however many functions find a token dead at once, one of them refreshes it: the others wait for the
//! lease to end and read what it stored. Zoho allows ten new tokens in ten minutes and kills the oldest of too many.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{Module, OrgId};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use url::Url;

use crate::error::AppError;
use crate::ports::{Accounts, AccountsError, Clock, CrmError, Secrets, Session, Sessions};
use crate::store::{Health, Store};

/// A token this close to its end is not used for another call.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// A refresh takes a second; a holder that takes this long is dead.
const LEASE: SignedDuration = SignedDuration::from_secs(20);
/// How often the others look whether the new token is there.
const POLL: SignedDuration = SignedDuration::from_millis(200);
/// How long they look before they call the CRM busy.
const PATIENCE: u32 = 125;

/// What the secret of an org holds, as JSON.
#[derive(Serialize, Deserialize)]
struct StoredTokens {
    accounts_server: Url,
    api_domain: Url,
    refresh_token: String,
    access_token: String,
    expires_at: Timestamp,
}

/// Keeps the tokens of all orgs.
pub struct TokenKeeper {
    store: Store,
    secrets: Arc<dyn Secrets>,
    accounts: Arc<dyn Accounts>,
    clock: Arc<dyn Clock>,
    prefix: String,
    sessions: Mutex<HashMap<OrgId, Cached>>,
}

struct Cached {
    session: Session,
    expires_at: Timestamp,
    read_at: Timestamp,
}

/// Tokens are replaced, and our fields renamed, by other functions while this one lives.
const CACHE: SignedDuration = SignedDuration::from_secs(60);

/// New tokens for [`TokenKeeper::keep`].
pub struct NewTokens<'a> {
    /// Where they came from.
    pub accounts_server: &'a Url,
    /// Where they are good.
    pub api_domain: &'a Url,
    /// Good until revoked.
    pub refresh_token: &'a SecretString,
    /// Good for an hour.
    pub access_token: &'a SecretString,
    /// Until when, real time.
    pub expires_at: Timestamp,
}

impl TokenKeeper {
    /// Secrets are named `prefix` and the org.
    pub fn new(
        store: Store,
        secrets: Arc<dyn Secrets>,
        accounts: Arc<dyn Accounts>,
        clock: Arc<dyn Clock>,
        prefix: String,
    ) -> Self {
        Self { store, secrets, accounts, clock, prefix, sessions: Mutex::default() }
    }

    /// Stores the tokens of a new authorisation, and revokes the one it replaces.
    pub async fn keep(&self, org: &OrgId, new: NewTokens<'_>) -> Result<(), AppError> {
        let old = self.stored(org).await?;
        let tokens = StoredTokens {
            accounts_server: new.accounts_server.clone(),
            api_domain: new.api_domain.clone(),
            refresh_token: new.refresh_token.expose_secret().to_owned(),
            access_token: new.access_token.expose_secret().to_owned(),
            expires_at: new.expires_at,
        };
        self.put(org, &tokens).await?;
        self.sessions.lock().await.remove(org);
        // Zoho keeps 20 refresh tokens a user and silently drops the oldest: an unused one takes a living one's place.
        if let Some(old) = old.filter(|old| old.refresh_token != tokens.refresh_token)
            && let Err(error) = self.accounts.revoke(&old.accounts_server, &old.refresh_token.into()).await
        {
            tracing::warn!(%org, %error, "the replaced authorisation could not be revoked");
        }
        Ok(())
    }

    /// Gives an org's authorisation up: worthless at Zoho's, and not stored any more. Forgetting what is not there is fine.
    pub async fn forget(&self, org: &OrgId) -> Result<(), AppError> {
        // What cannot be read cannot be revoked either.
        if let Ok(Some(tokens)) = self.stored(org).await {
            match self.accounts.revoke(&tokens.accounts_server, &tokens.refresh_token.into()).await {
                Ok(()) | Err(AccountsError::Refused { .. } | AccountsError::UnknownServer(_)) => {}
                Err(error) => return Err(CrmError::Busy(error.to_string()).into()),
            }
        }
        self.sessions.lock().await.remove(org);
        Ok(self.secrets.delete(&self.name(org)).await?)
    }

    async fn stored(&self, org: &OrgId) -> Result<Option<StoredTokens>, AppError> {
        let Some(secret) = self.secrets.get(&self.name(org)).await? else { return Ok(None) };
        // The parser's own message could quote the secret.
        serde_json::from_str(secret.expose_secret())
            .map(Some)
            .map_err(|_| AppError::Invalid(format!("the stored tokens of {org} cannot be read; connect again")))
    }

    async fn put(&self, org: &OrgId, tokens: &StoredTokens) -> Result<(), AppError> {
        let text = serde_json::to_string(tokens).map_err(|_| AppError::Invalid("tokens cannot be written".into()))?;
        Ok(self.secrets.put(&self.name(org), &text.into()).await?)
    }

    fn name(&self, org: &OrgId) -> String {
        format!("{}{org}", self.prefix)
    }

    /// The newest stored token, refreshed if it ends soon or is `dead`.
    async fn current(&self, org: &OrgId, dead: Option<&SecretString>) -> Result<Cached, AppError> {
        let missing = || CrmError::Disconnected("no authorisation is stored".to_owned());
        for _ in 0..PATIENCE {
            let tokens = self.stored(org).await?.ok_or_else(missing)?;
            if self.is_good(&tokens, dead) {
                return self.cached(org, &tokens).await;
            }
            let now = self.clock.real();
            if let Some(lease) = self.store.take_lease(org, "token", now, now + LEASE).await? {
                let refreshed = self.refresh_unless_done(org, dead).await;
                self.store.end_lease(lease).await?;
                return self.cached(org, &refreshed?).await;
            }
            self.clock.sleep(POLL).await;
        }
        Err(CrmError::Busy("another function is still refreshing the access token".to_owned()).into())
    }

    fn is_good(&self, tokens: &StoredTokens, dead: Option<&SecretString>) -> bool {
        let fresh = tokens.expires_at > self.clock.real() + MARGIN;
        fresh && dead.is_none_or(|dead| dead.expose_secret() != tokens.access_token)
    }

    /// Under the lease: whoever had it before may have refreshed between our look and our taking it.
    async fn refresh_unless_done(&self, org: &OrgId, dead: Option<&SecretString>) -> Result<StoredTokens, AppError> {
        let missing = || CrmError::Disconnected("no authorisation is stored".to_owned());
        let mut tokens = self.stored(org).await?.ok_or_else(missing)?;
        if self.is_good(&tokens, dead) {
            return Ok(tokens);
        }
        let secret = SecretString::from(tokens.refresh_token.clone());
        let refreshed = match self.accounts.refresh(&tokens.accounts_server, &secret).await {
            Ok(refreshed) => refreshed,
            Err(error @ (AccountsError::Refused { .. } | AccountsError::UnknownServer(_))) => {
                self.mark_broken(org, &error.to_string()).await?;
                return Err(CrmError::Disconnected(error.to_string()).into());
            }
            Err(error @ (AccountsError::Throttled | AccountsError::Unavailable(_))) => {
                return Err(CrmError::Busy(error.to_string()).into());
            }
        };
        tokens.access_token = refreshed.access_token.expose_secret().to_owned();
        tokens.expires_at = self.clock.real() + SignedDuration::from_secs(refreshed.expires_secs);
        self.put(org, &tokens).await?;
        tracing::info!(%org, "access token refreshed");
        Ok(tokens)
    }

    async fn mark_broken(&self, org: &OrgId, reason: &str) -> Result<(), AppError> {
        tracing::error!(%org, reason, "the authorisation is broken: connect the organisation again");
        if let Some(mut stored) = self.store.connection(org).await? {
            stored.value.health = Health::Broken { reason: reason.to_owned() };
            // Whoever else writes the connection now will meet the same refusal soon enough.
            self.store.put_connection(&stored.value, Some(stored.version)).await.ok();
        }
        Ok(())
    }

    async fn cached(&self, org: &OrgId, tokens: &StoredTokens) -> Result<Cached, AppError> {
        let fields = self.store.connection(org).await?.map(|stored| stored.value.fields).unwrap_or_default();
        let session =
            Session { api_domain: tokens.api_domain.clone(), access_token: tokens.access_token.clone().into(), fields };
        let cached = Cached { session, expires_at: tokens.expires_at, read_at: self.clock.real() };
        let copy = Cached { session: cached.session.clone(), ..cached };
        self.sessions.lock().await.insert(org.clone(), copy);
        Ok(cached)
    }
}

fn as_crm_error(error: AppError) -> CrmError {
    match error {
        AppError::Crm(error) => error,
        AppError::Invalid(reason) => CrmError::Disconnected(reason),
        other => CrmError::Busy(other.to_string()),
    }
}

#[async_trait]
impl Sessions for TokenKeeper {
    async fn session(&self, org: &OrgId) -> Result<Session, CrmError> {
        let now = self.clock.real();
        if let Some(cached) = self.sessions.lock().await.get(org)
            && cached.expires_at > now + MARGIN
            && cached.read_at + CACHE > now
            // Until our fields are provisioned, every look may be the one that finds them.
            && Module::ALL.iter().all(|module| cached.session.fields.contains_key(module))
        {
            return Ok(cached.session.clone());
        }
        self.current(org, None).await.map(|cached| cached.session).map_err(as_crm_error)
    }

    async fn renewed(&self, org: &OrgId, dead: &Session) -> Result<Session, CrmError> {
        self.current(org, Some(&dead.access_token)).await.map(|cached| cached.session).map_err(as_crm_error)
    }
}
