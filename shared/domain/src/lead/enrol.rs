//! Taking a record on, or turning it away.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{DeactivatedWhy, Effect, EndReason, HandBack, Lead, LeadState, Person, Stage, SuppressedWhy, Transition};
use crate::address::EmailAddress;
use crate::assistant::Assistant;
use crate::crm::{ConnectionStatus, CrmChange};
use crate::engagement::Engagement;
use crate::id::{LeadId, StepNo, UserId};
use crate::mail::Thread;
use crate::notes;
use crate::owner::PreviousOwner;
use crate::schedule::Schedule;
use crate::when::{NotBefore, Opens};

/// Why a record is not taken on; the note says it in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum NotTaken {
    /// The record has no mail address.
    NoAddress,
    /// What stands in the address field is none.
    InvalidAddress,
    /// The record says that the person wants no mail.
    OptedOut,
    /// The address is on the suppression list.
    Suppressed {
        /// Why.
        by: SuppressedWhy,
    },
    /// Another record with the same address is being nurtured.
    AlreadyNurtured {
        /// Through this record.
        through: LeadId,
    },
    /// It was nurtured before; people assign by accident.
    NurturedBefore,
}

/// What the store knows of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressUse {
    /// It may be written to.
    Free(EmailAddress),
    /// It may not, or there is none.
    Barred(NotTaken),
}

impl NotTaken {
    /// Why, in half a sentence, and what a person can do about it: as the note on the record says it.
    pub fn words(&self) -> (String, &'static str) {
        (notes::reason(self), notes::remedy(self))
    }
}

impl AddressUse {
    /// The address to which a record is worked on, of which `before` is stored, or why it is not.
    pub fn judge(self, before: Option<&Lead>) -> Result<EmailAddress, NotTaken> {
        match self {
            _ if before.is_some_and(Lead::was_nurtured) => Err(NotTaken::NurturedBefore),
            Self::Barred(why) => Err(why),
            Self::Free(address) => Ok(address),
        }
    }
}

/// A record whose owner became an assistant, with all that decides about it.
#[derive(Debug, Clone)]
pub struct Enrolment<'a> {
    /// The record.
    pub id: LeadId,
    /// Who it is.
    pub person: Person,
    /// May its address be written to?
    pub address: AddressUse,
    /// The record's context field.
    pub context: String,
    /// The record's schedule field.
    pub wanted_schedule: String,
    /// The status on the record now, if any.
    pub status: Option<ConnectionStatus>,
    /// The assistant it was assigned to.
    pub assistant: &'a Assistant,
    /// The assistant's CRM user.
    pub assistant_user: UserId,
    /// The schedule to follow: the wanted one, or a default.
    pub schedule: &'a Schedule,
    /// Who gets it back one day: the first, or should that one be away by then, perhaps another.
    pub owners: Vec<PreviousOwner>,
    /// What is stored of this record, if it was met before.
    pub before: Option<Lead>,
    /// Calendar time.
    pub now: Timestamp,
}

impl Enrolment<'_> {
    /// Takes the record on, or turns it away with a note and gives it straight back.
    pub fn decide(self) -> Transition {
        match self.address.clone().judge(self.before.as_ref()) {
            Ok(address) => self.take_on(address),
            Err(why) => self.turn_away(why),
        }
    }

    fn take_on(self, address: EmailAddress) -> Transition {
        let mut lead = self.blank();
        lead.address = Some(address);
        lead.run = 1;
        let first = StepNo::FIRST;
        let days = self.schedule.step(first).map_or(0, |step| step.days_after);
        let gap = (days > 0).then_some(NotBefore::Gap { since: self.now, days });
        let (due, decided) = lead.plan(first, gap, self.now, self.assistant);
        lead.stage = Stage::Waiting { step: first, due, booked: false };
        let note = notes::taken_on(&lead, self.assistant, self.schedule, &self.wanted_schedule, due);
        let mut effects = vec![Effect::Crm(CrmChange::Note(note)), decided];
        // A record that is Warm already, from other work, stays Warm.
        if self.status.is_none() {
            effects.push(Effect::Crm(CrmChange::SetStatus { status: ConnectionStatus::Cold }));
        }
        effects.push(Effect::Tell(format!(
            "{} took the record on with the schedule {}; first mail {}",
            self.assistant.name,
            self.schedule.name(),
            self.assistant.calendar.display(due)
        )));
        Transition { lead, effects }
    }

    fn turn_away(self, why: NotTaken) -> Transition {
        let quiet = self
            .before
            .as_ref()
            .and_then(|lead| lead.turned_away_at)
            .is_some_and(|last| self.now.duration_since(last) < jiff::SignedDuration::from_hours(24));
        let mut lead = match self.before.clone() {
            Some(before) if before.was_nurtured() => before,
            _ => {
                let mut lead = self.blank();
                lead.state = LeadState::Deactivated(DeactivatedWhy::NotTaken);
                lead.stage = Stage::Ended { reason: EndReason::NotTaken { why: why.clone() } };
                lead
            }
        };
        lead.assistant = self.assistant.id.clone();
        lead.assistant_user = self.assistant_user.clone();
        if let [owner, others @ ..] = self.owners.as_slice() {
            (lead.previous_owner, lead.other_owners) = (Some(owner.clone()), others.to_vec());
        }
        if quiet {
            // Something in the CRM keeps assigning it. One round is service, a second would be a fight.
            lead.hand_back = HandBack::Done;
            let told =
                format!("{} was assigned the record again within a day and leaves it alone", self.assistant.name);
            return Transition { lead, effects: vec![Effect::Tell(told)] };
        }
        lead.turned_away_at = Some(self.now);
        let mut effects = vec![Effect::Crm(CrmChange::Note(notes::turned_away(&lead, self.assistant, &why)))];
        effects.extend(give_back(&mut lead));
        effects.push(Effect::Tell(format!("{} turned the record away: {}", self.assistant.name, notes::reason(&why))));
        Transition { lead, effects }
    }

    fn blank(&self) -> Lead {
        Lead {
            id: self.id.clone(),
            assistant: self.assistant.id.clone(),
            assistant_user: self.assistant_user.clone(),
            person: self.person.clone(),
            address: None,
            context: self.context.clone(),
            schedule: self.schedule.name().to_owned(),
            schedule_revision: self.schedule.revision(),
            run: 0,
            stage: Stage::Closing { due: self.now },
            state: LeadState::Cold,
            status: self.status.unwrap_or(ConnectionStatus::Cold),
            previous_owner: self.owners.first().cloned(),
            hand_back: HandBack::NotDue,
            thread: Thread::default(),
            other_owners: self.owners.iter().skip(1).cloned().collect(),
            mails_sent: 0,
            sent: Vec::new(),
            answer: None,
            errand: None,
            errands: 0,
            reminder: None,
            resume_at: None,
            opens: Opens::default(),
            engagement: Engagement::default(),
            enrolled_at: self.now,
            turned_away_at: self.before.as_ref().and_then(|lead| lead.turned_away_at),
        }
    }
}

/// Queues the owner change, the last thing that happens to a record; without anybody to give it to, the note has said so.
pub(super) fn give_back(lead: &mut Lead) -> Option<Effect> {
    match &lead.previous_owner {
        Some(owner) => {
            lead.hand_back = HandBack::Pending;
            let (from, to) = (lead.assistant_user.clone(), owner.user.clone());
            Some(Effect::Crm(CrmChange::HandBack { from, to }))
        }
        None => {
            lead.hand_back = HandBack::Done;
            None
        }
    }
}
