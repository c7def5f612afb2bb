//! Mail received from a folder: whatever puts `.eml` files there is the mail server.
//!
//! **Invariant:** a mail stays where it is until [`EmlInbox::done`], so a crash loses none; a mail read twice because of
//! one is recognised by its Message-ID, which is the caller's. A file is never lost by being moved onto another.
//!
//! Programs that rename into place (rsync, mail filters) need no care. `cp` writes under the final name, so a file is
//! read only when it has not been written to for [`SETTLED`], and only believed when it did not change while it was
//! read. Looking twice and comparing would need a memory and a second call; a complete end cannot be recognised, for
//! every beginning of a mail is a mail. Polled every second, a mail is read within two.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::task::spawn_blocking;

/// How long a file must have been left alone.
const SETTLED: Duration = Duration::from_secs(1);

/// The longest mail that is read; mail servers take 25 MB.
const LONGEST: u64 = 30 * 1024 * 1024;

/// A folder of `.eml` files that are to be read.
#[derive(Debug, Clone)]
pub struct EmlInbox {
    folder: PathBuf,
    settled: Duration,
}

impl EmlInbox {
    /// Reads from `folder`, which may come to be later.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), settled: SETTLED }
    }

    /// For tests, and for writers that always rename into place: files are read at once.
    pub fn without_waiting(self) -> Self {
        Self { settled: Duration::ZERO, ..self }
    }

    /// The mails that can be read now, by name. Hidden, empty and other files are left alone.
    ///
    /// All of them, not the first: a mail that cannot be processed must not hold up those behind it.
    pub async fn ready(&self) -> io::Result<Vec<PathBuf>> {
        let inbox = self.clone();
        blocking(move || inbox.list()).await
    }

    /// The bytes of a mail; `None` where it is gone or being written to, which the next [`EmlInbox::ready`] settles.
    ///
    /// A mail over 30 MB is moved to `unreadable/`, and the error says so.
    pub async fn read(&self, mail: &Path) -> io::Result<Option<Vec<u8>>> {
        let (inbox, mail) = (self.clone(), mail.to_owned());
        blocking(move || inbox.load(&mail)).await
    }

    /// Moves a mail that is processed to `read/`, and returns where it is now.
    pub async fn done(&self, mail: &Path) -> io::Result<PathBuf> {
        let (inbox, mail) = (self.clone(), mail.to_owned());
        blocking(move || inbox.put_away(&mail, "read")).await
    }

    fn list(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut mails = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if is_mail(&path) && fs::metadata(&path).is_ok_and(|file| self.is_settled(&file)) {
                mails.push(path);
            }
        }
        mails.sort();
        Ok(mails)
    }

    fn is_settled(&self, file: &fs::Metadata) -> bool {
        // A time ahead of our clock says as little as one long past.
        let age = |written: SystemTime| written.elapsed().unwrap_or_else(|ahead| ahead.duration());
        file.is_file() && file.len() > 0 && file.modified().is_ok_and(|written| age(written) >= self.settled)
    }

    fn load(&self, mail: &Path) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(mail) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let before = file.metadata()?;
        let mut bytes = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LONGEST {
            self.put_away(mail, "unreadable")?;
            return Err(io::Error::new(ErrorKind::FileTooLarge, "a mail over 30 MB was moved to unreadable/"));
        }
        let after = fs::metadata(mail)?;
        let same = before.modified()? == after.modified()? && bytes.len() as u64 == after.len();
        Ok(same.then_some(bytes))
    }

    fn put_away(&self, mail: &Path, into: &str) -> io::Result<PathBuf> {
        let folder = self.folder.join(into);
        fs::create_dir_all(&folder)?;
        let place = reserve(&folder, mail)?;
        fs::rename(mail, &place).inspect_err(|_| _ = fs::remove_file(&place))?;
        Ok(place)
    }
}

/// Makes an empty file under the mail's name, or under the next one that is free; the mail then takes its place.
fn reserve(folder: &Path, mail: &Path) -> io::Result<PathBuf> {
    let name = mail.file_stem().unwrap_or_default().to_string_lossy();
    for copy in 1_u32.. {
        let place = folder.join(if copy == 1 { format!("{name}.eml") } else { format!("{name}-{copy}.eml") });
        match File::create_new(&place) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return made.map(|_| place),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn is_mail(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("eml"))
}

/// File work runs beside the event loop: a full disk or a network folder may take long.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
