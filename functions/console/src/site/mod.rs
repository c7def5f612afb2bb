//! The console's pages: who is there, which page they want, and what they send.
//!
//! **Invariants:** a GET changes nothing. A POST counts only with the session's cookie, from our own origin, with the
//! token of a form of this session. Org and user come from the session, never from the request.

mod access;
mod api;
mod assistants;
mod crm;
mod failures;
mod favours;
mod form;
mod leads;
mod leave;
mod preflight;
mod schedules;
mod today;
mod tokens;

use app::AppError;
use app::actions::Actions;
use app::admin::Admin;
use app::change::LeadChanges;
use app::console::{ApiTokens, Opened, Sessions, Viewer, Wish};
use app::failures::Failures;
use app::favours::Favours;
use domain::SigningKey;
use edge::http::{
    Answer, MOST_BYTES, Refusal, SESSION_COOKIE, asset, body, cookie, document, public_url, query, see_other,
    set_cookie,
};
use jiff::tz::TimeZone;
use lambda_http::http::header::{ORIGIN, SET_COOKIE};
use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use pages::{Frame, Markup, Notice};
use url::Url;

use form::Form;

/// The console for people.
pub struct Site {
    /// Who is signed in.
    pub sessions: Sessions,
    /// What people do to leads.
    pub actions: Actions,
    /// Administration.
    pub admin: Admin,
    /// What failed.
    pub failures: Failures,
    /// What is asked of others.
    pub favours: Favours,
    /// Tokens of the API.
    pub tokens: ApiTokens,
    /// The address of this installation, if it is set.
    pub public_url: Option<Url>,
}

/// What was done, by the word that the address of the next page carries.
const DONE: [(&str, &str); 14] = [
    ("refreshed", "Zoho is being looked at. What was found shows here in a few seconds."),
    ("saved", "Saved."),
    ("asked", "It is done. What follows from it shows in the story."),
    ("approved", "Approved. The mail leaves when its time has come."),
    ("paused", "Paused. What falls due meanwhile is spread over the days after."),
    ("going-on", "It goes on."),
    ("deleted", "Deleted. Leads that are on it finish it."),
    ("tried-again", "It is tried again now. What fails again shows here in a minute."),
    ("dismissed", "Dismissed."),
    ("settled", "Settled. The lead's story and the CRM say so."),
    ("sync-paused", "Paused. Nothing is read from Zoho and nothing is written to it until you resume."),
    ("sync-resumed", "Resumed. What waited is caught up now."),
    ("revoked", "Revoked. The token opens nothing any more."),
    ("begun", "It has begun. Everything is gone within a minute, as soon as Zoho has heard of it."),
];

impl Site {
    /// Over the same rows as everything else.
    pub fn new(changes: &LeadChanges, key: SigningKey, public_url: Option<Url>) -> Self {
        let LeadChanges { store, events, clock } = changes.clone();
        Self {
            tokens: ApiTokens { store: store.clone(), clock: clock.clone(), key: key.clone() },
            sessions: Sessions { store: store.clone(), clock: clock.clone(), key },
            actions: Actions { changes: changes.clone() },
            failures: Failures { changes: changes.clone() },
            favours: Favours { changes: changes.clone() },
            admin: Admin { store, events, clock },
            public_url,
        }
    }

    /// Answers a request for a page of the console; `None` if it is not for one.
    pub async fn handle(&self, request: &Request) -> Option<Answer> {
        let root = match public_url(request, self.public_url.as_ref()) {
            Ok(root) => root,
            Err(refusal) => return request.uri().path().contains("/console").then_some(Err(refusal)),
        };
        let base = format!("{}console", root.path());
        let path = request.uri().path().strip_prefix(&base).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        Some(self.answer(request, &root, &base, path.trim_matches('/')).await)
    }

