//! What the rows hold, besides the domain's own types.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    CrmChange, CrmUser, Decision, DeliveryId, How, LeadId, MailAccount, Module, OrgId, OutgoingMail, RecordId, UserId,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Queue, Result, keys, row};
use crate::ports::{Allowance, FieldNames, Folder, IndexEntry, Place, Row};

/// How an org is connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The tenant.
    pub org: OrgId,
    /// The organisation's name, for people and for mails.
    pub name: String,
    /// Does the authorisation work?
    pub health: Health,
    /// What the CRM's edition allows.
    #[serde(default)]
    pub allowance: Allowance,
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
    /// Somebody paused what goes to and fro between here and the CRM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
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
    /// Modules of which a record was ever taken on. Nowhere else a deletion matters, and asking for deletions is dear.
    #[serde(default)]
    pub worked_on: BTreeSet<Module>,
    /// When everything the assistants own was last looked at, real time.
    pub looked_at_all: Option<Timestamp>,
    /// When upkeep is due, real time.
    pub next_upkeep: Timestamp,
}

/// A pause of what goes to and fro between here and the CRM: nothing is read there and nothing written until somebody
/// resumes it. What comes in meanwhile waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// Who paused it.
    pub by: String,
    /// When, real time.
    pub since: Timestamp,
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
    /// How many of them were looked at, the first ones first.
    #[serde(default)]
    pub looked_at: usize,
    /// No notification had named them: the audit of this day has found them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audited: Option<Date>,
    /// Were they looked at?
    pub done: bool,
    /// How often that failed.
    pub tries: u32,
    /// Until when the org's budget of calls is used up, real time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Why it failed last. Of one that is done: why it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
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
    /// When it is looked up, real time: when its sender cannot be alive any more, or when somebody wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_up_at: Option<Timestamp>,
}

impl Delivery {
    /// A mail that is claimed for the first time.
    pub fn claimed(mail: OutgoingMail, how: How) -> Self {
        Self { mail, attempts: 1, outcome: Outcome::Claimed, how, look_up_at: None }
    }

    /// Its row; in the failure log while it has not left and should have.
    pub(super) fn row(&self, org: &OrgId, lead: &LeadId, version: Option<u64>, now: Timestamp) -> Result<Row> {
        let key = keys::delivery(org, lead, &self.mail.delivery);
        let work = self.look_up_at.map(|due| IndexEntry { queue: Queue::Lease.of(&key), due });
        let listing = match self.outcome {
            Outcome::NotSent { .. } | Outcome::Refused { .. } | Outcome::Unknown => Some(keys::in_trouble(org, now)),
            Outcome::AwaitsApproval
            | Outcome::Approved
            | Outcome::Claimed
            | Outcome::Sent { .. }
            | Outcome::NoSuchAddress { .. }
            | Outcome::NeverLeft => None,
        };
        Ok(Row { work, listing, ..row(key, self, version)? })
    }
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
    /// Its address does not exist: nothing that could be mended.
    NoSuchAddress {
        /// In words.
        reason: String,
    },
    /// Nobody can tell.
    Unknown,
    /// It did not leave, as was learnt when the follow-up had gone on without it.
    NeverLeft,
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

/// What one commit of a lead adds to its story: one row, for each costs by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chapter {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<StoryLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided: Vec<Decision>,
}

/// Points to a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LeadPointer {
    pub lead: LeadId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryId>,
}
