//! Notes on records.

use app::ports::{CrmError, RecordNote};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::Line;
use crate::request::{Kind, Request};
use crate::wire::cut;

/// Characters of a title.
const TITLE: usize = 120;

/// Characters of a content: the smaller of the two limits Zoho's pages give.
const CONTENT: usize = 32_000;

/// Lists may cut long texts off after this many characters.
const LISTED: usize = 500;

/// Adds notes; results in the order of `notes`.
pub(crate) async fn add(line: &mut Line<'_>, notes: &[RecordNote]) -> Vec<Result<(), CrmError>> {
    let request = |notes: &[RecordNote]| {
        let data: Vec<_> = notes.iter().map(item).collect();
        Request::send(Method::POST, Kind::Once, "notes", ["Notes"], json!({"data": data, "trigger": []}))
    };
    line.write_each(notes, request).await
}

fn item(RecordNote { record, note }: &RecordNote) -> Value {
    json!({
        "Note_Title": cut(&note.title, TITLE),
        "Note_Content": cut(&note.content, CONTENT),
        "Parent_Id": {"module": {"api_name": record.module.as_str()}, "id": record.id.as_str()},
    })
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Note_Title")]
    title: Option<String>,
    #[serde(rename = "Note_Content")]
    content: Option<String>,
}

/// Is this very note on its record? On a record that is gone, no note is.
pub(crate) async fn has(line: &mut Line<'_>, RecordNote { record, note }: &RecordNote) -> Result<bool, CrmError> {
    let request = Request::get("notes", [record.module.as_str(), record.id.as_str(), "Notes"])
        .query("fields", "Note_Title,Note_Content");
    let listed: Vec<Listed> = match line.list_all(request, "data").await {
        Err(CrmError::Absent) => return Ok(false),
        listed => listed?,
    };
    let same = |listed: &Option<String>, ours: &str| is_same(listed.as_deref().unwrap_or_default(), ours);
    Ok(listed.iter().any(|listed| {
        same(&listed.title, cut(&note.title, TITLE)) && same(&listed.content, cut(&note.content, CONTENT))
    }))
}

/// Is what Zoho lists the text we sent? Line ends and outer white space may have changed on the way.
pub(crate) fn is_same(listed: &str, ours: &str) -> bool {
    let [listed, ours] = [listed, ours].map(|text| text.replace("\r\n", "\n").trim().to_owned());
    listed == ours || (listed.chars().count() >= LISTED && ours.starts_with(&listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_note_is_the_one_sent() {
        assert!(is_same("a\nb", "a\r\nb\n"));
        assert!(!is_same("a", "ab"), "a short text is not a cut one");
        let long = "ü".repeat(600);
        assert!(is_same(cut(&long, 500), &long));
        assert!(!is_same(&format!("{}x", cut(&long, 500)), &long));
    }
}
