//! What salespeople read on the record: plain words, what happened, what to do.

use jiff::Timestamp;

use crate::assistant::Assistant;
use crate::brief::{clip, decided};
use crate::crm::Note;
use crate::id::StepNo;
use crate::lead::{Lead, NotTaken};
use crate::owner::PreviousOwner;
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
    let back = match &lead.previous_owner {
        Some(owner) => format!("The record goes back to {}.", owner.name),
        None => "No earlier owner could be found, so the record keeps its owner.".to_owned(),
    };
    note(
        format!("{} did not take this record on", assistant.name),
        &[format!("Reason: {}.", reason(why)), remedy(why).to_owned(), back],
    )
}

/// What a person can do about it.
pub(crate) fn remedy(why: &NotTaken) -> &'static str {
    match why {
        NotTaken::NoAddress => "Fill in a mail address and assign the record again.",
        NotTaken::InvalidAddress => "Correct the mail address and assign the record again.",
        NotTaken::OptedOut => "Clear the opt-out field only if the person agreed to be written to.",
        NotTaken::Suppressed { .. } => "A person can lift the suppression once the addressee agrees.",
        NotTaken::AlreadyNurtured { .. } => "Nothing to do: the other record is being worked on.",
        NotTaken::NurturedBefore => "If it was no accident, restart the lead in the assistant's own console.",
    }
}

/// The reason in half a sentence.
pub(crate) fn reason(why: &NotTaken) -> String {
    match why {
        NotTaken::NoAddress => "the record has no mail address".to_owned(),
        NotTaken::InvalidAddress => "the mail address on the record is not valid".to_owned(),
        NotTaken::OptedOut => "the person opted out of mail".to_owned(),
        NotTaken::Suppressed { by } => format!("the address is on the suppression list: {}", by.words()),
        NotTaken::AlreadyNurtured { through } => {
            let record = through.record();
            format!("the same address is already written to through {} {}", record.module, record.id)
        }
        NotTaken::NurturedBefore => "it was nurtured before, and an assignment does not start it again".to_owned(),
    }
}

/// Says that a mail may or may not have left.
pub(crate) fn unsettled(lead: &Lead, mail: &str) -> Note {
    let goes_on = if lead.is_active() { " The follow-up goes on." } else { "" };
    note(
        format!("Not confirmed: {mail}"),
        &[
            format!(
                "The mail system did not answer, so it is not known whether {mail} reached {}.",
                display_name(lead)
            ),
            format!("It is not sent a second time.{goes_on}"),
        ],
    )
}

/// Says that the mail system does not take a mail besides the schedule.
pub(crate) fn errand_refused(mail: &str, reason: &str) -> Note {
    note(
        "A mail could not be sent",
        &[format!("The mail system does not take {mail}."), format!("It says: {}", clip(reason, 300))],
    )
}

/// Says that the planned owner is not there, and who gets the record instead.
pub(crate) fn owner_away(planned: Option<&PreviousOwner>, lead: &Lead) -> Note {
    let planned = planned.map_or("The owner", |owner| owner.name.as_str());
    let heir = lead.previous_owner.as_ref();
    let goes = heir.map_or_else(String::new, |heir| format!("The record goes to {}: {}.", heir.name, decided(heir)));
    note("Another owner gets this record", &[format!("{planned} is away or has left."), goes])
}

/// Confirms that the follow-up begins or goes on again.
pub(crate) fn goes_on(lead: &Lead, assistant: &Assistant, step: StepNo, due: Timestamp) -> Note {
    note(
        format!("{} works on this record again", assistant.name),
        &[
            format!("Schedule: {}, from mail {step}", lead.schedule),
            format!("Next mail: {}", assistant.calendar.display(due)),
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

fn history(lead: &Lead) -> String {
    let mails = match lead.mails_sent {
        0 => "no mail was sent".to_owned(),
        1 => "1 mail was sent".to_owned(),
        many => format!("{many} mails were sent"),
    };
    format!("So far: {mails} with the schedule {}.", lead.schedule)
}

/// The lead's name, or a word for it.
pub(crate) fn display_name(lead: &Lead) -> String {
    let name = lead.person.full_name();
    if name.is_empty() { "the lead".to_owned() } else { name }
}
