//! The CRM, as far as the product touches it.

use async_trait::async_trait;
use domain::{
    ConnectionStatus, CrmUser, EmailAddress, LoggedMail, Module, Note, OrgId, Person, RecordId, RecordRef, Task, UserId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Session;

/// The address a record can be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressState {
    /// A usable address.
    Usable(EmailAddress),
    /// The field is empty.
    Missing,
    /// What stands there is no address.
    Invalid,
    /// The person opted out of mail in the CRM.
    OptedOut,
}

/// A record as it is now. Text fields are empty where the CRM has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrmRecord {
    /// Which record.
    pub record: RecordRef,
    /// Who owns it.
    pub owner: UserId,
    /// The owner's address where the CRM names it.
    pub owner_email: Option<EmailAddress>,
    /// Where mails go. A deal's is its contact's.
    pub address: AddressState,
    /// Who it is. A deal's is its contact.
    pub person: Person,
    /// The `…_Context` field.
    pub context: String,
    /// The `…_Schedule` field.
    pub schedule: String,
    /// The `…_Lead_Connection_Status` field; `None` where empty or unknown.
    pub status: Option<ConnectionStatus>,
    /// Who changed it last.
    pub modified_by: Option<UserId>,
    /// Who created it.
    pub created_by: Option<UserId>,
    /// When it changed last, on the CRM's clock, to the second.
    pub modified: Timestamp,
}

/// A record that changed, named only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedRecord {
    /// Which.
    pub id: RecordId,
    /// Its owner at that time.
    pub owner: UserId,
    /// When, on the CRM's clock.
    pub modified: Timestamp,
}

/// A question what happened in a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// Which module.
    pub module: Module,
    /// From when on, on the CRM's clock.
    pub since: Timestamp,
    /// Are deletions asked for too?
    pub deletions: bool,
}

/// What a short look at a module showed. `None`: not all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glance {
    /// As [`Crm::changed_since`] answers.
    pub changed: Option<Vec<ChangedRecord>>,
    /// As [`Crm::deleted_since`] answers, where that was asked.
    pub deleted: Option<Vec<RecordId>>,
}

/// The org behind a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Zoho's organisation number.
    pub zgid: String,
    /// For people.
    pub name: String,
    /// The user who authorised.
    pub me: CrmUser,
    /// Does that user's profile administer the org?
    pub administrator: bool,
    /// What its edition allows.
    pub allowance: Allowance,
}

/// What an org may ask of its CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Credits in any 24 hours, whoever spends them.
    pub credits_a_day: u32,
    /// Calls of ours in flight at once.
    pub calls_at_once: u32,
}

impl Default for Allowance {
    /// Zoho's smallest edition.
    fn default() -> Self {
        Self { credits_a_day: 5_000, calls_at_once: 5 }
    }
}

/// A field this product made, or will make, in a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnField {
    /// `…_Context`: several lines for the writer.
    Context,
    /// `…_Schedule`: a picklist kept equal to the schedules here.
    Schedule,
    /// `…_Lead_Connection_Status`: Cold, Warm, Hot.
    Status,
}

/// A field as the CRM has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrmField {
    /// The CRM's id.
    pub id: String,
    /// The name the API uses.
    pub api_name: String,
    /// The name people see.
    pub label: String,
    /// Picklist values, if it is one.
    pub values: Vec<String>,
}

/// A field to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewField {
    /// The name people see; the CRM derives the API name from it and does not say which.
    pub label: String,
    /// `None`: several lines of text. Otherwise a picklist with these values.
    pub values: Option<Vec<String>>,
}

/// A notification channel to open or renew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRequest {
    /// Chosen by us.
    pub channel_id: String,
    /// Where notifications go.
    pub notify_url: String,
    /// At most 50 characters; echoed in each notification: their only authentication.
    pub token: String,
    /// Wanted expiry; under a week from now.
    pub expires: Timestamp,
}

/// What was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelGrant {
    /// The expiry the CRM chose, which may be earlier than the one wanted.
    pub expires: Timestamp,
}

/// One record's new values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which record of the module.
    pub id: RecordId,
    /// API name and value.
    pub fields: Vec<(String, String)>,
}

/// A note and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordNote {
    /// The record.
    pub record: RecordRef,
    /// The note.
    pub note: Note,
}

/// A task and the record it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordTask {
    /// The record.
    pub record: RecordRef,
    /// The task.
    pub task: Task,
}

/// When a user is not at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Who.
    pub user: UserId,
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

