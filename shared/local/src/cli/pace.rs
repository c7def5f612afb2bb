//! Stopping an assistant and letting it go on, on the command line.

use clap::Subcommand;
use domain::{Assistant, AssistantId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::admin::Place;

/// Whether an assistant sends.
#[derive(Debug, Subcommand)]
pub enum PaceCommand {
    /// Send nothing before a day; what falls due meanwhile is spread over the days after it
    Pause {
        #[command(flatten)]
        place: Place,
        /// Its short name
        id: AssistantId,
        /// The first day on which it sends again, in its own zone, such as 2026-12-28
        #[arg(long, value_name = "DATE")]
        until: Date,
    },
    /// Send again after a pause, or after too many mails came back or were called abuse
    GoOn {
        #[command(flatten)]
        place: Place,
        /// Its short name
        id: AssistantId,
    },
}

impl PaceCommand {
    /// Carries it out.
    pub async fn run(self) -> Result<(), String> {
        match self {
            Self::Pause { place, id, until } => {
                let pause = |assistant: &mut Assistant, _| {
                    let zone = TimeZone::get(assistant.calendar.zone_name());
                    let start = zone.and_then(|zone| until.to_zoned(zone));
                    let start = start.map_err(|error| app::AppError::Invalid(format!("--until: {error}")))?;
                    assistant.paused_until = Some(start.timestamp());
                    Ok(())
                };
                edit(&place, &id, pause, &format!("{id} sends nothing before {until}.")).await
            }
            Self::GoOn { place, id } => {
                let go_on = |assistant: &mut Assistant, now| {
                    assistant.paused_until = None;
                    assistant.trusted_since = Some(assistant.calendar.date(now));
                    Ok(())
                };
                edit(&place, &id, go_on, &format!("{id} goes on.")).await
            }
        }
    }
}

async fn edit(
    place: &Place,
    id: &AssistantId,
    edit: impl FnOnce(&mut Assistant, Timestamp) -> Result<(), app::AppError>,
    done: &str,
) -> Result<(), String> {
    let (admin, org) = place.open().await?;
    let now = admin.clock.calendar();
    let report =
        admin.edit_assistant(&org, id, |assistant| edit(assistant, now)).await.map_err(|error| error.to_string())?;
    place.print(&report, |_| done.to_owned())
}
