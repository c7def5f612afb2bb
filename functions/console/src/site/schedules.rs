//! Schedules and the nurture table: made, changed, previewed.

use app::console::LeadFilter;
use app::store::Reach;
use domain::{Calendar, Extras, Message, Parameters, Postscript, Postscripts, Schedule, Step, Thread, compose};
use edge::http::{Answer, Refusal, query};
use lambda_http::http::StatusCode;
use pages::{Preview, ScheduleForm, TONES, Values, schedule_form};

use super::form::Form;
use super::leads::mendable;
use super::{Visit, failed, html, ok};

impl Visit<'_> {
    pub(super) async fn schedules(&self) -> Answer {
        self.managing()?;
        let schedules = self.site.admin.schedules(&self.viewer().org).await.map_err(failed)?;
        ok(pages::schedules(&self.frame(None).await?, &schedules))
    }

    async fn named_schedule(&self, name: &str) -> Result<Schedule, Refusal> {
        self.managing()?;
        let schedules = self.site.admin.schedules(&self.viewer().org).await.map_err(failed)?;
        schedules.into_iter().find(|schedule| schedule.name() == name).ok_or_else(Refusal::not_found)
    }

    /// A new one, with the mails of another if the address names it.
    pub(super) async fn new_schedule(&self) -> Answer {
        self.managing()?;
        let from = query(self.request, "from");
        let name = from.as_deref().unwrap_or(Schedule::RECOMMENDED);
        let schedule = self.named_schedule(name).await?;
        let copy = if from.is_some() { format!("{name} (copy)") } else { String::new() };
        let values = Values::from([("name", copy), ("closing_days", schedule.closing_days().to_string())]);
        let steps = ScheduleForm::steps_of(&schedule);
        self.schedule_page(StatusCode::OK, None, &values, &steps, None, &[]).await
    }

    pub(super) async fn schedule(&self, name: &str) -> Answer {
        let schedule = self.named_schedule(name).await?;
        let values = Values::from([("closing_days", schedule.closing_days().to_string())]);
        let steps = ScheduleForm::steps_of(&schedule);
        self.schedule_page(StatusCode::OK, Some(name), &values, &steps, None, &[]).await
    }

    async fn schedule_page(
        &self,
        status: StatusCode,
        name: Option<&str>,
        values: &Values,
        steps: &[[String; 4]],
        problem: Option<&str>,
        previews: &[Preview],
    ) -> Answer {
        let in_flight = match name {
            Some(name) => {
                let filter = LeadFilter { schedule: Some(name.to_owned()), ..LeadFilter::default() };
                self.in_flight(&filter).await?
            }
            None => 0,
        };
        let form = ScheduleForm { name, values, steps, problem, previews, in_flight };
        Ok(html(status, schedule_form(&self.frame(None).await?, &form)))
    }

    pub(super) async fn create_schedule(&self, form: &Form) -> Answer {
        self.managing()?;
        self.save_schedule(None, form).await
    }

    pub(super) async fn change_schedule(&self, name: &str, form: &Form) -> Answer {
        self.named_schedule(name).await?;
        self.save_schedule(Some(name), form).await
    }

    /// Saves what was typed, or shows it again: with what is wrong, or as a sample lead would read it.
    async fn save_schedule(&self, name: Option<&str>, form: &Form) -> Answer {
        let (admin, org) = (&self.site.admin, &self.viewer().org);
        let typed = typed(form);
        let values = form.values(["name", "closing_days", "reach"]);
        let wrong = StatusCode::UNPROCESSABLE_ENTITY;
        let schedule = match read(name.unwrap_or(form.get("name")), form.get("closing_days"), &typed) {
            Ok(schedule) => schedule,
            Err(problem) => return self.schedule_page(wrong, name, &values, &typed, Some(&problem), &[]).await,
        };
        if form.get("do") == "preview" {
            let previews = self.previews(&schedule).await?;
            return self.schedule_page(StatusCode::OK, name, &values, &typed, None, &previews).await;
        }
        let reach = if form.get("reach") == "new" { Reach::NewLeadsOnly } else { Reach::AlsoLeadsOnIt };
        let saved = match name {
            Some(_) => admin.edit_schedule(org, &schedule, reach).await,
            None => admin.add_schedule(org, &schedule).await,
        };
        match saved {
            Ok(()) => Ok(self.on_to("schedules", "saved")),
            Err(error) => {
                let problem = mendable(error)?;
                self.schedule_page(wrong, name, &values, &typed, Some(&problem), &[]).await
            }
        }
    }

    /// Each mail as a sample lead would read it, from the org's first assistant.
    async fn previews(&self, schedule: &Schedule) -> Result<Vec<Preview>, Refusal> {
        let (admin, org) = (&self.site.admin, &self.viewer().org);
        let assistant = admin.assistants(org).await.map_err(failed)?.into_iter().next().map(|report| report.assistant);
        let invalid = |error: &dyn std::fmt::Display| failed(app::AppError::Invalid(error.to_string()));
        let utc = Calendar::working_week("UTC").map_err(|error| invalid(&error))?;
        let calendar = assistant.as_ref().map_or(&utc, |assistant| &assistant.calendar);
        let frame = self.frame(None).await?;
        let parameters = Parameters {
            lead_first_name: "Ada".to_owned(),
            lead_last_name: "Lovelace".to_owned(),
            lead_designation: "Head of Engineering".to_owned(),
            lead_phone: "+44 20 7946 0018".to_owned(),
            lead_company: "Analytical Engines".to_owned(),
            lead_industry: "Manufacturing".to_owned(),
            lead_website: "https://engines.example".to_owned(),
            assistant_name: assistant.as_ref().map_or("Your assistant", |it| it.name.as_str()).to_owned(),
            assistant_title: assistant.as_ref().map(|it| it.title.clone()).unwrap_or_default(),
            organisation_name: frame.org_name,
            context: assistant.as_ref().map(|it| it.default_context.clone()).unwrap_or_default(),
        };
        let extras = Extras {
            more_information: assistant.as_ref().map_or("", |it| it.more_information.as_str()),
            disclosure: assistant.as_ref().and_then(|it| it.ai_disclosure.as_deref()),
            signature: assistant.as_ref().map_or("", |it| it.signature.as_str()),
            ..Extras::default()
        };
        let (mut thread, mut day, mut previews) = (Thread::default(), 0, Vec::new());
        for step in schedule.steps() {
            day += u32::from(step.days_after);
            let draft = compose(step, &parameters, &extras, &thread, calendar).map_err(|error| invalid(&error))?;
            if thread.subject.is_empty() {
                thread.subject.clone_from(&draft.subject);
                thread.first_text.clone_from(&draft.text);
                thread.first_at = Some(frame.now);
            }
            previews.push(Preview { day, subject: draft.subject, text: draft.text });
        }
        Ok(previews)
    }

    pub(super) async fn delete_schedule(&self, name: &str) -> Answer {
        let schedule = self.named_schedule(name).await?;
        match self.site.admin.delete_schedule(&self.viewer().org, name).await {
            Ok(()) => Ok(self.on_to("schedules", "deleted")),
            Err(error) => {
                let problem = mendable(error)?;
                let values = Values::from([("closing_days", schedule.closing_days().to_string())]);
                let steps = ScheduleForm::steps_of(&schedule);
                let wrong = StatusCode::UNPROCESSABLE_ENTITY;
                self.schedule_page(wrong, Some(name), &values, &steps, Some(&problem), &[]).await
            }
        }
    }

    pub(super) async fn nurture(&self) -> Answer {
        self.managing()?;
        let table = self.site.admin.postscripts(&self.viewer().org).await.map_err(failed)?;
        let line = |line: Postscript| (line.text, line.link.map(String::from).unwrap_or_default());
        let lines: Vec<_> = Vec::<Postscript>::from(table).into_iter().map(line).collect();
        ok(pages::nurture(&self.frame(None).await?, &lines, None))
    }

    pub(super) async fn change_nurture(&self, form: &Form) -> Answer {
        self.managing()?;
        let typed =
            form.all("text").zip(form.all("link")).map(|(text, link)| (text.trim().to_owned(), link.trim().to_owned()));
        let typed: Vec<_> = typed.filter(|(text, link)| !text.is_empty() || !link.is_empty()).collect();
        let table = match lines(&typed) {
            Ok(table) => table,
            Err(problem) => {
                let page = pages::nurture(&self.frame(None).await?, &typed, Some(&problem));
                return Ok(html(StatusCode::UNPROCESSABLE_ENTITY, page));
            }
        };
        self.site.admin.put_postscripts(&self.viewer().org, &table).await.map_err(failed)?;
        Ok(self.on_to("nurture", "saved"))
    }
}

