//! The words of each language that a draft may not have, and those it may.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::text::{Token, fold};
use crate::language::Language;

/// What a phrase gives away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Class {
    /// No danger, though it has words that are elsewhere.
    Allowed,
    Promise,
    Money,
    Number,
    Time,
    Invented,
    People,
    OptOut,
    Tone,
    Leftover,
    /// Forms of address: which is right is not ours to guess.
    Titles,
    /// Ends of letters.
    Closing,
    /// Begins of letters, and whom they greet without a name.
    Greeting,
    /// May have a capital at the begin of a sentence.
    Common,
    /// May have a capital anywhere.
    Nouns,
    /// Courtesy forms that may have a capital anywhere.
    Proper,
}

const CLASSES: [(&str, Class); 16] = [
    ("allowed", Class::Allowed),
    ("promise", Class::Promise),
    ("money", Class::Money),
    ("number", Class::Number),
    ("time", Class::Time),
    ("invented", Class::Invented),
    ("people", Class::People),
    ("opt_out", Class::OptOut),
    ("tone", Class::Tone),
    ("leftover", Class::Leftover),
    ("titles", Class::Titles),
    ("closing", Class::Closing),
    ("greeting", Class::Greeting),
    ("common", Class::Common),
    ("nouns", Class::Nouns),
    ("proper", Class::Proper),
];

/// One word of a phrase, folded.
#[derive(Debug, Clone)]
struct Word {
    text: String,
    /// Only the start is given.
    open: bool,
}

/// Words in a row.
#[derive(Debug, Clone)]
pub(super) struct Phrase(Vec<Word>);

impl Phrase {
    fn parse(text: &str) -> Self {
        let words = text.split_whitespace().map(|word| {
            let start = word.strip_suffix('*');
            Word { text: fold(start.unwrap_or(word)), open: start.is_some() }
        });
        Self(words.collect())
    }

    /// How many words it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Do these words begin with it?
    pub fn starts(&self, words: &[Token<'_>]) -> bool {
        self.0.len() <= words.len()
            && self.0.iter().zip(words).all(|(word, token)| {
                if word.open { token.folded.starts_with(&word.text) } else { token.folded == word.text }
            })
    }
}

/// A language's phrases and words.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    phrases: Vec<(Class, Phrase)>,
    /// Where phrases with this first letter stand: a text is held against thousands of them.
    by_initial: HashMap<char, Vec<usize>>,
    words: HashMap<Class, HashSet<String>>,
}

impl Lexicon {
    fn parse(text: &str) -> Self {
        let mut lexicon = Self::default();
        let mut class = Class::Allowed;
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                let known = CLASSES.iter().find(|(known, _)| *known == name);
                class = known.expect("the shipped lists are read by a test").1;
                continue;
            }
            let entries = line.split(';').map(str::trim).filter(|entry| !entry.is_empty());
            if matches!(class, Class::Common | Class::Nouns | Class::Proper) {
                lexicon.words.entry(class).or_default().extend(entries.map(fold));
            } else {
                lexicon.phrases.extend(entries.map(|entry| (class, Phrase::parse(entry))));
            }
        }
        for (index, (_, phrase)) in lexicon.phrases.iter().enumerate() {
            let initial = phrase.0.first().and_then(|word| word.text.chars().next());
            initial.into_iter().for_each(|initial| lexicon.by_initial.entry(initial).or_default().push(index));
        }
        lexicon
    }

    /// The words and phrases of a language.
    pub fn of(language: Language) -> &'static Self {
        static ALL: LazyLock<[Lexicon; 7]> = LazyLock::new(|| {
            [
                include_str!("words/en.txt"),
                include_str!("words/de.txt"),
                include_str!("words/fr.txt"),
                include_str!("words/es.txt"),
                include_str!("words/it.txt"),
                include_str!("words/pt.txt"),
                include_str!("words/nl.txt"),
            ]
            .map(Lexicon::parse)
        });
        &ALL[match language {
            Language::English => 0,
            Language::German => 1,
            Language::French => 2,
            Language::Spanish => 3,
            Language::Italian => 4,
            Language::Portuguese => 5,
            Language::Dutch => 6,
        }]
    }

    /// Is the folded word in a list?
    pub fn has(&self, class: Class, folded: &str) -> bool {
        self.words.get(&class).is_some_and(|words| words.contains(folded))
    }

    /// The phrases that these words begin with, each with its class.
    pub fn found<'a>(&'a self, words: &'a [Token<'_>]) -> impl Iterator<Item = (Class, &'a Phrase)> {
        let first = words.first().and_then(|word| word.folded.chars().next());
        let candidates = first.and_then(|first| self.by_initial.get(&first)).into_iter().flatten();
        candidates
            .map(|index| &self.phrases[*index])
            .filter(|(_, phrase)| phrase.starts(words))
            .map(|(class, phrase)| (*class, phrase))
    }

    /// Does the end of the word say that it is an adverb or an abstract noun, as in `seguramente`? No name is that long.
    pub fn is_formed(folded: &str) -> bool {
        const SUFFIXES: [&str; 7] = ["mente", "ment", "tion", "cion", "zione", "cao", "lijk"];
        folded.len() > 8 && SUFFIXES.iter().any(|suffix| folded.ends_with(suffix))
    }

    /// Is this German word a plain noun, a form of one, or made of one? What a suffix makes a noun is one.
    pub fn is_noun(&self, folded: &str) -> bool {
        const SUFFIXES: [&str; 17] = [
            "ung", "ungen", "heit", "heiten", "keit", "keiten", "schaft", "schaften", "tion", "tionen", "itat",
            "itaten", "nis", "nisse", "enz", "anz", "ment",
        ];
        const ENDINGS: [&str; 8] = ["", "e", "n", "en", "s", "es", "er", "ern"];
        if folded.len() > 7 && SUFFIXES.iter().any(|suffix| folded.ends_with(suffix)) {
            return true;
        }
        ENDINGS.iter().filter_map(|ending| folded.strip_suffix(ending)).any(|stem| {
            let heads = stem.char_indices().skip(3).map(|(start, _)| &stem[start..]);
            self.has(Class::Nouns, stem)
                || heads.filter(|head| head.len() >= 5).any(|head| self.has(Class::Nouns, head))
        })
    }
}

/// First names and companies that are no words in any of the languages.
pub(super) fn is_known_elsewhere(folded: &str) -> bool {
    static NAMES: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let lines = include_str!("words/everywhere.txt").lines().filter(|line| !line.starts_with('#'));
        lines.flat_map(|line| line.split(';')).map(|name| fold(name.trim())).collect()
    });
    NAMES.contains(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_list() {
        for language in Language::ALL {
            let lexicon = Lexicon::of(language);
            for (name, class) in CLASSES.iter().take(13) {
                assert!(lexicon.phrases.iter().filter(|(of, _)| of == class).count() > 2, "{language:?} {name}");
            }
            assert!(lexicon.words.values().map(HashSet::len).sum::<usize>() > 150, "{language:?}");
            let words = lexicon.phrases.iter().flat_map(|(_, phrase)| &phrase.0);
            for word in words {
                let plain =
                    !word.text.is_empty() && word.text.chars().all(|character| character.is_ascii_alphanumeric());
                assert!(plain, "{language:?}: {:?} can never be found", word.text);
            }
        }
        assert!(is_known_elsewhere("michael"));
    }
}
