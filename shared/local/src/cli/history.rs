//! `history`: what was done in the last seven days.

use app::history::{Done, history};
use clap::Args;

use super::admin::Place;

/// The last seven days.
#[derive(Debug, Args)]
pub struct HistoryCommand {
    #[command(flatten)]
    place: Place,
}

impl HistoryCommand {
    /// Carries it out.
    pub async fn run(self) -> Result<(), String> {
        let (admin, org) = self.place.open().await?;
        let done = history(&admin.store, admin.clock.as_ref(), &org).await.map_err(|error| error.to_string())?;
        self.place.print(&done, |done| {
            let head =
                format!("{:<31} {:<13} {:<10} {:>6} {:>8} {:>7}", "time", "way", "kind", "added", "updated", "failed");
            std::iter::once(head).chain(done.iter().map(line)).collect::<Vec<_>>().join("\n")
        })
    }
}

fn line(done: &Done) -> String {
    let Done { at, direction, line } = done;
    let (at, way) = (at.to_string(), direction.words());
    format!("{at:<31} {way:<13} {:<10} {:>6} {:>8} {:>7}", line.kind, line.added, line.updated, line.failed)
}
