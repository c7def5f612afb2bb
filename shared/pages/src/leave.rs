//! Leaving, and erasing a person: what will happen, how far it is, and the receipt.

use app::leave::{Erasure, Farewell, Held, Leaving, Stage};
use domain::EmailAddress;
use jiff::Timestamp;
use maud::{Markup, html};

use crate::form::{Fields, FormErrors, Values};
use crate::frame::{Frame, Place, document};
use crate::marks;

/// What leaving would do, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeavePreview {
    /// Leads that are followed up, among those that were looked at.
    pub active: usize,
    /// Leads that were looked at.
    pub looked_at: usize,
    /// Are there more?
    pub more: bool,
    /// Assistants.
    pub assistants: usize,
}

/// The page that asks before anything happens.
pub fn leave(frame: &Frame, preview: &LeavePreview, values: &Values, errors: &FormErrors) -> Markup {
    let fields = Fields { values, errors };
    let content = html! {
        p class="crumbs" { a href=(frame.at("crm")) { "CRM Details" } }
        h1 { "Disconnect " (frame.org_name) }
        (fields.summary())
        section class="card" aria-labelledby="will" {
            h2 id="will" { "What will happen" }
            ol {
                li { "Every follow-up is stopped: " (preview.active) " of the " (preview.looked_at) " leads" @if preview.more { " with the newest activity, and of all others" } "." }
                li { "Each of these records gets a note that sums up what happened, and goes back to its previous owner." }
                li { "When Zoho has all of that, the notification channel is closed, the authorisation is revoked, and the secrets of assistants' mailboxes are deleted. Everybody is signed out." }
                li { "You get a receipt under an address of its own, which also says how far it is." }
            }
            p { "What Zoho holds stays in Zoho: the notes, the mails on the records, and the fields." }
        }
        section class="card" aria-labelledby="before" {
            h2 id="before" { "Before that" }
            p { "Take along what you want to keep: " a href=(frame.at("leads.csv")) { "leads as CSV" } " or " a href=(frame.at("export.jsonl")) { "everything as JSON lines" } "." }
        }
        (frame.form("leave", &html! {
            fieldset {
                legend { "How" }
                label class="check" for="disconnect" {
                    input type="radio" id="disconnect" name="kind" value="disconnect" checked[fields.value("kind") != "clean-exit"];
                    span { "Disconnect: leads, assistants and schedules stay here for whoever connects again" }
                }
                label class="check" for="clean-exit" {
                    input type="radio" id="clean-exit" name="kind" value="clean-exit" checked[fields.value("kind") == "clean-exit"];
                    span { "Clean exit: everything is erased, but for the list of those who must not be written to, which holds hashes only" }
                }
            }
            (fields.text("name", &format!("Type the organisation's name, {}", frame.org_name), "So that nobody does this by accident."))
            button class="bad" { "Leave" }
        }))
    };
    frame.page(Place::Crm, "Disconnect", &content)
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Stopping => "Stop every follow-up",
        Stage::HandingBack => "Give the records back, with a note each",
        Stage::Closing => "Close the channel and revoke the authorisation",
        Stage::Erasing => "Erase what is stored",
        Stage::Done => "Done",
    }
}

fn utc(at: Timestamp) -> String {
    at.strftime("%a %-d %b %Y, %H:%M UTC").to_string()
}

/// How far an org is with leaving, and then its receipt. Whoever has its address may see it: it names no lead.
pub fn receipt(base: &str, farewell: &Farewell) -> Markup {
    let done = farewell.stage == Stage::Done;
    let stages = [Stage::Stopping, Stage::HandingBack, Stage::Closing, Stage::Erasing, Stage::Done];
    let erases = farewell.kind == Leaving::CleanExit;
    let body = html! {
        main class="narrow" {
            h1 { @if done { "Receipt" } @else { (farewell.organisation) " is leaving" } }
            div class="card" {
                ol class="steps" {
                    @for step in stages.into_iter().filter(|step| erases || *step != Stage::Erasing) {
                        li class=[(step < farewell.stage || done).then_some("done")] aria-current=[(step == farewell.stage && !done).then_some("step")] { (stage(step)) }
                    }
                }
                @if !done { p { "This goes on by itself, also if you leave this page." }
                    p { a class="button" href="" { "Look again" } } }
                dl class="facts" {
                    dt { "Organisation" } dd { (farewell.organisation) }
                    dt { "Asked for by" } dd { (farewell.by) }
                    dt { "How" } dd { @if erases { "clean exit" } @else { "disconnected, data kept" } }
                    dt { "Began" } dd { (utc(farewell.began)) }
                    @if let Some(ended) = farewell.ended { dt { "Done" } dd { (utc(ended)) } }
                    dt { "Follow-ups stopped" } dd { (farewell.stopped) }
                    dt { "Refused by the CRM" } dd { (farewell.left_behind) " changes" }
                    @if erases { dt { "Rows erased" } dd { (farewell.erased) } }
                }
                @if done { p { "Keep this page if you need it: its address works for 30 days." } }
            }
            p { a href=(base) { "To the start" } }
        }
    };
    document(base, if done { "Receipt" } else { "Leaving" }, &body)
}

/// Erasing a person: asks for the address, shows what is held, and tells of what was erased.
pub fn erase(
    frame: &Frame,
    address: Option<(&EmailAddress, &Held)>,
    erasures: &[Erasure],
    values: &Values,
    errors: &FormErrors,
) -> Markup {
    let fields = Fields { values, errors };
    let content = html! {
        p class="crumbs" { a href=(frame.at("crm")) { "CRM Details" } }
        h1 { "Erase a person" }
        (fields.summary())
        @match address {
            None => (frame.form("erase", &html! {
                div class="card" {
                    (fields.input("email", "address", "Mail address", "Nothing is erased yet: first you see what is held."))
                    button class="main" { "Look" }
                }
            })),
            Some((address, held)) => {
                section class="card" aria-labelledby="held" {
                    h2 id="held" { "What is held of " (address) }
                    @if held.leads.is_empty() { p { "No lead has this address." } }
                    ul class="plain" {
                        @for lead in &held.leads { li { (marks::link(frame, lead)) ", " (lead.mails_sent) " mails, with its story, the mails' texts and the decisions about them" } }
                    }
                    @if held.suppressed { p { "The address is on the suppression list already, as a hash." } }
                    p { "Erasing stops what is under way, gives the record back, and removes all of this within a minute. A hash of the address stays, so that nobody writes to it again. What Zoho holds is erased in Zoho." }
                    (frame.form("erase", &html! {
                        input type="hidden" name="address" value=(address);
                        input type="hidden" name="sure" value="yes";
                        div class="row" { button class="bad" { "Erase it" } a href=(frame.at("erase")) { "Leave it" } }
                    }))
                }
            },
        }
        @if !erasures.is_empty() {
            section class="card" aria-labelledby="lately" {
                h2 id="lately" { "In the last 30 days" }
                ul class="plain" {
                    @for erasure in erasures {
                        li {
                            (frame.time(erasure.began)) ", for " (erasure.by) ": "
                            @match erasure.ended {
                                Some(_) => { (erasure.erased) " leads erased" },
                                None => { (erasure.erased) " leads erased, " (erasure.leads.len()) " wait until Zoho has heard of it" },
                            }
                        }
                    }
                }
            }
        }
    };
    frame.page(Place::Crm, "Erase a person", &content)
}
