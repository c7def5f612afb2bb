//! What people are told of a lead.

use serde::{Deserialize, Serialize};

/// What people are told of a lead; the words of the product's help pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "why")]
pub enum LeadState {
    /// Follow-up in progress.
    Cold,
    /// Opened a mail.
    Engaged,
    /// Opened three mails, followed a link, asked for something, or to be contacted later.
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
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cold => "Cold",
            Self::Engaged => "Engaged",
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

impl LeadState {
    /// The state after `news`: interest never falls by itself, and only a wish to be left alone, or an address that is
    /// dead, outweighs it. Having opened a mail is not yet an interest that outlasts the schedule.
    pub(super) fn and(self, news: Self) -> Self {
        match (self, news) {
            (Self::Unsubscribed, _) => self,
            (_, Self::Unsubscribed | Self::Deactivated(_)) | (Self::Engaged, Self::Processed) => news,
            _ if news.interest() > self.interest() || self.interest() == 0 => news,
            _ => self,
        }
    }

    /// The state after opens or clicks, which make it `news`. They say less than any answer, and an open less than where
    /// the lead is or that the schedule has ended.
    pub(super) fn and_touches(self, news: Self) -> Self {
        match (self, news) {
            (Self::Cold, Self::Engaged | Self::Warm)
            | (Self::Engaged | Self::OutOfOffice | Self::Processed, Self::Warm) => news,
            _ => self,
        }
    }

    fn interest(self) -> u8 {
        match self {
            Self::Cold | Self::OutOfOffice | Self::Processed => 0,
            Self::Engaged => 1,
            Self::Responded | Self::Deactivated(_) | Self::Unsubscribed => 2,
            Self::Warm => 3,
            Self::Hot => 4,
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
    /// Nobody reads the mailbox.
    NotRead,
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

impl SuppressedWhy {
    /// In words, to follow "the address is on the suppression list".
    pub fn words(self) -> &'static str {
        match self {
            Self::Unsubscribed => "its owner unsubscribed",
            Self::Bounced => "it cannot receive mail",
            Self::Complained => "its owner reported a mail as abuse",
        }
    }
}
