//! What people do to a lead.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::change::Changing;
use super::errand::ErrandKind;
use super::{DeactivatedWhy, EndReason, HandBack, IllegalFact, Lead, LeadState, Moment, Stage, SuppressedWhy};
use crate::crm::{ConnectionStatus, CrmChange, Note};
use crate::engagement::Engagement;
use crate::id::StepNo;
use crate::mail::{Mailbox, Thread};
use crate::notes;
use crate::when::NotBefore;

/// Something that a person does to a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Sends a mail in the assistant's name.
    Message {
        /// Subject line; only a lead without a thread needs one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
        /// What to write.
        text: String,
    },
    /// Makes the owner known to the lead, with the owner in copy.
    Introduce {
        /// Who is introduced. `None`: whoever gets the record back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<Mailbox>,
        /// What to write instead of the usual words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// Writes a note on the record.
    Note {
        /// The note.
        text: String,
    },
    /// Stops the follow-up and gives the record back.
    Deactivate,
    /// Says that the lead is ready to talk.
    MarkHot,
    /// Takes the address off, for ever.
    Unsubscribe,
    /// Changes what the follow-up is about, or which schedule it follows.
    Edit {
        /// The new context.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<String>,
        /// The new schedule.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        schedule: Option<String>,
    },
    /// Begins the schedule again from its first mail.
    Restart,
    /// Goes on with the schedule where it stopped.
    Continue,
    /// Makes a task in the CRM for whoever gets the record.
    Remind {
        /// When it is due.
        on: Date,
        /// What about.
        text: String,
    },
    /// Says that the owner has taken care of a hot lead: no more reminders.
    Handled,
}

impl Action {
    /// In words, as the beginning of a sentence.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Message { .. } => "a message",
            Self::Introduce { .. } => "an introduction",
            Self::Note { .. } => "a note",
            Self::Deactivate => "stopping the follow-up",
            Self::MarkHot => "marking it hot",
            Self::Unsubscribe => "an unsubscription",
            Self::Edit { .. } => "an edit",
            Self::Restart => "a restart",
            Self::Continue => "continuing the follow-up",
            Self::Remind { .. } => "a reminder",
            Self::Handled => "an end of the reminders",
        }
    }
}

/// An action with who wants it and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// What.
    pub action: Action,
    /// Who, for the story: a name, or an account.
    pub by: String,
    /// Why; may be empty.
    #[serde(default)]
    pub why: String,
    /// The newest revision of the schedule that the lead follows afterwards; a new run and a new schedule begin with it.
    #[serde(default)]
    pub schedule_revision: u32,
}