    async fn answer(&self, request: &Request, root: &Url, base: &str, path: &str) -> Answer {
        if path == pages::style_name() {
            return Ok(asset("text/css; charset=utf-8", pages::STYLE));
        }
        if path == "api" || path.starts_with("api/") {
            return Box::pin(self.api(request, root, path.trim_start_matches("api").trim_start_matches('/'))).await;
        }
        if let Some(token) = path.strip_prefix("receipt/").filter(|_| *request.method() == Method::GET) {
            return self.receipt(base, token).await;
        }
        let opened = match cookie(request, SESSION_COOKIE) {
            Some(cookie) => self.sessions.open(&cookie).await.map_err(|error| Refusal::unavailable(&error))?,
            None => None,
        };
        let Some(opened) = opened else {
            let (sign_in, connect) =
                (format!("{}oauth/sign-in", root.path()), format!("{}oauth/authorize", root.path()));
            let page = pages::sign_in(base, &sign_in, &connect);
            return Ok(document(StatusCode::UNAUTHORIZED, pages::POLICY, page.into_string()));
        };
        let visit = Visit { site: self, request, base, root, opened };
        let segments: Vec<&str> = path.split('/').collect();
        match *request.method() {
            Method::GET | Method::HEAD => visit.show(&segments).await,
            Method::POST => {
                let form = visit.form()?;
                let mut answer = visit.change(&segments, &form).await?;
                // A page that shows a form again holds the token of the old secret.
                if answer.status().is_redirection()
                    && !answer.headers().contains_key(SET_COOKIE)
                    && let Some(cookie) =
                        self.sessions.rotate(&visit.opened).await.map_err(|e| Refusal::unavailable(&e))?
                {
                    set_cookie(&mut answer, SESSION_COOKIE, &cookie, None);
                }
                Ok(answer)
            }
            _ => Err(Refusal::method_not_allowed("GET, HEAD, POST")),
        }
    }
}

/// One request of somebody who is signed in.
pub(crate) struct Visit<'a> {
    site: &'a Site,
    request: &'a Request,
    base: &'a str,
    root: &'a Url,
    opened: Opened,
}

/// What is not the person's to mend.
fn failed(error: impl Into<AppError>) -> Refusal {
    match error.into() {
        AppError::Table(app::ports::TableError::Corrupt { key, .. }) if key == "(page token)" => {
            Refusal::bad_request("unknown_page", "this list does not go on there; start again at its beginning")
        }
        error => Refusal::unavailable(&error),
    }
}