/// Why the CRM did not do it; each variant is what the caller does next.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CrmError {
    /// This will never pass as it is: park it, tell a person.
    #[error("the CRM refused: {code}: {reason}")]
    Refused {
        /// The CRM's code.
        code: String,
        /// In words, with the field where the CRM names one.
        reason: String,
    },
    /// There is no such record (any more).
    #[error("the record is not in the CRM")]
    Absent,
    /// The record changed since it was read: read again, decide again.
    #[error("the record changed in the meantime")]
    Changed,
    /// Nothing happened; later it may.
    #[error("the CRM is busy: {0}")]
    Busy(String),
    /// Nothing happened, and nothing will for the whole org before then: its budget of calls is used up.
    #[error("the CRM takes no more calls of this organisation before {until}")]
    Throttled {
        /// Real time.
        until: Timestamp,
    },
    /// It may have happened: look before doing it again.
    #[error("no answer to a write: {0}")]
    Unknown(String),
    /// No valid authorisation: a person must connect again.
    #[error("the connection to the CRM is broken: {0}")]
    Disconnected(String),
}

/// One org's CRM. Every call has a time-out, refreshes a dead access token once, and retries what is safe to retry.
#[async_trait]
pub trait Crm: Send + Sync {
    /// Whose session this is. The one call that is made before the org is known: it neither renews nor needs a tenant.
    async fn organisation(&self, session: &Session) -> Result<Organisation, CrmError>;

    /// All users, inactive ones included.
    async fn users(&self, org: &OrgId) -> Result<Vec<CrmUser>, CrmError>;

    /// The records that exist among `ids`, in any order, with every field of [`CrmRecord`].
    async fn records(&self, org: &OrgId, module: Module, ids: &[RecordId]) -> Result<Vec<CrmRecord>, CrmError>;

    /// Looks whether anything happened in these modules, for less than what each look costs by itself; an answer for each,
    /// in their order. Where there is much, or the CRM did not say, an answer is `None`: ask for that by itself.
    async fn glance(&self, org: &OrgId, asked: &[Since]) -> Vec<Glance>;

    /// Records changed at or after `since` (CRM time), oldest first; all pages, each record once.
    async fn changed_since(
        &self,
        org: &OrgId,
        module: Module,
        since: Timestamp,
    ) -> Result<Vec<ChangedRecord>, CrmError>;

    /// All records that one of `owners` owns.
    async fn owned_by(&self, org: &OrgId, module: Module, owners: &[UserId]) -> Result<Vec<ChangedRecord>, CrmError>;

    /// Ids deleted at or after `since` (CRM time).
    async fn deleted_since(&self, org: &OrgId, module: Module, since: Timestamp) -> Result<Vec<RecordId>, CrmError>;

    /// Old values of the record's owner changes, newest first: names or ids.
    async fn former_owners(&self, org: &OrgId, record: &RecordRef) -> Result<Vec<String>, CrmError>;

    /// Adds notes, each on its own; results in the order of `notes`. Not idempotent: see [`Crm::has_note`].
    async fn add_notes(&self, org: &OrgId, notes: &[RecordNote]) -> Vec<Result<(), CrmError>>;

    /// Is this very note on its record?
    async fn has_note(&self, org: &OrgId, note: &RecordNote) -> Result<bool, CrmError>;

    /// Adds a task to its record. Not idempotent: see [`Crm::has_task`].
    async fn add_task(&self, org: &OrgId, task: &RecordTask) -> Result<(), CrmError>;

    /// Is this very task on its record?
    async fn has_task(&self, org: &OrgId, task: &RecordTask) -> Result<bool, CrmError>;

    /// When users are away, by their own word. Empty where the org does not keep such a list, or does not show it to us.
    async fn absences(&self, org: &OrgId) -> Result<Vec<Absence>, CrmError>;

    /// Logs a mail on the record. Logging one twice is refused by the CRM and reported here as success.
    async fn log_mail(&self, org: &OrgId, record: &RecordRef, mail: &LoggedMail) -> Result<(), CrmError>;

    /// Sets fields, without running the org's workflows; results in the order of `changes`. Idempotent.
    async fn update(&self, org: &OrgId, module: Module, changes: &[Change]) -> Vec<Result<(), CrmError>>;

    /// Sets the owner, unless the record changed after `unmodified_since`: then [`CrmError::Changed`].
    async fn give_to(
        &self,
        org: &OrgId,
        record: &RecordRef,
        owner: &UserId,
        unmodified_since: Timestamp,
    ) -> Result<(), CrmError>;

    /// The custom and standard fields of a module.
    async fn fields(&self, org: &OrgId, module: Module) -> Result<Vec<CrmField>, CrmError>;

    /// Makes fields, at most 5. Read [`Crm::fields`] afterwards for their API names.
    async fn create_fields(&self, org: &OrgId, module: Module, fields: &[NewField]) -> Result<(), CrmError>;

    /// Makes these the values of a picklist.
    async fn set_values(
        &self,
        org: &OrgId,
        module: Module,
        field: &CrmField,
        values: &[String],
    ) -> Result<(), CrmError>;

    /// Opens the channel, or renews it where it is open.
    async fn open_channel(&self, org: &OrgId, channel: &ChannelRequest) -> Result<ChannelGrant, CrmError>;

    /// Closes it; closing what is not open is fine.
    async fn close_channel(&self, org: &OrgId, channel_id: &str) -> Result<(), CrmError>;
}
