//! What an incoming mail means.
//!
//! [`split`] takes away what is quoted and signed, [`text`] finds phrases and dates in the rest, [`machine`] weighs
//! whether software wrote it, [`intent`] and [`back`] say what it means. What people write in each language stands in
//! `lexicon/`, as data.
//!
//! **Invariant:** any text is read, in time that grows with its length at most; at most 256 KB of it are looked at.
//! **Absent:** MIME, and which reports are bounces; both are the mail adapter's.

mod back;
mod calendar;
mod dates;
mod gist;
mod intent;
mod lexicon;
mod machine;
mod person;
mod phrase;
mod referral;
mod refine;
mod split;
mod stretches;
mod text;
mod tokens;
mod weekdays;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use crate::address::EmailAddress;
use calendar::Calendar;
use intent::Meant;
use machine::Subject;
use text::Text;
use tokens::folded;

pub use back::return_date;
pub use machine::MACHINE_HEADERS;
pub use split::split_reply;

/// A mail from outside, already out of its MIME. Everything in it is quoted material, never instruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncomingMail {
    /// Who wrote it; `None` where the header holds no address, as in bounces.
    pub from: Option<EmailAddress>,
    /// The writer's display name; may be empty.
    pub from_name: String,
    /// Every address it was sent to: To, Cc, and the envelope's where the carrier names it.
    pub to: Vec<EmailAddress>,
    /// Subject line, decoded.
    pub subject: String,
    /// The plain text, or the HTML turned into text.
    pub text: String,
    /// With angle brackets. A mail without one gets one made of its content's hash, so that it is still logged once.
    pub message_id: String,
    /// With angle brackets.
    pub in_reply_to: Vec<String>,
    /// With angle brackets, oldest first.
    pub references: Vec<String>,
    /// The Date header; `None` where missing or unreadable.
    pub date: Option<Timestamp>,
    /// Seconds by which the Date header's clock was ahead of UTC; "back on Monday" is counted there. 0 where unknown.
    #[serde(default)]
    pub offset_secs: i32,
    /// The headers of [`MACHINE_HEADERS`], names in lower case.
    pub machine_headers: Vec<(String, String)>,
    /// The delivery report inside, if there is one (RFC 3464).
    pub report: Option<Bounce>,
    /// Is it an abuse report (ARF)?
    pub complaint: bool,
    /// Is it a read receipt (RFC 8098)?
    #[serde(default)]
    pub receipt: bool,
    /// Message-IDs found in a returned original, by which a bounce names its mail.
    pub returned_ids: Vec<String>,
}

/// Will the address ever work?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceKind {
    /// It cannot receive mail.
    Hard,
    /// It may later, or the trouble is not the address's.
    Soft,
}

/// A mail system's word that it did not deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounce {
    /// Hard or soft.
    pub kind: BounceKind,
    /// The address we wrote to, where the report names it.
    pub recipient: Option<EmailAddress>,
    /// Enhanced status code such as `5.1.1`, where reported.
    pub status: Option<String>,
}

/// Who, or what, wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// A person, for this occasion.
    Human,
    /// Software answered.
    AutoReply,
    /// A mail system says that it did not deliver.
    Bounce,
    /// The recipient called it abuse.
    Complaint,
}

/// What the writer wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Intent {
    /// Away, and nothing more.
    OutOfOffice,
    /// Refuses, or is the wrong person.
    Deactivated,
    /// Wants a call or a meeting.
    AgreedToMeet,
    /// Wants a document.
    BrochureRequested,
    /// Wants to be contacted later.
    ConnectLater,
    /// Wants no more mail, ever.
    Unsubscribed,
    /// Wants it.
    InterestedToProceed,
    /// Names somebody else.
    ReferredSomeone,
    /// Left the company.
    MovedOut,
    /// Retired.
    Retired,
    /// Asks something.
    SeekingMoreInfo,
    /// A ticket or receipt notice by software.
    SupportAutoResponse,
    /// Anything else.
    Responded,
}

