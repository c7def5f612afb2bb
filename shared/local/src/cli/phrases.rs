//! What an org taught the reader of mails, on the command line.

use std::path::PathBuf;

use clap::Subcommand;
use domain::TaughtPhrase;

use super::admin::Place;
use super::schedules::{pretty, read};

/// Phrases that decide what an answer means.
#[derive(Debug, Subcommand)]
pub enum PhraseCommand {
    /// Show the phrases as the JSON that `set` reads
    Show {
        #[command(flatten)]
        place: Place,
    },
    /// Replace the phrases by those of a JSON file, such as [{"phrase": "bell me maar", "intent": "AgreedToMeet"}]
    Set {
        #[command(flatten)]
        place: Place,
        /// The file
        file: PathBuf,
    },
}

impl PhraseCommand {
    /// Carries it out.
    pub async fn run(self) -> Result<(), String> {
        match self {
            Self::Show { place } => {
                let (admin, org) = place.open().await?;
                let phrases = admin.phrases(&org).await.map_err(|error| error.to_string())?;
                place.print(&phrases, pretty)
            }
            Self::Set { place, file } => {
                let phrases: Vec<TaughtPhrase> = read(&file)?;
                let (admin, org) = place.open().await?;
                admin.put_phrases(&org, &phrases).await.map_err(|error| error.to_string())?;
                place.print(&phrases, |phrases| format!("Saved {} phrases.", phrases.len()))
            }
        }
    }
}
