//! What every `Table` must do.

use app::ports::{Expect, IndexEntry, Key, ListOrder, Listing, Row, Table, TableError, Write};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_json::json;

use crate::fixture::{Fixture, at, key, row};

/// Runs the cases on every table there is.
macro_rules! contract {
    ($($case:ident),* $(,)?) => {
        contract!(@on memory, Some(Fixture::memory().await), $($case),*);
        contract!(@on disk, Some(Fixture::disk().await), $($case),*);
        contract!(@on guest, Some(Fixture::guest().await), $($case),*);
        contract!(@on remote, Fixture::remote().await, $($case),*);
    };
    (@on $name:ident, $fixture:expr, $($case:ident),*) => {
        mod $name {
            use crate::fixture::Fixture;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    let fixture: Option<Fixture> = $fixture;
                    if let Some(fixture) = fixture {
                        super::$case(&fixture).await;
                    }
                }
            )*
        }
    };
}

contract!(
    reads_back_what_was_put,
    an_expectation_holds_or_nothing_is_written,
    deletes,
    commits_all_or_nothing,
    requires_absence,
    commits_a_hundred_writes,
    queries_in_order_and_in_pages,
    lists_in_order_and_in_pages,
    tokens_open_no_other_list,
    names_due_work_longest_due_first,
    one_of_many_wins,
    one_of_many_transactions_wins,
    says_what_is_corrupt,
);

async fn put(table: &impl Table, row: Row, expect: Expect) -> Result<(), TableError> {
    table.commit(&[Write::Put { row, expect }]).await
}

fn unexpected(result: Result<(), TableError>) -> usize {
    match result {
        Err(TableError::Unexpected(position)) => position,
        other => panic!("not an unexpected state: {other:?}"),
    }
}

async fn reads_back_what_was_put(Fixture { table, .. }: &Fixture) {
    let full = Row {
        key: key("lead#us-1#contacts-7", "a"),
        version: 41,
        body: json!({
            "name": "Ada \u{1f300} \"quoted\"\n", "empty": "", "none": null, "yes": true, "list": [1, "two", [], {}],
            "deep": { "count": 3, "rate": 0.25, "big": u64::MAX, "below": -7 },
        }),
        work: Some(IndexEntry { queue: "send#3".to_owned(), due: at("2026-01-05T09:00:00.000000001Z") }),
        listing: Some(Listing { list: "leads#us-1".to_owned(), sort: "hot#ada".to_owned() }),
        expires: Some(at("2026-02-01T00:00:00Z")),
    };
    assert_eq!(table.get(&full.key).await.unwrap(), None);
    put(table, full.clone(), Expect::Absent).await.unwrap();
    assert_eq!(table.get(&full.key).await.unwrap(), Some(full.clone()));

    let bare = row(full.key, json!({}));
    put(table, bare.clone(), Expect::Any).await.unwrap();
    assert_eq!(table.get(&bare.key).await.unwrap(), Some(bare.clone()), "a put replaces the whole row");

    // Short bodies are stored as they are, long ones compressed.
    for length in [600, 699, 700, 701, 100_000] {
        let long = row(bare.key.clone(), json!({ "text": "\u{1f300} x".repeat(length / 6), "n": length }));
        put(table, long.clone(), Expect::Any).await.unwrap();
        assert_eq!(table.get(&long.key).await.unwrap(), Some(long), "{length}");
    }

    let fraction = Row { expires: Some(at("2026-02-01T00:00:00.1Z")), ..bare };
    put(table, fraction.clone(), Expect::Any).await.unwrap();
    let read = table.get(&fraction.key).await.unwrap().unwrap();
    assert_eq!(read.expires, Some(at("2026-02-01T00:00:01Z")), "never forgotten early");
    table.commit(&[]).await.unwrap();
}

