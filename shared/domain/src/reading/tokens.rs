//! A text as words that can be compared: case, diacritics, width and typography folded away.
//!
//! **Invariant:** time is linear in the text; every token's `start..end` lies on character boundaries of the text it
//! was made of. Scripts without spaces give one token a character, so that a phrase in them is found by substring.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    Address,
    Link,
}

/// What stands before a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// Nothing that ends a thought: blanks, hyphens, quotes, a dot after an abbreviation.
    Space,
    /// A comma or a bracket: a negation does not reach over it.
    Comma,
    /// The end of a sentence or a paragraph: no phrase reaches over it.
    Full,
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) kind: Kind,
    pub(super) gap: Gap,
    /// Written with a capital first letter.
    pub(super) capital: bool,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token {
    /// The number it writes, up to 9999.
    pub(super) fn number(&self) -> Option<i16> {
        (self.kind == Kind::Number && self.text.len() <= 4).then(|| self.text.parse().ok()).flatten()
    }
}

/// The longest local part of an address, which bounds the search for its `@`.
const LOCAL_PART: usize = 64;

/// Cuts a text into tokens.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let Some((kind, length)) = token_at(&text[at..], first) else {
            at += first.len_utf8();
            continue;
        };
        let (start, end) = (at, at + length);
        at = end;
        let source = &text[start..end];
        let folded = if kind == Kind::Address { source.to_ascii_lowercase() } else { fold(source) };
        if folded.is_empty() {
            continue;
        }
        let capital = first.is_uppercase();
        let gap = match tokens.as_slice() {
            [] => Gap::Full,
            [.., before] => gap(&tokens, &text[before.end..start], text[start..].chars().next()),
        };
        tokens.push(Token { text: folded, kind, gap, capital, start, end });
    }
    tokens
}

/// The folded words of a text with single blanks between them.
pub(super) fn folded(text: &str) -> String {
    tokens(text).into_iter().map(|token| token.text).collect::<Vec<_>>().join(" ")
}

fn token_at(rest: &str, first: char) -> Option<(Kind, usize)> {
    if first.is_ascii_alphanumeric() {
        if let Some(length) = address(rest) {
            return Some((Kind::Address, length));
        }
        let head = rest.get(..8).unwrap_or(rest).to_ascii_lowercase();
        if ["http://", "https:/", "www."].iter().any(|scheme| head.starts_with(scheme)) {
            return Some((Kind::Link, until(rest, |c| c.is_whitespace() || "<>\"'()[]".contains(c))));
        }
    }
    if first.is_numeric() {
        Some((Kind::Number, until(rest, |c| !c.is_numeric())))
    } else if stands_alone(first) {
        Some((Kind::Word, first.len_utf8()))
    } else if first.is_alphabetic() {
        let end = until(rest, |c| !(c.is_alphabetic() || is_combining_mark(c)) || c.is_numeric() || stands_alone(c));
        // An elided article or verb is a word of its own and keeps its apostrophe: l' absence, don' t.
        let mut after = rest[end..].chars();
        let elided =
            after.next().filter(|c| "'’ʼ`´‘＇".contains(*c)).filter(|_| after.next().is_some_and(char::is_alphabetic));
        Some((Kind::Word, end + elided.map_or(0, char::len_utf8)))
    } else {
        None
    }
}

fn until(rest: &str, stop: impl Fn(char) -> bool) -> usize {
    rest.find(stop).unwrap_or(rest.len())
}

/// How long the mail address is with which `rest` begins.
fn address(rest: &str) -> Option<usize> {
    let part = |b: &u8| b.is_ascii_alphanumeric() || b"._%+-".contains(b);
    let local = rest.bytes().take(LOCAL_PART + 1).take_while(part).count();
    let domain = rest.get(local..)?.strip_prefix('@')?;
    let length = domain.bytes().take(255).take_while(part).count();
    let domain = domain[..length].trim_end_matches(['.', '-', '_', '%', '+']);
    domain.contains('.').then_some(local + 1 + domain.len())
}

/// Is it a character of a script that is written without blanks, or one whose words change their ends?
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0E7F}' | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9F}' | '\u{20000}'..='\u{3FFFF}')
}

/// Words in one form: lower case, no diacritics, ASCII digits, the plain apostrophe.
fn fold(source: &str) -> String {
    let mut folded = String::with_capacity(source.len());
    for c in source.chars() {
        if matches!(c, '\u{3040}'..='\u{30FF}' | '\u{AC00}'..='\u{D7AF}') {
            folded.push(c);
            continue;
        }
        decompose_compatible(c, |part| match part {
            '’' | 'ʼ' | '`' | '´' | '‘' => folded.push('\''),
            'ß' | 'ẞ' => folded.push_str("ss"),
            'ł' | 'Ł' => folded.push('l'),
            'ø' | 'Ø' => folded.push('o'),
            'đ' | 'Đ' => folded.push('d'),
            'æ' | 'Æ' => folded.push_str("ae"),
            'œ' | 'Œ' => folded.push_str("oe"),
            'ı' => folded.push('i'),
            part if is_combining_mark(part) => {}
            part => folded.extend(part.to_lowercase().filter(|c| !is_combining_mark(*c))),
        });
    }
    folded
}

fn gap(before: &[Token], between: &str, next: Option<char>) -> Gap {
    if between.is_empty() || between == " " {
        return Gap::Space;
    }
    let mut breaks = between.matches('\n').count();
    if between.contains("\n-") || between.contains("\n*") || between.contains("\n•") {
        breaks += 1;
    }
    if breaks > 1 || between.contains(['!', '?', ';', '。', '！', '？', '；', '…', '•', '|', '¿', '¡', '．'])
    {
        return Gap::Full;
    }
    if let Some(after) = between.strip_prefix(['.', ')']).or_else(|| between.strip_prefix(").")) {
        let dotted = between.contains('.');
        let abbreviated = match before {
            _ if !dotted || after.is_empty() => true,
            // 14. August; but "14.08. In urgent cases" ends a sentence.
            [.., earlier, last] if last.kind == Kind::Number => {
                let date = earlier.kind == Kind::Number && earlier.end + 1 == last.start;
                last.text.len() <= 2 && !(date && next.is_some_and(char::is_uppercase))
            }
            [.., last] if last.kind == Kind::Word => {
                last.text.chars().count() == 1 && last.text.is_ascii() || ABBREVIATIONS.contains(&last.text.as_str())
            }
            _ => false,
        };
        if !abbreviated {
            return Gap::Full;
        }
    } else if between.contains('.')
        && !between.contains(". .")
        && between.trim_start_matches(['"', '”', '»', '“', '\'']).starts_with('.')
    {
        return Gap::Full;
    }
    if between.contains([',', '(', ')', ':', '、', '，', '：', '–', '—']) || between.contains(" - ") {
        Gap::Comma
    } else {
        Gap::Space
    }
}

/// Words after which a dot does not end a sentence.
const ABBREVIATIONS: [&str; 44] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "no", "nr", "tel", "ext", "bzw", "ca", "evtl", "ggf", "inkl", "einschl",
    "vsl", "hr", "fr", "sr", "sra", "dott", "sig", "mme", "av", "dhr", "mevr", "jan", "feb", "mar", "apr", "jun",
    "jul", "aug", "sep", "sept", "okt", "oct", "nov", "dec", "dez", "kl", "mgr", "ing",
];