impl Lead {
    /// May a person do this to the lead as it is? Otherwise why not, in words that say what else to do.
    ///
    /// | action | followed up | answering | ended | undeliverable | unsubscribed | never taken on | gone |
    /// |---|---|---|---|---|---|---|---|
    /// | message, introduce | yes ¹ | no ¹ | yes | no | no | no | no |
    /// | note, remind | yes | yes | yes | yes | yes | yes | no |
    /// | deactivate | yes | yes | yes ² | no | no | no | no |
    /// | hot | yes | yes ³ | yes ³ | yes ³ | no | no | no |
    /// | unsubscribe | yes | yes | yes | yes | no | no ⁴ | no |
    /// | edit | yes | yes | yes | yes | yes | no | no |
    /// | restart | no | no | yes | yes | no | yes | no |
    /// | continue | no | no | yes ⁵ | yes ⁶ | no | no | no |
    /// | handled | while the owner is reminded, in any of them | | | | | | |
    ///
    /// *Answering* is a lead whose answer is on its way and whose owner gets it right after. ¹ One mail besides the
    /// schedule at a time. ² Not if a person stopped it already. ³ Not if it is hot already. ⁴ It has no usable address.
    /// ⁵ After an answer, a stop or a change of owner, if the schedule has a mail left. ⁶ If the mail system refused a mail,
    /// which may be mended; not if one came back.
    pub fn objection(&self, action: &Action) -> Option<&'static str> {
        let reason = match &self.stage {
            Stage::Ended { reason } => Some(reason),
            Stage::Waiting { .. } | Stage::Held { .. } | Stage::Sending { .. } | Stage::Closing { .. } => None,
        };
        if reason == Some(&EndReason::RecordGone) {
            return Some("the record is no longer in the CRM");
        }
        let never_taken = matches!(reason, Some(EndReason::NotTaken { .. }));
        let undeliverable = matches!(reason, Some(EndReason::Undeliverable { .. }));
        let came_back = matches!(reason, Some(EndReason::Undeliverable { reason }) if reason.is_empty());
        let barred = self.state == LeadState::Unsubscribed;
        let first = |rules: &[(bool, &'static str)]| rules.iter().find(|(broken, _)| *broken).map(|(_, why)| *why);
        match action {
            Action::Note { .. } | Action::Remind { .. } => None,
            Action::Message { .. } | Action::Introduce { .. } => first(&[
                (never_taken || self.address.is_none(), "it was never taken on; assign the record once it can be"),
                (barred, "its owner wants no more mail"),
                (undeliverable, "the address does not take mail"),
                (self.errand.is_some(), "another mail is about to leave; try again when it has"),
                (
                    matches!(action, Action::Introduce { owner: None, .. }),
                    "nobody is known who could be introduced; name one",
                ),
            ]),
            Action::Deactivate => first(&[
                (never_taken, "it was never taken on, so there is nothing to stop"),
                (matches!(reason, Some(EndReason::Stopped { .. })), "it was stopped already"),
                (barred || undeliverable, "nothing is sent to it any more"),
            ]),
            Action::MarkHot => first(&[
                (never_taken, "it was never taken on; restart it instead"),
                (barred, "its owner wants no more mail"),
                (reason.is_some() && self.state == LeadState::Hot, "it is hot already"),
            ]),
            Action::Unsubscribe => first(&[
                (self.address.is_none(), "it has no mail address that was used"),
                (barred, "it is unsubscribed already"),
            ]),
            Action::Edit { context, schedule } => first(&[
                (never_taken, "it was never taken on; edit the record and assign it again"),
                (context.is_none() && schedule.is_none(), "nothing to change is named; give a context or a schedule"),
            ]),
            Action::Restart => first(&[
                (reason.is_none(), "it is being followed up; deactivate it first"),
                (barred, "its owner wants no more mail"),
                (self.errand.is_some(), "a mail is about to leave; try again when it has"),
            ]),
            Action::Continue => first(&[
                (reason.is_none(), "it is being followed up already"),
                (never_taken, "it was never taken on; restart it instead"),
                (barred, "its owner wants no more mail"),
                (came_back, "the address does not take mail"),
                (self.errand.is_some(), "a mail is about to leave; try again when it has"),
                (self.resume_at.is_none(), "its schedule has no mail left; restart it instead"),
            ]),
            Action::Handled => first(&[(self.reminder.is_none(), "nobody is being reminded of it")]),
        }
    }
}

impl Changing<'_> {
    /// Does what a person wants, or says why not.
    pub(super) fn asked(&mut self, order: Order) -> Result<(), IllegalFact> {
        let Order { action, by, why, schedule_revision } = order;
        if let Some(because) = self.lead.objection(&action) {
            let stage = self.lead.stage.name();
            return Err(IllegalFact { fact: action.name(), stage, because: Some(because) });
        }
        let reason = if why.is_empty() { String::new() } else { format!(" ({why})") };
        self.tell(format!("{by} asked for {}{reason}", action.name()));
        let stopped = EndReason::Stopped { by: by.clone(), why };
        match action {
            Action::Message { subject, text } => self.plan_errand(ErrandKind::Message { subject, text }, None),
            Action::Introduce { owner: Some(owner), text } => {
                self.plan_errand(ErrandKind::Introduction { owner, text }, None);
            }
            // The objection above holds it back.
            Action::Introduce { owner: None, .. } => {}
            Action::Note { text } => self.note(Note { title: format!("Note by {by}"), content: text }),
            Action::Deactivate => {
                self.lead.reminder = None;
                self.stop(stopped, LeadState::Deactivated(DeactivatedWhy::Stopped));
            }
            Action::MarkHot => {
                self.raise(ConnectionStatus::Hot);
                self.start_reminding();
                self.stop(stopped, LeadState::Hot);
            }
            Action::Unsubscribe => self.barred(SuppressedWhy::Unsubscribed),
            Action::Edit { context, schedule } => {
                self.lead.context = context.unwrap_or_else(|| std::mem::take(&mut self.lead.context));
                if let Some(schedule) = schedule {
                    (self.lead.schedule, self.lead.schedule_revision) = (schedule, schedule_revision);
                }
            }
            Action::Restart => self.restart(schedule_revision),
            Action::Continue => {
                if let Some(step) = self.lead.resume_at {
                    self.go_on_at(step);
                }
            }
            Action::Remind { on, text } => {
                let title = format!("{} asks: {}", by, crate::brief::clip(&text, 80));
                self.dated_task(title, text, on, None);
            }
            Action::Handled => self.lead.reminder = None,
        }
        Ok(())
    }

    /// Ends what is going on and gives the record back; what ended before only changes its state.
    fn stop(&mut self, reason: EndReason, state: LeadState) {
        if self.lead.is_active() {
            self.end(reason, state);
            self.cancel_errand();
            self.hand_back();
        } else {
            self.lead.state = self.lead.state.and(state);
            if let LeadState::Deactivated(_) = state {
                self.cancel_errand();
            }
        }
    }

    /// A new run from the first mail; a record that was never taken on is assigned anew, by the usual rules.
    fn restart(&mut self, schedule_revision: u32) {
        self.lead.turned_away_at = None;
        if !self.lead.was_nurtured() {
            return self.take_back();
        }
        let lead = &mut self.lead;
        lead.run += 1;
        lead.schedule_revision = schedule_revision;
        (lead.errands, lead.mails_sent) = (0, 0);
        lead.sent.clear();
        lead.engagement = Engagement::default();
        (lead.answer, lead.thread) = (None, Thread::default());
        lead.enrolled_at = self.moment.now;
        if !matches!(lead.state, LeadState::Warm | LeadState::Hot) {
            lead.state = LeadState::Cold;
        }
        self.go_on_at(StepNo::FIRST);
    }

    /// The follow-up begins as a new one does, or goes on the next day; the assistant gets the record first.
    fn go_on_at(&mut self, step: StepNo) {
        let Moment { now, assistant, schedule } = *self.moment;
        let days = if step == StepNo::FIRST { schedule.step(step).map_or(0, |first| first.days_after) } else { 1 };
        let due = self.wait_for(step, (days > 0).then_some(NotBefore::Gap { since: now, days }));
        self.lead.reminder = None;
        self.lead.resume_at = None;
        self.lead.hand_back = HandBack::TakingBack;
        self.take_back();
        self.note(notes::goes_on(&self.lead, assistant, step, due));
    }

    fn take_back(&mut self) {
        self.crm(CrmChange::TakeBack { to: self.lead.assistant_user.clone() });
    }
}
