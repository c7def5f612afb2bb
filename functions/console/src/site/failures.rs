//! The failure log and the history.

use app::failures::{Found, Which};
use app::history::newest;
use edge::http::{Answer, Refusal, query};
use lambda_http::http::StatusCode;
use pages::{HISTORY_LINES, Notice};

use super::form::Form;
use super::leads::mendable;
use super::{Visit, failed, html, ok};

/// Failures on a page.
const ON_A_PAGE: u32 = 100;

impl Visit<'_> {
    pub(super) async fn failures(&self) -> Answer {
        self.managing()?;
        self.failure_page(StatusCode::OK, None).await
    }

    async fn failure_page(&self, status: StatusCode, notice: Option<Notice>) -> Answer {
        let (org, from) = (&self.viewer().org, query(self.request, "from"));
        let (page, next) = self.site.failures.page(org, from.as_deref(), ON_A_PAGE).await.map_err(failed)?;
        Ok(html(status, pages::failures(&self.frame(notice).await?, &page, next.as_deref())))
    }

    /// Tries again, or dismisses.
    pub(super) async fn see_to_failures(&self, form: &Form) -> Answer {
        self.managing()?;
        let (failures, org) = (&self.site.failures, &self.viewer().org);
        let these: Vec<_> = form.all("failure").map(str::to_owned).collect();
        let nothing = these.is_empty();
        let (done, result) = match form.get("do") {
            "all" => ("tried-again", failures.retry(org, &Which::All, &self.viewer().name).await),
            _ if nothing => {
                let notice = Notice::Failed("Tick the failures that are meant.".to_owned());
                return self.failure_page(StatusCode::UNPROCESSABLE_ENTITY, Some(notice)).await;
            }
            "again" => ("tried-again", failures.retry(org, &Which::These(these), &self.viewer().name).await),
            "dismiss" => ("dismissed", failures.dismiss(org, &Which::These(these)).await),
            _ => return Err(Refusal::not_found()),
        };
        let retried = result.map_err(failed)?;
        if retried.refused.is_empty() {
            return Ok(self.on_to("failures", done));
        }
        let mut reasons: Vec<_> = retried.refused.into_iter().map(|refused| refused.reason).collect();
        reasons.sort();
        reasons.dedup();
        let notice = Notice::Failed(format!("Not all of it: {}.", reasons.join("; ")));
        self.failure_page(StatusCode::UNPROCESSABLE_ENTITY, Some(notice)).await
    }

    /// Says whether a mail left.
    pub(super) async fn settle(&self, form: &Form) -> Answer {
        self.managing()?;
        let found = match form.get("found") {
            "left" => Found::Left,
            "did-not-leave" => Found::DidNotLeave,
            _ => return Err(Refusal::not_found()),
        };
        match self.site.failures.settle(&self.viewer().org, form.get("failure"), found).await {
            Ok(()) => Ok(self.on_to("failures", "settled")),
            Err(error) => {
                let notice = Notice::Failed(mendable(error)?);
                self.failure_page(StatusCode::UNPROCESSABLE_ENTITY, Some(notice)).await
            }
        }
    }

    pub(super) async fn history(&self) -> Answer {
        self.managing()?;
        let (store, clock) = (&self.site.admin.store, &self.site.admin.clock);
        let done = newest(store, clock.as_ref(), &self.viewer().org, HISTORY_LINES + 1).await.map_err(failed)?;
        ok(pages::history(&self.frame(None).await?, &done, done.len() > HISTORY_LINES))
    }
}
