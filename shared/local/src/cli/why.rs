//! `why`: each stored decision about a lead's mails, and whether it would be the same again.

use app::admin::Why;
use clap::Args;
use domain::LeadId;

use super::admin::Place;

/// Which lead.
#[derive(Debug, Args)]
pub struct WhyCommand {
    #[command(flatten)]
    place: Place,
    /// Such as contacts-5540000310003
    lead: LeadId,
}

impl WhyCommand {
    /// Carries it out.
    pub async fn run(self) -> Result<(), String> {
        let (admin, org) = self.place.open().await?;
        let decisions = admin.why(&org, &self.lead).await.map_err(|error| error.to_string())?;
        self.place.print(&decisions, |decisions| {
            if decisions.is_empty() {
                return "Nothing was decided about its mails yet.".to_owned();
            }
            decisions.iter().map(line).collect::<Vec<_>>().join("\n")
        })
    }
}

fn line(why: &Why) -> String {
    let replay = match why.replays {
        Some(true) => " [asked again: the same answer]",
        Some(false) => " [asked again: another answer; the rules or their data have changed since]",
        None => "",
    };
    format!("{}  {}  {}{replay}", why.decision.at, why.decision.delivery, why.words)
}
