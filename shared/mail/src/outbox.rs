//! Mail sent into a folder: the mailer of a first run and of tests.
//!
//! **Invariant:** a delivery is the file named after it. It appears whole and on disk or not at all, and is never
//! replaced, so the folder is an exact answer to what was sent. Whoever deletes a file makes its delivery unsent.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use app::ports::{Lookup, Mailer, SendError};
use async_trait::async_trait;
use domain::{OrgId, OutgoingMail};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

use crate::read::parse;
use crate::render::render;

/// Writes each mail as `{org}.{delivery}.eml`, readable by its owner alone.
#[derive(Debug, Clone)]
pub struct EmlOutbox {
    folder: PathBuf,
}

/// How far writing came when it failed.
enum Failed {
    /// Nothing bears the delivery's name.
    Before(io::Error),
    /// Something does, and is perhaps not on disk.
    After(io::Error),
}

impl EmlOutbox {
    /// Sends into `folder`, which is made when it is missing.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Organisations have no dot in their id and neither has a slash, so two deliveries never share a name.
    fn path(&self, org: &OrgId, mail: &OutgoingMail) -> PathBuf {
        self.folder.join(format!("{org}.{}.eml", mail.delivery))
    }
}

#[async_trait]
impl Mailer for EmlOutbox {
    async fn send(&self, org: &OrgId, mail: &OutgoingMail) -> Result<String, SendError> {
        let mime = render(mail).map_err(|reason| SendError::Refused { reason })?;
        let (folder, path) = (self.folder.clone(), self.path(org, mail));
        // One blocking job, not a chain of asynchronous steps: once begun it ends, also when its caller is gone.
        let stored = spawn_blocking(move || store(&folder, &path, &mime)).await;
        let unknown = |reason| SendError::Unknown { delivery: mail.delivery.clone(), reason };
        match stored {
            Ok(Ok(Some(earlier))) => Ok(earlier),
            Ok(Ok(None)) => Ok(mail.message_id.clone()),
            Ok(Err(Failed::Before(error))) => {
                Err(SendError::NotSent { reason: format!("the outbox folder could not be written: {}", error.kind()) })
            }
            Ok(Err(Failed::After(error))) => Err(unknown(format!("the mail may not be on disk: {}", error.kind()))),
            Err(_) => Err(unknown("writing the mail was broken off".to_owned())),
        }
    }

    async fn find(&self, org: &OrgId, mail: &OutgoingMail) -> Lookup {
        let (folder, path) = (self.folder.clone(), self.path(org, mail));
        spawn_blocking(move || find(&folder, &path)).await.unwrap_or(Lookup::CannotTell)
    }
}

/// Stores a mail under a name that nothing has. Returns the Message-ID of the mail that had it already.
fn store(folder: &Path, path: &Path, mime: &[u8]) -> Result<Option<String>, Failed> {
    if path.try_exists().map_err(Failed::Before)? {
        return message_id(path).map(Some).map_err(Failed::After);
    }
    let written = || {
        fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(".").suffix(".tmp").tempfile_in(folder)?;
        file.write_all(mime)?;
        file.as_file().sync_all()?;
        io::Result::Ok(file)
    };
    let file: NamedTempFile = written().map_err(Failed::Before)?;
    match file.persist_noclobber(path) {
        Ok(_) => File::open(folder).and_then(|folder| folder.sync_all()).map(|()| None).map_err(Failed::After),
        Err(lost) if lost.error.kind() == ErrorKind::AlreadyExists => message_id(path).map(Some).map_err(Failed::After),
        Err(lost) => Err(Failed::Before(lost.error)),
    }
}

fn message_id(path: &Path) -> io::Result<String> {
    Ok(parse(&fs::read(path)?, None).message_id)
}

fn find(folder: &Path, path: &Path) -> Lookup {
    match fs::read(path) {
        Ok(mime) => {
            let mail = parse(&mime, None);
            Lookup::Sent { message_id: mail.message_id, at: mail.date }
        }
        // A folder that is gone, such as a disk that is not mounted, says nothing about its files.
        Err(error) if error.kind() == ErrorKind::NotFound && folder.is_dir() => Lookup::NotSent,
        Err(_) => Lookup::CannotTell,
    }
}
