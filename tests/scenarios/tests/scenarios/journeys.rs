//! Whole journeys of records, in a world without sockets of its own, sleeps or a running clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Assistant, Lead, LeadId, OrgId, Schedule, Wake};
use jiff::{SignedDuration, Timestamp};
use local::demo::{Summary, Tell, audit};
use local::embedded::EmbeddedDynamo;
use local::world::{ASSISTANT, World, WorldOptions};
use serde_json::{Value, json};
use zoho_sim::Faults;

/// Monday morning, in the office.
const START: &str = "2026-01-05T09:30:00Z";

pub struct Stage {
    pub world: World,
    pub org: OrgId,
    // It lives as long as the world.
    pub(crate) folder: tempfile::TempDir,
}

pub async fn stage(faults: &str, seed: u64) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let table = Arc::new(EmbeddedDynamo::memory().unwrap().table().await.unwrap());
    let faults: Faults = faults.parse().unwrap();
    let start: Timestamp = START.parse().unwrap();
    let options = WorldOptions { start, folder: folder.path().to_owned(), table, faults: Faults::default(), seed };
    let world = World::begin(options).await.unwrap();
    let org = world.connect().await.unwrap();
    world.add_tara(&org).await.unwrap();
    // Only what comes now goes wrong: connecting is another test's.
    world.zoho.set_faults(faults);
    Stage { world, org, folder }
}

impl Stage {
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn create(&self, module: &str, fields: Value) -> String {
        self.world.zoho.create_record(module, fields, Some("sam@acme.example")).unwrap()
    }

    pub(crate) fn person(&self, number: usize) -> String {
        let fields = json!({ "Last_Name": format!("Person {number}"), "Email": format!("person{number}@example.com") });
        self.create("Contacts", fields)
    }

    pub fn assign(&self, module: &str, ids: &[&str]) {
        self.world.zoho.assign(module, ids, ASSISTANT, Some("sam@acme.example")).unwrap();
    }

    /// A schedule of `mails` mails, a day apart, as the assistant's default.
    pub(crate) async fn short_schedule(&self, mails: usize) {
        let step = |number: usize| {
            let subject = (number == 1).then_some("Hello");
            json!({ "days_after": usize::from(number > 1), "message": { "subject": subject, "body": format!("mail {number}") } })
        };
        let steps: Vec<Value> = (1..=mails).map(step).collect();
        let schedule = json!({ "name": "Short", "closing_days": 1, "steps": steps });
        let schedule: Schedule = serde_json::from_value(schedule).unwrap();
        self.world.product.admin().add_schedule(&self.org, &schedule).await.unwrap();
        let edit = |assistant: &mut Assistant| {
            assistant.default_schedule = "Short".to_owned();
            assistant.daily_cap = 2000;
            // It has worked here for a year: no ramp.
            assistant.started_on = Some(jiff::civil::date(2025, 1, 6));
        };
        self.edit_tara(edit).await;
    }

    /// An administrator edits the assistant.
    pub(crate) async fn edit_tara(&self, change: impl Fn(&mut Assistant) + Send + Sync) {
        let edit = |assistant: &mut Assistant| {
            change(assistant);
            Ok(())
        };
        self.world.product.admin().edit_assistant(&self.org, &"tara".parse().unwrap(), edit).await.unwrap();
        self.world.settle().await;
    }

    /// Lets `days` pass, with upkeep now and then: minute by minute in hours in which something is due, as booked slots are
    /// kept for minutes only, else hour by hour.
    pub async fn days(&self, days: i64) {
        for hour in 0..days * 24 {
            let begun = self.world.clock.now();
            let over = begun + SignedDuration::from_hours(1);
            let leads = self.world.product.admin().leads(&self.org).await.unwrap();
            let due = leads.iter().filter_map(Lead::wake).any(|wake| matches!(wake, Wake::Due(due) if due <= over));
            for minute in if due { 1..=60 } else { 60..=60 } {
                self.world.clock.advance_to(begun + SignedDuration::from_mins(minute));
                while self.world.product.tick().await.unwrap().sent > 0 {}
            }
            if hour % 6 == 0 {
                self.world.upkeep().await.unwrap();
            }
            self.world.settle().await;
        }
    }

