//! The words of each language, from the files in `lexicon/`, parsed once.
//!
//! A file is sections in square brackets, one entry a line, `#` before a comment. Most entries are phrases (see
//! [`super::phrase`]); `[function]` is common words by which a language is recognised; `[months]`, `[weekdays]` and
//! `[numbers]` are lists in order, each line the spellings of one, as are `[ordinals]` from the first to the fourth and the last; `[dates]` has `what: phrase`, see [`DateKind`].
//!
//! **Invariant:** every file parses; a test says so, so that nothing is left out silently at run time.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::Intent;
use super::phrase::{Phrases, Words};
use super::tokens::{Token, folded};

/// Which languages, a bit for each place in [`FILES`].
pub(super) type Languages = u32;

/// Whatever language it is.
pub(super) const ANY: Languages = Languages::MAX;

const FILES: [(&str, &str); 17] = [
    ("en", include_str!("lexicon/en.txt")),
    ("de", include_str!("lexicon/de.txt")),
    ("fr", include_str!("lexicon/fr.txt")),
    ("es", include_str!("lexicon/es.txt")),
    ("it", include_str!("lexicon/it.txt")),
    ("pt", include_str!("lexicon/pt.txt")),
    ("nl", include_str!("lexicon/nl.txt")),
    ("pl", include_str!("lexicon/pl.txt")),
    ("sv", include_str!("lexicon/sv.txt")),
    ("ja", include_str!("lexicon/ja.txt")),
    ("zh", include_str!("lexicon/zh.txt")),
    ("ru", include_str!("lexicon/ru.txt")),
    ("tr", include_str!("lexicon/tr.txt")),
    ("da", include_str!("lexicon/da.txt")),
    ("no", include_str!("lexicon/no.txt")),
    ("fi", include_str!("lexicon/fi.txt")),
    ("cs", include_str!("lexicon/cs.txt")),
];

/// What a phrase in a text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    /// A wish of the writer.
    Wants(Intent),
    /// A refusal that gives way to any other wish: not now, no budget, do not call.
    Reluctant,
    /// The company, the practice or the mailbox is no more.
    Gone,
    /// It takes back what follows in its clause.
    Not,
    /// The reach of a negation ends here.
    But,
    /// It tells of what was: no wish stands in its sentence.
    Past,
    /// Somebody writes for another: a secretary, a wife.
    StandIn,
    /// Absence, announced.
    Away,
    /// What announcements of absence add: urgent cases, no access to mail, an answer after the return.
    Detail,
    /// Software says that it is software.
    Automatic,
    /// A request was received or numbered.
    Ticket,
    /// Nobody reads this mailbox.
    Unread,
    /// The sender is to prove that they are a person.
    Challenge,
    /// The date in it is the first day back.
    Back,
    /// On the date in it mail is answered, or one is seen.
    Answer,
    /// The date in it is the last day away.
    Until,
    /// What is asked for may happen from the day after the date in it.
    After,
    /// The date in it is the first day away.
    From,
}

/// A kind of word: several of them in a sentence tell what it is about where no phrase does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kin {
    /// Where addresses are kept: a list, a database, data.
    List,
    /// Taking off, deleting.
    Remove,
    /// Ceasing, and plain negation.
    Stop,
    /// Writing, calling, coming back.
    Write,
    /// A document, in any form.
    Document,
    /// Giving, sending, wishing to have.
    Give,
    /// Meeting and talking.
    Talk,
    /// Assent, ability, proposing.
    Gladly,
    /// Another time.
    Later,
    /// No time now.
    Busy,
    /// A contract, an order, a trial, the beginning.
    Deal,
    /// What is asked about: price, product, company.
    Matter,
    /// Question words.
    Question,
    /// Knowing, explaining, telling.
    Know,
    /// Need, interest, use, fit.
    Need,
    /// Who or what serves already.
    Supplier,
    /// Having, using, being content.
    Have,
    /// A colleague, a department.
    Role,
    /// Being responsible, passing on.
    Charge,
    /// Leaving.
    Leave,
    /// A company, a job.
    Work,
    /// Taken note of, to be discussed, greetings.
    Noted,
}

