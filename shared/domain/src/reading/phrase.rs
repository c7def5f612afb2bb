//! Phrases with room in them, found in tokens.
//!
//! A phrase is words between blanks and:
//!
//! | written | means |
//! |---|---|
//! | `word*` | any word that begins so |
//! | `(a\|b c)` | one of these; `?` behind a word or a bracket: or nothing |
//! | `..`, `...`, `....` | up to 4, 8, 16 words, a date being one (characters, in scripts without blanks) |
//! | `{date}` `{mail}` `{n}` `{month}` `{name}` | a date, an address, a number, a month's name, a word with a capital |
//! | `^`, `$` | here a sentence begins, ends |
//! | `,` | here a part of a sentence ends: a comma, a bracket or its end |
//!
//! Words are compared as numbers: each word that a phrase knows has one. A phrase is looked for only where the text has the
//! words that it cannot do without.
//!
//! **Invariant:** looking costs at most tokens × phrases that begin with that token × their length; a match is a set of
//! ends kept as bits, so that there is no backtracking. No match reaches over the end of a sentence, or 64 tokens.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::lexicon::Languages;
use super::tokens::{Gap, Kind, Token, tokens};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Word(WordId),
    Stem(String),
    Room(u8),
    Date,
    Mail,
    Number,
    Month,
    Name,
    Start,
    End,
    Pause,
    OneOf(Vec<Vec<Piece>>),
}

/// Words by which something is found. They are ours, so nobody can choose them to collide.
pub(super) type Words<T> = HashMap<String, T, BuildHasherDefault<Fnv>>;

/// The hash of Fowler, Noll and Vo (FNV-1a, 64 bits): for words of a few letters the fastest there is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// The number of a word that phrases know.
type WordId = u32;

/// The words that phrases know, in the order in which they were met.
#[derive(Debug, Default)]
struct Vocabulary(Words<WordId>);

impl Vocabulary {
    fn add(&mut self, word: String) -> WordId {
        let next = self.0.len() as WordId;
        *self.0.entry(word).or_insert(next)
    }

    /// The words of a text, `None` for those that no phrase knows, and which of the vocabulary are among them.
    fn read(&self, text: &[Token]) -> (Vec<Option<WordId>>, Vec<bool>) {
        let mut said = vec![false; self.0.len()];
        let words: Vec<_> = text.iter().map(|token| self.0.get(&token.text).copied()).collect();
        for word in words.iter().flatten() {
            said[*word as usize] = true;
        }
        (words, said)
    }
}

/// A phrase and what it stands for.
#[derive(Debug)]
pub(super) struct Phrase<T> {
    pieces: Vec<Piece>,
    pub(super) sense: T,
    /// The language it is of, as its place in the lexicon.
    pub(super) language: u8,
}

/// Where a phrase was found: `start..end` of the tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit<T> {
    pub(super) sense: T,
    pub(super) language: u8,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What phrases can ask of a text besides its words.
pub(super) trait Facts {
    /// The end of the date that begins at this token.
    fn date(&self, at: usize) -> Option<usize>;
    /// Is it a number, in figures or in words?
    fn number(&self, token: &Token) -> bool;
    /// Is it a month's name?
    fn month(&self, token: &Token) -> bool;
}

/// Phrases, found by the word with which they begin.
#[derive(Debug)]
pub(super) struct Phrases<T> {
    phrases: Vec<Phrase<T>>,
    vocabulary: Vocabulary,
    /// By the word's number.
    words: Vec<Vec<u32>>,
    stems: Words<Vec<u32>>,
    others: Vec<u32>,
}

/// Characters by which phrases that begin with a stem are found.
const STEM: usize = 2;

impl<T: Copy> Phrases<T> {
    pub(super) fn new() -> Self {
        Self {
            phrases: Vec::new(),
            vocabulary: Vocabulary::default(),
            words: Vec::new(),
            stems: Words::default(),
            others: Vec::new(),
        }
    }

