//! The table: rows found by key, written under conditions, together or not at all.
//!
//! It says what DynamoDB can do and no more, so that no use case asks for what the table cannot keep.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

/// Where a row is. Both parts are built in `store::keys`, nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Names the entity and its org, such as `lead#us-60001#contacts-77`.
    pub partition: String,
    /// Orders rows inside the partition.
    pub sort: String,
}

/// A row's place in the sparse index of due work. A write that leaves it out takes the row off the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// The queue of work, such as `send#3`.
    pub queue: String,
    /// When it is due.
    pub due: Timestamp,
}

/// A row's place in the index of lists that people read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The list, such as `leads#us-60001`.
    pub list: String,
    /// Orders rows inside the list.
    pub sort: String,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Where it is.
    pub key: Key,
    /// Counts its writes from 1; the version a caller read is the one its write must still find.
    pub version: u64,
    /// A JSON object: the entity.
    pub body: Value,
    /// Due work, if the row stands for some.
    pub work: Option<IndexEntry>,
    /// The list it appears in, if any.
    pub listing: Option<Listing>,
    /// When the table may forget it, real time. It may take days longer: readers compare for themselves.
    pub expires: Option<Timestamp>,
}

/// What a write expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// No such row.
    Absent,
    /// The row at this version.
    Version(u64),
    /// Anything.
    Any,
}

/// One part of a commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Writes the row, whose `version` is the one it will have.
    Put {
        /// The new row.
        row: Row,
        /// What must be there now.
        expect: Expect,
    },
    /// Removes the row.
    Delete {
        /// Which row.
        key: Key,
        /// What must be there now.
        expect: Expect,
    },
    /// Writes nothing, but the commit fails unless there is no such row.
    RequireAbsent {
        /// Which row.
        key: Key,
    },
}

/// A page of rows.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The rows, in key order.
    pub rows: Vec<Row>,
    /// Where the next page starts; `None` at the end. Opaque.
    pub next: Option<String>,
}

/// Which way a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListOrder {
    /// As its rows are ordered.
    Ascending,
    /// From its end.
    Descending,
}

/// Why the table did not do it.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// An expectation failed: nothing was written. `0` is the position of the first write that failed. Read again, decide
    /// again.
    #[error("write {0} of the commit found another state than it expected")]
    Unexpected(usize),
    /// The table did not answer, or was too busy after the adapter's own retries. A commit may or may not have happened:
    /// read to know.
    #[error("the table did not answer: {0}")]
    Unavailable(String),
    /// A row that is not as the product writes it.
    #[error("the row {key} cannot be read: {reason}")]
    Corrupt {
        /// Its key.
        key: String,
        /// What is wrong.
        reason: String,
    },
}

/// The product's one table.
#[async_trait]
pub trait Table: Send + Sync {
    /// The row, as of all commits that returned before this call (a consistent read).
    async fn get(&self, key: &Key) -> Result<Option<Row>, TableError>;

    /// Rows of one partition whose sort key starts with `prefix`, ascending, at most `limit` a page; a consistent read.
    async fn query(&self, partition: &str, prefix: &str, from: Option<&str>, limit: u32) -> Result<Page, TableError>;

    /// Rows of a list in its order, or from its end; recent writes may be missing for a moment.
    async fn list(&self, list: &str, order: ListOrder, from: Option<&str>, limit: u32) -> Result<Page, TableError>;

    /// What [`Page::next`] would say if a page of the row's list ended with this row. Good for either order.
    fn after(&self, row: &Row) -> Option<String>;

    /// Keys of work in `queue` that is due at `now`, longest due first, at most `limit`. A hint: the index lags, so what
    /// it names may be done, and what was just written may be missing. Read the row before acting.
    async fn due(&self, queue: &str, now: Timestamp, limit: u32) -> Result<Vec<Key>, TableError>;

    /// All writes, or none of them. At most 100; no two on one key. Once this returns, a crash cannot lose them.
    async fn commit(&self, writes: &[Write]) -> Result<(), TableError>;
}
