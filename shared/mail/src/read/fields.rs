//! Header fields as they stand in a mail, and the readings of their values.
//!
//! A value is parsed only when asked for, and only as much of it as a person would have written: mail-parser's readers
//! of words and addresses look ahead to the end of the value at each `=?`.

use domain::EmailAddress;
use jiff::Timestamp;
use mail_parser::parsers::MessageStream;
use mail_parser::{ContentType, HeaderValue};
use memchr::memchr;

use crate::read::charset;
use crate::text::{head, one_line};

/// How much of a header block is looked at; those with many signatures have a third.
const BLOCK: usize = 128 * 1024;
/// How much of one value is parsed.
const VALUE: usize = 16 * 1024;
/// How many encoded words of one value are decoded.
const WORDS: usize = 64;
/// How many fields of one name are read.
const REPEATED: usize = 5;
/// The longest message id.
const ID: usize = 900;

/// The header fields of a mail, of a part, or of a report.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Splits a mail or part into its header and its body. A line that can be no header begins the body, also where the
    /// blank line between them was forgotten.
    pub(super) fn split(raw: &'a [u8]) -> (Self, &'a [u8]) {
        let mut rest = raw;
        loop {
            let (line, tail) = line(rest);
            let header =
                name(line).is_some() || is_continuation(line) || is_mbox_separator(line) && rest.len() == raw.len();
            if rest.is_empty() || !header {
                let block = &raw[..raw.len() - rest.len()];
                let body = if matches!(line, b"\n" | b"\r\n") { tail } else { rest };
                return (Self(&block[..block.len().min(BLOCK)]), body);
            }
            rest = tail;
        }
    }

    /// Names and values in order, folded as they came.
    pub(super) fn iter(self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.fields(|_| true).filter_map(|(first, field)| Some((name(first)?, value(first, field))))
    }

    /// The fields whose first line is `wanted`: that line, and all of the field.
    fn fields(self, wanted: impl Fn(&[u8]) -> bool) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            while !rest.is_empty() {
                let (first, mut tail) = line(rest);
                while is_continuation(tail) {
                    tail = line(tail).1;
                }
                let field = &rest[..rest.len() - tail.len()];
                rest = tail;
                if wanted(first) {
                    return Some((first, field));
                }
            }
            None
        })
    }

    /// The values of a field, as they came.
    fn raw(self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.fields(move |first| is_named(first, name)).map(|(first, field)| value(first, field)).take(REPEATED)
    }

    /// Does it have this field?
    pub(super) fn has(self, name: &str) -> bool {
        self.raw(name).next().is_some()
    }

    /// The first value of a field on one line, its encoded words decoded.
    pub(super) fn text(self, name: &str) -> Option<String> {
        self.raw(name).next().map(text)
    }

    /// The mailboxes of all fields of this name; those without a valid address keep their name.
    pub(super) fn mailboxes(self, name: &str) -> Vec<(String, Option<EmailAddress>)> {
        let mut mailboxes = Vec::new();
        for value in self.raw(name) {
            let value = parsable(value);
            if let HeaderValue::Address(list) = MessageStream::new(&value).parse_address() {
                mailboxes.extend(list.iter().map(|mailbox| {
                    let address = mailbox.address.as_deref().and_then(|text| EmailAddress::parse(text).ok());
                    (one_line(mailbox.name.as_deref().unwrap_or_default()), address)
                }));
            }
        }
        mailboxes
    }

    /// The message ids of a field, with their angle brackets.
    pub(super) fn ids(self, name: &str) -> Vec<String> {
        let mut ids = Vec::new();
        for value in self.raw(name) {
            let value = parsable(value);
            let found = MessageStream::new(&value).parse_id().into_text_list().unwrap_or_default();
            ids.extend(found.iter().filter_map(|id| {
                let id: String =
                    id.chars().filter(|c| !c.is_whitespace() && !c.is_control() && !"<>".contains(*c)).collect();
                (1..=ID).contains(&id.len()).then(|| format!("<{id}>"))
            }));
        }
        ids
    }

    /// The Date field, where it names an instant.
    pub(super) fn date(self) -> Option<(Timestamp, i32)> {
        let value = parsable(self.raw("date").next()?);
        let HeaderValue::DateTime(date) = MessageStream::new(&value).parse_date() else { return None };
        let at = date.is_valid().then(|| Timestamp::from_second(date.to_timestamp()).ok()).flatten()?;
        let offset_secs = i32::from(date.tz_hour) * 3600 + i32::from(date.tz_minute) * 60;
        Some((at, if date.tz_before_gmt { -offset_secs } else { offset_secs }))
    }

    /// `type/subtype` in lower case with its attributes.
    pub(super) fn media(self, name: &str) -> Option<Media> {
        let value = parsable(self.raw(name).next()?);
        let HeaderValue::ContentType(media) = MessageStream::new(&value).parse_content_type() else { return None };
        Some(Media::from(media))
    }
}