/// The lines of a nurture table, or what is wrong with the first wrong one.
fn lines(typed: &[(String, String)]) -> Result<Postscripts, String> {
    let mut lines = Vec::new();
    for (number, (text, link)) in (1..).zip(typed) {
        let link = Some(link).filter(|link| !link.is_empty()).map(|link| link.parse());
        let link = link
            .transpose()
            .map_err(|_| format!("link of line {number} is not usable; write an http or https address"))?;
        lines.push(Postscript { text: text.clone(), link });
    }
    Postscripts::try_from(lines).map_err(|error| error.to_string())
}

/// The mails as typed; those without a text are taken out.
fn typed(form: &Form) -> Vec<[String; 4]> {
    let (mut subjects, mut bodies, mut tones) = (form.all("subject"), form.all("body"), form.all("tone"));
    let mut steps = Vec::new();
    for days in form.all("days") {
        let next = |values: &mut dyn Iterator<Item = &str>| values.next().unwrap_or_default().to_owned();
        let step = [days.trim().to_owned(), next(&mut subjects).trim().to_owned(), next(&mut bodies), next(&mut tones)];
        if !step[2].trim().is_empty() {
            steps.push(step);
        }
    }
    steps
}

/// The schedule that was typed, or what is wrong with it, naming the mail.
fn read(name: &str, closing_days: &str, typed: &[[String; 4]]) -> Result<Schedule, String> {
    let mut steps = Vec::new();
    for (number, [days, subject, body, tone]) in (1..).zip(typed) {
        let days = if days.is_empty() { "0" } else { days };
        let days_after =
            days.parse().map_err(|_| format!("step {number} waits {days:?} days; write a number from 0 to 365"))?;
        let tone = TONES.iter().find(|(_, name)| name == tone).map(|(tone, _)| *tone);
        let subject = Some(subject.clone()).filter(|subject| !subject.is_empty());
        steps.push(Step { days_after, message: Message { subject, body: body.trim_end().to_owned(), tone } });
    }
    let closing = closing_days.trim().parse();
    let closing =
        closing.map_err(|_| "closing_days is not a number; write the days to wait for the last answer".to_owned())?;
    Schedule::new(name.to_owned(), steps, closing).map_err(|error| error.to_string())
}
