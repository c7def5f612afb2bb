//! DynamoDB inside the process, on one SQLite file, under the very SDK code that talks to AWS; and secrets in a file.
//!
//! **Invariant:** one process owns a data directory. Others that open it reach its table through the owner.
//! **Absent:** a port, an HTTP server, a second store implementation.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

mod connector;
mod faults;
mod forward;
mod log;
mod open;
mod secrets;
mod tokens;

pub use faults::{FaultPlan, Injected};
pub use open::{EmbeddedDynamo, OpenError, Opened, TABLE, open};
pub use secrets::FileSecrets;

/// Opens a file that only this user reads, making it if need be.
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Removes a file, if there is one.
fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
