//! Whom a mail names in the writer's place.

use super::lexicon::Sense;
use super::text::Text;
use super::{IncomingMail, Intent};
use crate::address::EmailAddress;

/// The address named as the right person: the nearest behind words of referral, else the first. Neither the writer's own
/// nor ours, and none from a mail that only says who stands in during an absence.
pub(super) fn referred_to(mail: &IncomingMail, intent: Intent, text: &Text<'_>) -> Option<EmailAddress> {
    if !matches!(intent, Intent::Retired | Intent::MovedOut | Intent::ReferredSomeone) {
        return None;
    }
    let others: Vec<(usize, EmailAddress)> = others(mail, text).collect();
    let referrals = || text.hits(Sense::Wants(Intent::ReferredSomeone));
    let nearest = others.iter().filter_map(|(at, address)| {
        let before = referrals().filter(|hit| hit.start <= *at).map(|hit| at - hit.start).min()?;
        Some((before, address))
    });
    nearest
        .min_by_key(|(before, _)| *before)
        .map(|(_, address)| address)
        .or(others.first().map(|(_, address)| address))
        .cloned()
}

/// Is an address named that is neither the writer's own nor ours?
pub(super) fn names_another(mail: &IncomingMail, text: &Text<'_>) -> bool {
    others(mail, text).next().is_some()
}

fn others(mail: &IncomingMail, text: &Text<'_>) -> impl Iterator<Item = (usize, EmailAddress)> {
    let written = text.addresses().map(|(at, written)| (at, written.to_owned()));
    let addresses =
        written.chain(spelled(text)).filter_map(|(at, written)| Some((at, EmailAddress::parse(&written).ok()?)));
    addresses.filter(|(_, address)| mail.from.as_ref() != Some(address) && !mail.to.contains(address))
}

/// Addresses in words, `jane at acme dot example`, with or without brackets; only with both words, as "jane at acme" is
/// also a person and her company.
fn spelled(text: &Text<'_>) -> impl Iterator<Item = (usize, String)> {
    let word = |at: usize| text.tokens.get(at).map(|token| token.text.as_str());
    (0..text.tokens.len()).filter_map(move |start| {
        let (local, host) = (word(start)?, word(start + 2)?);
        if word(start + 1) != Some("at") || word(start + 3) != Some("dot") {
            return None;
        }
        let mut address = format!("{local}@{host}");
        let mut dot = start + 3;
        while word(dot) == Some("dot") {
            address = format!("{address}.{}", word(dot + 1)?);
            dot += 2;
        }
        Some((start, address))
    })
}
