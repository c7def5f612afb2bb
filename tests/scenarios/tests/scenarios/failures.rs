//! What fails is told with its reason and next try, tried again by hand, and gone from the log when it has passed.

use std::sync::{Arc, Mutex};

use app::change::LeadChanges;
use app::deliveries::Deliveries;
use app::failures::{Failure, FailureKind, Failures, Found, Retried, Which};
use app::history::history;
use app::nurture::Nurture;
use app::ports::{Lookup, Mailer, SendError};
use app::store::{Direction, Outcome};
use app::writing::Writing;
use async_trait::async_trait;
use domain::{Lead, LeadId, OrgId, OutgoingMail, Wake};
use jiff::SignedDuration;
use local::embedded::FileSecrets;
use local::product::signing_key;
use serde_json::json;

use super::journeys::{Stage, stage};

impl Stage {
    pub(crate) fn changes(&self) -> LeadChanges {
        let product = &self.world.product;
        LeadChanges { store: product.store.clone(), events: product.bus.clone(), clock: self.world.clock.clone() }
    }

    fn failure_log(&self) -> Failures {
        Failures { changes: self.changes() }
    }

    pub(crate) async fn failures(&self) -> Vec<Failure> {
        self.failure_log().list(&self.org).await.unwrap()
    }

    async fn retry(&self, which: Which) -> Retried {
        let retried = self.failure_log().retry(&self.org, &which, "Priya").await.unwrap();
        self.world.settle().await;
        retried
    }

    pub(crate) fn fails_next(&self, method: &str, path: &str, fault: &str, times: u32) {
        let next = json!([{ "method": method, "path_contains": path, "fault": fault, "times": times }]);
        self.world.zoho.change_faults(&json!({ "next": next })).unwrap();
    }

    /// What the history says of one way and kind: added, updated and failed, in order.
    async fn done(&self, direction: Direction, kind: &str) -> Vec<(u32, u32, u32)> {
        let all = history(&self.world.product.store, self.world.clock.as_ref(), &self.org).await.unwrap();
        let these = all.into_iter().filter(|done| done.direction == direction && done.line.kind == kind);
        these.map(|done| (done.line.added, done.line.updated, done.line.failed)).collect()
    }
}

#[tokio::test]
async fn a_refused_change_is_told_and_passes_when_it_is_tried_again() {
    let stage = stage("", 1).await;
    let id = stage.person(1);
    stage.fails_next("POST", "/Notes", "no_permission", 1);
    stage.assign("Contacts", &[&id]);
    stage.world.settle().await;
    assert!(stage.notes(&id).is_empty());

    let failures = stage.failures().await;
    let [failure] = &failures[..] else { panic!("one failure: {failures:?}") };
    let lead: LeadId = format!("contacts-{id}").parse().unwrap();
    assert_eq!((failure.kind, &failure.record, failure.next_try), (FailureKind::Change, &Some(lead), None));
    assert_eq!(failure.tried, "writing the note \"Tara Quinn works on this record\"");
    assert!(failure.reason.contains("permission denied"), "{}", failure.reason);
    assert_eq!(stage.done(Direction::ToCrm, "notes").await, [(0, 0, 1)]);

    let wrong = stage.retry(Which::These(vec!["no-such-id".to_owned()])).await;
    assert_eq!((wrong.due.len(), wrong.refused.len()), (0, 1));
    stage.world.clock.advance_to(stage.world.clock.now() + SignedDuration::from_mins(1));
    let retried = stage.retry(Which::These(vec![failure.id.clone()])).await;
    assert_eq!(retried.due, std::slice::from_ref(&failure.id));
    assert_eq!(stage.notes(&id), ["Tara Quinn works on this record"]);
    assert!(stage.failures().await.is_empty(), "it passed");
    assert_eq!(stage.done(Direction::ToCrm, "notes").await, [(0, 0, 1), (1, 0, 0)]);
}

#[tokio::test]
async fn what_is_tried_again_by_itself_is_in_the_log_meanwhile() {
    let stage = stage("", 1).await;
    let id = stage.person(1);
    // One call is tried three times.
    stage.fails_next("PUT", "/Contacts", "server_error", 3);
    stage.assign("Contacts", &[&id]);
    stage.world.settle().await;
    let failures = stage.failures().await;
    let [failure] = &failures[..] else { panic!("one failure: {failures:?}") };
    assert_eq!((failure.kind, failure.tries), (FailureKind::Change, 1));
    assert!(failure.next_try.is_some_and(|next| next > stage.world.clock.now()), "{failure:?}");

    assert_eq!(stage.retry(Which::All).await.due.len(), 1);
    assert!(stage.failures().await.is_empty());
    let records = stage.world.zoho_state(&["records"]);
    let record = records["records"]["Contacts"].as_array().unwrap().iter().find(|record| record["id"] == *id).unwrap();
    assert_eq!(record["TEC_Lead_Connection_Status"], "Cold");
}

