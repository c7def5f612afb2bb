//! The pre-flight: every mail that would leave, before anything starts.
//!
//! **Invariant:** leads, bookings and sending days come from the same decisions as a run's; only time, the mail system and
//! the CRM are imagined. Nobody answers, nothing bounces, and the assistant has no other leads.

use std::collections::{BTreeMap, BTreeSet};

use domain::when::{Agenda, AgendaDay, Plan, Reason, when};
use domain::{
    AddressUse, Assistant, CrmChange, Direction, Effect, EmailAddress, Enrolment, Fact, Lead, LoggedMail, Mailbox,
    Module, Moment, OwnerRule, PreviousOwner, RecordId, RecordRef, Ruling, Stage, StepNo, Transition, UserId,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

mod file;
mod rows;
#[cfg(test)]
mod tests;

pub use file::read_rows;
pub use rows::{Candidate, Row, RowError, check};

/// What Amazon SES takes for a thousand mails, in US dollars, without attachments (its list price in all regions, 2026).
pub const SES_USD_PER_THOUSAND: f64 = 0.10;
/// API credits for a record's enrolment besides what is written: the record itself, and its history of owners.
const CREDITS_TO_READ: u64 = 2;

/// A mail that would leave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedMail {
    /// The line of the file.
    pub line: u64,
    /// Whom it goes to.
    pub name: String,
    /// Its address.
    pub email: EmailAddress,
    /// Which mail of the schedule, from 1.
    pub step: StepNo,
    /// The schedule.
    pub schedule: String,
    /// When.
    pub at: Timestamp,
    /// The date where the lead is.
    pub date: Date,
    /// The time there.
    pub time: jiff::civil::Time,
    /// The zone that counts.
    pub zone: String,
    /// Why then, in words.
    pub reasons: Vec<String>,
}

/// The mails of one day of the assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DayLoad {
    /// Which day.
    pub date: Date,
    /// How many mails.
    pub mails: u32,
    /// The most there may be.
    pub cap: u32,
}

/// A lead whose mails could not all be planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unplanned {
    /// The line of the file.
    pub line: u64,
    /// Why, in words.
    pub reason: String,
}

/// What it comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Totals {
    /// Leads.
    pub leads: usize,
    /// Mails.
    pub mails: usize,
    /// The mail quota, day by day.
    pub days: Vec<DayLoad>,
    /// Zoho API credits, at most: what is written in one call for many records costs less.
    pub api_credits: u64,
    /// What the mail system takes, in US dollars.
    pub mail_usd: f64,
    /// The day on which the last record goes back to its owner, in the assistant's zone.
    pub finish: Option<Date>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Preflight {
    /// Mails in the order in which they leave.
    pub mails: Vec<PlannedMail>,
    /// What cannot be planned.
    pub unplanned: Vec<Unplanned>,
    /// What it comes to.
    pub totals: Totals,
}

/// Takes on all candidates at `start` and follows their schedules to the end.
pub fn preflight(assistant: &Assistant, candidates: &[Candidate<'_>], start: Timestamp) -> Result<Preflight, AppError> {
    fly(assistant, candidates, start, |due| due)
}

/// The same with a tick that takes on what is due at the instant `tick` says.
fn fly(
    assistant: &Assistant,
    candidates: &[Candidate<'_>],
    start: Timestamp,
    tick: impl Fn(Timestamp) -> Timestamp,
) -> Result<Preflight, AppError> {
    let mut flight = Flight {
        assistant: assistant.clone(),
        agenda: Agenda::default(),
        leads: Vec::new(),
        queue: BTreeSet::new(),
        mails: Vec::new(),
        unplanned: Vec::new(),
        credits: 0,
        finish: None,
    };
    for candidate in candidates {
        flight.take_on(candidate, start)?;
    }
    while let Some((due, number)) = flight.queue.pop_first() {
        flight.go_on(number, tick(due))?;
    }
    Ok(flight.land(start))
}

struct Flight<'a> {
    assistant: Assistant,
    agenda: Agenda,
    leads: Vec<Flying<'a>>,
    /// Who is due when.
    queue: BTreeSet<(Timestamp, usize)>,
    mails: Vec<PlannedMail>,
    unplanned: Vec<Unplanned>,
    credits: u64,
    finish: Option<Timestamp>,
}

struct Flying<'a> {
    candidate: &'a Candidate<'a>,
    lead: Lead,
    /// Why its next mail leaves when it does, as far as that is decided.
    reasons: Vec<Reason>,
}

