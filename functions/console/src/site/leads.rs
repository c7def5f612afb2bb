//! Leads: the list, its export, one lead, and what is done to them.

use app::AppError;
use app::actions::Selection;
use app::console::{LeadFilter, LeadPage, Wish, count_states, find_leads};
use app::store::{BULK_PAGE, Bulk, Delivery, Outcome};
use domain::{Action, CrmUser, Lead, LeadId, Module, Order, Schedule};
use edge::http::{Answer, Refusal, download, query, see_other};
use lambda_http::http::StatusCode;
use pages::{FormErrors, LeadList, LeadView, Notice, Values};

use super::form::Form;
use super::{Visit, failed, html, ok};

/// Leads on a page.
const ON_A_PAGE: usize = 50;
/// Leads in an export: what fits into one answer of a function.
const IN_AN_EXPORT: usize = 5000;

/// The fields of all forms of a lead's page.
const FIELDS: [&str; 9] = [
    "message-subject",
    "message-text",
    "introduce-text",
    "note-text",
    "remind-on",
    "remind-text",
    "edit-context",
    "edit-schedule",
    "approve-text",
];

impl Visit<'_> {
    fn filter(&self) -> LeadFilter {
        let filled = |name| query(self.request, name).filter(|value: &String| !value.trim().is_empty());
        LeadFilter {
            state: filled("state"),
            assistant: filled("assistant").and_then(|text| text.parse().ok()),
            schedule: filled("schedule"),
            owner: filled("owner").and_then(|text| text.parse().ok()),
            module: filled("module").and_then(|text| Module::ALL.into_iter().find(|module| module.as_str() == text)),
            since: filled("since").and_then(|text| text.parse().ok()),
            until: filled("until").and_then(|text| text.parse().ok()),
            text: filled("q").map(|text| text.trim().chars().take(100).collect()).unwrap_or_default(),
        }
    }

    async fn found(&self, filter: &LeadFilter, from: Option<&str>, most: usize) -> Result<LeadPage, Refusal> {
        find_leads(&self.site.admin.store, self.viewer(), filter, from, most).await.map_err(failed)
    }

    pub(super) async fn leads(&self) -> Answer {
        let (admin, org) = (&self.site.admin, &self.viewer().org);
        let from = query(self.request, "from");
        let filter = self.filter();
        let mut page = self.found(&filter, from.as_deref(), ON_A_PAGE).await?;
        count_states(&admin.store, self.viewer(), &filter, &mut page).await.map_err(failed)?;
        let assistants: Vec<_> =
            admin.assistants(org).await.map_err(failed)?.into_iter().map(|report| report.assistant).collect();
        let owners = match self.viewer().sees_all() {
            true => self.owners(&assistants).await?,
            false => Vec::new(),
        };
        let schedules = admin.schedules(org).await.map_err(failed)?;
        let list = LeadList {
            filter: &filter,
            page: &page,
            first: from.is_none(),
            assistants: &assistants,
            schedules: &schedules,
            owners: &owners,
        };
        ok(pages::leads(&self.frame(None).await?, &list))
    }

    /// Users who could get a lead back.
    async fn owners(&self, assistants: &[domain::Assistant]) -> Result<Vec<CrmUser>, Refusal> {
        let known = self.site.admin.store.users(&self.viewer().org).await.map_err(failed)?;
        let mut users = known.map(|known| known.users).unwrap_or_default();
        users.retain(|user| user.active && !assistants.iter().any(|it| it.user.as_ref() == Some(&user.id)));
        Ok(users)
    }

    pub(super) async fn leads_csv(&self) -> Answer {
        let filter = self.filter();
        let (mut leads, mut from) = (Vec::new(), query(self.request, "from"));
        while leads.len() < IN_AN_EXPORT {
            let page = self.found(&filter, from.as_deref(), IN_AN_EXPORT - leads.len()).await?;
            leads.extend(page.leads);
            match page.next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        let file = exported(&leads).map_err(|error| failed(AppError::Invalid(error.to_string())))?;
        Ok(download("text/csv; charset=utf-8", "leads.csv", file))
    }

    /// The lead, if this viewer may see it.
    async fn mine(&self, id: &str) -> Result<Lead, Refusal> {
        let id: LeadId = id.parse().map_err(|_| Refusal::not_found())?;
        self.viewer().lead(&self.site.admin.store, &id).await.map_err(failed)?.ok_or_else(Refusal::not_found)
    }

    /// The same, if they may also act on it.
    async fn to_act_on(&self, id: &str) -> Result<Lead, Refusal> {
        let lead = self.mine(id).await?;
        if self.viewer().may(Wish::Act(&lead)) {
            return Ok(lead);
        }
        let message = "your Zoho profile may look at leads and not act on them; an administrator can change that";
        Err(Refusal::forbidden("only_looking", message))
    }

    pub(super) async fn lead(&self, id: &str) -> Answer {
        let lead = self.mine(id).await?;
        self.lead_page(&lead, StatusCode::OK, &Values::new(), &FormErrors::new(), None).await
    }

    async fn lead_page(
        &self,
        lead: &Lead,
        status: StatusCode,
        values: &Values,
        errors: &FormErrors,
        notice: Option<Notice>,
    ) -> Answer {
        let (admin, org) = (&self.site.admin, &self.viewer().org);
        let mails = admin.store.deliveries(org, &lead.id).await.map_err(failed)?;
        let view = LeadView {
            lead,
            story: &admin.store.story(org, &lead.id).await.map_err(failed)?,
            held: held(&mails).filter(|_| matches!(lead.stage, domain::Stage::Held { .. })),
            mails: &mails,
            why: &admin.why(org, &lead.id).await.map_err(failed)?,
            schedules: &admin.schedules(org).await.map_err(failed)?,
            values,
            errors,
        };
        Ok(html(status, pages::lead(&self.frame(notice).await?, &view)))
    }

    /// The page again, with what was typed and what is wrong with it.
    async fn again(&self, lead: &Lead, form: &Form, field: Option<&'static str>, problem: String) -> Answer {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        match field {
            Some(field) => {
                let errors = FormErrors::from([(field, problem)]);
                self.lead_page(lead, status, &form.values(FIELDS), &errors, None).await
            }
            None => {
                let notice = Some(Notice::Failed(problem));
                self.lead_page(lead, status, &form.values(FIELDS), &FormErrors::new(), notice).await
            }
        }
    }

    fn order(&self, action: Action, form: &Form) -> Order {
        let why = form.get("why").trim().to_owned();
        Order { action, by: self.viewer().name.clone(), why, schedule_revision: 0 }
    }

    pub(super) async fn act(&self, id: &str, name: &str, form: &Form) -> Answer {
        let lead = self.to_act_on(id).await?;
        let schedules = self.site.admin.schedules(&self.viewer().org).await.map_err(failed)?;
        let action = match action(name, form, &schedules) {
            Some(Ok(action)) => action,
            Some(Err((field, problem))) => return self.again(&lead, form, Some(field), problem).await,
            None => return Err(Refusal::not_found()),
        };
        match self.site.actions.apply(&self.viewer().org, &lead.id, self.order(action, form)).await {
            Ok(()) => Ok(self.on_to(&format!("leads/{}", lead.id), "asked")),
            Err(error) => {
                let problem = mendable(error)?;
                self.again(&lead, form, None, problem).await
            }
        }
    }

    pub(super) async fn approve(&self, id: &str, form: &Form) -> Answer {
        let lead = self.to_act_on(id).await?;
        let org = &self.viewer().org;
        let text = form.get("approve-text").to_owned();
        let mails = self.site.admin.store.deliveries(org, &lead.id).await.map_err(failed)?;
        let changed = held(&mails).is_some_and(|delivery| delivery.mail.text.trim_end() != text.trim_end());
        match self.site.admin.approve(org, &lead.id, changed.then_some(text)).await {
            Ok(()) => Ok(self.on_to(&format!("leads/{}", lead.id), "approved")),
            Err(error) => {
                let problem = mendable(error)?;
                self.again(&lead, form, Some("approve-text"), problem).await
            }
        }
    }

    /// An order for all that were ticked. Those that this viewer may not see are not among them.
    pub(super) async fn act_on_many(&self, form: &Form) -> Answer {
        let mut leads = Vec::new();
        for id in form.all("lead").take(ON_A_PAGE * 2) {
            leads.push(self.to_act_on(id).await?.id);
        }
        let action = match action(form.get("action"), form, &[]) {
            Some(Ok(action)) if !leads.is_empty() => action,
            Some(Ok(_)) => {
                return Err(Refusal::bad_request("nothing_chosen", "tick at least one lead, then choose what to do"));
            }
            Some(Err(_)) | None => return Err(Refusal::not_found()),
        };
        let order = self.order(action, form);
        self.carry_out(leads, order).await
    }

    /// Begins an order for many and carries it out as far as it gets: upkeep takes it up where this stops.
    async fn carry_out(&self, leads: Vec<LeadId>, order: Order) -> Answer {
        let (org, actions) = (&self.viewer().org, &self.site.actions);
        let bulk = match actions.begin(org, &Selection::These(leads), order).await {
            Ok(bulk) => bulk,
            Err(error) => return Err(Refusal::bad_request("order_refused", mendable(error)?)),
        };
        if let Err(error) = actions.go_on(org, &bulk.name, &mut |_| {}).await {
            tracing::warn!(%org, order = bulk.name, %error, "an order for many leads stopped; it is taken up again");
        }
        Ok(see_other(&format!("{}/orders/{}", self.base, bulk.name)))
    }

    async fn my_order(&self, name: &str) -> Result<Bulk, Refusal> {
        let stored = self.site.admin.store.bulk(&self.viewer().org, name).await.map_err(failed)?;
        let bulk = stored.ok_or_else(Refusal::not_found)?.value;
        // Its failures name leads that are not this viewer's.
        if !self.viewer().sees_all() && bulk.order.by != self.viewer().name {
            return Err(Refusal::not_found());
        }
        Ok(bulk)
    }

    pub(super) async fn order_page(&self, name: &str) -> Answer {
        let bulk = self.my_order(name).await?;
        ok(pages::order(&self.frame(None).await?, &bulk))
    }

    /// Follow-ups that an order stopped go on where they were, but for those that it could not stop.
    pub(super) async fn undo(&self, name: &str) -> Answer {
        let bulk = self.my_order(name).await?;
        if bulk.order.action != Action::Deactivate || bulk.ended.is_none() {
            return Err(Refusal::bad_request("not_undone", "only an order that stopped follow-ups can be undone"));
        }
        let (store, org) = (&self.site.admin.store, &self.viewer().org);
        let mut leads = Vec::new();
        for page in 0..bulk.total.div_ceil(u32::try_from(BULK_PAGE).unwrap_or(1)) {
            leads.extend(store.bulk_leads(org, name, page).await.map_err(failed)?);
        }
        leads.retain(|lead| bulk.failures.iter().all(|failure| failure.lead != *lead));
        for lead in &leads {
            self.to_act_on(&lead.to_string()).await?;
        }
        let why = format!("undoes what {} asked for", bulk.order.by);
        let by = self.viewer().name.clone();
        self.carry_out(leads, Order { action: Action::Continue, by, why, schedule_revision: 0 }).await
    }
}

