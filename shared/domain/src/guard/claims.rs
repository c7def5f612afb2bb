//! What is said: no link, number, money, time, promise or tale that is not in our data.

use super::breach::Breach;
use super::known::Known;
use super::lexicon::{Class, Lexicon};
use super::text::{Token, shown, without_hyphens};
use crate::language::Language;

/// The classes of phrases that are refused, unless our data have the very words.
const REFUSED: [Class; 9] = [
    Class::Promise,
    Class::Money,
    Class::Number,
    Class::Time,
    Class::Invented,
    Class::People,
    Class::OptOut,
    Class::Tone,
    Class::Leftover,
];

/// Every phrase of the lists, of this language and of English, which gets in everywhere.
pub(super) fn phrases(draft: &str, words: &[Token<'_>], language: Language, known: &Known, breaches: &mut Vec<Breach>) {
    let own = Lexicon::of(language);
    let english = (language != Language::English).then(|| Lexicon::of(Language::English));
    let joined = without_hyphens(draft, words);
    for words in [words, &joined] {
        let harmless = harmless(words, own);
        for start in 0..words.len() {
            let rest = &words[start..];
            // One English word may be one of this language; two in a row are English, and so are the longer words of money.
            let intruders = english.into_iter().flat_map(|lexicon| lexicon.found(rest)).filter(|(class, phrase)| {
                let money = matches!(class, Class::Money | Class::Number) && rest[0].folded.len() > 4;
                phrase.len() > 1 || money
            });
            for (class, phrase) in own.found(rest).chain(intruders).filter(|(class, _)| REFUSED.contains(class)) {
                let row = &rest[..phrase.len()];
                let excused = harmless[start..start + phrase.len()].contains(&true);
                let ours = match class {
                    // The context is about what the org does; what it binds itself to stands in its templates.
                    Class::Promise | Class::OptOut | Class::Tone => known.own_words(row),
                    _ => known.fact(row),
                };
                if !excused && !ours {
                    let end = row.last().map_or(0, Token::end);
                    breaches.push(breach(class, shown(&draft[row[0].start..end])));
                }
            }
        }
    }
}

fn breach(class: Class, found: String) -> Breach {
    match class {
        Class::Promise => Breach::Promise { found },
        Class::Money => Breach::Money { found },
        Class::Number => Breach::Number { found },
        Class::Time => Breach::Time { found },
        Class::Invented => Breach::Invented { found },
        Class::OptOut => Breach::OptOut { found },
        Class::Tone => Breach::Tone { found },
        Class::Leftover => Breach::Leftover { found },
        Class::People
        | Class::Allowed
        | Class::Titles
        | Class::Closing
        | Class::Greeting
        | Class::Common
        | Class::Nouns
        | Class::Proper => Breach::Name { found },
    }
}

/// Which words belong to a phrase that is allowed.
fn harmless(words: &[Token<'_>], lexicon: &Lexicon) -> Vec<bool> {
    let mut harmless = vec![false; words.len()];
    for start in 0..words.len() {
        for (_, phrase) in lexicon.found(&words[start..]).filter(|(class, _)| *class == Class::Allowed) {
            harmless[start..start + phrase.len()].fill(true);
        }
    }
    harmless
}

/// Digits, and the signs of money.
pub(super) fn numbers(draft: &str, words: &[Token<'_>], language: Language, known: &Known, breaches: &mut Vec<Breach>) {
    let harmless = harmless(words, Lexicon::of(language));
    for (index, word) in words.iter().enumerate() {
        let digits = word.raw.chars().any(char::is_numeric);
        if digits && !harmless[index] && !known.is_name(&word.folded) && !known.fact(&words[index..=index]) {
            breaches.push(Breach::Number { found: shown(word.raw) });
        }
    }
    for sign in ['€', '$', '£', '%'] {
        if draft.contains(sign) && !known.said.contains(sign) {
            breaches.push(Breach::Money { found: sign.to_string() });
        }
    }
}

/// Whatever a mail program, or a reader, would take for an address.
pub(super) fn links(draft: &str, known: &Known, breaches: &mut Vec<Breach>) {
    let ours: Vec<&str> = pieces(&known.said).collect();
    for piece in pieces(draft).filter(|piece| is_address(piece)) {
        if !ours.contains(&piece) && !known.dotted.contains(&piece.to_lowercase()) {
            breaches.push(Breach::Link { found: shown(piece) });
        }
    }
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .map(|piece| piece.trim_matches(|character: char| !character.is_alphanumeric() && character != '/'))
}

fn is_address(piece: &str) -> bool {
    // An end of a domain: at least two letters after a dot, as `example.com` has and `z.B` has not.
    let dotted = piece.split(['/', '?', ':', ',']).any(|part| {
        part.rsplit_once('.').is_some_and(|(host, end)| {
            host.chars().next_back().is_some_and(char::is_alphanumeric)
                && end.chars().count() >= 2
                && end.chars().all(char::is_alphabetic)
                && !matches!(part, "p.ex" | "i.d.R")
        })
    });
    dotted || piece.contains("://") || piece.contains('@') || piece.to_lowercase().starts_with("www")
}
