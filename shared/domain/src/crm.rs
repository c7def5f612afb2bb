//! The CRM's nouns, and the changes the product wants made there.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::address::EmailAddress;
use crate::id::{RecordId, UserId};
use crate::mail::LoggedMail;

/// The modules whose records can be assigned to an assistant, by Zoho's API names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Module {
    /// People not yet qualified.
    Leads,
    /// People.
    Contacts,
    /// Opportunities; nurtured through their contact's address.
    Deals,
}

impl Module {
    /// All of them, in the order in which they are provisioned and reconciled.
    pub const ALL: [Self; 3] = [Self::Leads, Self::Contacts, Self::Deals];

    /// Zoho's API name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leads => "Leads",
            Self::Contacts => "Contacts",
            Self::Deals => "Deals",
        }
    }
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One record in the CRM.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordRef {
    /// Its module.
    pub module: Module,
    /// Its id in that module.
    pub id: RecordId,
}

impl fmt::Display for RecordRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.module, self.id)
    }
}

/// A user of the CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrmUser {
    /// Zoho's id.
    pub id: UserId,
    /// Full name, as Zoho shows it.
    pub name: String,
    /// Sign-in address; `None` where Zoho shows none or one that no mail could reach.
    pub email: Option<EmailAddress>,
    /// Active and confirmed: may own records.
    pub active: bool,
    /// Their profile, which says what they may do in the CRM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Their manager, where the CRM names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports_to: Option<UserId>,
}

/// A profile of the CRM: what its users may do there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Profile {
    /// Zoho's id, which stays when it is renamed.
    pub id: String,
    /// As an administrator named it.
    pub name: String,
}

/// What the record's `…_Lead_Connection_Status` shows. It only ever rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ConnectionStatus {
    /// Follow-up in progress.
    Cold,
    /// Interested: opened often, clicked, asked for something or asked to wait.
    Warm,
    /// Wants to talk.
    Hot,
}

impl ConnectionStatus {
    /// The picklist value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cold => "Cold",
            Self::Warm => "Warm",
            Self::Hot => "Hot",
        }
    }
}

/// A note on a record, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// At most 120 characters.
    pub title: String,
    /// Plain text.
    pub content: String,
}

/// A task in the CRM, for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub description: String,
    /// When it is due.
    pub due: Date,
    /// Who is to do it. `None`: whoever the CRM chooses.
    pub owner: Option<UserId>,
    /// Should the CRM send the owner a mail about it?
    pub by_mail: bool,
    /// A reminder: not made if a person changed the record after this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless_touched_since: Option<Timestamp>,
}

/// A change that must reach the CRM. Kept in the outbox until it has, in order per record, the owner last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum CrmChange {
    /// Add a note.
    Note(Note),
    /// Log a mail that was sent or received; its Message-ID makes it unique.
    LogMail(Box<LoggedMail>),
    /// Show this status on the record.
    SetStatus {
        /// The status to show.
        status: ConnectionStatus,
    },
    /// Add a task.
    Task(Box<Task>),
    /// Make the assistant the owner again, after a restart.
    TakeBack {
        /// The assistant's user.
        to: UserId,
    },
    /// Give the record to `to`, but only while `from` still owns it.
    HandBack {
        /// The assistant's user.
        from: UserId,
        /// Who gets it.
        to: UserId,
    },
}
