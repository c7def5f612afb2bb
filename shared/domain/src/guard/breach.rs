//! What can be wrong with a draft.

use serde::{Deserialize, Serialize};

/// One thing that is wrong with a draft, in words that a salesperson understands. `found` is the offending text, cut to
/// a few words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "breach", rename_all = "snake_case")]
pub enum Breach {
    /// Nothing, or hardly anything, was written.
    #[error("it is too short to be a mail")]
    Short,
    /// Too many characters, lines or sentences.
    #[error("it is too long; the most is {most} {unit}")]
    Long {
        /// How many are allowed.
        most: usize,
        /// Of what.
        unit: Unit,
    },
    /// Another language than the template's.
    #[error("it is not written in {expected} throughout: {found:?}")]
    Language {
        /// English name of the language.
        expected: String,
        /// A sentence.
        found: String,
    },
    /// A web address, mail address or a hint at one.
    #[error("it has a link or an address that is not in our data: {found:?}")]
    Link {
        /// The text.
        found: String,
    },
    /// A number that is not in our data.
    #[error("it has a number that is not in our data: {found:?}")]
    Number {
        /// The text.
        found: String,
    },
    /// Prices, discounts, payments.
    #[error("it speaks of money: {found:?}")]
    Money {
        /// The text.
        found: String,
    },
    /// A date, a weekday, a time, an appointment.
    #[error("it names a time or an appointment that is not in our data: {found:?}")]
    Time {
        /// The text.
        found: String,
    },
    /// A person or a company.
    #[error("it names somebody or something that is not in our data: {found:?}")]
    Name {
        /// The text.
        found: String,
    },
    /// A promise, a guarantee, a contract, a legal or medical claim.
    #[error("it promises or claims what only people may: {found:?}")]
    Promise {
        /// The text.
        found: String,
    },
    /// Something is said to have happened, or to be attached, that our data does not know of.
    #[error("it claims something that did not happen: {found:?}")]
    Invented {
        /// The text.
        found: String,
    },
    /// It speaks about unsubscribing, which is our line's affair.
    #[error("it speaks about unsubscribing, which is said elsewhere in the mail: {found:?}")]
    OptOut {
        /// The text.
        found: String,
    },
    /// Placeholders, markup, remarks of the model about itself or its task.
    #[error("it has something that does not belong into a mail: {found:?}")]
    Leftover {
        /// The text.
        found: String,
    },
    /// It ends with a signature, which we add.
    #[error("it has a signature or a closing, which is added later: {found:?}")]
    Signature {
        /// The text.
        found: String,
    },
    /// Shouting, pressure, rudeness.
    #[error("its tone is not plain: {found:?}")]
    Tone {
        /// The text.
        found: String,
    },
    /// Invisible, decorative or foreign characters.
    #[error("it has a character that plain text in this language does not need: {found}")]
    Character {
        /// As `U+202E`.
        found: String,
    },
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Characters.
    Characters,
    /// Lines.
    Lines,
    /// Words in one sentence.
    WordsInASentence,
}

impl std::fmt::Display for Unit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Characters => "characters",
            Self::Lines => "lines",
            Self::WordsInASentence => "words in a sentence",
        })
    }
}
