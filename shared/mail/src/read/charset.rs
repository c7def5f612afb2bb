//! Bytes to text.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode_char;

/// Text in the charset that its part names.
pub(super) fn decode(bytes: &[u8], charset: Option<&str>) -> String {
    match charset.map(|name| name.trim().to_ascii_lowercase()).as_deref() {
        // Mail labelled as ASCII is in anything.
        None | Some("us-ascii" | "ascii") => guess(bytes),
        Some("utf-8" | "utf8") => String::from_utf8_lossy(bytes).into_owned(),
        Some(name) => charset_decoder(name.as_bytes()).map_or_else(|| guess(bytes), |decoder| decoder(bytes)),
    }
}

/// Text in no charset: UTF-8 where it can be, else what the old Windows mail programs meant.
pub(super) fn guess(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // Cut inside the last character: by us.
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(bytes).into_owned(),
        Err(_) => windows(bytes),
    }
}

/// Windows-1252, which is also what is meant by Latin-1.
pub(super) fn windows(bytes: &[u8]) -> String {
    charset_decoder(b"windows-1252").map_or_else(|| String::from_utf8_lossy(bytes).into_owned(), |decode| decode(bytes))
}

/// Undoes a Content-Transfer-Encoding, as far as what is there follows it.
pub(super) fn transferred<'a>(body: &'a [u8], encoding: &str) -> Cow<'a, [u8]> {
    match encoding.to_ascii_lowercase().as_str() {
        "base64" => Cow::Owned(base64(body)),
        "quoted-printable" => Cow::Owned(quoted_printable(body)),
        _ => Cow::Borrowed(body),
    }
}

/// Ends where the base64 ends: lists append a footer in plain text to what people sent in base64.
fn base64(body: &[u8]) -> Vec<u8> {
    base64_decode(body).unwrap_or_else(|| {
        let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || b"+/= \t\r\n".contains(b);
        let lines = body.split_inclusive(|&b| b == b'\n').take_while(|line| line.iter().all(is_base64));
        base64_decode(&lines.flatten().copied().collect::<Vec<_>>()).unwrap_or_default()
    })
}

/// A `=` that begins no escape stands for itself.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'=' {
            decoded.push(byte);
        } else if let Some(byte) = tail.first_chunk().and_then(|&[a, b]| quoted_printable_decode_char(a, b)) {
            decoded.push(byte);
            rest = &tail[2..];
        } else {
            let blanks = tail.iter().take_while(|b| b" \t\r".contains(b)).count();
            match tail.get(blanks) {
                Some(b'\n') => rest = &tail[blanks + 1..],
                Some(_) => decoded.push(byte),
                None => break,
            }
        }
    }
    decoded
}
