//! The event bus. An event is a hint: what must happen is a row in the table, and a lost event costs time, never a lead.

use async_trait::async_trait;
use domain::OrgId;
use serde::{Deserialize, Serialize};

/// What one function tells the others.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "detail-type", content = "detail")]
pub enum Event {
    /// An administrator connected an org: provision it.
    Connected {
        /// The org.
        org: OrgId,
    },
    /// A notification was recorded: look at its records.
    RecordsChanged {
        /// The org.
        org: OrgId,
        /// The sort key of the notification's row.
        notification: String,
    },
    /// The org's outbox holds changes for the CRM.
    WritebackPending {
        /// The org.
        org: OrgId,
    },
    /// An assistant was added or edited: find its user and its records.
    AssistantChanged {
        /// The org.
        org: OrgId,
    },
    /// Somebody wants to know what would become of a record, or wants an assistant to have it.
    LeadAsked {
        /// The org.
        org: OrgId,
        /// The favour that was asked.
        favour: String,
    },
    /// Somebody wants a mail of a schedule sent to themselves.
    TestAsked {
        /// The org.
        org: OrgId,
        /// The favour that was asked.
        favour: String,
    },
    /// A connection was not looked after for a while.
    UpkeepDue {
        /// The org.
        org: OrgId,
    },
}

/// The bus did not take it.
#[derive(Debug, thiserror::Error)]
#[error("the event bus did not take the event: {0}")]
pub struct EventsError(pub String);

/// Publishes events; each reaches its consumer at least once, in any order, or is lost.
#[async_trait]
pub trait Events: Send + Sync {
    /// Hands the events over.
    async fn publish(&self, events: &[Event]) -> Result<(), EventsError>;
}
