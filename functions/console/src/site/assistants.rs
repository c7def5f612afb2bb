//! Assistants: made, changed, paused.

use app::AppError;
use app::console::{LeadFilter, MOST_LOOKED_AT, find_leads};
use domain::{
    Approval, Assistant, AssistantId, Calendar, Country, EmailAddress, InvalidAssistant, InvalidCalendar, SendWindow,
    Tracking,
};
use edge::http::{Answer, Refusal};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use lambda_http::http::StatusCode;
use pages::{AssistantForm, FormErrors, Notice, OFF_DAYS, Values, assistant_form, tracking_name};

use super::form::Form;
use super::leads::mendable;
use super::{Visit, failed, html, ok};

/// The fields of the form.
const FIELDS: [&str; 27] = [
    "name",
    "email",
    "title",
    "signature",
    "zone",
    "window_from",
    "window_to",
    "daily_cap",
    "holiday_country",
    "default_schedule",
    "default_context",
    "more_information",
    "brochure_url",
    "calendar_url",
    "at_risk_days",
    "remind_by_mail",
    "hold",
    "disclose",
    "ai_disclosure",
    "tracking",
    "off_mon",
    "off_tue",
    "off_wed",
    "off_thu",
    "off_fri",
    "off_sat",
    "off_sun",
];

