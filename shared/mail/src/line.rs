//! A mail that was read, as the line of JSON that `sales-assistant read-mail` prints.
//!
//! **Invariant:** every key is there in every line; what is not known is `null`, or empty where it is a text or a list.

use domain::{Bounce, BounceKind, EmailAddress, IncomingMail, Intent, MailKind, Reading};
use jiff::civil::Date;
use serde::Serialize;

/// One line.
#[derive(Debug, Serialize)]
pub struct ReadLine {
    file: String,
    kind: MailKind,
    bounce: Option<BounceLine>,
    intent: Option<Intent>,
    confidence: f64,
    return_date: Option<Date>,
    referred_to: Option<EmailAddress>,
    new_text: String,
    thread: ThreadLine,
    evidence: Vec<String>,
}

#[derive(Debug, Serialize)]
struct BounceLine {
    #[serde(rename = "type")]
    kind: BounceKind,
    recipient: Option<EmailAddress>,
    status: Option<String>,
}

#[derive(Debug, Serialize)]
struct ThreadLine {
    message_id: String,
    in_reply_to: Option<String>,
    references: Vec<String>,
}

impl ReadLine {
    /// The line about a mail that came from `file`.
    pub fn new(file: String, mail: IncomingMail, reading: Reading) -> Self {
        let bounce = reading.bounce.map(|Bounce { kind, recipient, status }| BounceLine { kind, recipient, status });
        Self {
            file,
            kind: reading.kind,
            bounce,
            intent: reading.intent,
            confidence: f64::from(reading.confidence) / 100.0,
            return_date: reading.return_date,
            referred_to: reading.referred_to,
            new_text: reading.new_text,
            thread: ThreadLine {
                message_id: mail.message_id,
                in_reply_to: mail.in_reply_to.into_iter().next(),
                references: mail.references,
            },
            evidence: reading.evidence,
        }
    }
}
