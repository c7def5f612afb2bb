//! Judges what a model wrote, before anybody else reads it.
//!
//! **Invariant:** a [`Checked`] body is plain text that says nothing of its own about money, dates, places on the web or
//! people: what it names is in the [`Brief`]. When in doubt a draft is refused, for the template is always there.

mod breach;

pub use breach::Breach;

use crate::writing::Brief;

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

impl Guard {
    /// Lets a draft through unchanged but for the white space around it, or says everything that is wrong with it.
    pub fn check(draft: &str, brief: &Brief) -> Result<Checked, Vec<Breach>> {
        let _ = (draft, brief);
        Err(vec![Breach::Short])
    }
}
