//! What an incoming mail makes of a lead.

use jiff::Timestamp;

use super::change::Changing;
use super::errand::ErrandKind;
use super::{Answer, DeactivatedWhy, Effect, EndReason, LeadState, Moment, Stage, SuppressedWhy};
use crate::assistant::Assistant;
use crate::brief;
use crate::crm::{ConnectionStatus, CrmChange};
use crate::mail::LoggedMail;
use crate::notes;
use crate::reading::{BounceKind, Intent, MailKind, Reading};
use crate::when::NotBefore;

/// An absence without a return date holds the mails this long.
const UNDATED_ABSENCE_DAYS: u16 = 7;
/// "Later", without a date, is this far off.
const UNDATED_LATER_DAYS: u16 = 30;
/// Characters kept of an answer; the whole of it is on the record.
const ANSWER_KEPT: usize = 1000;

impl Changing<'_> {
    /// Reads nothing: `reading` says what the mail is.
    pub(super) fn received(&mut self, mail: LoggedMail, reading: &Reading) {
        let message_id = mail.message_id.clone();
        let at = mail.at;
        let log = Effect::Crm(CrmChange::LogMail(Box::new(mail)));
        match reading.kind {
            // What mail systems say to each other is no correspondence: it changes the lead, not the record's mails.
            MailKind::Complaint => return self.barred(SuppressedWhy::Complained),
            MailKind::Bounce => {
                let hard = reading.bounce.as_ref().is_some_and(|bounce| bounce.kind == BounceKind::Hard);
                if hard {
                    return self.barred(SuppressedWhy::Bounced);
                }
                return self.tell("a mail is delayed or was refused for now");
            }
            MailKind::AutoReply | MailKind::Human => self.effects.push(log),
        }
        let intent = reading.intent.unwrap_or(Intent::Responded);
        match (reading.kind, intent) {
            (_, Intent::OutOfOffice) => self.absent(reading),
            (_, Intent::SupportAutoResponse) => self.tell("software confirmed receipt; nothing changes"),
            (MailKind::Human, _)
            | (_, Intent::MovedOut | Intent::Retired | Intent::ReferredSomeone | Intent::Deactivated) => {
                self.answered(at, message_id, intent, reading);
            }
            (MailKind::AutoReply | MailKind::Bounce | MailKind::Complaint, _) => {
                self.tell("software answered; nothing changes");
            }
        }
    }

    fn answered(&mut self, at: Timestamp, message_id: String, intent: Intent, reading: &Reading) {
        let evidence = reading.evidence.join(", ");
        self.tell(format!("answer: {} ({evidence})", notes::intent(intent)));
        self.lead.thread.push(&message_id);
        let text = reading.new_text.chars().take(ANSWER_KEPT).collect();
        let referred_to = reading.referred_to.clone();
        self.lead.answer = Some(Answer { at, intent, evidence, text, referred_to });
        let (state, status) = outcome(intent, reading.kind);
        if let Some(status) = status {
            self.raise(status);
        }
        match state {
            LeadState::Hot => self.start_reminding(),
            LeadState::Unsubscribed | LeadState::Deactivated(_) => self.lead.reminder = None,
            _ => {}
        }
        if intent == Intent::Unsubscribed {
            self.suppress(SuppressedWhy::Unsubscribed);
        }
        let leave_alone = matches!(state, LeadState::Unsubscribed | LeadState::Deactivated(_));
        if !self.lead.is_active() {
            // A late answer: the owner has the record already, or gets it in a moment, and wants to know.
            self.lead.state = self.lead.state.and(state);
            self.note(brief::late(&self.lead));
            if leave_alone {
                self.cancel_errand();
            }
            return;
        }
        if intent == Intent::ConnectLater && self.wait_until_later(reading) {
            self.lead.state = self.lead.state.and(state);
            return;
        }
        let reason = match intent {
            Intent::Unsubscribed => EndReason::Suppressed { by: SuppressedWhy::Unsubscribed },
            _ => EndReason::Replied,
        };
        self.end(reason, state);
        self.answer_at_once(intent, message_id);
        self.hand_back();
    }

    /// What the assistant itself answers, or asks the owner to. Whatever a person wanted to send before the answer came
    /// was written without knowing it.
    fn answer_at_once(&mut self, intent: Intent, message_id: String) {
        self.cancel_errand();
        if self.lead.errand.is_some() {
            return;
        }
        let assistant = self.moment.assistant;
        match intent {
            Intent::BrochureRequested if !assistant.brochure_url.is_empty() => {
                self.plan_errand(ErrandKind::Brochure { url: assistant.brochure_url.clone() }, Some(message_id));
            }
            Intent::BrochureRequested => {
                self.tell("there is no brochure link: the owner gets a task");
                let note = brief::brochure_wanted(&self.lead, &assistant.calendar);
                self.task(note.title, note.content, None);
            }
            Intent::AgreedToMeet | Intent::InterestedToProceed if !assistant.calendar_url.is_empty() => {
                self.plan_errand(ErrandKind::Calendar { url: assistant.calendar_url.clone() }, Some(message_id));
            }
            _ => {}
        }
    }

    /// The follow-up pauses until the day the lead named; `false` if no mail is left to go on with.
    fn wait_until_later(&mut self, reading: &Reading) -> bool {
        let Moment { now, assistant: Assistant { calendar, .. }, schedule } = *self.moment;
        let step = self.lead.next_step();
        if schedule.step(step).is_none() {
            return false;
        }
        let tomorrow = calendar.date(now).tomorrow().unwrap_or(calendar.date(now));
        let later = match reading.return_date {
            Some(date) => NotBefore::Day { date: date.max(tomorrow) },
            None => NotBefore::Gap { since: now, days: UNDATED_LATER_DAYS },
        };
        let due = self.wait_for(step, Some(later));
        self.tell(format!("asked for later; the follow-up goes on {}", calendar.display(due)));
        true
    }

    /// An absence moves the next mail only if it falls inside the absence; nothing else changes.
    fn absent(&mut self, reading: &Reading) {
        let Stage::Waiting { step, due, .. } = self.lead.stage else {
            return self.tell("out of office; nothing changes");
        };
        let absence = match reading.return_date {
            Some(back) => NotBefore::Absence { back },
            None => NotBefore::UndatedAbsence { since: self.moment.now, days: UNDATED_ABSENCE_DAYS },
        };
        let due = self.wait_longer(step, due, absence);
        self.lead.state = self.lead.state.and(LeadState::OutOfOffice);
        let next = self.moment.assistant.calendar.display(due);
        self.tell(format!("out of office; the next mail goes {next}"));
    }
}

/// What an answer makes of the lead's state, and of the record's status.
fn outcome(intent: Intent, kind: MailKind) -> (LeadState, Option<ConnectionStatus>) {
    let deactivated = |why| (LeadState::Deactivated(why), None);
    match intent {
        Intent::AgreedToMeet | Intent::InterestedToProceed => (LeadState::Hot, Some(ConnectionStatus::Hot)),
        Intent::BrochureRequested | Intent::ConnectLater => (LeadState::Warm, Some(ConnectionStatus::Warm)),
        Intent::Unsubscribed => (LeadState::Unsubscribed, None),
        Intent::Deactivated if kind == MailKind::AutoReply => deactivated(DeactivatedWhy::NotRead),
        Intent::Deactivated => deactivated(DeactivatedWhy::Refused),
        Intent::ReferredSomeone => deactivated(DeactivatedWhy::Referred),
        Intent::MovedOut => deactivated(DeactivatedWhy::MovedOut),
        Intent::Retired => deactivated(DeactivatedWhy::Retired),
        Intent::SeekingMoreInfo | Intent::Responded | Intent::OutOfOffice | Intent::SupportAutoResponse => {
            (LeadState::Responded, None)
        }
    }
}