#[tokio::test]
async fn one_record_that_cannot_be_read_stops_no_other() {
    let stage = stage("", 1).await;
    let ids: Vec<String> = (0..5).map(|number| stage.person(number)).collect();
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    // That they were created is news too, and old by then.
    stage.world.settle().await;
    // One call is tried three times.
    stage.fails_next("GET", &format!("{}/__timeline", ids[1]), "server_error", 3);
    stage.assign("Contacts", &all);
    stage.world.settle().await;
    let taken: Vec<bool> = ids.iter().map(|id| !stage.notes(id).is_empty()).collect();
    assert_eq!(taken, [true, false, true, true, true]);
    let failures = stage.failures().await;
    let [failure] = &failures[..] else { panic!("one failure: {failures:?}") };
    assert_eq!((failure.kind, failure.tries), (FailureKind::Record, 1));
    assert_eq!(failure.record.as_ref().unwrap().to_string(), format!("contacts-{}", ids[1]));
    assert_eq!(stage.done(Direction::FromCrm, "Contacts").await[0], (4, 0, 1));

    // Nobody does anything: upkeep looks again when it is due.
    stage.world.clock.advance_to(stage.world.clock.now() + SignedDuration::from_mins(15));
    stage.world.upkeep().await.unwrap();
    assert_eq!(stage.notes(&ids[1]), ["Tara Quinn works on this record"]);
    assert!(stage.failures().await.is_empty());
    assert_eq!(stage.proof(domain::Module::Contacts).await.1, 0, "its notification was not missed");
}

#[tokio::test]
async fn a_crm_that_lets_nobody_read_is_one_failure_and_tried_again_at_once() {
    let stage = stage("", 1).await;
    let ids: Vec<String> = (0..5).map(|number| stage.person(number)).collect();
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    stage.fails_next("GET", "/Contacts", "server_error", 3);
    stage.assign("Contacts", &all);
    stage.world.settle().await;
    let failures = stage.failures().await;
    let kinds: Vec<_> = failures.iter().map(|failure| failure.kind).collect();
    assert_eq!(kinds, [FailureKind::Notification], "{failures:?}");
    assert_eq!(stage.retry(Which::All).await.due.len(), 1);
    assert!(ids.iter().all(|id| stage.notes(id).len() == 1));
    assert!(stage.failures().await.is_empty());
}

#[tokio::test]
async fn a_part_of_the_upkeep_that_fails_stops_no_other() {
    let stage = stage("lost_notifications=1", 1).await;
    let id = stage.person(1);
    stage.assign("Contacts", &[&id]);
    stage.world.settle().await;
    // The channel is to be renewed, and cannot be.
    stage.world.clock.advance_to(stage.world.clock.now() + SignedDuration::from_hours(72));
    stage.fails_next("PATCH", "/actions/watch", "no_permission", 1);
    stage.world.upkeep().await.unwrap();
    let failures = stage.failures().await;
    let [failure] = &failures[..] else { panic!("one failure: {failures:?}") };
    assert_eq!(failure.tried, "opening or renewing the notification channel");
    assert_eq!(stage.notes(&id), ["Tara Quinn works on this record"], "what was lost is found all the same");
    assert_eq!(stage.retry(Which::All).await.due.len(), 1);
    assert!(stage.failures().await.is_empty());
}

/// A mail system of moods.
#[derive(Default)]
struct Moody {
    mood: Mutex<Mood>,
    left: Mutex<Vec<String>>,
}

#[derive(Default, Clone, Copy)]
enum Mood {
    #[default]
    Well,
    Down,
    Refusing,
    /// It neither says nor knows later whether a mail left.
    Forgetful,
    /// It knows later that the mail left.
    Remembering,
}

#[async_trait]
impl Mailer for Moody {
    async fn send(&self, _: &OrgId, mail: &OutgoingMail) -> Result<String, SendError> {
        let reason = || "as planned".to_owned();
        match *self.mood.lock().unwrap() {
            Mood::Well => {
                self.left.lock().unwrap().push(mail.delivery.to_string());
                Ok(format!("<{}@sent.example>", mail.delivery))
            }
            Mood::Down => Err(SendError::NotSent { reason: reason() }),
            Mood::Refusing => Err(SendError::Refused { reason: reason() }),
            Mood::Forgetful | Mood::Remembering => {
                Err(SendError::Unknown { delivery: mail.delivery.clone(), reason: reason() })
            }
        }
    }

