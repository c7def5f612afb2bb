//! `read-mail`: how mails would be read, without an installation.
//!
//! **Invariant:** a file that cannot be read is named on standard error, and the others are still printed.

use std::fs;
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use domain::{IncomingMail, TaughtPhrase, read_mail};
use mail::ReadLine;

/// What to read.
#[derive(Debug, Args)]
pub(super) struct ReadMailArgs {
    /// A mail as it came (.eml), or SES's notice of a bounce or complaint (JSON); a folder of them; - for standard input
    #[arg(value_name = "FILE|DIR|-")]
    path: PathBuf,
    /// Phrases an organisation taught, a JSON list of {"phrase": …, "intent": …}
    #[arg(long, value_name = "FILE")]
    phrases: Option<PathBuf>,
}

impl ReadMailArgs {
    /// Prints one line of JSON for each mail.
    pub(super) fn run(&self) -> Result<ExitCode, String> {
        let taught = self.phrases.as_deref().map(phrases).transpose()?.unwrap_or_default();
        let mut out = BufWriter::new(io::stdout().lock());
        let mut unread = false;
        let printed = print(&self.path, &taught, &mut out, &mut |message| {
            unread = true;
            super::fail(&message);
        });
        match printed.and_then(|()| out.flush()) {
            // Whoever reads the lines has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
            Err(error) => Err(format!("cannot write to standard output: {error}")),
            Ok(()) if unread => Ok(ExitCode::FAILURE),
            Ok(()) => Ok(ExitCode::SUCCESS),
        }
    }
}

fn phrases(path: &Path) -> Result<Vec<TaughtPhrase>, String> {
    let remedy = r#"write a JSON list such as [{"phrase": "keep me posted", "intent": "ConnectLater"}]"#;
    let text = fs::read(path).map_err(|error| format!("--phrases {}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("--phrases {}: {error}; {remedy}", path.display()))
}

/// Prints the lines of a file, a folder or standard input to `out`, and says to `unread` what could not be read.
fn print(path: &Path, taught: &[TaughtPhrase], out: &mut dyn Write, unread: &mut dyn FnMut(String)) -> io::Result<()> {
    if path == Path::new("-") {
        let mut raw = Vec::new();
        if let Err(error) = io::stdin().lock().read_to_end(&mut raw) {
            unread(format!("standard input: {error}"));
            return Ok(());
        }
        return print_mails("-", &raw, taught, out);
    }
    let mut files = Vec::new();
    let folder = path.is_dir();
    if folder {
        collect(path, &mut files, unread)
    } else {
        files.push(path.to_owned())
    }
    files.sort();
    for file in files {
        let name = if folder { file.strip_prefix(path).unwrap_or(&file) } else { &file };
        match fs::read(&file) {
            Ok(raw) => print_mails(&name.to_string_lossy(), &raw, taught, out)?,
            Err(error) => unread(format!("{}: {error}", file.display())),
        }
    }
    Ok(())
}

/// Every file in a folder and in those inside of it. A link to a folder is not followed: it may lead back.
fn collect(folder: &Path, files: &mut Vec<PathBuf>, unread: &mut dyn FnMut(String)) {
    let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
    match entries {
        Ok(entries) => {
            for entry in entries {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    collect(&path, files, unread);
                } else if !path.is_dir() {
                    files.push(path);
                }
            }
        }
        Err(error) => unread(format!("{}: {error}", folder.display())),
    }
}

fn print_mails(file: &str, raw: &[u8], taught: &[TaughtPhrase], out: &mut dyn Write) -> io::Result<()> {
    for mail in mails(raw) {
        let reading = read_mail(&mail, taught);
        serde_json::to_writer(&mut *out, &ReadLine::new(file.to_owned(), mail, reading))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// A mail, or SES's notices where the file holds some.
fn mails(raw: &[u8]) -> Vec<IncomingMail> {
    let notices = match raw.trim_ascii_start().first() {
        Some(b'{' | b'[') => mail_events::notices(raw),
        _ => Vec::new(),
    };
    if notices.is_empty() { vec![mail::parse(raw, None)] } else { notices }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn lines(path: &Path, taught: &[TaughtPhrase]) -> (Vec<Value>, Vec<String>) {
        let (mut out, mut unread) = (Vec::new(), Vec::new());
        print(path, taught, &mut out, &mut |message| unread.push(message)).unwrap();
        let lines = str::from_utf8(&out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (lines, unread)
    }

    #[test]
    fn a_folder_is_read_in_order_and_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("b.eml", "From: ada@example.com\nMessage-ID: <b@example.com>\n\nNo.");
        put("a/z.eml", "From: ada@example.com\n\nHello");
        put("a/empty", "");
        let bounce = r#"{"eventType":"Bounce","mail":{"messageId":"0102"},
            "bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"ada@example.org","status":"5.1.1"}]}}"#;
        put("bounce.json", bounce);
        put("other.json", "{}");
        #[cfg(unix)]
        std::os::unix::fs::symlink("nowhere", folder.path().join("broken.eml")).unwrap();

        let (lines, unread) = lines(folder.path(), &[]);
        let files: Vec<_> = lines.iter().map(|line| line["file"].as_str().unwrap()).collect();
        assert_eq!(files, ["a/empty", "a/z.eml", "b.eml", "bounce.json", "other.json"]);
        #[cfg(unix)]
        assert!(unread.len() == 1 && unread[0].contains("broken.eml"), "{unread:?}");
        assert_eq!(lines[2]["thread"]["message_id"], "<b@example.com>");
        assert_eq!(lines[3]["kind"], "bounce");
        let expected = serde_json::json!({"type": "hard", "recipient": "ada@example.org", "status": "5.1.1"});
        assert_eq!(lines[3]["bounce"], expected);
    }

    #[test]
    fn a_taught_phrase_decides() {
        let folder = tempfile::tempdir().unwrap();
        let (mail, list) = (folder.path().join("a.eml"), folder.path().join("phrases.json"));
        fs::write(&mail, "From: ada@example.com\n\nBlue tulips, please.").unwrap();
        fs::write(&list, r#"[{"phrase":"blue tulips","intent":"AgreedToMeet"}]"#).unwrap();
        let (lines, unread) = lines(&mail, &phrases(&list).unwrap());
        assert!(unread.is_empty());
        assert_eq!((&lines[0]["intent"], &lines[0]["file"]), (&"AgreedToMeet".into(), &mail.to_str().unwrap().into()));

        fs::write(&list, r#"[{"phrase":"x","intent":"Meet"}]"#).unwrap();
        let error = phrases(&list).unwrap_err();
        assert!(
            error.contains("phrases.json") && error.contains("AgreedToMeet") && error.contains("write a JSON list"),
            "{error}"
        );
    }

    #[test]
    fn what_is_not_there_is_named() {
        let (lines, unread) = lines(Path::new("/no/such.eml"), &[]);
        assert!(lines.is_empty() && unread[0].contains("/no/such.eml"));
    }
}
