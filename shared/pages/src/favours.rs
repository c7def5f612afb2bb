//! What somebody asked for and waits for: a record that is looked at or given to an assistant, a mail that is tried out.

use app::favours::{Favour, Foreseen, PATIENCE, Progress, Wanted};
use domain::{Assistant, Lead, LeadId, Module};
use maud::{Markup, html};

use crate::form::{Fields, FormErrors, Values, plain_options};
use crate::frame::{Frame, Place};
use crate::marks;

/// The form that adds a lead by hand.
pub fn new_lead(frame: &Frame, assistants: &[Assistant], values: &Values, errors: &FormErrors) -> Markup {
    let fields = Fields { values, errors };
    let names: Vec<_> = assistants.iter().map(|it| (it.id.to_string(), it.name.clone())).collect();
    let content = html! {
        p class="crumbs" { a href=(frame.at("leads")) { "Leads" } }
        h1 { "Add a lead" }
        p { "The same as assigning the record in Zoho CRM. First you see what would happen; nothing is changed by looking." }
        (fields.summary())
        @if names.is_empty() {
            p class="note warn" { "There is no assistant yet. " a href=(frame.at("assistants/new")) { "Create an assistant" } "." }
        } @else {
            (frame.form("leads/new", &html! {
                div class="card" {
                    (fields.select("assistant", "Assistant", "", &names))
                    (fields.text("record", "Record in Zoho CRM", "Its address, as your browser shows it in Zoho CRM, or its id."))
                    (fields.select("module", "Module", "Only counts with an id: an address says it itself.", &plain_options(Module::ALL.map(Module::as_str))))
                    button class="main" { "Look" }
                }
            }))
        }
    };
    frame.page(Place::Leads, "Add a lead", &content)
}

/// What the page of a favour shows.
#[derive(Clone, Copy)]
pub struct FavourView<'a> {
    /// Its name.
    pub id: &'a str,
    /// The favour.
    pub favour: &'a Favour,
    /// The name of the assistant that it concerns.
    pub assistant: &'a str,
    /// The lead of its record, if there is one that the viewer may see.
    pub lead: Option<&'a Lead>,
}

impl FavourView<'_> {
    /// Is the page worth loading again soon?
    pub fn moves(&self, frame: &Frame) -> bool {
        match self.favour.progress {
            Progress::Asked => !self.favour.is_overdue(frame.now_real),
            Progress::Sending { since } => frame.now_real.duration_since(since) <= PATIENCE,
            Progress::Foreseen(_) | Progress::Done | Progress::Refused { .. } => false,
        }
    }

    fn title(&self) -> String {
        match &self.favour.wanted {
            Wanted::Look { .. } => "Add a lead".to_owned(),
            Wanted::Give { .. } => format!("A record for {}", self.assistant),
            Wanted::Test { subject, .. } => format!("Test of \u{201c}{subject}\u{201d}"),
        }
    }

    fn waits(&self, frame: &Frame) -> Markup {
        let doing = match self.favour.wanted {
            Wanted::Look { .. } => "Zoho is being asked what the record says.",
            Wanted::Give { .. } => "The record is being given to the assistant.",
            Wanted::Test { .. } => "The mail is being sent to your address in Zoho.",
        };
        let path = format!("favours/{}", self.id);
        html! {
            @if self.favour.is_overdue(frame.now_real) {
                p class="note warn" role="status" { "This was not done within a minute. It may still be; asking again does nothing twice." }
                (frame.button(&format!("{path}/again"), "Ask again", "main"))
            } @else {
                p role="status" { (doing) " This page looks again by itself." }
                p { a class="button" href=(frame.at(&path)) { "Look again" } }
            }
        }
    }

    fn done(&self) -> Markup {
        match self.favour.wanted {
            Wanted::Look { .. } | Wanted::Give { .. } => {
                html! { p class="note good" role="status" { (self.assistant) " has taken the record on." } }
            }
            Wanted::Test { .. } => {
                html! { p class="note good" role="status" { "The mail has left for your address in Zoho." } }
            }
        }
    }

    /// To the lead's page, or the record in Zoho.
    fn links(&self, frame: &Frame) -> Markup {
        let record = |lead: &LeadId| marks::record_url(&frame.viewer.org, lead);
        html! {
            @match &self.favour.wanted {
                Wanted::Look { lead, .. } | Wanted::Give { lead, .. } => {
                    @if let Some(known) = self.lead { p { "Its page here: " (marks::link(frame, known)) } }
                    @if let Some(url) = record(lead) { p { a href=(url) { "The record in Zoho CRM" } } }
                    p { a href=(frame.at("leads/new")) { "Another record" } }
                }
                Wanted::Test { .. } => p { a href=(frame.at("schedules")) { "To the schedules" } },
            }
        }
    }
}

/// The page of a favour.
pub fn favour(frame: &Frame, view: &FavourView<'_>) -> Markup {
    let (title, place) = (
        view.title(),
        match view.favour.wanted {
            Wanted::Look { .. } | Wanted::Give { .. } => Place::Leads,
            Wanted::Test { .. } => Place::Schedules,
        },
    );
    let content = html! {
        h1 { (title) }
        div class="card" {
            @match &view.favour.progress {
                Progress::Asked => (view.waits(frame)),
                Progress::Sending { .. } if view.moves(frame) => (view.waits(frame)),
                Progress::Sending { .. } => p class="note warn" role="status" { "The mail system did not answer, so it is not known whether the mail left. Look into your mailbox; if it is not there, send another test." },
                Progress::Foreseen(foreseen) => (foresight(frame, view, foreseen)),
                Progress::Done => (view.done()),
                Progress::Refused { why } => div class="note bad" role="alert" { p { "It was not done: " (why) } },
            }
            (view.links(frame))
        }
    };
    frame.page(place, &title, &content)
}

fn foresight(frame: &Frame, view: &FavourView<'_>, foreseen: &Foreseen) -> Markup {
    let Foreseen { name, company, address, owner, schedule, mails, first_mails, held, not_taken } = foreseen;
    html! {
        dl class="facts" {
            dt { "Name" } dd { @if name.is_empty() { "none" } @else { (name) } }
            dt { "Mail address" } dd { @match address { Some(address) => (address), None => "none that may be written to" } }
            dt { "Company" } dd { @if company.is_empty() { "none" } @else { (company) } }
            dt { "Owner, who gets it back" } dd { (owner) }
            dt { "Schedule" } dd { (schedule) " (" (mails) " mails)" }
        }
        @match not_taken {
            Some(why) => div class="note bad" role="alert" { p { (view.assistant) " would not take it on: " (why) } },
            None => {
                @if let Some(why) = held { p class="note warn" { "No mail would leave for now: " (why) } }
                @if !first_mails.is_empty() {
                    h2 { "The first mails" }
                    ul class="plain" {
                        @for mail in first_mails {
                            li { "Mail " (mail.step) ": " (mail.date.strftime("%a %-d %b %Y").to_string()) " " (mail.time.strftime("%H:%M").to_string()) " " span class="soft small" { (mail.zone) } }
                        }
                    }
                    p class="soft small" { "If nobody answers, and the assistant's other leads leave room on these days." }
                }
                (frame.button(&format!("favours/{}/give", view.id), &format!("Give it to {}", view.assistant), "main"))
            }
        }
    }
}
