//! What is meant, and what software means by what it says.

use super::lexicon::Sense;
use super::machine::Subject;
use super::phrase::Hit;
use super::text::Text;
use super::tokens::folded;
use super::{Intent, TaughtPhrase};

/// An intent, how sure it is in hundredths, and what it was read from.
pub(super) struct Meant {
    pub(super) intent: Intent,
    pub(super) confidence: u8,
    pub(super) evidence: Vec<String>,
}

/// What software says about its owner.
/// `names_another`: an address that is neither theirs nor ours stands in it.
pub(super) fn of_software(text: &Text<'_>, subject: Subject, names_another: bool) -> Meant {
    let first = |sense| text.hits(sense).next();
    let wants = |intent| first(Sense::Wants(intent)).map(|hit| (intent, hit));
    let away = first(Sense::Away).or(first(Sense::Back)).or(first(Sense::Until)).map(|hit| (Intent::OutOfOffice, hit));
    let ticket = || first(Sense::Ticket).or(first(Sense::Challenge)).map(|hit| (Intent::SupportAutoResponse, hit));
    let tickets = text.times(Sense::Ticket) + text.times(Sense::Challenge) + usize::from(subject.ticket);
    let unread = || first(Sense::Unread).map(|hit| (Intent::Deactivated, hit));
    let named = || wants(Intent::ReferredSomeone).filter(|_| away.is_none() && tickets < 2);
    // "This mailbox is no longer read" tells of no leaving.
    let over = |hit: &Hit<Sense>| text.hits(Sense::Unread).any(|other| other.start < hit.end && hit.start < other.end);
    let found = wants(Intent::Retired)
        .or_else(|| wants(Intent::MovedOut).filter(|(_, hit)| !over(hit)))
        .or_else(|| first(Sense::Gone).map(|hit| (Intent::Deactivated, hit)))
        .or_else(|| away.filter(|_| subject.away || tickets < 2 || text.times(Sense::Away) >= 2))
        .or_else(|| named().filter(|_| !subject.away))
        .or_else(|| {
            first(Sense::Unread).filter(|_| names_another && tickets < 2).map(|hit| (Intent::ReferredSomeone, hit))
        })
        .or_else(|| unread().filter(|_| tickets < 2))
        .or_else(|| away.filter(|_| tickets == 0))
        .or_else(ticket)
        .or_else(unread);
    match found {
        Some((intent, hit)) => Meant { intent, confidence: 90, evidence: vec![text.quote(hit)] },
        None if names_another && text.dates.is_empty() => plainly(Intent::ReferredSomeone, "somebody else's address"),
        None if subject.ticket => plainly(Intent::SupportAutoResponse, "a subject about a request received"),
        None if subject.away || !text.dates.is_empty() => {
            plainly(Intent::OutOfOffice, "a subject about absence, or a date")
        }
        None if text.says(Sense::Detail) => plainly(Intent::OutOfOffice, "words that go with absence"),
        None => plainly(Intent::SupportAutoResponse, "an automatic answer without a word about absence"),
    }
}

pub(super) fn plainly(intent: Intent, evidence: &str) -> Meant {
    Meant { intent, confidence: 60, evidence: vec![evidence.to_owned()] }
}

/// What an org taught that these words mean.
pub(super) fn of_taught(text: &Text<'_>, taught: &[TaughtPhrase]) -> Option<Meant> {
    if taught.is_empty() {
        return None;
    }
    let words = format!(" {} ", folded(text.source));
    let found = taught.iter().find(|taught| {
        let phrase = folded(&taught.phrase);
        !phrase.is_empty() && words.contains(&format!(" {phrase} "))
    })?;
    let evidence = vec![format!("the taught phrase {:?}", found.phrase)];
    Some(Meant { intent: found.intent, confidence: 100, evidence })
}
