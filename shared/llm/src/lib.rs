//! Drafts and intents from a model: Amazon Bedrock, or any endpoint that speaks OpenAI's chat completions.
//!
//! **Invariant:** what mails and records say reaches the model as data in one JSON object, which no text in it can leave;
//! an error names a status or a cause, never a key or a text.
//! **Absent:** trust. Whoever asked judges what came back.

mod bedrock;
mod chat;
mod composer;
mod openai;
mod prompt;
#[cfg(test)]
mod tests;

pub use bedrock::Bedrock;
pub use chat::Patience;
pub use composer::Prompted;
pub use openai::{InvalidEndpoint, OpenAi};
