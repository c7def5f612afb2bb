//! What the rows hold, besides the domain's own types.

use std::collections::BTreeMap;

use domain::{CrmChange, CrmUser, DeliveryId, How, LeadId, MailAccount, Module, OrgId, OutgoingMail, RecordId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::ports::{FieldNames, Folder, Place};

/// How an org is connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The tenant.
    pub org: OrgId,
    /// The organisation's name, for people and for mails.
    pub name: String,
    /// Does the authorisation work?
    pub health: Health,
    /// Who authorised.
    pub connected_by: UserId,
    /// Who gets a record whose earlier owner cannot be found: at first, who authorised.
    pub fallback_owner: UserId,
    /// Who stands in for whom, when a record is given back to somebody who is away or has left.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub backups: BTreeMap<UserId, UserId>,
    /// What was asked for and not permitted; such parts do not work until somebody connects again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes_missing: Vec<String>,
    /// Where this installation is reached, as the administrator's browser reached it.
    pub public_url: Url,
    /// Our fields, as far as they are there.
    pub fields: BTreeMap<Module, FieldNames>,
    /// The values last given to the schedule picklists.
    pub schedule_values: Vec<String>,
    /// When the notification channel ends. `None` before it was opened.
    pub channel_expires: Option<Timestamp>,
    /// Up to when the CRM's changes are known, by module, on the CRM's clock. None: everything is to be looked at.
    pub known_until: BTreeMap<Module, Timestamp>,
    /// When everything the assistants own was last looked at, real time.
    pub looked_at_all: Option<Timestamp>,
    /// When upkeep is due, real time.
    pub next_upkeep: Timestamp,
}

/// Does an org's authorisation work?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "health", rename_all = "snake_case")]
pub enum Health {
    /// As far as is known.
    Connected,
    /// A person must connect again.
    Broken {
        /// In words.
        reason: String,
    },
}

/// The org's users, as last read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownUsers {
    /// All of them.
    pub users: Vec<CrmUser>,
    /// When, real time.
    pub read_at: Timestamp,
}

/// A notification that was recorded before it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The module.
    pub module: Module,
    /// The records it names.
    pub ids: Vec<RecordId>,
    /// Were they looked at?
    pub done: bool,
    /// How often that failed.
    pub tries: u32,
    /// When it came, real time.
    pub received_at: Timestamp,
}

/// A change on its way to the CRM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// The record.
    pub lead: LeadId,
    /// What to change there.
    pub change: CrmChange,
    /// How often it failed.
    pub tries: u32,
    /// Not before this instant, real time.
    pub not_before: Timestamp,
    /// A call that cannot be repeated blindly was begun: look before doing it again.
    pub begun: bool,
    /// Why it failed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// A mail with a name, from before it left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Everything that is sent.
    pub mail: OutgoingMail,
    /// How often sending began.
    pub attempts: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// Who wrote it.
    #[serde(default)]
    pub how: How,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Written; a person has to approve it.
    AwaitsApproval,
    /// A person approved it; it leaves as it is when its time has come.
    Approved,
    /// Claimed; it may be leaving.
    Claimed,
    /// It left.
    Sent {
        /// Under this id.
        message_id: String,
    },
    /// It did not leave; the same delivery is tried again.
    NotSent {
        /// In words.
        reason: String,
    },
    /// It will never leave.
    Refused {
        /// In words.
        reason: String,
    },
    /// Nobody can tell.
    Unknown,
}

/// An assistant's own mailbox, and how far it is read. The secret that opens it is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnMailbox {
    /// Where and how.
    pub account: MailAccount,
    /// When it was set, real time.
    pub set_at: Timestamp,
    /// Up to where each folder was taken in.
    pub places: BTreeMap<Folder, Place>,
    /// When all of it was last taken in, real time.
    pub read_at: Option<Timestamp>,
    /// When it is to be read next, real time.
    pub next_poll: Timestamp,
    /// How often in a row it was not reached.
    pub failures: u32,
    /// Why not, if it was not.
    pub trouble: Option<String>,
}

/// One sentence of a lead's story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryLine {
    /// Calendar time.
    pub at: Timestamp,
    /// The sentence.
    pub text: String,
}

/// Points to a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LeadPointer {
    pub lead: LeadId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryId>,
}
