//! The pre-flight: what a bulk assignment would send, before anything starts.

use app::preflight::{Preflight, RowError, SES_USD_PER_THOUSAND};
use domain::Assistant;
use maud::{Markup, html};

use crate::form::{Fields, FormErrors, Values};
use crate::frame::{Frame, Place};

/// Mails shown; all are in the totals.
const SHOWN: usize = 200;

/// What the page shows.
#[derive(Clone, Copy)]
pub struct PreflightView<'a> {
    /// Assistants to choose from.
    pub assistants: &'a [Assistant],
    /// What stands in the fields.
    pub values: &'a Values,
    /// What is wrong with them.
    pub errors: &'a FormErrors,
    /// What would happen, if that was asked.
    pub flight: Option<&'a Preflight>,
    /// Rows that cannot be planned.
    pub rejected: &'a [RowError],
}

fn totals(flight: &Preflight) -> Markup {
    let totals = &flight.totals;
    let full = totals.days.iter().filter(|day| day.mails == day.cap).count();
    html! {
        dl class="facts" {
            dt { "Leads" } dd { (totals.leads) }
            dt { "Mails" } dd { (totals.mails) " on " (totals.days.len()) " days, " (full) " of them at the cap" }
            dt { "Zoho API credits" } dd { "at most " (totals.api_credits) }
            dt { "Mail system" } dd { (format!("{:.2}", totals.mail_usd)) " US dollars at " (format!("{SES_USD_PER_THOUSAND:.2}")) " for a thousand mails with Amazon SES" }
            @if let Some(finish) = totals.finish { dt { "Finished" } dd { (finish.strftime("%a %-d %b %Y").to_string()) } }
        }
        p class="soft small" { "Assuming that nobody answers and that the assistant has no other leads." }
    }
}

fn mails(flight: &Preflight) -> Markup {
    html! {
        div class="table" tabindex="0" role="region" aria-label="Mails" {
            table class="stack" {
                thead { tr { th scope="col" { "To" } th scope="col" { "Mail" } th scope="col" { "Leaves" } th scope="col" { "Why then" } } }
                tbody {
                    @for mail in flight.mails.iter().take(SHOWN) {
                        tr {
                            th scope="row" { (mail.email) }
                            td data-name="Mail" { (mail.step) }
                            td data-name="Leaves" { (mail.date.strftime("%a %-d %b %Y").to_string()) " " (mail.time.strftime("%H:%M").to_string()) " " span class="soft small" { (mail.zone) } }
                            td data-name="Why then" class="small" { (mail.reasons.join("; ")) }
                        }
                    }
                }
            }
        }
        @if flight.mails.len() > SHOWN { p class="soft" { "and " (flight.mails.len() - SHOWN) " more mails" } }
    }
}

/// The page.
pub fn preflight(frame: &Frame, view: &PreflightView<'_>) -> Markup {
    let fields = Fields { values: view.values, errors: view.errors };
    let assistants: Vec<_> = view.assistants.iter().map(|it| (it.id.to_string(), it.name.clone())).collect();
    let content = html! {
        h1 { "Pre-flight" }
        p { "Every mail that a bulk assignment would send, with dates, API credits, mail quota, cost and the last day, before anything starts. Nothing is changed." }
        (fields.summary())
        @if let Some(flight) = view.flight {
            section class="card" aria-labelledby="totals" { h2 id="totals" { "What it comes to" } (totals(flight)) }
            @if !view.rejected.is_empty() || !flight.unplanned.is_empty() {
                section class="note warn" {
                    h2 { "Not planned" }
                    ul {
                        @for error in view.rejected { li { (error) } }
                        @for lead in &flight.unplanned { li { "line " (lead.line) ": " (lead.reason) } }
                    }
                }
            }
            (mails(flight))
        }
        (frame.form("pre-flight", &html! {
            div class="card" {
                (fields.select("assistant", "Assistant", "", &assistants))
                (fields.area("leads", "Leads", "A header row and one lead a line: name,email,company,country,state,time_zone,schedule. Only email must be filled.", "mail"))
                (fields.text("start", "Assigned at", "An instant such as 2026-05-04T08:00:00Z; now when empty."))
                button class="main" { "Plan it" }
            }
        }))
    };
    frame.page(Place::Preflight, "Pre-flight", &content)
}
