//! One record in one schedule: where it stands, and what each fact changes.

mod action;
mod apply;
mod change;
mod engaged;
mod enrol;
mod errand;
mod fact;
mod planning;
mod reply;
mod state;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::EmailAddress;
use crate::assistant::Assistant;
use crate::compose::Parameters;
use crate::crm::ConnectionStatus;
use crate::engagement::Engagement;
use crate::id::{AssistantId, DeliveryId, LeadId, StepNo, UserId};
use crate::mail::Thread;
use crate::owner::PreviousOwner;
use crate::reading::Intent;
use crate::when::Opens;

pub use action::{Action, Order};
pub use enrol::{AddressUse, Enrolment, NotTaken};
pub use errand::{Errand, ErrandKind, ErrandProgress, Wake};
pub use fact::{Effect, Fact, IllegalFact, Moment, Transition};
pub use state::{DeactivatedWhy, LeadState, SuppressedWhy};

/// A person or a deal that an assistant works on, or worked on.
///
/// **Invariants:** at most one delivery is in flight, and it is named in [`Stage`] or [`Errand`] before anything leaves the
/// process; [`Lead::status`] never falls; once [`Stage::Ended`], only a person's [`Action`] leads out.
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
    /// Who else could, as the other witnesses have it, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_owners: Vec<PreviousOwner>,
    /// Has it been given back?
    pub hand_back: HandBack,
    /// The conversation.
    pub thread: Thread,
    /// Mails that left.
    pub mails_sent: u32,
    /// The newest of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<SentMail>,
    /// The newest answer by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// A mail besides the schedule, if one is due or in flight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errand: Option<Errand>,
    /// Errands of this run so far.
    #[serde(default)]
    pub errands: u32,
    /// Reminds the owner until somebody takes care.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminder: Option<Reminder>,
    /// The mail that would have come next when the follow-up stopped. `None` where none was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_at: Option<StepNo>,
    /// At which hours of its day it opened mails.
    #[serde(default)]
    pub opens: Opens,
    /// What was done to the mails of this run.
    #[serde(default)]
    pub engagement: Engagement,
    /// When the assistant took it on.
    pub enrolled_at: Timestamp,
    /// When this record was last turned away; a workflow that keeps assigning it is answered once a day, not for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turned_away_at: Option<Timestamp>,
}

/// A mail that left, as far as a summary needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentMail {
    /// When.
    pub at: Timestamp,
    /// Its subject line.
    pub subject: String,
}

/// An answer by a person, as far as a summary needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// When it came.
    pub at: Timestamp,
    /// What it asks for.
    pub intent: Intent,
    /// The words and headers that decided.
    pub evidence: String,
    /// Its new text, shortened.
    pub text: String,
    /// The right person, where it names one.
    pub referred_to: Option<EmailAddress>,
}

/// Reminds the owner of a hot lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    /// When the next one is due.
    pub due: Timestamp,
    /// How many there were.
    pub given: u32,
    /// Whoever changes the record after this instant has taken care of it.
    pub since: Timestamp,
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
    /// Time zone by its IANA name, where somebody said it; Zoho's standard modules have no such field.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub time_zone: String,
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
        /// Is that a slot of the assistant's agenda, which is this mail's?
        #[serde(default)]
        booked: bool,
    },
    /// The next mail is written and waits for a person's approval.
    Held {
        /// Which mail.
        step: StepNo,
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
    Undeliverable {
        /// What the mail system says, where it says something.
        #[serde(default)]
        reason: String,
    },
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
    Stopped {
        /// Who.
        #[serde(default)]
        by: String,
        /// Why; may be empty.
        #[serde(default)]
        why: String,
    },
}

/// Where the giving back stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandBack {
    /// Not yet asked for.
    NotDue,
    /// When the errand in hand is done.
    AfterErrand,
    /// In the outbox.
    Pending,
    /// The CRM has another owner now, or never will.
    Done,
    /// A person had the follow-up begin or go on again: the assistant is about to own the record.
    TakingBack,
}

impl Stage {
    fn name(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting for its next mail",
            Self::Held { .. } => "waiting for approval of its next mail",
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
