//! Mailboxes that assistants have of their own: set, opened, read and sent from.
//!
//! - [`MailboxAdmin`] sets, shows, checks and removes them.
//! - [`Credentials`] has what opens them, and renews it.
//! - [`PollMailboxes`] reads them.
//! - [`RoutingMailer`] sends from them.
//!
//! **Invariant:** what opens a mailbox is in the secret store and nowhere else. How far a mailbox is read is stored after
//! its mails were taken in, so a crash loses none; one that is met again is recognised.

mod accounts;
mod credentials;
mod poll;
mod route;

pub use accounts::{MailboxAdmin, MailboxReport};
pub use credentials::{Credentials, MailboxSecret};
pub use poll::{PollMailboxes, Polled};
pub use route::RoutingMailer;

use std::sync::Arc;

use crate::ports::Mailboxes;

/// What it takes to use a mailbox.
#[derive(Clone)]
pub struct MailboxAccess {
    /// Opens it.
    pub credentials: Arc<Credentials>,
    /// Reaches it.
    pub mailboxes: Arc<dyn Mailboxes>,
}
