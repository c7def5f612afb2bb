//! Tokens by which programs use the console's API.
//!
//! **Invariants:** a token's text is shown once and stored nowhere; it is good for what its scopes say, in its org, until it
//! is revoked or the org disconnects.

use std::sync::Arc;

use domain::{Purpose, SigningKey};
use serde::{Deserialize, Serialize};

use super::{Access, Sees, Viewer, seal, unseal};
use crate::error::AppError;
use crate::ports::Clock;
use crate::secret;
use crate::store::{ApiToken, Store, keys};

/// What a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Reading everything but settings.
    Read,
    /// Acting on leads.
    Act,
    /// Reading settings and failures, and changing them.
    Manage,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Act, Self::Manage];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Act => "act",
            Self::Manage => "manage",
        }
    }
}

/// Letters of a token's id.
const ID: usize = 10;

/// Makes and recognises tokens.
#[derive(Clone)]
pub struct ApiTokens {
    /// Rows.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Signs tokens.
    pub key: SigningKey,
}

impl ApiTokens {
    /// Makes a token; returns its text, which is nowhere else.
    pub async fn make(&self, viewer: &Viewer, name: &str, scopes: Vec<Scope>) -> Result<String, AppError> {
        let secret = secret::draw::<32>()?;
        let hash = keys::hash(&secret);
        let token = ApiToken {
            id: hash[..ID].to_owned(),
            name: name.to_owned(),
            scopes,
            user: viewer.user.clone(),
            by: viewer.name.clone(),
            made_at: self.clock.real(),
        };
        self.store.put_api_token(&viewer.org, &hash, &token).await?;
        tracing::info!(org = %viewer.org, token.id = token.id, user.id = %viewer.user, "a token of the API was made");
        Ok(seal(&self.key, Purpose::ApiToken, &viewer.org, &secret))
    }

    /// Whose token this is, and what it opens; `None` if nobody's, or not any more.
    pub async fn open(&self, token: &str) -> Result<Option<(Viewer, Vec<Scope>)>, AppError> {
        let Some((org, secret)) = unseal(&self.key, Purpose::ApiToken, token) else { return Ok(None) };
        let Some(token) = self.store.api_token(&org, &keys::hash(secret)).await? else { return Ok(None) };
        if self.store.connection(&org).await?.is_none() {
            return Ok(None);
        }
        let has = |scope| token.scopes.contains(&scope);
        let access = Access { sees: Sees::All, acts: has(Scope::Act), manages: has(Scope::Manage) };
        let viewer = Viewer { org, user: token.user, name: token.name, administrator: false, access };
        Ok(Some((viewer, token.scopes)))
    }
}
