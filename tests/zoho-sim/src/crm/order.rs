//! Comparing a stored value with one written in a query.

use std::cmp::Ordering;

use serde_json::Value;

use crate::{times, world::DataType};

/// How `stored` stands to `given`, or nothing when they cannot be compared (one is missing or malformed).
pub(super) fn order(kind: DataType, stored: &Value, given: &str) -> Option<Ordering> {
    match kind {
        DataType::Datetime => Some(times::parse(stored.as_str()?)?.cmp(&times::parse(given)?)),
        DataType::Date => Some(times::parse_date(stored.as_str()?)?.cmp(&times::parse_date(given)?)),
        DataType::Integer | DataType::Double | DataType::Currency | DataType::Percent => {
            stored.as_f64()?.partial_cmp(&given.parse().ok()?)
        }
        DataType::Bigint => Some(stored.as_str()?.parse::<i64>().ok()?.cmp(&given.parse().ok()?)),
        DataType::Boolean => Some(stored.as_bool()?.cmp(&given.to_lowercase().parse().ok()?)),
        _ => Some(text_of(stored)?.to_lowercase().cmp(&given.to_lowercase())),
    }
}

/// The text of a stored value: of a note's parent, its id.
pub(super) fn text_of(stored: &Value) -> Option<String> {
    match stored {
        Value::String(text) => Some(text.clone()),
        Value::Object(object) => object.get("id")?.as_str().map(str::to_owned),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(list) => Some(list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(";")),
        Value::Null => None,
    }
}

/// Whether values of the kind have an order that queries may ask for.
pub(super) fn ordered(kind: DataType) -> bool {
    use DataType::{Bigint, Currency, Date, Datetime, Double, Integer, Percent};
    matches!(kind, Datetime | Date | Integer | Double | Currency | Percent | Bigint)
}
