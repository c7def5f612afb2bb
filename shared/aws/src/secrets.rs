//! Secrets in Secrets Manager.

use app::ports::{Secrets, SecretsError};
use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
use aws_sdk_secretsmanager::operation::delete_secret::DeleteSecretError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;
use secrecy::{ExposeSecret, SecretString};

use crate::told::told;

/// The secrets of one account and region. Repeating a request is harmless here, so the client's retries stay on.
#[derive(Debug, Clone)]
pub struct SecretsManager {
    client: Client,
}

impl SecretsManager {
    /// Asks through `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Gives an existing secret a new value.
    async fn replace(&self, name: &str, value: &SecretString) -> Result<(), SdkError<PutSecretValueError>> {
        self.client.put_secret_value().secret_id(name).secret_string(value.expose_secret()).send().await.map(drop)
    }
}

#[async_trait]
impl Secrets for SecretsManager {
    async fn get(&self, name: &str) -> Result<Option<SecretString>, SecretsError> {
        match self.client.get_secret_value().secret_id(name).send().await {
            Ok(answer) => match answer.secret_string {
                Some(value) => Ok(Some(value.into())),
                None => Err(SecretsError(format!("{name} is not a text"))),
            },
            Err(error) => match error.as_service_error() {
                Some(GetSecretValueError::ResourceNotFoundException(_)) => Ok(None),
                _ => Err(failed(&error)),
            },
        }
    }

    async fn put(&self, name: &str, value: &SecretString) -> Result<(), SecretsError> {
        let Err(error) = self.replace(name, value).await else { return Ok(()) };
        let Some(PutSecretValueError::ResourceNotFoundException(_)) = error.as_service_error() else {
            return Err(failed(&error));
        };
        let Err(error) = self.client.create_secret().name(name).secret_string(value.expose_secret()).send().await
        else {
            return Ok(());
        };
        match error.as_service_error() {
            // Somebody else created it in between; the newest value wins, and that is ours.
            Some(CreateSecretError::ResourceExistsException(_)) => {
                self.replace(name, value).await.map_err(|error| failed(&error))
            }
            _ => Err(failed(&error)),
        }
    }

    async fn delete(&self, name: &str) -> Result<(), SecretsError> {
        match self.client.delete_secret().secret_id(name).force_delete_without_recovery(true).send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteSecretError::ResourceNotFoundException(_)) => Ok(()),
                _ => Err(failed(&error)),
            },
        }
    }
}

fn failed<E: std::error::Error + ProvideErrorMetadata + 'static>(error: &SdkError<E>) -> SecretsError {
    SecretsError(told(error))
}

#[cfg(test)]
mod tests {
    use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Region};

    use super::*;
    use crate::canned::Canned;

    #[tokio::test]
    async fn an_answer_that_cannot_be_read_is_not_quoted() {
        let canned = Canned::new(|| Ok((200, "", r#"{"SecretString":"hidden","CreatedDate":"hidden"}"#)));
        let config = Config::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("eu-west-1"));
        let secrets = SecretsManager::new(Client::from_conf(config.allow_no_auth().http_client(canned).build()));
        let error = secrets.get("oauth").await.unwrap_err().to_string();
        assert!(error.contains("cannot be read, with status 200") && !error.contains("hidden"), "{error}");
    }
}
