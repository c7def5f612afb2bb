//! The tree of a mail's parts, found in one pass over its lines.
//!
//! mail-parser's own tree is not used: its time grows with the square of the number of parts whose boundary is missing,
//! and its depth with the mail's, until dropping it overflows the stack.

use std::borrow::Cow;

use crate::read::charset;
use crate::read::fields::{Fields, Media, line, trim};

/// Multiparts inside of each other that are opened.
const DEPTH: usize = 100;
/// Parts that are looked at.
const PARTS: usize = 1000;
/// Comparisons of a line with a boundary: 40 ms at most.
const LOOKS: usize = 10_000_000;

/// A mail or a part of it. Attached mails are leaves.
#[derive(Debug)]
pub(super) struct Entity<'a> {
    pub(super) fields: Fields<'a>,
    pub(super) media: Media,
    /// As it came, without the line break that belongs to the boundary; empty in a multipart.
    body: &'a [u8],
    pub(super) parts: Vec<Entity<'a>>,
}

impl<'a> Entity<'a> {
    /// Reads a whole mail.
    pub(super) fn read(raw: &'a [u8]) -> Self {
        Reader { rest: raw, open: Vec::new(), parts: PARTS, looks: LOOKS }.entity("text/plain").0
    }

    /// At most `most` bytes of the body with its transfer encoding undone.
    pub(super) fn bytes(&self, most: usize) -> Cow<'a, [u8]> {
        let encoding = self.fields.text("content-transfer-encoding").unwrap_or_default();
        charset::transferred(&self.body[..self.body.len().min(most)], &encoding)
    }

    /// How long the body is as it came.
    pub(super) fn len(&self) -> usize {
        self.body.len()
    }

    /// The parts that have no parts.
    pub(super) fn leaves(&self) -> Vec<&Entity<'a>> {
        if self.parts.is_empty() { vec![self] } else { self.parts.iter().flat_map(Entity::leaves).collect() }
    }

    /// Is it a file, not something to read in place?
    pub(super) fn is_file(&self) -> bool {
        let disposition = self.fields.media("content-disposition");
        disposition.is_some_and(|d| d.kind == "attachment" || d.attribute("filename").is_some())
    }
}

/// Where a part ends: at a boundary of one of the multiparts around it.
struct Delimiter {
    level: usize,
    last: bool,
}

struct Reader<'a> {
    rest: &'a [u8],
    open: Vec<Vec<u8>>,
    parts: usize,
    looks: usize,
}

impl<'a> Reader<'a> {
    fn entity(&mut self, default: &str) -> (Entity<'a>, Option<Delimiter>) {
        self.parts = self.parts.saturating_sub(1);
        let (fields, body) = Fields::split(self.rest);
        self.rest = body;
        let media = fields.media("content-type").filter(|media| media.kind.contains('/'));
        let media = media.unwrap_or_else(|| Media::new(default));
        let many = media.kind.starts_with("multipart/");
        let boundary = media.attribute("boundary").filter(|b| !b.is_empty() && many);
        let boundary = boundary.map(|boundary| boundary.trim_end().as_bytes().to_vec());
        // Without the line that parts it, it may still be text.
        let media = if many && boundary.is_none() { Media::new(default) } else { media };
        let Some(boundary) = boundary.filter(|_| self.open.len() < DEPTH) else {
            let (body, end) = self.until_delimiter();
            return (Entity { fields, media, body, parts: Vec::new() }, end);
        };
        let inside = if media.kind == "multipart/digest" { "message/rfc822" } else { "text/plain" };

        let level = self.open.len();
        self.open.push(boundary);
        let mut parts = Vec::new();
        let (preamble, mut end) = self.until_delimiter();
        while end.as_ref().is_some_and(|end| end.level == level && !end.last) && self.parts > 0 {
            let (part, next) = self.entity(inside);
            parts.push(part);
            end = next;
        }
        self.open.truncate(level);
        if end.as_ref().is_some_and(|end| end.level == level) {
            end = self.until_delimiter().1;
        }
        if parts.is_empty() {
            // No part begins here: what is there may still be text.
            return (Entity { fields, media: Media::new(default), body: preamble, parts }, end);
        }
        (Entity { fields, media, body: &[], parts }, end)
    }

    /// Everything up to the next boundary of an open multipart, and that boundary; up to the end where there is none.
    fn until_delimiter(&mut self) -> (&'a [u8], Option<Delimiter>) {
        let start = self.rest;
        while !self.rest.is_empty() {
            let before = self.rest;
            let (line, tail) = line(before);
            self.rest = tail;
            if let Some(delimiter) = self.delimiter(line) {
                let body = &start[..start.len() - before.len()];
                let body = body.strip_suffix(b"\n").map_or(body, |b| b.strip_suffix(b"\r").unwrap_or(b));
                return (body, Some(delimiter));
            }
        }
        (start, None)
    }

    fn delimiter(&mut self, line: &[u8]) -> Option<Delimiter> {
        let line = trim(line.strip_prefix(b"--")?);
        self.looks = self.looks.checked_sub(self.open.len())?;
        let level = |name: &[u8]| self.open.iter().rposition(|open| open == name);
        let last = |name: &[u8]| Some(Delimiter { level: level(name)?, last: true });
        level(line).map(|level| Delimiter { level, last: false }).or_else(|| last(line.strip_suffix(b"--")?))
    }
}
