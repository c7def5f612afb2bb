//! What both vendors have in common: a question goes out, a text comes back or does not.

use std::time::Duration;

use app::ports::ComposeError;
use async_trait::async_trait;

/// A question to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// What it is to do.
    pub system: String,
    /// On what.
    pub user: String,
}

/// How long a model may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// To be connected to.
    pub connect: Duration,
    /// For one try, from the first byte sent to the last one read.
    pub one_try: Duration,
    /// A second try begins no later than this after the first began, the pause that the model asks for included.
    pub retry_within: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            one_try: Duration::from_secs(20),
            retry_within: Duration::from_secs(10),
        }
    }
}

/// The longest answer that is looked at, in bytes: many times a mail, and too little to harm.
pub(crate) const MOST_BYTES: usize = 64 * 1024;

/// Asks a model.
#[async_trait]
pub trait Chat: Send + Sync {
    /// The model's answer, at most [`MOST_BYTES`] long.
    #[doc(hidden)]
    async fn ask(&self, system: String, user: String) -> Result<String, ComposeError>;
}

/// An answer that is neither nothing nor endless.
pub(crate) fn sensible(text: String) -> Result<String, ComposeError> {
    if text.trim().is_empty() {
        Err(ComposeError::Nonsense("the answer is empty".to_owned()))
    } else if text.len() > MOST_BYTES {
        Err(too_long())
    } else {
        Ok(text)
    }
}

pub(crate) fn too_long() -> ComposeError {
    ComposeError::Nonsense(format!("the answer is longer than {MOST_BYTES} bytes"))
}
