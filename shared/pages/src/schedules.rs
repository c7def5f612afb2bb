//! Schedules: the list, the form, and what a sample lead would read.

use domain::{MAX_STEPS, Parameters, Schedule, Tone};
use maud::{Markup, html};

use crate::form::Values;
use crate::frame::{Frame, Place};

/// A mail as a sample lead would read it.
#[derive(Debug, Clone)]
pub struct Preview {
    /// Days after the assignment, if nothing comes between.
    pub day: u32,
    /// Subject line.
    pub subject: String,
    /// The whole text.
    pub text: String,
}

/// The list of schedules.
pub fn schedules(frame: &Frame, schedules: &[Schedule]) -> Markup {
    let content = html! {
        div class="row between" {
            h1 { "Schedules" }
            a class="button main" href=(frame.at("schedules/new")) { "Make a schedule" }
        }
        div class="table" tabindex="0" role="region" aria-label="Schedules" {
            table class="stack" {
                thead { tr { th scope="col" { "Name" } th scope="col" { "Mails" } th scope="col" { "Days between" } th scope="col" { span class="unseen" { "Actions" } } } }
                tbody {
                    @for schedule in schedules {
                        @let address = encoded(schedule.name());
                        tr {
                            th scope="row" { a href=(frame.at(&format!("schedule?name={address}"))) { (schedule.name()) } }
                            td data-name="Mails" { (schedule.steps().len()) }
                            td data-name="Days between" { (schedule.steps().iter().map(|step| step.days_after.to_string()).collect::<Vec<_>>().join(", ")) }
                            td { a href=(frame.at(&format!("schedules/new?from={address}"))) { "Duplicate" span class="unseen" { " " (schedule.name()) } } }
                        }
                    }
                }
            }
        }
        p class="soft" { "The schedule field in Zoho CRM follows this list." }
    };
    frame.page(Place::Schedules, "Schedules", &content)
}

/// A name in an address.
pub(crate) fn encoded(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}

/// What a schedule's form shows.
#[derive(Clone, Copy)]
pub struct ScheduleForm<'a> {
    /// The schedule that is changed; `None` for a new one.
    pub name: Option<&'a str>,
    /// What stands in the fields `name` and `closing_days`.
    pub values: &'a Values,
    /// The mails as typed: days, subject, body, tone.
    pub steps: &'a [[String; 4]],
    /// What is wrong.
    pub problem: Option<&'a str>,
    /// What a sample lead would read, if that was asked for.
    pub previews: &'a [Preview],
    /// How many of the leads that were looked at follow it.
    pub in_flight: usize,
}

impl ScheduleForm<'_> {
    /// The mails of a schedule as the form has them.
    pub fn steps_of(schedule: &Schedule) -> Vec<[String; 4]> {
        let step = |step: &domain::Step| {
            let tone = step.message.tone.map(tone_name).unwrap_or_default();
            [
                step.days_after.to_string(),
                step.message.subject.clone().unwrap_or_default(),
                step.message.body.clone(),
                tone.to_owned(),
            ]
        };
        schedule.steps().iter().map(step).collect()
    }

    fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }
}

/// The tones that a mail may be written in.
pub const TONES: [(Tone, &str); 5] = [
    (Tone::Friendly, "friendly"),
    (Tone::Formal, "formal"),
    (Tone::Brief, "brief"),
    (Tone::Curious, "curious"),
    (Tone::Direct, "direct"),
];

fn tone_name(tone: Tone) -> &'static str {
    TONES.iter().find(|(known, _)| *known == tone).map_or("", |(_, name)| name)
}

fn step(at: usize, [days, subject, body, tone]: &[String; 4]) -> Markup {
    let number = at + 1;
    html! {
        fieldset {
            legend { "Mail " (number) }
            div class="columns" {
                div class="field" {
                    label for={ "days-" (number) } { @if at == 0 { "Days after the assignment" } @else { "Days after mail " (at) } }
                    input type="number" min="0" max="365" id={ "days-" (number) } name="days" value=(days);
                }
                div class="field" {
                    label for={ "tone-" (number) } { "Written" }
                    select id={ "tone-" (number) } name="tone" {
                        option value="" selected[tone.is_empty()] { "as it stands here" }
                        @for (_, name) in TONES { option value=(name) selected[tone == name] { "anew for each lead, " (name) } }
                    }
                }
                div class="field wide" {
                    label for={ "subject-" (number) } { "Subject" @if at > 0 { " (empty: it stays in the thread)" } }
                    input type="text" id={ "subject-" (number) } name="subject" value=(subject);
                }
                div class="field wide" {
                    label for={ "body-" (number) } { "Text" }
                    span class="hint" id={ "body-hint-" (number) } { "A mail that is left without a text is taken out." }
                    textarea class="mail" id={ "body-" (number) } name="body" aria-describedby={ "body-hint-" (number) } { "\n" (body) }
                }
            }
        }
    }
}

