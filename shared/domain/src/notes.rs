//! What salespeople read on the record: plain words, what happened, what to do.

use jiff::Timestamp;

use crate::assistant::Assistant;
use crate::crm::Note;
use crate::id::StepNo;
use crate::lead::{Lead, NotTaken, SuppressedWhy};
use crate::reading::Intent;
use crate::schedule::Schedule;

fn note(title: impl Into<String>, lines: &[String]) -> Note {
    let content = lines.iter().filter(|line| !line.is_empty()).cloned().collect::<Vec<_>>().join("\n");
    Note { title: title.into().chars().take(120).collect(), content }
}

/// Confirms who works on the record, how, and from when.
pub(crate) fn taken_on(
    lead: &Lead,
    assistant: &Assistant,
    schedule: &Schedule,
    wanted: &str,
    first: Timestamp,
) -> Note {
    let fallback = if wanted.is_empty() || wanted == schedule.name() {
        String::new()
    } else {
        format!("The schedule \"{wanted}\" named on this record does not exist here, so the default one is used.")
    };
    let context = if lead.context.is_empty() { "none".to_owned() } else { lead.context.clone() };
    let owner = match &lead.previous_owner {
        Some(owner) => format!("{} gets the record back with the first answer, or when the schedule ends.", owner.name),
        None => "No earlier owner could be found: the record stays here when the work is done.".to_owned(),
    };
    note(
        format!("{} works on this record", assistant.name),
        &[
            format!("{} has taken this record on and writes to {}.", assistant.name, display_name(lead)),
            format!("Schedule: {} ({} mails)", schedule.name(), schedule.steps().len()),
            format!("Context: {context}"),
            format!("First mail: {}", assistant.calendar.display(first)),
            fallback,
            owner,
        ],
    )
}

/// Says why a record is not worked on.
pub(crate) fn turned_away(lead: &Lead, assistant: &Assistant, why: &NotTaken) -> Note {
    let remedy = match why {
        NotTaken::NoAddress => "Fill in a mail address and assign the record again.",
        NotTaken::InvalidAddress => "Correct the mail address and assign the record again.",
        NotTaken::OptedOut => "Clear the opt-out field only if the person agreed to be written to.",
        NotTaken::Suppressed { .. } => "A person can lift the suppression once the addressee agrees.",
        NotTaken::AlreadyNurtured { .. } => "Nothing to do: the other record is being worked on.",
        NotTaken::NurturedBefore => "If it was no accident, restart the lead in the assistant's own console.",
    };
    let back = match &lead.previous_owner {
        Some(owner) => format!("The record goes back to {}.", owner.name),
        None => "No earlier owner could be found, so the record keeps its owner.".to_owned(),
    };
    note(
        format!("{} did not take this record on", assistant.name),
        &[format!("Reason: {}.", reason(why)), remedy.to_owned(), back],
    )
}

/// The reason in half a sentence.
pub(crate) fn reason(why: &NotTaken) -> String {
    match why {
        NotTaken::NoAddress => "the record has no mail address".to_owned(),
        NotTaken::InvalidAddress => "the mail address on the record is not valid".to_owned(),
        NotTaken::OptedOut => "the person opted out of mail".to_owned(),
        NotTaken::Suppressed { by } => format!("the address is on the suppression list: {}", suppression(*by)),
        NotTaken::AlreadyNurtured { through } => {
            let record = through.record();
            format!("the same address is already written to through {} {}", record.module, record.id)
        }
        NotTaken::NurturedBefore => "it was nurtured before, and an assignment does not start it again".to_owned(),
    }
}

fn suppression(why: SuppressedWhy) -> &'static str {
    match why {
        SuppressedWhy::Unsubscribed => "its owner unsubscribed",
        SuppressedWhy::Bounced => "it cannot receive mail",
        SuppressedWhy::Complained => "its owner reported a mail as abuse",
    }
}

/// Sums up after a person's answer.
pub(crate) fn replied(lead: &Lead, intent: Intent, text: &str) -> Note {
    note(
        format!("{} answered: {}", display_name(lead), self::intent(intent)),
        &[history(lead), said(text), format!("Next: {}", next_step(intent)), returned(lead)],
    )
}

/// Passes on an answer that came after the record was given back.
pub(crate) fn replied_late(intent: Intent, text: &str) -> Note {
    note(format!("A late answer: {}", self::intent(intent)), &[said(text), format!("Next: {}", next_step(intent))])
}