/// A Content-Type or Content-Disposition.
#[derive(Debug, Clone)]
pub(super) struct Media {
    /// `text/plain`, or `attachment`.
    pub(super) kind: String,
    attributes: Vec<(String, String)>,
}

impl Media {
    pub(super) fn new(kind: &str) -> Self {
        Self { kind: kind.to_owned(), attributes: Vec::new() }
    }

    /// The value of an attribute such as `boundary`.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Does an attribute have this value?
    pub(super) fn says(&self, name: &str, value: &str) -> bool {
        self.attribute(name).is_some_and(|known| known.eq_ignore_ascii_case(value))
    }
}

impl From<ContentType<'_>> for Media {
    fn from(media: ContentType<'_>) -> Self {
        let kind = match media.subtype() {
            Some(subtype) => format!("{}/{subtype}", media.ctype()),
            None => media.ctype().to_owned(),
        };
        let attributes = media.attributes().unwrap_or_default().iter();
        Self {
            kind: kind.to_ascii_lowercase(),
            attributes: attributes.map(|a| (a.name.to_ascii_lowercase(), a.value.to_string())).collect(),
        }
    }
}

/// A value on one line, its encoded words decoded.
pub(super) fn text(value: &[u8]) -> String {
    let value = parsable(value);
    match MessageStream::new(&value).parse_unstructured() {
        HeaderValue::Text(text) => head(&one_line(&text), VALUE).to_owned(),
        _ => String::new(),
    }
}

/// A value as mail-parser's readers want it: UTF-8, bounded, and with a line feed at the end.
fn parsable(value: &[u8]) -> Vec<u8> {
    let mut text = charset::guess(&value[..value.len().min(VALUE)]);
    if let Some((cut, _)) = text.match_indices("=?").nth(WORDS) {
        text.truncate(cut);
    }
    text.push('\n');
    text.into_bytes()
}

/// The first line, with its line feed, and what follows.
pub(super) fn line(raw: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr(b'\n', raw).map_or(raw.len(), |at| at + 1);
    raw.split_at(end)
}

/// Without blanks and line breaks around.
pub(super) fn trim(line: &[u8]) -> &[u8] {
    line.trim_ascii()
}

/// Does the field that begins with this line have this name?
fn is_named(first: &[u8], name: &str) -> bool {
    let Some((known, rest)) = first.split_at_checked(name.len()) else { return false };
    known.eq_ignore_ascii_case(name.as_bytes()) && rest.trim_ascii_start().starts_with(b":")
}

/// The value of a field, whose first line is `first`.
fn value<'a>(first: &[u8], field: &'a [u8]) -> &'a [u8] {
    let colon = memchr(b':', first).unwrap_or(first.len() - 1);
    trim(&field[colon + 1..])
}

fn name(line: &[u8]) -> Option<&str> {
    let colon = memchr(b':', line)?;
    let name = line[..colon].trim_ascii_end();
    let valid = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    valid.then(|| str::from_utf8(name).ok()).flatten()
}

fn is_continuation(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// What a mailbox file puts above a mail.
fn is_mbox_separator(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}
