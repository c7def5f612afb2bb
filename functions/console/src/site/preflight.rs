//! The pre-flight of a bulk assignment. It changes nothing; it is a POST because of the size of what it is told.

use app::preflight::{Preflight, RowError, check, preflight, read_rows};
use domain::Assistant;
use edge::http::{Answer, Refusal};
use jiff::Timestamp;
use lambda_http::http::StatusCode;
use pages::{FormErrors, PreflightView, Values};

use super::form::Form;
use super::leads::mendable;
use super::{Visit, failed, html};

/// Leads that are planned at once: what a function does while somebody waits.
const MOST_LEADS: usize = 2000;

impl Visit<'_> {
    pub(super) async fn preflight(&self) -> Answer {
        self.managing()?;
        let values = Values::from([("leads", "name,email,company,country\n".to_owned())]);
        self.preflight_page(StatusCode::OK, &values, &FormErrors::new(), None, &[]).await
    }

    async fn preflight_page(
        &self,
        status: StatusCode,
        values: &Values,
        errors: &FormErrors,
        flight: Option<&Preflight>,
        rejected: &[RowError],
    ) -> Answer {
        let assistants = self.every_assistant().await?;
        let view = PreflightView { assistants: &assistants, values, errors, flight, rejected };
        Ok(html(status, pages::preflight(&self.frame(None).await?, &view)))
    }

    pub(super) async fn every_assistant(&self) -> Result<Vec<Assistant>, Refusal> {
        let reports = self.site.admin.assistants(&self.viewer().org).await.map_err(failed)?;
        Ok(reports.into_iter().map(|report| report.assistant).collect())
    }

    pub(super) async fn plan(&self, form: &Form) -> Answer {
        self.managing()?;
        let values = form.values(["assistant", "leads", "start"]);
        let wrong = async |field, problem: String| {
            let errors = FormErrors::from([(field, problem)]);
            self.preflight_page(StatusCode::UNPROCESSABLE_ENTITY, &values, &errors, None, &[]).await
        };
        let start = match form.filled("start").map(str::parse::<Timestamp>) {
            None => self.site.admin.clock.calendar(),
            Some(Ok(start)) => start,
            Some(Err(_)) => {
                return wrong("start", "Write an instant such as 2026-05-04T08:00:00Z, or nothing.".into()).await;
            }
        };
        let assistants = self.every_assistant().await?;
        let Some(assistant) = assistants.iter().find(|it| it.id.as_str() == form.get("assistant")) else {
            return wrong("assistant", "Choose an assistant; create one if there is none.".to_owned()).await;
        };
        let (rows, mut rejected) = match read_rows(form.get("leads")) {
            Ok(rows) => rows,
            Err(problem) => return wrong("leads", problem).await,
        };
        if rows.len() > MOST_LEADS {
            return wrong("leads", format!("These are {} leads; plan at most {MOST_LEADS} at once.", rows.len())).await;
        }
        let schedules = self.site.admin.schedules(&self.viewer().org).await.map_err(failed)?;
        let (candidates, refused) = check(&rows, &schedules, &assistant.default_schedule);
        rejected.extend(refused);
        rejected.sort_by_key(|error| error.line);
        match preflight(assistant, &candidates, start) {
            Ok(flight) => {
                self.preflight_page(StatusCode::OK, &values, &FormErrors::new(), Some(&flight), &rejected).await
            }
            Err(error) => {
                let problem = mendable(error)?;
                wrong("leads", problem).await
            }
        }
    }
}