/// Sums up a schedule that ran out.
pub(crate) fn schedule_ended(lead: &Lead) -> Note {
    note(
        "No answer to any mail",
        &[history(lead), "Next: try another channel, or close the record.".to_owned(), returned(lead)],
    )
}

/// Says that the address must not be written to any more.
pub(crate) fn barred(lead: &Lead, why: SuppressedWhy) -> Note {
    let (title, next) = match why {
        SuppressedWhy::Unsubscribed => {
            ("Unsubscribed", "Next: do not send further mail; other channels are up to you.")
        }
        SuppressedWhy::Bounced => ("The address does not work", "Next: find another address, or another person."),
        SuppressedWhy::Complained => ("Reported as abuse", "Next: do not send further mail."),
    };
    note(title, &[format!("Reason: {}.", suppression(why)), history(lead), next.to_owned(), returned(lead)])
}

/// Says that the mail system takes nothing for this address.
pub(crate) fn refused_by_mail_system(lead: &Lead, reason: &str) -> Note {
    note(
        "The mail could not be sent",
        &[
            format!("The mail system says: {reason}"),
            history(lead),
            "Next: check the address.".to_owned(),
            returned(lead),
        ],
    )
}

/// Says that a mail may or may not have left.
pub(crate) fn unsettled(lead: &Lead, step: StepNo) -> Note {
    note(
        format!("Mail {step} could not be confirmed"),
        &[
            format!(
                "The mail system did not answer, so it is not known whether mail {step} reached {}.",
                display_name(lead)
            ),
            "It is not sent a second time. The follow-up goes on.".to_owned(),
        ],
    )
}

/// Says that the assistant stopped because a person took over.
pub(crate) fn taken_over(lead: &Lead, assistant: &Assistant) -> Note {
    note(
        format!("{} has stopped", assistant.name),
        &["The record has a new owner, so the remaining mails are cancelled.".to_owned(), history(lead)],
    )
}

/// An intent in the words of a salesperson.
pub(crate) fn intent(intent: Intent) -> &'static str {
    match intent {
        Intent::OutOfOffice => "out of office",
        Intent::Deactivated => "not interested",
        Intent::AgreedToMeet => "wants to meet",
        Intent::BrochureRequested => "asks for a brochure",
        Intent::ConnectLater => "wants to be contacted later",
        Intent::Unsubscribed => "wants no more mail",
        Intent::InterestedToProceed => "is interested",
        Intent::ReferredSomeone => "names somebody else",
        Intent::MovedOut => "has left the company",
        Intent::Retired => "has retired",
        Intent::SeekingMoreInfo => "asks for more information",
        Intent::SupportAutoResponse => "automatic receipt",
        Intent::Responded => "answered",
    }
}

fn next_step(intent: Intent) -> &'static str {
    match intent {
        Intent::AgreedToMeet => "agree on a time for the meeting.",
        Intent::InterestedToProceed => "answer while the interest is warm.",
        Intent::BrochureRequested => "send the document they asked for.",
        Intent::ConnectLater => "set a reminder for the time they named.",
        Intent::SeekingMoreInfo => "answer the question.",
        Intent::ReferredSomeone => "write to the person they named.",
        Intent::Unsubscribed => "do not send further mail.",
        Intent::Deactivated => "respect the refusal.",
        Intent::MovedOut | Intent::Retired => "find the successor.",
        Intent::OutOfOffice | Intent::SupportAutoResponse | Intent::Responded => "read the answer and decide.",
    }
}

fn history(lead: &Lead) -> String {
    let mails = match lead.mails_sent {
        0 => "no mail was sent".to_owned(),
        1 => "1 mail was sent".to_owned(),
        many => format!("{many} mails were sent"),
    };
    format!("So far: {mails} with the schedule {}.", lead.schedule)
}

/// Long answers are on the record in full; the note shows enough to act on.
fn said(text: &str) -> String {
    const SHOWN: usize = 600;
    if text.is_empty() {
        return String::new();
    }
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if text.chars().count() > SHOWN { " …" } else { "" };
    format!("They wrote: {shown}{more}")
}

fn returned(lead: &Lead) -> String {
    match &lead.previous_owner {
        Some(owner) => format!("The record goes back to {}.", owner.name),
        None => "No earlier owner could be found, so the record keeps its owner.".to_owned(),
    }
}

fn display_name(lead: &Lead) -> String {
    let name = lead.person.full_name();
    if name.is_empty() { "the lead".to_owned() } else { name }
}