/// The form.
pub fn schedule_form(frame: &Frame, form: &ScheduleForm<'_>) -> Markup {
    let title = form.name.unwrap_or("Make a schedule");
    let path = form.name.map_or_else(|| "schedules/new".to_owned(), |name| format!("schedule?name={}", encoded(name)));
    let empty = [String::new(), String::new(), String::new(), String::new()];
    let content = html! {
        p class="crumbs" { a href=(frame.at("schedules")) { "Schedules" } }
        h1 { (title) }
        @if let Some(problem) = form.problem { div class="note bad" role="alert" { p { "Nothing was saved: " (problem) "." } } }
        @if !form.previews.is_empty() { (previews(frame, form.previews)) }
        p class="soft" { "Texts may use " @for (at, name) in Parameters::NAMES.iter().enumerate() { @if at > 0 { ", " } code { "{{ " (name) " }}" } } "." }
        (frame.form(&path, &html! {
            @if form.name.is_none() {
                div class="field" { label for="name" { "Name" } input type="text" id="name" name="name" maxlength="60" value=(form.value("name")); }
            }
            @for (at, typed) in form.steps.iter().enumerate() { (step(at, typed)) }
            @if form.steps.len() < MAX_STEPS {
                details class="act" { summary { "One more mail" } (step(form.steps.len(), &empty)) }
            }
            div class="field" {
                label for="closing_days" { "Days to wait for an answer to the last mail" }
                input type="number" min="0" max="365" id="closing_days" name="closing_days" value=(form.value("closing_days"));
            }
            @if form.name.is_some() {
                fieldset {
                    legend { "Whom this reaches" }
                    p class="soft" { (form.in_flight) " leads follow it now." }
                    label class="check" for="also" { input type="radio" id="also" name="reach" value="also" checked[form.value("reach") != "new"]; span { "Leads on it too, from their next mail on" } }
                    label class="check" for="new" { input type="radio" id="new" name="reach" value="new" checked[form.value("reach") == "new"]; span { "New leads only" } }
                }
            }
            div class="row" {
                button class="main" name="do" value="save" { "Save" }
                button name="do" value="preview" { "Preview" }
                a href=(frame.at("schedules")) { "Leave it" }
            }
        }))
        @if let Some(name) = form.name.filter(|name| *name != Schedule::RECOMMENDED) {
            details class="act" {
                summary { "Delete" }
                p { "Leads that are on it finish it; no other begins it." }
                (frame.button(&format!("schedule/delete?name={}", encoded(name)), "Delete it", "bad"))
            }
        }
    };
    frame.page(Place::Schedules, title, &content)
}

fn previews(frame: &Frame, previews: &[Preview]) -> Markup {
    html! {
        section class="card" aria-labelledby="preview" {
            h2 id="preview" { "As a sample lead would read it" }
            p class="soft" { "Ada Lovelace of Analytical Engines, if she never answers. Days count from the assignment; off days and holidays move a mail to the next day." }
            ol class="line" {
                @for preview in previews {
                    li class="sent" {
                        span class="soft small" { "Day " (preview.day) }
                        h3 { (preview.subject) }
                        pre class="mail" tabindex="0" { (preview.text) }
                        // On a page of its own: what was typed and not saved stays on this one.
                        form method="post" action=(frame.at("schedule/test")) target="_blank" {
                            input type="hidden" name="token" value=(frame.token);
                            input type="hidden" name="subject" value=(preview.subject);
                            input type="hidden" name="text" value=(preview.text);
                            button { "Send it to me as a test" span class="unseen" { ", day " (preview.day) ", on a new page" } }
                        }
                    }
                }
            }
        }
    }
}
