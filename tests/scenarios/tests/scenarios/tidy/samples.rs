//! Every sample in `events/` is one that its function takes, and every trigger has one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use app::change::LeadChanges;
use app::deliveries::Deliveries;
use app::mail_events::MailEvents;
use app::notify::{Notify, channel_token};
use app::ports::Event;
use app::receive::Receive;
use app::store::{Connection, Health, Store};
use aws_lambda_events::event::s3::S3Event;
use aws_lambda_events::event::sqs::SqsEvent;
use crm_webhook::CrmWebhook;
use domain::SigningKey;
use inbound_email::InboundEmail;
use lambda_http::Body;
use local::bus::LocalBus;
use local::clock::SettableClock;
use local::embedded::EmbeddedDynamo;
use mail_events::MailEventsFunction;
use serde_json::Value;

use super::template::{Template, Trigger};
use super::{kept, none, read};

/// The environment of `sam local invoke`, not a sample.
const ENVIRONMENT: &str = "events/env.json";

/// The organisation in every sample.
const ORG: &str = "us-60000000001";

struct Sample {
    path: String,
    package: String,
    json: Value,
}

impl Sample {
    fn text(&self) -> String {
        self.json.to_string()
    }

    fn batch(&self) -> SqsEvent {
        let batch: SqsEvent =
            serde_json::from_value(self.json.clone()).unwrap_or_else(|error| panic!("{}: {error}", self.path));
        assert!(!batch.records.is_empty(), "{} has no messages", self.path);
        batch
    }

    fn events(&self) -> Vec<Event> {
        let read = |message| edge::queue::event(message).unwrap_or_else(|error| panic!("{}: {error}", self.path));
        self.batch().records.iter().map(read).collect()
    }

    fn is_batch(&self) -> bool {
        self.json.get("Records").is_some()
    }
}

