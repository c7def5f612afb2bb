//! Which profiles of the CRM see what in the console.
//!
//! **Invariant:** administrators of the CRM may do everything, whatever stands here, so nobody locks the org out; and what
//! stands here counts from the next request on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which leads somebody sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sees {
    /// Those that they handed over, and get back.
    #[default]
    Own,
    /// All of the org.
    All,
    /// None.
    Nothing,
}

/// What the users of a profile may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Which leads they see.
    pub sees: Sees,
    /// Do they act on these leads, or only look?
    pub acts: bool,
    /// Do they change assistants, schedules and the rest of the settings?
    pub manages: bool,
}

impl Default for Access {
    /// They see and act on what is theirs.
    fn default() -> Self {
        Self { sees: Sees::Own, acts: true, manages: false }
    }
}

/// What is set, by the id of the profile; the others have what is usual.
pub type Permissions = BTreeMap<String, Access>;
