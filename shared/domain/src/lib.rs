//! What the assistant knows and decides: leads, schedules, the send calendar, replies and hand-backs.
//!
//! Facts go in, decisions come out. The shell reads the stored [`Lead`], hands [`Lead::apply`] one [`Fact`], and stores
//! what comes back, the new lead and its [`Effect`]s, in one transaction.
//!
//! **Invariant:** nothing here reads a clock, an environment variable, a random number or a socket; the same facts give
//! the same decisions, live or replayed.
//! **Absent:** persistence, retries, vendors. Those are `app` and its adapters.

mod account;
mod address;
mod assistant;
mod bounce;
mod brief;
mod bucket;
mod calendar;
mod compose;
mod crm;
mod decision;
mod engagement;
mod errand_mail;
mod freemail;
mod guard;
mod id;
mod language;
mod lead;
mod mail;
mod notes;
mod owner;
mod place;
mod postscript;
mod reading;
mod schedule;
mod signing;
mod standing;
mod tracked;
pub mod when;
mod writing;

pub use account::{
    InvalidMailAccount, MailAccount, MailAccountFields, MailAuth, MailProvider, MailServer, Security, is_this_machine,
};
pub use address::{EmailAddress, InvalidAddress};
pub use assistant::{Assistant, IntegrationStatus, InvalidAssistant};
pub use bounce::enhanced_status;
pub use bucket::{Bucket, Flow};
pub use calendar::{Calendar, InvalidCalendar, SendWindow};
pub use compose::{Draft, Extras, ParameterError, Parameters, check_template, compose, render_body};
pub use crm::{ConnectionStatus, CrmChange, CrmUser, Module, Note, Profile, RecordRef, Task};
pub use decision::{Decision, Ruling};
pub use engagement::{AT_ONCE, Engagement, HOLD, Machine, TOO_SOON, Touch, TouchKind, Tracking, Verdict};
pub use errand_mail::compose_errand;
pub use guard::{Breach, Checked, Guard, Unit};
pub use id::{AssistantId, DeliveryId, InvalidId, LeadId, OrgId, RecordId, StepNo, UserId};
pub use language::Language;
pub use lead::{
    Action, AddressUse, Answer, DeactivatedWhy, Effect, EndReason, Enrolment, Errand, ErrandKind, ErrandProgress, Fact,
    HandBack, IllegalFact, Lead, LeadState, Moment, NotTaken, Order, Person, Reminder, SentMail, Stage, SuppressedWhy,
    Transition, Wake,
};
pub use mail::{Direction, LoggedMail, Mailbox, OutgoingMail, Thread};
pub use owner::{OwnerEvidence, OwnerRule, PreviousOwner, Staff, find_owners};
pub use place::{Country, Holidays, InvalidPlace, Subdivision, Whereabouts, Zone, place};
pub use postscript::{InvalidPostscript, Postscript, Postscripts};
pub use reading::{
    Bounce, BounceKind, IncomingMail, Intent, MACHINE_HEADERS, MailKind, Reading, TaughtPhrase, read_mail, return_date,
    split_reply,
};
pub use schedule::{InvalidSchedule, MAX_STEPS, Message, Schedule, Step, recommended};
pub use signing::{Purpose, SigningKey};
pub use tracked::{Followed, tracked_html};
pub use writing::{Approval, Brief, How, Instead, NewText, Quoted, Tone};
