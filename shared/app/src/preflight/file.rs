//! A file of leads: CSV with a header row, or JSON lines.

use super::{Row, RowError};

/// The columns of a file of leads.
const COLUMNS: [&str; 7] = ["name", "email", "company", "country", "state", "time_zone", "schedule"];

/// Rows of a file with a header row (CSV) or of JSON lines, with their lines, and what could not be read of others. An error if the file is none of the two kinds.
#[expect(clippy::type_complexity, reason = "two lists and one error")]
pub fn read_rows(text: &str) -> Result<(Vec<(u64, Row)>, Vec<RowError>), String> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') { Ok(json_lines(text)) } else { csv_rows(text) }
}

fn json_lines(text: &str) -> (Vec<(u64, Row)>, Vec<RowError>) {
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        match serde_json::from_str(text) {
            Ok(row) => rows.push((line, row)),
            Err(error) => wrong.push(RowError { line, field: "row", problem: error.to_string() }),
        }
    }
    (rows, wrong)
}

#[expect(clippy::type_complexity, reason = "two lists and one error")]
fn csv_rows(text: &str) -> Result<(Vec<(u64, Row)>, Vec<RowError>), String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| format!("line 1: {error}"))?;
    let headers: csv::StringRecord = headers.iter().map(|name| name.to_lowercase().replace([' ', '-'], "_")).collect();
    if let Some(unknown) = headers.iter().find(|name| !COLUMNS.contains(name)) {
        return Err(format!("line 1: column {unknown:?} is unknown; known are {}", COLUMNS.join(", ")));
    }
    if !headers.iter().any(|name| name == "email") {
        return Err(format!("line 1: there is no column email; begin with a header row of {}", COLUMNS.join(", ")));
    }
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let read = record.and_then(|record| {
            let line = record.position().map_or(0, |position| line_of(text, position));
            Ok((line, record.deserialize::<Row>(Some(&headers))?))
        });
        match read {
            Ok(row) => rows.push(row),
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                wrong.push(RowError { line, field: "row", problem: error.to_string() });
            }
        }
    }
    Ok((rows, wrong))
}

/// The line a record stands on; the reader's position is in front of the blank lines before it.
fn line_of(text: &str, position: &csv::Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let blank = text.bytes().skip(start).take_while(u8::is_ascii_whitespace).filter(|byte| *byte == b'\n').count();
    position.line() + u64::try_from(blank).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_files_say_the_same() {
        let csv =
            "\u{feff}Name,Email,Time Zone\n\"Lovelace, Ada\",ada@example.com,Europe/London\n\nBo,bo@example.com,\n";
        let json = "{\"name\": \"Lovelace, Ada\", \"email\": \"ada@example.com\", \"time_zone\": \"Europe/London\"}\n\n\n\
                    {\"name\": \"Bo\", \"email\": \"bo@example.com\"}\n";
        let (from_csv, wrong) = read_rows(csv).unwrap();
        assert_eq!((from_csv.len(), wrong), (2, vec![]));
        let (from_json, _) = read_rows(json).unwrap();
        assert_eq!(
            from_csv.iter().map(|(_, row)| row).collect::<Vec<_>>(),
            from_json.iter().map(|(_, row)| row).collect::<Vec<_>>()
        );
        assert_eq!(from_csv.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        let unknown = read_rows("email,phone\na@example.com,1\n").unwrap_err();
        assert!(unknown.starts_with("line 1: column \"phone\" is unknown; known are name, email"), "{unknown}");
        assert!(read_rows("name\nAda\n").unwrap_err().contains("no column email"));
        let (good, wrong) = read_rows("name,email\nAda,a@example.com\nBo\nCy,c@example.com\n").unwrap();
        assert_eq!((good.len(), wrong.len(), wrong[0].line), (2, 1, 3));
        let (good, wrong) = read_rows("{\"email\": \"a@example.com\"}\n{\"mail\": 1}\n").unwrap();
        assert_eq!((good.len(), wrong[0].line), (1, 2));
        assert!(wrong[0].problem.contains("unknown field `mail`"), "{}", wrong[0].problem);
    }
}