/// What is wrong with one field.
type Wrong = (&'static str, String);

impl Visit<'_> {
    pub(super) async fn assistants(&self) -> Answer {
        self.managing()?;
        let reports = self.site.admin.assistants(&self.viewer().org).await.map_err(failed)?;
        ok(pages::assistants(&self.frame(None).await?, &reports))
    }

    async fn stored_assistant(&self, id: &str) -> Result<Assistant, Refusal> {
        self.managing()?;
        let id: AssistantId = id.parse().map_err(|_| Refusal::not_found())?;
        let stored = self.site.admin.store.assistant(&self.viewer().org, &id).await.map_err(failed)?;
        Ok(stored.ok_or_else(Refusal::not_found)?.value)
    }

    async fn assistant_page(
        &self,
        status: StatusCode,
        assistant: Option<&Assistant>,
        values: &Values,
        errors: &FormErrors,
        notice: Option<Notice>,
    ) -> Answer {
        let (admin, org) = (&self.site.admin, &self.viewer().org);
        let in_flight = match assistant {
            Some(assistant) => {
                let filter = LeadFilter { assistant: Some(assistant.id.clone()), ..LeadFilter::default() };
                self.in_flight(&filter).await?
            }
            None => 0,
        };
        let schedules = admin.schedules(org).await.map_err(failed)?;
        let form = AssistantForm { assistant, values, errors, schedules: &schedules, in_flight };
        Ok(html(status, assistant_form(&self.frame(notice).await?, &form)))
    }

    /// How many leads that fit are being followed up, among the newest.
    pub(super) async fn in_flight(&self, filter: &LeadFilter) -> Result<usize, Refusal> {
        let found = find_leads(&self.site.admin.store, self.viewer(), filter, None, MOST_LOOKED_AT).await;
        Ok(found.map_err(failed)?.leads.iter().filter(|lead| lead.is_active()).count())
    }

    pub(super) async fn new_assistant(&self) -> Answer {
        self.managing()?;
        let address = EmailAddress::parse("new@example.com").map_err(|e| failed(AppError::Invalid(e.to_string())))?;
        let id = "new".parse().map_err(|_| Refusal::not_found())?;
        let calendar = Calendar::working_week("UTC").map_err(|e| failed(AppError::Invalid(e.to_string())))?;
        let mut values = AssistantForm::values_of(&Assistant::new(id, "", address, calendar));
        values.remove("email");
        self.assistant_page(StatusCode::OK, None, &values, &FormErrors::new(), None).await
    }

    pub(super) async fn assistant(&self, id: &str) -> Answer {
        let assistant = self.stored_assistant(id).await?;
        let values = AssistantForm::values_of(&assistant);
        self.assistant_page(StatusCode::OK, Some(&assistant), &values, &FormErrors::new(), None).await
    }

    async fn assistant_again(&self, assistant: Option<&Assistant>, form: &Form, wrong: Vec<Wrong>) -> Answer {
        let errors: FormErrors = wrong.into_iter().collect();
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        self.assistant_page(status, assistant, &form.values(FIELDS), &errors, None).await
    }

    pub(super) async fn create_assistant(&self, form: &Form) -> Answer {
        self.managing()?;
        let assistant = match made(form) {
            Ok(assistant) => assistant,
            Err(wrong) => return self.assistant_again(None, form, wrong).await,
        };
        match self.site.admin.add_assistant(&self.viewer().org, assistant).await {
            Ok(_) => Ok(self.on_to("crm", "saved")),
            Err(error) => {
                let problem = mendable(error)?;
                self.assistant_again(None, form, vec![(field_of(&problem), problem)]).await
            }
        }
    }

    pub(super) async fn change_assistant(&self, id: &str, form: &Form) -> Answer {
        let assistant = self.stored_assistant(id).await?;
        if let Err(wrong) = filled(form, assistant.clone()) {
            return self.assistant_again(Some(&assistant), form, wrong).await;
        }
        let org = &self.viewer().org;
        let edit = |stored: &mut Assistant| {
            let filled = filled(form, stored.clone());
            *stored = filled.map_err(|_| AppError::Invalid("it changed in the meantime".to_owned()))?;
            Ok(())
        };
        match self.site.admin.edit_assistant(org, &assistant.id, edit).await {
            Ok(_) => Ok(self.on_to(&format!("assistants/{id}"), "saved")),
            Err(error) => {
                let problem = mendable(error)?;
                self.assistant_again(Some(&assistant), form, vec![(field_of(&problem), problem)]).await
            }
        }
    }

    pub(super) async fn pause_assistant(&self, id: &str, form: &Form) -> Answer {
        let assistant = self.stored_assistant(id).await?;
        let zone = TimeZone::get(assistant.calendar.zone_name());
        let until =
            form.get("until").parse::<Date>().ok().zip(zone.ok()).and_then(|(day, zone)| day.to_zoned(zone).ok());
        let Some(until) = until else {
            let values = AssistantForm::values_of(&assistant);
            let notice = Notice::Failed("Choose the first day on which it sends again, such as 2026-12-28.".to_owned());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return self.assistant_page(status, Some(&assistant), &values, &FormErrors::new(), Some(notice)).await;
        };
        let pause = |stored: &mut Assistant| {
            stored.paused_until = Some(until.timestamp());
            Ok(())
        };
        self.site.admin.edit_assistant(&self.viewer().org, &assistant.id, pause).await.map_err(failed)?;
        Ok(self.on_to(&format!("assistants/{id}"), "paused"))
    }

    pub(super) async fn let_assistant_go_on(&self, id: &str) -> Answer {
        let assistant = self.stored_assistant(id).await?;
        let today = assistant.calendar.date(self.site.admin.clock.calendar());
        let go_on = |stored: &mut Assistant| {
            (stored.paused_until, stored.trusted_since) = (None, Some(today));
            Ok(())
        };
        self.site.admin.edit_assistant(&self.viewer().org, &assistant.id, go_on).await.map_err(failed)?;
        Ok(self.on_to(&format!("assistants/{id}"), "going-on"))
    }
}

/// A new assistant, named after its address.
fn made(form: &Form) -> Result<Assistant, Vec<Wrong>> {
    // An address that is none is told with everything else that is wrong.
    let email = EmailAddress::parse(form.get("email").trim()).or_else(|_| EmailAddress::parse("nobody@example.com"));
    let email = email.map_err(|error| vec![("email", sentence(&error.to_string()))])?;
    let local = email.as_str().split('@').next().unwrap_or_default().to_lowercase().replace(['.', '_', '+'], "-");
    // An address whose name is none here is still one: a number tells such assistants apart.
    let id = local.parse().or_else(|_| format!("assistant-{}", &email.hash()[..8]).parse());
    let id = id.map_err(|error: domain::InvalidId| vec![("email", error.to_string())])?;
    let calendar = Calendar::working_week("UTC").map_err(|error| vec![("zone", error.to_string())])?;
    filled(form, Assistant::new(id, form.get("name").trim(), email, calendar))
}

