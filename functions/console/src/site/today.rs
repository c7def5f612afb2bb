//! Today.

use app::console::overview;
use app::store::Health;
use edge::http::Answer;
use pages::{StepsDone, TodayView, today};

use super::{Visit, failed, ok};

impl Visit<'_> {
    pub(super) async fn today(&self) -> Answer {
        let admin = &self.site.admin;
        let frame = self.frame(None).await?;
        let overview = overview(&admin.store, self.viewer(), frame.now).await.map_err(failed)?;
        let (mut steps, mut broken) = (None, None);
        if self.viewer().administrator {
            let org = &self.viewer().org;
            let done = StepsDone::of(&admin.assistants(org).await.map_err(failed)?);
            steps = Some(done).filter(|done| !done.all());
            let connection = admin.store.connection(org).await.map_err(|error| failed(error.into()))?;
            broken = connection.and_then(|stored| match stored.value.health {
                Health::Broken { reason } => Some(reason),
                Health::Connected => None,
            });
        }
        ok(today(&frame, &TodayView { overview: &overview, steps: steps.as_ref(), broken: broken.as_deref() }))
    }
}
