//! Assistants: who writes, from where, and when.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::address::EmailAddress;
use crate::calendar::Calendar;
use crate::crm::CrmUser;
use crate::engagement::Tracking;
use crate::id::{AssistantId, UserId};
use crate::place::Country;
use crate::schedule::Schedule;
use crate::writing::Approval;

/// An assistant that cannot be saved, with the field to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAssistant {
    /// A text is too long, empty, or has line breaks where none can be.
    #[error("{field} {value:?} is not usable; write {rule}")]
    Text {
        /// The field.
        field: &'static str,
        /// As given.
        value: String,
        /// What would pass.
        rule: &'static str,
    },
    /// A link that is none.
    #[error("{field} {value:?} is not a link; write a whole https address, or nothing")]
    Link {
        /// The field.
        field: &'static str,
        /// As given.
        value: String,
    },
    /// Reminders every day or never.
    #[error("at_risk_days {0} is not usable; remind every 1 to 90 days")]
    AtRiskDays(u16),
    /// A cap of nothing, or of more than any mailbox survives.
    #[error("daily_cap {0} is not usable; send 1 to 2000 mails a day")]
    DailyCap(u32),
}

/// An assistant: a user of the CRM who is software.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assistant {
    /// Its short name here.
    pub id: AssistantId,
    /// Its full name, as leads see it.
    pub name: String,
    /// Its address: leads see it, and the CRM user has it.
    pub email: EmailAddress,
    /// Its job title; may be empty.
    #[serde(default)]
    pub title: String,
    /// Lines under each mail; the name alone when empty.
    #[serde(default)]
    pub signature: String,
    /// When it may send.
    pub calendar: Calendar,
    /// The most mails it sends on one day of its zone.
    pub daily_cap: u32,
    /// Whose public holidays and weekend count for leads whose country is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holiday_country: Option<Country>,
    /// The day of its first mail, in its zone: a new assistant starts with few mails a day. `None` before that mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_on: Option<Date>,
    /// Nothing leaves before this instant: a person paused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
    /// The day a person let it go on after it was held; what happened before is not held against it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_since: Option<Date>,
    /// One or two lines under each body that are never rewritten.
    #[serde(default)]
    pub more_information: String,
    /// Says above the signature that software wrote the mail; empty for our own words. `None`: nothing is said.
    #[serde(default)]
    pub ai_disclosure: Option<String>,
    /// Do its mails leave by themselves, or once a person has approved them?
    #[serde(default)]
    pub approval: Approval,
    /// Is it watched whether its mails are opened, and their links followed?
    #[serde(default)]
    pub tracking: Tracking,
    /// What it writes about when the record says nothing.
    #[serde(default)]
    pub default_context: String,
    /// Where the brochure is; empty without one.
    #[serde(default)]
    pub brochure_url: String,
    /// Where a lead picks a time to meet; empty without one.
    #[serde(default)]
    pub calendar_url: String,
    /// Days between two reminders of a hot lead that nobody took care of.
    #[serde(default = "three_days")]
    pub at_risk_days: u16,
    /// Should the CRM also send the owner a mail with each reminder?
    #[serde(default)]
    pub remind_by_mail: bool,
    /// The schedule it follows when the record names none.
    #[serde(default = "recommended_name")]
    pub default_schedule: String,
    /// The CRM user with its address, once one was found.
    #[serde(default)]
    pub user: Option<UserId>,
    /// Did taking on its newest assignment succeed? `None` before the first.
    #[serde(default)]
    pub last_assignment: Option<bool>,
}

fn three_days() -> u16 {
    Assistant::DEFAULT_AT_RISK_DAYS
}

fn recommended_name() -> String {
    Schedule::RECOMMENDED.to_owned()
}

/// How well an assistant is connected, in the words of the settings page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IntegrationStatus {
    /// There is no assistant yet: create one.
    AssistantNotYetCreated,
    /// No active, confirmed CRM user has its address: create that user.
    AssistantDoesNotExistsAsUserInCrm,
    /// The user was found: assign a record.
    AssistantExistsAsUserInCrm,
    /// At least one record was taken on, and the last one succeeded.
    AllWorkingWell,
}

impl IntegrationStatus {
    /// What a person does next.
    pub fn advice(self) -> &'static str {
        match self {
            Self::AssistantNotYetCreated => "create an assistant",
            Self::AssistantDoesNotExistsAsUserInCrm => {
                "no active, confirmed CRM user with this address is known yet; create that user in Zoho"
            }
            Self::AssistantExistsAsUserInCrm => "ready; assign a record to it in Zoho",
            Self::AllWorkingWell => "all working well",
        }
    }
}

