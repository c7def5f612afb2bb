//! The console's API for programs: the same as its pages, as JSON.
//!
//! **Invariants:** a request is served by the table of routes and by nothing else; org and rights come from its token, never
//! from what it says; cookies count for nothing here, so no page of others can use it.

mod openapi;
mod routes;

use app::AppError;
use app::console::{LeadFilter, Viewer, Wish, find_leads, overview};
use app::failures::Which;
use app::history::newest;
use domain::{Action, Lead, LeadId, Module, Order};
use edge::http::{Answer, MOST_BYTES, Refusal, bearer, body, json_response, query};
use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use lambda_http::Request;
use lambda_http::http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use url::Url;

use self::routes::{Field, Op, ROUTES, Route, Takes};
use super::form::Form;
use super::leads::action;
use super::{Site, failed};

/// Leads, failures or lines of one answer.
const ON_A_PAGE: usize = 50;
/// Ids that a request names, and the characters of one.
const MOST_IDS: usize = 1000;
const LONGEST_ID: usize = 100;
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

type Told = Result<Value, Refusal>;

impl Site {
    /// Answers a request for the API, at `path` below its address.
    pub(super) async fn api(&self, request: &Request, root: &Url, path: &str) -> Answer {
        if path == "openapi.json" {
            let described = openapi::description(&format!("{}console/api", root.as_str()));
            return match request.method().as_str() {
                "GET" | "HEAD" => Ok(json_response(StatusCode::OK, &described)),
                _ => Err(Refusal::method_not_allowed("GET, HEAD")),
            };
        }
        let (route, name) = route(request.method(), path)?;
        let opened = match bearer(request) {
            Some(token) => self.tokens.open(token).await.map_err(failed)?,
            None => None,
        };
        let remedy = "send Authorization: Bearer with a token that an administrator made in the console";
        let (viewer, scopes) = opened.ok_or_else(|| Refusal::unauthorized("no_token", remedy))?;
        if !scopes.contains(&route.scope) {
            let scope = route.scope.name();
            return Err(Refusal::forbidden("no_scope", format!("this needs a token with the scope {scope}")));
        }
        let name = percent_decode_str(name).decode_utf8().map_err(|_| Refusal::not_found())?;
        let call = Call { site: self, request, viewer, name: &name };
        call.check_query(route)?;
        let told = call.answer(route.op, &call.fields(route)?).await?;
        Ok(json_response(StatusCode::OK, &told))
    }
}

/// The route that serves a path, and what the path names.
fn route<'a>(method: &Method, path: &'a str) -> Result<(&'static Route, &'a str), Refusal> {
    let segments: Vec<&str> = path.split('/').collect();
    let served: Vec<_> = ROUTES.iter().filter_map(|route| Some((route, route.takes(&segments)?))).collect();
    if served.is_empty() {
        return Err(Refusal::not_found());
    }
    let found = served.iter().find(|(route, _)| route.method == method.as_str()).copied();
    let methods = || served.iter().map(|(route, _)| route.method).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| Refusal::method_not_allowed(methods()))
}

/// One request of a program.
struct Call<'a> {
    site: &'a Site,
    request: &'a Request,
    viewer: Viewer,
    /// What the path names.
    name: &'a str,
}

fn wrong(field: &str, remedy: &str) -> Refusal {
    Refusal::bad_request("wrong_field", format!("{field}: {remedy}"))
}

/// What a program can do something about is a conflict with how things are.
fn refused(error: AppError) -> Refusal {
    match super::leads::mendable(error) {
        Ok(message) => Refusal::conflict("not_done", message),
        Err(refusal) => refusal,
    }
}

fn done() -> Value {
    json!({ "done": true })
}

impl Field {
    fn check(&self, value: &Value) -> Result<(), Refusal> {
        let fits = match self.takes {
            Takes::Text(most) => value.as_str().is_some_and(|text| text.chars().count() <= most),
            Takes::OneOf(values) => value.as_str().is_some_and(|text| values.contains(&text)),
            Takes::Texts => {
                let fits = |text: &Value| text.as_str().is_some_and(|text| text.chars().count() <= LONGEST_ID);
                value.as_array().is_some_and(|texts| texts.len() <= MOST_IDS && texts.iter().all(fits))
            }
        };
        let remedy = match self.takes {
            Takes::Text(most) => format!("send a text of at most {most} characters"),
            Takes::OneOf(values) => format!("send one of {}", values.join(", ")),
            Takes::Texts => format!("send a list of at most {MOST_IDS} ids of at most {LONGEST_ID} characters"),
        };
        if fits { Ok(()) } else { Err(wrong(self.name, &remedy)) }
    }
}