impl<'a> Flight<'a> {
    fn take_on(&mut self, candidate: &'a Candidate<'a>, start: Timestamp) -> Result<(), AppError> {
        let invalid = |error: &dyn std::fmt::Display| AppError::Invalid(error.to_string());
        let id = RecordId::parse(candidate.line.to_string()).map_err(|error| invalid(&error))?;
        let somebody = || UserId::parse("1").map_err(|error| invalid(&error));
        let user = self.assistant.user.clone().map_or_else(somebody, Ok)?;
        let owner = PreviousOwner { user: user.clone(), name: String::new(), rule: OwnerRule::Timeline };
        let enrolment = Enrolment {
            id: RecordRef { module: Module::Leads, id }.into(),
            person: candidate.person.clone(),
            address: AddressUse::Free(candidate.email.clone()),
            context: String::new(),
            wanted_schedule: candidate.schedule.name().to_owned(),
            status: None,
            assistant: &self.assistant,
            assistant_user: user,
            schedule: candidate.schedule,
            owners: vec![owner],
            before: None,
            now: start,
        };
        let Transition { lead, effects } = enrolment.decide();
        self.credits += CREDITS_TO_READ;
        self.leads.push(Flying { candidate, lead: lead.clone(), reasons: Vec::new() });
        self.moved(self.leads.len() - 1, lead, effects);
        Ok(())
    }

    /// What the tick does with a lead that is due.
    fn go_on(&mut self, number: usize, now: Timestamp) -> Result<(), AppError> {
        let schedule = self.leads[number].candidate.schedule;
        match self.leads[number].lead.stage.clone() {
            Stage::Waiting { step, .. } => match schedule.step(step) {
                Some(follow_up) => {
                    let ask = self.leads[number].lead.ask_when_due(step, follow_up, now, &self.assistant);
                    let plan = loop {
                        match when(&ask, Some(&self.agenda)) {
                            Plan::NeedsDay { date } => {
                                self.agenda.insert(AgendaDay::empty(date, &self.assistant.calendar));
                            }
                            plan => break plan,
                        }
                    };
                    self.carry_out(number, step, now, plan)
                }
                None => self.apply(number, Fact::NothingLeft, now),
            },
            Stage::Closing { .. } => {
                self.finish = self.finish.max(Some(now));
                self.apply(number, Fact::ClosingTimeOver, now)
            }
            _ => Ok(()),
        }
    }

    fn carry_out(&mut self, number: usize, step: StepNo, now: Timestamp, plan: Plan) -> Result<(), AppError> {
        match plan {
            Plan::SendNow { booking, .. } => {
                self.agenda.apply(&booking);
                let name = self.leads[number].lead.delivery(step);
                self.apply(number, Fact::Claimed { delivery: name.clone(), lease_until: now }, now)?;
                self.assistant.started_on = self.assistant.started_on.or(Some(self.assistant.calendar.date(now)));
                self.note_mail(number, step, now);
                let mail = Box::new(self.mail_to(number, now));
                self.apply(number, Fact::Sent { delivery: name, mail, message_ids: vec![] }, now)
            }
            Plan::Wait { until, booking, reasons } => {
                if let Some(booking) = &booking {
                    self.agenda.apply(booking);
                }
                self.leads[number].because(reasons);
                self.apply(number, Fact::Postponed { until, booked: booking.is_some() }, now)
            }
            Plan::Held { reasons, .. } => {
                let reason = reasons.last().map(Reason::to_string).unwrap_or_default();
                self.unplanned.push(Unplanned { line: self.leads[number].candidate.line, reason });
                Ok(())
            }
            Plan::NeedsDay { date } => Err(AppError::Invalid(format!("the agenda of {date} is asked for again"))),
        }
    }

