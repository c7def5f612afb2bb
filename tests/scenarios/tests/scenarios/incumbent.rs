//! What goes wrong elsewhere, and cannot here: a test for each. Two stand where their tools are: opens faked by scanners in
//! `engagement::a_scanner_that_follows_every_link_counts_for_nothing`, and replies from a second mailbox of the same domain in
//! `own_mailboxes::an_answer_from_a_second_mailbox_of_the_same_domain_finds_its_lead`.

use std::collections::BTreeMap;

use domain::{Calendar, ConnectionStatus, LeadId, SendWindow};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};

use super::journeys::{Stage, stage};

impl Stage {
    async fn schedule(&self, steps: Vec<Value>) {
        let schedule = json!({ "name": "Short", "closing_days": 9, "steps": steps });
        self.world.product.admin().add_schedule(&self.org, &serde_json::from_value(schedule).unwrap()).await.unwrap();
        self.edit_tara(|assistant| "Short".clone_into(&mut assistant.default_schedule)).await;
    }

    fn of_country(&self, number: usize, country: &str) -> String {
        let email = format!("person{number}@example.com");
        self.create("Contacts", json!({ "Last_Name": "Person", "Email": email, "Mailing_Country": country }))
    }

    /// When mails left, by the record they were for.
    fn departures(&self) -> BTreeMap<String, Vec<Timestamp>> {
        let mut by_record: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
        for (name, raw) in self.world.mails().unwrap() {
            let delivery = name.split("dlv_contacts-").nth(1).unwrap();
            let record = delivery.split('.').next().unwrap().to_owned();
            by_record.entry(record).or_default().push(mail::parse(&raw, None).date.unwrap());
        }
        by_record
    }

    fn texts(&self) -> Vec<String> {
        self.world.mails().unwrap().iter().map(|(_, raw)| mail::parse(raw, None).text).collect()
    }

    fn mails_by_london_day(&self) -> BTreeMap<Date, Vec<Timestamp>> {
        let mut days: BTreeMap<Date, Vec<Timestamp>> = BTreeMap::new();
        for at in self.departures().into_values().flatten() {
            days.entry(at.to_zoned(TimeZone::get("Europe/London").unwrap()).date()).or_default().push(at);
        }
        days
    }
}

fn step(days_after: u32, body: &str) -> Value {
    json!({ "days_after": days_after, "message": { "subject": "Hello", "body": body } })
}

/// Wrong time zone for off days: a weekend is the lead's own, wherever the assistant's desk stands.
#[tokio::test]
async fn a_weekend_is_the_leads_own() {
    let stage = stage("", 1).await;
    stage.schedule((0..9).map(|number| step(u32::from(number > 0), "hello")).collect()).await;
    let people = [
        ("New Zealand", "Pacific/Auckland", [Weekday::Saturday, Weekday::Sunday]),
        ("Japan", "Asia/Tokyo", [Weekday::Saturday, Weekday::Sunday]),
        ("Saudi Arabia", "Asia/Riyadh", [Weekday::Friday, Weekday::Saturday]),
        ("United Kingdom", "Europe/London", [Weekday::Saturday, Weekday::Sunday]),
    ];
    let records: Vec<_> =
        people.iter().zip(1..).map(|((country, ..), number)| stage.of_country(number, country)).collect();
    stage.assign("Contacts", &records.iter().map(String::as_str).collect::<Vec<_>>());
    stage.world.settle().await;
    stage.days(8).await;
    let departures = stage.departures();
    for ((country, zone, weekend), record) in people.iter().zip(&records) {
        let zone = TimeZone::get(zone).unwrap();
        let mails: Vec<_> = departures[record].iter().map(|at| at.to_zoned(zone.clone())).collect();
        assert!(mails.len() >= 5, "{country}: {mails:?}");
        for at in &mails {
            assert!(!weekend.contains(&at.weekday()) && (9..17).contains(&at.hour()), "{country}: {at}");
        }
    }
}