    async fn find(&self, _: &OrgId, _: &OutgoingMail) -> Lookup {
        match *self.mood.lock().unwrap() {
            Mood::Remembering => Lookup::Sent { message_id: "<found@sent.example>".to_owned(), at: None },
            Mood::Well | Mood::Down | Mood::Refusing | Mood::Forgetful => Lookup::CannotTell,
        }
    }
}

/// A lead whose first mail is due, and the tick that sends it through a moody mail system.
struct Office {
    stage: Stage,
    moody: Arc<Moody>,
    nurture: Nurture,
    record: String,
}

impl Office {
    async fn open() -> Self {
        let stage = stage("", 1).await;
        stage.short_schedule(2).await;
        let record = stage.person(1);
        stage.assign("Contacts", &[&record]);
        stage.world.settle().await;
        let moody = Arc::new(Moody::default());
        let nurture = Nurture {
            deliveries: Deliveries { changes: stage.changes() },
            writing: Writing::default(),
            mailer: moody.clone(),
            key: signing_key(&FileSecrets::new(stage.folder())).await.unwrap(),
            reply_domain: None,
        };
        Self { stage, moody, nurture, record }
    }

    fn feels(&self, mood: Mood) {
        *self.moody.mood.lock().unwrap() = mood;
    }

    /// Ticks whenever something is due, for so many hours.
    async fn tick_for(&self, hours: i64) {
        let clock = &self.stage.world.clock;
        let over = clock.now() + SignedDuration::from_hours(hours);
        while clock.now() < over {
            let leads = self.stage.world.product.admin().leads(&self.stage.org).await.unwrap();
            let wakes = leads.iter().filter_map(Lead::wake).map(|wake| match wake {
                Wake::Due(at) | Wake::Lease(at) => at,
            });
            let next = wakes.min().map_or(over, |next| next.min(over));
            clock.advance_to(next.max(clock.now() + SignedDuration::from_secs(30)));
            self.nurture.tick(clock.now() + SignedDuration::from_secs(10)).await.unwrap();
            self.stage.world.settle().await;
        }
    }

    async fn only_failure(&self) -> Failure {
        let failures = self.stage.failures().await;
        assert_eq!(failures.len(), 1, "{failures:?}");
        failures.into_iter().next().unwrap()
    }

    fn left(&self) -> Vec<String> {
        self.moody.left.lock().unwrap().clone()
    }

    fn first_mail(&self) -> String {
        format!("dlv_contacts-{}.1.1", self.record)
    }
}

#[tokio::test]
async fn a_mail_system_that_is_down_is_told_until_the_mail_has_left() {
    let office = Office::open().await;
    office.feels(Mood::Down);
    office.tick_for(30).await;
    let failure = office.only_failure().await;
    assert_eq!(
        (failure.kind, &failure.tried),
        (FailureKind::Mail, &format!("sending the mail {}", office.first_mail()))
    );
    assert!(failure.next_try.is_some() && failure.tries > 3, "{failure:?}");
    office.feels(Mood::Well);
    office.stage.retry(Which::All).await;
    office.tick_for(24).await;
    assert_eq!(office.left()[0], office.first_mail());
    assert!(office.stage.failures().await.is_empty());
    let mails = office.stage.done(Direction::MailOut, "mails").await;
    assert_eq!(mails.iter().filter(|(added, ..)| *added == 1).count(), office.left().len(), "{mails:?}");
}

#[tokio::test]
async fn a_refused_mail_leaves_when_it_is_tried_again_and_its_lead_goes_on() {
    let office = Office::open().await;
    office.feels(Mood::Refusing);
    office.tick_for(30).await;
    let failure = office.only_failure().await;
    assert_eq!((failure.kind, failure.tries, failure.next_try), (FailureKind::Mail, 1, None));
    assert_eq!(office.stage.owner("Contacts", &office.record), "Sam Okafor", "it was given back");

    office.feels(Mood::Well);
    let retried = office.stage.retry(Which::All).await;
    assert_eq!(retried.due.len(), 1, "{retried:?}");
    assert_eq!(office.stage.owner("Contacts", &office.record), "Tara Quinn");
    assert!(office.only_failure().await.next_try.is_some(), "it is due again");
    office.tick_for(96).await;
    let expect = [office.first_mail(), format!("dlv_contacts-{}.1.2", office.record)];
    assert_eq!(office.left(), expect, "each once, the refused one first");
    assert!(office.stage.failures().await.is_empty());
}

