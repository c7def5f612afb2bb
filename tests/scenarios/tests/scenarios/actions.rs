//! Answers that are answered, owners who are away, and what people do to leads.

use app::actions::{Actions, Selection};
use app::change::LeadChanges;
use app::store::Bulk;
use domain::{Action, HandBack, Lead, LeadId, LeadState, Order, Stage};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use zoho_sim::UserChange;

use crate::journeys::{Stage as Town, stage};

const BROCHURE: &str = "https://acme.example/brochure.pdf";

/// A person who got the first mail, with the assistant's links as given.
async fn first_mail(brochure: &str, calendar: &str) -> (Town, String) {
    let stage = stage("", 1).await;
    stage.edit_tara(|tara| (tara.brochure_url, tara.calendar_url) = (brochure.to_owned(), calendar.to_owned())).await;
    let id = stage.person(1);
    stage.assign("Contacts", &[&id]);
    stage.world.settle().await;
    stage.days(1).await;
    (stage, id)
}

impl Town {
    async fn lead(&self, id: &str) -> Lead {
        let lead: LeadId = format!("contacts-{id}").parse().unwrap();
        self.world.product.store.lead(&self.org, &lead).await.unwrap().unwrap().lead
    }

    /// Person 1 answers the newest mail they got.
    async fn answers(&self, text: &str) {
        let (_, raw) = self.world.mails().unwrap().pop().unwrap();
        let newest = mail::parse(&raw, None).message_id;
        let number = self.world.clock.now().as_second();
        let raw = format!(
            "From: person1@example.com\r\nTo: tara@acme.example\r\nSubject: Re: Hello\r\n\
             Message-ID: <answer.{number}@example.com>\r\nIn-Reply-To: {newest}\r\nReferences: {newest}\r\n\r\n{text}\r\n"
        );
        self.world.product.receive(raw.as_bytes()).await.unwrap();
        self.world.settle().await;
    }

    async fn hours(&self, hours: i64) {
        for _ in 0..hours {
            let now = self.world.clock.now();
            self.world.clock.advance_to(now + SignedDuration::from_hours(1));
            self.world.tick().await.unwrap();
        }
    }

    fn tasks(&self) -> Vec<Value> {
        let state = self.world.zoho_state(&["records"]);
        state["records"]["Tasks"].as_array().cloned().unwrap_or_default()
    }

    fn actions(&self) -> Actions {
        let admin = self.world.product.admin();
        Actions { changes: LeadChanges { store: admin.store, events: admin.events, clock: admin.clock } }
    }

    async fn ask(&self, id: &str, action: Action) {
        let lead: LeadId = format!("contacts-{id}").parse().unwrap();
        self.actions().apply(&self.org, &lead, order(action)).await.unwrap();
        self.world.settle().await;
    }

    async fn is_in_order(&self) {
        assert_eq!(self.audit().await.broken, Vec::<String>::new());
    }
}

fn order(action: Action) -> Order {
    Order { action, by: "Priya".to_owned(), why: "a test".to_owned(), schedule_revision: 0 }
}

#[tokio::test]
async fn a_wish_for_the_brochure_is_answered_in_its_thread_and_handed_back() {
    let (stage, id) = first_mail(BROCHURE, "").await;
    stage.answers("Can you send me your brochure?").await;
    assert_eq!(stage.owner("Contacts", &id), "Tara Quinn", "not before the answer left");
    let at_night = "2026-01-07T23:30:00Z".parse().unwrap();
    stage.world.clock.advance_to(at_night);
    stage.world.tick().await.unwrap();
    let (name, raw) = stage.world.mails().unwrap().pop().unwrap();
    assert!(name.contains(&format!("dlv_contacts-{id}.1.e1")), "{name}");
    let answer = mail::parse(&raw, None);
    assert!(answer.text.contains(BROCHURE), "{}", answer.text);
    assert!(answer.in_reply_to[0].starts_with("<answer."), "{:?}", answer.in_reply_to);
    assert_eq!(answer.references.len(), 2, "their mail and ours: {:?}", answer.references);
    assert_eq!(stage.owner("Contacts", &id), "Sam Okafor");
    assert_eq!(stage.lead(&id).await.state, LeadState::Warm);
    assert_eq!(stage.notes(&id).last().unwrap(), "Person 1 answered: asks for a brochure");
    stage.days(10).await;
    assert_eq!(stage.world.mails().unwrap().len(), 2, "the answer once, and nothing after it");
    stage.is_in_order().await;
}

#[tokio::test]
async fn without_a_brochure_the_owner_gets_a_task() {
    let (stage, id) = first_mail("", "").await;
    stage.answers("Can you send me your brochure?").await;
    let tasks = stage.tasks();
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0]["Subject"], "Send Person 1 the brochure");
    assert_eq!((&tasks[0]["Owner"]["name"], &tasks[0]["Who_Id"]["id"]), (&"Sam Okafor".into(), &id.clone().into()));
    assert_eq!(stage.owner("Contacts", &id), "Sam Okafor");
    stage.is_in_order().await;
}

