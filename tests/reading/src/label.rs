//! What the people who wrote the corpus say a message means.

use std::collections::BTreeSet;

use domain::{BounceKind, EmailAddress, Intent, MailKind};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The dates that pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawDates", into = "Option<String>")]
pub enum Accepted {
    /// The mail names none, and none may be made up.
    None,
    /// One of these.
    Days(BTreeSet<Date>),
    /// Any day from the first to the last.
    Span(Date, Date),
}

impl Accepted {
    /// Whether a reader's answer is right.
    pub fn takes(&self, got: Option<Date>) -> bool {
        match (self, got) {
            (Self::None, got) => got.is_none(),
            (Self::Days(days), Some(got)) => days.contains(&got),
            (Self::Span(first, last), Some(got)) => (*first..=*last).contains(&got),
            (Self::Days(_) | Self::Span(..), None) => false,
        }
    }
}

impl From<Accepted> for Option<String> {
    fn from(accepted: Accepted) -> Self {
        match accepted {
            Accepted::None => None,
            Accepted::Days(days) => Some(days.iter().map(Date::to_string).collect::<Vec<_>>().join(" ")),
            Accepted::Span(first, last) => Some(format!("{first}/{last}")),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawDates {
    One(String),
    Many(Vec<String>),
}

impl TryFrom<RawDates> for Accepted {
    type Error = String;

    fn try_from(raw: RawDates) -> Result<Self, String> {
        let date = |text: &str| text.parse::<Date>().map_err(|_| format!("return_date {text:?}: write 2026-08-17"));
        match raw {
            RawDates::One(text) => match text.split_once('/') {
                Some((first, last)) => {
                    let (first, last) = (date(first)?, date(last)?);
                    if first > last {
                        Err(format!("return_date {text:?} ends before it begins"))
                    } else {
                        Ok(Self::Span(first, last))
                    }
                }
                None => Ok(Self::Days([date(&text)?].into())),
            },
            RawDates::Many(texts) => Ok(Self::Days(texts.iter().map(|text| date(text)).collect::<Result<_, _>>()?)),
        }
    }
}

/// What a message means, by the people who wrote the corpus.
#[derive(Debug, Clone, Serialize)]
pub struct Label {
    /// Who, or what, wrote.
    pub kind: MailKind,
    /// What they want; `None` for bounces, complaints and read receipts.
    pub intent: Option<Intent>,
    /// When they are back.
    pub return_date: Accepted,
    /// The right person.
    pub referred_to: Option<EmailAddress>,
    /// What remains of the body; the first is the usual answer, the others (with the closing formula) pass too. Empty:
    /// not judged.
    pub new_text: Vec<String>,
    /// Hard or soft, of a bounce.
    pub bounce: Option<BounceKind>,
    /// The address we wrote to, of a bounce.
    pub recipient: Option<EmailAddress>,
    /// The enhanced status code that a bounce reports.
    pub status: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_passes_if_it_is_named() {
        let accepted = |text: &str| toml::from_str::<Dates>(&format!("dates = {text}")).map(|it| it.dates);
        let day = |text: &str| Some(text.parse::<Date>().unwrap());
        for (label, got, right) in [
            ("\"2026-08-17\"", day("2026-08-17"), true),
            ("\"2026-08-17\"", day("2026-08-18"), false),
            ("\"2026-08-17\"", None, false),
            ("[\"2026-08-14\", \"2026-08-17\"]", day("2026-08-17"), true),
            ("[\"2026-08-14\", \"2026-08-17\"]", day("2026-08-15"), false),
            ("\"2027-01-01/2027-01-31\"", day("2027-01-01"), true),
            ("\"2027-01-01/2027-01-31\"", day("2027-01-31"), true),
            ("\"2027-01-01/2027-01-31\"", day("2027-02-01"), false),
            ("\"2027-01-01/2027-01-31\"", None, false),
        ] {
            assert_eq!(accepted(label).unwrap().takes(got), right, "{label} {got:?}");
        }
        assert!(Accepted::None.takes(None));
        assert!(!Accepted::None.takes(day("2026-08-17")));
        for wrong in ["\"17.8.2026\"", "\"2026-02-30\"", "\"2026-02-02/2026-02-01\"", "[\"soon\"]"] {
            assert!(accepted(wrong).is_err(), "{wrong}");
        }
    }

    #[derive(Deserialize)]
    struct Dates {
        dates: Accepted,
    }
}
