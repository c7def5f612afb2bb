//! One function decides what a fact changes, live and in replay.

use jiff::Timestamp;

use super::enrol::give_back;
use super::{
    DeactivatedWhy, Effect, EndReason, Fact, HandBack, IllegalFact, Lead, LeadState, Moment, Stage, SuppressedWhy,
    Transition,
};
use crate::crm::{ConnectionStatus, CrmChange, Note};
use crate::id::StepNo;
use crate::mail::LoggedMail;
use crate::notes;
use crate::reading::{Intent, MailKind, Reading};

/// An absence without a return date holds the mails this long.
const UNDATED_ABSENCE_DAYS: u16 = 7;

impl Lead {
    /// What `fact` makes of this lead.
    pub fn apply(&self, fact: Fact, moment: &Moment<'_>) -> Result<Transition, IllegalFact> {
        let mut change = Changing { lead: self.clone(), effects: Vec::new(), moment };
        match (self.stage.clone(), fact) {
            (Stage::Waiting { step, due }, Fact::Claimed { delivery, lease_until })
                if due <= moment.now && delivery == self.delivery(step) =>
            {
                change.lead.stage = Stage::Sending { step, delivery, lease_until };
            }
            (Stage::Waiting { step, .. }, Fact::Postponed { until }) => {
                change.lead.stage = Stage::Waiting { step, due: until };
            }
            (Stage::Sending { step, delivery, .. }, Fact::Sent { delivery: sent, mail, message_ids })
                if sent == delivery =>
            {
                change.mail_left(step, *mail, &message_ids);
                change.go_on_after(step);
            }
            (Stage::Sending { step, delivery, .. }, Fact::NotSent { delivery: failed, retry_at })
                if failed == delivery =>
            {
                change.lead.stage = Stage::Waiting { step, due: retry_at };
            }
            (Stage::Sending { delivery, .. }, Fact::SendRefused { delivery: refused, reason })
                if refused == delivery =>
            {
                change.tell(format!("the mail system refused the mail: {reason}"));
                change.end(EndReason::Undeliverable, LeadState::Deactivated(DeactivatedWhy::Bounced));
                change.hand_back(notes::refused_by_mail_system(&change.lead, &reason));
            }
            (Stage::Sending { step, delivery, .. }, Fact::Unsettled { delivery: lost, subject })
                if lost == delivery =>
            {
                change.tell(format!("nobody can tell whether mail {step} left; it is not sent again"));
                change.note(notes::unsettled(&change.lead, step));
                if change.lead.thread.subject.is_empty() {
                    change.lead.thread.subject = subject;
                }
                change.go_on_after(step);
            }
            // It had left before the end was known, or its fate was unknown until now: it belongs on the record, and the
            // plan has gone on without it.
            (
                Stage::Ended { .. } | Stage::Waiting { .. } | Stage::Closing { .. },
                Fact::Sent { delivery, mail, message_ids },
            ) if delivery != self.delivery(self.next_step()) => {
                change.mail_left(step_of(self, &delivery), *mail, &message_ids);
            }
            (Stage::Ended { .. }, Fact::NotSent { .. } | Fact::SendRefused { .. } | Fact::Unsettled { .. }) => {}
            (_, Fact::Received { mail, reading }) => change.received(*mail, &reading),
            (Stage::Ended { .. }, Fact::Undeliverable { why } | Fact::Unsubscribed { why }) => {
                change.suppress(why);
                if why != SuppressedWhy::Bounced {
                    change.lead.state = LeadState::Unsubscribed;
                }
            }
            (_, Fact::Undeliverable { why } | Fact::Unsubscribed { why }) => change.barred(why),
            (Stage::Waiting { .. }, Fact::NothingLeft) => {
                let Moment { now, assistant, schedule } = *moment;
                let due = assistant.calendar.days_later(now, schedule.closing_days(), self.spread(StepNo::FIRST));
                change.lead.stage = Stage::Closing { due };
                change.tell("the schedule was shortened; no further mail is sent".to_owned());
            }
            (Stage::Closing { due }, Fact::ClosingTimeOver) if due <= moment.now => {
                change.tell("the schedule ended without an answer".to_owned());
                change.end(EndReason::ScheduleEnded, LeadState::Processed);
                change.hand_back(notes::schedule_ended(&change.lead));
            }
            (Stage::Waiting { .. } | Stage::Sending { .. } | Stage::Closing { .. }, Fact::TakenOver) => {
                change.tell("somebody else took the record; the remaining mails are cancelled".to_owned());
                change.end(EndReason::TakenOver, LeadState::Deactivated(DeactivatedWhy::Stopped));
                change.note(notes::taken_over(&change.lead, moment.assistant));
                change.lead.hand_back = HandBack::Done;
            }
            (Stage::Waiting { .. } | Stage::Sending { .. } | Stage::Closing { .. }, Fact::RecordGone) => {
                change.tell("the record is no longer in the CRM; the remaining mails are cancelled".to_owned());
                change.end(EndReason::RecordGone, LeadState::Deactivated(DeactivatedWhy::Stopped));
                change.lead.hand_back = HandBack::Done;
            }
            (Stage::Ended { .. }, Fact::HandedBack | Fact::TakenOver | Fact::RecordGone) => {
                change.lead.hand_back = HandBack::Done;
            }
            (stage, fact) => return Err(IllegalFact { fact: fact.name(), stage: stage.name() }),
        }
        Ok(Transition { lead: change.lead, effects: change.effects })
    }
}