/// The samples, each with the crate that its name begins with.
fn samples() -> Vec<Sample> {
    let template = Template::read();
    let functions = template.functions();
    let paths = kept().into_iter().filter(|path| path.starts_with("events/") && *path != ENVIRONMENT);
    let sample = |path: String| {
        let name = path.trim_start_matches("events/").trim_end_matches(".json");
        let of =
            |package: &&str| name.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        let package =
            functions.iter().map(super::template::Function::package).filter(of).max_by_key(|package| package.len());
        let package = package
            .unwrap_or_else(|| panic!("{path}: begin its name with a function's crate, such as upkeep-connected.json"));
        let json = serde_json::from_str(&read(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        Sample { package: package.to_owned(), json, path }
    };
    paths.map(sample).collect()
}

fn samples_of(package: &str) -> Vec<Sample> {
    let of: Vec<Sample> = samples().into_iter().filter(|sample| sample.package == package).collect();
    assert!(!of.is_empty(), "events/ has no sample for {package}");
    of
}

fn key() -> SigningKey {
    SigningKey::new(b"a key for tests only").expect("it is long enough")
}

async fn changes() -> LeadChanges {
    let dynamo = EmbeddedDynamo::memory().expect("a database");
    let table = dynamo.table().await.expect("a table");
    let clock = SettableClock::at("2026-01-05T09:00:00Z".parse().expect("a time"));
    LeadChanges { store: Store::new(Arc::new(table)), events: Arc::new(LocalBus::default()), clock: Arc::new(clock) }
}

/// Writes the row of a connected org: reports about the mails of any other are given back.
async fn connect(store: &Store, org: &str) {
    let user = domain::UserId::parse("5540000235001").expect("a user");
    let connection = Connection {
        org: org.parse().expect("an org"),
        name: "Acme".to_owned(),
        allowance: app::ports::Allowance::default(),
        health: Health::Connected,
        connected_by: user.clone(),
        fallback_owner: user,
        backups: BTreeMap::new(),
        scopes_missing: Vec::new(),
        paused: None,
        public_url: edge::settings::parse_public_url("https://sales.example.com").expect("an address"),
        fields: BTreeMap::new(),
        schedule_values: Vec::new(),
        channel_expires: None,
        known_until: BTreeMap::new(),
        worked_on: BTreeSet::new(),
        looked_at_all: None,
        next_upkeep: "2026-01-05T09:00:00Z".parse().expect("a time"),
    };
    store.put_connection(&connection, None).await.expect("a row");
}

#[test]
fn every_trigger_has_a_sample() {
    let samples = samples();
    let mut problems = Vec::new();
    for function in Template::read().functions() {
        let package = function.package();
        let mut own = samples.iter().filter(|sample| sample.package == package);
        for trigger in function.triggers() {
            let shown = match &trigger {
                Trigger::Route(route) => own.clone().any(|sample| sample.json["routeKey"] == route.as_str()),
                Trigger::Queue(_) => own.clone().any(Sample::is_batch),
                Trigger::Schedule(_) => own.clone().any(|sample| sample.json["detail-type"] == "Scheduled Event"),
            };
            if !shown {
                problems.push(format!("events/{package}*.json: none is for {trigger:?}"));
            }
        }
        let routes: Vec<_> = function
            .triggers()
            .into_iter()
            .filter_map(|trigger| match trigger {
                Trigger::Route(route) => Some(Value::from(route)),
                _ => None,
            })
            .collect();
        if let Some(stray) = own.find(|sample| sample.json.get("routeKey").is_some_and(|route| !routes.contains(route)))
        {
            problems.push(format!("{}: template.yaml has no such route for {package}", stray.path));
        }
    }
    none(&problems);
}

#[test]
fn requests_are_what_api_gateway_sends() {
    let mut seen = 0;
    for sample in samples().iter().filter(|sample| sample.json.get("routeKey").is_some()) {
        let request =
            lambda_http::request::from_str(&sample.text()).unwrap_or_else(|error| panic!("{}: {error}", sample.path));
        let route = sample.json["routeKey"].as_str().unwrap_or_default();
        let (method, pattern) = route.split_once(' ').unwrap_or_else(|| panic!("{}: routeKey {route:?}", sample.path));
        let prefix = pattern.split('{').next().unwrap_or_default();
        assert_eq!(request.method(), method, "{}", sample.path);
        assert!(request.uri().path().starts_with(prefix), "{}: {} is not {pattern}", sample.path, request.uri().path());
        seen += 1;
    }
    assert!(seen > 0, "events/ has no HTTP request");
}

#[tokio::test]
async fn the_notification_is_one_that_zoho_posts() {
    let LeadChanges { store, events, clock } = changes().await;
    let function = CrmWebhook { notify: Notify { store, events, clock, key: key() } };
    let token = channel_token(&key(), &ORG.parse().expect("an org"));
    for sample in samples_of("crm-webhook") {
        let read = || lambda_http::request::from_str(&sample.text()).expect("a request");
        assert_eq!(function.handle(read()).await.status(), 401, "{}: its token must open no real channel", sample.path);
        let mut posted: Value = serde_json::from_slice(read().body()).expect("a body of JSON");
        posted["token"] = Value::from(token.clone());
        let signed = read().map(|_| Body::Text(posted.to_string()));
        assert_eq!(function.handle(signed).await.status(), 200, "{}", sample.path);
    }
}

#[test]
fn messages_of_the_bus_reach_the_right_function() {
    for sample in samples_of("enrolment") {
        assert!(
            sample.events().iter().all(|event| matches!(event, Event::RecordsChanged { .. } | Event::LeadAsked { .. })),
            "{}",
            sample.path
        );
    }
    for sample in samples_of("crm-writeback") {
        assert!(sample.events().iter().all(|event| matches!(event, Event::WritebackPending { .. })), "{}", sample.path);
    }
}

#[test]
fn a_schedule_is_known_from_a_queue() {
    let upkeeps = |event: &Event| matches!(event, Event::Connected { .. } | Event::AssistantChanged { .. });
    let ticks = |event: &Event| matches!(event, Event::TestAsked { .. });
    for (package, ours) in [("upkeep", &upkeeps as &dyn Fn(&Event) -> bool), ("nurture-tick", &ticks)] {
        for sample in samples_of(package) {
            let read = serde_json::from_value(sample.json.clone());
            match read.unwrap_or_else(|error| panic!("{}: {error}", sample.path)) {
                edge::queue::Trigger::Queue(_) => {
                    assert!(sample.is_batch() && sample.events().iter().all(ours), "{}", sample.path);
                }
                edge::queue::Trigger::Schedule(_) => {
                    assert!(!sample.is_batch(), "{} is a batch that cannot be read", sample.path);
                }
            }
        }
    }
}

#[tokio::test]
async fn every_mail_event_is_understood() {
    let changes = changes().await;
    connect(&changes.store, ORG).await;
    let events = MailEvents { deliveries: Deliveries { changes } };
    let function = MailEventsFunction { events, region: "us-east-1".to_owned() };
    for sample in samples_of("mail-events") {
        let failures = function.handle(sample.batch()).await.batch_item_failures;
        assert!(failures.is_empty(), "{}: the function gives it back as unreadable", sample.path);
    }
}

#[tokio::test]
async fn mails_in_the_bucket_are_found_and_the_buckets_greeting_does_no_harm() {
    // Never called: the greeting names no mail.
    let nowhere = aws_sdk_s3::Client::from_conf(aws_sdk_s3::Config::builder().behavior_version_latest().build());
    let receive = Receive { changes: changes().await, key: key(), composer: None };
    let function = InboundEmail { receive, mails: aws::S3Mails::new(nowhere) };
    for sample in samples_of("inbound-email") {
        for message in sample.batch().records {
            if message.body.as_deref().is_some_and(|body| body.contains("s3:TestEvent")) {
                let failures = function.handle(sample.batch()).await.batch_item_failures;
                assert!(
                    failures.is_empty(),
                    "{}: S3 sends it when the bucket is made, and it would end as a dead letter",
                    sample.path
                );
                continue;
            }
            let created: S3Event =
                edge::queue::json_body(&message).unwrap_or_else(|error| panic!("{}: {error}", sample.path));
            let named = |record: &aws_lambda_events::event::s3::S3EventRecord| {
                record.s3.bucket.name.is_some() && record.s3.object.key.is_some()
            };
            assert!(!created.records.is_empty() && created.records.iter().all(named), "{}", sample.path);
        }
    }
}

#[test]
fn the_local_environment_names_what_the_template_sets() {
    let environment: Value = serde_json::from_str(&read(ENVIRONMENT)).expect("events/env.json is JSON");
    let template = Template::read();
    let known = template.variables();
    let mut problems = Vec::new();
    for (function, variables) in environment.as_object().expect("an object with a member for each function") {
        for name in variables.as_object().expect("variables").keys().filter(|name| !known.contains(name.as_str())) {
            problems.push(format!(
                "{ENVIRONMENT}: {function} gets {name}, which template.yaml does not set, so SAM drops it"
            ));
        }
    }
    none(&problems);
}
