//! The nurture table: one-line facts with links, of which each mail carries one as its P.S.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::id::StepNo;

/// The most lines a table has.
const MAX_LINES: usize = 200;
/// The longest line, in characters.
const MAX_CHARS: usize = 200;

/// A nurture table that cannot be used, with the line to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPostscript {
    /// Too many.
    #[error("a nurture table has at most {MAX_LINES} lines; this one has {0}")]
    Lines(usize),
    /// A P.S. is one line of text.
    #[error("text of line {0} is not usable; write 1 to {MAX_CHARS} characters without line breaks")]
    Text(usize),
    /// A link that mail programs would not open.
    #[error("link of line {0} is not usable; write an http or https address")]
    Link(usize),
}

/// One line of the table; what follows "P.S.".
///
/// ```
/// let line = domain::Postscript { text: "Lenses are ground twice.".into(), link: None };
/// assert_eq!(line.to_string(), "Lenses are ground twice.");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postscript {
    /// The fact.
    pub text: String,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Url>,
}

impl std::fmt::Display for Postscript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)?;
        self.link.iter().try_for_each(|link| write!(f, " {link}"))
    }
}

/// An org's nurture table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Postscript>", into = "Vec<Postscript>")]
pub struct Postscripts(Vec<Postscript>);

impl TryFrom<Vec<Postscript>> for Postscripts {
    type Error = InvalidPostscript;
    fn try_from(mut lines: Vec<Postscript>) -> Result<Self, InvalidPostscript> {
        if lines.len() > MAX_LINES {
            return Err(InvalidPostscript::Lines(lines.len()));
        }
        for (index, line) in lines.iter_mut().enumerate() {
            line.text = line.text.trim().to_owned();
            let fits = (1..=MAX_CHARS).contains(&line.text.chars().count());
            if !fits || line.text.chars().any(char::is_control) {
                return Err(InvalidPostscript::Text(index + 1));
            }
            if line.link.as_ref().is_some_and(|link| !matches!(link.scheme(), "http" | "https")) {
                return Err(InvalidPostscript::Link(index + 1));
            }
        }
        Ok(Self(lines))
    }
}

impl From<Postscripts> for Vec<Postscript> {
    fn from(postscripts: Postscripts) -> Self {
        postscripts.0
    }
}

impl Postscripts {
    /// The lines in order.
    pub fn lines(&self) -> &[Postscript] {
        &self.0
    }

    /// The line for the mail of `step`. Leads of different `spread` begin at different lines, and none reads the same
    /// line twice before it has read all.
    pub fn for_mail(&self, spread: u64, step: StepNo) -> Option<&Postscript> {
        let lines = u64::try_from(self.0.len()).ok().filter(|lines| *lines > 0)?;
        let index = (spread % lines + u64::try_from(step.index()).ok()?) % lines;
        self.0.get(usize::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(json: &str) -> Result<Postscripts, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_line_is_its_fact_and_its_link() {
        let table = table(r#"[{"text": " We grind twice. ", "link": "https://northwind.example/why"}]"#).unwrap();
        assert_eq!(table.lines()[0].to_string(), "We grind twice. https://northwind.example/why");
    }

    #[test]
    fn what_would_break_a_mail_is_refused_by_line() {
        let refusal = |json: &str| table(json).unwrap_err();
        assert!(refusal(r#"[{"text": "ok"}, {"text": "a\nb"}]"#).starts_with("text of line 2 is not usable"));
        assert!(refusal(r#"[{"text": " "}]"#).starts_with("text of line 1 is not usable"));
        assert!(refusal(r#"[{"text": "x", "link": "javascript:alert(1)"}]"#).starts_with("link of line 1"));
        assert!(refusal(r#"[{"text": "x", "url": "https://a.example"}]"#).contains("unknown field `url`"));
    }

    #[test]
    fn no_line_comes_twice_before_all_came() {
        let lines: Vec<_> = (0..5).map(|n| Postscript { text: format!("fact {n}"), link: None }).collect();
        let table = Postscripts::try_from(lines).unwrap();
        let steps = std::iter::successors(Some(StepNo::FIRST), |step| Some(step.next()));
        let read: Vec<_> = steps.take(10).map(|step| table.for_mail(u64::MAX, step).unwrap().text.clone()).collect();
        let mut once = read[..5].to_vec();
        once.sort();
        once.dedup();
        assert_eq!((once.len(), &read[..5]), (5, &read[5..]));
        assert_eq!(Postscripts::default().for_mail(7, StepNo::FIRST), None);
    }
}
