//! Reports about mails we sent: delivery (RFC 3464), abuse (RFC 5965), and the letters of systems that know neither.

mod verdict;

use std::collections::HashSet;

use domain::{Bounce, BounceKind, EmailAddress};

use crate::read::entity::Entity;
use crate::read::fields::{Fields, line};
use crate::text::head;

/// Bytes of a report that are read.
const REPORT: usize = 64 * 1024;
/// Ids kept of a returned mail: its own, and its thread from the newest on.
const RETURNED: usize = 20;

/// What was found out about a mail of ours.
#[derive(Debug, Default)]
pub(super) struct Reported {
    pub(super) bounce: Option<Bounce>,
    pub(super) complaint: bool,
    pub(super) returned_ids: Vec<String>,
}

/// The letter around a report, as far as it is read already.
pub(super) struct Letter<'a> {
    pub(super) from: Option<&'a EmailAddress>,
    pub(super) to: &'a [EmailAddress],
    pub(super) subject: &'a str,
    pub(super) text: &'a str,
}

/// Reads the report in a mail. A mail that somebody attached is only taken for a returned one in a report.
pub(super) fn read(mail: &Entity<'_>, letter: &Letter<'_>) -> Reported {
    let leaves = mail.leaves();
    let of_kind = |kinds: [&str; 2]| leaves.iter().find(|leaf| kinds.contains(&leaf.media.kind.as_str()));
    let status = of_kind(["message/delivery-status", "message/global-delivery-status"]);
    let feedback = of_kind(["message/feedback-report", "message/x-feedback-report"]);

    let bounce = match status {
        Some(part) => delivery_status(&part.bytes(REPORT), letter),
        None => letter_of_a_mailer(mail.fields, letter),
    };
    let complaint = feedback.is_some_and(|part| is_abuse(Fields::split(&part.bytes(REPORT)).0));
    let mut returned_ids = Vec::new();
    if bounce.is_some() || status.is_some() || feedback.is_some() {
        for leaf in &leaves {
            if ["message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"]
                .contains(&leaf.media.kind.as_str())
            {
                returned_ids.extend(ids(Fields::split(&leaf.bytes(REPORT)).0));
            }
        }
        if returned_ids.is_empty() {
            returned_ids.extend(quoted_ids(letter.text));
        }
    }
    let mut known = HashSet::new();
    returned_ids.retain(|id| known.insert(id.clone()));
    returned_ids.truncate(RETURNED);
    Reported { bounce, complaint, returned_ids }
}

/// A mail's own id first, then those of its thread from the newest on: where the provider replaced the first, ours is
/// the second.
fn ids(returned: Fields<'_>) -> Vec<String> {
    let thread = returned.ids("references").into_iter().rev();
    returned.ids("message-id").into_iter().chain(thread).chain(returned.ids("in-reply-to")).collect()
}

/// The ids of a mail returned as text below the letter, as qmail and Exim do.
fn quoted_ids(letter: &str) -> Vec<String> {
    // Each blank line may be followed by the header of the returned mail.
    let blocks = letter.split("\n\n").map(|block| Fields::split(block.as_bytes()).0);
    blocks.filter(|block| block.has("message-id")).flat_map(ids).collect()
}

/// Other feedback types say that a mail is no spam, or how its authentication went.
fn is_abuse(report: Fields<'_>) -> bool {
    let kind = report.text("feedback-type").unwrap_or_default().to_ascii_lowercase();
    !["not-spam", "auth-failure", "dmarc"].contains(&kind.as_str())
}

/// A delivery report: a group of fields about the mail, then one for each recipient. A failure counts before a delay;
/// a delivery, and a report that says nothing, are no bounce.
fn delivery_status(report: &[u8], letter: &Letter<'_>) -> Option<Bounce> {
    let groups = groups(report);
    let of_action = |action: &str| {
        groups.iter().find(|group| group.text("action").is_some_and(|a| a.to_ascii_lowercase().starts_with(action)))
    };
    let without_action = || groups.iter().find(|group| group.has("status") && !group.has("action"));
    let group = of_action("failed").or_else(|| of_action("delayed")).or_else(without_action)?;

    let status = group.text("status").unwrap_or_default();
    if status.starts_with('2') {
        return None;
    }
    let status = verdict::status(&status);
    let delayed = group.text("action").is_some_and(|action| action.to_ascii_lowercase().starts_with("delayed"));
    let diagnosis = group.text("diagnostic-code");
    let said = diagnosis.as_deref().unwrap_or_else(|| head(letter.text, REPORT));
    let kind = if delayed { BounceKind::Soft } else { verdict::kind(status.as_deref(), said) };
    let recipient = ["original-recipient", "final-recipient"].into_iter().find_map(|name| address(&group.text(name)?));
    Some(Bounce { kind, recipient, status })
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

/// `rfc822; ada@example.com`
fn address(field: &str) -> Option<EmailAddress> {
    let address = field.rsplit_once(';').map_or(field, |(_, address)| address);
    EmailAddress::parse(address.trim().trim_matches(['<', '>'])).ok()
}

/// A letter in words from a mail system. The null return path alone does not make one: absences are sent with it too.
fn letter_of_a_mailer(fields: Fields<'_>, letter: &Letter<'_>) -> Option<Bounce> {
    let from = fields.text("from").unwrap_or_default().to_ascii_lowercase();
    let failed = fields.text("x-failed-recipients");
    let nobody = fields.text("return-path").is_some_and(|path| path == "<>");
    let software = nobody || ["postmaster", "mail delivery"].iter().any(|name| from.contains(name));
    let about_delivery = verdict::is_subject(letter.subject);
    if !(failed.is_some() || from.contains("mailer-daemon") || software && about_delivery) {
        return None;
    }

    let said = head(letter.text, REPORT);
    let status = verdict::status(said);
    let kind =
        if verdict::is_delay(letter.subject) { BounceKind::Soft } else { verdict::kind(status.as_deref(), said) };
    let named = failed.and_then(|list| list.split(',').find_map(|one| EmailAddress::parse(one).ok()));
    Some(Bounce { kind, recipient: named.or_else(|| named_in(said, letter)), status })
}

/// The first address in a letter that is neither ours nor its writer's.
fn named_in(said: &str, letter: &Letter<'_>) -> Option<EmailAddress> {
    let words = said.split(|c: char| c.is_whitespace() || "<>()[]\"',;:".contains(c)).filter(|word| word.contains('@'));
    let addresses = words.filter_map(|word| EmailAddress::parse(word.trim_end_matches('.')).ok());
    let office = |a: &EmailAddress| ["postmaster@", "mailer-daemon@"].iter().any(|name| a.as_str().starts_with(name));
    addresses.into_iter().find(|a| !letter.to.contains(a) && letter.from != Some(a) && !office(a))
}
