//! Finding records by query. COQL reads the database, not the search index, so what was just written is found.

use std::collections::BTreeMap;
use std::fmt;

use app::ports::{ChangedRecord, CrmError};
use domain::{Module, RecordId, UserId};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;

use crate::answer::{Answer, unreadable};
use crate::http::Line;
use crate::request::{Kind, Request};
use crate::wire::{self, WireRecord};

/// Rows in one call.
const ROWS: usize = 2000;
/// Credits for so many.
const FULL_PAGE: u32 = 3;

/// Values in one `in`.
const OWNERS: usize = 50;

/// Records changed at or after `since`, oldest first.
pub(crate) async fn changed_since(
    line: &mut Line<'_>,
    module: Module,
    since: Timestamp,
) -> Result<Vec<ChangedRecord>, CrmError> {
    let mut found = BTreeMap::new();
    walk(line, module, None, Some(since), &mut found).await?;
    Ok(oldest_first(found))
}

/// All records that one of `owners` owns, oldest change first.
pub(crate) async fn owned_by(
    line: &mut Line<'_>,
    module: Module,
    owners: &[UserId],
) -> Result<Vec<ChangedRecord>, CrmError> {
    let mut found = BTreeMap::new();
    for owners in owners.chunks(OWNERS) {
        let list: Vec<_> = owners.iter().map(|owner| Quoted(owner.as_str()).to_string()).collect();
        let condition = format!("Owner in ({})", list.join(", "));
        walk(line, module, Some(&condition), None, &mut found).await?;
    }
    Ok(oldest_first(found))
}

/// Walks over a set that moves while it is walked: a record that changes leaves its place and comes again at the end.
/// An offset would skip its neighbours, so each page starts where the last one ended by time, and sees that second's
/// records again. Only within one second that fills a whole page does an offset move on.
async fn walk(
    line: &mut Line<'_>,
    module: Module,
    condition: Option<&str>,
    mut since: Option<Timestamp>,
    found: &mut BTreeMap<RecordId, ChangedRecord>,
) -> Result<(), CrmError> {
    let mut offset = 0;
    // A page of up to 200 rows costs one credit, a full one three; whoever gets a full one knows.
    let mut credits = 1;
    loop {
        let request = select(module, condition, since, ROWS, offset).costing(credits);
        credits = FULL_PAGE;
        let page = line.list::<WireRecord>(&request, "data").await?;
        let rows = page.items.len();
        let mut last = None;
        for row in &page.items {
            let row = changed_record(row).ok_or_else(|| unreadable("a query's row"))?;
            last = Some(row.modified);
            // A record seen twice changed in between: its newer self counts.
            found.insert(row.id.clone(), row);
        }
        if !page.more || rows == 0 {
            return Ok(());
        }
        if last > since {
            (since, offset) = (last, 0);
        } else {
            offset += rows;
        }
    }
}

/// The oldest of the records changed at or after `since`, as a part of a call.
pub(crate) fn first_rows(module: Module, since: Timestamp, rows: usize) -> Request {
    select(module, None, Some(since), rows, 0)
}

/// All records that such a question found; `None` where there are more, or the answer is none.
pub(crate) fn all_rows(answer: &Answer) -> Option<Vec<ChangedRecord>> {
    let page = answer.list::<WireRecord>("data").ok().filter(|page| !page.more)?;
    page.items.iter().map(changed_record).collect()
}

fn select(module: Module, condition: Option<&str>, since: Option<Timestamp>, rows: usize, offset: usize) -> Request {
    let body = json!({"select_query": query(module, condition, since, rows, offset)});
    Request::send(Method::POST, Kind::Read, "queries", ["coql"], body)
}

fn query(module: Module, condition: Option<&str>, since: Option<Timestamp>, rows: usize, offset: usize) -> String {
    let since = since.map(|since| format!("Modified_Time >= {}", Quoted(&wire::time(since))));
    let conditions = match (condition, since) {
        (Some(condition), Some(since)) => format!("({condition} and {since})"),
        (Some(only), None) => only.to_owned(),
        (None, Some(only)) => only,
        // COQL wants a condition.
        (None, None) => "id is not null".to_owned(),
    };
    format!(
        "select id, Owner, Modified_Time from {module} where {conditions} \
         order by Modified_Time asc limit {rows} offset {offset}"
    )
}

fn changed_record(row: &WireRecord) -> Option<ChangedRecord> {
    Some(ChangedRecord { id: row.id()?, owner: row.user("Owner")?, modified: row.time("Modified_Time")? })
}

fn oldest_first(found: BTreeMap<RecordId, ChangedRecord>) -> Vec<ChangedRecord> {
    let mut records: Vec<_> = found.into_values().collect();
    records.sort_by_key(|record| record.modified);
    records
}

/// A text as COQL wants it: in quotes, with a quote inside doubled (a backslash escapes in search, not here).
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn conditions_stand_in_pairs() {
        let at = Some("2026-01-15T10:00:00Z".parse().unwrap());
        let tail = "order by Modified_Time asc limit 2000 offset 0";
        let head = "select id, Owner, Modified_Time from Leads where";
        let check = |condition, since, expect: &str| {
            assert_eq!(query(Module::Leads, condition, since, 2000, 0), format!("{head} {expect} {tail}"));
        };
        check(None, at, "Modified_Time >= '2026-01-15T10:00:00+00:00'");
        check(Some("Owner in ('1')"), None, "Owner in ('1')");
        check(Some("Owner in ('1')"), at, "(Owner in ('1') and Modified_Time >= '2026-01-15T10:00:00+00:00')");
        check(None, None, "id is not null");
    }

    /// Reads a quoted text as COQL does; `None` if it ends early or late.
    fn unquote(text: &str) -> Option<String> {
        let mut read = String::new();
        let mut rest = text.strip_prefix('\'')?;
        loop {
            let end = rest.find('\'')?;
            read.push_str(&rest[..end]);
            match rest[end + 1..].strip_prefix('\'') {
                Some(after) => (read.push('\''), rest = after).1,
                None => return rest[end + 1..].is_empty().then_some(read),
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_ends_its_quotes(text in "[a-z'\\\\ü )]{0,12}") {
            prop_assert_eq!(unquote(&Quoted(&text).to_string()), Some(text));
        }
    }
}
