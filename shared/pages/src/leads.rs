//! The list of leads.

use app::console::{LeadFilter, LeadPage, MOST_COUNTED, MOST_LOOKED_AT, Wish};
use app::store::STATES;
use domain::{Assistant, CrmUser, Module, Schedule};
use jiff::civil::Date;
use maud::{Markup, html};
use url::form_urlencoded::Serializer;

use crate::form::{Fields, FormErrors, Values, plain_options};
use crate::frame::{Frame, Place};
use crate::marks;

/// The list, and what its filters may say.
#[derive(Clone, Copy)]
pub struct LeadList<'a> {
    /// What was asked for.
    pub filter: &'a LeadFilter,
    /// What was found.
    pub page: &'a LeadPage,
    /// Is this the beginning of the list?
    pub first: bool,
    /// The org's assistants.
    pub assistants: &'a [Assistant],
    /// Its schedules.
    pub schedules: &'a [Schedule],
    /// Its users, as far as they own leads.
    pub owners: &'a [CrmUser],
}

/// What may be done to several leads at once, with the words on the button.
const ACTIONS: [(&str, &str); 6] = [
    ("deactivate", "Stop the follow-up"),
    ("hot", "Mark hot"),
    ("continue", "Continue the follow-up"),
    ("restart", "Restart"),
    ("handled", "Taken care of"),
    ("unsubscribe", "Unsubscribe for ever"),
];

impl LeadList<'_> {
    /// The filter as a query, with another state, or from another place.
    fn query(&self, state: Option<&str>, from: Option<&str>) -> String {
        let LeadFilter { assistant, schedule, owner, module, since, until, text, .. } = self.filter;
        let (since, until) = (since.map(|day| day.to_string()), until.map(|day| day.to_string()));
        let pairs = [
            ("state", state),
            ("assistant", assistant.as_ref().map(domain::AssistantId::as_str)),
            ("schedule", schedule.as_deref()),
            ("owner", owner.as_ref().map(domain::UserId::as_str)),
            ("module", module.map(Module::as_str)),
            ("q", Some(text.as_str()).filter(|text| !text.is_empty())),
            ("since", since.as_deref()),
            ("until", until.as_deref()),
            ("from", from),
        ];
        let mut query = Serializer::new(String::new());
        for (name, value) in pairs {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }

    fn filters(&self, frame: &Frame) -> Markup {
        let LeadFilter { state, assistant, schedule, owner, module, since, until, text } = self.filter;
        let day = |day: &Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let values = Values::from([
            ("q", text.clone()),
            ("state", state.clone().unwrap_or_default()),
            ("assistant", assistant.as_ref().map(ToString::to_string).unwrap_or_default()),
            ("schedule", schedule.clone().unwrap_or_default()),
            ("owner", owner.as_ref().map(ToString::to_string).unwrap_or_default()),
            ("module", module.map(|module| module.as_str().to_owned()).unwrap_or_default()),
            ("since", day(since)),
            ("until", day(until)),
        ]);
        let fields = Fields { values: &values, errors: &FormErrors::new() };
        let any = |options: Vec<(String, String)>| {
            std::iter::once((String::new(), "Any".to_owned())).chain(options).collect::<Vec<_>>()
        };
        let assistants = self.assistants.iter().map(|it| (it.id.to_string(), it.name.clone())).collect();
        let owners = self.owners.iter().map(|it| (it.id.to_string(), it.name.clone())).collect();
        let schedules = plain_options(self.schedules.iter().map(Schedule::name));
        html! {
            form class="card" method="get" action=(frame.at("leads")) role="search" {
                div class="filters" {
                    div class="wide" { (fields.input("search", "q", "Name, company, mail address or phone", "")) }
                    @if let Some(state) = state { input type="hidden" name="state" value=(state); }
                    (fields.select("assistant", "Assistant", "", &any(assistants)))
                    (fields.select("schedule", "Schedule", "", &any(schedules)))
                    @if frame.viewer.sees_all() { (fields.select("owner", "Goes back to", "", &any(owners))) }
                    (fields.select("module", "Module", "", &any(plain_options(Module::ALL.map(Module::as_str)))))
                    (fields.input("date", "since", "Taken on from", ""))
                    (fields.input("date", "until", "Taken on until", ""))
                    div class="row wide" {
                        button class="main" { "Search" }
                        a href=(frame.at("leads")) { "Clear" }
                        span class="soft small" { "The address of the page holds what you search for: keep it as a bookmark, or send it to a colleague." }
                    }
                }
            }
        }
    }

    fn states(&self, frame: &Frame) -> Markup {
        let LeadPage { states, looked_at, next, counted_all, .. } = self.page;
        let shown = |count: usize| {
            if *counted_all && count >= MOST_COUNTED { format!("{MOST_COUNTED}+") } else { count.to_string() }
        };
        let all: usize = states.values().sum();
        let wanted = self.filter.state.as_deref();
        let link = |state: Option<&str>| format!("{}?{}", frame.at("leads"), self.query(state, None));
        html! {
            nav aria-label="States" {
                ul class="counts" {
                    li { a href=(link(None)) aria-current=[wanted.is_none().then_some("true")] { "All " @if states.values().all(|count| *count < MOST_COUNTED) { b { (all) } } } }
                    @for name in STATES {
                        @let count = states.get(name).copied().unwrap_or_default();
                        @if count > 0 || wanted == Some(name) {
                            li { a href=(link(Some(name))) aria-current=[(wanted == Some(name)).then_some("true")] {
                                (marks::state_name(name)) " " b { (shown(count)) }
                            } }
                        }
                    }
                }
            }
            @if !counted_all && (next.is_some() || !self.first) {
                p class="soft small" { "Counted among the " (looked_at) " leads that were looked at." }
            }
        }
    }

    fn table(&self, frame: &Frame) -> Markup {
        html! {
            div class="table" tabindex="0" role="region" aria-label="Leads" {
                table class="stack" {
                    thead { tr {
                        th scope="col" { span class="unseen" { "Choose" } }
                        th scope="col" { "Name" }
                        th scope="col" { "State" }
                        th scope="col" { "Next" }
                        th scope="col" { "Mails" }
                        th scope="col" { "Assistant, schedule" }
                        th scope="col" { "Goes back to" }
                    } }
                    tbody {
                        @for lead in &self.page.leads {
                            tr {
                                td { input type="checkbox" name="lead" value=(lead.id) aria-label={ "Choose " (marks::name(lead)) }; }
                                th scope="row" {
                                    (marks::link(frame, lead))
                                    div class="soft small" { (lead.person.company) }
                                }
                                td data-name="State" { (marks::state(lead.state)) }
                                td data-name="Next" { (marks::next(frame, lead)) }
                                td data-name="Mails" { (lead.mails_sent) @if lead.engagement.opened > 0 { ", " (lead.engagement.opened) " opened" } }
                                td data-name="Assistant, schedule" { (lead.assistant) div class="soft small" { (lead.schedule) } }
                                td data-name="Goes back to" { @match &lead.previous_owner { Some(owner) => (owner.name), None => "nobody" } }
                            }
                        }
                    }
                }
            }
        }
    }

    /// What may be done to the leads that are ticked.
    fn bulk(&self, frame: &Frame) -> Markup {
        let options: Vec<_> = ACTIONS.iter().map(|(value, text)| ((*value).to_owned(), (*text).to_owned())).collect();
        let (values, errors) = (Values::new(), FormErrors::new());
        let fields = Fields { values: &values, errors: &errors };
        frame.form(
            "leads/act",
            &html! {
                (self.table(frame))
                div class="card" {
                    h2 { "With the leads ticked" }
                    div class="filters" {
                        (fields.select("action", "Do", "", &options))
                        div class="wide" { (fields.text("why", "Why (told in each lead's story)", "")) }
                    }
                    p class="row" { button { "Do it" } }
                }
            },
        )
    }
}

