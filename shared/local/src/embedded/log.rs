//! The write-ahead log on its way to the disk, for all who wait for it at once.
//!
//! SQLite would sync the log in each commit, one commit after the other. Here it only writes; a commit is answered when
//! somebody's sync that began after it is over. Fifty notifications that come together wait for one or two syncs, not for
//! fifty.
//!
//! **Invariant:** nothing is answered, a read neither, before all that was written until then is on the disk. SQLite keeps
//! the file whole by itself: it syncs the log before it moves pages from it into the table's file.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// The log of one database.
pub(super) struct Log {
    file: Arc<File>,
    /// Counts what was written.
    written: AtomicU64,
    /// How much of that is on the disk.
    synced: AtomicU64,
    /// After a sync that failed nobody knows what is on the disk, and the next one would not say.
    broken: AtomicBool,
    turn: Mutex<()>,
}

impl Log {
    /// The log of the database at `path`, which is open.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push("-wal");
        Ok(Self {
            file: Arc::new(File::open(name)?),
            written: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            turn: Mutex::new(()),
        })
    }

    /// Something was written.
    pub(super) fn note(&self) {
        self.written.fetch_add(1, Ordering::SeqCst);
    }

    /// Returns when everything that was written before is on the disk.
    pub(super) async fn durable(&self) -> io::Result<()> {
        let written = self.written.load(Ordering::SeqCst);
        if self.synced.load(Ordering::SeqCst) >= written {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        if self.broken.load(Ordering::SeqCst) {
            return Err(io::Error::other("the disk failed before; see to it, and start again"));
        }
        // Whoever had the turn before may have synced for us too.
        if self.synced.load(Ordering::SeqCst) >= written {
            return Ok(());
        }
        let written = self.written.load(Ordering::SeqCst);
        let file = self.file.clone();
        let synced = spawn_blocking(move || file.sync_data()).await.map_err(io::Error::other).flatten();
        match &synced {
            Ok(()) => self.synced.store(written, Ordering::SeqCst),
            Err(_) => self.broken.store(true, Ordering::SeqCst),
        }
        synced
    }
}