/// The mail that waits for somebody's approval.
fn held(mails: &[Delivery]) -> Option<&Delivery> {
    mails.iter().find(|delivery| delivery.outcome == Outcome::AwaitsApproval)
}

/// The text of an error that a person can do something about; others are refusals.
pub(super) fn mendable(error: AppError) -> Result<String, Refusal> {
    match error {
        AppError::Invalid(_) | AppError::Illegal(_) | AppError::Contended(_) => Ok(error.to_string()),
        error => Err(failed(error)),
    }
}

/// The action of this name with what the form says; what is wrong with it; or `None` if there is no such action.
pub(super) fn action(
    name: &str,
    form: &Form,
    schedules: &[Schedule],
) -> Option<Result<Action, (&'static str, String)>> {
    let text = |field: &'static str| match form.filled(field) {
        Some(text) => Ok(text.to_owned()),
        None => Err((field, "Write what it shall say.".to_owned())),
    };
    Some(match name {
        "message" => {
            let subject = form.filled("message-subject").map(str::to_owned);
            text("message-text").map(|text| Action::Message { subject, text })
        }
        "introduce" => Ok(Action::Introduce { owner: None, text: form.filled("introduce-text").map(str::to_owned) }),
        "note" => text("note-text").map(|text| Action::Note { text }),
        "remind" => match form.get("remind-on").parse() {
            Ok(on) => text("remind-text").map(|text| Action::Remind { on, text }),
            Err(_) => Err(("remind-on", "Choose a day, such as 2026-12-28.".to_owned())),
        },
        "edit" => {
            let schedule = form.filled("edit-schedule").map(str::to_owned);
            match schedules.iter().any(|known| Some(known.name()) == schedule.as_deref()) {
                true => Ok(Action::Edit { context: Some(form.get("edit-context").trim().to_owned()), schedule }),
                false => Err(("edit-schedule", "Choose one of the schedules that there are.".to_owned())),
            }
        }
        "hot" => Ok(Action::MarkHot),
        "handled" => Ok(Action::Handled),
        "deactivate" => Ok(Action::Deactivate),
        "unsubscribe" => Ok(Action::Unsubscribe),
        "restart" => Ok(Action::Restart),
        "continue" => Ok(Action::Continue),
        _ => return None,
    })
}

