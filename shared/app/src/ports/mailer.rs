//! Sending mail, where not knowing is an answer.

use async_trait::async_trait;
use domain::{DeliveryId, OrgId, OutgoingMail};
use jiff::Timestamp;

/// Why a mail is not known to have left; each variant is what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The provider will never take this message: stop, tell a person.
    #[error("the mail system refused the message: {reason}")]
    Refused {
        /// In words.
        reason: String,
    },
    /// The receiver's server knows no such address: as a bounce, and known sooner.
    #[error("the address does not exist: {reason}")]
    NoSuchAddress {
        /// In words.
        reason: String,
    },
    /// Nothing left: trying the same delivery again is safe.
    #[error("the mail system was not reached: {reason}")]
    NotSent {
        /// In words.
        reason: String,
    },
    /// It may have left: look it up, never send again blindly.
    #[error("no answer to delivery {delivery}: {reason}")]
    Unknown {
        /// Which delivery.
        delivery: DeliveryId,
        /// In words.
        reason: String,
    },
}

/// What looking up a delivery found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It left, under this Message-ID.
    Sent {
        /// With angle brackets.
        message_id: String,
        /// When, if known.
        at: Option<Timestamp>,
    },
    /// It certainly did not leave.
    NotSent,
    /// This mail system cannot tell.
    CannotTell,
}

/// Takes mails to the world.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one mail; returns the Message-ID it left under, which may differ from ours.
    async fn send(&self, org: &OrgId, mail: &OutgoingMail) -> Result<String, SendError>;

    /// Did this delivery leave, in an attempt whose answer was lost?
    async fn find(&self, org: &OrgId, mail: &OutgoingMail) -> Lookup;
}
