//! Today: who waits for a person, what leaves next, how the last days went.

use app::console::{DayCount, Overview, Replies};
use app::failures::Failure;
use app::history::Done;
use domain::Lead;
use jiff::civil::Date;
use maud::{Markup, html};

use crate::crm::{StepsDone, first_steps};
use crate::failures::{done_table, in_short};
use crate::frame::{Frame, Place};
use crate::marks;

/// What the page shows.
#[derive(Clone, Copy)]
pub struct TodayView<'a> {
    /// What was found.
    pub overview: &'a Overview,
    /// The first steps, as long as one of them is to be done.
    pub steps: Option<&'a StepsDone>,
    /// The beginning of the failure log, for administrators, and whether it goes on.
    pub failures: (&'a [Failure], bool),
    /// The newest of what was done, for administrators.
    pub done: &'a [Done],
    /// Why the connection is broken, if it is.
    pub broken: Option<&'a str>,
}

/// Lines of what was done lately.
pub const DONE_SHOWN: usize = 8;

fn leads(frame: &Frame, id: &str, title: &str, empty: &str, leads: &[Lead]) -> Markup {
    const SHOWN: usize = 10;
    html! {
        section class="card" aria-labelledby=(id) {
            h2 id=(id) { (title) @if !leads.is_empty() { " (" (leads.len()) ")" } }
            @if leads.is_empty() { p class="soft" { (empty) } }
            ul class="plain" {
                @for lead in leads.iter().take(SHOWN) {
                    li {
                        div class="row between" { span { (marks::link(frame, lead)) " " span class="soft" { (lead.person.company) } } (marks::state(lead.state)) }
                        @if let Some(answer) = &lead.answer { p class="soft small" { (frame.time(answer.at)) ": " (short(&answer.text)) } }
                    }
                }
            }
            @if leads.len() > SHOWN { p class="soft small" { "and " (leads.len() - SHOWN) " more" } }
        }
    }
}

fn short(text: &str) -> String {
    const MOST: usize = 140;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST { line } else { line.chars().take(MOST).chain(['…']).collect() }
}

/// Mails, answers and hand-backs by day, as bars; the numbers are in a table for whoever cannot see them.
fn chart(days: &[(Date, DayCount)], today: Date) -> Markup {
    const WIDTH: u32 = 640;
    const HEIGHT: u32 = 120;
    let most = days
        .iter()
        .map(|(_, day)| day.booked.max(day.sent).max(day.answers).max(day.handed_back))
        .max()
        .unwrap_or(0)
        .max(4);
    let step = WIDTH / u32::try_from(days.len().max(1)).unwrap_or(1);
    let tall = |count: u32| HEIGHT * count / most;
    let bar = |class: &str, x: u32, width: u32, count: u32| {
        html! { @if count > 0 { rect class=(class) x=(x) y=(10 + HEIGHT - tall(count)) width=(width) height=(tall(count)) rx="2" {} } }
    };
    html! {
        svg class="chart" viewBox={ "0 0 " (WIDTH) " 160" } role="img" aria-labelledby="chart-title" {
            title id="chart-title" { "Mails sent, answers, hand-backs and bounces by day; dashed: booked" }
            line x1="0" x2=(WIDTH) y1=(10 + HEIGHT) y2=(10 + HEIGHT) {}
            @for (at, (date, day)) in (0u32..).zip(days) {
                @let x = at * step;
                (bar("ahead", x + 4, 16, if *date >= today { day.booked } else { 0 }))
                (bar("bar", x + 4, 16, day.sent))
                (bar("answer", x + 22, 9, day.answers))
                (bar("back", x + 33, 9, day.handed_back))
                (bar("gone", x + 44, 8, day.bounced))
                text x=(x + 8) y=(HEIGHT + 26) { (if *date == today { "today".to_owned() } else { date.strftime("%a %-d").to_string() }) }
            }
        }
        details {
            summary { "The numbers" }
            div class="table" {
                table {
                    thead { tr { th scope="col" { "Day" } th scope="col" class="number" { "Sent" } th scope="col" class="number" { "Booked" } th scope="col" class="number" { "Answers" } th scope="col" class="number" { "Handed back" } th scope="col" class="number" { "Bounced" } } }
                    tbody { @for (date, day) in days {
                        tr { th scope="row" { (date.strftime("%a %-d %b").to_string()) } td class="number" { (day.sent) } td class="number" { (day.booked) } td class="number" { (day.answers) } td class="number" { (day.handed_back) } td class="number" { (day.bounced) } }
                    } }
                }
            }
        }
    }
}

