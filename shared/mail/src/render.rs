//! An [`OutgoingMail`] as MIME.
//!
//! **Invariant:** the result is ASCII in lines of at most 998 characters that end in CRLF, and each header occurs once.
//! Names and subjects are made one line and, unless they are plain, encoded (RFC 2047); identifiers and the URL are
//! checked, because encoding would change them.

use std::time::SystemTime;

use data_encoding::{BASE64, HEXLOWER};
use domain::{Mailbox, OutgoingMail};
use lettre::message::header::{Date, HeaderName, HeaderValue, Headers, MIME_VERSION_1_0};
use lettre::message::{MultiPart, MultiPartKind, SinglePart};
use sha2::{Digest, Sha256};

use crate::text::{many_lines, one_line};

/// The longest word and the longest name that stand in a header as they are.
const PLAIN: usize = 60;

/// Bytes of text in one encoded word: 52 characters of base64, so that a line stays under RFC 2047's 76.
const ENCODED: usize = 39;

/// The longest identifier or URL; with its header's name it fits a line of RFC 5322.
const UNBROKEN: usize = 900;

/// Writes a mail as the bytes that SMTP carries and `.eml` files hold. An error says which field cannot be written.
///
/// Ids of the thread that are not ids are left out instead: they come from other people's mail software.
pub fn render(mail: &OutgoingMail) -> Result<Vec<u8>, String> {
    let mut headers = Headers::new();
    headers.set(date(mail)?);
    headers.insert_raw(written("From", mailbox(&mail.from)));
    headers.insert_raw(written("To", mailbox(&mail.to)));
    if !mail.cc.is_empty() {
        let copies: Vec<_> = mail.cc.iter().map(mailbox).collect();
        headers.insert_raw(written("Cc", copies.join(&format!(",{FOLD}"))));
    }
    if let Some(reply_to) = &mail.reply_to {
        headers.insert_raw(written("Reply-To", reply_to.to_string()));
    }
    headers.insert_raw(subject(&mail.subject));
    if !is_id(&mail.message_id) {
        return Err("the Message-ID must look like <name@example.com>".to_owned());
    }
    headers.insert_raw(written("Message-ID", mail.message_id.clone()));
    if let Some(answered) = mail.in_reply_to.as_deref().filter(|id| is_id(id)) {
        headers.insert_raw(written("In-Reply-To", answered.to_owned()));
    }
    let references: Vec<_> = mail.references.iter().map(String::as_str).filter(|id| is_id(id)).collect();
    if !references.is_empty() {
        headers.insert_raw(written("References", references.join(FOLD)));
    }
    if let Some(url) = &mail.unsubscribe_url {
        if !is_url(url) {
            return Err("the address for unsubscribing must be an https URL without spaces".to_owned());
        }
        headers.insert_raw(written("List-Unsubscribe", format!("<{url}>")));
        headers.insert_raw(written("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
    }
    if mail.automatic_answer {
        headers.insert_raw(written("Auto-Submitted", "auto-replied".to_owned()));
        // Exchange's word for the same; without it, its absences answer.
        headers.insert_raw(written("X-Auto-Response-Suppress", "All".to_owned()));
    }
    headers.set(MIME_VERSION_1_0);

    let mut mime = headers.to_string().into_bytes();
    // lettre picks 7bit for short ASCII lines, else quoted-printable or base64, whichever is shorter.
    let plain = SinglePart::plain(many_lines(&mail.text));
    mime.extend(match &mail.html {
        None => plain.formatted(),
        Some(html) => {
            let html = SinglePart::html(many_lines(html));
            let parts = MultiPart::builder().kind(MultiPartKind::Alternative).boundary(boundary(mail));
            // The last part is the one that mail programs show.
            parts.singlepart(plain).singlepart(html).formatted()
        }
    });
    Ok(mime)
}

/// The same for the same mail, so that its bytes are, and nothing that the parts could hold but by intent of a hash.
fn boundary(mail: &OutgoingMail) -> String {
    let mut hash = Sha256::new();
    [&mail.message_id, &mail.text].iter().for_each(|part| hash.update(part.as_bytes()));
    format!("={}", HEXLOWER.encode(&hash.finalize()[..16]))
}

/// A line break inside a header.
const FOLD: &str = "\r\n ";

/// A header that is already in its written form: ASCII, folded, safe.
fn written(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}

fn date(mail: &OutgoingMail) -> Result<Date, String> {
    // Outside of these years lettre panics.
    match mail.date.as_second() {
        0..253_370_764_800 => Ok(Date::new(SystemTime::from(mail.date))),
        _ => Err("the date must lie between the years 1970 and 9999".to_owned()),
    }
}

fn subject(subject: &str) -> HeaderValue {
    let subject = one_line(subject);
    if is_plain(&subject) {
        HeaderValue::new(HeaderName::new_from_ascii_str("Subject"), subject)
    } else {
        written("Subject", encoded_words(&subject))
    }
}

fn mailbox(mailbox: &Mailbox) -> String {
    let (name, address) = (one_line(&mailbox.name), &mailbox.address);
    if name.is_empty() {
        address.to_string()
    } else if is_plain(&name) && name.len() <= PLAIN && !name.contains(['"', '\\']) {
        format!("\"{name}\"{FOLD}<{address}>")
    } else {
        format!("{}{FOLD}<{address}>", encoded_words(&name))
    }
}

/// Can it stand in a header without being taken for something else, or making a line too long?
fn is_plain(line: &str) -> bool {
    line.bytes().all(|b| (b' '..=b'~').contains(&b))
        && !line.contains("=?")
        && line.split(' ').all(|word| word.len() <= PLAIN)
}

fn encoded_words(mut line: &str) -> String {
    let mut words = Vec::new();
    while !line.is_empty() {
        let (word, rest) = line.split_at(line.floor_char_boundary(ENCODED));
        words.push(format!("=?utf-8?B?{}?=", BASE64.encode(word.as_bytes())));
        line = rest;
    }
    words.join(FOLD)
}

/// Is it `<…>` that can be copied into a header as it is?
fn is_id(id: &str) -> bool {
    id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).is_some_and(is_unbroken)
}

fn is_url(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://")) && is_unbroken(url)
}

fn is_unbroken(word: &str) -> bool {
    (1..=UNBROKEN).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_graphic() && !b"<>".contains(&b))
}
