//! What somebody wants: the first of the intents, in the order of how binding they are, that their words name.

use std::cell::OnceCell;

use super::calendar::{Exact, Named};
use super::gist::{self, Kinds};
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
    let wants = |intent| text.hits(Sense::Wants(intent)).find(|hit| !is_told(text, hit)).map(|hit| (intent, hit));
    let appointments = || {
        let meets = text.hits(Sense::Wants(Intent::AgreedToMeet));
        meets.filter(|hit| !is_of_absence(text, hit) && !is_told(text, hit))
    };
    let meets = || appointments().find(|hit| !is_far(text, hit)).map(|hit| (Intent::AgreedToMeet, hit));
    let kinds = OnceCell::new();
    let kinds = || kinds.get_or_init(|| Kinds::of(text));
    let laters = || {
        let later = text.hits(Sense::Wants(Intent::ConnectLater));
        later.filter(|hit| !is_of_absence(text, hit) && !is_told(text, hit) && !kinds().deals(hit.start))
    };
    // Who wants to read something first has not put it off, unless they say until when.
    let later = || laters().find(|hit| kinds().dated(hit.start) || !kinds().wants_to_read());
    let far = || later().or_else(|| appointments().next()).map(|hit| (Intent::ConnectLater, hit));
    let away = || {
        let away = text.hits(Sense::Away).find(|hit| !is_told(text, hit));
        let to_come = |hit: &&Hit<Sense>| {
            let mut dates = text.dates_in(hit.start..hit.end);
            dates.any(|named| text.today.is_none_or(|today| !named.is_past(today)))
        };
        away.or_else(|| text.hits(Sense::Back).filter(to_come).find(|hit| !is_told(text, hit)))
    };
    let found = wants(Intent::Unsubscribed)
        .or_else(|| wants(Intent::Retired))
        .or_else(|| wants(Intent::MovedOut))
        .or_else(|| {
            first(Sense::StandIn).and_then(|_| away().or(first(Sense::Until))).map(|hit| (Intent::OutOfOffice, hit))
        })
        .or_else(|| wants(Intent::ReferredSomeone));
    let wish = [Intent::AgreedToMeet, Intent::ConnectLater, Intent::BrochureRequested, Intent::InterestedToProceed];
    if found.is_none() && names_another && !wish.into_iter().any(|intent| text.says(Sense::Wants(intent))) {
        return plainly(Intent::ReferredSomeone, "somebody else's address");
    }
    let found = found
        .or_else(|| {
            laters().find(|hit| is_far(text, hit) && kinds().invites(hit.start)).map(|hit| (Intent::ConnectLater, hit))
        })
        .or_else(|| {
            let refused = wants(Intent::Deactivated);
            refused.filter(|(_, hit)| !kinds().only_wants_to_read(hit.start))
        })
        .or_else(|| first(Sense::Gone).map(|hit| (Intent::Deactivated, hit)))
        .or_else(meets)
        .or_else(far)
        .or_else(|| wants(Intent::BrochureRequested))
        .or_else(|| wants(Intent::InterestedToProceed))
        .or_else(|| first(Sense::Reluctant).map(|hit| (Intent::Deactivated, hit)));
    if found.is_none()
        && let Some(meant) = of_gist(kinds(), STRONG)
    {
        return meant;
    }
    let found =
        found.or_else(|| wants(Intent::SeekingMoreInfo)).or_else(|| away().map(|hit| (Intent::OutOfOffice, hit)));
    match found {
        Some((intent, hit)) => {
            let sure = if text.times(hit.sense) > 1 { 95 } else { 85 };
            let sure = if matches!(intent, Intent::SeekingMoreInfo | Intent::OutOfOffice) { sure - 15 } else { sure };
            Meant { intent, confidence: sure, evidence: vec![text.quote(hit)] }
        }
        None => of_gist(kinds(), 1).unwrap_or_else(|| Meant {
            intent: Intent::Responded,
            confidence: 50,
            evidence: vec!["a person's words, none of them known".to_owned()],
        }),
    }
}

/// From this weight on kinds of words come before a phrase that only asks.
const STRONG: i32 = 3;

/// What the kinds of words come to where no phrase decides, if that much speaks for it.
fn of_gist(kinds: &Kinds, enough: i32) -> Option<Meant> {
    let said = gist::weigh(kinds);
    let most = said.iter().map(|gist| gist.weight).max().filter(|most| *most >= enough)?;
    let gist = said.iter().find(|gist| gist.weight == most)?;
    Some(Meant {
        intent: gist.intent,
        confidence: 55,
        evidence: vec![format!("kinds of words that go with {:?}, weight {most}", gist.intent)],
    })
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
    let found = wants(Intent::Retired)
        .or_else(|| wants(Intent::MovedOut))
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

/// Does the sentence tell of what was? "You sent me the brochure last autumn" asks for none.
fn is_told(text: &Text<'_>, hit: &Hit<Sense>) -> bool {
    use Intent::{AgreedToMeet, BrochureRequested, ConnectLater, InterestedToProceed, SeekingMoreInfo};
    let gives_way = match hit.sense {
        Sense::Wants(intent) => {
            matches!(intent, AgreedToMeet | BrochureRequested | ConnectLater | InterestedToProceed | SeekingMoreInfo)
        }
        sense => matches!(sense, Sense::Away | Sense::Back),
    };
    let sentence = text.sentence(hit.start);
    let appoints = hit.sense == Sense::Wants(AgreedToMeet) && text.dates_in(sentence.clone()).next().is_some();
    gives_way && !appoints && !text.asks(sentence.end) && text.hits_in(Sense::Past, sentence).next().is_some()
}

/// Do the words tell of an absence's end rather than of a wish?
fn is_of_absence(text: &Text<'_>, hit: &Hit<Sense>) -> bool {
    let over = |other: &Hit<Sense>| other.start < hit.end && hit.start < other.end;
    text.says(Sense::Away)
        && [Sense::Back, Sense::Until, Sense::Away].into_iter().any(|sense| text.hits(sense).any(over))
}
