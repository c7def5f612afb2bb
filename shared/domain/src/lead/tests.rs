mod actions;
mod briefs;
mod errands;
mod properties;

use super::*;
use crate::calendar::Calendar;
use crate::crm::{CrmChange, Module, RecordRef};
use crate::id::RecordId;
use crate::mail::{Direction, LoggedMail, Mailbox};
use crate::owner::OwnerRule;
use crate::reading::{Bounce, BounceKind, MailKind, Reading};
use crate::schedule::{Schedule, recommended};
use jiff::ToSpan;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn tara() -> Assistant {
    let calendar = Calendar::working_week("Europe/London").unwrap();
    let email = "tara@northwind.example".parse().unwrap();
    Assistant {
        user: Some(UserId::parse("9").unwrap()),
        ..Assistant::new("tara".parse().unwrap(), "Tara", email, calendar)
    }
}

fn enrolment<'a>(assistant: &'a Assistant, schedule: &'a Schedule) -> Enrolment<'a> {
    Enrolment {
        id: RecordRef { module: Module::Contacts, id: RecordId::parse("77").unwrap() }.into(),
        person: Person { first_name: "Ada".into(), last_name: "Lovelace".into(), ..Person::default() },
        address: AddressUse::Free("ada@example.com".parse().unwrap()),
        context: "We grind lenses.".into(),
        wanted_schedule: String::new(),
        status: None,
        assistant,
        assistant_user: UserId::parse("9").unwrap(),
        schedule,
        owners: vec![PreviousOwner {
            user: UserId::parse("1").unwrap(),
            name: "Pat".into(),
            rule: OwnerRule::Timeline,
        }],
        before: None,
        now: at("2026-01-05T10:00:00Z"),
    }
}

fn logged(direction: Direction, now: Timestamp, text: &str) -> Box<LoggedMail> {
    let mailbox = |address: &str| Mailbox { name: String::new(), address: address.parse().unwrap() };
    Box::new(LoggedMail {
        direction,
        from: mailbox("ada@example.com"),
        to: mailbox("tara@northwind.example"),
        subject: "Hello".into(),
        text: text.into(),
        at: now,
        message_id: format!("<{now}@example.com>"),
    })
}

fn reading(kind: MailKind, intent: Option<Intent>) -> Reading {
    let bounce = (kind == MailKind::Bounce).then_some(Bounce { kind: BounceKind::Hard, recipient: None, status: None });
    Reading {
        kind,
        intent,
        confidence: 90,
        bounce,
        return_date: None,
        referred_to: None,
        new_text: "words".into(),
        evidence: vec!["a test".into()],
    }
}

pub(super) fn answer(now: Timestamp, intent: Intent) -> Fact {
    Fact::Received { mail: logged(Direction::Received, now, "words"), reading: reading(MailKind::Human, Some(intent)) }
}

/// A lead with its clock: applies facts, collects effects, checks on every step what must always hold.
pub(super) struct Walk {
    pub(super) assistant: Assistant,
    pub(super) schedule: Schedule,
    pub(super) lead: Lead,
    pub(super) effects: Vec<Effect>,
    pub(super) now: Timestamp,
}

impl Walk {
    pub(super) fn start() -> Self {
        let (assistant, schedule) = (tara(), recommended());
        let Transition { lead, effects } = enrolment(&assistant, &schedule).decide();
        Self { assistant, schedule, lead, effects, now: at("2026-01-05T10:00:00Z") }
    }

    pub(super) fn apply(&mut self, fact: Fact) -> Result<(), IllegalFact> {
        let moment = Moment { now: self.now, assistant: &self.assistant, schedule: &self.schedule };
        let before = self.lead.clone();
        let asked = matches!(fact, Fact::Asked(_));
        let Transition { lead, effects } = self.lead.apply(fact, &moment)?;
        assert!(lead.status >= before.status, "the status fell");
        assert!(asked || before.is_active() || !lead.is_active(), "an ended lead came back to life by itself");
        let in_flight = matches!(lead.stage, Stage::Sending { .. })
            && matches!(lead.errand, Some(Errand { progress: ErrandProgress::Sending { .. }, .. }));
        assert!(!in_flight, "two mails in flight");
        assert!(
            lead.errand.is_some() || lead.hand_back != HandBack::AfterErrand,
            "waits for an errand that is not there"
        );
        self.lead = lead;
        self.effects.extend(effects);
        Ok(())
    }

