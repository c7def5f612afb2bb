//! What is sent besides the schedule, and what the answers make of a lead.

use super::*;

const BROCHURE: &str = "https://northwind.example/brochure.pdf";

fn with_links() -> Walk {
    let mut walk = Walk::start();
    walk.assistant.brochure_url = BROCHURE.to_owned();
    walk.assistant.calendar_url = "https://northwind.example/meet".to_owned();
    walk.send_due();
    walk
}

fn received(kind: MailKind, intent: Intent, return_date: Option<&str>) -> Fact {
    let reading = Reading { return_date: return_date.map(|date| date.parse().unwrap()), ..reading(kind, Some(intent)) };
    Fact::Received { mail: logged(Direction::Received, at("2026-01-05T11:00:00Z"), "words"), reading }
}

#[test]
fn a_wish_for_the_brochure_is_answered_before_the_owner_gets_the_record() {
    let mut walk = with_links();
    walk.apply(answer(walk.now, Intent::BrochureRequested)).unwrap();
    let errand = walk.lead.errand.clone().unwrap();
    assert_eq!(errand.kind, ErrandKind::Brochure { url: BROCHURE.to_owned() });
    assert_eq!(errand.answers.as_deref(), Some(format!("<{}@example.com>", walk.now).as_str()), "it answers that mail");
    assert_eq!(walk.lead.wake(), Some(Wake::Due(walk.now)), "at once, whatever the window");
    assert_eq!((walk.lead.state, walk.lead.hand_back), (LeadState::Warm, HandBack::AfterErrand));
    walk.effects.clear();
    assert!(walk.run_errand());
    assert_eq!(walk.kinds(), ["Sent mail", "note Ada Lovelace answered: asks for a brochure", "hand back"]);
    assert_eq!(walk.lead.wake(), None);
}

#[test]
fn without_a_brochure_the_owner_gets_a_task() {
    let mut walk = Walk::start();
    walk.send_due();
    walk.effects.clear();
    walk.apply(answer(walk.now, Intent::BrochureRequested)).unwrap();
    assert_eq!(
        walk.kinds(),
        [
            "Received mail",
            "status Warm",
            "task Send Ada Lovelace the brochure",
            "note Ada Lovelace answered: asks for a brochure",
            "hand back"
        ]
    );
    let task = walk
        .changes()
        .into_iter()
        .find_map(|change| if let CrmChange::Task(task) = change { Some(task) } else { None });
    assert_eq!(task.unwrap().owner, Some(UserId::parse("1").unwrap()));
}

#[test]
fn a_hot_lead_reminds_the_owner_until_somebody_takes_care() {
    let mut walk = with_links();
    walk.apply(answer(walk.now, Intent::AgreedToMeet)).unwrap();
    assert!(matches!(walk.lead.errand.as_ref().unwrap().kind, ErrandKind::Calendar { .. }));
    walk.run_errand();
    walk.apply(Fact::HandedBack).unwrap();
    assert_eq!((walk.lead.state, walk.lead.status), (LeadState::Hot, ConnectionStatus::Hot));
    let hot_since = walk.now;
    walk.effects.clear();
    let mut waits = Vec::new();
    for _ in 0..3 {
        let Some(Wake::Due(due)) = walk.lead.wake() else { panic!("a reminder is due") };
        walk.now = due;
        waits.push(due.duration_since(hot_since).as_hours());
        walk.apply(Fact::ReminderDue).unwrap();
    }
    assert_eq!(waits, [24, 24 + 72, 24 + 144]);
    assert_eq!(walk.kinds(), ["task Ada Lovelace is hot and waits for you"; 3]);
    assert!(walk.apply(Fact::ReminderDue).is_err(), "not before it is due");
    walk.apply(Fact::Handled).unwrap();
    assert_eq!(walk.lead.wake(), None);
}

