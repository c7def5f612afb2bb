//! Today.

use app::console::overview;
use app::history::newest;
use app::store::Health;
use edge::http::Answer;
use pages::{DONE_SHOWN, StepsDone, TodayView, today};

use super::{Visit, failed, ok};

/// Failures that are looked at.
const FAILURES: u32 = 20;

impl Visit<'_> {
    pub(super) async fn today(&self) -> Answer {
        let admin = &self.site.admin;
        let frame = self.frame(None).await?;
        let overview = overview(&admin.store, self.viewer(), admin.clock.as_ref()).await.map_err(failed)?;
        let (mut steps, mut broken, mut log, mut done) = (None, None, (Vec::new(), None), Vec::new());
        if self.viewer().manages() {
            let org = &self.viewer().org;
            let taken = StepsDone::of(&admin.assistants(org).await.map_err(failed)?);
            steps = Some(taken).filter(|taken| !taken.all());
            log = self.site.failures.page(org, None, FAILURES).await.map_err(failed)?;
            done = newest(&admin.store, admin.clock.as_ref(), org, DONE_SHOWN).await.map_err(failed)?;
            let connection = admin.store.connection(org).await.map_err(failed)?;
            broken = connection.and_then(|stored| match stored.value.health {
                Health::Broken { reason } => Some(reason),
                Health::Connected => None,
            });
        }
        let view = TodayView {
            overview: &overview,
            steps: steps.as_ref(),
            failures: (&log.0, log.1.is_some()),
            done: &done,
            broken: broken.as_deref(),
        };
        ok(today(&frame, &view))
    }
}