/// The list of leads.
pub fn leads(frame: &Frame, list: &LeadList<'_>) -> Markup {
    let query = list.query(list.filter.state.as_deref(), None);
    let content = html! {
        div class="row between" {
            h1 { "Leads" }
            div class="row" {
                a href={ (frame.at("leads.csv")) "?" (query) } { "Export as CSV" }
                @if frame.viewer.may(Wish::AddLead) { a class="button" href=(frame.at("leads/new")) { "Add a lead" } }
            }
        }
        (list.filters(frame))
        (list.states(frame))
        @if list.page.leads.is_empty() {
            div class="card" {
                @if *list.filter == LeadFilter::default() && list.first {
                    @if frame.viewer.sees_all() {
                        p { "There is no lead yet. Assign a record to an assistant in Zoho CRM; it appears here within seconds." }
                    } @else {
                        p { "No lead of yours is here. You see the leads that you hand over to an assistant in Zoho CRM." }
                    }
                } @else { p { "None of the leads that were looked at fits." } }
            }
        } @else { (list.bulk(frame)) }
        @if let Some(next) = &list.page.next {
            p { a class="button" href={ (frame.at("leads")) "?" (list.query(list.filter.state.as_deref(), Some(next))) } {
                @if list.page.leads.is_empty() { "Look further" } @else { "Next leads" }
            } }
            @if list.page.looked_at >= MOST_LOOKED_AT {
                p class="soft small" { (list.page.looked_at) " leads were looked at; there are more." }
            }
        }
    };
    frame.page(Place::Leads, "Leads", &content)
}
