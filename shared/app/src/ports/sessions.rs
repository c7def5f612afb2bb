//! What the CRM adapter needs to speak for an org: where to call, with which token, and how our fields are named there.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{Module, OrgId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use super::CrmError;

/// The API names of this product's fields in one module, as the CRM chose them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldNames {
    /// Of the context field.
    pub context: String,
    /// Of the schedule picklist.
    pub schedule: String,
    /// Of the status picklist.
    pub status: String,
}

/// An org's open line to its CRM.
#[derive(Debug, Clone)]
pub struct Session {
    /// Such as `https://www.zohoapis.eu`; from the allow-list.
    pub api_domain: Url,
    /// Goes into the `Authorization` header, nowhere else.
    pub access_token: SecretString,
    /// Our fields by module; empty until they are provisioned.
    pub fields: BTreeMap<Module, FieldNames>,
}

/// Gives sessions; one refresh per expiry over all functions together.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// A session whose token should be good for another minute at least.
    async fn session(&self, org: &OrgId) -> Result<Session, CrmError>;

    /// A session after the CRM called `dead`'s token invalid: another function's newer token, or a refreshed one.
    async fn renewed(&self, org: &OrgId, dead: &Session) -> Result<Session, CrmError>;
}
