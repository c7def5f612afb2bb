//! What a mail system's status and words say about an address.
//!
//! **Hard** is what makes the address useless: unknown, closed, without a domain, or on the sending service's list.
//! **Soft** is the rest: it may pass, or it says nothing of the address (policy, reputation, size, the sender).

use domain::BounceKind;

/// Statuses that are soft although they are permanent: about the sender (7, 8), full, too large, loops, expired.
const SOFT: [&str; 10] = ["5.1.7", "5.1.8", "5.2.2", "5.2.3", "5.2.4", "5.3.4", "5.4.6", "5.4.7", "5.4.12", "5.4.14"];

/// Statuses that are hard outside of 5.1: mailbox disabled, no route to the domain.
const HARD: [&str; 2] = ["5.2.1", "5.4.4"];

/// Words for what the statuses left open.
const HARD_WORDS: [&str; 44] = [
    "user unknown",
    "unknown user",
    "no such user",
    "user not found",
    "user does not exist",
    "unknown recipient",
    "recipient unknown",
    "recipient not found",
    "recipientnotfound",
    "recipnotfound",
    "invalid recipient",
    "no such recipient",
    "unknown address",
    "address unknown",
    "address not found",
    "address couldn't be found",
    "no such address",
    "bad destination mailbox",
    "no such mailbox",
    "mailbox not found",
    "mailbox unavailable",
    "mailbox does not exist",
    "no mailbox here",
    "invalid mailbox",
    "not a valid mailbox",
    "mailbox disabled",
    "mailbox is disabled",
    "mailbox is inactive",
    "account has been disabled",
    "account is disabled",
    "account that you tried to reach is disabled",
    "account has been closed",
    "account that you tried to reach does not exist",
    "does not exist",
    "doesn't have a",
    "wasn't found at",
    "recipient address rejected: access denied",
    "unrouteable",
    "unroutable",
    "host not found",
    "domain not found",
    "no such domain",
    "domain does not accept mail",
    "suppression list",
];

/// What subjects of letters about delivery contain, in the languages of large mail systems.
const SUBJECTS: [&str; 22] = [
    "undeliver",
    "delivery status notification",
    "delivery failure",
    "delivery has failed",
    "delivery failed",
    "delivery delayed",
    "delivery incomplete",
    "delivery problem",
    "delivery error",
    "mail delivery",
    "message not delivered",
    "could not send message",
    "could not be delivered",
    "failure notice",
    "returned mail",
    "returned to sender",
    "unzustellbar",
    "nicht zugestellt",
    "non remis",
    "non distribu",
    "no se puede entregar",
    "non recapitabile",
];

/// Does the subject of a mail speak of its delivery?
pub(super) fn is_subject(subject: &str) -> bool {
    contains_any(subject, &SUBJECTS)
}

/// Does the subject say that delivery is still tried?
pub(super) fn is_delay(subject: &str) -> bool {
    contains_any(subject, &["delay", "warning", "could not send message for", "incomplete", "still being retried"])
}

/// Does a status, or what was said where the status leaves it open, mean that the address is useless?
pub(super) fn kind(status: Option<&str>, said: &str) -> BounceKind {
    // The reporter's own status is often a mere 5.0.0 beside the precise one of the system that refused.
    let inner = self::status(said).filter(|_| status.is_none_or(|status| status.ends_with(".0.0")));
    let hard = match inner.as_deref().or(status) {
        Some(status) if status.starts_with('4') || status.starts_with("5.7.") || SOFT.contains(&status) => false,
        Some(status) if status.starts_with("5.1.") || HARD.contains(&status) => true,
        _ => contains_any(said, &HARD_WORDS),
    };
    if hard { BounceKind::Hard } else { BounceKind::Soft }
}

/// The first enhanced status code of a failure (RFC 3463) in a text: `5.1.1`, but no version, date or host.
pub(super) fn status(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '.').map(|word| word.trim_matches('.'));
    let is_status = |word: &&str| {
        let numbers: Vec<_> = word.split('.').collect();
        matches!(numbers[..], ["4" | "5", "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7", detail] if detail.len() <= 3)
    };
    words.into_iter().find(is_status).map(str::to_owned)
}

fn contains_any(text: &str, phrases: &[&str]) -> bool {
    // Letters are set in lines, and some in typographic quotes.
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ").replace('\u{2019}', "'").to_lowercase();
    phrases.iter().any(|phrase| text.contains(phrase))
}