impl Visit<'_> {
    async fn show(&self, path: &[&str]) -> Answer {
        match path {
            [""] => self.today().await,
            ["leads"] => self.leads().await,
            ["leads.csv"] => self.leads_csv().await,
            ["leads", "new"] => self.new_lead().await,
            ["leads", id] => self.lead(id).await,
            ["favours", id] => self.favour(id).await,
            ["orders", name] => self.order_page(name).await,
            ["crm"] => self.crm().await,
            ["access"] => self.access().await,
            ["tokens"] => self.tokens().await,
            ["failures"] => self.failures().await,
            ["history"] => self.history().await,
            ["assistants"] => self.assistants().await,
            ["assistants", "new"] => self.new_assistant().await,
            ["assistants", id] => self.assistant(id).await,
            ["schedules"] => self.schedules().await,
            ["schedules", "new"] => self.new_schedule().await,
            ["schedule"] => self.schedule(&self.named()).await,
            ["nurture"] => self.nurture().await,
            ["pre-flight"] => self.preflight().await,
            ["leave"] => self.leave().await,
            ["erase"] => self.erase().await,
            ["export.jsonl"] => self.export().await,
            _ => Err(Refusal::not_found()),
        }
    }

    async fn change(&self, path: &[&str], form: &Form) -> Answer {
        match path {
            ["sign-out"] => self.sign_out().await,
            ["leads", "act"] => self.act_on_many(form).await,
            ["leads", "new"] => self.look_at_record(form).await,
            ["leads", id, "approve"] => self.approve(id, form).await,
            ["leads", id, action] => self.act(id, action, form).await,
            ["favours", id, "again"] => self.ask_again(id).await,
            ["favours", look, "give"] => self.give(look).await,
            ["crm", "refresh"] => self.refresh().await,
            ["crm", "pause"] => self.pause_sync(true).await,
            ["crm", "resume"] => self.pause_sync(false).await,
            ["access"] => self.change_access(form).await,
            ["tokens"] => self.make_token(form).await,
            ["tokens", "revoke"] => self.revoke_token(form).await,
            ["orders", name, "undo"] => self.undo(name).await,
            ["failures"] => self.see_to_failures(form).await,
            ["failures", "settle"] => self.settle(form).await,
            ["assistants", "new"] => self.create_assistant(form).await,
            ["assistants", id] => self.change_assistant(id, form).await,
            ["assistants", id, "pause"] => self.pause_assistant(id, form).await,
            ["assistants", id, "go-on"] => self.let_assistant_go_on(id).await,
            ["schedules", "new"] => self.create_schedule(form).await,
            ["schedule"] => self.change_schedule(&self.named(), form).await,
            ["schedule", "test"] => self.try_mail(form).await,
            ["schedule", "delete"] => self.delete_schedule(&self.named()).await,
            ["nurture"] => self.change_nurture(form).await,
            ["pre-flight"] => self.plan(form).await,
            ["leave"] => self.begin_leaving(form).await,
            ["erase"] => self.erase_person(form).await,
            _ => Err(Refusal::not_found()),
        }
    }

    /// The name in the query: names of schedules hold what no path takes on every way here.
    fn named(&self) -> String {
        query(self.request, "name").unwrap_or_default()
    }

    fn viewer(&self) -> &Viewer {
        &self.opened.viewer
    }

    /// Refuses whoever may not manage the org.
    fn managing(&self) -> Result<(), Refusal> {
        if self.viewer().manages() {
            return Ok(());
        }
        let message = "your Zoho profile may not see this page; an administrator of your organisation can change that";
        Err(Refusal::forbidden("not_managing", message))
    }

    /// Refuses whoever does not administer the org.
    fn administering(&self) -> Result<(), Refusal> {
        if self.viewer().may(Wish::Administer) {
            return Ok(());
        }
        Err(Refusal::forbidden("not_administrator", "only administrators of your Zoho organisation may see this page"))
    }

    /// The form that was sent, if it is one of ours.
    fn form(&self) -> Result<Form, Refusal> {
        let form = Form::parse(body(self.request, MOST_BYTES)?);
        // Every browser names the origin of a form that is posted.
        let origin = self.request.headers().get(ORIGIN).and_then(|value| value.to_str().ok());
        let ours = origin == Some(self.root.origin().ascii_serialization().as_str());
        if ours && self.opened.is_mine(form.get("token")) {
            return Ok(form);
        }
        let remedy = format!("load the page again, at {}, and repeat it", self.root);
        Err(Refusal::forbidden("foreign_form", format!("this form is not from a page of your session; {remedy}")))
    }

    async fn sign_out(&self) -> Answer {
        self.site.sessions.end(&self.opened).await.map_err(failed)?;
        let mut response = see_other(self.base);
        set_cookie(&mut response, SESSION_COOKIE, "", Some(0));
        Ok(response)
    }

    /// What is around the page. Its times are those of the org's first assistant.
    async fn frame(&self, notice: Option<Notice>) -> Result<Frame, Refusal> {
        let store = &self.site.admin.store;
        let org = &self.viewer().org;
        let connection = store.connection(org).await.map_err(failed)?;
        let zone = store.assistants(org).await.map_err(failed)?.into_iter().next();
        let zone = zone.and_then(|stored| TimeZone::get(stored.value.calendar.zone_name()).ok());
        let done = query(self.request, "done");
        let done = DONE.iter().find(|(code, _)| Some(*code) == done.as_deref()).map(|(_, text)| Notice::Done(text));
        Ok(Frame {
            base: self.base.to_owned(),
            viewer: self.viewer().clone(),
            org_name: connection.map(|stored| stored.value.name).unwrap_or_default(),
            token: self.opened.form_token(),
            zone: zone.unwrap_or(TimeZone::UTC),
            now: self.site.admin.clock.calendar(),
            now_real: self.site.admin.clock.real(),
            notice: notice.or(done),
        })
    }

    /// On to another page, which says what was done.
    fn on_to(&self, path: &str, done: &str) -> Response<Body> {
        debug_assert!(DONE.iter().any(|(code, _)| *code == done));
        let slash = if path.is_empty() { "" } else { "/" };
        see_other(&format!("{}{slash}{path}?done={done}", self.base))
    }
}

fn html(status: StatusCode, page: Markup) -> Response<Body> {
    document(status, pages::POLICY, page.into_string())
}

fn ok(page: Markup) -> Answer {
    Ok(html(StatusCode::OK, page))
}