#[test]
fn later_means_later() {
    for (named, expected) in
        [(Some("2026-02-07"), "2026-02-09"), (None, "2026-02-04"), (Some("2025-12-01"), "2026-01-06")]
    {
        let mut walk = with_links();
        walk.effects.clear();
        walk.apply(received(MailKind::Human, Intent::ConnectLater, named)).unwrap();
        let Stage::Waiting { step, due, .. } = walk.lead.stage.clone() else { panic!("it goes on") };
        assert_eq!((step, walk.assistant.calendar.date(due).to_string().as_str()), (StepNo::FIRST.next(), expected));
        assert_eq!((walk.lead.state, walk.lead.hand_back), (LeadState::Warm, HandBack::NotDue));
        assert_eq!(walk.kinds(), ["Received mail", "status Warm"], "the assistant keeps it");
    }
}

#[test]
fn later_after_the_last_mail_is_the_owners() {
    let mut walk = Walk::start();
    (0..7).for_each(|_| walk.send_due());
    walk.apply(received(MailKind::Human, Intent::ConnectLater, None)).unwrap();
    assert_eq!((walk.lead.state, walk.lead.hand_back), (LeadState::Warm, HandBack::Pending));
}

#[test]
fn interest_never_falls() {
    use Intent::{AgreedToMeet, BrochureRequested, ConnectLater, Responded, SeekingMoreInfo};
    for later in [BrochureRequested, ConnectLater, Responded, SeekingMoreInfo] {
        let mut walk = with_links();
        walk.apply(answer(walk.now, AgreedToMeet)).unwrap();
        walk.apply(answer(walk.now, later)).unwrap();
        assert_eq!((walk.lead.state, walk.lead.status), (LeadState::Hot, ConnectionStatus::Hot), "{later:?}");
    }
    let mut walk = with_links();
    walk.apply(received(MailKind::Human, ConnectLater, None)).unwrap();
    walk.apply(received(MailKind::AutoReply, Intent::OutOfOffice, None)).unwrap();
    assert_eq!(walk.lead.state, LeadState::Warm, "an absence cools nobody down");
    while !matches!(walk.lead.stage, Stage::Closing { .. }) {
        walk.send_due();
    }
    let Stage::Closing { due } = walk.lead.stage else { unreachable!() };
    walk.now = due;
    walk.apply(Fact::ClosingTimeOver).unwrap();
    assert_eq!(walk.lead.state, LeadState::Warm);
    assert!(walk.kinds().contains(&"note No further answer".to_owned()), "{:?}", walk.kinds());
}

#[test]
fn what_software_answers_ends_the_follow_up_only_if_nobody_reads_there() {
    let ended = |why| (LeadState::Deactivated(why), HandBack::Pending);
    let goes_on = |state| (state, HandBack::NotDue);
    for (intent, expected) in [
        (Intent::MovedOut, ended(DeactivatedWhy::MovedOut)),
        (Intent::Retired, ended(DeactivatedWhy::Retired)),
        (Intent::ReferredSomeone, ended(DeactivatedWhy::Referred)),
        (Intent::Deactivated, ended(DeactivatedWhy::NotRead)),
        (Intent::SupportAutoResponse, goes_on(LeadState::Cold)),
        (Intent::Responded, goes_on(LeadState::Cold)),
        (Intent::OutOfOffice, goes_on(LeadState::OutOfOffice)),
    ] {
        let mut walk = with_links();
        walk.apply(received(MailKind::AutoReply, intent, None)).unwrap();
        assert_eq!((walk.lead.state, walk.lead.hand_back), expected, "{intent:?}");
    }
}