async fn an_expectation_holds_or_nothing_is_written(Fixture { table, .. }: &Fixture) {
    let first = row(key("p", "s"), json!({ "state": "first" }));
    let second = Row { version: 2, body: json!({ "state": "second" }), ..first.clone() };
    assert_eq!(unexpected(put(table, second.clone(), Expect::Version(1)).await), 0, "there is no version yet");
    put(table, first.clone(), Expect::Absent).await.unwrap();
    assert_eq!(unexpected(put(table, second.clone(), Expect::Absent).await), 0);
    assert_eq!(unexpected(put(table, second.clone(), Expect::Version(2)).await), 0);
    assert_eq!(table.get(&first.key).await.unwrap(), Some(first.clone()));
    put(table, second.clone(), Expect::Version(1)).await.unwrap();
    assert_eq!(unexpected(put(table, second.clone(), Expect::Version(1)).await), 0, "version 1 is over");
    assert_eq!(table.get(&first.key).await.unwrap(), Some(second));
}

async fn deletes(Fixture { table, .. }: &Fixture) {
    let there = row(key("p", "s"), json!({}));
    let delete = async |expect| table.commit(&[Write::Delete { key: there.key.clone(), expect }]).await;
    delete(Expect::Any).await.unwrap();
    delete(Expect::Absent).await.unwrap();
    put(table, there.clone(), Expect::Absent).await.unwrap();
    assert_eq!(unexpected(delete(Expect::Version(2)).await), 0);
    assert_eq!(unexpected(delete(Expect::Absent).await), 0);
    delete(Expect::Version(1)).await.unwrap();
    assert_eq!(table.get(&there.key).await.unwrap(), None);
    assert_eq!(unexpected(delete(Expect::Version(1)).await), 0);
}

async fn commits_all_or_nothing(Fixture { table, .. }: &Fixture) {
    let lead = row(key("lead", "state"), json!({ "stage": "waiting" }));
    put(table, lead.clone(), Expect::Absent).await.unwrap();
    let claimed = Row { version: 2, body: json!({ "stage": "sending" }), ..lead.clone() };
    let delivery = row(key("delivery", "dlv_1"), json!({ "step": 1 }));
    let day = row(key("agenda", "today"), json!({ "booked": [1] }));
    let claim = |expect| {
        [
            Write::Put { row: claimed.clone(), expect: Expect::Version(1) },
            Write::Put { row: delivery.clone(), expect: Expect::Absent },
            Write::RequireAbsent { key: key("suppressed", "ada") },
            Write::Put { row: day.clone(), expect },
        ]
    };
    assert_eq!(unexpected(table.commit(&claim(Expect::Version(7))).await), 3);
    for (key, expected) in [(&lead.key, Some(&lead)), (&delivery.key, None), (&day.key, None)] {
        assert_eq!(table.get(key).await.unwrap().as_ref(), expected, "{key:?}");
    }
    table.commit(&claim(Expect::Absent)).await.unwrap();
    assert_eq!(table.get(&lead.key).await.unwrap(), Some(claimed.clone()));
    assert_eq!(table.get(&delivery.key).await.unwrap(), Some(delivery.clone()));
    assert_eq!(table.get(&day.key).await.unwrap(), Some(day.clone()));
    assert_eq!(unexpected(table.commit(&claim(Expect::Any)).await), 0, "the first that failed");
}

async fn requires_absence(Fixture { table, .. }: &Fixture) {
    let stop = row(key("suppressed", "ada"), json!({}));
    let absent = [Write::RequireAbsent { key: stop.key.clone() }];
    table.commit(&absent).await.unwrap();
    assert_eq!(table.get(&stop.key).await.unwrap(), None, "it writes nothing");
    put(table, stop.clone(), Expect::Absent).await.unwrap();
    assert_eq!(unexpected(table.commit(&absent).await), 0);
    let mail = row(key("delivery", "1"), json!({}));
    let send = [Write::Put { row: mail.clone(), expect: Expect::Absent }, absent[0].clone()];
    assert_eq!(unexpected(table.commit(&send).await), 1);
    assert_eq!(table.get(&mail.key).await.unwrap(), None);
}