/// Off days ignored at send time: what was planned before a day was taken off does not leave on it.
#[tokio::test]
async fn a_day_taken_off_after_mails_were_planned_for_it_is_off() {
    let stage = stage("", 1).await;
    stage.schedule(vec![step(0, "one"), step(1, "two")]).await;
    let records: Vec<_> = (0..15).map(|number| stage.person(number)).collect();
    stage.assign("Contacts", &records.iter().map(String::as_str).collect::<Vec<_>>());
    stage.world.settle().await;
    stage.days(1).await;
    let window = SendWindow::parse("09:00-17:00").unwrap();
    let off = Calendar::new("Europe/London", window, &["tue", "wed", "sat", "sun"]).unwrap();
    // Tuesday morning: the second mails are due within minutes.
    let edited = stage.world.clock.now();
    stage.edit_tara(|assistant| assistant.calendar = off.clone()).await;
    stage.days(3).await;
    let mails: Vec<_> = stage.departures().into_values().flatten().filter(|at| *at >= edited).collect();
    assert!(mails.len() > 10, "most of the second mails were still to come: {}", mails.len());
    let london = TimeZone::get("Europe/London").unwrap();
    assert!(mails.iter().all(|at| at.to_zoned(london.clone()).weekday() == Weekday::Thursday), "{mails:?}");
}

/// `Éric` in the From header: whatever the name, the header is ASCII on the wire and the name itself to its reader.
#[tokio::test]
async fn any_name_goes_into_from_and_comes_out_as_it_was() {
    let names = [
        "Éric Lefèvre",
        "Łukasz Żółć",
        "Мария Иванова",
        "田中 太郎",
        "محمد علي",
        "Zoë \"Z\" O'Neill, Sales",
        "Ünal <Satış>",
        "R\u{e9}\u{301}my 🎉",
        "a@b.example",
        "=?utf-8?q?x?=",
    ];
    for name in names {
        let stage = stage("", 1).await;
        stage.edit_tara(|assistant| name.clone_into(&mut assistant.name)).await;
        let record = stage.person(1);
        stage.assign("Contacts", &[&record]);
        stage.world.settle().await;
        stage.days(1).await;
        let (_, raw) = stage.world.mails().unwrap().remove(0);
        let head = raw.split(|byte| *byte == b'\n').take_while(|line| line.len() > 1).collect::<Vec<_>>();
        assert!(head.iter().all(|line| line.is_ascii()), "{name}");
        assert_eq!(head.iter().filter(|line| line.starts_with(b"From:")).count(), 1, "{name}");
        let mail = mail::parse(&raw, None);
        assert_eq!(mail.from_name, name);
        assert_eq!(mail.from.unwrap().as_str(), local::world::ASSISTANT);
    }
}

/// Hot falling back to Warm: neither clicks nor mails nor upkeep nor a person's edit of the field's neighbours cool a lead.
#[tokio::test]
async fn hot_stays_hot_whatever_comes_after() {
    let stage = stage("", 1).await;
    let record = stage.person(1);
    stage.assign("Contacts", &[&record]);
    stage.world.settle().await;
    stage.days(1).await;
    let id: LeadId = format!("contacts-{record}").parse().unwrap();
    let original = mail::parse(&stage.world.mails().unwrap()[0].1, None).message_id;
    let answers = [
        "Yes, let us meet on Tuesday.",
        "Could you tell me what it costs?",
        "I am out of office until Monday.",
        "Thanks.",
        "We are not interested after all.",
        "Please write again in March.",
    ];
    for (number, text) in answers.iter().enumerate() {
        let raw = format!(
            "From: person1@example.com\r\nTo: tara@acme.example\r\nSubject: Re: Hello\r\nMessage-ID: <{number}@example.com>\r\n\
             In-Reply-To: {original}\r\n\r\n{text}\r\n"
        );
        stage.world.product.receive(raw.as_bytes()).await.unwrap();
        stage.world.settle().await;
        stage.world.upkeep().await.unwrap();
        let lead = stage.world.product.store.lead(&stage.org, &id).await.unwrap().unwrap().lead;
        assert_eq!(lead.status, ConnectionStatus::Hot, "after {text:?}");
        let records = stage.world.zoho_state(&["records"]);
        let shown =
            records["records"]["Contacts"].as_array().unwrap().iter().find(|shown| shown["id"] == record.as_str());
        assert_eq!(shown.unwrap()["TEC_Lead_Connection_Status"], "Hot", "after {text:?}");
    }
}

