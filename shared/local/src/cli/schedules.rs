//! Schedules and the nurture table on the command line.

use std::path::{Path, PathBuf};

use app::store::Reach;
use clap::Subcommand;
use domain::{Postscripts, Schedule};
use serde::de::DeserializeOwned;

use super::admin::Place;

/// Schedules.
#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// List schedules
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Show one schedule as the JSON that `add` and `edit` read
    Show {
        #[command(flatten)]
        place: Place,
        /// Its name
        name: String,
    },
    /// Add a schedule from a JSON file
    Add {
        #[command(flatten)]
        place: Place,
        /// The file; start from `schedule show Recommended`
        file: PathBuf,
    },
    /// Change the schedule of that name, from the next mail of each lead on
    Edit {
        #[command(flatten)]
        place: Place,
        /// The file
        file: PathBuf,
        /// Leads that are on it keep its present mails
        #[arg(long)]
        new_leads_only: bool,
    },
    /// Copy a schedule
    Clone {
        #[command(flatten)]
        place: Place,
        /// Its name
        name: String,
        /// The copy's name
        new_name: String,
    },
    /// Delete a schedule; leads on it finish it
    Delete {
        #[command(flatten)]
        place: Place,
        /// Its name
        name: String,
    },
}

/// The nurture table: one-line facts, of which each mail carries one as its P.S.
#[derive(Debug, Subcommand)]
pub enum NurtureTableCommand {
    /// Show the table as the JSON that `set` reads
    Show {
        #[command(flatten)]
        place: Place,
    },
    /// Replace the table by that of a JSON file, such as [{"text": "Lenses are ground twice.", "link": "https://…"}]
    Set {
        #[command(flatten)]
        place: Place,
        /// The file
        file: PathBuf,
    },
}

impl ScheduleCommand {
    /// Carries it out.
    pub async fn run(self) -> Result<(), String> {
        match self {
            Self::List { place } => {
                let (admin, org) = place.open().await?;
                let schedules = admin.schedules(&org).await.map_err(|error| error.to_string())?;
                place.print(&schedules, |schedules| {
                    let line = |schedule: &Schedule| format!("{} ({} mails)", schedule.name(), schedule.steps().len());
                    schedules.iter().map(line).collect::<Vec<_>>().join("\n")
                })
            }
            Self::Show { place, name } => {
                let (admin, org) = place.open().await?;
                let schedules = admin.schedules(&org).await.map_err(|error| error.to_string())?;
                let schedule = schedules.into_iter().find(|schedule| schedule.name() == name);
                let schedule = schedule.ok_or_else(|| format!("there is no schedule {name:?}; see `schedule list`"))?;
                place.print(&schedule, pretty)
            }
            Self::Add { place, file } => {
                let schedule: Schedule = read(&file)?;
                let (admin, org) = place.open().await?;
                admin.add_schedule(&org, &schedule).await.map_err(|error| error.to_string())?;
                place.print(&schedule, |schedule| format!("Added {}.", schedule.name()))
            }
            Self::Edit { place, file, new_leads_only } => {
                let schedule: Schedule = read(&file)?;
                let (admin, org) = place.open().await?;
                let reach = if new_leads_only { Reach::NewLeadsOnly } else { Reach::AlsoLeadsOnIt };
                admin.edit_schedule(&org, &schedule, reach).await.map_err(|error| error.to_string())?;
                place.print(&schedule, |schedule| match reach {
                    Reach::NewLeadsOnly => format!("Changed {} for new leads.", schedule.name()),
                    Reach::AlsoLeadsOnIt => format!("Changed {}, also for leads on it.", schedule.name()),
                })
            }
            Self::Clone { place, name, new_name } => {
                let (admin, org) = place.open().await?;
                let copy = admin.clone_schedule(&org, &name, &new_name).await.map_err(|error| error.to_string())?;
                place.print(&copy, |copy| format!("Added {}.", copy.name()))
            }
            Self::Delete { place, name } => {
                let (admin, org) = place.open().await?;
                admin.delete_schedule(&org, &name).await.map_err(|error| error.to_string())?;
                place.print(&name, |name| format!("Deleted {name}; leads on it finish it."))
            }
        }
    }
}

impl NurtureTableCommand {
    /// Carries it out.
    pub async fn run(self) -> Result<(), String> {
        match self {
            Self::Show { place } => {
                let (admin, org) = place.open().await?;
                let table = admin.postscripts(&org).await.map_err(|error| error.to_string())?;
                place.print(&table, pretty)
            }
            Self::Set { place, file } => {
                let table: Postscripts = read(&file)?;
                let (admin, org) = place.open().await?;
                admin.put_postscripts(&org, &table).await.map_err(|error| error.to_string())?;
                place.print(&table, |table| format!("Saved {} lines.", table.lines().len()))
            }
        }
    }
}

pub(super) fn pretty<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

pub(super) fn read<T: DeserializeOwned>(file: &Path) -> Result<T, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}