    pub(crate) fn owner(&self, module: &str, id: &str) -> String {
        let state = self.world.zoho_state(&["records"]);
        let records = state["records"][module].as_array().unwrap();
        let record = records.iter().find(|record| record["id"] == *id).unwrap();
        record["Owner"]["name"].as_str().unwrap().to_owned()
    }

    pub(crate) fn notes(&self, id: &str) -> Vec<String> {
        let state = self.world.zoho_state(&["notes"]);
        let notes = state["notes"].as_array().unwrap();
        let titles = notes.iter().filter(|note| note["record"] == *id);
        titles.map(|note| note["title"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn mails_by_record(&self) -> BTreeMap<String, Vec<String>> {
        let mut by_record: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, _) in self.world.mails().unwrap() {
            let delivery = name.split("dlv_").nth(1).unwrap().trim_end_matches(".eml").to_owned();
            let record = delivery.split('.').next().unwrap().to_owned();
            by_record.entry(record).or_default().push(delivery);
        }
        by_record
    }

    pub(crate) async fn audit(&self) -> Summary {
        audit(&self.world, &self.org).await.unwrap()
    }
}

#[tokio::test]
async fn the_demo_keeps_every_promise() {
    let folder = tempfile::tempdir().unwrap();
    let (_world, summary) = local::demo::play(folder.path().to_owned(), &mut Tell::silent()).await.unwrap();
    assert_eq!(summary.broken, Vec::<String>::new());
    assert_eq!((summary.duplicates, summary.lost), (0, 0));
    let states: Vec<_> = summary.leads_by_state.keys().map(String::as_str).collect();
    assert_eq!(states, ["Deactivated", "Hot", "Processed", "Responded", "Unsubscribed"]);
}

#[tokio::test]
async fn a_thousand_records_come_back_although_notifications_are_lost_doubled_and_reordered() {
    const RECORDS: usize = 1000;
    const MAILS: usize = 2;
    let stage = stage("lost_notifications=0.05,duplicate_notifications=0.1,reorder_notifications=0.1", 11).await;
    stage.short_schedule(MAILS).await;
    let ids: Vec<String> = (0..RECORDS).map(|number| stage.person(number)).collect();
    for id in &ids {
        stage.assign("Contacts", &[id]);
    }
    stage.world.settle().await;
    stage.days(6).await;

    let summary = stage.audit().await;
    assert_eq!(summary.broken, Vec::<String>::new());
    assert_eq!(summary.leads_by_state, BTreeMap::from([("Processed".to_owned(), RECORDS)]));
    assert_eq!(summary.hand_backs, RECORDS);
    let mails = stage.mails_by_record();
    assert_eq!(mails.len(), RECORDS);
    for (record, deliveries) in mails {
        let wanted: Vec<_> = (1..=MAILS).map(|step| format!("{record}.1.{step}")).collect();
        assert_eq!(deliveries, wanted, "each step once");
    }
    let outcomes = stage.world.zoho_state(&["notifications"]);
    let lost = outcomes["notifications"].as_array().unwrap().iter().filter(|sent| sent["outcome"] == "lost").count();
    assert!(lost > 10, "the faults were really there: {lost} lost");
}

#[tokio::test]
async fn a_crm_that_fails_now_and_then_gets_every_note_and_mail_once() {
    let stage =
        stage("rate429=0.05,error_after_acting=0.03,server_error=0.03,no_answer=0.02,html=0.02,token_death=0.02", 5)
            .await;
    stage.short_schedule(2).await;
    let ids: Vec<String> = (0..20).map(|number| stage.person(number)).collect();
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    stage.assign("Contacts", &all);
    stage.world.settle().await;
    stage.days(7).await;
    let summary = stage.audit().await;
    assert_eq!(summary.broken, Vec::<String>::new());
    for id in &ids {
        assert_eq!(stage.notes(id), ["Tara Quinn works on this record", "No answer to any mail"], "record {id}");
    }
}

#[tokio::test]
async fn whoever_takes_the_record_keeps_it() {
    let stage = stage("", 1).await;
    let id = stage.person(1);
    stage.assign("Contacts", &[&id]);
    stage.world.settle().await;
    stage.world.zoho.assign("Contacts", &[&id], "lena@acme.example", Some("priya@acme.example")).unwrap();
    stage.world.settle().await;
    stage.days(3).await;
    assert_eq!(stage.owner("Contacts", &id), "Lena Vogt");
    assert_eq!(stage.notes(&id), ["Tara Quinn works on this record", "Tara Quinn has stopped"]);
    assert!(stage.mails_by_record().values().all(|mails| mails.len() <= 1));
}

#[tokio::test]
async fn a_record_that_vanishes_ends_quietly() {
    let stage = stage("", 1).await;
    let id = stage.person(1);
    stage.assign("Contacts", &[&id]);
    stage.world.settle().await;
    stage.world.zoho.delete_records("Contacts", &[&id], false, None).unwrap();
    stage.world.settle().await;
    stage.days(3).await;
    let lead: LeadId = format!("contacts-{id}").parse().unwrap();
    let stored = stage.world.product.store.lead(&stage.org, &lead).await.unwrap().unwrap();
    assert!(!stored.lead.is_active());
    assert!(
        stage.world.product.store.outbox(&stage.org, None, 10).await.unwrap().entries.is_empty(),
        "nothing waits for it"
    );
}

#[tokio::test]
async fn records_that_cannot_be_written_to_come_straight_back() {
    let stage = stage("", 1).await;
    let first = stage.person(1);
    let same_address =
        stage.create("Leads", json!({ "Last_Name": "Twin", "Company": "x", "Email": "person1@example.com" }));
    let no_address = stage.create("Contacts", json!({ "Last_Name": "Nomail" }));
    let broken_address = stage.create("Contacts", json!({ "Last_Name": "Broken", "Email": "not an address" }));
    let opted_out =
        stage.create("Contacts", json!({ "Last_Name": "Out", "Email": "o@example.com", "Email_Opt_Out": true }));
    let no_contact = stage.create("Deals", json!({ "Deal_Name": "Alone", "Stage": "Qualification" }));
    stage.assign("Contacts", &[&first]);
    stage.world.settle().await;
    stage.assign("Leads", &[&same_address]);
    stage.assign("Contacts", &[&no_address, &broken_address, &opted_out]);
    stage.assign("Deals", &[&no_contact]);
    stage.world.settle().await;
    let turned_away = [
        ("Leads", same_address),
        ("Contacts", no_address),
        ("Contacts", broken_address),
        ("Contacts", opted_out),
        ("Deals", no_contact),
    ];
    for (module, id) in turned_away {
        assert_eq!(stage.owner(module, &id), "Sam Okafor", "{module} {id}");
        assert_eq!(stage.notes(&id), ["Tara Quinn did not take this record on"], "{module} {id}");
    }
    assert_eq!(stage.owner("Contacts", &first), "Tara Quinn");
}

#[tokio::test]
async fn a_workflow_that_keeps_assigning_the_record_gets_one_answer() {
    let stage = stage("", 1).await;
    let id = stage.create("Contacts", json!({ "Last_Name": "Pingpong" }));
    stage.world.zoho.set_owner_workflow(Some(ASSISTANT)).unwrap();
    stage.assign("Contacts", &[&id]);
    stage.world.settle().await;
    // Whatever flips it back again, within the day it is not answered a second time.
    for _ in 0..5 {
        stage.assign("Contacts", &[&id]);
        stage.world.settle().await;
    }
    assert_eq!(stage.notes(&id).len(), 1);
}

#[tokio::test]
async fn records_assigned_before_the_assistant_was_known_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let table = Arc::new(EmbeddedDynamo::memory().unwrap().table().await.unwrap());
    let start: Timestamp = START.parse().unwrap();
    let options = WorldOptions { start, folder: folder.path().to_owned(), table, faults: Faults::default(), seed: 3 };
    let world = World::begin(options).await.unwrap();
    let id =
        world.zoho.create_record("Contacts", json!({ "Last_Name": "Early", "Email": "e@example.com" }), None).unwrap();
    world.zoho.assign("Contacts", &[&id], ASSISTANT, Some("sam@acme.example")).unwrap();
    let org = world.connect().await.unwrap();
    world.add_tara(&org).await.unwrap();
    let lead: LeadId = format!("contacts-{id}").parse().unwrap();
    assert!(world.product.store.lead(&org, &lead).await.unwrap().is_some_and(|stored| stored.lead.is_active()));
}

#[tokio::test]
async fn the_channel_is_renewed_before_it_ends() {
    let stage = stage("", 1).await;
    stage.days(10).await;
    let channels = stage.world.zoho_state(&["channels"]);
    let channels = channels["channels"].as_array().unwrap();
    assert_eq!(channels.len(), 1, "renewed, not opened again: {channels:?}");
    assert_eq!(channels[0]["expired"], false);
}

#[tokio::test]
async fn one_mail_read_twice_counts_once() {
    let stage = stage("", 1).await;
    let id = stage.person(1);
    stage.assign("Contacts", &[&id]);
    stage.world.settle().await;
    stage.days(1).await;
    let (_, mail) = stage.world.mails().unwrap().remove(0);
    let original = mail::parse(&mail, None);
    let raw = format!(
        "From: person1@example.com\r\nTo: tara@acme.example\r\nSubject: Re: Hello\r\nMessage-ID: <answer@example.com>\r\n\
         In-Reply-To: {0}\r\nReferences: {0}\r\n\r\nWho are you?\r\n",
        original.message_id
    );
    stage.world.product.receive(raw.as_bytes()).await.unwrap();
    stage.world.product.receive(raw.as_bytes()).await.unwrap();
    stage.world.settle().await;
    let summary = stage.audit().await;
    assert_eq!(summary.broken, Vec::<String>::new());
    assert_eq!(summary.mails_logged, 2, "one out, one in");
    assert_eq!(stage.owner("Contacts", &id), "Sam Okafor");
}

#[tokio::test]
async fn a_note_whose_look_up_fails_is_not_written_again() {
    let stage = stage("", 1).await;
    stage.short_schedule(1).await;
    let id = stage.person(1);
    // More failures than one look-up has tries.
    let faults = json!([
        { "method": "POST", "path_contains": "/Notes", "fault": "error_after_acting", "times": 1 },
        { "method": "GET", "path_contains": "/Notes", "fault": "server_error", "times": 8 },
    ]);
    stage.world.zoho.change_faults(&json!({ "next": faults })).unwrap();
    stage.assign("Contacts", &[&id]);
    stage.world.settle().await;
    stage.days(3).await;
    assert_eq!(stage.notes(&id), ["Tara Quinn works on this record", "No answer to any mail"]);
}

#[tokio::test]
async fn an_answer_lost_after_the_crm_acted_repeats_nothing() {
    for (method, path) in [("POST", "/Notes"), ("POST", "/actions/associate_email"), ("PUT", "/Contacts")] {
        for fault in ["error_after_acting", "no_answer"] {
            let stage = stage("", 1).await;
            stage.short_schedule(1).await;
            let id = stage.person(1);
            let next = json!([{ "method": method, "path_contains": path, "fault": fault, "times": 3 }]);
            stage.world.zoho.change_faults(&json!({ "next": next })).unwrap();
            stage.assign("Contacts", &[&id]);
            stage.world.settle().await;
            stage.days(4).await;
            let summary = stage.audit().await;
            assert_eq!(summary.broken, Vec::<String>::new(), "{fault} at {method} {path}");
            let notes = stage.notes(&id);
            assert_eq!(
                notes,
                ["Tara Quinn works on this record", "No answer to any mail"],
                "{fault} at {method} {path}"
            );
        }
    }
}
