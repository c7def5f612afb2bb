//! What was done in the last seven days, for people: a line for each kind of thing in each batch of work.

use domain::OrgId;
use jiff::Timestamp;
use serde::Serialize;

use crate::error::AppError;
use crate::ports::Clock;
use crate::store::{Direction, Line, Store, WorkDone};

/// The kind of what gives records back.
pub const HAND_BACKS: &str = "hand-backs";

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
    Ok(lines(store.history(org, clock.real()).await?))
}

/// The newest lines of the seven days before now, the newest first, those of at most `most` batches.
pub async fn newest(store: &Store, clock: &dyn Clock, org: &OrgId, most: usize) -> Result<Vec<Done>, AppError> {
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    Ok(lines(store.newest_history(org, clock.real(), most).await?))
}

fn lines(batches: Vec<WorkDone>) -> Vec<Done> {
    let lines = batches.into_iter().flat_map(|work| {
        let (at, direction) = (work.at, work.direction);
        work.lines.into_iter().map(move |line| Done { at, direction, line })
    });
    lines.collect()
}
