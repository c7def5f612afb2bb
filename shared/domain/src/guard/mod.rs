//! Judges what a model wrote, before anybody else reads it.
//!
//! **Invariant:** a [`Checked`] body is plain text that says nothing of its own about money, dates, places on the web or
//! people: what it names is in the [`Brief`]. When in doubt a draft is refused, for the template is always there.

mod breach;
mod claims;
mod form;
mod known;
mod lexicon;
mod names;
#[cfg(test)]
mod tests;
mod text;

pub use breach::{Breach, Unit};

use crate::writing::Brief;
use known::Known;

/// A body that passed the guard; there is no other way to make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked(String);

impl Checked {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Judges drafts against what their brief knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Guard;

/// A draft with more than that is told the first ones.
const MOST_BREACHES: usize = 12;

impl Guard {
    /// Lets a draft through unchanged but for the white space around it, or says what is wrong with it.
    pub fn check(draft: &str, brief: &Brief) -> Result<Checked, Vec<Breach>> {
        let draft = draft.trim();
        if let Some(breach) = form::length(draft, brief) {
            return Err(vec![breach]);
        }
        let (known, words) = (Known::of(brief), text::tokens(draft));
        let mut breaches = Vec::new();
        form::characters(draft, &known, &mut breaches);
        form::layout(draft, &words, &mut breaches);
        form::language(draft, brief.language, &mut breaches);
        claims::links(draft, &known, &mut breaches);
        claims::numbers(draft, &words, brief.language, &known, &mut breaches);
        claims::phrases(draft, &words, brief.language, &known, &mut breaches);
        names::greeting(draft, brief, &known, &mut breaches);
        names::titles(&words, brief.language, &known, &mut breaches);
        names::names(&words, brief.language, &known, &mut breaches);
        names::ending(draft, brief, &mut breaches);
        if breaches.is_empty() {
            return Ok(Checked(draft.to_owned()));
        }
        let mut once: Vec<Breach> = Vec::new();
        for breach in breaches {
            if once.len() < MOST_BREACHES && !once.contains(&breach) {
                once.push(breach);
            }
        }
        Err(once)
    }
}
