//! Why a use case stopped, by what its caller does next.

use crate::ports::{CrmError, EventsError, SecretsError, TableError};

/// A use case that did not finish.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The CRM.
    #[error(transparent)]
    Crm(#[from] CrmError),
    /// The secret store.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The event bus.
    #[error(transparent)]
    Events(#[from] EventsError),
    /// No secret can be drawn.
    #[error("this machine gives no random numbers: {0}")]
    Randomness(#[from] getrandom::Error),
    /// Others kept changing the same thing; the next try will find it quiet.
    #[error("{0} kept changing while it was read")]
    Contended(String),
    /// The org is not connected (any more).
    #[error("organisation {0} is not connected; open /oauth/authorize to connect it")]
    NotConnected(domain::OrgId),
    /// The decision and the stored lead do not fit: a bug, or a row changed by hand.
    #[error(transparent)]
    Illegal(#[from] domain::IllegalFact),
    /// A setting or an argument is wrong.
    #[error("{0}")]
    Invalid(String),
}

impl AppError {
    /// May the same call pass later, with nothing changed by a person?
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Table(TableError::Unavailable(_) | TableError::Unexpected(_)) => true,
            Self::Table(TableError::Corrupt { .. }) => false,
            Self::Crm(
                CrmError::Busy(_)
                | CrmError::Throttled { .. }
                | CrmError::Unknown(_)
                | CrmError::Changed
                | CrmError::Disconnected(_),
            ) => true,
            Self::Crm(CrmError::Refused { .. } | CrmError::Absent) => false,
            Self::Secrets(_) | Self::Events(_) | Self::Randomness(_) | Self::Contended(_) => true,
            Self::NotConnected(_) | Self::Illegal(_) | Self::Invalid(_) => false,
        }
    }
}
