//! What an org taught the reader of mails.

use domain::{OrgId, TaughtPhrase};

use super::Admin;
use crate::error::AppError;

/// The most phrases an org teaches.
const MOST: usize = 500;
/// The longest of them, in characters.
const LONGEST: usize = 200;

impl Admin {
    /// The phrases that decide an intent.
    pub async fn phrases(&self, org: &OrgId) -> Result<Vec<TaughtPhrase>, AppError> {
        Ok(self.store.phrases(org).await?)
    }

    /// Replaces them.
    pub async fn put_phrases(&self, org: &OrgId, phrases: &[TaughtPhrase]) -> Result<(), AppError> {
        if phrases.len() > MOST {
            return Err(AppError::Invalid(format!("an organisation teaches at most {MOST} phrases; these are more")));
        }
        for (index, TaughtPhrase { phrase, .. }) in phrases.iter().enumerate() {
            if !(2..=LONGEST).contains(&phrase.trim().chars().count()) {
                let number = index + 1;
                return Err(AppError::Invalid(format!(
                    "phrase {number} is not usable; write 2 to {LONGEST} characters"
                )));
            }
        }
        Ok(self.store.put_phrases(org, phrases).await?)
    }
}
