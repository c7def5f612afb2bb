//! Mails besides the schedule: an answer that was asked for, a person's own words, an introduction.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::change::Changing;
use super::{Fact, IllegalFact, Lead, Stage};
use crate::id::DeliveryId;
use crate::mail::Mailbox;
use crate::notes;
use crate::when::NotBefore;

/// A mail besides the schedule.
///
/// **Invariant:** a lead has at most one, and never while a scheduled mail is in flight is it in flight too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// Counted from 1 in its run; it makes the delivery's name.
    pub number: u32,
    /// What is sent.
    pub kind: ErrandKind,
    /// The Message-ID of the mail it answers, if it answers one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
    /// How far it is.
    pub progress: ErrandProgress,
}

/// What an errand sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "errand", rename_all = "snake_case")]
pub enum ErrandKind {
    /// A person's words, in the assistant's name.
    Message {
        /// Subject line, for a lead that has no thread yet.
        subject: Option<String>,
        /// The text, to which the signature is added.
        text: String,
    },
    /// Makes the owner known to the lead, with the owner in copy.
    Introduction {
        /// Who is introduced.
        owner: Mailbox,
        /// A person's words instead of the usual ones.
        text: Option<String>,
    },
    /// The document that the lead asked for.
    Brochure {
        /// Where it is.
        url: String,
    },
    /// Times to meet.
    Calendar {
        /// Where the lead picks one.
        url: String,
    },
}

impl ErrandKind {
    /// In words, for a story or a note.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Message { .. } => "a message by a person",
            Self::Introduction { .. } => "the introduction",
            Self::Brochure { .. } => "the answer with the brochure",
            Self::Calendar { .. } => "the answer with the calendar",
        }
    }

    /// Is it written by software, at once, in answer to a mail?
    pub fn is_automatic(&self) -> bool {
        match self {
            Self::Brochure { .. } | Self::Calendar { .. } => true,
            Self::Message { .. } | Self::Introduction { .. } => false,
        }
    }
}

/// How far an errand is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum ErrandProgress {
    /// It is due at an instant of the calendar.
    Waiting {
        /// When.
        due: Timestamp,
        /// Is that a slot of the assistant's agenda, which is this mail's?
        #[serde(default)]
        booked: bool,
    },
    /// It is claimed and may be leaving.
    Sending {
        /// Until when the sender has it to itself, real time.
        lease_until: Timestamp,
    },
}

/// When somebody has to look at a lead again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// Something is due at this instant of the calendar.
    Due(Timestamp),
    /// A sender's lease ends at this instant of real time.
    Lease(Timestamp),
}

impl Lead {
    /// The name of an errand's mail.
    pub fn errand_delivery(&self, errand: &Errand) -> DeliveryId {
        DeliveryId::of_errand(&self.id, self.run, errand.number)
    }

    /// The mail in flight, if one is: its name, and until when its sender has it.
    pub fn in_flight(&self) -> Option<(DeliveryId, Timestamp)> {
        match (&self.errand, &self.stage) {
            (Some(errand @ Errand { progress: ErrandProgress::Sending { lease_until }, .. }), _) => {
                Some((self.errand_delivery(errand), *lease_until))
            }
            (_, Stage::Sending { delivery, lease_until, .. }) => Some((delivery.clone(), *lease_until)),
            _ => None,
        }
    }

    /// When it has to be looked at again: the lease of the mail in flight, else the earliest of what is due.
    pub fn wake(&self) -> Option<Wake> {
        if let Some((_, lease_until)) = self.in_flight() {
            return Some(Wake::Lease(lease_until));
        }
        let stage = match &self.stage {
            Stage::Waiting { due, .. } | Stage::Closing { due } => Some(*due),
            Stage::Held { .. } | Stage::Sending { .. } | Stage::Ended { .. } => None,
        };
        let errand = match &self.errand {
            Some(Errand { progress: ErrandProgress::Waiting { due, .. }, .. }) => Some(*due),
            Some(Errand { progress: ErrandProgress::Sending { .. }, .. }) | None => None,
        };
        let reminder = self.reminder.as_ref().map(|reminder| reminder.due);
        [stage, errand, reminder, self.engagement.settles_at()].into_iter().flatten().min().map(Wake::Due)
    }
}

impl Changing<'_> {
    /// Does the fact tell what became of the errand in hand?
    pub(super) fn is_of_errand(&self, fact: &Fact) -> bool {
        let Some(errand) = &self.lead.errand else { return false };
        let name = self.lead.errand_delivery(errand);
        match fact {
            Fact::ErrandPostponed { .. } => true,
            Fact::Claimed { delivery, .. }
            | Fact::Sent { delivery, .. }
            | Fact::NotSent { delivery, .. }
            | Fact::SendRefused { delivery, .. }
            | Fact::Unsettled { delivery, .. } => *delivery == name,
            _ => false,
        }
    }

    /// What became of the errand in hand.
    pub(super) fn errand(&mut self, fact: Fact) -> Result<(), IllegalFact> {
        let now = self.moment.now;
        let busy = self.lead.in_flight().is_some();
        let Some(errand) = &mut self.lead.errand else { return Ok(()) };
        let kind = errand.kind.clone();
        match (&errand.progress, fact) {
            (ErrandProgress::Waiting { due, .. }, Fact::Claimed { lease_until, .. }) if *due <= now && !busy => {
                errand.progress = ErrandProgress::Sending { lease_until };
            }
            (ErrandProgress::Waiting { .. }, Fact::ErrandPostponed { until, booked }) => {
                errand.progress = ErrandProgress::Waiting { due: until, booked };
            }
            // Also while it waits for another try: the provider may know better than the one who asked.
            (_, Fact::Sent { delivery, mail, message_ids }) => {
                self.mail_left(&delivery, *mail, &message_ids);
                self.errand_over();
                self.keep_distance();
            }
            (ErrandProgress::Sending { .. }, Fact::NotSent { retry_at, .. }) => {
                errand.progress = ErrandProgress::Waiting { due: retry_at, booked: false };
            }
            (ErrandProgress::Sending { .. }, Fact::SendRefused { reason, .. }) => {
                self.lead.errand = None;
                if self.lead.is_active() {
                    self.refused(reason);
                } else {
                    self.tell(format!("the mail system refused {}: {reason}", kind.name()));
                    self.note(notes::errand_refused(kind.name(), &reason));
                    self.errand_over();
                }
            }
            (ErrandProgress::Sending { .. }, Fact::Unsettled { .. }) => {
                self.tell(format!("nobody can tell whether {} left; it is not sent again", kind.name()));
                self.note(notes::unsettled(&self.lead, kind.name()));
                self.errand_over();
            }
            (
                ErrandProgress::Waiting { .. },
                Fact::NotSent { .. } | Fact::SendRefused { .. } | Fact::Unsettled { .. },
            ) => {}
            (_, fact) => {
                return Err(IllegalFact {
                    fact: fact.name(),
                    stage: "about to get a mail besides the schedule",
                    because: None,
                });
            }
        }
        Ok(())
    }

    /// Two mails on one day are never meant: the schedule's next one leaves a day after a person's words at the earliest.
    fn keep_distance(&mut self) {
        if let Stage::Waiting { step, due, .. } = self.lead.stage {
            self.wait_longer(step, due, NotBefore::Gap { since: self.moment.now, days: 1 });
        }
    }
}
