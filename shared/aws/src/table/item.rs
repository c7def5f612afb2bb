//! Rows as items, and items as rows.

use std::collections::HashMap;

use app::ports::{IndexEntry, Key, Listing, Row, TableError};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_json::Value;

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) const PK: &str = "pk";
pub(super) const SK: &str = "sk";
pub(super) const VERSION: &str = "v";
pub(super) const DOC: &str = "doc";
pub(super) const WORK_PK: &str = "work_pk";
pub(super) const WORK_SK: &str = "work_sk";
pub(super) const LIST_PK: &str = "list_pk";
pub(super) const LIST_SK: &str = "list_sk";
pub(super) const TTL: &str = "ttl";

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
    let doc = serde_dynamo::to_attribute_value(&row.body).map_err(|e| corrupt(e.to_string()))?;
    item.insert(DOC.to_owned(), doc);
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

/// The row that an item stands for.
pub(super) fn row(item: Item) -> Result<Row, TableError> {
    let key = key_of(&item)?;
    let name = named(&key);
    read(key, item).map_err(|reason| TableError::Corrupt { key: name, reason })
}

fn read(key: Key, mut item: Item) -> Result<Row, String> {
    let version = take_number(&mut item, VERSION)?.ok_or("it has no version")?;
    let doc = match item.remove(DOC) {
        Some(doc @ AttributeValue::M(_)) => serde_dynamo::from_attribute_value(doc).map_err(|e| e.to_string())?,
        Some(_) => return Err("its document is not a map".to_owned()),
        None => return Err("it has no document".to_owned()),
    };
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
    Ok(Row { key, version, body: Value::Object(doc), work, listing, expires })
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
