//! What people do, and when they may.

use super::*;

fn mailbox() -> Mailbox {
    Mailbox { name: "Pat".into(), address: "pat@northwind.example".parse().unwrap() }
}

/// Every action, in the order of the table in `Lead::objection`.
fn all_actions() -> Vec<Action> {
    let text = || "Hello again".to_owned();
    vec![
        Action::Message { subject: None, text: text() },
        Action::Introduce { owner: Some(mailbox()), text: None },
        Action::Note { text: text() },
        Action::Remind { on: "2026-02-01".parse().unwrap(), text: text() },
        Action::Deactivate,
        Action::MarkHot,
        Action::Unsubscribe,
        Action::Edit { context: Some("New words".into()), schedule: None },
        Action::Restart,
        Action::Continue,
        Action::Handled,
    ]
}

pub(super) fn some_action(which: u8) -> Action {
    let mut actions = all_actions();
    actions.swap_remove(usize::from(which) % actions.len())
}

fn ended_by(fact: impl Fn(Timestamp) -> Fact) -> Walk {
    let mut walk = Walk::start();
    walk.send_due();
    walk.apply(fact(walk.now)).unwrap();
    walk.apply(Fact::HandedBack).unwrap();
    walk
}

fn answering() -> Walk {
    let mut walk = Walk::start();
    walk.assistant.brochure_url = "https://northwind.example/b".into();
    walk.send_due();
    walk.apply(answer(walk.now, Intent::BrochureRequested)).unwrap();
    walk
}

fn schedule_ended() -> Walk {
    let mut walk = Walk::start();
    (0..7).for_each(|_| walk.send_due());
    let Stage::Closing { due } = walk.lead.stage else { panic!("all mails left") };
    walk.now = due;
    walk.apply(Fact::ClosingTimeOver).unwrap();
    walk
}

fn sending() -> Walk {
    let mut walk = Walk::start();
    let Stage::Waiting { step, due, .. } = walk.lead.stage else { panic!("a mail is due") };
    walk.now = due;
    walk.apply(Fact::Claimed { delivery: walk.lead.delivery(step), lease_until: due }).unwrap();
    walk
}

fn refused_by_the_mail_system() -> Walk {
    let mut walk = sending();
    let (delivery, _) = walk.lead.in_flight().unwrap();
    walk.apply(Fact::SendRefused { delivery, reason: "the address is not verified".to_owned() }).unwrap();
    walk
}

fn stopped() -> Walk {
    let mut walk = Walk::start();
    walk.send_due();
    walk.ask(Action::Deactivate).unwrap();
    walk
}

fn never_taken_on() -> Walk {
    let (assistant, schedule) = (tara(), recommended());
    let barred = Enrolment { address: AddressUse::Barred(NotTaken::NoAddress), ..enrolment(&assistant, &schedule) };
    Walk { lead: barred.decide().lead, effects: vec![], ..Walk::start() }
}

/// One letter for each action of `all_actions`: y it may be done, n it may not.
#[test]
fn every_action_is_legal_where_the_table_says() {
    let table: [(&str, Walk, &str); 14] = [
        ("waiting", Walk::start(), "yyyyyyyynnn"),
        ("sending", sending(), "yyyyyyyynnn"),
        ("answering", answering(), "nnyyyyyynnn"),
        ("replied", ended_by(|now| answer(now, Intent::Responded)), "yyyyyyyyyyn"),
        ("hot", ended_by(|now| answer(now, Intent::AgreedToMeet)), "yyyyynyyyyy"),
        ("refused", ended_by(|now| answer(now, Intent::Deactivated)), "yyyyyyyyyyn"),
        ("schedule ended", schedule_ended(), "yyyyyyyyynn"),
        ("stopped", stopped(), "yyyynyyyyyn"),
        ("taken over", ended_by(|_| Fact::TakenOver), "yyyyyyyyyyn"),
        ("undeliverable", ended_by(|_| Fact::Undeliverable { why: SuppressedWhy::Bounced }), "nnyynyyyynn"),
        ("refused by the mail system", refused_by_the_mail_system(), "nnyynyyyyyn"),
        ("unsubscribed", ended_by(|now| answer(now, Intent::Unsubscribed)), "nnyynnnynnn"),
        ("never taken on", never_taken_on(), "nnyynnnnynn"),
        ("gone", ended_by(|_| Fact::RecordGone), "nnnnnnnnnnn"),
    ];
    for (standing, walk, expected) in table {
        let mut found = String::new();
        for action in all_actions() {
            let objection = walk.lead.objection(&action);
            found.push(if objection.is_none() { 'y' } else { 'n' });
            let mut tried = Walk { lead: walk.lead.clone(), effects: vec![], ..Walk::start() };
            tried.now = walk.now;
            let applied = tried.ask(action.clone());
            assert_eq!(applied.is_ok(), objection.is_none(), "{standing}: {action:?}: {applied:?}");
            match applied {
                Ok(()) => {
                    let Some(Effect::Tell(sentence)) = tried.effects.first() else {
                        panic!("{standing}: nothing told")
                    };
                    assert_eq!(*sentence, format!("Priya asked for {} (it is time)", action.name()));
                }
                Err(refused) => assert!(refused.to_string().ends_with(objection.unwrap()), "{refused}"),
            }
        }
        assert_eq!(found, expected, "{standing}");
    }
}

