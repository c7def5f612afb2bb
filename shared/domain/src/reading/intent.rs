//! What somebody wants: the first of the intents, in the order of how binding they are, that their words name.

use super::calendar::{Exact, Named};
use super::gist;
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

/// What a person wants; `names_another`: an address that is neither theirs nor ours stands in their words.
pub(super) fn of_person(text: &Text<'_>, taught: &[TaughtPhrase], names_another: bool) -> Meant {
    if let Some(meant) = of_taught(text, taught) {
        return meant;
    }
    let first = |sense| text.hits(sense).next();
    let wants = |intent| first(Sense::Wants(intent)).map(|hit| (intent, hit));
    let appointments = || text.hits(Sense::Wants(Intent::AgreedToMeet)).filter(|hit| !is_of_absence(text, hit));
    let meets = || appointments().find(|hit| !is_far(text, hit)).map(|hit| (Intent::AgreedToMeet, hit));
    let later = || text.hits(Sense::Wants(Intent::ConnectLater)).find(|hit| !is_of_absence(text, hit));
    let far = || later().or_else(|| appointments().next()).map(|hit| (Intent::ConnectLater, hit));
    let away = || first(Sense::Away).or(first(Sense::Back));
    let found = wants(Intent::Unsubscribed)
        .or_else(|| wants(Intent::Retired))
        .or_else(|| wants(Intent::MovedOut))
        .or_else(|| first(Sense::StandIn).and(away()).map(|hit| (Intent::OutOfOffice, hit)))
        .or_else(|| wants(Intent::ReferredSomeone));
    let wish = [Intent::AgreedToMeet, Intent::ConnectLater, Intent::BrochureRequested, Intent::InterestedToProceed];
    if found.is_none() && names_another && !wish.into_iter().any(|intent| text.says(Sense::Wants(intent))) {
        return plainly(Intent::ReferredSomeone, "somebody else's address");
    }
    let found = found
        .or_else(|| text.hits(Sense::Wants(Intent::ConnectLater)).find(|hit| !is_of_absence(text, hit) && is_far(text, hit) && gist::invites(text, hit.start)).map(|hit| (Intent::ConnectLater, hit)))
        .or_else(|| wants(Intent::Deactivated))
        .or_else(|| first(Sense::Gone).map(|hit| (Intent::Deactivated, hit)))
        .or_else(meets)
        .or_else(far)
        .or_else(|| wants(Intent::BrochureRequested))
        .or_else(|| wants(Intent::InterestedToProceed))
        .or_else(|| first(Sense::Reluctant).map(|hit| (Intent::Deactivated, hit)))
        .or_else(|| wants(Intent::SeekingMoreInfo))
        .or_else(|| away().map(|hit| (Intent::OutOfOffice, hit)));
    match found {
        Some((intent, hit)) => {
            let sure = if text.times(hit.sense) > 1 { 95 } else { 85 };
            let sure = if matches!(intent, Intent::SeekingMoreInfo | Intent::OutOfOffice) { sure - 15 } else { sure };
            Meant { intent, confidence: sure, evidence: vec![text.quote(hit)] }
        }
        None => of_gist(text),
    }
}

/// What the kinds of words come to where no phrase decides.
fn of_gist(text: &Text<'_>) -> Meant {
    let said = gist::weigh(text);
    let most = said.iter().map(|gist| gist.weight).max().unwrap_or_default();
    let found = said.iter().find(|gist| gist.weight == most && most > 0);
    match found {
        Some(gist) => Meant {
            intent: gist.intent,
            confidence: 55,
            evidence: vec![format!("the kinds of words: {:?}", said.iter().filter(|gist| gist.weight > 0).map(|g| (g.intent, g.weight)).collect::<Vec<_>>())],
        },
        None => Meant {
            intent: Intent::Responded,
            confidence: 50,
            evidence: vec!["a person's words, none of them known".to_owned()],
        },
    }
}

/// What software says about its owner.
pub(super) fn of_software(text: &Text<'_>, subject: Subject) -> Meant {
    let first = |sense| text.hits(sense).next();
    let wants = |intent| first(Sense::Wants(intent)).map(|hit| (intent, hit));
    let away = first(Sense::Away).or(first(Sense::Back)).or(first(Sense::Until)).map(|hit| (Intent::OutOfOffice, hit));
    let ticket = || first(Sense::Ticket).or(first(Sense::Challenge)).map(|hit| (Intent::SupportAutoResponse, hit));
    let tickets = text.times(Sense::Ticket) + text.times(Sense::Challenge) + usize::from(subject.ticket);
    let unread = || first(Sense::Unread).map(|hit| (Intent::Deactivated, hit));
    let named = || wants(Intent::ReferredSomeone).filter(|_| away.is_none() && tickets < 2);
    let found = wants(Intent::Retired)
        .or_else(|| wants(Intent::MovedOut))
        .or_else(|| first(Sense::Gone).map(|hit| (Intent::Deactivated, hit)))
        .or_else(|| away.filter(|_| subject.away || tickets < 2 || text.times(Sense::Away) >= 2))
        .or_else(|| named().filter(|_| !subject.away))
        .or_else(|| unread().filter(|_| tickets < 2))
        .or_else(|| away.filter(|_| tickets == 0))
        .or_else(ticket)
        .or_else(unread);
    match found {
        Some((intent, hit)) => Meant { intent, confidence: 90, evidence: vec![text.quote(hit)] },
        None if subject.ticket => plainly(Intent::SupportAutoResponse, "a subject about a request received"),
        None if subject.away || !text.dates.is_empty() => {
            plainly(Intent::OutOfOffice, "a subject about absence, or a date")
        }
        None if text.says(Sense::Detail) => plainly(Intent::OutOfOffice, "words that go with absence"),
        None => plainly(Intent::SupportAutoResponse, "an automatic answer without a word about absence"),
    }
}

fn plainly(intent: Intent, evidence: &str) -> Meant {
    Meant { intent, confidence: 60, evidence: vec![evidence.to_owned()] }
}

fn of_taught(text: &Text<'_>, taught: &[TaughtPhrase]) -> Option<Meant> {
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

/// Days ahead from which a talk is for later.
pub(super) const SOON: i32 = 24;

/// Is the talk meant for another season rather than for an appointment?
fn is_far(text: &Text<'_>, hit: &Hit<Sense>) -> bool {
    let sentence = text.sentence(hit.start);
    let mut beside = text.dates.iter().filter(|named| sentence.contains(&named.start)).peekable();
    let after = text.hits(Sense::After).any(|after| sentence.contains(&after.start));
    let Some(today) = text.today else { return false };
    let far = |named: &Named| {
        let ahead = today.until(named.first).map_or(0, |span| span.get_days());
        ahead > SOON
            || named.exact == Exact::Stretch && named.first.until(named.last).is_ok_and(|span| span.get_days() > 14)
    };
    beside.peek().is_some() && beside.all(far) || after
}

/// Do the words tell of an absence's end rather than of a wish?
fn is_of_absence(text: &Text<'_>, hit: &Hit<Sense>) -> bool {
    let over = |other: &Hit<Sense>| other.start < hit.end && hit.start < other.end;
    text.says(Sense::Away)
        && [Sense::Back, Sense::Until, Sense::Away].into_iter().any(|sense| text.hits(sense).any(over))
}