/// What a phrase in a line stands for, wherever mail is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineSense {
    Closing,
    Mobile,
    Disclaimer,
    Wrote,
    HeaderFrom,
    Header,
    Original,
}

/// What a subject's phrase stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SubjectSense {
    Automatic,
    Away,
    Ticket,
}

/// A stretch of the calendar that is named relative to today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Half,
    Year,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    All,
    Early,
    Mid,
    Late,
}

/// Which of the units it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// `+2`: the second after this one.
    Ahead(i16),
    /// `~1`: the day so far ahead: in a month.
    Near(i16),
    /// `+n`: as many after this one as the phrase's number says.
    AheadNumber,
    /// `#`: the one with the phrase's number: week 34, the 15th.
    Number,
    /// `#2`: the one with this number: the second quarter.
    Fixed(i16),
    /// `=`: the one that the phrase names: a month.
    Named,
}

/// `early month=`, `week+1`, `day#`, `quarter#2`: what the dates of a `[dates]` line are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DateKind {
    pub(super) part: Part,
    pub(super) unit: Unit,
    pub(super) which: Which,
}

#[derive(Debug)]
pub(super) struct Lexicon {
    pub(super) words: Phrases<Sense>,
    pub(super) kins: Phrases<Kin>,
    pub(super) dates: Phrases<DateKind>,
    pub(super) lines: Phrases<LineSense>,
    pub(super) subjects: Phrases<SubjectSense>,
    /// With the languages in which they are called so.
    pub(super) months: Words<(i8, Languages)>,
    /// 1 is Monday.
    pub(super) weekdays: Words<(i8, Languages)>,
    /// Words for numbers; "en" is one in some languages only.
    pub(super) numbers: Words<(i16, Languages)>,
    /// Words for the first, the second; -1 is the last.
    pub(super) ordinals: Words<(i16, Languages)>,
    function: Words<Languages>,
}

/// The lexicon of every language.
pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(&mut |_| {}));

