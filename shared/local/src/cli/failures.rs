//! `failures`: what failed and has not passed since, and Try Again.

use app::change::LeadChanges;
use app::failures::{Failure, Failures, Retried, Which};
use clap::{Args, Subcommand};
use domain::OrgId;

use super::admin::Place;

/// What failed and has not passed since.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct FailureCommand {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Option<Retry>,
}

#[derive(Debug, Subcommand)]
enum Retry {
    /// Try again now, and put back what was given up; an unknown mail is looked up again, never sent again
    Retry {
        #[command(flatten)]
        place: Place,
        /// Which, by their ids
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        ids: Vec<String>,
        /// All of them
        #[arg(long)]
        all: bool,
        /// Who wants it, for the story of leads
        #[arg(long, default_value = "a person", value_name = "NAME")]
        by: String,
    },
}

impl FailureCommand {
    /// Carries it out.
    pub async fn run(self) -> Result<(), String> {
        match self.command {
            None => {
                let (failures, org) = open(&self.place).await?;
                let all = failures.list(&org).await.map_err(|error| error.to_string())?;
                self.place.print(&all, |all| {
                    if all.is_empty() {
                        return "Nothing has failed that did not pass later.".to_owned();
                    }
                    all.iter().map(line).collect::<Vec<_>>().join("\n")
                })
            }
            Some(Retry::Retry { place, ids, all, by }) => {
                let (failures, org) = open(&place).await?;
                let which = if all { Which::All } else { Which::These(ids) };
                let retried = failures.retry(&org, &which, &by).await.map_err(|error| error.to_string())?;
                place.print(&retried, summary)
            }
        }
    }
}

async fn open(place: &Place) -> Result<(Failures, OrgId), String> {
    let (admin, org) = place.open().await?;
    let changes = LeadChanges { store: admin.store, events: admin.events, clock: admin.clock };
    Ok((Failures { changes }, org))
}

fn line(failure: &Failure) -> String {
    let Failure { id, record, tried, reason, tries, next_try, .. } = failure;
    let record = record.as_ref().map(|record| format!(" ({record})")).unwrap_or_default();
    let times = if *tries == 1 { "once" } else { &format!("{tries} times") };
    let next = next_try.map_or_else(|| "waits for a person".to_owned(), |next| format!("next {next}"));
    format!("{id}  {tried}{record}: {reason}; tried {times}, {next}")
}

fn summary(retried: &Retried) -> String {
    let refused = retried.refused.iter().map(|no| format!("{}: {}", no.id, no.reason));
    let due = format!("{} tried again now.", retried.due.len());
    std::iter::once(due).chain(refused).collect::<Vec<_>>().join("\n")
}
