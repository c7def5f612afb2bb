//! What a failed request means, and which requests are made again.

use std::time::Duration;

use app::ports::TableError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::told::told;

/// How often a request is made in all.
const TRIES: u32 = 5;
/// The longest first pause; each later one may be twice as long. In all at most 0.3 s, 0.15 s on average.
const PAUSE: Duration = Duration::from_millis(20);

/// DynamoDB's codes for "not now": the request was not carried out. Read in its developer guide, "Error handling with
/// DynamoDB", 2026-11-21.
const BUSY: [&str; 7] = [
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Why a request brought nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The write at this position found another state than it expected; nothing was written.
    Unexpected(usize),
    /// Nothing happened, and later it may.
    Busy(String),
    /// It may have happened.
    Lost(String),
    /// Nothing happened, and it never will.
    Refused(String),
}

impl Trouble {
    /// What an error of any operation means.
    pub(super) fn of<E>(error: &SdkError<E>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let text = told(error);
        match error {
            SdkError::ServiceError(answer) => match error.code() {
                Some("ConditionalCheckFailedException") => Self::Unexpected(0),
                Some(code) if BUSY.contains(&code) => Self::Busy(text),
                _ if answer.raw().status().is_client_error() => Self::Refused(text),
                _ => Self::Lost(text),
            },
            SdkError::ConstructionFailure(_) => Self::Refused(text),
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) | _ => {
                Self::Lost(text)
            }
        }
    }
}

/// Makes a request until it passes, fails for good, or was tried often enough. After a lost answer it is made again only
/// if it is `repeatable`.
pub(super) async fn patiently<T, F>(repeatable: bool, request: impl Fn() -> F) -> Result<T, TableError>
where
    F: Future<Output = Result<T, Trouble>>,
{
    let mut tried = 1;
    loop {
        let text = match request().await {
            Ok(answer) => return Ok(answer),
            Err(Trouble::Unexpected(position)) => return Err(TableError::Unexpected(position)),
            Err(Trouble::Busy(text)) => text,
            Err(Trouble::Lost(text)) if repeatable => text,
            Err(Trouble::Lost(text) | Trouble::Refused(text)) => return Err(TableError::Unavailable(text)),
        };
        if tried == TRIES {
            return Err(TableError::Unavailable(format!("{text} ({TRIES} tries)")));
        }
        tokio::time::sleep(jittered(PAUSE * 2_u32.pow(tried - 1))).await;
        tried += 1;
    }
}

/// Anything up to `most`: those who met once do not meet again.
fn jittered(most: Duration) -> Duration {
    // Without randomness everybody waits the longest, which is still a pause.
    let part = getrandom::u32().map_or(1.0, |draw| f64::from(draw) / f64::from(u32::MAX));
    most.mul_f64(part)
}
