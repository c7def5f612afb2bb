//! One record in one schedule: where it stands, and what each fact changes.

mod apply;
mod enrol;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::EmailAddress;
use crate::assistant::Assistant;
use crate::compose::Parameters;
use crate::crm::{ConnectionStatus, CrmChange};
use crate::id::{AssistantId, DeliveryId, LeadId, StepNo, UserId};
use crate::mail::{LoggedMail, Thread};
use crate::owner::PreviousOwner;
use crate::reading::Reading;
use crate::schedule::Schedule;

pub use enrol::{AddressUse, Enrolment, NotTaken};

/// A person or a deal that an assistant works on, or worked on.
///
/// **Invariants:** at most one delivery is in flight, and it is named in [`Stage`] before anything leaves the process;
/// [`Lead::status`] never falls; once [`Stage::Ended`], only a deliberate restart leads out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    /// The record.
    pub id: LeadId,
    /// Who works on it.
    pub assistant: AssistantId,
    /// The assistant's CRM user: the owner while the lead is nurtured.
    pub assistant_user: UserId,
    /// Who it is.
    pub person: Person,
    /// Where mails go. `None` only for a lead that was never taken on.
    pub address: Option<EmailAddress>,
    /// What the mails are about.
    pub context: String,
    /// The schedule it follows.
    pub schedule: String,
    /// The revision of it that it began with.
    #[serde(default)]
    pub schedule_revision: u32,
    /// Counts enrolments from 1, so that a restarted lead's deliveries have new names.
    pub run: u32,
    /// Where it stands.
    pub stage: Stage,
    /// What people are told of it.
    pub state: LeadState,
    /// The highest status the record was given.
    pub status: ConnectionStatus,
    /// Who gets it back. `None` if nobody could.
    pub previous_owner: Option<PreviousOwner>,
    /// Has it been given back?
    pub hand_back: HandBack,
    /// The conversation.
    pub thread: Thread,
    /// Mails that left.
    pub mails_sent: u32,
    /// When the assistant took it on.
    pub enrolled_at: Timestamp,
    /// When this record was last turned away; a workflow that keeps assigning it is answered once a day, not for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turned_away_at: Option<Timestamp>,
}

/// What the CRM knows of the person, as far as mails use it. Empty text where it knows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Job title.
    pub designation: String,
    /// Telephone number as written in the CRM.
    pub phone: String,
    /// Company.
    pub company: String,
    /// Industry.
    pub industry: String,
    /// Web site.
    pub website: String,
    /// Country as written in the CRM.
    #[serde(default)]
    pub country: String,
    /// State or province as written in the CRM.
    #[serde(default)]
    pub state: String,
}

impl Person {
    /// First and last name.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}

/// Where a lead stands in its schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// The next mail is due at an instant of the calendar.
    Waiting {
        /// Which mail.
        step: StepNo,
        /// When.
        due: Timestamp,
    },
    /// A mail is claimed and may be leaving. If the sender dies, whoever finds this after the lease looks the mail up.
    Sending {
        /// Which mail.
        step: StepNo,
        /// Its name.
        delivery: DeliveryId,
        /// Until when the sender has it to itself, real time.
        lease_until: Timestamp,
    },
    /// All mails left; a last answer is waited for.
    Closing {
        /// Until when.
        due: Timestamp,
    },
    /// Nothing more is sent.
    Ended {
        /// Why.
        reason: EndReason,
    },
}

/// Why nothing more is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum EndReason {
    /// A person answered.
    Replied,
    /// The schedule ran out.
    ScheduleEnded,
    /// The address must not be written to.
    Suppressed {
        /// Why.
        by: SuppressedWhy,
    },
    /// The address does not take mail.
    Undeliverable,
    /// Somebody else took the record.
    TakenOver,
    /// The record was deleted, merged or converted.
    RecordGone,
    /// It was never taken on.
    NotTaken {
        /// Why.
        why: NotTaken,
    },
    /// A person stopped it here.
    Stopped,
}

/// What people are told of a lead; the words of the product's help pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "why")]
pub enum LeadState {
    /// Follow-up in progress.
    Cold,
    /// Asked for something, or to be contacted later.
    Warm,
    /// Agreed to meet.
    Hot,
    /// Replied, intent unclear.
    Responded,
    /// Absent; follow-up resumes.
    OutOfOffice,
    /// The schedule ended without an answer.
    Processed,
    /// Not to be followed up.
    Deactivated(DeactivatedWhy),
    /// Asked to be removed.
    Unsubscribed,
}

impl LeadState {
    /// One word, for lists and counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "Cold",
            Self::Warm => "Warm",
            Self::Hot => "Hot",
            Self::Responded => "Responded",
            Self::OutOfOffice => "OutOfOffice",
            Self::Processed => "Processed",
            Self::Deactivated(_) => "Deactivated",
            Self::Unsubscribed => "Unsubscribed",
        }
    }
}

/// The sub-state of [`LeadState::Deactivated`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeactivatedWhy {
    /// Refused, or is the wrong person.
    Refused,
    /// The address bounced or is invalid.
    Bounced,
    /// Left the company.
    MovedOut,
    /// Retired.
    Retired,
    /// Named somebody else.
    Referred,
    /// Could not be taken on.
    NotTaken,
    /// Taken over, deleted, or stopped by a person.
    Stopped,
}