impl Fact {
    fn name(&self) -> &'static str {
        match self {
            Self::Claimed { .. } => "a claim to send",
            Self::Postponed { .. } => "a postponement",
            Self::Sent { .. } => "a mail that left",
            Self::NotSent { .. } => "a mail that did not leave",
            Self::SendRefused { .. } => "a refusal by the mail system",
            Self::Unsettled { .. } => "an unsettled delivery",
            Self::Received { .. } => "an answer",
            Self::Undeliverable { .. } => "a bounce",
            Self::Unsubscribed { .. } => "an unsubscription",
            Self::NothingLeft => "the end of a shortened schedule",
            Self::ClosingTimeOver => "the end of the last wait",
            Self::TakenOver => "a change of owner",
            Self::RecordGone => "the end of the record",
            Self::HandedBack => "a completed hand-back",
            Self::ErrandPostponed { .. } => "a postponement of a mail besides the schedule",
            Self::OwnerAway { .. } => "an absence of the owner",
            Self::TakenBack { .. } => "a return to the assistant",
            Self::ReminderDue => "a reminder of the owner",
            Self::Handled => "an end of the reminders",
            Self::Asked(order) => order.action.name(),
        }
    }
}

impl Lead {
    /// The mail that has not been claimed yet; past the last one when none is left.
    fn next_step(&self) -> StepNo {
        match self.stage {
            Stage::Waiting { step, .. } => step,
            Stage::Sending { step, .. } => step.next(),
            Stage::Closing { .. } | Stage::Ended { .. } => StepNo::BEYOND,
        }
    }
}

fn step_of(lead: &Lead, delivery: &crate::id::DeliveryId) -> StepNo {
    std::iter::successors(Some(StepNo::FIRST), |step| Some(step.next()))
        .take(crate::schedule::MAX_STEPS)
        .find(|step| lead.delivery(*step) == *delivery)
        .unwrap_or(StepNo::FIRST)
}

/// A lead in the middle of a transition.
struct Changing<'a> {
    lead: Lead,
    effects: Vec<Effect>,
    moment: &'a Moment<'a>,
}