impl Lexicon {
    /// Reads the files; what cannot be read is told to `trouble`.
    pub(super) fn read(trouble: &mut dyn FnMut(String)) -> Self {
        let mut lexicon = Self {
            words: Phrases::new(),
            kins: Phrases::new(),
            dates: Phrases::new(),
            lines: Phrases::new(),
            subjects: Phrases::new(),
            months: Words::default(),
            weekdays: Words::default(),
            numbers: Words::default(),
            ordinals: Words::default(),
            function: Words::default(),
        };
        for (language, (name, file)) in (0..).zip(FILES) {
            let (mut section, mut nth) = ("", 0);
            for line in file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
                if let Some(title) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                    (section, nth) = (title, 0);
                    continue;
                }
                nth += 1;
                if let Err(error) = lexicon.entry(section, nth, line, language) {
                    trouble(format!("{name}.txt, [{section}]: {error}"));
                }
            }
        }
        lexicon
    }

    fn entry(&mut self, section: &str, nth: i16, line: &str, language: u8) -> Result<(), String> {
        if let Some(sense) = word_sense(section) {
            return each_spelling(line, language, &mut |line| self.words.add(line, sense, language));
        }
        if let Some(kin) = section.strip_prefix("kin-").and_then(kin) {
            let mut words = line.split(',').filter(|word| !word.trim().is_empty());
            return words
                .try_for_each(|word| each_spelling(word, language, &mut |word| self.kins.add(word, kin, language)));
        }
        if let Some(sense) = line_sense(section) {
            return each_spelling(line, language, &mut |line| self.lines.add(line, sense, language));
        }
        if let Some(sense) = subject_sense(section) {
            return each_spelling(line, language, &mut |line| self.subjects.add(line, sense, language));
        }
        let spellings = line.split_whitespace().map(folded);
        match section {
            "dates" => {
                let (kind, phrase) = line.split_once(':').ok_or_else(|| format!("{line:?} needs a colon"))?;
                let kind = date_kind(kind).ok_or_else(|| format!("{kind:?} is not a kind of date"))?;
                return each_spelling(phrase, language, &mut |phrase| self.dates.add(phrase, kind, language));
            }
            "function" => spellings.for_each(|word| *self.function.entry(word).or_default() |= 1 << language),
            "months" => spellings.for_each(|word| name(&mut self.months, word, nth as i8, language)),
            "weekdays" => spellings.for_each(|word| name(&mut self.weekdays, word, nth as i8, language)),
            "numbers" => spellings.for_each(|word| name(&mut self.numbers, word, nth, language)),
            "ordinals" => {
                let nth = if nth == LAST { -1 } else { nth };
                spellings.for_each(|word| name(&mut self.ordinals, word, nth, language));
            }
            _ => return Err(format!("the section is not known, with {line:?}")),
        }
        Ok(())
    }

    /// The languages a text may be in: all where its words do not tell.
    pub(super) fn languages(&self, text: &[Token]) -> Languages {
        let votes = self.votes(text);
        let most = votes.into_iter().max().unwrap_or_default();
        let enough = if most < SURE { 0 } else { most.div_ceil(2) };
        with_votes(votes, enough)
    }

    /// The languages whose short words may be meant: "out" is no October in English.
    pub(super) fn likely(&self, text: &[Token]) -> Languages {
        let votes = self.votes(text);
        with_votes(votes, votes.into_iter().max().unwrap_or_default().div_ceil(4))
    }

    fn votes(&self, text: &[Token]) -> [usize; FILES.len()] {
        let mut votes = [0_usize; FILES.len()];
        // Each word once: "no budget, no need, no time" is no Spanish.
        let words: BTreeSet<&str> = text.iter().map(|token| token.text.as_str()).collect();
        for word in words {
            let known = self.function.get(word).copied().unwrap_or_default();
            // A word of one language alone tells more than one that neighbours share.
            let weight = match known.count_ones() {
                1 => 3,
                2 => 2,
                _ => 1,
            };
            for (language, votes) in votes.iter_mut().enumerate() {
                *votes += weight * usize::from(known & (1 << language) != 0);
            }
        }
        votes
    }

    /// The language a text is most likely in.
    pub(super) fn name(language: u8) -> &'static str {
        FILES.get(usize::from(language)).map_or("", |(name, _)| name)
    }
}

fn with_votes(votes: [usize; FILES.len()], enough: usize) -> Languages {
    votes.into_iter().enumerate().filter(|(_, votes)| *votes >= enough).fold(0, |set, (n, _)| set | 1 << n)
}

/// The line of `[ordinals]` with the words for the last.
const LAST: i16 = 5;

/// The last language that uses a word says what it names.
fn name<T: Copy>(names: &mut Words<(T, Languages)>, word: String, nth: T, language: u8) {
    let (named, languages) = names.entry(word).or_insert((nth, 0));
    *named = nth;
    *languages |= 1 << language;
}

/// The votes of common words that it takes to tell a language.
const SURE: usize = 5;

/// German is also written without umlauts.
fn each_spelling(line: &str, language: u8, add: &mut dyn FnMut(&str) -> Result<(), String>) -> Result<(), String> {
    add(line)?;
    if Lexicon::name(language) == "de" && line.contains(['ä', 'ö', 'ü', 'Ä', 'Ö', 'Ü']) {
        let ae = [("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue")];
        add(&ae.into_iter().fold(line.to_owned(), |line, (with, without)| line.replace(with, without)))?;
    }
    Ok(())
}