    /// Adds a phrase; an error says what is wrong with how it is written.
    pub(super) fn add(&mut self, written: &str, sense: T, language: u8) -> Result<(), String> {
        let mut reader = Reader { rest: written.trim(), vocabulary: &mut self.vocabulary };
        let pieces = reader.alternatives()?.pop().filter(|_| reader.rest.is_empty()).unwrap_or_default();
        let mut firsts = Vec::new();
        if pieces.is_empty() || !find_firsts(&pieces, &mut firsts) {
            return Err(format!("the phrase {written:?} needs a word that must be there"));
        }
        self.words.resize_with(self.vocabulary.0.len(), Vec::new);
        let number = u32::try_from(self.phrases.len()).map_err(|_| "too many phrases".to_owned())?;
        for first in firsts {
            let list = match first {
                Piece::Word(word) => &mut self.words[word as usize],
                Piece::Stem(stem) if stem.chars().count() < STEM => return Err(format!("{stem}* is too short")),
                Piece::Stem(stem) => self.stems.entry(stem.chars().take(STEM).collect()).or_default(),
                _ => &mut self.others,
            };
            if list.last() != Some(&number) {
                list.push(number);
            }
        }
        self.phrases.push(Phrase { pieces, sense, language });
        Ok(())
    }

    /// Every phrase of these languages that occurs, in the order of the text.
    pub(super) fn find(&self, text: &[Token], facts: &impl Facts, languages: Languages) -> Vec<Hit<T>> {
        let mut hits = Vec::new();
        let mut stem = String::new();
        let (words, said) = self.vocabulary.read(text);
        for (start, (token, word)) in text.iter().zip(&words).enumerate() {
            stem.clear();
            stem.extend(token.text.chars().take(STEM));
            let lists =
                [word.and_then(|word| self.words.get(word as usize)), self.stems.get(&stem), Some(&self.others)];
            for number in lists.into_iter().flatten().flatten() {
                let Some(phrase) = self.phrases.get(*number as usize) else { continue };
                if languages & (1 << phrase.language) == 0 || !possible(&phrase.pieces, &said) {
                    continue;
                }
                let ends = Search { text, words: &words, facts, start }.sequence(&phrase.pieces, 1);
                if ends > 1 {
                    // The farthest end: what follows a phrase with an optional tail belongs to it.
                    let end = start + (63 - ends.leading_zeros() as usize);
                    hits.push(Hit { sense: phrase.sense, language: phrase.language, start, end });
                }
            }
        }
        hits
    }
}

struct Search<'a, F> {
    text: &'a [Token],
    /// Of each token.
    words: &'a [Option<WordId>],
    facts: &'a F,
    start: usize,
}

impl<F: Facts> Search<'_, F> {
    /// Bit `k` of `ends` says that what came before may end `k` tokens after the start.
    fn sequence(&self, pieces: &[Piece], mut ends: u64) -> u64 {
        for piece in pieces {
            if ends == 0 {
                break;
            }
            ends = self.step(piece, ends);
        }
        ends
    }

    fn step(&self, piece: &Piece, ends: u64) -> u64 {
        if let Piece::OneOf(choices) = piece {
            return choices.iter().fold(0, |sum, choice| sum | self.sequence(choice, ends));
        }
        let (mut left, mut next) = (ends, 0_u64);
        while left != 0 {
            let offset = left.trailing_zeros();
            left &= left - 1;
            next |= self.after(piece, offset);
        }
        next
    }

    fn after(&self, piece: &Piece, offset: u32) -> u64 {
        let at = self.start + offset as usize;
        let here = |length: usize| u32::try_from(length).ok().and_then(|l| 1_u64.checked_shl(offset + l)).unwrap_or(0);
        match piece {
            Piece::Start => {
                return if self.text.get(at).is_some_and(|token| token.gap == Gap::Full) { here(0) } else { 0 };
            }
            Piece::End => {
                return if self.text.get(at).is_none_or(|token| token.gap == Gap::Full) { here(0) } else { 0 };
            }
            Piece::Pause => {
                return if self.text.get(at).is_none_or(|token| token.gap != Gap::Space) { here(0) } else { 0 };
            }
            Piece::Room(most) => return self.room(*most, offset),
            _ => {}
        }
        let Some(token) = self.inside(at) else { return 0 };
        let found = match piece {
            Piece::Word(word) => self.words.get(at) == Some(&Some(*word)),
            Piece::Stem(stem) => token.text.starts_with(stem.as_str()),
            Piece::Mail => token.kind == Kind::Address,
            Piece::Number => self.facts.number(token),
            Piece::Month => self.facts.month(token),
            Piece::Name => token.capital && token.kind == Kind::Word,
            Piece::Date => return self.facts.date(at).map_or(0, |end| here(end - at)),
            Piece::Room(_) | Piece::Start | Piece::End | Piece::Pause | Piece::OneOf(_) => false,
        };
        if found { here(1) } else { 0 }
    }

    /// Up to so many words, where a date is one.
    fn room(&self, most: u8, offset: u32) -> u64 {
        let bit = |at: usize| u32::try_from(at - self.start).ok().and_then(|k| 1_u64.checked_shl(k)).unwrap_or(0);
        let mut reached = bit(self.start + offset as usize);
        let mut edge = reached;
        for _ in 0..most {
            let mut next = 0;
            while edge != 0 {
                let at = self.start + edge.trailing_zeros() as usize;
                edge &= edge - 1;
                if self.inside(at).is_some() {
                    next |= bit(at + 1) | self.facts.date(at).map_or(0, bit);
                }
            }
            edge = next & !reached;
            reached |= next;
        }
        reached
    }

    /// The token, unless a sentence ended before it.
    fn inside(&self, at: usize) -> Option<&Token> {
        self.text.get(at).filter(|token| at == self.start || token.gap != Gap::Full)
    }
}

