//! How the demo is told: as a timeline for people, or as JSON lines.

use std::io::{IsTerminal, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::Summary;

/// Writes the story to standard output, and the progress to standard error where a person watches.
pub struct Tell {
    json: bool,
    progress: bool,
    silent: bool,
}

impl Tell {
    /// As JSON lines, or for people.
    pub fn new(json: bool) -> Self {
        Self { json, progress: std::io::stderr().is_terminal(), silent: false }
    }

    /// To nobody: for who wants only the summary.
    pub fn silent() -> Self {
        Self { json: false, progress: false, silent: true }
    }

    /// One thing that happened.
    pub fn line(&mut self, at: Timestamp, who: &str, what: &str) {
        if self.json {
            self.out(&json!({ "at": at, "who": who, "what": what }).to_string());
        } else {
            let at = at.to_zoned(TimeZone::UTC).strftime("%a %d %b %H:%M");
            self.clear();
            self.out(&format!("{at}  {who:<16} {what}"));
        }
    }

    /// How far the story is.
    pub fn progress(&mut self, day: i64, days: i64) {
        if self.progress && !self.json {
            // A progress line that cannot be written is no loss.
            write!(std::io::stderr(), "\r\x1b[2Kday {day} of at most {days} ").ok();
        }
    }

    fn clear(&self) {
        if self.progress {
            write!(std::io::stderr(), "\r\x1b[2K").ok();
        }
    }

    /// What is now in Zoho and in the outbox, and whether every promise was kept.
    pub fn summary(&mut self, summary: &Summary) {
        if self.json {
            return self.out(&json!({ "summary": summary }).to_string());
        }
        self.clear();
        self.out(&format!(
            "\n{:<17} {:<9} {:<14} {:<7} {:>6} {:>7} {:>6}  {}",
            "Record", "Module", "State", "Status", "Mails", "Logged", "Notes", "Owner"
        ));
        for row in &summary.records {
            self.out(&format!(
                "{:<17} {:<9} {:<14} {:<7} {:>6} {:>7} {:>6}  {}",
                row.name, row.module, row.state, row.status, row.mails_sent, row.mails_logged, row.notes, row.owner
            ));
        }
        self.out(&format!(
            "\n{} mails sent, {} mails logged in Zoho, {} notes, {} hand-backs, {} API credits.",
            summary.mails_sent, summary.mails_logged, summary.notes, summary.hand_backs, summary.credits_used
        ));
        if summary.broken.is_empty() {
            self.out("Nobody was lost, nobody was mailed twice, every mail is logged once, every record is back.");
        }
        for broken in &summary.broken {
            self.out(&format!("BROKEN: {broken}"));
        }
    }

    fn out(&self, line: &str) {
        if self.silent {
            return;
        }
        // A reader that went away, such as `head`, ends the telling, not the program.
        writeln!(std::io::stdout(), "{line}").ok();
    }
}
