//! COQL's words and signs.

use super::syntax;
use crate::reply::Refusal;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A keyword or a column path, `Account_Name.Account_Name`, `What_Id->Leads.Last_Name`.
    Word(String),
    /// In quotes; `''` inside is one quote.
    Text(String),
    Number(String),
    Sign(&'static str),
    End,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub column: usize,
}

impl Token {
    pub fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(found) if found.eq_ignore_ascii_case(word))
    }

    /// What an error message shows.
    pub fn shown(&self) -> String {
        match &self.kind {
            Kind::Word(text) | Kind::Text(text) | Kind::Number(text) => text.clone(),
            Kind::Sign(sign) => (*sign).to_owned(),
            Kind::End => String::new(),
        }
    }
}

const SIGNS: [&str; 10] = ["!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","];
const LONGEST_QUERY: usize = 20_000;

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    if text.len() > LONGEST_QUERY {
        return Err(syntax("", LONGEST_QUERY, "select"));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let column = text.len() - rest.len() + 1;
        let Some(first) = rest.chars().next() else {
            tokens.push(Token { kind: Kind::End, column });
            return Ok(tokens);
        };
        let (kind, used) = if first == '\'' {
            quoted(rest).ok_or_else(|| syntax(rest, column, "where"))?
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Kind::Sign(sign), sign.len())
        } else if first.is_ascii_digit() || first == '-' {
            let used = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(rest.len());
            (Kind::Number(rest[..used].to_owned()), used)
        } else if first.is_ascii_alphabetic() || matches!(first, '_' | '$' | '"') {
            word(rest).ok_or_else(|| syntax(rest, column, "select"))?
        } else {
            return Err(syntax(&first.to_string(), column, "select"));
        };
        tokens.push(Token { kind, column });
        rest = &rest[used..];
    }
}

fn quoted(text: &str) -> Option<(Kind, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != '\'' {
            value.push(c);
        } else if chars.next_if(|(_, next)| *next == '\'').is_some() {
            value.push('\'');
        } else {
            return Some((Kind::Text(value), at + 1));
        }
    }
    None
}

/// A word; `"` around one (a reserved word as a field name) is dropped.
fn word(text: &str) -> Option<(Kind, usize)> {
    if let Some(inner) = text.strip_prefix('"') {
        let end = inner.find('"')?;
        return Some((Kind::Word(inner[..end].to_owned()), end + 2));
    }
    let part_of_word = |at: usize, c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '_' | '.' | '$')
            || text[at..].starts_with("->")
            || (c == '>' && text[..at].ends_with('-'))
    };
    let end = text.char_indices().find(|(at, c)| !part_of_word(*at, *c)).map_or(text.len(), |(at, _)| at);
    Some((Kind::Word(text[..end].to_owned()), end))
}