/// Why an address is on the suppression list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuppressedWhy {
    /// Its owner asked for it.
    Unsubscribed,
    /// It cannot receive mail.
    Bounced,
    /// Its owner called a mail abuse.
    Complained,
}

/// Where the giving back stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandBack {
    /// Not yet asked for.
    NotDue,
    /// In the outbox.
    Pending,
    /// The CRM has another owner now, or never will.
    Done,
}

/// Something that happened. Applying it twice is refused or harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A sender claims the due mail, until `lease_until` of real time.
    Claimed {
        /// The name of the mail, which says the step.
        delivery: DeliveryId,
        /// Real time.
        lease_until: Timestamp,
    },
    /// The due mail has to wait: the cap is reached, or the window closed.
    Postponed {
        /// Until when.
        until: Timestamp,
    },
    /// A mail left.
    Sent {
        /// Its name.
        delivery: DeliveryId,
        /// As it goes on the record, with the Message-ID it left under.
        mail: Box<LoggedMail>,
        /// Ids by which an answer may refer to it.
        message_ids: Vec<String>,
    },
    /// A mail certainly did not leave; it is due again.
    NotSent {
        /// Its name.
        delivery: DeliveryId,
        /// When to try again.
        retry_at: Timestamp,
    },
    /// The mail system will never take mail for this address.
    SendRefused {
        /// Its name.
        delivery: DeliveryId,
        /// In words.
        reason: String,
    },
    /// Nobody can tell whether a mail left: it is not sent again, and the follow-up goes on.
    Unsettled {
        /// Its name.
        delivery: DeliveryId,
        /// The step's mail, to keep the thread.
        subject: String,
    },
    /// A mail came in.
    Received {
        /// As it goes on the record.
        mail: Box<LoggedMail>,
        /// How it was read.
        reading: Reading,
    },
    /// A mail bounced for good, or its receiver complained.
    Undeliverable {
        /// Bounced or complained.
        why: SuppressedWhy,
    },
    /// The lead used the unsubscribe link, or the address is on the list already.
    Unsubscribed {
        /// Why the address is suppressed.
        why: SuppressedWhy,
    },
    /// The schedule was shortened: there is no such mail any more.
    NothingLeft,
    /// The wait after the last mail is over.
    ClosingTimeOver,
    /// The record has another owner, and it was not us who changed it.
    TakenOver,
    /// The record is no longer in the CRM.
    RecordGone,
    /// The CRM carried out the hand-back, or could not because somebody else owns the record.
    HandedBack,
}

/// What is to be done about a fact; stored together with the new lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Change the CRM, in this order.
    Crm(CrmChange),
    /// Put the address on the suppression list of the org.
    Suppress {
        /// Which.
        address: EmailAddress,
        /// Why.
        why: SuppressedWhy,
    },
    /// Tell the story: one sentence for the lead's timeline.
    Tell(String),
}

/// A fact's outcome: the new lead, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The lead afterwards.
    pub lead: Lead,
    /// In order.
    pub effects: Vec<Effect>,
}

/// A fact that cannot be, where the lead stands. Never silently ignored: the caller read an old lead, or has a bug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fact} cannot happen to a lead that is {stage}")]
pub struct IllegalFact {
    fact: &'static str,
    stage: &'static str,
}

/// What a decision needs besides the lead and the fact.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// Calendar time.
    pub now: Timestamp,
    /// The lead's assistant.
    pub assistant: &'a Assistant,
    /// The lead's schedule.
    pub schedule: &'a Schedule,
}

impl Stage {
    fn name(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting for its next mail",
            Self::Sending { .. } => "being written to",
            Self::Closing { .. } => "waiting for a last answer",
            Self::Ended { .. } => "ended",
        }
    }
}

impl Lead {
    /// Is the assistant still at it?
    pub fn is_active(&self) -> bool {
        !matches!(self.stage, Stage::Ended { .. })
    }

    /// Was it ever taken on? Such a record is not taken again by a mere assignment.
    pub fn was_nurtured(&self) -> bool {
        self.run > 0
    }

    /// The name of the mail of `step` in this run.
    pub fn delivery(&self, step: StepNo) -> DeliveryId {
        DeliveryId::of(&self.id, self.run, step)
    }

    /// What a template may say about this lead.
    pub fn parameters(&self, assistant: &Assistant, organisation_name: &str) -> Parameters {
        Parameters {
            lead_first_name: self.person.first_name.clone(),
            lead_last_name: self.person.last_name.clone(),
            lead_designation: self.person.designation.clone(),
            lead_phone: self.person.phone.clone(),
            lead_company: self.person.company.clone(),
            lead_industry: self.person.industry.clone(),
            lead_website: self.person.website.clone(),
            assistant_name: assistant.name.clone(),
            assistant_title: assistant.title.clone(),
            organisation_name: organisation_name.to_owned(),
            context: self.context.clone(),
        }
    }

    /// A number that differs from lead to lead and from step to step, to spread mails over a window. Never random: the
    /// same mail is always planned for the same instant.
    pub fn spread(&self, step: StepNo) -> u64 {
        use sha2::{Digest, Sha256};
        let digest = Sha256::digest(self.delivery(step).as_str().as_bytes());
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}
