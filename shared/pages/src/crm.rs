//! CRM Details: the connection, how well each assistant is connected, and the first steps.

use app::admin::AssistantReport;
use app::console::Wish;
use app::store::{Audited, Connection, Health};
use domain::{CrmUser, IntegrationStatus, Module};
use jiff::SignedDuration;
use maud::{Markup, html};

use crate::frame::{Frame, Place};

/// Which of the first steps are done; each becomes true by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepsDone {
    /// An assistant exists.
    pub assistant: bool,
    /// An assistant has its CRM user.
    pub user: bool,
    /// A record was taken on.
    pub record: bool,
}

impl StepsDone {
    /// Of these assistants.
    pub fn of(reports: &[AssistantReport]) -> Self {
        let any = |test: &dyn Fn(&AssistantReport) -> bool| reports.iter().any(test);
        Self {
            assistant: !reports.is_empty(),
            user: any(&|report| report.assistant.user.is_some()),
            record: any(&|report| report.assistant.last_assignment.is_some()),
        }
    }

    /// Is nothing left to do?
    pub fn all(self) -> bool {
        self.assistant && self.user && self.record
    }
}

/// The way to the first mail.
pub(crate) fn first_steps(frame: &Frame, done: &StepsDone) -> Markup {
    let steps = [
        (true, html! { "Connect Zoho CRM" }),
        (done.assistant, html! { a href=(frame.at("assistants/new")) { "Create an assistant" } }),
        (
            done.user,
            html! { "Create its user in Zoho CRM: Setup, Users, with the assistant's address; then confirm the invitation" },
        ),
        (done.user, html! { "Refresh, so that the user is found " (frame.button("crm/refresh", "Refresh", "")) }),
        (done.record, html! { "Assign a record to that user in Zoho CRM; a note appears on it within seconds" }),
    ];
    let current = steps.iter().position(|(done, _)| !done);
    html! {
        section class="card" aria-labelledby="first" {
            h2 id="first" { "First steps" }
            ol class="steps" {
                @for (at, (done, step)) in steps.iter().enumerate() {
                    li class=[done.then_some("done")] aria-current=[(current == Some(at)).then_some("step")] {
                        (step) @if *done { span class="unseen" { " (done)" } }
                    }
                }
            }
        }
    }
}

/// Credits of the CRM, used by calls.
#[derive(Debug, Clone, Copy)]
pub struct CreditsToday {
    /// Taken today (UTC) by this product.
    pub used: u32,
    /// What the org has a day, for everybody.
    pub allowed: u32,
}

/// What the page shows.
#[derive(Clone, Copy)]
pub struct CrmDetails<'a> {
    /// The connection.
    pub connection: &'a Connection,
    /// The org's users, as last read.
    pub users: &'a [CrmUser],
    /// Its assistants.
    pub assistants: &'a [AssistantReport],
    /// Where connecting begins.
    pub connect: &'a str,
    /// When the newest notification came, as far as it is still kept.
    pub last_notification: Option<jiff::Timestamp>,
    /// How many changes wait for the CRM.
    pub waiting: usize,
    /// Are there more that wait?
    pub more_waiting: bool,
    /// Calls to the CRM.
    pub credits: CreditsToday,
    /// What comparing with the CRM has shown in the last days.
    pub audits: &'a [Audited],
    /// Changes that the CRM refused for good.
    pub failures: usize,
}

/// The data centre, as people call it.
fn data_centre(location: &str) -> &str {
    match location {
        "us" => "United States (zoho.com)",
        "eu" => "Europe (zoho.eu)",
        "in" => "India (zoho.in)",
        "au" => "Australia (zoho.com.au)",
        "jp" => "Japan (zoho.jp)",
        "cn" => "China (zoho.com.cn)",
        "ca" => "Canada (zohocloud.ca)",
        "sa" => "Saudi Arabia (zoho.sa)",
        "uk" => "United Kingdom (zoho.uk)",
        "ae" => "United Arab Emirates (zoho.ae)",
        "sg" => "Singapore (zoho.sg)",
        "local" => "none of Zoho's: a simulator",
        other => other,
    }
}