async fn commits_a_hundred_writes(Fixture { table, .. }: &Fixture) {
    let rows: Vec<_> = (0..100).map(|n| row(key("many", &format!("{n:03}")), json!({ "n": n }))).collect();
    let writes: Vec<_> = rows.iter().map(|row| Write::Put { row: row.clone(), expect: Expect::Absent }).collect();
    table.commit(&writes).await.unwrap();
    let page = table.query("many", "", None, 100).await.unwrap();
    assert_eq!((page.rows, page.next), (rows, None));
    assert_eq!(unexpected(table.commit(&writes[99..]).await), 0);
    let deletes: Vec<_> = writes
        .iter()
        .map(|write| match write {
            Write::Put { row, .. } => Write::Delete { key: row.key.clone(), expect: Expect::Version(1) },
            other => panic!("{other:?}"),
        })
        .collect();
    table.commit(&deletes).await.unwrap();
    assert_eq!(table.query("many", "", None, 100).await.unwrap().rows, []);
}

async fn queries_in_order_and_in_pages(Fixture { table, .. }: &Fixture) {
    for sort in ["mail#3", "note#1", "mail#1", "mail#2", "mail#10", "mail"] {
        put(table, row(key("timeline", sort), json!({})), Expect::Absent).await.unwrap();
    }
    put(table, row(key("timeline2", "mail#0"), json!({})), Expect::Absent).await.unwrap();
    let all = ["mail", "mail#1", "mail#10", "mail#2", "mail#3", "note#1"];
    let mails = &all[1..5];
    for limit in 1..=7 {
        let pages = read_all(async |from: Option<&str>| table.query("timeline", "mail#", from, limit).await).await;
        check_pages(&pages, mails, limit);
        let pages = read_all(async |from: Option<&str>| table.query("timeline", "", from, limit).await).await;
        check_pages(&pages, &all, limit);
    }
    let none = table.query("timeline", "zzz", None, 5).await.unwrap();
    assert!(none.rows.is_empty() && none.next.is_none());
}

async fn lists_in_order_and_in_pages(Fixture { table, .. }: &Fixture) {
    for (place, sort) in ["warm#b", "hot#a", "hot#c", "hot#a", "cold#z"].into_iter().enumerate() {
        let listing = Some(Listing { list: "leads#us-1".to_owned(), sort: sort.to_owned() });
        let lead = Row { listing, ..row(key(&format!("lead#{place}"), sort), json!({ "place": place })) };
        put(table, lead, Expect::Absent).await.unwrap();
    }
    put(table, row(key("lead#9", "hot#x"), json!({})), Expect::Absent).await.unwrap();
    for limit in 1..=4 {
        for (order, expected) in [
            (ListOrder::Ascending, ["cold#z", "hot#a", "hot#a", "hot#c", "warm#b"]),
            (ListOrder::Descending, ["warm#b", "hot#c", "hot#a", "hot#a", "cold#z"]),
        ] {
            let list = async |from: Option<&str>| table.list("leads#us-1", order, from, limit).await;
            check_pages(&read_all(list).await, &expected, limit);
        }
    }
    let page = table.list("leads#us-1", ListOrder::Ascending, None, 10).await.unwrap();
    for order in [ListOrder::Ascending, ListOrder::Descending] {
        let all = table.list("leads#us-1", order, None, 10).await.unwrap().rows;
        let after = table.after(&all[1]).unwrap();
        let rest = table.list("leads#us-1", order, Some(&after), 10).await.unwrap().rows;
        assert_eq!(rest, all[2..], "behind the row that was named, {order:?}");
    }
    assert_eq!(page.rows[0].body, json!({ "place": 4 }), "whole rows");

    let moved = Row { version: 2, listing: None, ..page.rows[0].clone() };
    put(table, moved, Expect::Version(1)).await.unwrap();
    let listed = table.list("leads#us-1", ListOrder::Ascending, None, 10).await.unwrap().rows;
    assert_eq!(listed, page.rows[1..], "who left the list is not on it");
    assert_eq!(table.list("leads#us-2", ListOrder::Ascending, None, 10).await.unwrap().rows, []);
}

