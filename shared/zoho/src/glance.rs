//! A short look at what happened in several modules, in one call.
//!
//! **Invariant:** a look that shows nothing was answered with nothing. Whatever else an answer is, a refusal, a page of
//! many, or silence, is not taken for one: the caller then asks for that by itself.

use app::ports::{Glance, Since};

use crate::answer::Answer;
use crate::http::Line;
use crate::request::{PARTS, Request};
use crate::{coql, history};

/// Rows that a part of such a call shows.
const ROWS: usize = 25;

/// Looks at each module asked for.
pub(crate) async fn glance(line: &mut Line<'_>, asked: &[Since]) -> Vec<Glance> {
    let changes = asked.iter().map(|asked| coql::first_rows(asked.module, asked.since, ROWS));
    let with_deletions = asked.iter().filter(|asked| asked.deletions);
    let deletions = with_deletions.map(|asked| history::first_rows(asked.module, asked.since, ROWS));
    let parts: Vec<Request> = changes.chain(deletions).collect();
    let mut answers = Vec::new();
    for parts in parts.chunks(PARTS) {
        let request = Request::together("what happened", parts);
        match line.send(&request).await {
            Ok(answer) => answers.extend(answer.parts(parts.len())),
            Err(error) => {
                tracing::debug!(%error, "modules are asked one by one");
                answers.extend(parts.iter().map(|_| None::<Answer>));
            }
        }
    }
    let mut deleted = answers.split_off(asked.len()).into_iter();
    let glance = |(asked, changed): (&Since, Option<Answer>)| Glance {
        changed: changed.and_then(|answer| coql::all_rows(&answer)),
        deleted: asked
            .deletions
            .then(|| deleted.next())
            .flatten()
            .and_then(|answer| history::all_rows(&answer?, asked.since)),
    };
    asked.iter().zip(answers).map(glance).collect()
}
