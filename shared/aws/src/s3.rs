//! Raw mails, as SES left them in S3.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;

use crate::told::{chain, told};

/// The largest mail that is read. SES takes 40 MB; what a person writes to a salesperson is far below this.
const LARGEST: usize = 30 * 1024 * 1024;

/// Why there is no mail.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is no such object (any more).
    #[error("the mail is not in the bucket")]
    Absent,
    /// Larger than this product reads; it stays in the bucket.
    #[error("the mail is larger than {} MB", LARGEST / 1024 / 1024)]
    TooLarge,
    /// No answer: try again later.
    #[error("the bucket did not answer: {0}")]
    Unavailable(String),
}

/// Reads mails from S3.
#[derive(Debug, Clone)]
pub struct S3Mails {
    client: Client,
}

impl S3Mails {
    /// Asks through `client`.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The bytes of one mail, at most 30 MB of them.
    pub async fn fetch(&self, bucket: &str, key: &str) -> Result<Vec<u8>, FetchError> {
        let object = self.client.get_object().bucket(bucket).key(key).send().await.map_err(|e| refused(&e))?;
        let announced = object.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if announced > LARGEST {
            return Err(FetchError::TooLarge);
        }
        let mut mail = Vec::with_capacity(announced);
        let mut body = object.body;
        while let Some(bytes) = body.try_next().await.map_err(|e| FetchError::Unavailable(chain(&e)))? {
            if mail.len() + bytes.len() > LARGEST {
                return Err(FetchError::TooLarge);
            }
            mail.extend_from_slice(&bytes);
        }
        Ok(mail)
    }
}

fn refused(error: &SdkError<GetObjectError>) -> FetchError {
    match error.as_service_error() {
        Some(GetObjectError::NoSuchKey(_)) => FetchError::Absent,
        _ => FetchError::Unavailable(told(error)),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};

    use super::*;
    use crate::canned::{Canned, Said};

    async fn fetch(answer: fn() -> Said) -> Result<Vec<u8>, FetchError> {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(Canned::new(answer));
        S3Mails::new(Client::from_conf(config.build())).fetch("mails", "inbound/1").await
    }

    #[tokio::test]
    async fn a_mail_is_there_or_not() {
        assert_eq!(fetch(|| Ok((200, "", "Subject: Hello\r\n\r\n"))).await.unwrap(), b"Subject: Hello\r\n\r\n");
        let absent = fetch(|| Ok((404, "", "<Error><Code>NoSuchKey</Code></Error>"))).await;
        assert!(matches!(absent, Err(FetchError::Absent)), "{absent:?}");
        let denied = fetch(|| Ok((403, "", "<Error><Code>AccessDenied</Code></Error>"))).await;
        assert!(matches!(denied, Err(FetchError::Unavailable(_))), "{denied:?}");
    }

    #[tokio::test]
    async fn a_mail_of_any_size_takes_no_more_memory_than_allowed() {
        static ENDLESS: [u8; LARGEST + 1] = [b'x'; LARGEST + 1];
        let large = fetch(|| Ok((200, "", std::str::from_utf8(&ENDLESS).unwrap_or_default()))).await;
        assert!(matches!(large, Err(FetchError::TooLarge)), "{:?}", large.map(|mail| mail.len()));
    }
}
