//! How values look on Zoho's wire.

use domain::{InvalidId, RecordId, UserId};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

/// ISO 8601 with a numeric offset and no fraction, the one form that Zoho is known to take everywhere. A fraction is cut
/// off, so a time never moves forward.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// At most `most` characters of `text`.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

/// A record as Zoho lists it. Which fields it has, and of which type, is up to each org: so nothing is required before
/// it is asked for, and a field of an unexpected type reads as text where it can and as empty where it cannot.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct WireRecord(Map<String, Value>);

impl WireRecord {
    /// The record's own id.
    pub fn id(&self) -> Option<RecordId> {
        id(self.0.get("id")?)
    }

    /// The id in a lookup: `{"id": …}`, or in a query's answer perhaps the id alone.
    pub fn record(&self, field: &str) -> Option<RecordId> {
        id(self.0.get(field)?)
    }

    /// The id in a user lookup.
    pub fn user(&self, field: &str) -> Option<UserId> {
        id(self.0.get(field)?)
    }

    /// A text inside a lookup, such as the owner's `email`.
    pub fn inner(&self, field: &str, key: &str) -> Option<&str> {
        self.0.get(field)?.get(key)?.as_str()
    }

    /// The first of `fields` that is not blank, for people; empty if all are.
    pub fn text(&self, fields: &[&str]) -> String {
        fields
            .iter()
            .filter_map(|field| self.0.get(*field))
            .map(plain)
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }

    /// A check box; missing is unchecked.
    pub fn flag(&self, field: &str) -> bool {
        self.0.get(field).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A date with time.
    pub fn time(&self, field: &str) -> Option<Timestamp> {
        self.0.get(field)?.as_str()?.parse().ok()
    }
}

fn id<T: TryFrom<String, Error = InvalidId>>(value: &Value) -> Option<T> {
    let value = value.get("id").unwrap_or(value);
    T::try_from(value.as_str()?.to_owned()).ok()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(values) => values.iter().map(plain).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", "),
        Value::Object(lookup) => lookup.get("name").map(plain).unwrap_or_default(),
        Value::Bool(_) | Value::Null => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_lose_their_fraction_and_gain_an_offset() {
        let at: Timestamp = "2026-01-15T10:30:00.999Z".parse().unwrap();
        assert_eq!(time(at), "2026-01-15T10:30:00+00:00");
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("grüße", 3), "grü");
        assert_eq!(cut("grüße", 5), "grüße");
        assert_eq!(cut("", 0), "");
    }

    #[test]
    fn fields_of_any_type_read_as_text() {
        let record: WireRecord = serde_json::from_value(json!({
            "Blank": " ", "Phone": 15550100, "Industry": ["Banking", null, "Trade"], "Account_Name": {"name": "Acme", "id": "7"},
            "Owner": "9", "Modified_Time": "2026-01-15T10:30:00+05:30", "Odd": {"deep": 1}
        }))
        .unwrap();
        let texts = [["Blank", "Phone"], ["None", "Industry"], ["Odd", "Account_Name"], ["Odd", "None"]];
        assert_eq!(texts.map(|fields| record.text(&fields)), ["15550100", "Banking, Trade", "Acme", ""]);
        assert_eq!(record.record("Account_Name").unwrap().as_str(), "7");
        assert_eq!(record.user("Owner").unwrap().as_str(), "9");
        assert_eq!(record.time("Modified_Time"), Some("2026-01-15T05:00:00Z".parse().unwrap()));
        assert_eq!(record.time("Phone"), None);
    }
}
