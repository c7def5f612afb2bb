//! What people do to a lead.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::mail::Mailbox;

/// Something that a person does to a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Sends a mail in the assistant's name.
    Message {
        /// Subject line; only a lead without a thread needs one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        /// What to write.
        text: String,
    },
    /// Makes the owner known to the lead, with the owner in copy.
    Introduce {
        /// Who is introduced. `None`: whoever gets the record back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<Mailbox>,
        /// What to write instead of the usual words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// Writes a note on the record.
    Note {
        /// The note.
        text: String,
    },
    /// Stops the follow-up and gives the record back.
    Deactivate,
    /// Says that the lead is ready to talk.
    MarkHot,
    /// Takes the address off, for ever.
    Unsubscribe,
    /// Changes what the follow-up is about, or which schedule it follows.
    Edit {
        /// The new context.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<String>,
        /// The new schedule.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schedule: Option<String>,
    },
    /// Begins the schedule again from its first mail.
    Restart,
    /// Goes on with the schedule where it stopped.
    Continue,
    /// Makes a task in the CRM for whoever gets the record.
    Remind {
        /// When it is due.
        on: Date,
        /// What about.
        text: String,
    },
    /// Says that the owner has taken care of a hot lead: no more reminders.
    Handled,
}

impl Action {
    /// In words, as the beginning of a sentence.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Message { .. } => "a message",
            Self::Introduce { .. } => "an introduction",
            Self::Note { .. } => "a note",
            Self::Deactivate => "stopping the follow-up",
            Self::MarkHot => "marking it hot",
            Self::Unsubscribe => "an unsubscription",
            Self::Edit { .. } => "an edit",
            Self::Restart => "a restart",
            Self::Continue => "continuing the follow-up",
            Self::Remind { .. } => "a reminder",
            Self::Handled => "an end of the reminders",
        }
    }
}

/// An action with who wants it and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// What.
    pub action: Action,
    /// Who, for the story: a name, or an account.
    pub by: String,
    /// Why; may be empty.
    #[serde(default)]
    pub why: String,
}
