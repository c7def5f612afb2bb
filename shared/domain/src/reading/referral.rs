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
    let addresses = text.addresses().filter_map(|(at, written)| Some((at, EmailAddress::parse(written).ok()?)));
    addresses.filter(|(_, address)| mail.from.as_ref() != Some(address) && !mail.to.contains(address))
}