#[tokio::test]
async fn an_unknown_mail_is_looked_up_again_and_never_sent_again() {
    let office = Office::open().await;
    office.feels(Mood::Forgetful);
    office.tick_for(30).await;
    let failures = office.stage.failures().await;
    let failure = failures.into_iter().find(|failure| failure.tried.ends_with(&office.first_mail())).unwrap();
    assert_eq!((failure.kind, failure.next_try), (FailureKind::UnknownMail, None));

    // Nothing new is known: it stays.
    office.stage.retry(Which::These(vec![failure.id.clone()])).await;
    office.nurture.tick(office.stage.world.clock.now() + SignedDuration::from_secs(10)).await.unwrap();
    assert!(office.stage.failures().await.contains(&failure));

    office.feels(Mood::Remembering);
    office.stage.retry(Which::All).await;
    office.nurture.tick(office.stage.world.clock.now() + SignedDuration::from_secs(10)).await.unwrap();
    office.stage.world.settle().await;
    assert!(office.stage.failures().await.iter().all(|still| still.id != failure.id));
    let lead: LeadId = format!("contacts-{}", office.record).parse().unwrap();
    let store = &office.stage.world.product.store;
    let delivery =
        store.delivery(&office.stage.org, &lead, &office.first_mail().parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(delivery.value.outcome, Outcome::Sent { message_id: "<found@sent.example>".to_owned() });
    assert!(office.left().is_empty(), "nothing was sent again");
}

#[tokio::test]
async fn the_history_forgets_after_seven_days() {
    let stage = stage("", 1).await;
    let id = stage.person(1);
    stage.assign("Contacts", &[&id]);
    stage.world.settle().await;
    assert_eq!(stage.done(Direction::FromCrm, "Contacts").await, [(1, 0, 0)]);
    assert_eq!(stage.done(Direction::ToCrm, "notes").await, [(1, 0, 0)]);
    stage.world.clock.advance_to(stage.world.clock.now() + SignedDuration::from_hours(7 * 24 + 1));
    assert!(stage.done(Direction::FromCrm, "Contacts").await.is_empty(), "whether the table has forgotten it or not");
}

#[tokio::test]
async fn a_person_says_whether_an_unknown_mail_left_once() {
    for (found, expected) in [(Found::Left, true), (Found::DidNotLeave, false)] {
        let office = Office::open().await;
        office.feels(Mood::Forgetful);
        office.tick_for(30).await;
        let log = office.stage.failure_log();
        let org = &office.stage.org;
        let all = office.stage.failures().await;
        let first = all.iter().find(|failure| failure.tried.ends_with(&office.first_mail())).unwrap();
        let refused = log.dismiss(org, &Which::These(vec![first.id.clone()])).await.unwrap();
        assert_eq!((refused.due.len(), refused.refused.len()), (0, 1), "it is settled, not dismissed");
        log.settle(org, &first.id, found).await.unwrap();
        assert!(log.settle(org, &first.id, found).await.is_err(), "once");
        assert!(office.stage.failures().await.iter().all(|failure| failure.id != first.id));
        let lead = format!("contacts-{}", office.record).parse().unwrap();
        let store = &office.stage.world.product.store;
        let delivery = store.delivery(org, &lead, &office.first_mail().parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(matches!(delivery.value.outcome, Outcome::Sent { .. }), expected, "{:?}", delivery.value.outcome);
        assert_eq!(delivery.value.outcome == Outcome::NeverLeft, !expected);
    }
}

#[tokio::test]
async fn what_waits_for_a_person_can_be_dismissed_and_what_is_tried_again_cannot() {
    let office = Office::open().await;
    office.feels(Mood::Down);
    office.tick_for(30).await;
    let log = office.stage.failure_log();
    let dismissed = log.dismiss(&office.stage.org, &Which::All).await.unwrap();
    assert_eq!((dismissed.due.len(), dismissed.refused.len()), (0, 1), "{dismissed:?}");
    office.feels(Mood::Refusing);
    office.tick_for(30).await;
    assert!(office.only_failure().await.next_try.is_none());
    assert_eq!(log.dismiss(&office.stage.org, &Which::All).await.unwrap().due.len(), 1);
    assert!(office.stage.failures().await.is_empty());
    assert!(office.left().is_empty());
}