#[test]
fn refusals_are_plain_words() {
    let mut walk = Walk::start();
    let refused = walk.ask(Action::Continue).unwrap_err().to_string();
    assert_eq!(
        refused,
        "continuing the follow-up cannot happen to a lead that is waiting for its next mail: it is being followed up already"
    );
    let nobody = walk.ask(Action::Introduce { owner: None, text: None }).unwrap_err().to_string();
    assert!(nobody.ends_with("nobody is known who could be introduced; name one"), "{nobody}");
    assert!(walk.ask(Action::Edit { context: None, schedule: None }).is_err());
}

#[test]
fn a_restart_begins_a_new_run_and_takes_the_record_back_first() {
    let mut walk = ended_by(|now| answer(now, Intent::Responded));
    let first_run = walk.lead.delivery(StepNo::FIRST);
    walk.effects.clear();
    walk.ask(Action::Restart).unwrap();
    assert_eq!(walk.kinds(), ["take back", "note Tara works on this record again"]);
    assert_eq!((walk.lead.run, walk.lead.state, walk.lead.hand_back), (2, LeadState::Cold, HandBack::TakingBack));
    assert_ne!(walk.lead.delivery(StepNo::FIRST), first_run, "its mails have new names");
    assert!(walk.lead.thread.message_ids.is_empty() && walk.lead.sent.is_empty(), "a new thread");
    let kim = PreviousOwner { user: UserId::parse("4").unwrap(), name: "Kim".into(), rule: OwnerRule::LastSeen };
    walk.apply(Fact::TakenBack { previous: Some(kim.clone()) }).unwrap();
    assert_eq!((walk.lead.hand_back, walk.lead.previous_owner.clone()), (HandBack::NotDue, Some(kim)));
    walk.send_due();
    assert_eq!(walk.lead.mails_sent, 1);
}

#[test]
fn a_follow_up_goes_on_where_it_stopped() {
    let mut walk = Walk::start();
    (0..3).for_each(|_| walk.send_due());
    walk.apply(answer(walk.now, Intent::Responded)).unwrap();
    walk.ask(Action::Continue).unwrap();
    let Stage::Waiting { step, due, .. } = walk.lead.stage.clone() else { panic!("it goes on") };
    assert_eq!((step.index(), walk.lead.run), (3, 1), "the fourth mail, of the same run");
    let there = due.to_zoned(walk.assistant.calendar.zone().zone().clone());
    assert!(due > walk.now && (9..17).contains(&there.hour()), "in working hours: {there}");
    assert_eq!(walk.lead.state, LeadState::Responded, "and what was answered stays known");
}

#[test]
fn a_record_that_was_never_taken_on_is_assigned_anew() {
    let mut walk = never_taken_on();
    walk.ask(Action::Restart).unwrap();
    assert_eq!(walk.kinds(), ["take back"]);
    assert!(!walk.lead.is_active(), "the usual rules decide about the new assignment");
}

#[test]
fn who_stopped_it_and_why_stands_in_the_note() {
    let walk = stopped();
    let changes = walk.changes();
    let [.., CrmChange::Note(note), CrmChange::HandBack { .. }] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(note.title, "Priya stopped the follow-up");
    assert!(note.content.contains("Reason: it is time"), "{}", note.content);
}

#[test]
fn marking_hot_stops_the_mails_and_reminds() {
    let mut walk = Walk::start();
    walk.send_due();
    walk.ask(Action::MarkHot).unwrap();
    assert_eq!((walk.lead.state, walk.lead.status), (LeadState::Hot, ConnectionStatus::Hot));
    assert!(walk.lead.reminder.is_some() && walk.lead.hand_back == HandBack::Pending);
    walk.ask(Action::Handled).unwrap();
    assert_eq!(walk.lead.reminder, None);
}

#[test]
fn a_message_called_off_by_an_answer_is_not_sent() {
    let mut walk = Walk::start();
    walk.send_due();
    walk.ask(Action::Message { subject: None, text: "Any news?".into() }).unwrap();
    assert!(walk.ask(Action::Introduce { owner: Some(mailbox()), text: None }).is_err(), "one at a time");
    walk.apply(answer(walk.now, Intent::Responded)).unwrap();
    assert_eq!((walk.lead.errand.clone(), walk.lead.hand_back), (None, HandBack::Pending));
}
