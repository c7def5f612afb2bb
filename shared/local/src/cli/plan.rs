//! The pre-flight on the command line.

use std::path::{Path, PathBuf};

use app::preflight::{Preflight, Row, RowError, SES_USD_PER_THOUSAND, check, preflight};
use clap::Args;
use domain::{Assistant, Schedule, recommended};
use jiff::Timestamp;
use serde::Serialize;

use super::admin::Place;

/// The columns of a file of leads.
const COLUMNS: [&str; 7] = ["name", "email", "company", "country", "state", "time_zone", "schedule"];

/// What a pre-flight needs.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    place: Place,
    /// An assistant's short name, or a JSON file with an assistant as `assistant show --json` prints it
    #[arg(long, value_name = "NAME|FILE")]
    assistant: String,
    /// The leads: a CSV file with a header row, or JSON lines, with name, email, company, country, state, time_zone and
    /// schedule; only email must be filled
    #[arg(long, value_name = "FILE")]
    leads: PathBuf,
    /// When the leads are assigned, such as 2026-05-04T08:00:00Z [default: now]
    #[arg(long, value_name = "INSTANT")]
    start: Option<Timestamp>,
    /// What the language model takes for one mail, in US dollars, where one writes
    #[arg(long, value_name = "USD")]
    model_price: Option<f64>,
}

#[derive(Serialize)]
struct Answer {
    assistant: String,
    start: Timestamp,
    #[serde(flatten)]
    flight: Preflight,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_usd: Option<f64>,
    rejected: Vec<RowError>,
}

impl PlanArgs {
    /// Carries it out.
    pub async fn run(self) -> Result<(), String> {
        let text =
            std::fs::read_to_string(&self.leads).map_err(|error| format!("{}: {error}", self.leads.display()))?;
        let (rows, mut rejected) = rows(&text).map_err(|error| format!("{}: {error}", self.leads.display()))?;
        let (assistant, schedules) = self.assistant().await?;
        let start = self.start.unwrap_or_else(Timestamp::now);
        let (candidates, wrong) = check(&rows, &schedules, &assistant.default_schedule);
        rejected.extend(wrong);
        rejected.sort_by_key(|error| error.line);
        let flight = preflight(&assistant, &candidates, start).map_err(|error| error.to_string())?;
        let mails = u32::try_from(flight.totals.mails).unwrap_or(u32::MAX);
        let model_usd = self.model_price.map(|price| price * f64::from(mails));
        let answer = Answer { assistant: assistant.id.to_string(), start, flight, model_usd, rejected };
        self.place.print(&answer, told)?;
        match answer.rejected.len() {
            0 => Ok(()),
            wrong => Err(format!("{wrong} mistakes in {}; their rows are not planned", self.leads.display())),
        }
    }

    /// The assistant, and the schedules its leads may name.
    async fn assistant(&self) -> Result<(Assistant, Vec<Schedule>), String> {
        let file = Path::new(&self.assistant);
        if file.is_file() {
            let text = std::fs::read_to_string(file).map_err(|error| format!("--assistant: {error}"))?;
            let value: serde_json::Value =
                serde_json::from_str(&text).map_err(|error| format!("--assistant {}: {error}", file.display()))?;
            let inner = value.get("assistant").unwrap_or(&value).clone();
            let assistant = serde_json::from_value::<Assistant>(inner)
                .map_err(|error| error.to_string())
                .and_then(|assistant| assistant.validate().map_err(|error| error.to_string()))
                .map_err(|error| format!("--assistant {}: {error}", file.display()))?;
            return Ok((assistant, vec![recommended()]));
        }
        let (admin, org) = self.place.open().await?;
        let reports = admin.assistants(&org).await.map_err(|error| error.to_string())?;
        let found = reports.into_iter().find(|report| report.assistant.id.as_str() == self.assistant);
        let found = found.ok_or_else(|| {
            format!("--assistant: there is no assistant {:?} and no such file; see `assistant list`", self.assistant)
        })?;
        let schedules = admin.schedules(&org).await.map_err(|error| error.to_string())?;
        Ok((found.assistant, schedules))
    }
}

/// Rows with their lines, and what could not be read of others. An error if the file is none of the two kinds.
#[expect(clippy::type_complexity, reason = "two lists and one error")]
fn rows(text: &str) -> Result<(Vec<(u64, Row)>, Vec<RowError>), String> {
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

/// For people.
fn told(answer: &Answer) -> String {
    let Answer { flight: Preflight { mails, unplanned, totals }, .. } = answer;
    let mut lines = Vec::new();
    for mail in mails {
        let day = mail.date.strftime("%a %-d %b %Y");
        let (time, reasons) = (mail.time.strftime("%H:%M"), mail.reasons.join("; "));
        lines.push(format!("{day} {time} {}  mail {} to {} ({reasons})", mail.zone, mail.step, mail.email));
    }
    lines.push(String::new());
    let full = totals.days.iter().filter(|day| day.mails == day.cap).count();
    lines.push(format!(
        "{} leads, {} mails on {} days, {full} of them at the cap",
        totals.leads,
        totals.mails,
        totals.days.len()
    ));
    lines.push(format!("at most {} Zoho API credits", totals.api_credits));
    lines.push(format!(
        "{:.2} US dollars at {SES_USD_PER_THOUSAND:.2} for a thousand mails with Amazon SES",
        totals.mail_usd
    ));
    lines.extend(answer.model_usd.map(|usd| format!("{usd:.2} US dollars for the language model")));
    lines.extend(totals.finish.map(|day| format!("finished on {}", day.strftime("%a %-d %b %Y"))));
    lines.push("assuming that nobody answers and that the assistant has no other leads".to_owned());
    lines.extend(unplanned.iter().map(|lead| format!("line {}: not planned to its end: {}", lead.line, lead.reason)));
    lines.extend(answer.rejected.iter().map(RowError::to_string));
    lines.join("\n")
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
        let (from_csv, wrong) = rows(csv).unwrap();
        assert_eq!((from_csv.len(), wrong), (2, vec![]));
        let (from_json, _) = rows(json).unwrap();
        assert_eq!(
            from_csv.iter().map(|(_, row)| row).collect::<Vec<_>>(),
            from_json.iter().map(|(_, row)| row).collect::<Vec<_>>()
        );
        assert_eq!(from_csv.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        let unknown = rows("email,phone\na@example.com,1\n").unwrap_err();
        assert!(unknown.starts_with("line 1: column \"phone\" is unknown; known are name, email"), "{unknown}");
        assert!(rows("name\nAda\n").unwrap_err().contains("no column email"));
        let (good, wrong) = rows("name,email\nAda,a@example.com\nBo\nCy,c@example.com\n").unwrap();
        assert_eq!((good.len(), wrong.len(), wrong[0].line), (2, 1, 3));
        let (good, wrong) = rows("{\"email\": \"a@example.com\"}\n{\"mail\": 1}\n").unwrap();
        assert_eq!((good.len(), wrong[0].line), (1, 2));
        assert!(wrong[0].problem.contains("unknown field `mail`"), "{}", wrong[0].problem);
    }
}
