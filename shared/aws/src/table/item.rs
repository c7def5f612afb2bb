//! Rows as items, and items as rows.

use std::collections::HashMap;

use app::ports::{IndexEntry, Key, Listing, Row, TableError};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use serde_json::Value;

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) const PK: &str = "pk";
pub(super) const SK: &str = "sk";
pub(super) const VERSION: &str = "v";
pub(super) const DOC: &str = "doc";
pub(super) const ZIP: &str = "zip";
pub(super) const WORK_PK: &str = "work_pk";
pub(super) const WORK_SK: &str = "work_sk";
pub(super) const LIST_PK: &str = "list_pk";
pub(super) const LIST_SK: &str = "list_sk";
pub(super) const TTL: &str = "ttl";

/// Bytes of a body beyond which it is compressed. A write costs by the KB begun, key and places in indexes included; a
/// lead with its thread has 1.5 to 2.5 KB, compressed half of it.
const LONG: usize = 700;
/// More than an item can hold, in bytes: what claims to be longer is no row.
const MOST: usize = 4 << 20;
/// Fast; the slowest level makes a lead one part in sixty shorter.
const LEVEL: u8 = 1;

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A time that sorts as text: UTC, always nine decimals, such as `2026-01-05T09:00:00.000000000Z`.
pub(super) fn stamp(at: Timestamp) -> String {
    format!("{at:.9}")
}

/// The epoch second from which DynamoDB may forget the row: rounded up, so that it is never early.
pub(super) fn ttl(at: Timestamp) -> AttributeValue {
    number(at.as_second() + i64::from(at.subsec_nanosecond() > 0))
}

pub(super) fn key(key: &Key) -> Item {
    HashMap::from([(PK.to_owned(), text(&key.partition)), (SK.to_owned(), text(&key.sort))])
}

/// The item that stands for a row.
pub(super) fn item(row: &Row) -> Result<Item, TableError> {
    let corrupt = |reason: String| TableError::Corrupt { key: named(&row.key), reason };
    if !row.body.is_object() {
        return Err(corrupt("its body is not a JSON object".to_owned()));
    }
    let mut item = key(&row.key);
    item.insert(VERSION.to_owned(), number(row.version));
    let doc = row.body.to_string();
    if doc.len() > LONG {
        item.insert(ZIP.to_owned(), AttributeValue::B(Blob::new(compress_to_vec(doc.as_bytes(), LEVEL))));
    } else {
        item.insert(DOC.to_owned(), text(doc));
    }
    if let Some(IndexEntry { queue, due }) = &row.work {
        item.insert(WORK_PK.to_owned(), text(queue));
        item.insert(WORK_SK.to_owned(), text(stamp(*due)));
    }
    if let Some(Listing { list, sort }) = &row.listing {
        item.insert(LIST_PK.to_owned(), text(list));
        item.insert(LIST_SK.to_owned(), text(sort));
    }
    if let Some(expires) = row.expires {
        item.insert(TTL.to_owned(), ttl(expires));
    }
    Ok(item)
}

/// Bytes of the item that stands for a row, as DynamoDB counts them, for whoever counts what it costs. Numbers are taken
/// for half as long as their digits.
pub fn item_size(row: &Row) -> Result<u64, TableError> {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        _ => 1,
    };
    let bytes: usize = item(row)?.iter().map(|(name, held)| name.len() + value(held)).sum();
    Ok(u64::try_from(bytes).unwrap_or(u64::MAX))
}

/// The row that an item stands for.
pub(super) fn row(item: Item) -> Result<Row, TableError> {
    let key = key_of(&item)?;
    let name = named(&key);
    read(key, item).map_err(|reason| TableError::Corrupt { key: name, reason })
}

fn read(key: Key, mut item: Item) -> Result<Row, String> {
    let version = take_number(&mut item, VERSION)?.ok_or("it has no version")?;
    let doc = match (item.remove(DOC), item.remove(ZIP)) {
        (Some(AttributeValue::S(text)), None) => text.into_bytes(),
        (None, Some(AttributeValue::B(zip))) => {
            decompress_to_vec_with_limit(zip.as_ref(), MOST).map_err(|e| format!("its {ZIP} cannot be read: {e}"))?
        }
        _ => return Err(format!("it has no text {DOC} and no binary {ZIP}, or both")),
    };
    let body: Value = serde_json::from_slice(&doc).map_err(|e| format!("its document is not JSON: {e}"))?;
    if !body.is_object() {
        return Err("its document is not a JSON object".to_owned());
    }
    let work = match (take_text(&mut item, WORK_PK)?, take_text(&mut item, WORK_SK)?) {
        (Some(queue), Some(due)) => {
            Some(IndexEntry { queue, due: due.parse().map_err(|_| format!("{WORK_SK} is not a time"))? })
        }
        (None, None) => None,
        _ => return Err(format!("it has one of {WORK_PK} and {WORK_SK}")),
    };
    let listing = match (take_text(&mut item, LIST_PK)?, take_text(&mut item, LIST_SK)?) {
        (Some(list), Some(sort)) => Some(Listing { list, sort }),
        (None, None) => None,
        _ => return Err(format!("it has one of {LIST_PK} and {LIST_SK}")),
    };
    let expires = take_number(&mut item, TTL)?
        .map(|second| Timestamp::from_second(second).map_err(|_| format!("{TTL} is not a time")))
        .transpose()?;
    Ok(Row { key, version, body, work, listing, expires })
}

/// The key inside an item, which may be an index entry.
pub(super) fn key_of(item: &Item) -> Result<Key, TableError> {
    let part = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    match (part(PK), part(SK)) {
        (Some(partition), Some(sort)) => Ok(Key { partition, sort }),
        _ => Err(TableError::Corrupt { key: "?".to_owned(), reason: "an item has no key".to_owned() }),
    }
}

/// A key for people.
pub(super) fn named(key: &Key) -> String {
    format!("{} / {}", key.partition, key.sort)
}

fn take_text(item: &mut Item, name: &str) -> Result<Option<String>, String> {
    match item.remove(name) {
        None => Ok(None),
        Some(AttributeValue::S(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{name} is not text")),
    }
}

fn take_number<N: std::str::FromStr>(item: &mut Item, name: &str) -> Result<Option<N>, String> {
    match item.remove(name) {
        None => Ok(None),
        Some(AttributeValue::N(digits)) => digits.parse().map(Some).map_err(|_| format!("{name} is out of range")),
        Some(_) => Err(format!("{name} is not a number")),
    }
}
