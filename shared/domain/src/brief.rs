//! The hand-back note: one page about one lead, for whoever gets the record.
//!
//! **Invariants:** it is made of this lead alone; what is unknown is left out, never written as a blank or a `null`; it has
//! at most 2,000 characters, whatever the record and the answer hold.

use jiff::Timestamp;

use crate::calendar::Calendar;
use crate::crm::Note;
use crate::engagement::Engagement;
use crate::lead::{Answer, EndReason, Lead, LeadState, SentMail, Stage, SuppressedWhy};
use crate::notes::{self, display_name};
use crate::owner::{OwnerRule, PreviousOwner};
use crate::reading::Intent;

/// Characters of a whole note.
const MOST: usize = 2000;
/// Characters of the answer that are shown.
const ANSWER: usize = 600;
/// Characters of any one field of the record.
const FIELD: usize = 80;
/// Mails that are listed with their dates.
const MAILS: usize = 4;

/// Sums up why the record comes back.
pub(crate) fn hand_back(lead: &Lead, calendar: &Calendar) -> Note {
    let (title, why) = ending(lead);
    page(
        title,
        [
            who(lead),
            why,
            mails(lead, calendar),
            opened(lead),
            said(lead, calendar),
            wants(lead),
            format!("Next: {}", next_step(lead)),
            returned(lead),
        ],
    )
}

/// Passes on an answer that came after the end.
pub(crate) fn late(lead: &Lead) -> Note {
    let Some(answer) = &lead.answer else { return page("A late answer".to_owned(), [who(lead)]) };
    let what = meaning(answer).map(|what| format!(": {what}")).unwrap_or_default();
    let title = format!("A late answer{what}");
    page(title, [who(lead), quoted(answer), wants(lead), format!("Next: {}", next_step_after(answer.intent))])
}

/// Reminds of a hot lead.
pub(crate) fn at_risk(lead: &Lead, calendar: &Calendar) -> Note {
    let given = lead.reminder.map_or(1, |reminder| reminder.given);
    let times = if given > 1 { format!("This is reminder {given}.") } else { String::new() };
    page(
        format!("{} is hot and waits for you", display_name(lead)),
        [
            who(lead),
            said(lead, calendar),
            wants(lead),
            format!("Next: {}", next_step(lead)),
            format!("{times} Reminders end when you change the record, or mark the lead as handled.").trim().to_owned(),
        ],
    )
}

/// Asks the owner for the document that the assistant does not have.
pub(crate) fn brochure_wanted(lead: &Lead, calendar: &Calendar) -> Note {
    page(
        format!("Send {} the brochure", display_name(lead)),
        [
            who(lead),
            said(lead, calendar),
            "The assistant has no brochure link of its own; with one, it answers such a wish at once.".to_owned(),
        ],
    )
}

fn page<const N: usize>(title: String, parts: [String; N]) -> Note {
    let content = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    Note { title: clip(&title, 120), content: clip(&content, MOST) }
}

/// At most `most` characters, and a sign where something was left out.
pub(crate) fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(2)).collect();
    format!("{} …", kept.trim_end())
}

fn field(text: &str) -> String {
    clip(&text.split_whitespace().collect::<Vec<_>>().join(" "), FIELD)
}

fn listed<const N: usize>(fields: [&str; N]) -> String {
    fields.map(field).into_iter().filter(|field| !field.is_empty()).collect::<Vec<_>>().join(", ")
}

fn who(lead: &Lead) -> String {
    let person = &lead.person;
    let who = listed([&person.full_name(), &person.designation, &person.company]);
    let address = lead.address.as_ref().map(|address| address.as_str()).unwrap_or_default();
    let contact = listed([address, &person.phone]);
    match (who.is_empty(), contact.is_empty()) {
        (true, true) => String::new(),
        (false, true) => format!("Who: {who}"),
        (true, false) => format!("Who: {contact}"),
        (false, false) => format!("Who: {who} ({contact})"),
    }
}

/// The title, and what ended the follow-up where the title does not say all of it.
fn ending(lead: &Lead) -> (String, String) {
    let plain = |title: &str| (title.to_owned(), String::new());
    let Stage::Ended { reason } = &lead.stage else { return plain("The record comes back") };
    match reason {
        EndReason::Replied => {
            let what = lead.answer.as_ref().and_then(meaning);
            let what = what.map(|what| format!(": {what}")).unwrap_or_default();
            (format!("{} answered{what}", display_name(lead)), String::new())
        }
        EndReason::ScheduleEnded if lead.answer.is_some() => plain("No further answer"),
        EndReason::ScheduleEnded => plain("No answer to any mail"),
        EndReason::Suppressed { by: SuppressedWhy::Complained } => {
            ("Reported as abuse".to_owned(), format!("Reason: {}.", SuppressedWhy::Complained.words()))
        }
        EndReason::Suppressed { by: SuppressedWhy::Unsubscribed | SuppressedWhy::Bounced } => plain("Unsubscribed"),
        EndReason::Undeliverable { reason } if reason.is_empty() => {
            ("The address does not work".to_owned(), format!("Reason: {}.", SuppressedWhy::Bounced.words()))
        }
        EndReason::Undeliverable { reason } => {
            ("The mail could not be sent".to_owned(), format!("The mail system says: {}", clip(&field(reason), 200)))
        }
        EndReason::Stopped { by, why } => {
            let title = match (lead.state, by.is_empty()) {
                (_, true) => "The follow-up was stopped".to_owned(),
                (LeadState::Hot, false) => format!("{} marked it hot", field(by)),
                (_, false) => format!("{} stopped the follow-up", field(by)),
            };
            let why = field(why);
            (title, if why.is_empty() { why } else { format!("Reason: {why}") })
        }
        EndReason::TakenOver | EndReason::RecordGone | EndReason::NotTaken { .. } => plain("The follow-up has ended"),
    }
}

