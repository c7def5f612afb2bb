//! DynamoDB's bad days, and what the table makes of them. Time is paused: the pauses between tries take none.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use app::ports::{Expect, IndexEntry, Row, Table, TableError, Write};
use aws::DynamoTable;
use local::embedded::{EmbeddedDynamo, FaultPlan, Injected};
use serde_json::json;

use crate::fixture::{at, key, row};

/// Faults for the next requests, one each, and the requests that came.
#[derive(Default)]
struct Script {
    next: Mutex<VecDeque<Option<Injected>>>,
    seen: Mutex<Vec<String>>,
}

impl FaultPlan for Script {
    fn before(&self, operation: &str) -> Option<Injected> {
        self.seen.lock().unwrap().push(operation.to_owned());
        self.next.lock().unwrap().pop_front().flatten()
    }
}

impl Script {
    fn plan(&self, faults: impl IntoIterator<Item = Injected>) {
        self.seen.lock().unwrap().clear();
        *self.next.lock().unwrap() = faults.into_iter().map(Some).collect();
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn scripted() -> (DynamoTable, Arc<Script>) {
    let script = Arc::new(Script::default());
    let dynamo = EmbeddedDynamo::memory().unwrap().with_faults(script.clone());
    (dynamo.table().await.unwrap(), script)
}

fn one_put() -> [Write; 1] {
    [Write::Put { row: row(key("p", "s"), json!({})), expect: Expect::Absent }]
}

/// Two puts as one transaction, which cannot happen twice.
fn transaction() -> [Write; 2] {
    let [put] = one_put();
    [put, Write::Put { row: row(key("agenda", "today"), json!({})), expect: Expect::Absent }]
}

async fn happened(table: &DynamoTable) -> bool {
    table.get(&key("agenda", "today")).await.unwrap().is_some()
}

#[tokio::test(start_paused = true)]
async fn what_did_not_happen_is_tried_again() {
    for fault in [Injected::Throttled, Injected::Conflict] {
        for writes in [&one_put()[..], &transaction()[..]] {
            let (table, script) = scripted().await;
            script.plan([fault; 4]);
            table.commit(writes).await.unwrap();
            assert_eq!(script.seen().len(), 5, "{fault:?}");

            script.plan([fault; 5]);
            let given_up = table.commit(writes).await;
            assert!(matches!(&given_up, Err(TableError::Unavailable(why)) if why.contains("5 tries")), "{given_up:?}");
        }
    }
    let (table, script) = scripted().await;
    script.plan([Injected::Throttled; 4]);
    assert_eq!(table.get(&key("p", "s")).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_whose_answer_was_lost_happens_once() {
    let (table, script) = scripted().await;
    script.plan([Injected::LostAnswer, Injected::LostAnswer]);
    table.commit(&transaction()).await.unwrap();
    assert!(happened(&table).await);

    let (table, script) = scripted().await;
    script.plan([Injected::LostAnswer; 5]);
    let lost = table.commit(&transaction()).await;
    assert!(matches!(lost, Err(TableError::Unavailable(_))), "{lost:?}");
    assert!(happened(&table).await, "unavailable, yet it happened: read to know");
}

/// Made again, a conditional put would find its own first try and call it somebody else's.
#[tokio::test(start_paused = true)]
async fn a_condition_whose_answer_was_lost_is_not_tried_again() {
    let (table, script) = scripted().await;
    for writes in [&one_put()[..], &transaction()[1..]] {
        script.plan([Injected::LostAnswer]);
        let lost = table.commit(writes).await;
        assert!(matches!(lost, Err(TableError::Unavailable(_))), "{lost:?}");
        assert_eq!(script.seen().len(), 1);
    }
    assert!(table.get(&key("p", "s")).await.unwrap().is_some());
    assert!(happened(&table).await);
}

#[tokio::test(start_paused = true)]
async fn what_means_the_same_twice_is_tried_again() {
    let (table, script) = scripted().await;
    script.plan([Injected::LostAnswer]);
    table.commit(&[Write::Put { row: row(key("p", "s"), json!({})), expect: Expect::Any }]).await.unwrap();
    script.plan([Injected::LostAnswer]);
    assert!(table.get(&key("p", "s")).await.unwrap().is_some());
    script.plan([Injected::LostAnswer]);
    table.commit(&[Write::Delete { key: key("p", "s"), expect: Expect::Any }]).await.unwrap();
    assert_eq!(script.seen(), ["DeleteItem", "DeleteItem"]);
}

#[tokio::test]
async fn an_index_lags_and_the_row_does_not() {
    let (table, script) = scripted().await;
    let now = at("2026-01-05T09:00:00Z");
    let work = Some(IndexEntry { queue: "send#3".to_owned(), due: now });
    let lead = Row { work, ..row(key("lead", "1"), json!({})) };
    table.commit(&[Write::Put { row: lead.clone(), expect: Expect::Absent }]).await.unwrap();

    script.plan([Injected::Stale]);
    assert_eq!(table.due("send#3", now, 10).await.unwrap(), [], "what was just written is missing");
    assert_eq!(table.due("send#3", now, 10).await.unwrap(), [lead.key.clone()].as_slice());

    let done = Row { version: 2, work: None, ..lead.clone() };
    table.commit(&[Write::Put { row: done.clone(), expect: Expect::Version(1) }]).await.unwrap();
    script.plan([Injected::Stale; 3]);
    assert_eq!(table.due("send#3", now, 10).await.unwrap(), [lead.key.clone()].as_slice(), "what it names is done");
    assert_eq!(table.get(&lead.key).await.unwrap(), Some(done.clone()), "consistent reads are");
    assert_eq!(table.query("lead", "", None, 10).await.unwrap().rows, [done]);
    assert_eq!(table.due("send#3", now, 10).await.unwrap(), []);
}
