//! What opens mailboxes: passwords, and access tokens that are renewed.
//!
//! **Invariant:** however many ask at once, a token is renewed by one of them under a lease, and the others read what it
//! stored. **Absent:** the consent that a token is made of; a person gives it.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{MailAccount, MailAuth, OrgId};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::error::AppError;
use crate::ports::{Clock, Credential, MailTokens, MailboxError, OAuthClient, Secrets};
use crate::store::Store;

/// A token this close to its end is not used any more: a mail may take a minute to leave.
const MARGIN: SignedDuration = SignedDuration::from_mins(3);
/// A secret is read again after this long, for a person may have changed it.
const CACHE: SignedDuration = SignedDuration::from_mins(1);
/// A renewal takes a second; who takes this long is dead.
const LEASE: SignedDuration = SignedDuration::from_secs(20);
/// How often the others look whether the new token is there.
const POLL: SignedDuration = SignedDuration::from_millis(200);
/// How often they look before they give up.
const PATIENCE: u32 = 125;

/// What a person gives us to open a mailbox.
pub enum MailboxSecret {
    /// A password.
    Password(SecretString),
    /// A client and a consent.
    OAuth(OAuthClient),
}

/// What the secret of a mailbox holds, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(tag = "auth", rename_all = "snake_case")]
enum Stored {
    Password {
        password: String,
    },
    #[serde(rename = "oauth")]
    OAuth {
        client: OAuthClient,
        access: Option<Access>,
    },
}

#[derive(Serialize, Deserialize)]
struct Access {
    token: String,
    expires_at: Timestamp,
}

struct Cached {
    credential: Credential,
    until: Timestamp,
}

/// Has what opens mailboxes.
pub struct Credentials {
    store: Store,
    secrets: Arc<dyn Secrets>,
    tokens: Arc<dyn MailTokens>,
    clock: Arc<dyn Clock>,
    prefix: String,
    cache: Mutex<HashMap<String, Cached>>,
}

impl Credentials {
    /// Secrets are named `prefix`, the org, and the hash of the address.
    pub fn new(
        store: Store,
        secrets: Arc<dyn Secrets>,
        tokens: Arc<dyn MailTokens>,
        clock: Arc<dyn Clock>,
        prefix: String,
    ) -> Self {
        Self { store, secrets, tokens, clock, prefix, cache: Mutex::default() }
    }

    /// What opens the mailbox now. [`MailboxError::Denied`]: a person must act.
    pub async fn current(&self, org: &OrgId, account: &MailAccount) -> Result<Credential, MailboxError> {
        let name = self.name(org, account);
        let now = self.clock.real();
        if let Some(cached) = self.cache.lock().await.get(&name)
            && cached.until > now
        {
            return Ok(cached.credential.clone());
        }
        self.read(org, account, None).await
    }

    /// What opens it, after the server refused `dead`; the same where nothing newer can be had.
    pub async fn renewed(
        &self,
        org: &OrgId,
        account: &MailAccount,
        dead: &Credential,
    ) -> Result<Credential, MailboxError> {
        self.read(org, account, Some(dead)).await
    }

    /// Stores what opens the mailbox.
    pub async fn keep(&self, org: &OrgId, account: &MailAccount, secret: &MailboxSecret) -> Result<(), AppError> {
        let stored = match (secret, account.auth) {
            (MailboxSecret::Password(password), MailAuth::Password) => {
                Stored::Password { password: password.expose_secret().to_owned() }
            }
            (MailboxSecret::OAuth(client), MailAuth::OAuth) => Stored::OAuth { client: client.clone(), access: None },
            _ => return Err(AppError::Invalid("auth: the secret is of another kind than the mailbox takes".into())),
        };
        self.put(&self.name(org, account), &stored).await.map_err(|error| AppError::Invalid(error.to_string()))
    }

    /// Forgets what opens the mailbox.
    pub async fn forget(&self, org: &OrgId, account: &MailAccount) -> Result<(), AppError> {
        let name = self.name(org, account);
        self.cache.lock().await.remove(&name);
        Ok(self.secrets.delete(&name).await?)
    }