#[test]
fn whatever_becomes_of_the_answer_the_owner_gets_the_record() {
    type Fate = fn(DeliveryId) -> Fact;
    let fates: [(Fate, &str); 2] = [
        (|delivery| Fact::SendRefused { delivery, reason: "no such user".into() }, "note A mail could not be sent"),
        (
            |delivery| Fact::Unsettled { delivery, subject: "Hello".into() },
            "note Not confirmed: the answer with the brochure",
        ),
    ];
    for (fate, note) in fates {
        let mut walk = with_links();
        walk.apply(answer(walk.now, Intent::BrochureRequested)).unwrap();
        let delivery = walk.lead.errand_delivery(walk.lead.errand.as_ref().unwrap());
        let claim = Fact::Claimed { delivery: delivery.clone(), lease_until: walk.now };
        walk.apply(claim.clone()).unwrap();
        assert!(walk.apply(claim).is_err(), "claimed once");
        walk.apply(Fact::NotSent { delivery: delivery.clone(), retry_at: walk.now }).unwrap();
        assert_eq!(walk.lead.hand_back, HandBack::AfterErrand, "it is tried again");
        walk.apply(Fact::Claimed { delivery: delivery.clone(), lease_until: walk.now }).unwrap();
        walk.effects.clear();
        walk.apply(fate(delivery.clone())).unwrap();
        assert_eq!(walk.kinds(), [note, "note Ada Lovelace answered: asks for a brochure", "hand back"]);
        // The provider's word comes late: the mail is logged, and nothing is given back twice.
        walk.effects.clear();
        let mail = logged(Direction::Sent, walk.now, "late");
        walk.apply(Fact::Sent { delivery, mail, message_ids: vec![] }).unwrap();
        assert_eq!(walk.kinds(), ["Sent mail"]);
    }
}

#[test]
fn whoever_unsubscribes_gets_no_answer_any_more() {
    let mut walk = with_links();
    walk.apply(answer(walk.now, Intent::BrochureRequested)).unwrap();
    walk.apply(Fact::Unsubscribed { why: SuppressedWhy::Unsubscribed }).unwrap();
    assert_eq!((walk.lead.errand.clone(), walk.lead.hand_back), (None, HandBack::Pending));
    assert_eq!(walk.lead.state, LeadState::Unsubscribed);
}

#[test]
fn the_schedule_waits_for_the_mail_besides_it() {
    let mut walk = with_links();
    walk.ask(Action::Message { subject: None, text: "One more thing.".into() }).unwrap();
    let Stage::Waiting { step, due, .. } = walk.lead.stage.clone() else { panic!("a second mail is due") };
    walk.now = due;
    let errand = walk.lead.errand.clone().unwrap();
    let delivery = walk.lead.errand_delivery(&errand);
    walk.apply(Fact::Claimed { delivery: delivery.clone(), lease_until: due }).unwrap();
    assert_eq!(walk.lead.wake(), Some(Wake::Lease(due)));
    let scheduled = Fact::Claimed { delivery: walk.lead.delivery(step), lease_until: due };
    assert!(walk.apply(scheduled).is_err(), "one mail at a time");
    let mail = logged(Direction::Sent, due, "words");
    walk.apply(Fact::Sent { delivery, mail, message_ids: vec![] }).unwrap();
    let Stage::Waiting { due: moved, .. } = walk.lead.stage else { panic!("still waiting") };
    assert!(walk.assistant.calendar.date(moved) > walk.assistant.calendar.date(due), "not two mails on one day");
}

#[test]
fn an_owner_who_is_away_is_replaced_before_the_record_is_given() {
    let mut walk = with_links();
    walk.apply(answer(walk.now, Intent::Responded)).unwrap();
    walk.effects.clear();
    let heir = PreviousOwner { user: UserId::parse("2").unwrap(), name: "Sam".into(), rule: OwnerRule::Backup };
    walk.apply(Fact::OwnerAway { heir: heir.clone() }).unwrap();
    assert_eq!(walk.kinds(), ["note Another owner gets this record", "hand back"]);
    let Some(CrmChange::Note(note)) = walk.changes().first().copied().cloned() else { panic!("a note") };
    assert_eq!(
        note.content,
        "Pat is away or has left.\nThe record goes to Sam: they stand in for an owner who is away."
    );
    assert_eq!(walk.lead.previous_owner, Some(heir.clone()));
    walk.apply(Fact::HandedBack).unwrap();
    assert!(walk.apply(Fact::OwnerAway { heir }).is_err(), "it is given back already");
}
