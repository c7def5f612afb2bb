//! Zoho's times: ISO 8601 with a numeric offset and no fraction, kept to the second.

use jiff::{Timestamp, civil, tz::TimeZone};

/// Reads `2026-01-15T10:30:00+05:30`. Strict: whether Zoho accepts `Z` or fractions everywhere is not documented,
/// so a client that sends them is told here rather than in production.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let numeric_offset = text.len() == 25 && text.is_ascii() && matches!(text.as_bytes()[19], b'+' | b'-');
    if !numeric_offset {
        return None;
    }
    text.parse().ok()
}

/// Writes a time the way Zoho does, in the organisation's zone.
pub(crate) fn render(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// A calendar date, `2026-01-15`.
pub(crate) fn parse_date(text: &str) -> Option<civil::Date> {
    if text.len() == 10 { text.parse().ok() } else { None }
}

/// Modified_Time and its friends have second resolution.
pub(crate) fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// `at + secs`, saturating at the end of time.
pub(crate) fn plus_secs(at: Timestamp, secs: i64) -> Timestamp {
    plus_ms(at, secs.saturating_mul(1000))
}

/// `at + ms`, saturating at the end of time.
pub(crate) fn plus_ms(at: Timestamp, ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond().saturating_add(ms)).unwrap_or(Timestamp::MAX)
}