/// The assistant with what the form says, or everything that is wrong with it.
fn filled(form: &Form, mut assistant: Assistant) -> Result<Assistant, Vec<Wrong>> {
    let mut wrong = Vec::new();
    match EmailAddress::parse(form.get("email").trim()) {
        Ok(email) => assistant.email = email,
        Err(error) => wrong.push(("email", sentence(&error.to_string()))),
    }
    match calendar(form) {
        Ok(calendar) => assistant.calendar = calendar,
        Err(error) => wrong.push((
            match error {
                InvalidCalendar::Zone(_) => "zone",
                InvalidCalendar::Window { .. } | InvalidCalendar::Unreadable(_) => "window_from",
                InvalidCalendar::NoWorkingDay => "off_mon",
            },
            sentence(&error.to_string()),
        )),
    }
    match form.get("daily_cap").trim().parse() {
        Ok(cap) => assistant.daily_cap = cap,
        Err(_) => wrong.push(("daily_cap", "Write a number from 1 to 2000.".to_owned())),
    }
    match form.get("at_risk_days").trim().parse() {
        Ok(days) => assistant.at_risk_days = days,
        Err(_) => wrong.push(("at_risk_days", "Write a number from 1 to 90.".to_owned())),
    }
    match form.filled("holiday_country").map(Country::parse).transpose() {
        Ok(country) => assistant.holiday_country = country,
        Err(error) => wrong.push(("holiday_country", sentence(&error.to_string()))),
    }
    for (name, field) in [
        ("name", &mut assistant.name),
        ("title", &mut assistant.title),
        ("signature", &mut assistant.signature),
        ("default_schedule", &mut assistant.default_schedule),
        ("default_context", &mut assistant.default_context),
        ("more_information", &mut assistant.more_information),
        ("brochure_url", &mut assistant.brochure_url),
        ("calendar_url", &mut assistant.calendar_url),
    ] {
        *field = form.get(name).trim().to_owned();
    }
    let is = |name| form.get(name) == "yes";
    assistant.remind_by_mail = is("remind_by_mail");
    assistant.approval = if is("hold") { Approval::Hold } else { Approval::Send };
    assistant.ai_disclosure = is("disclose").then(|| form.get("ai_disclosure").trim().to_owned());
    let all = [Tracking::Off, Tracking::Opens, Tracking::OpensAndClicks];
    let tracking = all.into_iter().find(|tracking| tracking_name(*tracking) == form.get("tracking"));
    assistant.tracking = tracking.unwrap_or_default();
    match assistant.validate() {
        Ok(assistant) if wrong.is_empty() => Ok(assistant),
        Ok(_) => Err(wrong),
        Err(error) => {
            let field = match error {
                InvalidAssistant::Text { field, .. } | InvalidAssistant::Link { field, .. } => field,
                InvalidAssistant::AtRiskDays(_) => "at_risk_days",
                InvalidAssistant::DailyCap(_) => "daily_cap",
            };
            if !wrong.iter().any(|(known, _)| *known == field) {
                wrong.push((field, sentence(&error.to_string())));
            }
            Err(wrong)
        }
    }
}

fn calendar(form: &Form) -> Result<Calendar, InvalidCalendar> {
    let window = SendWindow::parse(&format!("{}-{}", form.get("window_from"), form.get("window_to")))?;
    let off: Vec<&str> = OFF_DAYS.iter().filter(|(field, ..)| form.get(field) == "yes").map(|(.., day)| *day).collect();
    Calendar::new(form.get("zone").trim(), window, &off)
}

/// The field that a refusal of the administration is about.
fn field_of(problem: &str) -> &'static str {
    if problem.starts_with("schedule") { "default_schedule" } else { "email" }
}

/// A cause as a sentence.
fn sentence(cause: &str) -> String {
    let mut characters = cause.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}
