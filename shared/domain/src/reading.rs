//! What an incoming mail means.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::address::EmailAddress;

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

/// Headers by which software says that it is software.
pub const MACHINE_HEADERS: [&str; 7] =
    ["auto-submitted", "x-autoreply", "x-autorespond", "precedence", "list-id", "x-failed-recipients", "return-path"];

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

/// Reads a mail by its headers and a short list of English words.
///
/// The order is the order of certainty: delivery reports, then software by its headers, then people by their words, the
/// org's `taught` phrases first.
pub fn read_mail(mail: &IncomingMail, taught: &[TaughtPhrase]) -> Reading {
    let new_text = new_text(&mail.text);
    let reading = |kind, intent, evidence: String| Reading {
        kind,
        intent,
        bounce: mail.report.clone().filter(|_| kind == MailKind::Bounce),
        confidence: if intent.is_some() { 90 } else { 0 },
        return_date: None,
        referred_to: None,
        new_text: new_text.clone(),
        evidence: vec![evidence],
    };
    if mail.complaint {
        return reading(MailKind::Complaint, None, "an abuse report".to_owned());
    }
    if mail.report.is_some() {
        return reading(MailKind::Bounce, None, "a delivery report".to_owned());
    }
    if let Some(evidence) = machine_evidence(mail) {
        let subject = mail.subject.to_lowercase();
        let ticket =
            ["ticket", "case #", "request received", "we have received"].iter().any(|word| subject.contains(word));
        let intent = if ticket { Intent::SupportAutoResponse } else { Intent::OutOfOffice };
        let today = mail.date.map(|date| date.to_zoned(jiff::tz::TimeZone::UTC).date());
        let return_date = today.filter(|_| !ticket).and_then(|today| return_date(&mail.text, today));
        return Reading { return_date, ..reading(MailKind::AutoReply, Some(intent), evidence) };
    }
    let words = new_text.to_lowercase().replace('\u{2019}', "'");
    for TaughtPhrase { phrase, intent } in taught {
        if contains_words(&words, &phrase.to_lowercase()) {
            return reading(MailKind::Human, Some(*intent), format!("the taught phrase {phrase:?}"));
        }
    }
    for (intent, phrases) in PHRASES {
        if let Some(phrase) = phrases.iter().find(|phrase| contains_words(&words, phrase)) {
            return reading(MailKind::Human, Some(*intent), format!("the words {phrase:?}"));
        }
    }
    let evidence = "a person's words, none of them known".to_owned();
    reading(MailKind::Human, Some(Intent::Responded), evidence)
}

/// Words that decide, most binding first: whoever asks to be removed is removed, whatever else the mail says.
const PHRASES: &[(Intent, &[&str])] = &[
    (Intent::Unsubscribed, &["unsubscribe", "remove me", "take me off", "opt out", "delete my data"]),
    (Intent::Retired, &["i have retired", "i am retired", "has retired", "i'm retired"]),
    (Intent::MovedOut, &["no longer with", "no longer work", "has left the company", "i have left"]),
    (
        Intent::Deactivated,
        &[
            "not interested",
            "no thanks",
            "no thank you",
            "wrong person",
            "stop writing",
            "stop emailing",
            "do not contact",
        ],
    ),
    (
        Intent::AgreedToMeet,
        &[
            "let's meet",
            "lets meet",
            "let us meet",
            "let's talk",
            "let's speak",
            "schedule a call",
            "set up a call",
            "book a call",
            "happy to meet",
            "happy to talk",
            "call me",
            "a call would",
            "meet on",
            "meeting on",
            "free on",
            "available on",
        ],
    ),
    (
        Intent::ConnectLater,
        &[
            "next month",
            "next quarter",
            "next year",
            "in a few weeks",
            "later this year",
            "get back to me in",
            "contact me in",
        ],
    ),
    (
        Intent::BrochureRequested,
        &["brochure", "company profile", "send me a deck", "send me the deck", "send the slides"],
    ),
    (
        Intent::InterestedToProceed,
        &["i am interested", "i'm interested", "we are interested", "we're interested", "sounds good"],
    ),
    (Intent::SeekingMoreInfo, &["how much", "what is the price", "more information", "tell me more", "more details"]),
];

/// Does `phrase` occur in `text` between word boundaries?
fn contains_words(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(start, found)| {
        let boundary = |character: Option<char>| !character.is_some_and(char::is_alphanumeric);
        boundary(text[..start].chars().next_back()) && boundary(text[start + found.len()..].chars().next())
    })
}

fn machine_evidence(mail: &IncomingMail) -> Option<String> {
    for (name, value) in &mail.machine_headers {
        let value = value.to_lowercase();
        let automatic = match name.as_str() {
            // RFC 3834: every value but "no" means that no person pressed send.
            "auto-submitted" => !value.starts_with("no"),
            "x-autoreply" | "x-autorespond" => value != "no",
            "precedence" => matches!(value.as_str(), "auto_reply" | "auto-reply"),
            _ => false,
        };
        if automatic {
            return Some(format!("the header {name}"));
        }
    }
    let subject = mail.subject.trim().to_lowercase();
    ["automatic reply", "auto reply", "autoreply", "out of office", "out of the office"]
        .into_iter()
        .find(|opening| subject.starts_with(opening))
        .map(|opening| format!("the subject's {opening:?}"))
}

