//! The pre-flight on the command line.

use std::path::{Path, PathBuf};

use app::preflight::{Preflight, RowError, SES_USD_PER_THOUSAND, check, preflight, read_rows};
use clap::Args;
use domain::{Assistant, Schedule, recommended};
use jiff::Timestamp;
use serde::Serialize;

use super::admin::Place;

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
        let (rows, mut rejected) = read_rows(&text).map_err(|error| format!("{}: {error}", self.leads.display()))?;
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