/// How a mail was read, with what it was read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Who wrote.
    pub kind: MailKind,
    /// What they want; `None` for bounces, complaints and read receipts.
    pub intent: Option<Intent>,
    /// How sure the intent is, in hundredths.
    pub confidence: u8,
    /// The bounce, if it is one.
    pub bounce: Option<Bounce>,
    /// The first day back, or the day to write again, where the mail names it.
    pub return_date: Option<Date>,
    /// The address named as the right person.
    pub referred_to: Option<EmailAddress>,
    /// What this person wrote now, without what they quoted.
    pub new_text: String,
    /// The words and headers that decided, most telling first.
    pub evidence: Vec<String>,
}

/// A phrase that an org taught: where it occurs in a person's mail, it decides the intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaughtPhrase {
    /// As people write it; case and spacing do not matter.
    pub phrase: String,
    /// What it means.
    pub intent: Intent,
}

/// Reads a mail by its headers and its words, in any of the languages of `lexicon/`.
///
/// The order is the order of certainty: delivery reports, then software by its headers, its subject and its words, then
/// people by their words, the org's `taught` phrases first. What is only quoted, signed or in the subject decides nothing
/// that a person wants.
pub fn read_mail(mail: &IncomingMail, taught: &[TaughtPhrase]) -> Reading {
    let split = split::split(&mail.text);
    let reading = |kind, evidence| Reading {
        kind,
        intent: None,
        bounce: mail.report.clone().filter(|_| kind == MailKind::Bounce),
        confidence: 0,
        return_date: None,
        referred_to: None,
        new_text: split.new_text.clone(),
        evidence,
    };
    if mail.complaint {
        return reading(MailKind::Complaint, vec!["an abuse report".to_owned()]);
    }
    if mail.report.is_some() {
        return reading(MailKind::Bounce, vec!["a delivery report".to_owned()]);
    }
    if mail.receipt {
        return reading(MailKind::AutoReply, vec!["a read receipt".to_owned()]);
    }
    let text = Text::new(&split.new_text, calendar(mail));
    let subject = Subject::read(&mail.subject);
    let (kind, evidence, meant) = match machine::evidence(mail, subject, &text, &split) {
        Some(evidence) => {
            (MailKind::AutoReply, evidence, intent::of_software(&text, subject, referral::names_another(mail, &text)))
        }
        None => (MailKind::Human, Vec::new(), person::wants(&text, taught, referral::names_another(mail, &text))),
    };
    meaning(mail, reading(kind, evidence), &text, meant)
}

/// The reading with what its words are taken to mean, and what goes with that.
fn meaning(mail: &IncomingMail, reading: Reading, text: &Text<'_>, meant: Meant) -> Reading {
    let return_date = calendar(mail).and_then(|calendar| match meant.intent {
        Intent::OutOfOffice => back::first_day_back(text, calendar),
        Intent::ConnectLater => back::day_to_write(text, calendar),
        _ => None,
    });
    let referred_to = referral::referred_to(mail, meant.intent, text);
    let evidence = reading.evidence.into_iter().chain(meant.evidence).collect();
    let (intent, confidence) = (Some(meant.intent), meant.confidence);
    Reading { intent, confidence, return_date, referred_to, evidence, ..reading }
}

/// From where the mail's dates are seen: the day and the customs of the clock in its Date header.
fn calendar(mail: &IncomingMail) -> Option<Calendar> {
    let offset = Offset::from_seconds(mail.offset_secs).unwrap_or(Offset::UTC);
    let today = offset.to_datetime(mail.date?).date();
    // Americans write the month first, and their clocks are four to ten hours behind UTC.
    let american = (-10 * 3600..=-4 * 3600).contains(&mail.offset_secs);
    let text = folded(&mail.text[..mail.text.floor_char_boundary(200)]);
    let east = text.contains(['年', '月', '日']);
    Some(Calendar { today, month_first: american || east })
}
