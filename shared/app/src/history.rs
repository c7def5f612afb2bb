//! What was done in the last seven days, for people: a line for each kind of thing in each batch of work.

use domain::OrgId;
use jiff::Timestamp;
use serde::Serialize;

use crate::error::AppError;
use crate::ports::Clock;
use crate::store::{Direction, Line, Store};

/// What one batch of work did to things of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Done {
    /// When the batch ended, real time.
    pub at: Timestamp,
    /// Which way things went.
    pub direction: Direction,
    /// The kind, and how many.
    #[serde(flatten)]
    pub line: Line,
}

/// The seven days before now, the oldest first.
pub async fn history(store: &Store, clock: &dyn Clock, org: &OrgId) -> Result<Vec<Done>, AppError> {
    let batches = store.history(org, clock.real()).await?;
    let lines = batches.into_iter().flat_map(|work| {
        let (at, direction) = (work.at, work.direction);
        work.lines.into_iter().map(move |line| Done { at, direction, line })
    });
    Ok(lines.collect())
}
