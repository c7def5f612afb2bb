//! Assistants: the list, and the form that makes or changes one.

use app::admin::AssistantReport;
use domain::{Approval, Assistant, Country, Schedule, Tracking};
use maud::{Markup, html};

use crate::crm::status;
use crate::form::{Fields, FormErrors, Values, plain_options};
use crate::frame::{Frame, Place};

/// The list of assistants.
pub fn assistants(frame: &Frame, reports: &[AssistantReport]) -> Markup {
    let content = html! {
        div class="row between" {
            h1 { "Assistants" }
            a class="button main" href=(frame.at("assistants/new")) { "Create an assistant" }
        }
        @if reports.is_empty() { div class="card" { p { "There is no assistant yet. An assistant works as a user of your Zoho CRM: create it here, then its user in Zoho with the same address." } } }
        div class="grid two" {
            @for report in reports {
                @let (class, name) = status(report.status);
                section class="card" {
                    h2 { a href=(frame.at(&format!("assistants/{}", report.assistant.id))) { (report.assistant.name) } }
                    p class="soft" { (report.assistant.email) }
                    p { span class=(class) { (name) } }
                    dl class="facts" {
                        dt { "Sends" } dd { (report.assistant.calendar.window()) ", " (report.assistant.calendar.zone_name()) }
                        dt { "At most" } dd { (report.assistant.daily_cap) " mails a day" }
                        dt { "Schedule" } dd { (report.assistant.default_schedule) }
                        @if let Some(until) = report.assistant.paused_until.filter(|until| *until > frame.now) {
                            dt { "Paused" } dd { span class="tag warn" { "until" } " " (frame.time(until)) }
                        }
                    }
                }
            }
        }
    };
    frame.page(Place::Assistants, "Assistants", &content)
}

/// What an assistant's form shows.
#[derive(Clone, Copy)]
pub struct AssistantForm<'a> {
    /// The assistant that is changed; `None` for a new one.
    pub assistant: Option<&'a Assistant>,
    /// What stands in the fields.
    pub values: &'a Values,
    /// What is wrong with it.
    pub errors: &'a FormErrors,
    /// Schedules to choose from.
    pub schedules: &'a [Schedule],
    /// How many of the leads that were looked at are followed up by it.
    pub in_flight: usize,
}

impl AssistantForm<'_> {
    /// The fields as an assistant has them.
    pub fn values_of(assistant: &Assistant) -> Values {
        let yes = |yes: bool| if yes { "yes" } else { "" }.to_owned();
        let calendar = &assistant.calendar;
        let mut values = Values::from([
            ("name", assistant.name.clone()),
            ("email", assistant.email.to_string()),
            ("title", assistant.title.clone()),
            ("signature", assistant.signature.clone()),
            ("zone", calendar.zone_name().to_owned()),
            ("window_from", calendar.window().from().strftime("%H:%M").to_string()),
            ("window_to", calendar.window().to().strftime("%H:%M").to_string()),
            ("daily_cap", assistant.daily_cap.to_string()),
            ("holiday_country", assistant.holiday_country.map(|country| country.code().to_owned()).unwrap_or_default()),
            ("default_schedule", assistant.default_schedule.clone()),
            ("default_context", assistant.default_context.clone()),
            ("more_information", assistant.more_information.clone()),
            ("brochure_url", assistant.brochure_url.clone()),
            ("calendar_url", assistant.calendar_url.clone()),
            ("at_risk_days", assistant.at_risk_days.to_string()),
            ("remind_by_mail", yes(assistant.remind_by_mail)),
            ("hold", yes(assistant.approval == Approval::Hold)),
            ("disclose", yes(assistant.ai_disclosure.is_some())),
            ("ai_disclosure", assistant.ai_disclosure.clone().unwrap_or_default()),
            ("tracking", tracking_name(assistant.tracking).to_owned()),
        ]);
        values.extend(calendar.off_days().filter_map(off_day).map(|name| (name, "yes".to_owned())));
        values
    }
}

/// Weekdays: the field, the name, and what the calendar calls it.
pub const OFF_DAYS: [(&str, &str, &str); 7] = [
    ("off_mon", "Monday", "mon"),
    ("off_tue", "Tuesday", "tue"),
    ("off_wed", "Wednesday", "wed"),
    ("off_thu", "Thursday", "thu"),
    ("off_fri", "Friday", "fri"),
    ("off_sat", "Saturday", "sat"),
    ("off_sun", "Sunday", "sun"),
];

fn off_day(day: &str) -> Option<&'static str> {
    OFF_DAYS.iter().find(|(.., known)| *known == day).map(|(field, ..)| *field)
}

/// The word for it in forms.
pub fn tracking_name(tracking: Tracking) -> &'static str {
    match tracking {
        Tracking::Off => "off",
        Tracking::Opens => "opens",
        Tracking::OpensAndClicks => "clicks",
    }
}

fn identity(fields: &Fields<'_>) -> Markup {
    html! {
        fieldset {
            legend { "Who it is" }
            div class="columns" {
                (fields.text("name", "Full name", "As leads see it."))
                (fields.input("email", "email", "Mail address", "Also the address of its user in Zoho CRM."))
                (fields.text("title", "Job title", ""))
                (fields.area("signature", "Signature", "Lines under each mail; the name alone when empty.", ""))
            }
        }
    }
}