/// Collects the pieces with which a match can begin; `false` where it could be empty.
fn find_firsts(pieces: &[Piece], firsts: &mut Vec<Piece>) -> bool {
    for piece in pieces {
        match piece {
            Piece::Start | Piece::End | Piece::Pause => {}
            Piece::Room(_) => return false,
            Piece::OneOf(choices) => {
                let mut empty = false;
                for choice in choices {
                    empty |= !find_firsts(choice, firsts);
                }
                if !empty {
                    return true;
                }
            }
            other => {
                firsts.push(other.clone());
                return true;
            }
        }
    }
    false
}

/// Does the text have the words that every match needs?
fn possible(pieces: &[Piece], said: &[bool]) -> bool {
    pieces.iter().all(|piece| match piece {
        Piece::Word(word) => said.get(*word as usize).is_some_and(|said| *said),
        Piece::OneOf(choices) => choices.iter().any(|choice| possible(choice, said)),
        _ => true,
    })
}

/// Reads how a phrase is written.
struct Reader<'a> {
    rest: &'a str,
    vocabulary: &'a mut Vocabulary,
}

impl Reader<'_> {
    fn alternatives(&mut self) -> Result<Vec<Vec<Piece>>, String> {
        let mut all = vec![self.sequence()?];
        while let Some(rest) = self.rest.strip_prefix('|') {
            self.rest = rest;
            all.push(self.sequence()?);
        }
        Ok(all)
    }

    fn sequence(&mut self) -> Result<Vec<Piece>, String> {
        let mut pieces: Vec<Piece> = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            let mut group = match self.rest.chars().next() {
                None | Some('|' | ')') => return Ok(pieces),
                Some('(') => {
                    self.rest = &self.rest[1..];
                    let choices = self.alternatives()?;
                    self.rest = self.rest.strip_prefix(')').ok_or("a bracket is not closed")?;
                    vec![Piece::OneOf(choices)]
                }
                Some('{') => {
                    let (name, rest) = self.rest[1..].split_once('}').ok_or("a brace is not closed")?;
                    self.rest = rest;
                    vec![match name {
                        "date" => Piece::Date,
                        "mail" => Piece::Mail,
                        "n" => Piece::Number,
                        "month" => Piece::Month,
                        "name" => Piece::Name,
                        _ => return Err(format!("{{{name}}} is not known")),
                    }]
                }
                Some(_) => self.word()?,
            };
            if let Some(rest) = self.rest.strip_prefix('?') {
                self.rest = rest;
                group = vec![Piece::OneOf(vec![group, Vec::new()])];
            }
            pieces.append(&mut group);
        }
    }

    fn word(&mut self) -> Result<Vec<Piece>, String> {
        let end = self.rest.find(|c: char| c.is_whitespace() || "(|){?".contains(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "^" => return Ok(vec![Piece::Start]),
            "$" => return Ok(vec![Piece::End]),
            "," => return Ok(vec![Piece::Pause]),
            ".." => return Ok(vec![Piece::Room(4)]),
            "..." => return Ok(vec![Piece::Room(8)]),
            "...." => return Ok(vec![Piece::Room(16)]),
            _ => {}
        }
        let mut words: Vec<String> = tokens(word).into_iter().map(|token| token.text).collect();
        if word.ends_with(['\'', '’'])
            && let Some(last) = words.last_mut()
        {
            last.push('\'');
        }
        let stem = if word.ends_with('*') { words.pop() } else { None };
        let mut pieces: Vec<Piece> = words.into_iter().map(|word| Piece::Word(self.vocabulary.add(word))).collect();
        pieces.extend(stem.map(Piece::Stem));
        if pieces.is_empty() { Err(format!("{word:?} holds no word")) } else { Ok(pieces) }
    }
}