    pub(super) fn send_due(&mut self) {
        if let Stage::Waiting { step, due, .. } = self.lead.stage.clone() {
            self.now = self.now.max(due);
            let delivery = self.lead.delivery(step);
            self.apply(Fact::Claimed { delivery: delivery.clone(), lease_until: self.now }).unwrap();
            let mail = logged(Direction::Sent, self.now, "hello");
            self.apply(Fact::Sent { delivery, mail, message_ids: vec!["<a@b.c>".into()] }).unwrap();
        }
    }

    /// Sends the mail besides the schedule, if one is due.
    fn run_errand(&mut self) -> bool {
        let Some(errand @ Errand { progress: ErrandProgress::Waiting { due, .. }, .. }) = self.lead.errand.clone()
        else {
            return false;
        };
        self.now = self.now.max(due);
        let delivery = self.lead.errand_delivery(&errand);
        self.apply(Fact::Claimed { delivery: delivery.clone(), lease_until: self.now }).unwrap();
        let mail = logged(Direction::Sent, self.now, errand.kind.name());
        self.apply(Fact::Sent { delivery, mail, message_ids: vec!["<e@b.c>".into()] }).unwrap();
        true
    }

    fn ask(&mut self, action: Action) -> Result<(), IllegalFact> {
        let order = Order { action, by: "Priya".into(), why: "it is time".into(), schedule_revision: 0 };
        self.apply(Fact::Asked(order))
    }

    /// What changed in the CRM, in short.
    fn kinds(&self) -> Vec<String> {
        let kind = |change: &&CrmChange| match change {
            CrmChange::Note(note) => format!("note {}", note.title),
            CrmChange::LogMail(mail) => format!("{:?} mail", mail.direction),
            CrmChange::SetStatus { status } => format!("status {}", status.as_str()),
            CrmChange::Task(task) => format!("task {}", task.subject),
            CrmChange::TakeBack { .. } => "take back".to_owned(),
            CrmChange::HandBack { .. } => "hand back".to_owned(),
        };
        self.changes().iter().map(kind).collect()
    }

    pub(super) fn changes(&self) -> Vec<&CrmChange> {
        self.effects
            .iter()
            .filter_map(|effect| if let Effect::Crm(change) = effect { Some(change) } else { None })
            .collect()
    }

    fn count(&self, wanted: fn(&CrmChange) -> bool) -> usize {
        self.changes().into_iter().filter(|change| wanted(change)).count()
    }
}

#[test]
fn seven_mails_without_an_answer_end_in_a_hand_back() {
    let mut walk = Walk::start();
    for _ in 0..7 {
        walk.send_due();
    }
    assert!(matches!(walk.lead.stage, Stage::Closing { .. }));
    let Stage::Closing { due } = walk.lead.stage.clone() else { unreachable!() };
    walk.now = due;
    walk.apply(Fact::ClosingTimeOver).unwrap();
    assert_eq!(walk.lead.state, LeadState::Processed);
    assert_eq!(walk.count(|change| matches!(change, CrmChange::LogMail(_))), 7);
    assert!(matches!(walk.changes().last(), Some(CrmChange::HandBack { .. })), "the owner comes last");
    let story: Vec<_> =
        walk.effects.iter().filter_map(|e| if let Effect::Tell(s) = e { Some(s.as_str()) } else { None }).collect();
    insta::assert_snapshot!("seven_mails_story", story.join("\n"));
}

#[test]
fn notes_read_well() {
    let mut walk = Walk::start();
    walk.send_due();
    walk.apply(answer(walk.now, Intent::AgreedToMeet)).unwrap();
    let mut texts = Vec::new();
    for change in walk.changes() {
        if let CrmChange::Note(note) = change {
            texts.push(format!("# {}\n{}", note.title, note.content));
        }
    }
    let (assistant, schedule) = (tara(), recommended());
    for why in [NotTaken::NoAddress, NotTaken::NurturedBefore, NotTaken::Suppressed { by: SuppressedWhy::Unsubscribed }]
    {
        let lead = &walk.lead;
        let note = crate::notes::turned_away(lead, &assistant, &why);
        texts.push(format!("# {}\n{}", note.title, note.content));
    }
    let odd = Enrolment { wanted_schedule: "Gone".into(), owners: vec![], ..enrolment(&assistant, &schedule) };
    if let Effect::Crm(CrmChange::Note(note)) = &odd.decide().effects[0] {
        texts.push(format!("# {}\n{}", note.title, note.content));
    }
    insta::assert_snapshot!("notes", texts.join("\n\n"));
}