fn mails(lead: &Lead, calendar: &Calendar) -> String {
    let count = match lead.mails_sent {
        0 => return format!("Mails: none was sent; the schedule was {}.", field(&lead.schedule)),
        1 => "1 sent".to_owned(),
        many => format!("{many} sent"),
    };
    let from = lead.sent.len().saturating_sub(MAILS);
    let line = |mail: &SentMail| format!("{} \"{}\"", day(mail.at, calendar), field(&mail.subject));
    let newest = lead.sent[from..].iter().map(line).collect::<Vec<_>>().join("; ");
    let newest = match (newest.is_empty(), from) {
        (true, _) => String::new(),
        (false, 0) => format!(": {newest}"),
        (false, _) => format!(", lastly {newest}"),
    };
    let opened = match lead.opens.total() {
        0 => String::new(),
        1 => ", opened once,".to_owned(),
        many => format!(", opened {many} times,"),
    };
    format!("Mails: {count}{opened} with the schedule {}{newest}.", field(&lead.schedule))
}

/// What a person did with the mails. Nothing, where nothing is known: it may not have been watched.
fn opened(lead: &Lead) -> String {
    let Engagement { opened, clicks, .. } = lead.engagement;
    let count = |number: u32, one: &str, many: &str| match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    };
    match (opened, clicks) {
        (0, _) => String::new(),
        (opened, 0) => format!("They opened {}.", count(opened, "mail", "mails")),
        (opened, clicks) => {
            format!("They opened {} and followed {}.", count(opened, "mail", "mails"), count(clicks, "link", "links"))
        }
    }
}

fn day(at: Timestamp, calendar: &Calendar) -> String {
    calendar.date(at).strftime("%-d %b %Y").to_string()
}

fn said(lead: &Lead, calendar: &Calendar) -> String {
    let Some(answer) = &lead.answer else { return String::new() };
    let said = quoted(answer);
    if said.is_empty() {
        said
    } else {
        said.replacen("They wrote", &format!("They wrote on {}", day(answer.at, calendar)), 1)
    }
}

fn quoted(answer: &Answer) -> String {
    let text = answer.text.trim();
    if text.is_empty() { String::new() } else { format!("They wrote: {}", clip(text, ANSWER)) }
}

/// What the answer asks for, if more is known than that it is one.
fn meaning(answer: &Answer) -> Option<&'static str> {
    (answer.intent != Intent::Responded).then(|| notes::intent(answer.intent))
}

fn wants(lead: &Lead) -> String {
    let Some((answer, meaning)) = lead.answer.as_ref().and_then(|answer| Some((answer, meaning(answer)?))) else {
        return String::new();
    };
    let named = answer.referred_to.as_ref().map(|address| format!(", {address}")).unwrap_or_default();
    let evidence = field(&answer.evidence);
    let evidence = if evidence.is_empty() { evidence } else { format!(" (read from {evidence})") };
    format!("In short: {meaning}{named}{evidence}.")
}

fn next_step(lead: &Lead) -> &'static str {
    match (&lead.stage, lead.state, &lead.answer) {
        (Stage::Ended { reason: EndReason::Suppressed { .. } }, ..) | (_, LeadState::Unsubscribed, _) => {
            "do not send further mail; other channels are up to you."
        }
        (Stage::Ended { reason: EndReason::Undeliverable { .. } }, ..) => "find another address, or another person.",
        (Stage::Ended { reason: EndReason::ScheduleEnded }, ..) => "try another channel, or close the record.",
        (Stage::Ended { reason: EndReason::Stopped { .. } }, LeadState::Hot, None) => {
            "talk to them while the interest is warm."
        }
        (Stage::Ended { reason: EndReason::Stopped { .. } }, LeadState::Deactivated(_), _) => {
            "nothing; a restart begins the follow-up again."
        }
        (_, _, Some(answer)) => next_step_after(answer.intent),
        (_, _, None) => "read the record and decide.",
    }
}

fn next_step_after(intent: Intent) -> &'static str {
    match intent {
        Intent::AgreedToMeet => "agree on a time for the meeting.",
        Intent::InterestedToProceed => "answer while the interest is warm.",
        Intent::BrochureRequested => "see that they have the document they asked for, and ask what they think.",
        Intent::ConnectLater => "set a reminder for the time they named.",
        Intent::SeekingMoreInfo => "answer the question.",
        Intent::ReferredSomeone => "write to the person they named.",
        Intent::Unsubscribed => "do not send further mail; other channels are up to you.",
        Intent::Deactivated => "respect the refusal.",
        Intent::MovedOut | Intent::Retired => "find the successor.",
        Intent::OutOfOffice | Intent::SupportAutoResponse | Intent::Responded => "read the answer and decide.",
    }
}

fn returned(lead: &Lead) -> String {
    match &lead.previous_owner {
        Some(owner) => format!("The record goes back to {}: {}.", field(&owner.name), decided(owner)),
        None => "No earlier owner could be found, so the record keeps its owner.".to_owned(),
    }
}

/// Which rule chose this owner, in half a sentence.
pub(crate) fn decided(owner: &PreviousOwner) -> &'static str {
    match owner.rule {
        OwnerRule::Timeline => "its history names them as the owner before",
        OwnerRule::LastSeen => "they owned it when it was last looked at",
        OwnerRule::ModifiedBy => "they changed it last",
        OwnerRule::CreatedBy => "they created it",
        OwnerRule::Fallback => "they get what has no other owner",
        OwnerRule::Backup => "they stand in for an owner who is away",
        OwnerRule::Manager => "they manage an owner who is away",
    }
}