/// All pages, by following the tokens.
async fn read_all(page: impl AsyncFn(Option<&str>) -> Result<app::ports::Page, TableError>) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut from = None;
    loop {
        let page = page(from.as_deref()).await.unwrap();
        pages.push(page.rows.into_iter().map(|row| row.key.sort).collect());
        from = page.next;
        if from.is_none() {
            return pages;
        }
    }
}

/// Every page but the last is full, and the last is not empty.
fn check_pages(pages: &[Vec<String>], expected: &[&str], limit: u32) {
    let expected: Vec<Vec<_>> =
        expected.chunks(limit as usize).map(|page| page.iter().map(|sort| (*sort).to_owned()).collect()).collect();
    assert_eq!(pages, expected, "at most {limit} a page");
}

async fn tokens_open_no_other_list(Fixture { table, .. }: &Fixture) {
    for (org, name) in [("us-1", "a"), ("us-1", "b"), ("us-2", "a"), ("us-2", "b"), ("us-2", "c")] {
        let listing = Some(Listing { list: format!("leads#{org}"), sort: name.to_owned() });
        let lead = Row { listing, ..row(key(&format!("lead#{org}"), name), json!({ "org": org })) };
        put(table, lead, Expect::Absent).await.unwrap();
    }
    let token = table.list("leads#us-2", ListOrder::Ascending, None, 1).await.unwrap().next.unwrap();
    for row in table.list("leads#us-1", ListOrder::Ascending, Some(&token), 10).await.unwrap().rows {
        assert_eq!(row.body, json!({ "org": "us-1" }));
    }
    let token = table.query("lead#us-2", "", None, 1).await.unwrap().next.unwrap();
    for bad in ["", "!", "bm8", &token] {
        let listed = table.list("leads#us-1", ListOrder::Ascending, Some(bad), 10).await;
        assert!(matches!(listed, Err(TableError::Corrupt { .. })), "{bad}: {listed:?}");
    }
    let outside = table.query("lead#us-2", "b", Some(&token), 10).await;
    assert!(matches!(outside, Err(TableError::Corrupt { .. })), "{outside:?}");
}

async fn names_due_work_longest_due_first(Fixture { table, .. }: &Fixture) {
    let due = |second: i64| Timestamp::from_second(1_767_600_000 + second).unwrap();
    let work = |queue: &str, at| Some(IndexEntry { queue: queue.to_owned(), due: at });
    let lead = |name: &str, at| Row { work: work("send#3", at), ..row(key("lead", name), json!({})) };
    let half = due(20).checked_add(jiff::SignedDuration::from_millis(500)).unwrap();
    for (name, at) in [("late", due(300)), ("third", half), ("second", due(20)), ("first", due(-5))] {
        put(table, lead(name, at), Expect::Absent).await.unwrap();
    }
    let elsewhere = Row { work: work("send#30", due(0)), ..row(key("lead", "elsewhere"), json!({})) };
    put(table, elsewhere, Expect::Absent).await.unwrap();
    let names = async |now, limit| -> Vec<String> {
        table.due("send#3", now, limit).await.unwrap().into_iter().map(|key: Key| key.sort).collect()
    };
    assert_eq!(names(due(-6), 10).await, [""; 0]);
    assert_eq!(names(due(-5), 10).await, ["first"], "due is due at that very time");
    assert_eq!(names(due(20), 10).await, ["first", "second"], "half a second is a difference");
    assert_eq!(names(due(60), 10).await, ["first", "second", "third"]);
    assert_eq!(names(due(60), 2).await, ["first", "second"]);
    assert_eq!(names(due(60), 0).await, [""; 0]);

    put(table, Row { version: 2, work: None, ..lead("first", due(0)) }, Expect::Version(1)).await.unwrap();
    put(table, Row { version: 2, ..lead("second", due(600)) }, Expect::Version(1)).await.unwrap();
    assert_eq!(names(due(60), 10).await, ["third"]);
    table.commit(&[Write::Delete { key: key("lead", "third"), expect: Expect::Any }]).await.unwrap();
    assert_eq!(names(due(1000), 10).await, ["late", "second"]);
}