fn word_sense(section: &str) -> Option<Sense> {
    Some(match section {
        "unsubscribed" => Sense::Wants(Intent::Unsubscribed),
        "retired" => Sense::Wants(Intent::Retired),
        "moved" => Sense::Wants(Intent::MovedOut),
        "referred" => Sense::Wants(Intent::ReferredSomeone),
        "refused" => Sense::Wants(Intent::Deactivated),
        "meet" => Sense::Wants(Intent::AgreedToMeet),
        "later" => Sense::Wants(Intent::ConnectLater),
        "brochure" => Sense::Wants(Intent::BrochureRequested),
        "proceed" => Sense::Wants(Intent::InterestedToProceed),
        "ask" => Sense::Wants(Intent::SeekingMoreInfo),
        "reluctant" => Sense::Reluctant,
        "gone" => Sense::Gone,
        "not" => Sense::Not,
        "but" => Sense::But,
        "past" => Sense::Past,
        "standin" => Sense::StandIn,
        "away" => Sense::Away,
        "detail" => Sense::Detail,
        "automatic" => Sense::Automatic,
        "ticket" => Sense::Ticket,
        "unread" => Sense::Unread,
        "challenge" => Sense::Challenge,
        "back" => Sense::Back,
        "answer" => Sense::Answer,
        "until" => Sense::Until,
        "after" => Sense::After,
        "from" => Sense::From,
        _ => return None,
    })
}

fn kin(section: &str) -> Option<Kin> {
    Some(match section {
        "list" => Kin::List,
        "remove" => Kin::Remove,
        "stop" => Kin::Stop,
        "write" => Kin::Write,
        "document" => Kin::Document,
        "give" => Kin::Give,
        "talk" => Kin::Talk,
        "gladly" => Kin::Gladly,
        "later" => Kin::Later,
        "busy" => Kin::Busy,
        "deal" => Kin::Deal,
        "matter" => Kin::Matter,
        "question" => Kin::Question,
        "know" => Kin::Know,
        "need" => Kin::Need,
        "supplier" => Kin::Supplier,
        "have" => Kin::Have,
        "role" => Kin::Role,
        "charge" => Kin::Charge,
        "leave" => Kin::Leave,
        "work" => Kin::Work,
        "noted" => Kin::Noted,
        _ => return None,
    })
}

fn line_sense(section: &str) -> Option<LineSense> {
    Some(match section {
        "closing" => LineSense::Closing,
        "mobile" => LineSense::Mobile,
        "disclaimer" => LineSense::Disclaimer,
        "wrote" => LineSense::Wrote,
        "header-from" => LineSense::HeaderFrom,
        "header" => LineSense::Header,
        "original" => LineSense::Original,
        _ => return None,
    })
}

fn subject_sense(section: &str) -> Option<SubjectSense> {
    Some(match section {
        "subject-automatic" => SubjectSense::Automatic,
        "subject-away" => SubjectSense::Away,
        "subject-ticket" => SubjectSense::Ticket,
        _ => return None,
    })
}

fn date_kind(written: &str) -> Option<DateKind> {
    let (part, rest) = match written.trim().split_once(' ') {
        Some(("early", rest)) => (Part::Early, rest),
        Some(("mid", rest)) => (Part::Mid, rest),
        Some(("late", rest)) => (Part::Late, rest),
        Some(_) => return None,
        None => (Part::All, written.trim()),
    };
    let at = rest.find(['+', '#', '=', '~'])?;
    let unit = match &rest[..at] {
        "day" => Unit::Day,
        "week" => Unit::Week,
        "month" => Unit::Month,
        "quarter" => Unit::Quarter,
        "half" => Unit::Half,
        "year" => Unit::Year,
        _ => return None,
    };
    let which = match &rest[at..] {
        "+n" => Which::AheadNumber,
        "#" => Which::Number,
        "=" => Which::Named,
        other if other.starts_with('+') => Which::Ahead(other[1..].parse().ok()?),
        other if other.starts_with('~') => Which::Near(other[1..].parse().ok()?),
        other => Which::Fixed(other[1..].parse().ok()?),
    };
    Some(DateKind { part, unit, which })
}

/// How often a phrase stands in the files under one meaning, for the tests: each should be there once.
#[cfg(test)]
pub(super) fn repeated() -> Vec<String> {
    let mut repeated = Vec::new();
    for (name, file) in FILES {
        let (mut section, mut seen) = ("", std::collections::HashSet::new());
        for line in file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if line.starts_with('[') {
                section = line;
            } else if !matches!(section, "[months]" | "[weekdays]" | "[numbers]")
                && !seen.insert((section, line.to_lowercase()))
            {
                repeated.push(format!("{name} {section} {line}"));
            }
        }
    }
    repeated
}
