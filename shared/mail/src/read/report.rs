//! Reports about mails we sent: delivery (RFC 3464), abuse (RFC 5965), reading (RFC 8098), and the letters of systems
//! that know none of these.
//!
//! **Invariant:** only software reports. What a person quotes, forwards or attaches is never a report.

mod letter;
mod receipt;

use std::collections::HashSet;

use domain::{Bounce, BounceKind, EmailAddress, enhanced_status};

use crate::read::entity::Entity;
use crate::read::fields::{Fields, line};
use crate::text::head;

/// Bytes of a report that are read.
const REPORT: usize = 64 * 1024;
/// Ids kept of a returned mail: its own, and its thread from the newest on.
const RETURNED: usize = 20;

/// The parts in which a returned mail comes back, whole or as its header.
const RETURNED_KINDS: [&str; 4] = ["message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"];

/// What was found out about a mail of ours.
#[derive(Debug, Default)]
pub(super) struct Reported {
    pub(super) bounce: Option<Bounce>,
    pub(super) complaint: bool,
    /// It was read, or delivered, or is told of in another way that asks for nothing.
    pub(super) receipt: bool,
    pub(super) returned_ids: Vec<String>,
}

/// The letter around a report, as far as it is read already.
#[derive(Clone, Copy)]
pub(super) struct Letter<'a> {
    pub(super) fields: Fields<'a>,
    pub(super) from: Option<&'a EmailAddress>,
    pub(super) to: &'a [EmailAddress],
    pub(super) subject: &'a str,
    pub(super) text: &'a str,
}

/// Reads the report in a mail.
pub(super) fn read(mail: &Entity<'_>, letter: Letter<'_>) -> Reported {
    let leaves = mail.leaves();
    let returned: Vec<_> = leaves.iter().filter(|leaf| RETURNED_KINDS.contains(&leaf.media.kind.as_str())).collect();
    // Gateways that add a footer put the report into another multipart; people's programs do too, when they forward.
    let genuine = mail.media.kind == "multipart/report" || letter::is_from_software(letter);
    let part = |kinds: [&str; 2]| leaves.iter().find(|leaf| genuine && kinds.contains(&leaf.media.kind.as_str()));
    let status = part(["message/delivery-status", "message/global-delivery-status"]);
    let feedback = part(["message/feedback-report", "message/x-feedback-report"]);
    let disposition = part(["message/disposition-notification", "message/global-disposition-notification"]);

    let mut reported = Reported::default();
    if let Some(part) = feedback {
        reported.complaint = is_abuse(Fields::split(&part.bytes(REPORT)).0);
        reported.receipt = !reported.complaint;
    } else if receipt::is_complaint(letter) && !returned.is_empty() {
        reported.complaint = true;
    } else if disposition.is_some() || receipt::is_receipt(letter) {
        reported.receipt = true;
    } else {
        match status.map_or(Told::Nothing, |part| delivery_status(&part.bytes(REPORT), letter)) {
            Told::Failure(bounce) => reported.bounce = Some(bounce),
            Told::Delivery => reported.receipt = true,
            Told::Nothing => reported.bounce = letter::read(letter),
        }
    }
    if reported.bounce.is_some() || reported.complaint || reported.receipt || status.is_some() {
        let mut ids: Vec<_> =
            returned.iter().flat_map(|part| self::ids(Fields::split(&part.bytes(REPORT)).0)).collect();
        if ids.is_empty() {
            ids = letter::returned(letter.text).into_iter().flat_map(self::ids).collect();
        }
        let mut known = HashSet::new();
        ids.retain(|id| known.insert(id.clone()));
        ids.truncate(RETURNED);
        reported.returned_ids = ids;
    }
    reported
}

/// A mail's own id first, then those of its thread from the newest on: where the provider replaced the first, ours is
/// the second.
fn ids(returned: Fields<'_>) -> Vec<String> {
    let thread = returned.ids("references").into_iter().rev();
    returned.ids("message-id").into_iter().chain(thread).chain(returned.ids("in-reply-to")).collect()
}

/// Other feedback types say that a mail is no spam, or how its authentication went.
fn is_abuse(report: Fields<'_>) -> bool {
    let kind = report.text("feedback-type").unwrap_or_default().to_ascii_lowercase();
    !["not-spam", "auth-failure", "dmarc"].contains(&kind.as_str())
}