impl CrmDetails<'_> {
    fn user<'a>(&'a self, frame: &'a Frame, id: &'a domain::UserId) -> &'a str {
        match self.users.iter().find(|user| user.id == *id) {
            Some(user) => &user.name,
            None if frame.viewer.user == *id => &frame.viewer.name,
            None => id.as_str(),
        }
    }

    /// Was every notification of the last days received?
    fn audit(&self, frame: &Frame) -> Markup {
        let sum = |count: fn(&Audited) -> u32| self.audits.iter().map(count).sum::<u32>();
        let (compared, missed, mended) = (sum(|it| it.compared), sum(|it| it.missed), sum(|it| it.mended));
        let open: usize = self.audits.iter().map(|audit| audit.open.len()).sum();
        let until = self.audits.iter().map(|audit| audit.until).max();
        html! {
            @match until {
                None => "not yet; the first one comes with the next upkeep",
                Some(until) => {
                    @if open > 0 { span class="tag bad" { (open) " not mended" } " " }
                    @else if missed > 0 { span class="tag warn" { "mended" } " " }
                    @else { span class="tag good" { "nothing missed" } " " }
                    (compared) " changes compared with Zoho, " (missed) " of them untold by a notification"
                    @if missed > 0 { ", " (mended) " mended" }
                    "; until " (frame.time(until))
                }
            }
        }
    }

    fn card(&self, frame: &Frame) -> Markup {
        let connection = self.connection;
        let without_fields: Vec<_> = Module::ALL
            .into_iter()
            .filter(|module| !connection.fields.contains_key(module))
            .map(Module::as_str)
            .collect();
        let channel = connection.channel_expires.map(|expires| (expires, expires.duration_since(frame.now_real)));
        html! {
            section class="card" aria-labelledby="connection" {
                div class="row" {
                    h2 id="connection" { "Connection" }
                    @if connection.paused.is_some() { span class="tag warn" { "Paused" } }
                    @match &connection.health {
                        Health::Connected => span class="tag good" { "Connected" },
                        Health::Broken { .. } => span class="tag bad" { "Broken" },
                    }
                }
                @if let Health::Broken { reason } = &connection.health {
                    div class="note bad" { p { (reason) ". Nothing is sent meanwhile. An administrator has to connect again." } }
                }
                @if let Some(paused) = &connection.paused {
                    div class="note warn" { p { (paused.by) " paused it on " (frame.time(paused.since)) ". Nothing is read from Zoho and nothing is written to it; mails go on, and what they cause is written when you resume." } }
                }
                dl class="facts" {
                    dt { "Organisation" } dd { (connection.name) span class="soft" { " (" (connection.org) ")" } }
                    dt { "Data centre" } dd { (data_centre(connection.org.location())) }
                    dt { "Connected by" } dd { (self.user(frame, &connection.connected_by)) }
                    dt { "Fallback owner" } dd { (self.user(frame, &connection.fallback_owner)) }
                    dt { "Permissions" }
                    dd {
                        @if connection.scopes_missing.is_empty() { "all that are needed" } @else {
                            span class="tag bad" { "missing" } " " (connection.scopes_missing.join(", ")) "; connect again and accept all of them"
                        }
                    }
                    dt { "Fields" }
                    dd { @if without_fields.is_empty() { "made in Leads, Contacts and Deals" } @else {
                        span class="tag warn" { "missing" } " in " (without_fields.join(", ")) "; they are made within minutes, or the permission for fields is missing: connect again"
                    } }
                    dt { "Notifications" }
                    dd { @match channel {
                        Some((expires, left)) if left > SignedDuration::ZERO => { "open until " (frame.time(expires)) ", renewed by itself" },
                        Some((expires, _)) => { span class="tag bad" { "closed" } " since " (frame.time(expires)) "; records are still found every 15 minutes. Connect again if this stays" },
                        None => { span class="tag warn" { "not open yet" } " it opens within minutes, or the permission for notifications is missing: connect again" },
                    } }
                    dt { "Last notification" } dd { @match self.last_notification { Some(at) => (frame.time(at)), None => "none in the last day" } }
                    dt { "Looked at everything" } dd { @match connection.looked_at_all { Some(at) => (frame.time(at)), None => "not yet; it is due" } }
                    dt { "Credits used today" } dd { (self.credits.used) " of " (self.credits.allowed) " that Zoho gives the organisation in 24 hours" }
                    dt { "Audit of seven days" } dd { (self.audit(frame)) }
                    dt { "Waits for the CRM" } dd { (self.waiting) @if self.more_waiting { " or more" } " changes" }
                    dt { "Refused by the CRM" } dd { @if self.failures == 0 { "nothing" } @else { a class="tag bad" href=(frame.at("failures")) { (self.failures) " changes" } } }
                }
                div class="row actions" {
                    (frame.button("crm/refresh", "Refresh", "main"))
                    @if connection.paused.is_some() { (frame.button("crm/resume", "Resume", "main")) }
                    @else { (frame.button("crm/pause", "Pause", "")) }
                    a class="button" href=(self.connect) { "Connect again" }
                }
            }
        }
    }

    fn assistants(&self, frame: &Frame) -> Markup {
        html! {
            section aria-labelledby="status" {
                h2 id="status" { "Integration status" }
                @if self.assistants.is_empty() {
                    div class="card" {
                        p { code { "ASSISTANT_NOT_YET_CREATED" } ": " (IntegrationStatus::AssistantNotYetCreated.advice()) "." }
                        a class="button main" href=(frame.at("assistants/new")) { "Create an assistant" }
                    }
                } @else {
                    div class="table" tabindex="0" role="region" aria-label="Integration status" {
                        table class="stack" {
                            thead { tr { th scope="col" { "Assistant" } th scope="col" { "Status" } th scope="col" { "What to do" } } }
                            tbody { @for report in self.assistants { (row(frame, report)) } }
                        }
                    }
                }
            }
        }
    }
}

