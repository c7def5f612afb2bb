//! Why a mail left, or did not.
//!
//! **Invariant:** a ruling about time holds everything that [`when`] was told, so that the same question can be put again
//! and must find the same answer.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::DeliveryId;
use crate::lead::SuppressedWhy;
use crate::when::{Agenda, Ask, Plan, when};
use crate::writing::How;

/// One decision about one mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Calendar time.
    pub at: Timestamp,
    /// Which mail.
    pub delivery: DeliveryId,
    /// What was decided.
    pub ruling: Ruling,
}

/// What was decided, with all that decided it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ruling", rename_all = "snake_case")]
pub enum Ruling {
    /// It leaves now, waits, or is held.
    Timed {
        /// The question.
        ask: Box<Ask>,
        /// The assistant's bookings, as far as the answer depends on them. `None` where the day was planned and no slot
        /// booked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agenda: Option<Agenda>,
        /// The answer.
        plan: Box<Plan>,
    },
    /// Its text was written.
    Written {
        /// By whom.
        how: How,
    },
    /// It waits for a person's approval.
    AwaitsApproval,
    /// It will not be sent: the address is on the suppression list.
    Suppressed {
        /// Why.
        why: SuppressedWhy,
    },
    /// It waits: nobody could see it in the CRM, or take the record back.
    NotConnected {
        /// What is wrong with the connection.
        reason: String,
    },
}

impl Decision {
    /// Puts a ruling's question again. `None` for a ruling that asked nothing, else whether the answer is the same.
    pub fn replay(&self) -> Option<bool> {
        let Ruling::Timed { ask, agenda, plan } = &self.ruling else { return None };
        Some(when(ask, agenda.as_ref()) == **plan)
    }
}

impl std::fmt::Display for Ruling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Timed { ask, plan, .. } => {
                match plan.as_ref() {
                    Plan::SendNow { .. } => f.write_str("sent now")?,
                    Plan::Wait { until, .. } => write!(f, "waits until {}", ask.calendar.display(*until))?,
                    Plan::Held { until, .. } => write!(f, "held, asked again {}", ask.calendar.display(*until))?,
                    Plan::NeedsDay { date } => write!(f, "undecided without the agenda of {date}")?,
                }
                let mut before = ": ";
                for reason in plan.reasons() {
                    write!(f, "{before}{reason}")?;
                    before = "; ";
                }
                Ok(())
            }
            Self::Written { how: How::Template } => f.write_str("written by the schedule's template"),
            Self::Written { how: How::Model } => f.write_str("written by the model; the guard found nothing"),
            Self::Written { how: How::TemplateInstead { reason } } => {
                write!(f, "written by the schedule's template: {reason}")
            }
            Self::AwaitsApproval => f.write_str("waits for a person's approval"),
            Self::Suppressed { why } => write!(f, "not sent: {}", why.words()),
            Self::NotConnected { reason } => write!(f, "waits: the CRM is not connected ({reason})"),
        }
    }
}