#[test]
fn a_late_answer_is_logged_but_gives_nothing_back_again() {
    let mut walk = Walk::start();
    walk.send_due();
    walk.apply(answer(walk.now, Intent::Responded)).unwrap();
    walk.apply(answer(walk.now + 1.hour(), Intent::AgreedToMeet)).unwrap();
    assert_eq!(walk.count(|change| matches!(change, CrmChange::HandBack { .. })), 1);
    assert_eq!(walk.count(|change| matches!(change, CrmChange::LogMail(_))), 3);
    assert_eq!((walk.lead.state, walk.lead.status), (LeadState::Hot, ConnectionStatus::Hot));
}

#[test]
fn an_absence_moves_only_a_mail_that_falls_inside_it() {
    let mut walk = Walk::start();
    walk.send_due();
    let Stage::Waiting { due, .. } = walk.lead.stage.clone() else { panic!("a second mail is due") };
    let away = |until: &str| Reading {
        return_date: Some(until.parse().unwrap()),
        ..reading(MailKind::AutoReply, Some(Intent::OutOfOffice))
    };
    let mail = logged(Direction::Received, walk.now, "away");
    walk.apply(Fact::Received { mail: mail.clone(), reading: away("2026-01-05") }).unwrap();
    assert_eq!(
        walk.lead.stage,
        Stage::Waiting { step: StepNo::FIRST.next(), due, booked: false },
        "back before the next mail"
    );
    walk.apply(Fact::Received { mail, reading: away("2026-01-19") }).unwrap();
    let Stage::Waiting { due: moved, .. } = walk.lead.stage.clone() else { panic!("still waiting") };
    assert_eq!(walk.assistant.calendar.date(moved).to_string(), "2026-01-20", "the day after the return");
    assert_eq!(walk.lead.state, LeadState::OutOfOffice);
    assert_eq!(walk.count(|change| matches!(change, CrmChange::HandBack { .. })), 0, "no answer by a person");
}

#[test]
fn an_assignment_does_not_restart_a_nurtured_lead_and_a_workflow_gets_one_answer_a_day() {
    let mut walk = Walk::start();
    walk.send_due();
    walk.apply(answer(walk.now, Intent::Deactivated)).unwrap();
    walk.apply(Fact::HandedBack).unwrap();
    let (assistant, schedule) = (tara(), recommended());
    let again = |before: &Lead, now| {
        Enrolment { before: Some(before.clone()), now, ..enrolment(&assistant, &schedule) }.decide()
    };
    let first = again(&walk.lead, walk.now);
    assert_eq!(first.effects.len(), 3, "a note, the owner, the story: {:?}", first.effects);
    assert_eq!(first.lead.state, LeadState::Deactivated(DeactivatedWhy::Refused), "its past stays");
    let second = again(&first.lead, walk.now + 1.hour());
    assert!(matches!(second.effects[..], [Effect::Tell(_)]), "quiet within a day: {:?}", second.effects);
    assert_eq!(again(&first.lead, walk.now + 25.hours()).effects.len(), 3);
}

#[test]
fn a_record_without_address_can_be_assigned_again_once_mended() {
    let (assistant, schedule) = (tara(), recommended());
    let barred =
        Enrolment { address: AddressUse::Barred(NotTaken::NoAddress), ..enrolment(&assistant, &schedule) }.decide();
    assert!(matches!(barred.lead.stage, Stage::Ended { reason: EndReason::NotTaken { why: NotTaken::NoAddress } }));
    let mended = Enrolment { before: Some(barred.lead), ..enrolment(&assistant, &schedule) }.decide();
    assert!(mended.lead.is_active() && mended.lead.was_nurtured());
}

#[test]
fn facts_that_cannot_be_are_refused() {
    let mut walk = Walk::start();
    let other = DeliveryId::parse("dlv_contacts-77.1.2").unwrap();
    let refused = walk.apply(Fact::Claimed { delivery: other, lease_until: walk.now }).unwrap_err();
    assert_eq!(refused.to_string(), "a claim to send cannot happen to a lead that is waiting for its next mail");
    assert!(walk.apply(Fact::HandedBack).is_err());
    assert!(walk.apply(Fact::ClosingTimeOver).is_err());
}
