//! The leads of a file, checked at the door: a wrong row is reported with its line and field, and nothing is guessed.

use std::collections::BTreeMap;

use domain::{Country, EmailAddress, Person, Schedule, Subdivision, Zone};
use serde::{Deserialize, Serialize};

/// A row as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Row {
    /// The person's name; may be empty.
    pub name: String,
    /// Where mails go.
    pub email: String,
    /// The company; may be empty.
    pub company: String,
    /// A code such as DE or a name such as Germany; may be empty.
    pub country: String,
    /// A state of that country; may be empty.
    pub state: String,
    /// An IANA name such as Europe/Paris; may be empty where country and state say it, or nobody knows.
    pub time_zone: String,
    /// A schedule's name; the assistant's default when empty.
    pub schedule: String,
}

/// A row that can be planned.
#[derive(Debug, Clone)]
pub struct Candidate<'a> {
    /// The line of the file.
    pub line: u64,
    /// Who it is, and where.
    pub person: Person,
    /// Where mails go.
    pub email: EmailAddress,
    /// What it follows.
    pub schedule: &'a Schedule,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("line {line}, {field}: {problem}")]
pub struct RowError {
    /// The line of the file, from 1.
    pub line: u64,
    /// The column.
    pub field: &'static str,
    /// What to mend.
    pub problem: String,
}

/// The candidates among `rows`, and all that is wrong with the others.
pub fn check<'a>(
    rows: &[(u64, Row)],
    schedules: &'a [Schedule],
    default_schedule: &str,
) -> (Vec<Candidate<'a>>, Vec<RowError>) {
    let (mut candidates, mut errors) = (Vec::new(), Vec::new());
    let mut lines = BTreeMap::<EmailAddress, u64>::new();
    for (line, row) in rows {
        let mut wrong = Vec::new();
        let mut refuse = |field, problem: String| wrong.push(RowError { line: *line, field, problem });
        let email = EmailAddress::parse(&row.email).map_err(|error| refuse("email", error.to_string())).ok();
        if let Some(email) = &email {
            match lines.get(email) {
                Some(first) => refuse(
                    "email",
                    format!("{} is the address of line {first} too; a lead gets one schedule", row.email.trim()),
                ),
                None => drop(lines.insert(email.clone(), *line)),
            }
        }
        place(row).into_iter().for_each(|(field, problem)| refuse(field, problem));
        let wanted = if row.schedule.trim().is_empty() { default_schedule } else { row.schedule.trim() };
        let schedule = schedules.iter().find(|schedule| schedule.name() == wanted);
        if schedule.is_none() {
            let known: Vec<_> = schedules.iter().map(Schedule::name).collect();
            refuse("schedule", format!("there is no schedule {wanted:?}; known are {}", known.join(", ")));
        }
        match (email, schedule) {
            (Some(email), Some(schedule)) if wrong.is_empty() => {
                candidates.push(Candidate { line: *line, person: person(row), email, schedule });
            }
            _ => errors.extend(wrong),
        }
    }
    (candidates, errors)
}

/// What is wrong with where the row says its person is.
fn place(row: &Row) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    let said = |text: &str| !text.trim().is_empty();
    let country = said(&row.country).then(|| Country::parse(&row.country));
    match (&country, said(&row.state)) {
        (Some(Err(error)), _) => wrong.push(("country", error.to_string())),
        // Elsewhere a text that is no state, such as a county's name, takes nothing away.
        (Some(Ok(country)), true) if country.zone().is_none() && country.has_states() => {
            wrong.extend(Subdivision::parse(*country, &row.state).err().map(|error| ("state", error.to_string())));
        }
        (None, true) => wrong.push(("state", format!("{:?} needs its country; fill that column", row.state.trim()))),
        (Some(Ok(_)), _) | (None, false) => {}
    }
    if said(&row.time_zone) {
        wrong.extend(Zone::parse(&row.time_zone).err().map(|error| ("time_zone", error.to_string())));
    }
    wrong
}

fn person(row: &Row) -> Person {
    let (first, last) = row.name.trim().rsplit_once(' ').unwrap_or(("", row.name.trim()));
    Person {
        first_name: first.trim().to_owned(),
        last_name: last.to_owned(),
        company: row.company.trim().to_owned(),
        country: row.country.trim().to_owned(),
        state: row.state.trim().to_owned(),
        time_zone: row.time_zone.trim().to_owned(),
        ..Person::default()
    }
}
