//! Rows of the API's tokens: each under a hash of its secret, which only its owner has. They end with the org's sessions.

use domain::{OrgId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Result, Store, keys, row_any};
use crate::console::Scope;
use crate::ports::{Expect, Write};

/// A token of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    /// Names it to people; the beginning of the hash of its secret.
    pub id: String,
    /// What it is for, as whoever made it wrote.
    pub name: String,
    /// What it opens.
    pub scopes: Vec<Scope>,
    /// Who made it.
    pub user: UserId,
    /// Their name.
    pub by: String,
    /// When, real time.
    pub made_at: Timestamp,
}

impl Store {
    /// The org's tokens.
    pub async fn api_tokens(&self, org: &OrgId) -> Result<Vec<ApiToken>> {
        let all = self.read_all(&keys::session_partition(org), keys::TOKENS).await?;
        Ok(all.into_iter().map(|stored| stored.value).collect())
    }

    /// The token with this hash.
    pub(crate) async fn api_token(&self, org: &OrgId, hash: &str) -> Result<Option<ApiToken>> {
        Ok(self.read(&keys::api_token(org, hash)).await?.map(|stored| stored.value))
    }

    /// Writes one.
    pub(crate) async fn put_api_token(&self, org: &OrgId, hash: &str, token: &ApiToken) -> Result<()> {
        let row = row_any(keys::api_token(org, hash), token)?;
        self.table.commit(&[Write::Put { row, expect: Expect::Absent }]).await
    }

    /// Revokes the token of this id; `false` if there is none.
    pub async fn revoke_api_token(&self, org: &OrgId, id: &str) -> Result<bool> {
        let page = self.table.query(&keys::session_partition(org), keys::TOKENS, None, 1000).await?;
        let hash = |sort: &str| sort.trim_start_matches(keys::TOKENS).to_owned();
        let Some(row) = page.rows.into_iter().find(|row| !id.is_empty() && hash(&row.key.sort).starts_with(id)) else {
            return Ok(false);
        };
        self.table.commit(&[Write::Delete { key: row.key, expect: Expect::Any }]).await?;
        Ok(true)
    }
}
