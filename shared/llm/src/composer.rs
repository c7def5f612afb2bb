//! The port over any chat: prompts in, a draft or a word of a closed list out.

use app::ports::{ComposeError, Composer};
use async_trait::async_trait;
use domain::{Breach, Brief, Intent, NewText};

use crate::chat::Chat;
use crate::prompt;

/// A composer that asks a model with this crate's prompts.
#[derive(Debug, Clone)]
pub struct Prompted<C> {
    chat: C,
}

impl<C> Prompted<C> {
    /// Asks `chat`.
    pub fn new(chat: C) -> Self {
        Self { chat }
    }
}

#[async_trait]
impl<C: Chat> Composer for Prompted<C> {
    async fn draft(&self, brief: &Brief, objections: &[Breach]) -> Result<String, ComposeError> {
        let question = prompt::draft(brief, objections)?;
        let answer = self.chat.ask(question.system, question.user).await?;
        Ok(answer.replace("\r\n", "\n").trim().to_owned())
    }

    async fn intent(&self, text: &NewText) -> Result<Option<Intent>, ComposeError> {
        let question = prompt::intent(text)?;
        let answer = self.chat.ask(question.system, question.user).await?;
        let word = answer.trim().trim_matches(|character: char| !character.is_alphanumeric());
        Ok(prompt::INTENTS.into_iter().find(|intent| format!("{intent:?}") == word))
    }
}
