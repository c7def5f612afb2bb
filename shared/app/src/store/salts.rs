//! The salt of an org's suppression list: it makes the hashes of two orgs differ, and those of a list of addresses that
//! somebody computed beforehand useless.
//!
//! **Invariant:** once drawn it stays, also when everything else of the org is erased: without it nobody on the list would be
//! recognised.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::OrgId;

use super::{Result, Store, keys};
use crate::ports::TableError;
use crate::secret;

/// Salts read before: they never change.
pub(super) type KnownSalts = Arc<Mutex<HashMap<OrgId, Arc<str>>>>;

impl Store {
    /// The org's salt; drawn when it is first asked for.
    pub(super) async fn salt(&self, org: &OrgId) -> Result<Arc<str>> {
        if let Some(known) = self.known_salts().get(org) {
            return Ok(known.clone());
        }
        let key = keys::salt(org);
        let salt = match self.read::<String>(&key).await? {
            Some(stored) => stored.value,
            None => {
                let drawn = secret::draw::<16>().map_err(|error| TableError::Unavailable(error.to_string()))?;
                match self.write(key.clone(), &drawn, None).await {
                    Ok(()) => drawn,
                    // Somebody else drew one: theirs counts.
                    Err(TableError::Unexpected(_)) => {
                        let theirs = self.read::<String>(&key).await?;
                        theirs.ok_or_else(|| TableError::Unavailable("the salt is being written".to_owned()))?.value
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        let salt: Arc<str> = salt.into();
        self.known_salts().insert(org.clone(), salt.clone());
        Ok(salt)
    }

    fn known_salts(&self) -> std::sync::MutexGuard<'_, HashMap<OrgId, Arc<str>>> {
        self.salts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_hashes_computed_beforehand_finds_nobody() {
        let (org, address) = ("us-1".parse().unwrap(), "ada@engines.example".parse().unwrap());
        let partition = |salt| keys::suppression(&org, salt, &address).partition;
        assert_ne!(partition("one"), partition("other"));
        assert!(!partition("one").contains(&keys::hash("ada@engines.example")));
    }
}