#[tokio::test]
async fn a_task_whose_answer_is_lost_is_made_once() {
    for fault in ["error_after_acting", "no_answer"] {
        let (stage, _) = first_mail("", "").await;
        let next = serde_json::json!([{ "method": "POST", "path_contains": "/Tasks", "fault": fault, "times": 1 }]);
        stage.world.zoho.change_faults(&serde_json::json!({ "next": next })).unwrap();
        stage.answers("Can you send me your brochure?").await;
        stage.days(1).await;
        assert_eq!(stage.tasks().len(), 1, "{fault}");
        stage.is_in_order().await;
    }
}

#[tokio::test]
async fn who_wants_to_meet_is_hot_and_the_owner_is_reminded_until_somebody_takes_care() {
    let (stage, id) = first_mail("", "https://acme.example/meet").await;
    stage.answers("Let's meet next week!").await;
    let hot_since = stage.world.clock.now();
    stage.world.tick().await.unwrap();
    let (_, raw) = stage.world.mails().unwrap().pop().unwrap();
    assert!(mail::parse(&raw, None).text.contains("https://acme.example/meet"));
    let lead = stage.lead(&id).await;
    assert_eq!((lead.state, lead.hand_back), (LeadState::Hot, HandBack::Done));
    let due = |stage: &Town| -> Vec<i64> {
        let made = stage.tasks();
        let made = made.iter().map(|task| task["Created_Time"].as_str().unwrap().parse::<Timestamp>().unwrap());
        let mut hours: Vec<_> = made.map(|at| at.duration_since(hot_since).as_hours()).collect();
        hours.sort_unstable();
        hours
    };
    stage.hours(24 + 2 * 72 + 1).await;
    assert_eq!(due(&stage), [24, 24 + 72, 24 + 144]);
    assert_eq!(stage.tasks()[0]["Subject"], "Person 1 is hot and waits for you");
    stage
        .world
        .zoho
        .edit_records("Contacts", &[&id], serde_json::json!({ "Phone": "+15550100" }), Some("sam@acme.example"))
        .unwrap();
    stage.hours(4 * 72).await;
    assert_eq!(due(&stage).len(), 3, "Sam has taken care of it");
    assert_eq!(stage.lead(&id).await.reminder, None);
    stage.is_in_order().await;
}

#[tokio::test]
async fn later_keeps_the_record_with_the_assistant_and_goes_on() {
    let (stage, id) = first_mail("", "").await;
    stage.answers("Please write again next quarter.").await;
    let lead = stage.lead(&id).await;
    let Stage::Waiting { due, .. } = lead.stage else { panic!("it goes on: {:?}", lead.stage) };
    let days = due.duration_since(stage.world.clock.now()).as_hours() / 24;
    assert!((28..100).contains(&days), "in {days} days");
    stage.days(days - 1).await;
    assert_eq!((stage.owner("Contacts", &id).as_str(), stage.lead(&id).await.mails_sent), ("Tara Quinn", 1));
    stage.days(5).await;
    assert!(stage.lead(&id).await.mails_sent > 1);
    assert_eq!(stage.lead(&id).await.state, LeadState::Warm);
}

#[tokio::test]
async fn an_owner_who_is_away_is_replaced_by_the_backup() {
    let (stage, id) = first_mail("", "").await;
    let admin = stage.world.product.admin();
    admin.set_backup(&stage.org, "sam@acme.example", Some("lena@acme.example")).await.unwrap();
    let now = stage.world.clock.now();
    let holidays = Some((now, now + SignedDuration::from_hours(24 * 14)));
    let away =
        UserChange { away: Some(holidays), reports_to: Some("diego@acme.example".into()), ..UserChange::default() };
    stage.world.zoho.change_user("sam@acme.example", &away).unwrap();
    stage.answers("Who are you?").await;
    assert_eq!(stage.owner("Contacts", &id), "Lena Vogt");
    let notes = stage.notes(&id);
    assert!(notes[1].starts_with("Person 1 answered") && notes[2] == "Another owner gets this record", "{notes:?}");
    let lead = stage.lead(&id).await;
    assert_eq!((lead.hand_back, lead.previous_owner.unwrap().rule), (HandBack::Done, domain::OwnerRule::Backup));
    stage.is_in_order().await;
}

#[tokio::test]
async fn an_owner_who_left_is_replaced_by_their_manager() {
    let (stage, id) = first_mail("", "").await;
    let manager =
        UserChange { reports_to: Some("diego@acme.example".into()), active: Some(false), ..UserChange::default() };
    stage.world.zoho.change_user("sam@acme.example", &manager).unwrap();
    // Users are read again after a while.
    stage.world.clock.advance_to(stage.world.clock.now() + SignedDuration::from_mins(20));
    stage.answers("Who are you?").await;
    assert_eq!(stage.owner("Contacts", &id), "Diego Ruiz");
    stage.is_in_order().await;
}

