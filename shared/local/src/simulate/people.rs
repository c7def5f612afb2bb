//! What people do meanwhile: they assign, answer, unsubscribe, take records away, delete, merge and convert them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use app::mail_events::{MailEvent, MailEventKind};
use domain::{Assistant, Calendar, OrgId, Purpose, Schedule};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use zoho_sim::StateQuery;

use super::gate::lock;
use super::job::Job;
use super::sink::Departed;
use super::stage::Stage;
use crate::product::Product;
use crate::world::ASSISTANT;

/// What people answer.
const ANSWERS: [&str; 9] = [
    "Yes, let us meet on Tuesday.",
    "Could you tell me what it costs?",
    "I am out of office until 20 January.",
    "We are not interested.",
    "Please remove me from your list.",
    "Please send me a brochure.",
    "Please write again next week.",
    "Talk to my colleague jo@elsewhere.example.",
    "Thanks, noted.",
];

/// Adds the assistant and its schedule, as often as it takes.
pub(super) async fn add_assistant(product: &Product, org: &OrgId) -> bool {
    let admin = product.admin();
    let step = |days: u32, subject: Option<&str>| json!({ "days_after": days, "message": { "subject": subject, "body": "A word about quoting." } });
    let steps =
        json!({ "name": "Short", "closing_days": 1, "steps": [step(0, Some("Hello")), step(1, None), step(1, None)] });
    let Ok(schedule) = serde_json::from_value::<Schedule>(steps) else { return false };
    let known = admin.add_schedule(org, &schedule).await;
    let (Ok(id), Ok(email), Ok(calendar)) =
        ("tara".parse(), ASSISTANT.parse(), Calendar::working_week("Europe/London"))
    else {
        return false;
    };
    let assistant = Assistant {
        default_schedule: "Short".to_owned(),
        started_on: Some(jiff::civil::date(2025, 1, 6)),
        ..Assistant::new(id, "Tara Quinn", email, calendar)
    };
    let added = admin.add_assistant(org, assistant).await;
    // Whoever tries a second time finds what the first try left.
    let refused = |error: &app::AppError| !error.is_retryable();
    (known.is_ok() || known.is_err_and(|error| refused(&error)))
        && (added.is_ok() || added.is_err_and(|error| refused(&error)))
}

/// The people of a world.
pub(super) struct People {
    /// Records, by module.
    records: Vec<(&'static str, String)>,
    /// How often each record was assigned to the assistant.
    pub assigned: BTreeMap<String, usize>,
    /// Records that have notes and mails of others by a merge.
    pub merged: BTreeSet<String>,
    /// When each record is assigned.
    to_assign: Vec<(Timestamp, usize)>,
    /// When somebody does something else.
    next_act: Timestamp,
    last_act: Timestamp,
    seen: usize,
}

impl People {
    /// People with `count` records, which they assign over the first part of so many days.
    pub fn new(stage: &Stage, count: usize, days: i64) -> Result<Self, zoho_sim::SimError> {
        let mut records = Vec::new();
        for number in 0..count {
            let module = if stage.chance.happens(0.3) { "Leads" } else { "Contacts" };
            let fields = json!({ "Last_Name": format!("Person {number}"), "Email": format!("person{number}@example.com"), "Company": "Looms" });
            records.push((module, stage.zoho.create_record(module, fields, Some("sam@acme.example"))?));
        }
        let start = stage.clock.now();
        let span = (days * 86_400 / 2).max(3600);
        let to_assign = (0..count).map(|record| (start + stage.chance.seconds(0..span), record)).collect();
        let last_act = start + SignedDuration::from_hours(days * 24);
        Ok(Self {
            records,
            assigned: BTreeMap::new(),
            merged: BTreeSet::new(),
            to_assign,
            next_act: start,
            last_act,
            seen: 0,
        })
    }

    /// When somebody does something next.
    pub fn next(&self) -> Option<Timestamp> {
        let assign = self.to_assign.iter().map(|(at, _)| *at);
        assign.chain((self.next_act < self.last_act).then_some(self.next_act)).min()
    }

    /// What they do now.
    pub fn act(&mut self, stage: &mut Stage) {
        let now = stage.clock.now();
        let due: Vec<usize> = self.to_assign.extract_if(.., |(at, _)| *at <= now).map(|(_, record)| record).collect();
        for record in due {
            self.assign(stage, record);
        }
        if self.next_act <= now && now < self.last_act {
            self.next_act = now + stage.chance.seconds(3600..40_000);
            self.meddle(stage);
        }
        let departed: Vec<Departed> = lock(&stage.sink.departed)[self.seen..].to_vec();
        self.seen += departed.len();
        for mail in departed {
            self.react(stage, &mail);
        }
    }

