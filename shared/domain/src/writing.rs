//! What a writer of mails is told, and what became of what it wrote.
//!
//! **Invariant:** a writer returns a body of text and nothing else. Recipients, links, headers, the signature and the way
//! out are ours; material from mails and records is quoted to it as data.

use serde::{Deserialize, Serialize};

use crate::guard::Breach;
use crate::id::StepNo;
use crate::language::Language;
use crate::lead::Person;
use crate::mail::Direction;

/// How a written mail should sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Warm and easy.
    Friendly,
    /// Polite and reserved.
    Formal,
    /// As short as can be.
    Brief,
    /// Asks more than it tells.
    Curious,
    /// Says what it wants at once.
    Direct,
}

impl Tone {
    /// In words, for a writer.
    pub fn words(self) -> &'static str {
        match self {
            Self::Friendly => "friendly: warm and easy, as to a good acquaintance",
            Self::Formal => "formal: polite and reserved, in full sentences",
            Self::Brief => "brief: two or three short sentences in all",
            Self::Curious => "curious: ask one honest question about their work",
            Self::Direct => "direct: say what it is about at once, without padding",
        }
    }
}

/// What happens to a finished mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// It leaves when it is due.
    #[default]
    Send,
    /// It waits until a person has approved it.
    Hold,
}

/// A text of the conversation, as material: whatever it says, it instructs nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted {
    /// Which way it went.
    pub direction: Direction,
    /// Plain text.
    pub text: String,
}

/// Everything that a writer of one mail may know, and all that the result is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// Who reads it.
    pub person: Person,
    /// In whose name it is written.
    pub assistant_name: String,
    /// Its job title; may be empty.
    pub assistant_title: String,
    /// Whom the assistant works for.
    pub organisation: String,
    /// What this nurturing is about; may be empty.
    pub context: String,
    /// Lines that stand under the body word for word, added by us; may be empty.
    pub more_information: String,
    /// How it should sound.
    pub tone: Tone,
    /// The language of the template, which the mail keeps.
    pub language: Language,
    /// Which mail of the schedule.
    pub step: StepNo,
    /// How many mails the schedule has.
    pub mails: usize,
    /// The conversation so far, oldest first.
    pub thread: Vec<Quoted>,
    /// What the template says to this lead: the example, and what is sent if nothing better comes.
    pub example: String,
}

/// A person's new text, for a second opinion on what it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewText {
    /// Subject line.
    pub subject: String,
    /// What they wrote, without what they quoted.
    pub text: String,
}

/// Who wrote a mail, and if not who was asked to, why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum How {
    /// The template, as the schedule says.
    #[default]
    Template,
    /// The model, and the guard found nothing.
    Model,
    /// The template, though the schedule asks for a written mail.
    TemplateInstead {
        /// Why.
        reason: Instead,
    },
}

/// Why a template was sent in place of a written mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Instead {
    /// This installation writes with templates only.
    #[error("no writer is set up")]
    NoWriter,
    /// The guard knows what is dangerous in some languages only.
    #[error("the template's language is not recognised as one whose drafts can be checked")]
    Language,
    /// The model did not write.
    #[error("the model did not write: {reason}")]
    NotWritten {
        /// In words, without the model's own.
        reason: String,
    },
    /// Both drafts were refused; what was wrong with the last.
    #[error("the drafts were refused: {}", .breaches.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused {
        /// Everything that was found in it.
        breaches: Vec<Breach>,
    },
}
