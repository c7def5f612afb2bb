//! Pages, and the tokens that name where the next one starts.
//!
//! A token holds the sort part of the last row's place and nothing that says whose list it is: that comes from the call,
//! so a token from one org, or one that somebody made up, never opens another org's list.

use std::collections::HashMap;

use app::ports::{Row, TableError};
use data_encoding::BASE64URL_NOPAD;

use super::item::{Item, LIST_PK, LIST_SK, PK, SK, text};

/// What a query found, cut to a page.
pub(super) struct Cut {
    pub items: Vec<Item>,
    more: bool,
}

impl Cut {
    /// The first `limit` of `items`; there are more pages if that leaves some, or the table itself said so.
    pub(super) fn after(limit: u32, mut items: Vec<Item>, more: bool) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = more || items.len() > limit;
        items.truncate(limit);
        Self { items, more }
    }

    /// The token of the next page, made of these attributes of the last item.
    pub(super) fn next(&self, names: &[&str]) -> Result<Option<String>, TableError> {
        let Some(last) = self.items.last().filter(|_| self.more) else { return Ok(None) };
        let part = |name: &&str| last.get(*name).and_then(|value| value.as_s().ok());
        let parts: Option<Vec<_>> = names.iter().map(part).collect();
        let corrupt = || TableError::Corrupt { key: "?".to_owned(), reason: "an item has no key".to_owned() };
        parts.map(|parts| Some(token(&parts))).ok_or_else(corrupt)
    }
}

/// Where a page of its list starts that follows this row; `None` if it is in no list.
pub(super) fn after(row: &Row) -> Option<String> {
    let listing = row.listing.as_ref()?;
    Some(token(&[&listing.sort, &row.key.partition, &row.key.sort]))
}

/// Where a page of a partition starts.
pub(super) fn partition_start(token: &str, partition: &str, prefix: &str) -> Result<Item, TableError> {
    let [sort] = place(token, prefix)?;
    Ok(start([(PK, partition.to_owned()), (SK, sort)]))
}

/// Where a page of a list starts.
pub(super) fn list_start(token: &str, list: &str) -> Result<Item, TableError> {
    let [list_sort, partition, sort] = place(token, "")?;
    Ok(start([(LIST_PK, list.to_owned()), (LIST_SK, list_sort), (PK, partition), (SK, sort)]))
}

fn start<const N: usize>(parts: [(&str, String); N]) -> Item {
    HashMap::from(parts.map(|(name, value)| (name.to_owned(), text(value))))
}

fn token(parts: &[&String]) -> String {
    BASE64URL_NOPAD.encode(serde_json::json!(parts).to_string().as_bytes())
}

fn place<const N: usize>(token: &str, prefix: &str) -> Result<[String; N], TableError> {
    BASE64URL_NOPAD
        .decode(token.as_bytes())
        .ok()
        .and_then(|json| serde_json::from_slice::<Vec<String>>(&json).ok())
        .and_then(|parts| <[String; N]>::try_from(parts).ok())
        .filter(|parts| parts[0].starts_with(prefix) && parts.iter().all(|part| !part.is_empty()))
        .ok_or_else(|| TableError::Corrupt {
            key: "(page token)".to_owned(),
            reason: "it does not name a place in this list; start again at the first page".to_owned(),
        })
}
