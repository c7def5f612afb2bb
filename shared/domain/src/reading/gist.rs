//! What a person's words come to where no phrase decides: which kinds of words stand together in a sentence.
//!
//! A phrase knows how something is said, in one language; here it only counts that a wish for a document is made of a
//! word for giving and one for a document, wherever they stand and in whatever form. The kinds are the same in every
//! language, so that the rules are written once.
//!
//! **Invariant:** time is linear in the words that are kinds of something.

use super::Intent;
use super::calendar::{Exact, Named};
use super::lexicon::{ANY, Kin, LEXICON, Sense};
use super::text::Text;
use super::tokens::Gap;

/// The kinds of words in a sentence, a bit for each.
type Kins = u32;

/// An intent and how much speaks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gist {
    pub(super) intent: Intent,
    pub(super) weight: i32,
}

/// What is known of a sentence besides its words.
#[derive(Debug, Default, Clone, Copy)]
struct Sentence {
    start: usize,
    kins: Kins,
    asks: bool,
    negated: bool,
    /// Tells of what was.
    told: bool,
    /// Names a day or an hour within reach.
    soon: bool,
    /// Names a day, month or quarter farther off.
    far: bool,
}

impl Sentence {
    fn has(&self, kin: Kin) -> bool {
        self.kins & bit(kin) != 0
    }

    fn all<const N: usize>(&self, kins: [Kin; N]) -> bool {
        kins.into_iter().all(|kin| self.has(kin))
    }
}

fn bit(kin: Kin) -> Kins {
    1 << kin as u32
}

/// A person's sentences by the kinds of their words.
pub(super) struct Kinds(Vec<Sentence>);

impl Kinds {
    pub(super) fn of(text: &Text<'_>) -> Self {
        Self(sentences(text))
    }

    fn around(&self, at: usize) -> Sentence {
        let next = self.0.partition_point(|sentence| sentence.start <= at);
        next.checked_sub(1).and_then(|nth| self.0.get(nth)).copied().unwrap_or_default()
    }

    /// Does the sentence around this token ask to be written to, or called?
    pub(super) fn invites(&self, at: usize) -> bool {
        self.around(at).has(Kin::Write)
    }

    /// Is somebody in charge in the sentence around this token?
    pub(super) fn charges(&self, at: usize) -> bool {
        self.around(at).has(Kin::Charge)
    }

    /// Is the date in the sentence around this token that of a contract or an order, rather than one to write again?
    pub(super) fn deals(&self, at: usize) -> bool {
        let it = self.around(at);
        (it.soon || it.far) && it.has(Kin::Deal) && (it.has(Kin::Give) || it.has(Kin::Gladly)) && !it.has(Kin::Write)
    }

    /// Is a document wished for in another sentence than the one around this token, which refuses the rest?
    pub(super) fn only_wants_to_read(&self, at: usize) -> bool {
        let refusal = self.around(at);
        self.0.iter().any(|it| it.start != refusal.start && wants_document(it))
    }

    /// Is a document wished for?
    pub(super) fn wants_to_read(&self) -> bool {
        self.0.iter().any(wants_document)
    }

    /// Does the sentence around this token name a day?
    pub(super) fn dated(&self, at: usize) -> bool {
        let it = self.around(at);
        it.soon || it.far
    }
}

fn wants_document(it: &Sentence) -> bool {
    it.all([Kin::Document, Kin::Give]) && !it.told && !it.has(Kin::Stop)
}

/// The intents, the more binding first, with how much speaks for each.
pub(super) fn weigh(kinds: &Kinds) -> Vec<Gist> {
    let sentences = &kinds.0;
    let mut weights: Vec<Gist> = ORDER.into_iter().map(|intent| Gist { intent, weight: 0 }).collect();
    for sentence in sentences {
        for (intent, weight) in said(sentence) {
            if let Some(gist) = weights.iter_mut().find(|gist| gist.intent == intent) {
                gist.weight += weight;
            }
        }
    }
    weights
}

const ORDER: [Intent; 10] = [
    Intent::Unsubscribed,
    Intent::MovedOut,
    Intent::ReferredSomeone,
    Intent::Deactivated,
    Intent::AgreedToMeet,
    Intent::ConnectLater,
    Intent::BrochureRequested,
    Intent::InterestedToProceed,
    Intent::SeekingMoreInfo,
    Intent::Responded,
];

