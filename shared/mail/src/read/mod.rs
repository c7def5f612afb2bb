//! A mail that came in, as an [`IncomingMail`].
//!
//! **Invariant:** every byte sequence is a mail; reading one takes time in proportion to its length, at most 100 ms for
//! 10 MB. Bounds are constants beside the code they bound; what lies beyond them is not read, the rest is.

mod body;
mod calendar;
mod charset;
mod entity;
mod fields;
mod flowed;
mod html;
mod report;

use data_encoding::HEXLOWER;
use domain::{EmailAddress, IncomingMail, MACHINE_HEADERS};
use sha2::{Digest, Sha256};

use crate::text::{head, one_line};
use entity::Entity;
use fields::Fields;

/// Headers that name the address a mail was delivered to, whatever its To says.
const DELIVERED: [&str; 4] = ["delivered-to", "x-original-to", "x-envelope-to", "envelope-to"];

/// Addresses of one mail that are kept.
const RECIPIENTS: usize = 100;

/// Ids of one mail that are kept, the newest ones.
const IDS: usize = 100;

/// Bytes of a body that its hash is made of.
const HASHED: usize = 1024 * 1024;

/// Reads a mail as it came, and the address it was delivered to where the carrier names it.
pub fn parse(raw: &[u8], envelope_to: Option<&str>) -> IncomingMail {
    // Files begin with what editors and scripts leave there.
    let raw = raw.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(raw).trim_ascii_start();
    let mail = Entity::read(raw);
    let fields = mail.fields;
    let (from_name, from) = sender(fields);
    let to = recipients(fields, envelope_to);
    let subject = fields.text("subject").unwrap_or_default();
    let text = body::text(&mail);
    let reported =
        report::read(&mail, report::Letter { fields, from: from.as_ref(), to: &to, subject: &subject, text: &text });
    IncomingMail {
        from,
        from_name,
        to,
        subject,
        text,
        message_id: fields.ids("message-id").into_iter().next().unwrap_or_else(|| content_id(fields, raw)),
        in_reply_to: newest(fields.ids("in-reply-to")),
        references: newest(fields.ids("references")),
        date: fields.date().map(|(at, _)| at),
        offset_secs: fields.date().map_or(0, |(_, offset_secs)| offset_secs),
        machine_headers: machine_headers(fields),
        report: reported.bounce,
        complaint: reported.complaint,
        receipt: reported.receipt,
        returned_ids: reported.returned_ids,
    }
}

/// The first writer who has an address, else the first one's name.
fn sender(fields: Fields<'_>) -> (String, Option<EmailAddress>) {
    let mut writers = fields.mailboxes("from");
    let chosen = writers.iter().position(|(_, address)| address.is_some()).unwrap_or(0);
    if writers.is_empty() { Default::default() } else { writers.swap_remove(chosen) }
}

/// The envelope's addresses first: they are ours, and there are few of them.
fn recipients(fields: Fields<'_>, envelope_to: Option<&str>) -> Vec<EmailAddress> {
    let carrier = envelope_to.and_then(|text| EmailAddress::parse(text).ok());
    let named = DELIVERED.into_iter().chain(["to", "cc"]).flat_map(|name| fields.mailboxes(name));
    let mut recipients = Vec::new();
    for address in carrier.into_iter().chain(named.filter_map(|(_, address)| address)) {
        if recipients.len() < RECIPIENTS && !recipients.contains(&address) {
            recipients.push(address);
        }
    }
    recipients
}

fn machine_headers(fields: Fields<'_>) -> Vec<(String, String)> {
    let named = fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
    let machine = named.filter(|(name, _)| MACHINE_HEADERS.contains(&name.as_str())).take(MACHINE_HEADERS.len());
    let short = |name: String, value| {
        let value = if name == "content-type" { media_type(fields) } else { one_line(&charset::guess(value)) };
        (name, head(&value, 500).to_owned())
    };
    machine.map(|(name, value)| short(name, value)).collect()
}

/// `multipart/report; report-type=delivery-status`: of a Content-Type, what tells software from people.
fn media_type(fields: Fields<'_>) -> String {
    let Some(media) = fields.media("content-type") else { return String::new() };
    let report = media.attribute("report-type").map(|report| format!("; report-type={}", report.to_ascii_lowercase()));
    one_line(&format!("{}{}", media.kind, report.unwrap_or_default()))
}

fn newest(mut ids: Vec<String>) -> Vec<String> {
    ids.drain(..ids.len().saturating_sub(IDS));
    ids
}

/// The id of a mail that has none. Made of what its writer wrote: the headers that servers add differ between copies.
fn content_id(fields: Fields<'_>, raw: &[u8]) -> String {
    let mut hash = Sha256::new();
    for name in ["from", "to", "date", "subject"] {
        hash.update(fields.text(name).unwrap_or_default());
        hash.update("\n");
    }
    let (_, body) = Fields::split(raw);
    hash.update(&body[..body.len().min(HASHED)]);
    format!("<{}@missing-message-id>", HEXLOWER.encode(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_content_type_what_tells_software_from_people() {
        for (value, told) in [
            (
                "multipart/Report; boundary=\"x y\"; report-type=Delivery-Status",
                "multipart/report; report-type=delivery-status",
            ),
            ("text/plain; charset=utf-8", "text/plain"),
            ("nonsense", "nonsense"),
            ("", ""),
        ] {
            let header = format!("Content-Type: {value}\n\n");
            assert_eq!(media_type(Fields::split(header.as_bytes()).0), told, "{value}");
        }
    }
}
