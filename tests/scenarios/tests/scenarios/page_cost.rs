//! What a page of the console costs: as many rows and bytes with many leads as with few.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use app::ports::{Key, ListOrder, Page, Row, Table, TableError, Write};
use app::store::{LeadCommit, Store};
use async_trait::async_trait;
use domain::{Lead, LeadId, LeadState, Transition};
use jiff::{SignedDuration, Timestamp};
use local::embedded::EmbeddedDynamo;
use local::world::{World, WorldOptions};
use zoho_sim::Faults;

use crate::console::{ADMINISTRATOR, Browser, SAM};
use crate::journeys::Stage;

/// Counts the rows that are read.
struct Counting {
    table: Arc<dyn Table>,
    rows: AtomicUsize,
}

impl Counting {
    fn count(&self, page: Result<Page, TableError>) -> Result<Page, TableError> {
        if let Ok(page) = &page {
            self.rows.fetch_add(page.rows.len(), Ordering::Relaxed);
        }
        page
    }
}

#[async_trait]
impl Table for Counting {
    async fn get(&self, key: &Key) -> Result<Option<Row>, TableError> {
        self.rows.fetch_add(1, Ordering::Relaxed);
        self.table.get(key).await
    }

    async fn query(&self, partition: &str, prefix: &str, from: Option<&str>, limit: u32) -> Result<Page, TableError> {
        self.count(self.table.query(partition, prefix, from, limit).await)
    }

    async fn list(&self, list: &str, order: ListOrder, from: Option<&str>, limit: u32) -> Result<Page, TableError> {
        self.count(self.table.list(list, order, from, limit).await)
    }

    fn after(&self, row: &Row) -> Option<String> {
        self.table.after(row)
    }

    async fn due(&self, queue: &str, now: Timestamp, limit: u32) -> Result<Vec<Key>, TableError> {
        self.table.due(queue, now, limit).await
    }

    async fn commit(&self, writes: &[Write]) -> Result<(), TableError> {
        self.table.commit(writes).await
    }
}

/// Adds leads of these numbers, as `like` is, through the store.
async fn add(store: &Store, town: &Stage, like: &Lead, numbers: std::ops::Range<usize>) {
    let now = town.world.clock.now();
    for number in numbers {
        let mut lead = like.clone();
        lead.id = format!("contacts-{}", 9_000_000_000_usize + number).parse().unwrap();
        lead.address = Some(format!("person{number}@company{}.example", number / 3).parse().unwrap());
        lead.person.last_name = format!("Number{number}");
        lead.person.phone = format!("+44 20 {:08}", number * 7);
        lead.enrolled_at = now - SignedDuration::from_secs(i64::try_from(number).unwrap());
        if number % 50 == 0 {
            lead.state = LeadState::Hot;
        }
        let transition = Transition { lead, effects: Vec::new() };
        store.commit_lead(LeadCommit::new(&town.org, None, transition, now, now)).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_page_costs_the_same_with_many_leads_as_with_few() {
    let folder = tempfile::tempdir().unwrap();
    let table = Arc::new(EmbeddedDynamo::memory().unwrap().table().await.unwrap());
    let counting = Arc::new(Counting { table, rows: AtomicUsize::new(0) });
    let start = "2026-01-05T09:00:00Z".parse().unwrap();
    let options = WorldOptions {
        start,
        folder: folder.path().to_owned(),
        table: counting.clone(),
        faults: Faults::default(),
        seed: 1,
    };
    let world = World::begin(options).await.unwrap();
    let org = world.connect().await.unwrap();
    world.add_tara(&org).await.unwrap();
    let town = Stage { world, org, folder };
    let id = town.person(1);
    town.assign("Contacts", &[&id]);
    town.world.settle().await;
    let store = town.world.product.store.clone();
    let lead: LeadId = format!("contacts-{id}").parse().unwrap();
    let like = store.lead(&town.org, &lead).await.unwrap().unwrap().lead;
    let (priya, sam) = (Browser::of(&town, ADMINISTRATOR).await, Browser::of(&town, SAM).await);

    let lead_page = format!("/console/leads/{lead}");
    let pages = [
        "/console",
        "/console/leads",
        "/console/leads?state=Hot",
        "/console/leads?q=number117",
        "/console/leads?q=person17%40company5.example",
        "/console/leads?q=00000119",
        "/console/leads?assistant=tara",
        "/console/leads?module=Deals",
        "/console/crm",
        "/console/assistants",
        "/console/assistants/tara",
        "/console/schedules",
        "/console/schedule?name=Recommended",
        "/console/leave",
        "/console/failures",
        "/console/history",
        lead_page.as_str(),
    ];
    let cost = async |browser: &Browser<'_>, path: &str| {
        counting.rows.store(0, Ordering::Relaxed);
        let page = browser.reads(path).await;
        assert!(page.len() < 100_000, "{path}: {} bytes", page.len());
        counting.rows.load(Ordering::Relaxed)
    };
    add(&store, &town, &like, 0..1200).await;
    let mut before = Vec::new();
    for path in pages {
        before.push((cost(&priya, path).await, cost(&priya, path).await));
    }
    let sams = cost(&sam, "/console/leads").await;
    add(&store, &town, &like, 1200..2400).await;
    for (path, (_, before)) in pages.into_iter().zip(before) {
        let after = cost(&priya, path).await;
        assert!(after <= before + before / 10 + 40, "{path}: {before} rows, then {after}");
        assert!(after < 2600, "{path}: {after} rows");
    }
    let after = cost(&sam, "/console/leads").await;
    assert!(after <= sams + sams / 10 + 40, "{sams} rows, then {after}");
}
