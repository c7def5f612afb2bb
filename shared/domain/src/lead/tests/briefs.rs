//! The hand-back note, ending by ending.

use super::*;
use crate::brief;

fn full() -> Walk {
    let mut walk = Walk::start();
    walk.assistant.brochure_url = "https://northwind.example/brochure.pdf".into();
    walk.lead.person.designation = "Countess".into();
    walk.lead.person.company = "Analytical Engines".into();
    walk.lead.person.phone = "+44 20 7946 0000".into();
    walk.send_due();
    walk.send_due();
    walk
}

fn says(walk: &mut Walk, intent: Intent, text: &str) {
    let mut reading = reading(MailKind::Human, Some(intent));
    (reading.new_text, reading.evidence) = (text.into(), vec!["the words \"tell me more\"".into()]);
    if intent == Intent::ReferredSomeone {
        reading.referred_to = Some("charles@example.com".parse().unwrap());
    }
    walk.apply(Fact::Received { mail: logged(Direction::Received, walk.now, text), reading }).unwrap();
    walk.run_errand();
}

fn last_note(walk: &Walk) -> String {
    let notes = walk.changes().into_iter().rev();
    let note = notes.filter_map(|change| if let CrmChange::Note(note) = change { Some(note) } else { None }).next();
    let note = note.expect("a note");
    assert!(note.content.chars().count() <= 2000 && note.title.chars().count() <= 120);
    format!("# {}\n{}", note.title, note.content)
}

#[test]
fn each_ending_has_its_page() {
    let mut pages = Vec::new();
    for intent in [
        Intent::AgreedToMeet,
        Intent::BrochureRequested,
        Intent::InterestedToProceed,
        Intent::SeekingMoreInfo,
        Intent::ReferredSomeone,
        Intent::MovedOut,
        Intent::Retired,
        Intent::Deactivated,
        Intent::Unsubscribed,
        Intent::Responded,
    ] {
        let mut walk = full();
        says(&mut walk, intent, "Tell me more about the lenses.\nAda");
        pages.push(last_note(&walk));
    }
    type End = fn(&mut Walk);
    let endings: [End; 5] = [
        |walk| walk.apply(Fact::Undeliverable { why: SuppressedWhy::Bounced }).unwrap(),
        |walk| walk.apply(Fact::Undeliverable { why: SuppressedWhy::Complained }).unwrap(),
        |walk| {
            let Stage::Waiting { step, due, .. } = walk.lead.stage else { panic!("a mail is due") };
            (walk.now, walk.lead.other_owners) = (due, vec![]);
            let delivery = walk.lead.delivery(step);
            walk.apply(Fact::Claimed { delivery: delivery.clone(), lease_until: due }).unwrap();
            walk.apply(Fact::SendRefused { delivery, reason: "550 no such user".into() }).unwrap();
        },
        |walk| walk.ask(Action::MarkHot).unwrap(),
        |walk| {
            (0..5).for_each(|_| walk.send_due());
            let Stage::Closing { due } = walk.lead.stage else { panic!("all mails left") };
            walk.now = due;
            walk.apply(Fact::ClosingTimeOver).unwrap();
        },
    ];
    for end in endings {
        let mut walk = full();
        end(&mut walk);
        pages.push(last_note(&walk));
    }
    let mut walk = full();
    says(&mut walk, Intent::Responded, "Thanks");
    says(&mut walk, Intent::AgreedToMeet, "On second thought, let us meet.");
    pages.push(last_note(&walk));
    insta::assert_snapshot!("briefs", pages.join("\n\n"));
}

#[test]
fn the_reminder_says_what_it_is_about() {
    let mut walk = full();
    says(&mut walk, Intent::AgreedToMeet, "Thursday?");
    walk.now = walk.lead.reminder.unwrap().due;
    walk.apply(Fact::ReminderDue).unwrap();
    let Some(CrmChange::Task(task)) = walk.changes().last().copied().cloned() else { panic!("a task") };
    insta::assert_snapshot!("reminder", format!("# {}\n{}", task.subject, task.description));
}

#[test]
fn opens_are_told_where_they_are_known() {
    let zone = crate::place::Zone::parse("Europe/London").unwrap();
    for (opens, words) in
        [(0, "Mails: 2 sent with"), (1, "2 sent, opened once, with"), (3, "2 sent, opened 3 times, with")]
    {
        let mut walk = full();
        (0..opens).for_each(|_| walk.lead.opens.note(walk.now, &zone));
        let page = brief::hand_back(&walk.lead, &walk.assistant.calendar).content;
        assert!(page.contains(words), "{page}");
    }
}

#[test]
fn what_is_unknown_is_left_out() {
    let mut walk = Walk::start();
    walk.lead.person = Person::default();
    walk.lead.previous_owner = None;
    walk.lead.address = None;
    let bare = brief::hand_back(&walk.lead, &walk.assistant.calendar);
    for blank in ["null", "None", "undefined", ", ,", "()", ": \n", "  "] {
        assert!(!format!("{}\n{}", bare.title, bare.content).contains(blank), "{blank:?} in {}", bare.content);
    }
    says(&mut walk, Intent::Responded, "");
    let page = last_note(&walk);
    assert!(page.starts_with("# the lead answered"), "{page}");
    assert!(!page.contains("They wrote"), "{page}");
}

#[test]
fn a_page_is_a_page_whatever_the_record_holds() {
    let mut walk = full();
    let long = "Ä\u{1F600} \n\t".repeat(3000);
    for field in [
        &mut walk.lead.person.first_name,
        &mut walk.lead.person.last_name,
        &mut walk.lead.person.designation,
        &mut walk.lead.person.company,
        &mut walk.lead.person.phone,
        &mut walk.lead.schedule,
    ] {
        field.clone_from(&long);
    }
    walk.lead.previous_owner.as_mut().unwrap().name.clone_from(&long);
    walk.lead.sent.iter_mut().for_each(|mail| mail.subject.clone_from(&long));
    let mut reading = reading(MailKind::Human, Some(Intent::Responded));
    (reading.new_text, reading.evidence) = (long.clone(), vec![long.clone()]);
    walk.apply(Fact::Received { mail: logged(Direction::Received, walk.now, "x"), reading }).unwrap();
    let page = last_note(&walk);
    assert!(page.contains("Next: read the answer and decide."), "what matters is not cut off: {page}");
    assert!(page.contains("The record goes back to"), "{page}");
}