fn said(it: &Sentence) -> impl Iterator<Item = (Intent, i32)> {
    let told = it.told;
    let refuses = it.negated || it.has(Kin::Stop);
    [
        (Intent::Unsubscribed, 4, it.all([Kin::Remove, Kin::List])),
        (Intent::MovedOut, 2, it.all([Kin::Leave, Kin::Work]) && !it.asks),
        (Intent::ReferredSomeone, 2, it.all([Kin::Role, Kin::Charge])),
        (Intent::Deactivated, 2, it.all([Kin::Stop, Kin::Write]) && !it.far && !it.soon && !it.has(Kin::Document)),
        (Intent::Deactivated, 2, refuses && it.has(Kin::Need) && !it.asks),
        (Intent::Deactivated, 2, it.all([Kin::Supplier, Kin::Have]) && !it.asks),
        (Intent::AgreedToMeet, 2, it.all([Kin::Talk, Kin::Gladly]) && !refuses && !it.far),
        (Intent::AgreedToMeet, 1, it.soon && (it.has(Kin::Talk) || it.has(Kin::Gladly)) && !refuses),
        (Intent::ConnectLater, 1, it.far && it.has(Kin::Write)),
        (Intent::ConnectLater, 2, (it.far || it.has(Kin::Later)) && it.has(Kin::Write)),
        (Intent::ConnectLater, 2, it.far && (it.has(Kin::Talk) || it.has(Kin::Busy))),
        (Intent::ConnectLater, 2, it.all([Kin::Busy, Kin::Later])),
        (Intent::ConnectLater, 2, it.all([Kin::Write, Kin::Later]) && (it.soon || it.far)),
        (Intent::BrochureRequested, 3, it.all([Kin::Document, Kin::Give])),
        (Intent::BrochureRequested, 1, it.has(Kin::Document) && it.asks),
        (Intent::InterestedToProceed, 2, it.all([Kin::Deal, Kin::Gladly]) && !refuses),
        (Intent::InterestedToProceed, 2, it.all([Kin::Deal, Kin::Give]) && !refuses),
        (Intent::SeekingMoreInfo, 2, it.asks && it.has(Kin::Matter)),
        (Intent::SeekingMoreInfo, 1, it.asks),
        (Intent::SeekingMoreInfo, 1, it.all([Kin::Know, Kin::Matter])),
        (Intent::SeekingMoreInfo, 1, it.all([Kin::Question, Kin::Know])),
        (Intent::Responded, 2, it.has(Kin::Noted) || it.told),
    ]
    .into_iter()
    .filter(move |(intent, _, holds)| *holds && (!told || ORDER[..4].contains(intent) || *intent == Intent::Responded))
    .map(|(intent, weight, _)| (intent, weight))
}

fn sentences(text: &Text<'_>) -> Vec<Sentence> {
    let hits = LEXICON.kins.find(&text.tokens, &super::dates::Dates(&text.dates), ANY);
    let mut hits = hits.iter().filter(|hit| text.languages & (1 << hit.language) != 0).peekable();
    let full = text.tokens.iter().enumerate().filter(|(_, token)| token.gap == Gap::Full).map(|(at, _)| at);
    let starts: Vec<usize> = full.collect();
    let mut sentences = Vec::with_capacity(starts.len());
    for (nth, start) in starts.iter().enumerate() {
        let end = starts.get(nth + 1).copied().unwrap_or(text.tokens.len());
        let mut it = Sentence { start: *start, ..Sentence::default() };
        while let Some(hit) = hits.next_if(|hit| hit.start < end) {
            it.kins |= bit(hit.sense);
        }
        it.asks = text.asks(end);
        it.told = text.hits_in(Sense::Past, *start..end).next().is_some() && !it.asks;
        it.negated = text.hits_in(Sense::Not, *start..end).next().is_some();
        for named in text.dates_in(*start..end) {
            let far = is_far(named, text);
            it.far |= far;
            it.soon |= !far;
        }
        sentences.push(it);
    }
    sentences
}

/// Days ahead from which a talk is for later.
pub(super) const SOON: i32 = 24;

fn is_far(named: &Named, text: &Text<'_>) -> bool {
    let ahead = text.today.and_then(|today| today.until(named.first).ok()).map_or(0, |span| span.get_days());
    ahead > SOON || named.exact == Exact::Stretch && ahead > 14
}