async fn one_of_many_wins(fixture: &Fixture) {
    let claim =
        |racer| vec![Write::Put { row: row(key("lease", "1"), json!({ "owner": racer })), expect: Expect::Absent }];
    race(fixture, claim).await;
}

async fn one_of_many_transactions_wins(fixture: &Fixture) {
    let lead = row(key("lease", "1"), json!({}));
    put(&fixture.table, lead.clone(), Expect::Absent).await.unwrap();
    let claim = |racer| {
        vec![
            Write::Put { row: row(key("delivery", &format!("{racer}")), json!({})), expect: Expect::Absent },
            Write::Put {
                row: Row { version: 2, body: json!({ "owner": racer }), ..lead.clone() },
                expect: Expect::Version(1),
            },
            Write::RequireAbsent { key: key("suppressed", "ada") },
        ]
    };
    race(fixture, claim).await;
    assert_eq!(fixture.table.query("delivery", "", None, 100).await.unwrap().rows.len(), 1);
}

/// Sixteen tasks claim at once: one gets it, and the row says who.
async fn race(fixture: &Fixture, claim: impl Fn(u32) -> Vec<Write>) {
    let mut racers = tokio::task::JoinSet::new();
    for racer in 0..16 {
        let (table, writes) = (fixture.table.clone(), claim(racer));
        racers.spawn(async move { (racer, table.commit(&writes).await) });
    }
    let mut winners = Vec::new();
    for (racer, result) in racers.join_all().await {
        match result {
            Ok(()) => winners.push(racer),
            Err(TableError::Unexpected(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    let row = fixture.table.get(&key("lease", "1")).await.unwrap().unwrap();
    assert_eq!(row.body, json!({ "owner": winners[0] }));
}

async fn says_what_is_corrupt(Fixture { table, client, name, .. }: &Fixture) {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let one = AttributeValue::N("1".to_owned());
    let doc = text("{}");
    for (damage, attributes) in [
        ("no version", vec![("doc", doc.clone())]),
        ("no document", vec![("v", one.clone())]),
        ("a document that is no JSON", vec![("v", one.clone()), ("doc", text("{"))]),
        ("a document that is no object", vec![("v", one.clone()), ("doc", text("[]"))]),
        ("two documents", vec![("v", one.clone()), ("doc", doc.clone()), ("zip", AttributeValue::B(Blob::new([])))]),
        ("what is no zip", vec![("v", one.clone()), ("zip", AttributeValue::B(Blob::new([7, 7, 7])))]),
        ("a version of text", vec![("v", text("1")), ("doc", doc.clone())]),
        ("half a work entry", vec![("v", one.clone()), ("doc", doc.clone()), ("work_pk", text("send#3"))]),
        ("half a listing", vec![("v", one.clone()), ("doc", doc.clone()), ("list_sk", text("a"))]),
        (
            "a due time that is none",
            vec![("v", one), ("doc", doc), ("work_pk", text("send#3")), ("work_sk", text("soon"))],
        ),
    ] {
        let mut put = client.put_item().table_name(name).item("pk", text("lead#1")).item("sk", text("state"));
        for (attribute, value) in attributes {
            put = put.item(attribute, value);
        }
        put.send().await.unwrap();
        let read = table.get(&key("lead#1", "state")).await;
        assert!(matches!(&read, Err(TableError::Corrupt { key, .. }) if key == "lead#1 / state"), "{damage}: {read:?}");
        let page = table.query("lead#1", "", None, 10).await;
        assert!(matches!(page, Err(TableError::Corrupt { .. })), "{damage}: {page:?}");
    }
}
