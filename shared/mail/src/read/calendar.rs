//! An invitation, or the answer to one (RFC 5545, RFC 5546), as a line that a person could have written.

/// `Accepted: Demo`, and what the writer added; `None` where it is no invitation and no answer.
pub(super) fn sentence(calendar: &str) -> Option<String> {
    let unfolded = calendar.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let value = |name: &str| unfolded.lines().find_map(|line| property(line, name)).map(|(_, value)| plain(value));
    let event = unfolded.find("BEGIN:VEVENT").map_or("", |at| &unfolded[at..]);
    let of_event = |name: &str| event.lines().find_map(|line| property(line, name));
    let summary = of_event("SUMMARY").map(|(_, summary)| plain(summary)).unwrap_or_default();
    let time = || of_event("DTSTART").map(|(parameters, start)| time(parameters, start)).unwrap_or_default();

    let sentence = match value("METHOD")?.to_ascii_uppercase().as_str() {
        "REPLY" => {
            let answer = match of_event("ATTENDEE").and_then(|(parameters, _)| parameter(parameters, "PARTSTAT")) {
                Some(status) if status.eq_ignore_ascii_case("ACCEPTED") => "Accepted",
                Some(status) if status.eq_ignore_ascii_case("DECLINED") => "Declined",
                Some(status) if status.eq_ignore_ascii_case("TENTATIVE") => "Tentatively accepted",
                _ => "Answered",
            };
            format!("{answer}: {summary}")
        }
        "COUNTER" => format!("New time proposed: {summary}{}", time()),
        "REQUEST" => format!("Invitation: {summary}{}", time()),
        "CANCEL" => format!("Cancelled: {summary}{}", time()),
        _ => return None,
    };
    let comment = of_event("COMMENT").map(|(_, comment)| plain(comment)).filter(|comment| !comment.trim().is_empty());
    let sentence = sentence.trim_end_matches([' ', ':']).to_owned();
    Some([Some(sentence), comment].into_iter().flatten().collect::<Vec<_>>().join("\n"))
}

/// The parameters and the value of a line `NAME;PARAMETERS:value`.
fn property<'a>(line: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let rest = line.get(name.len()..).filter(|_| line[..name.len()].eq_ignore_ascii_case(name))?;
    if !rest.starts_with([':', ';']) {
        return None;
    }
    let mut quoted = false;
    let colon = rest.find(|c: char| {
        quoted ^= c == '"';
        c == ':' && !quoted
    })?;
    Some((&rest[..colon], rest[colon + 1..].trim()))
}

fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = parameters.split(';').filter_map(|pair| pair.split_once('='));
    pairs.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim_matches('"'))
}

/// `, 2026-11-12 14:00 Europe/Berlin`; nothing where it is no time.
fn time(parameters: &str, start: &str) -> String {
    let (date, clock) = start.split_at_checked(8).unwrap_or_default();
    if date.is_empty() || !date.bytes().all(|b| b.is_ascii_digit()) {
        return String::new();
    }
    let day = format!(", {}-{}-{}", &date[..4], &date[4..6], &date[6..]);
    let Some(hour) = clock.get(1..5).filter(|hour| clock.starts_with('T') && hour.bytes().all(|b| b.is_ascii_digit()))
    else {
        return day;
    };
    let zone = if clock.ends_with('Z') { "UTC" } else { parameter(parameters, "TZID").unwrap_or_default() };
    format!("{day} {}:{} {zone}", &hour[..2], &hour[2..]).trim_end().to_owned()
}

/// Text without the escapes of RFC 5545.
fn plain(value: &str) -> String {
    value.replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
}
