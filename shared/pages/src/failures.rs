//! What failed and has not passed since, with Try Again; and what was done in the last seven days.

use app::failures::{Failure, FailureKind};
use app::history::Done;
use maud::{Markup, html};

use crate::frame::{Frame, Place};

/// Lines of the history on a page.
pub const HISTORY_LINES: usize = 300;

fn kind(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Change => "Change for the CRM",
        FailureKind::Mail => "Mail",
        FailureKind::UnknownMail => "Unknown mail",
        FailureKind::Notification => "Notification",
        FailureKind::Record => "Record",
        FailureKind::Mailbox => "Mailbox",
        FailureKind::Upkeep => "Upkeep",
        FailureKind::Connection => "Connection",
    }
}

fn record(frame: &Frame, failure: &Failure) -> Markup {
    html! {
        @match &failure.record {
            Some(lead) => a href=(frame.at(&format!("leads/{lead}"))) { (lead) },
            None => span class="soft" { "none" },
        }
    }
}

/// Mails of which nobody can tell whether they left: a person looks, and says.
fn unknown(frame: &Frame, mails: &[&Failure]) -> Markup {
    html! {
        section class="card" aria-labelledby="unknown" {
            h2 id="unknown" { "Did these mails leave?" }
            p { "The mail system gave no answer, so they are not sent again. Look for them among its sent mails, and say what you found." }
            ul class="plain" {
                @for mail in mails {
                    li class="row between" {
                        span { (record(frame, mail)) div class="soft small" { (mail.tried) } }
                        (frame.form("failures/settle", &html! {
                            input type="hidden" name="failure" value=(mail.id);
                            div class="row" {
                                button name="found" value="left" { "It left" }
                                button name="found" value="did-not-leave" { "It did not" }
                            }
                        }))
                    }
                }
            }
        }
    }
}

/// The failure log: a page of it, and where it goes on.
pub fn failures(frame: &Frame, failures: &[Failure], next: Option<&str>) -> Markup {
    let (open, rest): (Vec<_>, Vec<_>) = failures.iter().partition(|failure| failure.kind == FailureKind::UnknownMail);
    let content = html! {
        h1 { "Failures" }
        @if failures.is_empty() { div class="card" { p { "Nothing has failed that did not pass later." } } }
        @if !open.is_empty() { (unknown(frame, &open)) }
        @if !rest.is_empty() {
            (frame.form("failures", &html! {
                div class="table" tabindex="0" role="region" aria-label="Failures" {
                    table class="stack" {
                        thead { tr {
                            th scope="col" { span class="unseen" { "Choose" } }
                            th scope="col" { "What was tried" }
                            th scope="col" { "Record" }
                            th scope="col" { "Why it failed" }
                            th scope="col" class="number" { "Tries" }
                            th scope="col" { "Next try" }
                        } }
                        tbody { @for failure in rest { (row(frame, failure)) } }
                    }
                }
                div class="row" {
                    button class="main" name="do" value="again" { "Try again: ticked" }
                    button name="do" value="all" { "Try again: all" }
                    button name="do" value="dismiss" { "Dismiss: ticked" }
                }
            }))
        }
        @if let Some(next) = next {
            p { a class="button" href={ (frame.at("failures")) "?from=" (encoded(next)) } { "More failures" } }
        }
        p { a href=(frame.at("history")) { "What was done in the last seven days" } }
    };
    frame.page(Place::Today, "Failures", &content)
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn row(frame: &Frame, failure: &Failure) -> Markup {
    html! {
        tr {
            td { input type="checkbox" name="failure" value=(failure.id) aria-label={ "Choose " (failure.tried) }; }
            th scope="row" { (failure.tried) div class="soft small" { (kind(failure.kind)) } }
            td data-name="Record" { (record(frame, failure)) }
            td data-name="Why it failed" { (failure.reason) }
            td class="number" data-name="Tries" { (failure.tries) }
            td data-name="Next try" { @match failure.next_try { Some(at) => (frame.time(at)), None => span class="tag warn" { "waits for you" } } }
        }
    }
}

/// On Today: what failed, in short.
pub(crate) fn in_short(frame: &Frame, failures: &[Failure], more: bool) -> Markup {
    html! {
        section class="card" aria-labelledby="failures" {
            div class="row" {
                h2 id="failures" { "Failures (" (failures.len()) @if more { " or more" } ")" }
                @if failures.iter().any(|failure| failure.kind == FailureKind::UnknownMail) { span class="tag bad" { "a mail to settle" } }
            }
            ul class="plain" {
                @for failure in failures.iter().take(5) {
                    li { (failure.tried) p class="soft small" { (failure.reason) } }
                }
            }
            div class="row" {
                a class="button" href=(frame.at("failures")) { "Settle or try again" }
            }
        }
    }
}

/// Batches of work as a table, the newest first.
pub(crate) fn done_table(frame: &Frame, done: &[Done], most: usize) -> Markup {
    html! {
        div class="table" tabindex="0" role="region" aria-label="History" {
            table class="stack" {
                thead { tr {
                    th scope="col" { "Time" } th scope="col" { "Direction" } th scope="col" { "Kind" }
                    th scope="col" class="number" { "Added" } th scope="col" class="number" { "Updated" } th scope="col" class="number" { "Failed" }
                } }
                tbody {
                    @for done in done.iter().take(most) {
                        tr {
                            th scope="row" { (frame.time(done.at)) }
                            td data-name="Direction" { (done.direction.words()) }
                            td data-name="Kind" { (done.line.kind) }
                            td class="number" data-name="Added" { (done.line.added) }
                            td class="number" data-name="Updated" { (done.line.updated) }
                            td class="number" data-name="Failed" { (done.line.failed) }
                        }
                    }
                }
            }
        }
    }
}

/// What was done in the last seven days, the newest first.
pub fn history(frame: &Frame, done: &[Done], more: bool) -> Markup {
    let content = html! {
        h1 { "The last seven days" }
        @if done.is_empty() { div class="card" { p { "Nothing was done in the last seven days." } } } @else { (done_table(frame, done, HISTORY_LINES)) }
        @if more { p class="soft small" { "These are the newest " (done.len().min(HISTORY_LINES)) " lines; there are more." } }
        p { a href=(frame.at("failures")) { "What failed" } }
    };
    frame.page(Place::Today, "History", &content)
}
