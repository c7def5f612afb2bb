//! Reads mails that arrived in the bucket.

use app::AppError;
use app::receive::Receive;
use aws::{FetchError, S3Mails};
use aws_lambda_events::event::s3::S3Event;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use edge::clients::{Clients, StartError};
use edge::queue::{MessageError, each, json_body};
use serde::Deserialize;

/// The function.
pub struct InboundEmail {
    /// The use case.
    pub receive: Receive,
    /// The bucket's mails.
    pub mails: S3Mails,
}

/// What a bucket says to its queue: that objects were created, or hello, once, when it is told about the queue.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    Created(S3Event),
    Greeting {
        #[serde(rename = "Event")]
        event: String,
    },
}

impl InboundEmail {
    /// With what the environment names.
    pub async fn from_clients(clients: &Clients) -> Result<Self, StartError> {
        Ok(Self { receive: clients.receive(&clients.app_secret().await?)?, mails: clients.mails() })
    }

    /// Works off a batch of messages, each telling of new objects.
    pub async fn handle(&self, batch: SqsEvent) -> SqsBatchResponse {
        each(batch, json_body, |told| self.work(told)).await
    }

    async fn work(&self, told: Told) -> Result<(), MessageError> {
        let created = match told {
            Told::Created(created) => created,
            Told::Greeting { event } if event == "s3:TestEvent" => return Ok(()),
            Told::Greeting { event } => return Err(MessageError::Poison(format!("{event:?} is not for this queue"))),
        };
        for record in created.records {
            let (bucket, object) = (record.s3.bucket.name, record.s3.object);
            let key = object.url_decoded_key.or(object.key);
            let (Some(bucket), Some(key)) = (bucket, key) else {
                return Err(MessageError::Poison("it names no object".to_owned()));
            };
            self.read(&bucket, &key).await?;
        }
        Ok(())
    }

    async fn read(&self, bucket: &str, key: &str) -> Result<(), MessageError> {
        match self.mails.fetch(bucket, key).await {
            Ok(raw) => {
                self.receive.receive_alone(&mail::parse(&raw, None)).await?;
                Ok(())
            }
            // Taken away by the bucket's own life cycle: there is nothing to read.
            Err(error @ (FetchError::Absent | FetchError::TooLarge)) => Err(MessageError::Poison(error.to_string())),
            Err(error @ FetchError::Unavailable(_)) => {
                Err(AppError::Table(app::ports::TableError::Unavailable(error.to_string())).into())
            }
        }
    }
}
