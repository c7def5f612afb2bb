//! Messages from queues: each on its own, and only those that failed come again.

use app::AppError;
use app::ports::Event;
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Why a message was not worked off.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// It is not what this queue carries. Trying again cannot help; the dead-letter queue shows it to a person.
    #[error("the message cannot be read: {0}")]
    Poison(String),
    /// The work failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// What starts a function that has both: a queue's batch, or a schedule, whose payload says nothing.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Trigger {
    /// Messages.
    Queue(SqsEvent),
    /// The schedule.
    Schedule(serde_json::Value),
}

/// Hands each message of a batch to `work`. Failures are logged once, here, and reported, so that the queue brings only
/// those again and moves what keeps failing to its dead-letter queue.
pub async fn each<T, F>(
    batch: SqsEvent,
    read: fn(&SqsMessage) -> Result<T, MessageError>,
    work: impl Fn(T) -> F,
) -> SqsBatchResponse
where
    F: Future<Output = Result<(), MessageError>>,
{
    let mut response = SqsBatchResponse::default();
    for message in batch.records {
        let result = match read(&message) {
            Ok(read) => work(read).await,
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            let id = message.message_id.unwrap_or_default();
            let retryable = matches!(&error, MessageError::App(error) if error.is_retryable());
            tracing::error!(message.id = id, retryable, %error, "a message failed");
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        }
    }
    response
}

/// The JSON body of a message.
pub fn json_body<T: DeserializeOwned>(message: &SqsMessage) -> Result<T, MessageError> {
    let body = message.body.as_deref().unwrap_or_default();
    serde_json::from_str(body).map_err(|error| MessageError::Poison(error.to_string()))
}

/// An event of our own bus, as EventBridge wraps it into a queue's message.
pub fn event(message: &SqsMessage) -> Result<Event, MessageError> {
    json_body(message)
}
