//! Budgets that workers share: calls in flight, credits, and the pause after a 429.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use app::budgets::{CrmBudgets, PacedMailer};
use app::ports::{Allowance, Budgets, CrmError, Key, Lookup, Mailer, SendError};
use app::store::{OutboxEntry, Store};
use async_trait::async_trait;
use domain::{CrmChange, DeliveryId, EmailAddress, LeadId, Mailbox, Note, OrgId, OutgoingMail};
use jiff::{SignedDuration, Timestamp};
use local::clock::SettableClock;
use local::embedded::EmbeddedDynamo;

use super::journeys::{Stage, stage};

const START: &str = "2026-01-05T09:30:00Z";

/// Rows and a clock that moves whoever waits by it.
async fn place() -> (Store, Arc<SettableClock>, OrgId) {
    let table = Arc::new(EmbeddedDynamo::memory().unwrap().table().await.unwrap());
    let clock = Arc::new(SettableClock::at(START.parse().unwrap()));
    (Store::new(table), clock, "eu-20061234567".parse().unwrap())
}

#[tokio::test]
async fn many_workers_have_no_more_calls_in_flight_than_the_org_may() {
    const WORKERS: usize = 8;
    const CALLS: usize = 10;
    let (store, clock, org) = place().await;
    let (in_flight, most, done) =
        (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..WORKERS {
        let budgets = Arc::new(CrmBudgets::new(store.clone(), clock.clone()));
        // Each worker has two calls in flight, if it may. More would move the clock by their waiting faster than any
        // real one goes.
        for _ in 0..2 {
            let (budgets, org, clock) = (budgets.clone(), org.clone(), clock.clone());
            let (in_flight, most, done) = (in_flight.clone(), most.clone(), done.clone());
            tasks.spawn(async move {
                let mut calls = 0;
                while calls < CALLS / 2 {
                    let pass = match budgets.enter(&org, 1, 1).await {
                        Ok(pass) => pass,
                        // Others have all the places for now.
                        Err(CrmError::Throttled { until }) => {
                            clock.advance_to(until);
                            continue;
                        }
                        Err(error) => panic!("{error}"),
                    };
                    most.fetch_max(in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    in_flight.fetch_sub(1, Ordering::SeqCst);
                    done.fetch_add(1, Ordering::SeqCst);
                    calls += 1;
                    drop(pass);
                }
            });
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    assert_eq!(done.load(Ordering::SeqCst), (WORKERS * CALLS) as u32);
    let (most, allowed) = (most.load(Ordering::SeqCst), Allowance::default().calls_at_once);
    assert!(most <= allowed && most > 1, "{most} of {allowed}");
}

#[tokio::test]
async fn a_call_of_several_places_takes_all_of_them_or_does_not_wait() {
    let (store, clock, org) = place().await;
    let [one, two, three] = [(); 3].map(|()| CrmBudgets::new(store.clone(), clock.clone()));
    let all = Allowance::default().calls_at_once;
    let heavy = one.enter(&org, 1, all).await.unwrap();
    let began = clock.now();
    assert!(
        matches!(one.enter(&org, 1, 2).await, Err(CrmError::Throttled { .. })),
        "its own worker's places are taken"
    );
    assert!(matches!(two.enter(&org, 1, 2).await, Err(CrmError::Throttled { .. })), "and everybody's");
    assert_eq!(clock.now(), began, "nobody waited");
    drop(heavy);
    one.enter(&org, 1, all).await.unwrap();
    clock.advance_to(clock.now() + SignedDuration::from_secs(40));
    let light = three.enter(&org, 1, 1).await.unwrap();
    assert!(two.enter(&org, 1, all).await.is_err(), "one place is taken");
    drop(light);
}

#[tokio::test]
async fn a_worker_that_died_gives_its_places_back_in_time() {
    let (store, clock, org) = place().await;
    let mut dead = Vec::new();
    for _ in 0..5 {
        let worker = CrmBudgets::new(store.clone(), clock.clone());
        let Ok(pass) = worker.enter(&org, 1, 1).await else { break };
        // Never left, and the worker is gone.
        std::mem::forget(pass);
        dead.push(worker);
    }
    let next = CrmBudgets::new(store.clone(), clock.clone());
    let refused = next.enter(&org, 1, 1).await.err().unwrap();
    assert!(matches!(refused, CrmError::Throttled { .. }), "{refused}");
    clock.advance_to(clock.now() + SignedDuration::from_secs(40));
    next.enter(&org, 1, 1).await.unwrap();
}

#[tokio::test]
async fn no_more_credits_are_spent_than_flow_to_us_and_a_call_costs_no_write() {
    let (store, clock, org) = place().await;
    let (one, two) = (CrmBudgets::new(store.clone(), clock.clone()), CrmBudgets::new(store.clone(), clock.clone()));
    let mut spent = 0;
    let refused = loop {
        let worker = if spent % 2 == 0 { &one } else { &two };
        match worker.enter(&org, 1, 1).await {
            Ok(pass) => drop(pass),
            Err(error) => break error,
        }
        spent += 1;
    };
    let CrmError::Throttled { until } = refused else { panic!("{refused}") };
    let most = Allowance::default().credits_a_day / 5 * 2;
    assert!((most - 400..=most + 5).contains(&spent), "{spent} of {most}: the other worker may have kept a slice");
    let writes = store.budget(&org).await.unwrap().unwrap().version;
    assert!(writes < u64::from(spent / 10), "{writes} writes for {spent} calls");
    clock.advance_to(until);
    one.enter(&org, 1, 1).await.unwrap();
}

#[tokio::test]
async fn a_429_makes_everybody_wait_and_the_next_one_longer() {
    let (store, clock, org) = place().await;
    let (one, two) = (CrmBudgets::new(store.clone(), clock.clone()), CrmBudgets::new(store.clone(), clock.clone()));
    let waits = async |worker: &CrmBudgets| {
        let before = clock.now();
        worker.enter(&org, 1, 1).await.unwrap();
        clock.now().duration_since(before).as_secs()
    };
    assert_eq!(waits(&one).await, 0);
    one.slowed(&org, None).await;
    one.slowed(&org, None).await;
    assert_eq!(waits(&two).await, 2, "two calls that were in flight together are one 429");
    two.slowed(&org, None).await;
    clock.advance_to(clock.now() + SignedDuration::from_millis(1));
    assert_eq!(waits(&two).await, 3, "the second pause is 4 seconds, of which some have passed");
    one.slowed(&org, Some(SignedDuration::from_secs(600))).await;
    let later = CrmBudgets::new(store.clone(), clock.clone());
    let CrmError::Throttled { until } = later.enter(&org, 1, 1).await.err().unwrap() else { panic!("it may call") };
    assert_eq!(until, clock.now() + SignedDuration::from_secs(600), "as long as the CRM said");
}

#[tokio::test]
async fn what_others_spend_counts() {
    let (store, clock, org) = place().await;
    let worker = CrmBudgets::new(store.clone(), clock.clone());
    worker.enter(&org, 1, 1).await.unwrap();
    // A tenth of 5000 is kept for people.
    worker.left(&org, 503).await;
    let mut more = 0;
    while worker.enter(&org, 1, 1).await.is_ok() {
        more += 1;
    }
    assert!(more <= 6, "{more}");
}

impl Stage {
    /// Leaves so many credits in the org's budget.
    async fn credits_left(&self, credits: u32) {
        let store = &self.world.product.store;
        let mut budget = store.budget(&self.org).await.unwrap().unwrap();
        budget.value.credits.limit(credits);
        store.put_budget(&self.org, &budget.value, Some(budget.version)).await.unwrap();
        // Whatever workers took before is stale by then.
        self.world.clock.advance_to(self.world.clock.now() + SignedDuration::from_secs(11));
    }

    /// How many of the records have their first note.
    fn taken_on(&self, ids: &[String]) -> usize {
        ids.iter().filter(|id| !self.notes(id).is_empty()).count()
    }
}

#[tokio::test]
async fn a_mass_assignment_beyond_the_budget_is_taken_on_bit_by_bit() {
    let stage = stage("", 1).await;
    let ids: Vec<String> = (0..60).map(|number| stage.person(number)).collect();
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    stage.credits_left(40).await;
    stage.assign("Contacts", &all);
    let begun = stage.world.clock.now();
    stage.world.settle().await;
    let at_once = stage.taken_on(&ids);
    let waited = stage.world.clock.now().duration_since(begun);
    // A credit that flows soon is waited for; waiting moves this clock.
    assert!(at_once < ids.len() || waited > SignedDuration::from_secs(60), "{at_once} records in {waited}");
    let mut before = at_once;
    for _ in 0..40 {
        if before == ids.len() {
            break;
        }
        stage.world.clock.advance_to(stage.world.clock.now() + SignedDuration::from_mins(15));
        stage.world.upkeep().await.unwrap();
        let now = stage.taken_on(&ids);
        assert!(now >= before);
        before = now;
    }
    assert_eq!(before, ids.len(), "all of them, in the end");
    for id in &ids {
        assert_eq!(stage.notes(id).len(), 1, "and each once");
    }
    assert_eq!(stage.failures().await, [], "waiting is no failure");
    assert_eq!(stage.proof(domain::Module::Contacts).await.1, 0, "and nothing was missed");
}

#[tokio::test]
async fn entries_that_wait_hold_up_nobody_behind_them() {
    let stage = stage("", 1).await;
    let (store, org, now) = (&stage.world.product.store, &stage.org, stage.world.clock.now());
    // More than is read of the outbox at once, all of them older, and to be tried in an hour.
    for number in 0..450 {
        let lead: LeadId = format!("contacts-99000000{number:05}").parse().unwrap();
        let place = format!("{number:020}#{lead}");
        let entry = OutboxEntry {
            lead,
            change: CrmChange::Note(Note { title: "Later".to_owned(), content: String::new() }),
            tries: 1,
            not_before: now + SignedDuration::from_hours(1),
            begun: false,
            last_error: Some("the CRM is busy".to_owned()),
        };
        let outbox = Key { partition: format!("outbox#{org}"), sort: place.clone() };
        store.give_up(org, &outbox, &entry, now).await.unwrap();
        let given_up = Key { partition: format!("failure#{org}"), sort: format!("change#{place}") };
        store.put_back(org, &given_up, &entry, 1).await.unwrap();
    }
    let id = stage.person(1);
    stage.assign("Contacts", &[&id]);
    stage.world.settle().await;
    assert_eq!(stage.notes(&id), ["Tara Quinn works on this record"]);
    assert_eq!(stage.failures().await.len(), 450, "they still wait");
}

/// Takes every mail.
#[derive(Default)]
struct Taking(AtomicU32);

#[async_trait]
impl Mailer for Taking {
    async fn send(&self, _: &OrgId, _: &OutgoingMail) -> Result<String, SendError> {
        Ok(format!("<{}@example.com>", self.0.fetch_add(1, Ordering::SeqCst)))
    }

    async fn find(&self, _: &OrgId, _: &OutgoingMail) -> Lookup {
        Lookup::CannotTell
    }
}

#[tokio::test]
async fn the_mail_systems_rate_is_kept_by_all_workers_together() {
    const A_SECOND: u32 = 5;
    const MAILS: u32 = 60;
    let (store, clock, org) = place().await;
    let taking = Arc::new(Taking::default());
    let worker = || PacedMailer::new(taking.clone(), store.clone(), clock.clone(), A_SECOND);
    let workers = [worker(), worker(), worker()];
    let mail = mail();
    for number in 0..MAILS {
        workers[number as usize % 3].send(&org, &mail).await.unwrap();
    }
    let took = clock.now().duration_since(START.parse::<Timestamp>().unwrap()).as_secs();
    // Full at first; and each worker may still hold turns.
    assert!((i64::from(MAILS / A_SECOND) - 2..=i64::from(MAILS / A_SECOND) + 4).contains(&took), "{took} seconds");
    assert_eq!(taking.0.load(Ordering::SeqCst), MAILS);
}

fn mail() -> OutgoingMail {
    let address: EmailAddress = "ada@example.com".parse().unwrap();
    let mailbox = Mailbox { name: "Ada".to_owned(), address };
    let delivery: DeliveryId = "dlv_contacts-77.1.1".parse().unwrap();
    OutgoingMail {
        delivery,
        from: mailbox.clone(),
        to: mailbox,
        cc: vec![],
        automatic_answer: false,
        reply_to: None,
        subject: "Hello".to_owned(),
        text: "Hello".to_owned(),
        html: None,
        message_id: "<1@example.com>".to_owned(),
        in_reply_to: None,
        references: vec![],
        unsubscribe_url: Some("https://sales.example.com/unsubscribe/x".to_owned()),
        date: START.parse().unwrap(),
    }
}
