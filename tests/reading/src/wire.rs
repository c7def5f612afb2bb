//! Bytes of a message: header words, transfer encodings, charsets, parts.
//!
//! **Invariant:** what a body's charset cannot hold is never lost; such a body is written in UTF-8 instead.

use data_encoding::BASE64;
use encoding_rs::Encoding;

/// How a body's bytes are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// As they are: only for ASCII and for what servers pass on nevertheless.
    Raw,
    /// `=C3=A9`.
    Quoted,
    /// Lines of base64.
    Base64,
}

/// A part: its type, and what stands in it.
pub struct Part {
    headers: String,
    bytes: Vec<u8>,
}

impl Part {
    /// A text of the given subtype in UTF-8.
    pub fn utf8(subtype: &str, text: &str, transfer: Transfer) -> Self {
        Self::new(subtype, "utf-8", crlf(text).as_bytes(), transfer)
    }

    /// A text in the charset its language had before Unicode; in UTF-8 where that charset lacks a character.
    pub fn local(subtype: &str, text: &str, lang: &str, transfer: Transfer) -> Self {
        let text = crlf(text);
        match local_charset(&text, lang) {
            Some((label, bytes)) => Self::new(subtype, label, &bytes, transfer),
            None => Self::new(subtype, "utf-8", text.as_bytes(), transfer),
        }
    }

    fn new(subtype: &str, charset: &str, bytes: &[u8], transfer: Transfer) -> Self {
        let (name, bytes) = match transfer {
            Transfer::Raw if bytes.is_ascii() => ("7bit", bytes.to_vec()),
            Transfer::Raw => ("8bit", bytes.to_vec()),
            Transfer::Quoted => ("quoted-printable", quoted_printable::encode(bytes)),
            Transfer::Base64 => {
                let text = BASE64.encode(bytes);
                let lines: Vec<&[u8]> = text.as_bytes().chunks(76).collect();
                ("base64", lines.join(b"\r\n".as_slice()))
            }
        };
        let headers =
            format!("Content-Type: text/{subtype}; charset=\"{charset}\"\r\nContent-Transfer-Encoding: {name}\r\n");
        Self { headers, bytes }
    }

    /// The same mail as text and as HTML.
    pub fn alternative(boundary: &str, parts: &[Self]) -> Self {
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend(format!("--{boundary}\r\n{}\r\n", part.headers).into_bytes());
            bytes.extend(&part.bytes);
            bytes.extend(b"\r\n");
        }
        bytes.extend(format!("--{boundary}--").into_bytes());
        Self { headers: format!("Content-Type: multipart/alternative; boundary=\"{boundary}\"\r\n"), bytes }
    }

    /// A whole message: these headers, each a line, then this part.
    pub fn message(&self, headers: &[String]) -> Vec<u8> {
        let mut raw = Vec::new();
        for header in headers {
            raw.extend(header.as_bytes());
            raw.extend(b"\r\n");
        }
        raw.extend(format!("MIME-Version: 1.0\r\n{}\r\n", self.headers).into_bytes());
        raw.extend(&self.bytes);
        raw.extend(b"\r\n");
        raw
    }
}

fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// The charset's name and the text in it; the first of the language's charsets that holds every character.
fn local_charset(text: &str, lang: &str) -> Option<(&'static str, Vec<u8>)> {
    let labels: &[&'static str] = match lang {
        "ja" => &["iso-2022-jp", "shift_jis"],
        "zh" => &["gb18030"],
        "ko" => &["euc-kr"],
        "ru" | "uk" => &["windows-1251"],
        "pl" | "cs" | "hu" => &["iso-8859-2", "windows-1250"],
        "tr" => &["windows-1254"],
        _ => &["iso-8859-1", "windows-1252"],
    };
    labels.iter().find_map(|label| {
        let encoding = Encoding::for_label(label.as_bytes())?;
        // The web's ISO-8859-1 and -9 are Windows' supersets of them: the C1 range tells the difference.
        let (bytes, _, lossy) = encoding.encode(text);
        let windows_only = label.starts_with("iso-8859") && bytes.iter().any(|byte| (0x80..0xA0).contains(byte));
        (!lossy && !windows_only).then(|| (*label, bytes.into_owned()))
    })
}

/// A header's value as RFC 2047 words where it is not ASCII; in the language's own charset if `local`.
pub fn words(value: &str, lang: &str, local: bool) -> String {
    if value.is_ascii() {
        return value.to_owned();
    }
    let mut chunks = vec![String::new()];
    for character in value.chars() {
        if chunks.last().is_some_and(|chunk| chunk.len() + character.len_utf8() > 36) {
            chunks.push(String::new());
        }
        if let Some(chunk) = chunks.last_mut() {
            chunk.push(character);
        }
    }
    let charset = local.then(|| local_charset(value, lang)).flatten().map(|(label, _)| label);
    let word = |chunk: &String| {
        let encoded = charset.and_then(|label| Encoding::for_label(label.as_bytes())).map(|it| it.encode(chunk).0);
        let bytes = encoded.unwrap_or(chunk.as_bytes().into());
        format!("=?{}?B?{}?=", charset.unwrap_or("UTF-8"), BASE64.encode(&bytes))
    };
    chunks.iter().map(word).collect::<Vec<_>>().join("\r\n ")
}

/// Text as HTML paragraphs.
pub fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let paragraph = |paragraph: &str| format!("<p>{}</p>", paragraph.trim().replace('\n', "<br>\n"));
    escaped.split("\n\n").map(paragraph).collect::<Vec<_>>().join("\n")
}
