//! What the assistant knows and decides: leads, schedules, the send calendar, replies and hand-backs.
//!
//! Facts go in, decisions come out. The shell reads the stored [`Lead`], hands [`Lead::apply`] one [`Fact`], and stores
//! what comes back, the new lead and its [`Effect`]s, in one transaction.
//!
//! **Invariant:** nothing here reads a clock, an environment variable, a random number or a socket; the same facts give
//! the same decisions, live or replayed.
//! **Absent:** persistence, retries, vendors. Those are `app` and its adapters.

mod address;
mod assistant;
mod calendar;
mod compose;
mod crm;
mod id;
mod lead;
mod mail;
mod notes;
mod owner;
mod reading;
mod schedule;
mod signing;

pub use address::{EmailAddress, InvalidAddress};
pub use assistant::{Assistant, IntegrationStatus, InvalidAssistant};
pub use calendar::{Calendar, InvalidCalendar, SendWindow};
pub use compose::{Draft, ParameterError, Parameters, check_template, compose};
pub use crm::{ConnectionStatus, CrmChange, CrmUser, Module, Note, RecordRef};
pub use id::{AssistantId, DeliveryId, InvalidId, LeadId, OrgId, RecordId, StepNo, UserId};
pub use lead::{
    AddressUse, DeactivatedWhy, Effect, EndReason, Enrolment, Fact, HandBack, IllegalFact, Lead, LeadState, Moment,
    NotTaken, Person, Stage, SuppressedWhy, Transition,
};
pub use mail::{Direction, LoggedMail, Mailbox, OutgoingMail, Thread};
pub use owner::{OwnerEvidence, OwnerRule, PreviousOwner, find_previous_owner};
pub use reading::{
    Bounce, BounceKind, IncomingMail, Intent, MACHINE_HEADERS, MailKind, Reading, TaughtPhrase, read_mail, return_date,
    split_reply,
};
pub use schedule::{InvalidSchedule, MAX_STEPS, Message, Schedule, Step, recommended};
pub use signing::{Purpose, SigningKey};