/// What a delivery report tells.
enum Told {
    Failure(Bounce),
    Delivery,
    Nothing,
}

/// A delivery report: a group of fields about the mail, then one for each recipient. A failure counts before a delay,
/// and the first of several.
fn delivery_status(report: &[u8], letter: Letter<'_>) -> Told {
    let groups = groups(report);
    let action = |group: &Fields<'_>| group.text("action").unwrap_or_default().to_ascii_lowercase();
    let of_action = |name: &str| groups.iter().find(|group| action(group).starts_with(name));
    let status = |group: &Fields<'_>| group.text("status").unwrap_or_default();
    let without_action =
        || groups.iter().find(|group| action(group).is_empty() && status(group).starts_with(['4', '5']));
    let Some(group) = of_action("failed").or_else(|| of_action("delayed")).or_else(without_action) else {
        let delivered = |group: &Fields<'_>| {
            let arrived = ["delivered", "relayed", "expanded"].iter().any(|name| action(group).starts_with(name));
            arrived || status(group).starts_with("2.")
        };
        return if groups.iter().any(delivered) { Told::Delivery } else { Told::Nothing };
    };

    let diagnosis = group.text("diagnostic-code").filter(|said| !said.is_empty());
    let reported = status(group);
    let status = enhanced_status(&reported).or_else(|| enhanced_status(diagnosis.as_deref()?)).map(str::to_owned);
    let delayed = action(group).starts_with("delayed");
    let said = diagnosis.as_deref().unwrap_or_else(|| letter::own_words(letter.text));
    let kind = if delayed { BounceKind::Soft } else { BounceKind::of_failure(status.as_deref(), said) };
    let named = ["original-recipient", "final-recipient"].into_iter().find_map(|name| address(&group.text(name)?));
    Told::Failure(Bounce { kind, recipient: named.or_else(|| letter::recipient(letter)), status })
}

fn groups(report: &[u8]) -> Vec<Fields<'_>> {
    let mut groups = Vec::new();
    let mut rest = report;
    while !rest.is_empty() {
        let (group, tail) = Fields::split(rest);
        groups.push(group);
        // A line that is no field must not end the report.
        rest = if tail.len() == rest.len() { line(rest).1 } else { tail };
    }
    groups
}

/// `rfc822; ada@example.com`, also where the address is in the xtext of RFC 3461, as it came by SMTP.
fn address(field: &str) -> Option<EmailAddress> {
    let field = field.rsplit_once(';').map_or(field, |(_, address)| address);
    let address = field.trim().trim_matches(['<', '>']);
    EmailAddress::parse(&unescaped(address)).or_else(|_| EmailAddress::parse(address)).ok()
}

/// Undoes xtext: `+` and two hex digits in upper case. In it, an address has no other `+`, and `+` and `=` are all that
/// must be escaped in what people have for addresses; so `ada+42@example.com` is left alone.
fn unescaped(address: &str) -> String {
    let xtext = !address.contains('@') || ["+2B", "+3D"].iter().any(|escape| address.contains(escape));
    if !xtext {
        return address.to_owned();
    }
    let mut plain = String::new();
    let mut rest = address;
    while let Some((before, after)) = rest.split_once('+') {
        plain.push_str(before);
        let code = after.get(..2).filter(|hex| hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F')));
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii_graphic) {
            Some(byte) => {
                plain.push(char::from(byte));
                rest = &after[2..];
            }
            None => {
                plain.push('+');
                rest = after;
            }
        }
    }
    plain + rest
}

/// Does a text hold one of these, which are in lower case?
fn contains_any(text: &str, phrases: &[&str]) -> bool {
    let text = plain(head(text, REPORT));
    phrases.iter().any(|phrase| text.contains(phrase))
}

/// Does a text begin with one of these, which are in lower case?
fn begins_with_any(text: &str, phrases: &[&str]) -> bool {
    let text = plain(head(text, 500));
    phrases.iter().any(|phrase| text.starts_with(phrase))
}

/// One line in lower case: letters are set in lines, and some in typographic quotes.
fn plain(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace('\u{2019}', "'").to_lowercase()
}