/// How far leads come.
fn funnel(overview: &Overview) -> Markup {
    let count = |names: &[&str]| names.iter().filter_map(|name| overview.states.get(name)).sum::<usize>();
    let all: usize = overview.states.values().sum();
    let rows = [
        ("Cold", count(&["Cold"])),
        ("Engaged", count(&["Engaged"])),
        ("Warm", count(&["Warm"])),
        ("Hot", count(&["Hot"])),
    ];
    html! {
        div class="funnel" {
            @for (name, leads) in rows {
                div {
                    label for={ "funnel-" (name) } { (name) }
                    meter id={ "funnel-" (name) } min="0" max=(all.max(1)) value=(leads) {}
                    span { (leads) }
                }
            }
        }
        p class="soft small" { "Of the " (overview.looked_at) " leads with the newest activity." }
    }
}

/// Shares of leads that answered, as bars with their numbers.
fn replies(id: &str, rows: &[(String, Replies)]) -> Markup {
    html! {
        svg class="chart rates" viewBox={ "0 0 640 " (rows.len() * 30) } role="img" aria-labelledby={ (id) "-title" } {
            title id={ (id) "-title" } {
                @for (name, replies) in rows { (name) ": " (replies.answered) " of " (replies.sent) " answered. " }
            }
            @for (at, (name, replies)) in rows.iter().enumerate() {
                @let share = replies.answered * 100 / replies.sent.max(1);
                text x="0" y=(at * 30 + 18) { (name) }
                rect class="ahead" x="200" y=(at * 30 + 6) width="300" height="16" rx="2" {}
                @if share > 0 { rect class="answer" x="200" y=(at * 30 + 6) width=(share * 3) height="16" rx="2" {} }
                text x="510" y=(at * 30 + 18) { (share) " % of " (replies.sent) }
            }
        }
    }
}

fn rates(overview: &Overview) -> Markup {
    const SCHEDULES: usize = 8;
    let steps: Vec<_> = overview.by_step.iter().map(|(step, it)| (format!("Mail {step}"), *it)).collect();
    let mut schedules: Vec<_> = overview.by_schedule.iter().map(|(name, it)| (short_name(name), *it)).collect();
    schedules.sort_by_key(|(_, replies)| std::cmp::Reverse(replies.sent));
    schedules.truncate(SCHEDULES);
    html! {
        section class="card" aria-labelledby="rates" {
            h2 id="rates" { "Who answers" }
            h3 { "By mail" } (replies("by-step", &steps))
            h3 { "By schedule" } (replies("by-schedule", &schedules))
            p class="soft small" { "Of the " (overview.looked_at) " leads that were looked at." }
        }
    }
}

fn short_name(name: &str) -> String {
    const MOST: usize = 24;
    if name.chars().count() <= MOST { name.to_owned() } else { name.chars().take(MOST).chain(['…']).collect() }
}

/// The page.
pub fn today(frame: &Frame, view: &TodayView<'_>) -> Markup {
    let overview = view.overview;
    let today = frame.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let days: Vec<_> = overview.days.iter().map(|(date, day)| (*date, *day)).collect();
    let content = html! {
        h1 { "Today" }
        @if let Some(reason) = view.broken {
            div class="note bad" role="alert" { p { "The connection to Zoho is broken: " (reason) ". " a href=(frame.at("crm")) { "See what to do" } } }
        }
        @if let Some(steps) = view.steps { (first_steps(frame, steps)) }
        @if !view.failures.0.is_empty() { (in_short(frame, view.failures.0, view.failures.1)) }
        @if !overview.at_risk.is_empty() {
            (leads(frame, "risk", "Hot, and nobody has taken care", "", &overview.at_risk))
        }
        div class="grid two" {
            (leads(frame, "answers", "Answers for a person", "Nobody waits for an answer of yours.", &overview.to_act_on))
            section class="card" aria-labelledby="coming" {
                h2 id="coming" { "Leaves next" }
                @if overview.coming.is_empty() { p class="soft" { "Nothing is due in the next two days." } }
                ul class="plain" {
                    @for coming in &overview.coming {
                        li class="row between" { span { (marks::link(frame, &coming.lead)) } span class="soft small" { (frame.time(coming.due)) } }
                    }
                }
            }
            @if !overview.held.is_empty() {
                (leads(frame, "held", "Mails that wait for your approval", "", &overview.held))
            }
            @if frame.viewer.sees_all() {
                section class="card" aria-labelledby="days" { h2 id="days" { "Mails, answers and hand-backs by day" } (chart(&days, today)) }
            }
            @if !view.done.is_empty() {
                section class="card" aria-labelledby="done" {
                    div class="row between" { h2 id="done" { "Done lately" } a href=(frame.at("history")) { "Seven days" } }
                    (done_table(frame, view.done, DONE_SHOWN))
                }
            }
            @if !overview.by_step.is_empty() { (rates(overview)) }
            section class="card" aria-labelledby="funnel" { h2 id="funnel" { "How far leads come" } (funnel(overview)) }
        }
    };
    frame.page(Place::Today, "Today", &content)
}
