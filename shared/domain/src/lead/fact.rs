//! What happens to a lead, and what is to be done about it.

use jiff::Timestamp;

use super::{Lead, Order, SuppressedWhy};
use crate::address::EmailAddress;
use crate::assistant::Assistant;
use crate::crm::CrmChange;
use crate::decision::Decision;
use crate::engagement::Touch;
use crate::id::DeliveryId;
use crate::mail::LoggedMail;
use crate::owner::PreviousOwner;
use crate::reading::Reading;
use crate::schedule::Schedule;

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
    /// The due mail has to wait: the cap is reached, the window closed, or another mail too near.
    Postponed {
        /// Until when.
        until: Timestamp,
        /// Is that a slot that was booked for it?
        booked: bool,
    },
    /// The due mail is written; a person has to approve it.
    Held {
        /// Its name.
        delivery: DeliveryId,
    },
    /// A person approved the written mail.
    Approved {
        /// Its name.
        delivery: DeliveryId,
    },
    /// The mail besides the schedule has to wait.
    ErrandPostponed {
        /// Until when.
        until: Timestamp,
        /// Is that a slot that was booked for it?
        booked: bool,
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
    /// A mail was opened, or a link in it followed, by whomever.
    Touched(Box<Touch>),
    /// Touches that were held count now.
    TouchesSettled,
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
    /// Whoever should get the record is away or gone; the backup rule found somebody else.
    OwnerAway {
        /// Who gets it instead, and by which rule.
        heir: PreviousOwner,
    },
    /// The assistant owns the record again, for a restart.
    TakenBack {
        /// Who owned it until now, and gets it back.
        previous: Option<PreviousOwner>,
    },
    /// It is time to remind the owner.
    ReminderDue,
    /// The owner took care of the lead: the record shows it.
    Handled,
    /// A person wants something done.
    Asked(Order),
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
    /// Keep why a mail leaves when it does.
    Decided(Box<Decision>),
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
#[error("{fact} cannot happen to a lead that is {stage}{}", .because.map(|because| format!(": {because}")).unwrap_or_default())]
pub struct IllegalFact {
    pub(super) fact: &'static str,
    pub(super) stage: &'static str,
    pub(super) because: Option<&'static str>,
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