    fn assign(&mut self, stage: &mut Stage, record: usize) {
        let (module, id) = &self.records[record];
        let done = stage.zoho.assign(module, &[id], ASSISTANT, Some("sam@acme.example"));
        if done.is_ok() {
            *self.assigned.entry(id.clone()).or_default() += 1;
        }
        stage.stir(&format!("Sam assigns {module} {id}: {}", done.is_ok()));
    }

    fn meddle(&mut self, stage: &mut Stage) {
        let record = stage.chance.below(self.records.len());
        let (module, id) = self.records[record].clone();
        let by = Some("priya@acme.example");
        let what = match stage.chance.below(8) {
            0 => {
                let taken = stage.zoho.assign(module, &[&id], "lena@acme.example", by);
                format!("Lena takes: {}", taken.is_ok())
            }
            1 => format!("Priya deletes: {}", stage.zoho.delete_records(module, &[&id], false, by).is_ok()),
            2 if module == "Leads" => {
                let contact = stage.zoho.convert_lead(&id, by);
                // The contact has the lead's owner.
                self.assigned.extend(contact.as_ref().ok().map(|contact| (contact.clone(), 1)));
                format!("Priya converts it to contact {contact:?}")
            }
            3 => {
                let (_, other) = self.records[stage.chance.below(self.records.len())].clone();
                let merged = other != id && stage.zoho.merge(module, &id, &[&other], by).is_ok();
                if merged {
                    self.merged.insert(id.clone());
                }
                format!("Priya merges {other} into it: {merged}")
            }
            4 | 5 => {
                self.assign(stage, record);
                return;
            }
            6 => {
                let dead = stage.zoho.kill_tokens(false);
                format!("{dead} access tokens die")
            }
            _ => return,
        };
        stage.stir(&format!("{module} {id}: {what}"));
    }

    fn react(&self, stage: &mut Stage, departed: &Departed) {
        let (now, org) = (stage.clock.now(), stage.org.clone());
        let report = |what| Job::Report(MailEvent { org: org.clone(), delivery: departed.mail.delivery.clone(), what });
        let left = || MailEventKind::Left { message_id: departed.message_id.clone(), at: Some(departed.at) };
        for rate in [0.8, 0.1] {
            if stage.chance.happens(rate) {
                let later = now + stage.chance.seconds(0..1200);
                stage.at(later, report(left()));
            }
        }
        let later = now + stage.chance.seconds(60..100_000);
        let from = departed.mail.to.address.as_str();
        match stage.chance.below(20) {
            0..=5 => {
                let text = ANSWERS[stage.chance.below(ANSWERS.len())];
                let to = departed.mail.reply_to.as_ref().map_or(ASSISTANT, |address| address.as_str());
                let raw = format!(
                    "From: {from}\r\nTo: {to}\r\nSubject: Re: Hello\r\nMessage-ID: <answer.{}@example.com>\r\nIn-Reply-To: {id}\r\n\
                     References: {id}\r\n\r\n{text}\r\n",
                    departed.mail.delivery,
                    id = departed.message_id
                );
                let mail = Job::Mail(Arc::new(raw.into_bytes()));
                if stage.chance.strikes(0.2) {
                    let again = later + stage.chance.seconds(0..300);
                    stage.at(again, mail.clone());
                }
                stage.at(later, mail);
            }
            6 => {
                if let Some(lead) = departed.mail.delivery.lead() {
                    let token = stage.key.name(Purpose::Unsubscribe, &org, &lead);
                    stage.at(later, Job::Unsubscribe(format!("/unsubscribe/{token}")));
                }
            }
            7 => stage.at(now + stage.chance.seconds(1..60), report(MailEventKind::BouncedForGood)),
            8 => stage.at(later, report(MailEventKind::Complained)),
            _ => {}
        }
    }
}

/// The parts of Zoho's state that promises are about.
pub(super) fn state(stage: &Stage) -> serde_json::Value {
    let only = ["records", "notes", "emails", "owner_history", "users"].map(str::to_owned).to_vec();
    stage.zoho.state(&StateQuery { since: None, only })
}
