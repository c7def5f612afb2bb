//! A model that writes and reads, where not answering is an answer.

use async_trait::async_trait;
use domain::{Breach, Brief, Intent, NewText};

/// Why a model gave no text. None of them holds a key or a text of a mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// It was not reached, was too slow, or is overloaded: it may work later.
    #[error("not available: {0}")]
    Unavailable(String),
    /// It will not do it: wrong key, unknown model, or it declines this request. A person should look.
    #[error("refused: {0}")]
    Refused(String),
    /// It answered, with nothing that makes sense.
    #[error("no sensible answer: {0}")]
    Nonsense(String),
}

/// Proposes texts and intents; what is done with them is the caller's decision.
#[async_trait]
pub trait Composer: Send + Sync {
    /// The body of a mail: plain text without subject, closing, signature or quotation. `objections` are what was wrong
    /// with the draft before; none at the first try. The result is not to be trusted: [`domain::Guard`] judges it.
    async fn draft(&self, brief: &Brief, objections: &[Breach]) -> Result<String, ComposeError>;

    /// What a person wants by what they wrote. `None`: no opinion, which is also what an answer outside of the list means.
    async fn intent(&self, text: &NewText) -> Result<Option<Intent>, ComposeError>;
}
