//! Secrets: tokens live here and nowhere else.

use async_trait::async_trait;
use secrecy::SecretString;

/// The secret store did not do it.
#[derive(Debug, thiserror::Error)]
#[error("the secret store did not answer: {0}")]
pub struct SecretsError(pub String);

/// Named secrets, each a text.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The secret's newest value; `None` if there is no such secret. Always asks the store: caching is the caller's.
    async fn get(&self, name: &str) -> Result<Option<SecretString>, SecretsError>;

    /// Creates or replaces it. Once this returns, every function reads the new value.
    async fn put(&self, name: &str, value: &SecretString) -> Result<(), SecretsError>;

    /// Removes it; removing what is not there is fine.
    async fn delete(&self, name: &str) -> Result<(), SecretsError>;
}