    fn apply(&mut self, number: usize, fact: Fact, now: Timestamp) -> Result<(), AppError> {
        let Flying { candidate, lead, .. } = &self.leads[number];
        let moment = Moment { now, assistant: &self.assistant, schedule: candidate.schedule };
        let Transition { lead, effects } = lead.apply(fact, &moment)?;
        self.moved(number, lead, effects);
        Ok(())
    }

    /// Keeps a lead as it is now, with what that costs and when it is due next.
    fn moved(&mut self, number: usize, lead: Lead, effects: Vec<Effect>) {
        if let Stage::Waiting { due, .. } | Stage::Closing { due } = lead.stage {
            self.queue.insert((due, number));
        }
        let flying = &mut self.leads[number];
        flying.lead = lead;
        for effect in effects {
            match effect {
                Effect::Crm(change) => self.credits += credits(&change),
                Effect::Decided(decision) => {
                    if let Ruling::Timed { plan, .. } = decision.ruling {
                        flying.because(plan.reasons().to_vec());
                    }
                }
                Effect::Suppress { .. } | Effect::Tell(_) => {}
            }
        }
    }

    fn note_mail(&mut self, number: usize, step: StepNo, at: Timestamp) {
        let Flying { candidate, lead, reasons } = &mut self.leads[number];
        let ask = lead.ask(step, at, &self.assistant);
        let zone = ask.whereabouts.zone.as_ref().unwrap_or(self.assistant.calendar.zone());
        let shown = zone.zone().to_datetime(at);
        self.mails.push(PlannedMail {
            line: candidate.line,
            name: candidate.person.full_name(),
            email: candidate.email.clone(),
            step,
            schedule: candidate.schedule.name().to_owned(),
            at,
            date: shown.date(),
            time: shown.time(),
            zone: zone.name().to_owned(),
            reasons: std::mem::take(reasons).iter().map(Reason::to_string).collect(),
        });
    }

    fn mail_to(&self, number: usize, at: Timestamp) -> LoggedMail {
        let mailbox = |address: &EmailAddress| Mailbox { name: String::new(), address: address.clone() };
        LoggedMail {
            direction: Direction::Sent,
            from: mailbox(&self.assistant.email),
            to: mailbox(&self.leads[number].candidate.email),
            subject: "planned".to_owned(),
            text: String::new(),
            at,
            message_id: String::new(),
        }
    }

    fn land(self, start: Timestamp) -> Preflight {
        let mut days = BTreeMap::<Date, u32>::new();
        for mail in &self.mails {
            *days.entry(self.assistant.calendar.date(mail.at)).or_default() += 1;
        }
        let ask = domain::when::Ask::new(start, &self.assistant, domain::Whereabouts::default(), 0);
        let caps = ask.caps();
        let load = |(date, mails)| DayLoad { date, mails, cap: caps(date) };
        Preflight {
            totals: Totals {
                leads: self.leads.len(),
                mails: self.mails.len(),
                days: days.into_iter().map(load).collect(),
                api_credits: self.credits,
                mail_usd: f64::from(u32::try_from(self.mails.len()).unwrap_or(u32::MAX)) / 1000.0
                    * SES_USD_PER_THOUSAND,
                finish: self.finish.map(|finish| self.assistant.calendar.date(finish)),
            },
            mails: self.mails,
            unplanned: self.unplanned,
        }
    }
}

impl Flying<'_> {
    /// More reasons for the next mail, each said once.
    fn because(&mut self, reasons: Vec<Reason>) {
        for reason in reasons {
            if !self.reasons.contains(&reason) {
                self.reasons.push(reason);
            }
        }
    }
}

/// What a change costs when it is the only one in its call. An owner is looked at before it is changed.
fn credits(change: &CrmChange) -> u64 {
    match change {
        CrmChange::Note(_) | CrmChange::LogMail(_) | CrmChange::SetStatus { .. } | CrmChange::Task(_) => 1,
        CrmChange::HandBack { .. } | CrmChange::TakeBack { .. } => 2,
    }
}
