//! Tables to test: in memory, on disk, through another process's socket, and on an emulator of AWS.

use std::sync::atomic::{AtomicU32, Ordering};

use app::ports::{Key, Row};
use aws::{DynamoTable, create_table};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use jiff::Timestamp;
use local::embedded::{EmbeddedDynamo, Opened, TABLE, open};
use serde_json::Value;
use tempfile::TempDir;

/// A table and the client below it.
pub struct Fixture {
    pub table: DynamoTable,
    pub client: Client,
    pub name: String,
    /// Kept until the test is over.
    _dir: Option<TempDir>,
    _owner: Option<EmbeddedDynamo>,
}

impl Fixture {
    pub async fn memory() -> Self {
        Self::embedded(EmbeddedDynamo::memory().unwrap(), None, None).await
    }

    pub async fn disk() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::embedded(open(dir.path()).unwrap(), Some(dir), None).await
    }

    /// The table of a directory that somebody else has.
    pub async fn guest() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let owner = open(dir.path()).unwrap();
        tokio::spawn(owner.share(std::future::pending()).unwrap());
        let guest = open(dir.path()).unwrap();
        assert_eq!((owner.opened(), guest.opened()), (Opened::Owner, Opened::Guest));
        Self::embedded(guest, Some(dir), Some(owner)).await
    }

    async fn embedded(dynamo: EmbeddedDynamo, dir: Option<TempDir>, owner: Option<EmbeddedDynamo>) -> Self {
        let table = dynamo.table().await.unwrap();
        Self { table, client: dynamo.client().clone(), name: TABLE.to_owned(), _dir: dir, _owner: owner }
    }

    /// A new table of the emulator, if there is one.
    pub async fn remote() -> Option<Self> {
        static TABLES: AtomicU32 = AtomicU32::new(0);
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint()?)
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .build();
        let client = Client::from_conf(config);
        let name = format!("contract-{}-{}", std::process::id(), TABLES.fetch_add(1, Ordering::Relaxed));
        create_table(&client, &name).await.unwrap();
        Some(Self { table: DynamoTable::new(&client, &name), client, name, _dir: None, _owner: None })
    }
}

/// Where the emulator listens.
pub fn endpoint() -> Option<String> {
    std::env::var("TEST_DYNAMODB_ENDPOINT").ok()
}

pub fn key(partition: &str, sort: &str) -> Key {
    Key { partition: partition.to_owned(), sort: sort.to_owned() }
}

/// A first version without indexes.
pub fn row(key: Key, body: Value) -> Row {
    Row { key, version: 1, body, work: None, listing: None, expires: None }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
