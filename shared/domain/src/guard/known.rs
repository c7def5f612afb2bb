//! What our data knows of one lead: the draft may name nothing else.

use std::collections::HashSet;

use super::lexicon::{Class, Lexicon};
use super::text::{Token, fold, tokens};
use crate::language::Language;
use crate::writing::Brief;

/// What may be said.
pub(super) struct Known {
    /// Folded words that may have a capital anywhere.
    pub names: HashSet<String>,
    /// Folded words of the reader's own name.
    pub reader: HashSet<String>,
    /// Folded words of what the template itself says.
    own: Vec<String>,
    /// Those, and what our people wrote as facts.
    facts: Vec<String>,
    /// The text behind `facts`.
    pub said: String,
    /// Letters in our data, of whatever script.
    pub letters: HashSet<char>,
    /// Names that look like addresses on the web, in lower case.
    pub dotted: HashSet<String>,
}

impl Known {
    /// Reads the brief. A context that tries to give orders, or is markup, grants nothing.
    pub fn of(brief: &Brief) -> Self {
        let context = brief.context.trim();
        let own = if context.is_empty() { brief.example.clone() } else { brief.example.replace(context, " ") };
        let context = if is_plain(context, brief.language) { context } else { "" };
        let said = [own.as_str(), &brief.more_information, context].join("\n");
        let person = &brief.person;
        let named = [
            person.first_name.as_str(),
            &person.last_name,
            &person.company,
            &person.designation,
            &person.industry,
            &brief.assistant_name,
            &brief.assistant_title,
            &brief.organisation,
        ];
        let mut names: HashSet<String> = named.iter().flat_map(|text| words(text)).collect();
        // What has a capital in our own words may have one in the draft.
        names.extend(tokens(&said).into_iter().filter(|token| starts_upper(token.raw)).map(|token| token.folded));
        let dotted = [&person.company, &brief.organisation].into_iter();
        Self {
            reader: [&person.first_name, &person.last_name].into_iter().flat_map(|text| words(text)).collect(),
            own: words(&own).collect(),
            facts: words(&said).collect(),
            letters: named.iter().copied().chain([said.as_str()]).flat_map(str::chars).collect(),
            dotted: dotted.flat_map(|text| text.split_whitespace()).map(str::to_lowercase).collect(),
            names,
            said,
        }
    }

    /// Does the template itself, without the context, say these words in a row?
    pub fn own_words(&self, words: &[Token<'_>]) -> bool {
        has_row(&self.own, words)
    }

    /// Do our data say these words in a row?
    pub fn fact(&self, words: &[Token<'_>]) -> bool {
        has_row(&self.facts, words)
    }

    /// Is it a name in our data, perhaps with a possessive s?
    pub fn is_name(&self, folded: &str) -> bool {
        self.names.contains(folded) || folded.strip_suffix('s').is_some_and(|stem| self.names.contains(stem))
    }
}

fn has_row(all: &[String], words: &[Token<'_>]) -> bool {
    !words.is_empty() && all.windows(words.len()).any(|row| row.iter().zip(words).all(|(a, b)| *a == b.folded))
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).map(fold)
}

pub(super) fn starts_upper(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

/// Is a text free of markup and of orders to whoever reads it?
fn is_plain(text: &str, language: Language) -> bool {
    const ORDERS: [&str; 11] = [
        "ignor",
        "disregard",
        "forget",
        "vergiss",
        "missachte",
        "oublie",
        "olvid",
        "dimentic",
        "esquec",
        "negeer",
        "vergeet",
    ];
    let words = tokens(text);
    let ordered = words.iter().any(|word| ORDERS.iter().any(|order| word.folded.starts_with(order)));
    let leftover = [Language::English, language].into_iter().any(|language| {
        let found = |start| Lexicon::of(language).found(&words[start..]).any(|(class, _)| class == Class::Leftover);
        (0..words.len()).any(found)
    });
    !ordered && !leftover && !text.contains(['{', '}', '<', '>', '[', ']', '`', '|', '\\', '#', '*'])
}