    fn name(&self, org: &OrgId, account: &MailAccount) -> String {
        format!("{}{org}/{}", self.prefix, account.address.hash())
    }

    async fn read(
        &self,
        org: &OrgId,
        account: &MailAccount,
        dead: Option<&Credential>,
    ) -> Result<Credential, MailboxError> {
        let name = self.name(org, account);
        for _ in 0..PATIENCE {
            if let Some(good) = self.good(&name, dead).await? {
                return Ok(good);
            }
            let (now, lease) = (self.clock.real(), format!("token#{}", account.address.hash()));
            let taken = self.store.take_lease(org, &lease, now, now + LEASE).await.map_err(unavailable)?;
            if let Some(lease) = taken {
                let renewed = self.renew_unless_done(&name, account, dead).await;
                self.store.end_lease(lease).await.map_err(unavailable)?;
                return renewed;
            }
            self.clock.sleep(POLL).await;
        }
        Err(MailboxError::Unavailable("another process is still renewing the access token".to_owned()))
    }

    /// What is stored, if it opens the mailbox; `None` if it is a token that has to be renewed.
    async fn good(&self, name: &str, dead: Option<&Credential>) -> Result<Option<Credential>, MailboxError> {
        let now = self.clock.real();
        let (credential, until) = match self.stored(name).await? {
            // There is nothing newer than a password.
            Stored::Password { password } => (Credential::Password(password.into()), now + CACHE),
            Stored::OAuth { access: Some(access), .. } if access.is_good(now, dead) => {
                (Credential::Token(access.token.into()), (access.expires_at - MARGIN).min(now + CACHE))
            }
            Stored::OAuth { .. } => return Ok(None),
        };
        let cached = Cached { credential: credential.clone(), until };
        self.cache.lock().await.insert(name.to_owned(), cached);
        Ok(Some(credential))
    }

    /// Under the lease: whoever had it before may have renewed the token between our look and our taking it.
    async fn renew_unless_done(
        &self,
        name: &str,
        account: &MailAccount,
        dead: Option<&Credential>,
    ) -> Result<Credential, MailboxError> {
        if let Some(good) = self.good(name, dead).await? {
            return Ok(good);
        }
        let Stored::OAuth { mut client, .. } = self.stored(name).await? else {
            return Err(MailboxError::Unavailable("the secret changed while it was read".to_owned()));
        };
        let token = self.tokens.refresh(account.provider, &client).await?;
        if let Some(newer) = token.refresh_token {
            client.refresh_token = newer;
        }
        let access = Access {
            token: token.access_token.expose_secret().to_owned(),
            expires_at: self.clock.real() + SignedDuration::from_secs(token.expires_secs.clamp(0, 86_400)),
        };
        self.put(name, &Stored::OAuth { client, access: Some(access) }).await?;
        self.cache.lock().await.remove(name);
        Ok(Credential::Token(token.access_token))
    }

    async fn stored(&self, name: &str) -> Result<Stored, MailboxError> {
        let secret = self.secrets.get(name).await.map_err(unavailable)?;
        let secret = secret.ok_or_else(|| MailboxError::Denied("no secret is stored; set the mailbox again".into()))?;
        // The parser's own message could quote the secret.
        serde_json::from_str(secret.expose_secret())
            .map_err(|_| MailboxError::Denied("the stored secret cannot be read; set the mailbox again".into()))
    }

    async fn put(&self, name: &str, stored: &Stored) -> Result<(), MailboxError> {
        let text = serde_json::to_string(stored).map_err(unavailable)?;
        self.secrets.put(name, &text.into()).await.map_err(unavailable)
    }
}

impl Access {
    fn is_good(&self, now: Timestamp, dead: Option<&Credential>) -> bool {
        let is_dead = matches!(dead, Some(Credential::Token(dead)) if dead.expose_secret() == self.token);
        self.expires_at > now + MARGIN && !is_dead
    }
}

fn unavailable(error: impl std::fmt::Display) -> MailboxError {
    MailboxError::Unavailable(error.to_string())
}
