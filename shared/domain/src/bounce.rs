//! What a mail system's status and words say about an address.
//!
//! **Hard** is what makes the address useless: unknown, closed, without a domain that takes mail, or on the sending
//! service's own list. **Soft** is the rest: it may pass, or it says nothing of the address (policy, reputation, size,
//! the sender).
//!
//! **Invariant:** a precise status (RFC 3463) decides. Where it is one of those that systems give for everything, the
//! words beside it do.

use crate::reading::BounceKind;

/// Statuses about the sender, whatever the words beside them.
const SENDER: &[&str] = &["5.1.7", "5.1.8", "5.1.20", "5.1.90"];

/// Permanent statuses that say nothing for ever of the address: full, too large, loops, expired.
const SOFT: &[&str] = &[
    "5.2.2", "5.2.3", "5.2.4", "5.3.4", "5.4.6", "5.4.7", "5.4.12", "5.4.14", "5.4.300", "5.4.316", "5.4.317",
    "5.4.318",
];

/// Statuses that are hard outside of 5.1: mailbox disabled, no route to the domain, no such domain.
const HARD: &[&str] = &["5.2.1", "5.4.4", "5.4.310"];

/// Words about us, in which a "user unknown" is the sender.
const SENDER_WORDS: &[&str] = &[
    "sender address rejected",
    "sender rejected",
    "sender verify failed",
    "sender denied",
    "sender address does not exist",
    "verify sender",
];

/// Words that leave no doubt about the address, also beside a status for policies.
const GONE: &[&str] = &[
    "user is unknown",
    "addressee unknown",
    "unknown or illegal alias",
    "user unknown",
    "unknown user",
    "no such user",
    "not a known user",
    "user not found",
    "user does not exist",
    "user doesn't exist",
    "not a valid user",
    "unknown recipient",
    "recipient unknown",
    "recipient not found",
    "recipientnotfound",
    "recipnotfound",
    "recipient address rejected: access denied",
    "recipient does not exist",
    "no such recipient",
    "inactive recipient",
    "not listed in",
    "unknown address",
    "address unknown",
    "address not found",
    "address couldn't be found",
    "no such address",
    "bad destination mailbox",
    "unknown mailbox",
    "no such mailbox",
    "mailbox not found",
    "mailbox does not exist",
    "mailbox doesn't exist",
    "no mailbox here",
    "no mailbox by that name",
    "invalid mailbox",
    "not a valid mailbox",
    "mailbox disabled",
    "mailbox is disabled",
    "mailbox is inactive",
    "mailbox has been closed",
    "account does not exist",
    "account not found",
    "no such account",
    "account has been disabled",
    "account is disabled",
    "account has been closed",
    "account is closed",
    "account that you tried to reach is disabled",
    "account that you tried to reach is inactive",
    "account that you tried to reach does not exist",
    "this user doesn't have a",
    "wasn't found at",
    "domain does not exist",
    "no such domain",
    "domain not found",
    "domain couldn't be found",
    "does not accept mail",
    "doesn't accept mail",
    "doesn't receive mail",
    "null mx",
    "nullmx",
    "suppress",
    "previously bounced",
    "account closed",
    "account terminated",
    "account was deleted",
    "user is terminated",
    "mailbox closed",
    "no mx record",
    "no_mx_found",
];

/// Words for a full mailbox, which some systems say beside the status of an unknown one.
const FULL: &[&str] = &[
    "quota",
    "mailbox full",
    "mailbox is full",
    "inbox is full",
    "out of storage",
    "insufficient storage",
    "insufficient system storage",
    "not enough space",
    "postfach ist voll",
    "speicherplatz",
    "boîte aux lettres est pleine",
    "boîte de réception est pleine",
    "buzón está lleno",
    "buzón lleno",
    "casella piena",
    "caixa de correio está cheia",
    "ящик переполнен",
    "メールボックスがいっぱい",
    "boîte pleine",
    "ist voll",
    "está llena",
    "está cheia",
    "è piena",
    "jest pełna",
    "är full",
    "已满",
    "いっぱい",
];