fn row(frame: &Frame, report: &AssistantReport) -> Markup {
    let (class, name) = status(report.status);
    html! {
        tr {
            th scope="row" { a href=(frame.at(&format!("assistants/{}", report.assistant.id))) { (report.assistant.name) } div class="soft small" { (report.assistant.email) } }
            td data-name="Status" { span class=(class) { (name) } }
            td data-name="What to do" { (report.status.advice()) }
        }
    }
}

/// The colour and the name of a status.
pub(crate) fn status(status: IntegrationStatus) -> (&'static str, &'static str) {
    match status {
        IntegrationStatus::AssistantNotYetCreated => ("tag warn", "ASSISTANT_NOT_YET_CREATED"),
        IntegrationStatus::AssistantDoesNotExistsAsUserInCrm => ("tag bad", "ASSISTANT_DOES_NOT_EXISTS_AS_USER_IN_CRM"),
        IntegrationStatus::AssistantExistsAsUserInCrm => ("tag cold", "ASSISTANT_EXISTS_AS_USER_IN_CRM"),
        IntegrationStatus::AllWorkingWell => ("tag good", "ALL_WORKING_WELL"),
    }
}

/// The page.
pub fn crm_details(frame: &Frame, details: &CrmDetails<'_>) -> Markup {
    let steps = StepsDone::of(details.assistants);
    let content = html! {
        h1 { "CRM Details" }
        @if !steps.all() { (first_steps(frame, &steps)) }
        (details.card(frame))
        (details.assistants(frame))
        @if frame.viewer.may(Wish::Administer) { section class="card" aria-labelledby="access" {
            h2 id="access" { "Access" }
            p { a href=(frame.at("access")) { "Who sees what" } ", by profile in Zoho CRM." }
            p { a href=(frame.at("tokens")) { "API tokens" } ": the same for programs, as JSON." }
        } }
        @if frame.viewer.may(Wish::Administer) { section class="card" aria-labelledby="ends" {
            h2 id="ends" { "Endings" }
            p { a href=(frame.at("leave")) { "Disconnect, or leave without a trace" } ": first you see what will happen." }
            p { a href=(frame.at("erase")) { "Erase a person" } " by mail address." }
        } }
    };
    frame.page(Place::Crm, "CRM Details", &content)
}
