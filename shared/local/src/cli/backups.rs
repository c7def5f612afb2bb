//! Who stands in for whom.

use clap::Subcommand;

use super::admin::Place;

/// Backups of people who are away when a record comes back to them.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// List who stands in for whom
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Name who stands in for somebody
    Set {
        #[command(flatten)]
        place: Place,
        /// Who may be away: a CRM user's id or address
        owner: String,
        /// Who stands in: a CRM user's id or address
        backup: String,
    },
    /// Nobody in particular stands in any more
    Remove {
        #[command(flatten)]
        place: Place,
        /// Who may be away: a CRM user's id or address
        owner: String,
    },
}

impl BackupCommand {
    /// Carries it out.
    pub async fn run(self) -> Result<(), String> {
        let (place, changed) = match &self {
            Self::List { place } => (place, None),
            Self::Set { place, owner, backup } => (place, Some((owner, Some(backup)))),
            Self::Remove { place, owner } => (place, Some((owner, None))),
        };
        let (admin, org) = place.open().await?;
        if let Some((owner, backup)) = changed {
            let set = admin.set_backup(&org, owner, backup.map(String::as_str)).await;
            set.map_err(|error| error.to_string())?;
        }
        let backups = admin.backups(&org).await.map_err(|error| error.to_string())?;
        place.print(&backups, |backups| {
            if backups.is_empty() {
                return "Nobody stands in for anybody: managers and earlier owners are asked.".to_owned();
            }
            let line = |(owner, backup): &(String, String)| format!("{backup} stands in for {owner}");
            backups.iter().map(line).collect::<Vec<_>>().join("\n")
        })
    }
}
