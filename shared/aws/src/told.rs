//! What an SDK error says, in one line.
//!
//! The SDK's own `DisplayErrorContext` ends with the error's `Debug`, and that holds the response body: a row with a
//! lead's address, or a secret. Even the message of a parser quotes what it stumbled over. Neither gets out here.

use std::error::Error;
use std::fmt::Write;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// What the service said; or what is wrong with its answer, without quoting that; or why there is none.
pub(crate) fn told<E: Error + ProvideErrorMetadata + 'static>(error: &SdkError<E>) -> String {
    match (error.code(), error.raw_response()) {
        (Some(code), _) => format!("{code}: {}", error.message().unwrap_or("without a message")),
        (None, Some(answer)) => format!("an answer that cannot be read, with status {}", answer.status()),
        (None, None) => chain(error),
    }
}

/// An error and its causes.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Infallible: the target is a string.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