fn calendar(fields: &Fields<'_>) -> Markup {
    let countries: Vec<_> = std::iter::once((String::new(), "None".to_owned()))
        .chain(Country::all().map(|country| (country.code().to_owned(), country.name().to_owned())))
        .collect();
    html! {
        fieldset {
            legend { "When it sends" }
            div class="columns" {
                (fields.text("zone", "Time zone", "An IANA name, such as Europe/Paris. A lead's own zone counts where it is known."))
                (fields.input("number", "daily_cap", "Most mails a day", "A new assistant starts with 20 and sends half more each day."))
                (fields.input("time", "window_from", "From", ""))
                (fields.input("time", "window_to", "Until", ""))
                (fields.select("holiday_country", "Public holidays of", "For leads whose country is unknown.", &countries))
            }
            p id="off-days" { strong { "Off days" } }
            div class="row" role="group" aria-labelledby="off-days" {
                @for (name, label, _) in OFF_DAYS { (fields.check(name, label)) }
            }
            @if let Some(error) = fields.errors.get("off_mon") { p class="field" { span class="error" { (error) } } }
        }
    }
}

fn writing(fields: &Fields<'_>, schedules: &[Schedule]) -> Markup {
    html! {
        fieldset {
            legend { "What it writes" }
            (fields.area("default_context", "What its mails are about", "Used when the record says nothing.", ""))
            div class="columns" {
                (fields.select("default_schedule", "Schedule", "Used when the record names none.", &plain_options(schedules.iter().map(Schedule::name))))
                (fields.input("url", "brochure_url", "Brochure", "A lead who asks for it gets this link at once."))
                (fields.input("url", "calendar_url", "Calendar", "Where a lead who wants to meet picks a time."))
                (fields.area("more_information", "More information", "One or two lines under each body, never rewritten.", ""))
            }
            (fields.check("hold", "Its mails wait for a person's approval"))
            (fields.check("disclose", "Each mail says that software wrote it"))
            (fields.text("ai_disclosure", "In these words", "Ours when empty."))
        }
    }
}

fn afterwards(fields: &Fields<'_>) -> Markup {
    let tracking = [
        ("off", "Nothing"),
        ("opens", "Whether mails are opened"),
        ("clicks", "Whether mails are opened and links followed"),
    ];
    let tracking: Vec<_> = tracking.iter().map(|(value, text)| ((*value).to_owned(), (*text).to_owned())).collect();
    html! {
        fieldset {
            legend { "What follows" }
            div class="columns" {
                (fields.select("tracking", "What is watched", "", &tracking))
                (fields.input("number", "at_risk_days", "Days between reminders of a hot lead", ""))
            }
            (fields.check("remind_by_mail", "Zoho also mails the owner with each reminder"))
        }
    }
}

/// The form.
pub fn assistant_form(frame: &Frame, form: &AssistantForm<'_>) -> Markup {
    let fields = Fields { values: form.values, errors: form.errors };
    let title = form.assistant.map_or("Create an assistant", |assistant| assistant.name.as_str());
    let path =
        form.assistant.map_or_else(|| "assistants/new".to_owned(), |assistant| format!("assistants/{}", assistant.id));
    let content = html! {
        p class="crumbs" { a href=(frame.at("assistants")) { "Assistants" } }
        h1 { (title) }
        (fields.summary())
        @if let Some(assistant) = form.assistant { (pace(frame, assistant, form.in_flight)) }
        (frame.form(&path, &html! {
            (identity(&fields)) (calendar(&fields)) (writing(&fields, form.schedules)) (afterwards(&fields))
            div class="row" {
                button class="main" { @if form.assistant.is_some() { "Save" } @else { "Create" } }
                a href=(frame.at("assistants")) { "Leave it" }
            }
        }))
    };
    frame.page(Place::Assistants, title, &content)
}

/// Whether it sends, and whom a change reaches.
fn pace(frame: &Frame, assistant: &Assistant, in_flight: usize) -> Markup {
    let (class, name) = status(assistant.integration_status());
    let today = frame.now.to_zoned(frame.zone.clone()).date();
    html! {
        section class="card" aria-labelledby="pace" {
            div class="row" { h2 id="pace" { "Now" } span class=(class) { (name) } }
            p { (assistant.integration_status().advice()) "." }
            p class="soft" { "It follows " (in_flight) " leads up. What you change here counts from their next mail on." }
            div class="row" {
                @match assistant.paused_until.filter(|until| *until > frame.now) {
                    Some(until) => {
                        p { span class="tag warn" { "Paused" } " until " (frame.time(until)) }
                        (frame.button(&format!("assistants/{}/go-on", assistant.id), "Let it go on", "main"))
                    },
                    None => (frame.form(&format!("assistants/{}/pause", assistant.id), &html! {
                        div class="row" {
                            label for="until" { "Send nothing before" }
                            input type="date" id="until" name="until" min=(today.to_string()) required;
                            button { "Pause" }
                        }
                    })),
                }
            }
        }
    }
}