impl Changing<'_> {
    fn tell(&mut self, sentence: String) {
        self.effects.push(Effect::Tell(sentence));
    }

    fn note(&mut self, note: Note) {
        self.effects.push(Effect::Crm(CrmChange::Note(note)));
    }

    fn raise(&mut self, status: ConnectionStatus) {
        if status > self.lead.status {
            self.lead.status = status;
            self.effects.push(Effect::Crm(CrmChange::SetStatus { status }));
        }
    }

    fn end(&mut self, reason: EndReason, state: LeadState) {
        self.lead.stage = Stage::Ended { reason };
        self.lead.state = state;
    }

    /// The summing-up, then the owner: always in this order.
    fn hand_back(&mut self, note: Note) {
        self.note(note);
        self.effects.extend(give_back(&mut self.lead));
    }

    fn suppress(&mut self, why: SuppressedWhy) {
        if let Some(address) = self.lead.address.clone() {
            self.effects.push(Effect::Suppress { address, why });
        }
    }

    fn mail_left(&mut self, step: StepNo, mail: LoggedMail, message_ids: &[String]) {
        let thread = &mut self.lead.thread;
        if thread.subject.is_empty() {
            thread.subject.clone_from(&mail.subject);
            thread.first_text.clone_from(&mail.text);
            thread.first_at = Some(mail.at);
        }
        message_ids.iter().for_each(|id| thread.push(id));
        self.lead.mails_sent += 1;
        self.tell(format!("mail {step} sent: {}", mail.subject));
        self.effects.push(Effect::Crm(CrmChange::LogMail(Box::new(mail))));
    }

    fn go_on_after(&mut self, step: StepNo) {
        let Moment { now, assistant, schedule } = *self.moment;
        let next = step.next();
        let spread = self.lead.spread(next);
        self.lead.stage = match schedule.step(next) {
            Some(follow_up) => {
                // At least the next day: two mails on one day are never meant, whatever an edit of the schedule says.
                let due = assistant.calendar.days_later(now, follow_up.days_after.max(1), spread);
                Stage::Waiting { step: next, due }
            }
            None => Stage::Closing { due: assistant.calendar.days_later(now, schedule.closing_days(), spread) },
        };
    }

    fn barred(&mut self, why: SuppressedWhy) {
        self.suppress(why);
        let (state, sentence) = match why {
            SuppressedWhy::Unsubscribed => (LeadState::Unsubscribed, "the lead unsubscribed"),
            SuppressedWhy::Bounced => (LeadState::Deactivated(DeactivatedWhy::Bounced), "a mail came back for good"),
            SuppressedWhy::Complained => (LeadState::Unsubscribed, "the lead called a mail abuse"),
        };
        self.tell(sentence.to_owned());
        let reason = match why {
            SuppressedWhy::Bounced => EndReason::Undeliverable,
            by @ (SuppressedWhy::Unsubscribed | SuppressedWhy::Complained) => EndReason::Suppressed { by },
        };
        self.end(reason, state);
        self.hand_back(notes::barred(&self.lead, why));
    }

    fn received(&mut self, mail: LoggedMail, reading: &Reading) {
        let log = Effect::Crm(CrmChange::LogMail(Box::new(mail)));
        match reading.kind {
            // What mail systems say to each other is no correspondence: it changes the lead, not the record's mails.
            MailKind::Complaint => return self.barred_if_active(SuppressedWhy::Complained),
            MailKind::Bounce => {
                let hard =
                    reading.bounce.as_ref().is_some_and(|bounce| bounce.kind == crate::reading::BounceKind::Hard);
                if hard {
                    return self.barred_if_active(SuppressedWhy::Bounced);
                }
                return self.tell("a mail is delayed or was refused for now".to_owned());
            }
            MailKind::AutoReply => {
                self.effects.push(log);
                return self.absent(reading);
            }
            MailKind::Human => self.effects.push(log),
        }
        let intent = reading.intent.unwrap_or(Intent::Responded);
        self.tell(format!("answer: {} ({})", notes::intent(intent), reading.evidence.join(", ")));
        let (state, status) = outcome(intent);
        if let Some(status) = status {
            self.raise(status);
        }
        if intent == Intent::Unsubscribed {
            self.suppress(SuppressedWhy::Unsubscribed);
        }
        if self.lead.is_active() {
            let reason = match intent {
                Intent::Unsubscribed => EndReason::Suppressed { by: SuppressedWhy::Unsubscribed },
                _ => EndReason::Replied,
            };
            self.end(reason, state);
            self.hand_back(notes::replied(&self.lead, intent, &reading.new_text));
        } else {
            // A late answer: the owner has the record already and wants to know.
            if self.lead.state != LeadState::Unsubscribed {
                self.lead.state = state;
            }
            self.note(notes::replied_late(intent, &reading.new_text));
        }
    }

    fn barred_if_active(&mut self, why: SuppressedWhy) {
        if self.lead.is_active() { self.barred(why) } else { self.suppress(why) }
    }

    /// Software answered. An absence moves the next mail only if it falls inside the absence; nothing else changes.
    fn absent(&mut self, reading: &Reading) {
        let Moment { now, assistant, .. } = *self.moment;
        let (Some(Intent::OutOfOffice), Stage::Waiting { step, due }) = (reading.intent, self.lead.stage.clone())
        else {
            return self.tell("software answered; nothing changes".to_owned());
        };
        let calendar = &assistant.calendar;
        let spread = self.lead.spread(step);
        let back: Timestamp = match reading.return_date {
            Some(date) => calendar.slot_on_or_after(date.tomorrow().unwrap_or(date), spread),
            None => calendar.days_later(now, UNDATED_ABSENCE_DAYS, spread),
        };
        if due < back {
            self.lead.stage = Stage::Waiting { step, due: back };
        }
        self.lead.state = LeadState::OutOfOffice;
        self.tell(format!("out of office; the next mail goes {}", calendar.display(due.max(back))));
    }
}

/// What an answer by a person makes of the lead's state, and of the record's status.
fn outcome(intent: Intent) -> (LeadState, Option<ConnectionStatus>) {
    let deactivated = |why| (LeadState::Deactivated(why), None);
    match intent {
        Intent::AgreedToMeet | Intent::InterestedToProceed => (LeadState::Hot, Some(ConnectionStatus::Hot)),
        Intent::BrochureRequested | Intent::ConnectLater => (LeadState::Warm, Some(ConnectionStatus::Warm)),
        Intent::Unsubscribed => (LeadState::Unsubscribed, None),
        Intent::Deactivated => deactivated(DeactivatedWhy::Refused),
        Intent::ReferredSomeone => deactivated(DeactivatedWhy::Referred),
        Intent::MovedOut => deactivated(DeactivatedWhy::MovedOut),
        Intent::Retired => deactivated(DeactivatedWhy::Retired),
        Intent::SeekingMoreInfo | Intent::Responded | Intent::OutOfOffice | Intent::SupportAutoResponse => {
            (LeadState::Responded, None)
        }
    }
}
