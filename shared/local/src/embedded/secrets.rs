//! Secrets in one file that only this user reads.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use app::ports::{Secrets, SecretsError};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use super::{private, remove};

/// `secrets.json` in a data directory: an object of names and values.
///
/// Each read opens the file anew and each change replaces it whole, under a lock, so several processes may use it, and
/// a crash leaves the old file or the new one. The work is done in place: the file is small, and changes are rare.
#[derive(Debug, Clone)]
pub struct FileSecrets {
    dir: PathBuf,
}

impl FileSecrets {
    /// The secrets of a data directory, which is made with the first of them.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { dir: data_dir.into() }
    }

    fn read(&self) -> io::Result<BTreeMap<String, String>> {
        match std::fs::read(self.dir.join("secrets.json")) {
            // What serde_json says may quote the file; where it stumbled is enough.
            Ok(json) => serde_json::from_slice(&json).map_err(|error| {
                let place = format!("not a JSON object of texts (line {}, column {})", error.line(), error.column());
                io::Error::new(io::ErrorKind::InvalidData, place)
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error),
        }
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, String>)) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        let lock = private(&self.dir.join("secrets.lock"))?;
        lock.lock()?;
        let mut secrets = self.read()?;
        change(&mut secrets);
        let next = self.dir.join("secrets.json.next");
        remove(&next)?; // left by a crash
        let mut file = private(&next)?;
        file.write_all(&serde_json::to_vec_pretty(&secrets)?)?;
        file.sync_all()?;
        std::fs::rename(&next, self.dir.join("secrets.json"))?;
        // The name is safe once the directory is.
        File::open(&self.dir)?.sync_all()
    }

    fn failed(&self, error: &io::Error) -> SecretsError {
        SecretsError(format!("{}: {error}", self.dir.join("secrets.json").display()))
    }
}

#[async_trait]
impl Secrets for FileSecrets {
    async fn get(&self, name: &str) -> Result<Option<SecretString>, SecretsError> {
        let mut secrets = self.read().map_err(|error| self.failed(&error))?;
        Ok(secrets.remove(name).map(SecretString::from))
    }

    async fn put(&self, name: &str, value: &SecretString) -> Result<(), SecretsError> {
        let (name, value) = (name.to_owned(), value.expose_secret().to_owned());
        self.change(|secrets| drop(secrets.insert(name, value))).map_err(|error| self.failed(&error))
    }

    async fn delete(&self, name: &str) -> Result<(), SecretsError> {
        self.change(|secrets| drop(secrets.remove(name))).map_err(|error| self.failed(&error))
    }
}