/// What stands above the quoted history and the signature.
fn new_text(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let trimmed = line.trim();
        let next = lines.get(index + 1).map_or("", |next| next.trim());
        let attribution = trimmed.starts_with("On ") && (trimmed.ends_with("wrote:") || next.ends_with("wrote:"));
        let history = attribution
            || *line == "-- "
            || trimmed.starts_with("-----Original Message")
            || (trimmed.starts_with("From:")
                && lines[index + 1..].iter().take(4).any(|line| line.starts_with("Subject:")));
        if history {
            break;
        }
        if !trimmed.starts_with('>') {
            kept.push(line.trim_end());
        }
    }
    kept.join("\n").trim().to_owned()
}

/// The first day back: an ISO date, or an English day and month, after a word that says so.
fn return_date(text: &str, today: Date) -> Option<Date> {
    let lower = text.to_lowercase();
    let after = ["until", "return on", "returning on", "back on", "back in the office on", "return to the office on"]
        .into_iter()
        .filter_map(|word| lower.find(word).map(|at| &lower[at + word.len()..]))
        .min_by_key(|rest| std::cmp::Reverse(rest.len()))?;
    let words: Vec<&str> =
        after.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| !word.is_empty()).take(5).collect();
    if let Some(date) = words.iter().find_map(|word| word.parse::<Date>().ok()) {
        return (date >= today).then_some(date);
    }
    let month =
        words.iter().find_map(|word| MONTHS.iter().position(|month| word.len() >= 3 && month.starts_with(word)))?;
    let day =
        words.iter().find_map(|word| word.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<i8>().ok())?;
    let in_year = |year| Date::new(year, i8::try_from(month + 1).ok()?, day).ok();
    in_year(today.year()).filter(|date| *date >= today).or_else(|| in_year(today.year() + 1))
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(subject: &str, text: &str, headers: &[(&str, &str)]) -> IncomingMail {
        IncomingMail {
            from: None,
            from_name: String::new(),
            to: vec![],
            subject: subject.into(),
            text: text.into(),
            message_id: "<1@example.com>".into(),
            in_reply_to: vec![],
            references: vec![],
            date: Some("2026-12-20T10:00:00Z".parse().unwrap()),
            machine_headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            report: None,
            offset_secs: 0,
            receipt: false,
            complaint: false,
            returned_ids: vec![],
        }
    }

    fn human(text: &str) -> Intent {
        let reading = read_mail(&mail("Re: Hello", text, &[]), &[]);
        assert_eq!(reading.kind, MailKind::Human, "{text}");
        reading.intent.unwrap()
    }

    #[test]
    fn people_are_read_by_their_words() {
        assert_eq!(human("Yes, let's meet on Tuesday."), Intent::AgreedToMeet);
        assert_eq!(human("Let\u{2019}s meet, but first unsubscribe me from the newsletter"), Intent::Unsubscribed);
        assert_eq!(human("Not interested, thanks."), Intent::Deactivated);
        assert_eq!(human("Can you send me your brochure?"), Intent::BrochureRequested);
        assert_eq!(human("Please write again next quarter."), Intent::ConnectLater);
        assert_eq!(human("Who gave you my name?"), Intent::Responded);
        assert_eq!(human("I recall meeting you."), Intent::Responded, "'call me' is not in 'recall meeting'");
    }

    #[test]
    fn what_is_only_quoted_decides_nothing() {
        let reply = "Thanks!\n\nOn Mon 5 Jan 2026, Tara wrote:\n> Reply unsubscribe to leave\n";
        assert_eq!(human(reply), Intent::Responded);
        assert_eq!(read_mail(&mail("Re: x", reply, &[]), &[]).new_text, "Thanks!");
    }

    #[test]
    fn software_is_read_by_its_headers() {
        let away = "I am away until 5 January and will not read mail.";
        let reading = read_mail(&mail("Away", away, &[("auto-submitted", "auto-replied")]), &[]);
        assert_eq!((reading.kind, reading.intent), (MailKind::AutoReply, Some(Intent::OutOfOffice)));
        assert_eq!(reading.return_date, Some(Date::constant(2027, 1, 5)));
        let person = read_mail(&mail("Re: x", "hello", &[("auto-submitted", "no")]), &[]);
        assert_eq!(person.kind, MailKind::Human);
        let subject = read_mail(&mail("Automatic reply: Hello", "Back on 2026-12-28.", &[]), &[]);
        assert_eq!(subject.return_date, Some(Date::constant(2026, 12, 28)));
        assert_eq!(read_mail(&mail("Automatic reply: x", "back on 31 february", &[]), &[]).return_date, None);
    }
}