impl Call<'_> {
    fn check_query(&self, route: &Route) -> Result<(), Refusal> {
        let pairs = url::form_urlencoded::parse(self.request.uri().query().unwrap_or_default().as_bytes());
        for (name, value) in pairs {
            let field = route.query.iter().find(|field| field.name == name);
            let field = field.ok_or_else(|| wrong(&name, "there is no such parameter; the description names all"))?;
            field.check(&Value::String(value.into_owned()))?;
        }
        Ok(())
    }

    /// The body's fields, checked.
    fn fields(&self, route: &Route) -> Result<Map<String, Value>, Refusal> {
        if route.body.is_empty() {
            return Ok(Map::new());
        }
        let object = serde_json::from_slice::<Map<String, Value>>(body(self.request, MOST_BYTES)?);
        let object =
            object.map_err(|error| Refusal::bad_request("not_json", format!("send one JSON object: {error}")))?;
        for (name, value) in &object {
            let field = route.body.iter().find(|field| field.name == name);
            field.ok_or_else(|| wrong(name, "there is no such field; the description names all"))?.check(value)?;
        }
        match route.body.iter().find(|field| field.required && !object.contains_key(field.name)) {
            Some(missing) => Err(wrong(missing.name, "it is missing")),
            None => Ok(object),
        }
    }

    async fn answer(&self, op: Op, fields: &Map<String, Value>) -> Told {
        let (admin, org) = (&self.site.admin, &self.viewer.org);
        Ok(match op {
            Op::ListLeads => self.list_leads().await?,
            Op::ReadLead => self.read_lead().await?,
            Op::ActOnLead => self.act(fields).await?,
            Op::Today => self.today().await?,
            Op::Connection => self.connection().await?,
            Op::Refresh => admin.look_after_now(org).await.map(|()| done()).map_err(refused)?,
            Op::Pause => admin.pause_sync(org, Some(&self.viewer.name)).await.map(|()| done()).map_err(refused)?,
            Op::Resume => admin.pause_sync(org, None).await.map(|()| done()).map_err(refused)?,
            Op::ListAssistants => json!({ "assistants": admin.assistants(org).await.map_err(failed)? }),
            Op::ReadAssistant => {
                let all = admin.assistants(org).await.map_err(failed)?;
                json!(all.into_iter().find(|it| it.assistant.id.as_str() == self.name).ok_or_else(Refusal::not_found)?)
            }
            Op::ListSchedules => json!({ "schedules": admin.schedules(org).await.map_err(failed)? }),
            Op::ListFailures => {
                let (from, limit) = (self.query("from"), u32::try_from(ON_A_PAGE).unwrap_or(1));
                let (page, next) = self.site.failures.page(org, from.as_deref(), limit).await.map_err(failed)?;
                json!({ "failures": page, "next": next })
            }
            Op::RetryFailures => {
                json!(self.site.failures.retry(org, &which(fields), &self.viewer.name).await.map_err(failed)?)
            }
            Op::DismissFailures => json!(self.site.failures.dismiss(org, &which(fields)).await.map_err(failed)?),
            Op::History => {
                let done = newest(&admin.store, admin.clock.as_ref(), org, ON_A_PAGE * 4).await.map_err(failed)?;
                json!({ "history": done })
            }
            Op::Audits => {
                let since = (admin.clock.real() - WEEK).to_zoned(TimeZone::UTC).date();
                json!({ "audits": admin.store.audits(org, since).await.map_err(failed)? })
            }
        })
    }

    fn query(&self, name: &str) -> Option<String> {
        query(self.request, name).filter(|value| !value.trim().is_empty())
    }

    fn day(&self, name: &'static str) -> Result<Option<Date>, Refusal> {
        let day = self.query(name).map(|text| text.parse()).transpose();
        day.map_err(|_| wrong(name, "send a day such as 2026-12-28"))
    }

    async fn list_leads(&self) -> Told {
        let assistant = self.query("assistant").map(|text| text.parse()).transpose();
        let owner = self.query("owner").map(|text| text.parse()).transpose();
        let filter = LeadFilter {
            state: self.query("state"),
            assistant: assistant.map_err(|_| wrong("assistant", "send the id of an assistant"))?,
            schedule: self.query("schedule"),
            owner: owner.map_err(|_| wrong("owner", "send the id of a user of the CRM"))?,
            module: self.query("module").and_then(|text| Module::ALL.into_iter().find(|it| it.as_str() == text)),
            since: self.day("since")?,
            until: self.day("until")?,
            text: self.query("q").unwrap_or_default(),
        };
        let from = self.query("from");
        let page = find_leads(&self.site.admin.store, &self.viewer, &filter, from.as_deref(), ON_A_PAGE).await;
        let page = page.map_err(failed)?;
        let leads: Vec<_> = page.leads.iter().map(in_short).collect();
        Ok(json!({ "leads": leads, "next": page.next }))
    }

    async fn lead(&self) -> Result<Lead, Refusal> {
        let id: LeadId = self.name.parse().map_err(|_| Refusal::not_found())?;
        self.viewer.lead(&self.site.admin.store, &id).await.map_err(failed)?.ok_or_else(Refusal::not_found)
    }

    async fn read_lead(&self) -> Told {
        let (lead, admin, org) = (self.lead().await?, &self.site.admin, &self.viewer.org);
        Ok(json!({
            "story": admin.store.story(org, &lead.id).await.map_err(failed)?,
            "mails": admin.store.deliveries(org, &lead.id).await.map_err(failed)?,
            "why": admin.why(org, &lead.id).await.map_err(failed)?,
            "lead": lead,
        }))
    }

    async fn act(&self, fields: &Map<String, Value>) -> Told {
        let lead = self.lead().await?;
        if !self.viewer.may(Wish::Act(&lead)) {
            return Err(Refusal::forbidden("no_scope", "this needs a token with the scope act"));
        }
        let (admin, org) = (&self.site.admin, &self.viewer.org);
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = text("action");
        if name == "approve" {
            let changed = Some(text("text")).filter(|text| !text.is_empty());
            return admin.approve(org, &lead.id, changed).await.map(|()| done()).map_err(refused);
        }
        // As the page's forms name their fields.
        let form = Form::of(
            ["text", "subject", "on", "context", "schedule"].map(|field| (format!("{name}-{field}"), text(field))),
        );
        let schedules = admin.schedules(org).await.map_err(failed)?;
        let action: Action = match action(&name, &form, &schedules) {
            Some(Ok(action)) => action,
            Some(Err((field, remedy))) => return Err(wrong(field.rsplit('-').next().unwrap_or(field), &remedy)),
            None => return Err(wrong("action", "there is no such action")),
        };
        let order = Order { action, by: self.viewer.name.clone(), why: text("why"), schedule_revision: 0 };
        self.site.actions.apply(org, &lead.id, order).await.map(|()| done()).map_err(refused)
    }

    async fn today(&self) -> Told {
        let admin = &self.site.admin;
        let overview = overview(&admin.store, &self.viewer, admin.clock.as_ref()).await.map_err(failed)?;
        let leads = |leads: &[Lead]| leads.iter().take(ON_A_PAGE).map(in_short).collect::<Vec<_>>();
        let days = overview.days.iter().map(|(date, day)| {
            json!({ "date": date, "sent": day.sent, "booked": day.booked, "bounced": day.bounced, "answers": day.answers,
                "handed_back": day.handed_back })
        });
        Ok(json!({
            "coming": overview.coming.iter().map(|it| json!({ "lead": in_short(&it.lead), "due": it.due })).collect::<Vec<_>>(),
            "to_act_on": leads(&overview.to_act_on),
            "at_risk": leads(&overview.at_risk),
            "held": leads(&overview.held),
            "days": days.collect::<Vec<_>>(),
        }))
    }

    async fn connection(&self) -> Told {
        let (admin, org) = (&self.site.admin, &self.viewer.org);
        let stored = admin.store.connection(org).await.map_err(failed)?.ok_or_else(Refusal::not_found)?;
        let today = admin.clock.real().to_zoned(TimeZone::UTC).date();
        let used = admin.store.budget(org).await.map_err(failed)?.map_or(0, |stored| stored.value.spent.by(today));
        let connection = stored.value;
        Ok(json!({
            "org": connection.org,
            "name": connection.name,
            "health": connection.health,
            "paused": connection.paused,
            "scopes_missing": connection.scopes_missing,
            "channel_expires": connection.channel_expires,
            "last_notification": admin.store.heard(org).await.map_err(failed)?,
            "credits": { "used_today": used, "a_day": connection.allowance.credits_a_day },
        }))
    }
}

fn which(fields: &Map<String, Value>) -> Which {
    let ids = fields.get("ids").and_then(Value::as_array).cloned().unwrap_or_default();
    let ids: Vec<String> = ids.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if ids.is_empty() { Which::All } else { Which::These(ids) }
}

/// What a list says of a lead.
fn in_short(lead: &Lead) -> Value {
    json!({
        "id": lead.id,
        "name": lead.person.full_name(),
        "company": lead.person.company,
        "email": lead.address,
        "phone": lead.person.phone,
        "state": lead.state.name(),
        "status": lead.status,
        "stage": lead.stage,
        "assistant": lead.assistant,
        "schedule": lead.schedule,
        "mails_sent": lead.mails_sent,
        "opened": lead.engagement.opened,
        "goes_back_to": lead.previous_owner,
        "taken_on": lead.enrolled_at,
    })
}