/// Words for what passes, or is no matter of the address.
const PASSING: &[&str] = &[
    "too large",
    "too big",
    "size limit",
    "maximum size",
    "message size",
    "spam",
    "blocked",
    "blacklist",
    "block list",
    "blocklist",
    "blocking list",
    "reputation",
    "policy",
    "policies",
    "dmarc",
    "spf ",
    "dkim",
    "authentication",
    "not authorized",
    "not permitted",
    "not allowed",
    "permission",
    "restricted",
    "relay",
    "greylist",
    "graylist",
    "try again later",
    "temporar",
    "timed out",
    "timeout",
    "time-out",
    "expired",
    "retry time",
    "rate limit",
    "too many",
    "too quickly",
    "too often",
    "loop",
    "hop count",
    "too many hops",
    "connection refused",
    "deferred",
    "virus",
    "malware",
    "content",
    "attachment",
    "could not be delivered within",
    "could not connect",
];

/// Words that mean the address, where nothing else was said.
const LIKELY_GONE: &[&str] = &[
    "does not exist",
    "doesn't exist",
    "not exist",
    "nonexistent",
    "non-existent",
    "mailbox unavailable",
    "mailbox is unavailable",
    "mailbox not available",
    "invalid recipient",
    "invalid address",
    "recipient rejected",
    "address rejected",
    "disabled",
    "deactivated",
    "inactive",
    "unrouteable",
    "unroutable",
    "host unknown",
    "unknown host",
    "unknown domain",
    "host not found",
    "not found",
    "could not be found",
    "couldn't be found",
    "couldn't find any host",
    "no longer in use",
    "no longer valid",
    "no longer available",
    "no longer accepts mail",
    "no smtp service",
    "nxdomain",
    "not our customer",
    "existiert nicht",
    "nicht gefunden",
    "unbekannter benutzer",
    "empfänger unbekannt",
    "n'existe pas",
    "introuvable",
    "utilisateur inconnu",
    "destinataire inconnu",
    "no existe",
    "usuario desconocido",
    "non esiste",
    "utente sconosciuto",
    "não existe",
    "usuário desconhecido",
    "bestaat niet",
    "nie istnieje",
    "не существует",
    "не найден",
    "存在しません",
    "不存在",
    "terminated",
    "could not be resolved",
    "cannot be resolved",
    "gelöscht",
    "nicht bekannt",
    "supprimé",
    "supprimée",
    "eliminada",
    "удалён",
    "удален",
    "bulunamadı",
    "finns inte",
    "findes ikke",
    "見つかりません",
];

impl BounceKind {
    /// What a failure means: its reported enhanced `status`, and what was `said` beside it (the Diagnostic-Code, or the
    /// letter of a mail system that writes no report).
    ///
    /// ```
    /// use domain::BounceKind;
    /// assert_eq!(BounceKind::of_failure(Some("5.1.1"), ""), BounceKind::Hard);
    /// assert_eq!(BounceKind::of_failure(Some("5.0.0"), "552 5.2.2 Mailbox full"), BounceKind::Soft);
    /// assert_eq!(BounceKind::of_failure(None, "550 No such user here"), BounceKind::Hard);
    /// ```
    pub fn of_failure(status: Option<&str>, said: &str) -> Self {
        let said = plain(said);
        // The reporter's own status is often a mere 5.0.0 beside the precise one of the system that refused.
        let precise = |status: &&str| !is_generic(status);
        let status = status.filter(precise).or_else(|| statuses(&said).find(precise)).or(status).unwrap_or_default();
        let says = |words: &[&str]| words.iter().any(|words| said.contains(words));

        let hard = if status.starts_with('4') || SENDER.contains(&status) || says(SENDER_WORDS) {
            false
        } else if says(GONE) {
            true
        } else if status.starts_with("5.7.") || SOFT.contains(&status) || says(FULL) {
            false
        } else if status.starts_with("5.1.") || HARD.contains(&status) {
            // The one sentence that large systems write for a mailbox that takes mail again in an hour.
            !says(&["too quickly", "rate limit"])
        } else {
            !is_transient(&said) && !says(PASSING) && says(LIKELY_GONE)
        };
        if hard { Self::Hard } else { Self::Soft }
    }
}