impl Assistant {
    /// An assistant as it is before anything else is said of it.
    pub fn new(id: AssistantId, name: &str, email: EmailAddress, calendar: Calendar) -> Self {
        Self {
            id,
            name: name.to_owned(),
            email,
            title: String::new(),
            signature: String::new(),
            calendar,
            daily_cap: Self::DEFAULT_DAILY_CAP,
            holiday_country: None,
            started_on: None,
            paused_until: None,
            trusted_since: None,
            more_information: String::new(),
            ai_disclosure: None,
            approval: Approval::default(),
            tracking: Tracking::default(),
            default_context: String::new(),
            brochure_url: String::new(),
            calendar_url: String::new(),
            at_risk_days: Self::DEFAULT_AT_RISK_DAYS,
            remind_by_mail: false,
            default_schedule: recommended_name(),
            user: None,
            last_assignment: None,
        }
    }

    /// Mails a day when nothing else is said: what a careful person sends from one mailbox.
    pub const DEFAULT_DAILY_CAP: u32 = 200;

    /// Days between two reminders when nothing else is said.
    pub const DEFAULT_AT_RISK_DAYS: u16 = 3;

    /// Checks what types alone do not: lengths, line breaks, the cap.
    pub fn validate(self) -> Result<Self, InvalidAssistant> {
        let one_line = |field, value: &str, required: bool| {
            let bad = value.chars().count() > 100
                || value.chars().any(char::is_control)
                || (required && value.trim().is_empty());
            let rule = if required { "1 to 100 characters on one line" } else { "up to 100 characters on one line" };
            if bad { Err(InvalidAssistant::Text { field, value: value.to_owned(), rule }) } else { Ok(()) }
        };
        one_line("name", &self.name, true)?;
        one_line("title", &self.title, false)?;
        one_line("default_schedule", &self.default_schedule, true)?;
        if let Some(disclosure) = &self.ai_disclosure
            && (disclosure.chars().count() > 200 || disclosure.chars().any(char::is_control))
        {
            let rule = "up to 200 characters on one line";
            return Err(InvalidAssistant::Text { field: "ai_disclosure", value: shortened(disclosure), rule });
        }
        let lines = &self.more_information;
        if lines.lines().count() > 3 || lines.chars().count() > 400 {
            let rule = "up to 3 lines and 400 characters";
            return Err(InvalidAssistant::Text { field: "more_information", value: shortened(lines), rule });
        }
        for (field, value) in [("signature", &self.signature), ("default_context", &self.default_context)] {
            if value.chars().count() > 2000 {
                let rule = "at most 2000 characters";
                return Err(InvalidAssistant::Text { field, value: shortened(value), rule });
            }
        }
        for (field, value) in [("brochure_url", &self.brochure_url), ("calendar_url", &self.calendar_url)] {
            if !value.is_empty() && !is_link(value) {
                return Err(InvalidAssistant::Link { field, value: shortened(value) });
            }
        }
        if !(1..=90).contains(&self.at_risk_days) {
            return Err(InvalidAssistant::AtRiskDays(self.at_risk_days));
        }
        if (1..=2000).contains(&self.daily_cap) { Ok(self) } else { Err(InvalidAssistant::DailyCap(self.daily_cap)) }
    }

    /// Finds this assistant's user: active, confirmed, the same address.
    pub fn find_user(&self, users: &[CrmUser]) -> Option<UserId> {
        users.iter().find(|user| user.active && user.email.as_ref() == Some(&self.email)).map(|user| user.id.clone())
    }

    /// How well it is connected.
    pub fn integration_status(&self) -> IntegrationStatus {
        match (&self.user, self.last_assignment) {
            (None, _) => IntegrationStatus::AssistantDoesNotExistsAsUserInCrm,
            (Some(_), Some(true)) => IntegrationStatus::AllWorkingWell,
            (Some(_), Some(false) | None) => IntegrationStatus::AssistantExistsAsUserInCrm,
        }
    }
}

fn shortened(value: &str) -> String {
    value.chars().take(40).collect()
}

/// A web address that can stand in a plain mail: nothing that a mail program would cut off.
fn is_link(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.len() <= 500
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"".contains(&byte))
    })
}