/// The leads as a file for a spreadsheet.
fn exported(leads: &[Lead]) -> Result<Vec<u8>, csv::Error> {
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record([
        "lead",
        "module",
        "record",
        "name",
        "company",
        "email",
        "phone",
        "state",
        "status",
        "assistant",
        "schedule",
        "mails_sent",
        "mails_opened",
        "goes_back_to",
        "taken_on",
    ])?;
    for lead in leads {
        let record = lead.id.record();
        let owner = lead.previous_owner.as_ref().map_or("", |owner| owner.name.as_str());
        let address = lead.address.as_ref().map_or("", |address| address.as_str());
        file.write_record([
            &lead.id.to_string(),
            record.module.as_str(),
            record.id.as_str(),
            &harmless(&lead.person.full_name()),
            &harmless(&lead.person.company),
            &harmless(address),
            &harmless(&lead.person.phone),
            lead.state.name(),
            lead.status.as_str(),
            lead.assistant.as_str(),
            &harmless(&lead.schedule),
            &lead.mails_sent.to_string(),
            &lead.engagement.opened.to_string(),
            &harmless(owner),
            &lead.enrolled_at.to_string(),
        ])?;
    }
    file.into_inner().map_err(|error| error.into_error().into())
}

/// A text that a spreadsheet does not take for a formula.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+44 20", "-2", "@SUM(A1)", "\t=1"] {
            assert!(harmless(text).starts_with('\''), "{text}");
        }
        assert_eq!(harmless("Ada = Lovelace"), "Ada = Lovelace");
    }
}