/// Null in a signature: a record of which nothing but the address is known, and an assistant without title or signature.
#[tokio::test]
async fn what_is_not_known_leaves_no_trace_in_a_mail() {
    let stage = stage("", 1).await;
    let all = "Hi {{ lead_first_name }}, {{ lead_last_name }} {{ lead_designation }} {{ lead_company }} {{ lead_industry }} \
               {{ lead_phone }} {{ lead_website }} {{ assistant_title }}";
    stage.schedule(vec![step(0, all)]).await;
    stage
        .edit_tara(|assistant| {
            assistant.title.clear();
            assistant.signature.clear();
            assistant.default_context.clear();
        })
        .await;
    let nothing = json!({ "Last_Name": "?", "First_Name": null, "Email": "nobody@example.com", "Title": null,
        "Account_Name": null, "Phone": null, "Mailing_Country": null });
    let record = stage.create("Contacts", nothing);
    stage.assign("Contacts", &[&record]);
    stage.world.settle().await;
    stage.days(1).await;
    let text = stage.texts().remove(0);
    for leftover in ["null", "None", "undefined", "{{", "}}", "nan"] {
        assert!(!text.contains(leftover), "{leftover} in {text:?}");
    }
    assert!(text.contains("Tara Quinn"), "the assistant's name signs: {text:?}");
}

/// Another lead's timeline shown: two leads that share a name, a company and a mail thread's subject.
#[tokio::test]
async fn a_leads_timeline_is_its_own() {
    let stage = stage("", 1).await;
    let twin = |module: &str, secret: &str| {
        let email = format!("{}@twins.example", module.to_lowercase());
        let fields = json!({ "Last_Name": "Twin", "Email": email, "Company": "Twins", "TEC_Context": secret });
        stage.create(module, fields)
    };
    let (contact, lead) = (twin("Contacts", "the red file"), twin("Leads", "the blue file"));
    stage.assign("Contacts", &[&contact]);
    stage.world.settle().await;
    stage.days(2).await;
    stage.assign("Leads", &[&lead]);
    stage.world.settle().await;
    stage.days(2).await;
    let admin = stage.world.product.admin();
    let ids: [LeadId; 2] = [format!("contacts-{contact}").parse().unwrap(), format!("leads-{lead}").parse().unwrap()];
    for (own, other) in [(&ids[0], &ids[1]), (&ids[1], &ids[0])] {
        let report = admin.lead(&stage.org, own).await.unwrap();
        let why = admin.why(&stage.org, own).await.unwrap();
        let (told, name) = (format!("{report:?}{why:?}"), own.to_string());
        assert!(told.contains(&name) && !told.contains(&other.to_string()), "{own}: {told}");
        let prefix = LeadId::try_from(name[..name.len() - 1].to_owned()).unwrap();
        assert!(
            stage.world.product.store.lead(&stage.org, &prefix).await.unwrap().is_none(),
            "part of an id is nobody"
        );
        assert!(admin.why(&stage.org, &prefix).await.map_or(true, |why| why.is_empty()));
    }
}

/// Floods after many assignments: the ramp of a new assistant, its cap later, a space between any two mails; also after
/// three days in which nothing ran.
#[tokio::test]
async fn many_assignments_are_no_flood() {
    const RECORDS: usize = 90;
    let stage = stage("", 1).await;
    stage.schedule(vec![step(0, "one")]).await;
    let records: Vec<_> = (0..RECORDS).map(|number| stage.person(number)).collect();
    stage.assign("Contacts", &records.iter().map(String::as_str).collect::<Vec<_>>());
    stage.world.settle().await;
    stage.days(2).await;
    // An outage over three working days; then it goes on.
    stage.world.clock.advance_to(stage.world.clock.now() + SignedDuration::from_hours(72));
    stage.days(4).await;
    let days = stage.mails_by_london_day();
    assert_eq!(days.values().map(Vec::len).sum::<usize>(), RECORDS, "everybody is written to");
    let first = *days.keys().next().unwrap();
    assert_eq!(days[&first].len(), 20, "a new assistant's first day");
    for (day, mut mails) in days {
        let before = first.series(1.day()).take_while(|passed| *passed < day);
        let working_days = before.filter(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)).count();
        let most = 20.0 * 1.5_f64.powi(i32::try_from(working_days).unwrap());
        assert!(mails.len() as f64 <= most, "{day}: {} mails", mails.len());
        mails.sort();
        let closest = mails.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs()).min();
        assert!(closest.is_none_or(|seconds| seconds >= 10), "{day}: {closest:?} s apart");
    }
}