/// The first enhanced status code of a failure (RFC 3463) in a text: `5.1.1`, but no version, date or host.
pub fn enhanced_status(text: &str) -> Option<&str> {
    statuses(text).next()
}

fn statuses(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').map(|word| word.trim_matches('.'));
    words.filter(|word| {
        let mut numbers = word.split('.');
        let is_number = |part: Option<&str>, most: usize| {
            part.is_some_and(|n| (1..=most).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
        };
        matches!(numbers.next(), Some("4" | "5"))
            && matches!(numbers.next(), Some("0" | "1" | "2" | "3" | "4" | "5" | "6" | "7"))
            && is_number(numbers.next(), 3)
            && numbers.next().is_none()
    })
}

/// Systems give these for everything.
fn is_generic(status: &str) -> bool {
    status.starts_with("5.0.") || status.starts_with("5.5.") || status.ends_with(".0") || status == "5.4.1"
}

/// Was it refused by a reply that asks to come back (RFC 5321), and by none that does not?
fn is_transient(said: &str) -> bool {
    let replies = || said.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() == 3);
    let any = |codes: &[&str]| replies().any(|reply| codes.contains(&reply));
    any(&["421", "450", "451", "452"]) && !any(&["550", "551", "552", "553", "554", "556"])
}

/// One line in lower case: letters are set in lines, and some in typographic quotes.
fn plain(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace('\u{2019}', "'").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::BounceKind::{Hard, Soft};
    use super::*;

    #[test]
    fn a_status_is_no_version_and_no_host() {
        for (text, status) in [
            ("550-5.1.1 The account", Some("5.1.1")),
            ("#5.1.1 smtp;550", Some("5.1.1")),
            ("(#5.4.4)", Some("5.4.4")),
            ("user unknown. 5.1.10.", Some("5.1.10")),
            ("mx4.5.6.example said: 550 5.7.1 no", Some("5.7.1")),
            ("from 5.1.1.7 with Exim 4.96 on 5.1.2026, v5.1.1", None),
            ("2.0.0 sent", None),
            ("5.8.1 and 5.1.", None),
        ] {
            assert_eq!(enhanced_status(text), status, "{text}");
        }
    }

    #[test]
    fn words_decide_where_the_status_is_for_everything() {
        for (kind, status, said) in [
            (Hard, Some("5.4.1"), "550 5.4.1 Recipient address rejected: Access denied"),
            (Soft, Some("5.4.1"), "no answer from host"),
            (Hard, Some("5.0.0"), "550 This User doesn\u{2019}t\n have a webmail.example account"),
            (Hard, Some("5.5.0"), "550 Requested action not taken: mailbox unavailable"),
            (Soft, None, "450 Requested mail action not taken: mailbox unavailable"),
            (Soft, Some("5.0.0"), "554 rejected due to the reputation of the sender; address not exist"),
            (Hard, Some("5.7.1"), "550 5.7.1 recipient address was suppressed"),
            (Soft, Some("5.7.1"), "550 5.7.1 mailbox unavailable to you"),
            (Soft, Some("5.1.1"), "552 quota exceeded"),
            (Soft, Some("5.1.8"), "Sender address rejected: user unknown"),
            (Soft, None, "550 Sender verify failed: user unknown"),
            (Hard, Some("5.2.1"), "disabled"),
            (Soft, Some("5.2.1"), "The user you are trying to contact is receiving mail too quickly"),
            (Soft, Some("4.4.7"), "550 5.1.1 user unknown"),
            (Soft, None, "something went wrong"),
            (Hard, Some("5.0.350"), "550 5.0.350 Remote server returned an error -> 550 5.1.3 bad syntax"),
        ] {
            assert_eq!(BounceKind::of_failure(status, said), kind, "{status:?} {said}");
        }
    }
}
