//! A text with everything that was found in it.
//!
//! **Invariant:** a phrase counts only in a language that the text may be in, and a wish only where nothing in its
//! clause takes it back.

use jiff::civil::Date;

use super::Intent;
use super::calendar::{Calendar, Named};
use super::dates::{Dates, dates};
use super::lexicon::{LEXICON, Languages, Lexicon, Sense};
use super::phrase::Hit;
use super::tokens::{Gap, Kind, Token, tokens};

/// Bytes of a text whose words are read: some ten pages.
const READ: usize = 32 * 1024;

/// Words, or characters in scripts without blanks, that a sentence has on either side of what is said in it.
const SENTENCE: usize = 120;

/// Words over which a negation reaches.
const REACH: usize = 5;

pub(super) struct Text<'a> {
    pub(super) source: &'a str,
    pub(super) tokens: Vec<Token>,
    /// Empty where it is not known from when to count.
    pub(super) dates: Vec<Named>,
    /// The writer's day, where it is known.
    pub(super) today: Option<Date>,
    /// Those it may be in.
    pub(super) languages: Languages,
    hits: Vec<Hit<Sense>>,
    /// The tokens with which sentences begin.
    sentences: Vec<usize>,
}

impl<'a> Text<'a> {
    pub(super) fn new(source: &'a str, calendar: Option<Calendar>) -> Self {
        let source = &source[..source.floor_char_boundary(READ)];
        let tokens = tokens(source);
        let dates = calendar.map(|calendar| dates(source, &tokens, calendar)).unwrap_or_default();
        let languages = LEXICON.languages(&tokens);
        let mut hits = LEXICON.words.find(&tokens, &Dates(&dates), languages);
        let today = calendar.map(|calendar| calendar.today);
        let full = tokens.iter().enumerate().filter(|(_, token)| token.gap == Gap::Full);
        let sentences = full.map(|(at, _)| at).collect();
        let mut text = Self { source, tokens, dates, today, languages, hits: Vec::new(), sentences };
        let taken_back: Vec<bool> = hits.iter().map(|hit| text.is_taken_back(hit, &hits)).collect();
        let mut taken_back = taken_back.into_iter();
        hits.retain(|_| !taken_back.next().unwrap_or_default());
        text.hits = hits;
        text
    }

    /// Where this is said, in the order of the text.
    pub(super) fn hits(&self, sense: Sense) -> impl Iterator<Item = &Hit<Sense>> {
        self.hits.iter().filter(move |hit| hit.sense == sense)
    }

    /// Where this is said by phrases that begin in these tokens.
    pub(super) fn hits_in(&self, sense: Sense, tokens: std::ops::Range<usize>) -> impl Iterator<Item = &Hit<Sense>> {
        let first = self.hits.partition_point(|hit| hit.start < tokens.start);
        self.hits[first..].iter().take_while(move |hit| hit.start < tokens.end).filter(move |hit| hit.sense == sense)
    }

    pub(super) fn says(&self, sense: Sense) -> bool {
        self.hits(sense).next().is_some()
    }

    /// At how many places this is said: two phrases over the same words are one.
    pub(super) fn times(&self, sense: Sense) -> usize {
        let (mut end, mut times) = (0, 0);
        for hit in self.hits(sense) {
            times += usize::from(hit.start >= end);
            end = end.max(hit.end);
        }
        times
    }

    /// The words of a hit, for the evidence.
    pub(super) fn quote(&self, hit: &Hit<Sense>) -> String {
        let start = self.tokens.get(hit.start).map_or(0, |token| token.start);
        let end = hit.end.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(start, |token| token.end);
        let words: Vec<&str> = self.source.get(start..end).unwrap_or_default().split_whitespace().collect();
        format!("the words {:?} ({})", words.join(" "), Lexicon::name(hit.language))
    }

    /// The tokens of the sentence around a token, as far as it is one.
    pub(super) fn sentence(&self, at: usize) -> std::ops::Range<usize> {
        let next = self.sentences.partition_point(|start| *start <= at);
        let start = next.checked_sub(1).and_then(|nth| self.sentences.get(nth)).copied().unwrap_or(0);
        let end = self.sentences.get(next).copied().unwrap_or(self.tokens.len());
        start.max(at.saturating_sub(SENTENCE))..end.min(at + SENTENCE)
    }

    /// Does a question mark stand before this token, behind the one before it?
    pub(super) fn asks(&self, end: usize) -> bool {
        let behind = end.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(0, |token| token.end);
        let next = self.tokens.get(end).map_or(self.source.len(), |token| token.start);
        self.source.get(behind..next).is_some_and(|gap| gap.contains(['?', '？']))
    }

    /// The dates that lie wholly in these tokens, in their order.
    pub(super) fn dates_in(&self, tokens: std::ops::Range<usize>) -> impl Iterator<Item = &Named> {
        let first = self.dates.partition_point(|named| named.start < tokens.start);
        self.dates[first..].iter().take_while(move |named| named.end <= tokens.end)
    }

    /// The addresses in the text, with their tokens.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (usize, &str)> {
        let addresses = self.tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Address);
        addresses.map(|(at, token)| (at, token.text.as_str()))
    }

    fn is_taken_back(&self, hit: &Hit<Sense>, all: &[Hit<Sense>]) -> bool {
        let Sense::Wants(intent) = hit.sense else { return false };
        if !matches!(
            intent,
            Intent::Unsubscribed
                | Intent::Retired
                | Intent::MovedOut
                | Intent::AgreedToMeet
                | Intent::BrochureRequested
                | Intent::InterestedToProceed
        ) {
            return false;
        }
        let within = |start: usize, end: usize| {
            let parted = |token: &Token| token.gap != Gap::Space;
            let first = all.partition_point(|other| other.start < start);
            let but = all[first..].iter().take_while(|other| other.start < end).any(|other| other.sense == Sense::But);
            end - start <= REACH && !but && !self.tokens.get(start..=end).unwrap_or_default().iter().skip(1).any(parted)
        };
        // Hits are in order, and none is longer than 64 tokens.
        let near = all.partition_point(|other| other.start + 64 + REACH < hit.start);
        let near = all[near..].iter().take_while(|other| other.start < hit.end + 3);
        let mut negations = near.filter(|other| other.sense == Sense::Not);
        negations.any(|not| {
            let before = not.end <= hit.start && within(not.end - 1, hit.start);
            // Verbs, and with them what negates them, stand last in these languages.
            let verb_last = matches!(Lexicon::name(hit.language), "de" | "nl" | "ja" | "tr");
            // "A call does not work this week": what is negated behind it is no appointment, in any language.
            let behind = verb_last || intent == Intent::AgreedToMeet;
            before || behind && not.start >= hit.end && not.start < hit.end + 3 && within(hit.end - 1, not.start)
        })
    }
}