#[tokio::test]
async fn a_restart_takes_the_record_back_and_begins_anew() {
    let (stage, id) = first_mail("", "").await;
    stage.answers("Who are you?").await;
    assert_eq!(stage.owner("Contacts", &id), "Sam Okafor");
    stage.world.zoho.assign("Contacts", &[&id], "lena@acme.example", Some("sam@acme.example")).unwrap();
    stage.world.settle().await;
    stage.ask(&id, Action::Restart).await;
    assert_eq!(stage.owner("Contacts", &id), "Tara Quinn");
    stage.days(1).await;
    let deliveries: Vec<_> = stage.mails_by_record().into_values().flatten().collect();
    assert_eq!(deliveries, [format!("contacts-{id}.1.1"), format!("contacts-{id}.2.1")]);
    stage.ask(&id, Action::Deactivate).await;
    assert_eq!(stage.owner("Contacts", &id), "Lena Vogt", "who had it before the restart");
}

#[tokio::test]
async fn a_person_writes_as_the_assistant_and_introduces_the_owner() {
    let (stage, id) = first_mail("", "").await;
    stage.ask(&id, Action::Message { subject: None, text: "By the way: {{ lead_name }}".into() }).await;
    stage.days(1).await;
    stage.ask(&id, Action::Introduce { owner: None, text: None }).await;
    stage.days(1).await;
    let mails = stage.world.mails().unwrap();
    let text = |part: &str| {
        let (_, raw) = mails.iter().find(|(name, _)| name.contains(part)).unwrap();
        mail::parse(raw, None).text
    };
    assert!(text(".1.e1").starts_with("By the way: {{ lead_name }}\n\n--"), "{}", text(".1.e1"));
    assert!(text(".1.e2").contains("introduce Sam Okafor, who is copied here"), "{}", text(".1.e2"));
    assert_eq!(stage.owner("Contacts", &id), "Tara Quinn", "the follow-up goes on");
}

#[tokio::test]
async fn two_hundred_leads_are_stopped_once_each_although_the_runner_dies() {
    const LEADS: usize = 200;
    let stage = stage("", 1).await;
    let ids: Vec<String> = (0..LEADS).map(|number| stage.person(number)).collect();
    stage.assign("Contacts", &ids.iter().map(String::as_str).collect::<Vec<_>>());
    stage.world.settle().await;
    let (actions, org) = (stage.actions(), stage.org.clone());
    let runner = tokio::spawn(async move {
        let mut die = |bulk: &Bulk| assert!(bulk.looked_at < 70, "the runner dies here");
        actions.apply_to_many(&org, &Selection::InState("cold".into()), order(Action::Deactivate), &mut die).await
    });
    assert!(runner.await.unwrap_err().is_panic());
    let stopped = |leads: &[Lead]| leads.iter().filter(|lead| lead.state.name() == "Deactivated").count();
    let admin = stage.world.product.admin();
    assert_eq!(stopped(&admin.leads(&stage.org).await.unwrap()), 70);
    // Nobody has heard of the runner for a while: upkeep goes on, and another one at the same time.
    stage.world.clock.advance_to(stage.world.clock.now() + SignedDuration::from_mins(3));
    stage.world.upkeep().await.unwrap();
    stage.world.settle().await;
    assert_eq!(stopped(&admin.leads(&stage.org).await.unwrap()), LEADS);
    for id in &ids {
        assert_eq!(stage.notes(id), ["Tara Quinn works on this record", "Priya stopped the follow-up"], "record {id}");
        assert_eq!(stage.owner("Contacts", id), "Sam Okafor");
    }
    stage.is_in_order().await;
}

#[tokio::test]
async fn two_runners_of_one_order_do_it_once_and_failures_say_why() {
    let stage = stage("", 1).await;
    let ids: Vec<String> = (0..30).map(|number| stage.person(number)).collect();
    stage.assign("Contacts", &ids.iter().map(String::as_str).collect::<Vec<_>>());
    stage.world.settle().await;
    let mut selected: Vec<LeadId> = ids.iter().map(|id| format!("contacts-{id}").parse().unwrap()).collect();
    selected.push("contacts-999".parse().unwrap());
    stage.ask(&ids[0], Action::Deactivate).await;
    let actions = stage.actions();
    let wanted = order(Action::Note { text: "Call them.".into() });
    let begun = actions.begin(&stage.org, &Selection::These(selected), wanted).await.unwrap();
    let (mut quiet, mut silent) = (|_: &Bulk| {}, |_: &Bulk| {});
    let (first, second) = tokio::join!(
        actions.go_on(&stage.org, &begun.name, &mut quiet),
        actions.go_on(&stage.org, &begun.name, &mut silent)
    );
    first.unwrap();
    second.unwrap();
    let bulk = actions.go_on(&stage.org, &begun.name, &mut quiet).await.unwrap();
    assert_eq!((bulk.total, bulk.done, bulk.failed, bulk.ended.is_some()), (31, 30, 1, true));
    assert_eq!(bulk.failures[0].reason, "there is no lead contacts-999; see `lead list`");
    stage.world.settle().await;
    for id in &ids {
        let notes = stage.notes(id);
        assert_eq!(notes.iter().filter(|title| *title == "Note by Priya").count(), 1, "{notes:?}");
    }
}
