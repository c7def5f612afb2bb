//! The routes of the API: the one table from which requests are served and the OpenAPI description is made.

use app::console::Scope;

/// What a route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    ListLeads,
    ReadLead,
    ActOnLead,
    Today,
    Connection,
    Refresh,
    Pause,
    Resume,
    ListAssistants,
    ReadAssistant,
    ListSchedules,
    ListFailures,
    RetryFailures,
    DismissFailures,
    History,
    Audits,
}

/// What a parameter or a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Text of at most so many characters.
    Text(usize),
    /// One of these.
    OneOf(&'static [&'static str]),
    /// Texts.
    Texts,
}

/// A parameter of the query, or a field of the body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub name: &'static str,
    pub takes: Takes,
    pub required: bool,
    pub says: &'static str,
}

/// A route.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route {
    pub method: &'static str,
    /// Below the API's address; `{name}` is one segment.
    pub path: &'static str,
    pub op: Op,
    pub name: &'static str,
    pub says: &'static str,
    pub scope: Scope,
    pub query: &'static [Field],
    /// Of the body, which is one JSON object; none: there is no body.
    pub body: &'static [Field],
    /// The name of what it answers, among the schemas.
    pub answers: &'static str,
}

const STATES: &[&str] = &app::store::STATES;
const MODULES: &[&str] = &["Leads", "Contacts", "Deals"];
/// What can be done to a lead, as the domain's actions are called here.
pub(super) const ACTIONS: &[&str] = &[
    "message",
    "introduce",
    "note",
    "remind",
    "edit",
    "hot",
    "handled",
    "deactivate",
    "unsubscribe",
    "restart",
    "continue",
    "approve",
];

const fn optional(name: &'static str, takes: Takes, says: &'static str) -> Field {
    Field { name, takes, required: false, says }
}

const FILTER: &[Field] = &[
    optional(
        "q",
        Takes::Text(100),
        "Beginnings of words of a name, a company or an address; or the end of a telephone number.",
    ),
    optional("state", Takes::OneOf(STATES), "Only leads in this state."),
    optional("assistant", Takes::Text(100), "Only those of this assistant, by its id."),
    optional("schedule", Takes::Text(100), "Only those on this schedule, by its name."),
    optional("owner", Takes::Text(40), "Only those that this user of the CRM gets back, by id."),
    optional("module", Takes::OneOf(MODULES), "Only those of this module."),
    optional("since", Takes::Text(10), "Taken on from this day on, such as 2026-12-28."),
    optional("until", Takes::Text(10), "Taken on until this day."),
    FROM,
];
const FROM: Field = optional("from", Takes::Text(2000), "Where the page starts: `next` of the one before.");

const ACTION: &[Field] = &[
    Field { name: "action", takes: Takes::OneOf(ACTIONS), required: true, says: "What is to be done." },
    optional("text", Takes::Text(5000), "Of a message, a note, a reminder, an introduction, or the approved draft."),
    optional("subject", Takes::Text(200), "Of a message."),
    optional("on", Takes::Text(10), "The day of a reminder, such as 2026-12-28."),
    optional("context", Takes::Text(5000), "Of an edit."),
    optional("schedule", Takes::Text(100), "Of an edit."),
    optional("why", Takes::Text(500), "Told in the lead's story."),
];
const IDS: &[Field] =
    &[Field { name: "ids", takes: Takes::Texts, required: true, says: "Ids of failures; an empty list: all of them." }];

const fn route(
    method: &'static str,
    path: &'static str,
    op: Op,
    name: &'static str,
    says: &'static str,
    scope: Scope,
    answers: &'static str,
) -> Route {
    Route { method, path, op, name, says, scope, query: &[], body: &[], answers }
}

/// All of them.
pub(super) static ROUTES: [Route; 16] = [
    Route {
        query: FILTER,
        ..route(
            "GET",
            "leads",
            Op::ListLeads,
            "listLeads",
            "Leads, by the same filters and search as the page.",
            Scope::Read,
            "LeadPage",
        )
    },
    route(
        "GET",
        "leads/{lead}",
        Op::ReadLead,
        "readLead",
        "A lead with its story, its mails and why each left when it did.",
        Scope::Read,
        "LeadStory",
    ),
    Route {
        body: ACTION,
        ..route(
            "POST",
            "leads/{lead}/actions",
            Op::ActOnLead,
            "actOnLead",
            "Does something to a lead.",
            Scope::Act,
            "Done",
        )
    },
    route(
        "GET",
        "today",
        Op::Today,
        "readToday",
        "Who waits for a person, what leaves next, and the last days.",
        Scope::Read,
        "Today",
    ),
    route(
        "GET",
        "connection",
        Op::Connection,
        "readConnection",
        "How the organisation is connected.",
        Scope::Manage,
        "Connection",
    ),
    route(
        "POST",
        "connection/refresh",
        Op::Refresh,
        "refresh",
        "Has the connection looked after now.",
        Scope::Manage,
        "Done",
    ),
    route(
        "POST",
        "connection/pause",
        Op::Pause,
        "pauseSync",
        "Pauses what goes to and fro between here and Zoho.",
        Scope::Manage,
        "Done",
    ),
    route(
        "POST",
        "connection/resume",
        Op::Resume,
        "resumeSync",
        "Resumes it; what waited is caught up.",
        Scope::Manage,
        "Done",
    ),
    route(
        "GET",
        "assistants",
        Op::ListAssistants,
        "listAssistants",
        "Assistants with their integration status.",
        Scope::Read,
        "Assistants",
    ),
    route(
        "GET",
        "assistants/{assistant}",
        Op::ReadAssistant,
        "readAssistant",
        "One assistant.",
        Scope::Read,
        "Assistant",
    ),
    route(
        "GET",
        "schedules",
        Op::ListSchedules,
        "listSchedules",
        "Schedules with their mails.",
        Scope::Read,
        "Schedules",
    ),
    Route {
        query: &[FROM],
        ..route(
            "GET",
            "failures",
            Op::ListFailures,
            "listFailures",
            "What failed and has not passed since.",
            Scope::Manage,
            "Failures",
        )
    },
    Route {
        body: IDS,
        ..route(
            "POST",
            "failures/retry",
            Op::RetryFailures,
            "retryFailures",
            "Tries failures again.",
            Scope::Manage,
            "Retried",
        )
    },
    Route {
        body: IDS,
        ..route(
            "POST",
            "failures/dismiss",
            Op::DismissFailures,
            "dismissFailures",
            "Takes failures out of the log that wait for a person.",
            Scope::Manage,
            "Retried",
        )
    },
    route(
        "GET",
        "history",
        Op::History,
        "readHistory",
        "What was done in the last seven days, the newest first.",
        Scope::Read,
        "History",
    ),
    route(
        "GET",
        "audits",
        Op::Audits,
        "readAudits",
        "What comparing with the CRM has shown in the last seven days.",
        Scope::Read,
        "Audits",
    ),
];

impl Route {
    /// The parameter in the path of this request, if the path is this route's; empty where it has none.
    pub fn takes<'a>(&self, path: &[&'a str]) -> Option<&'a str> {
        let pattern: Vec<&str> = self.path.split('/').collect();
        if pattern.len() != path.len() {
            return None;
        }
        let mut parameter = "";
        for (part, given) in pattern.into_iter().zip(path) {
            match part.starts_with('{') {
                true if given.is_empty() => return None,
                true => parameter = *given,
                false if part != *given => return None,
                false => {}
            }
        }
        Some(parameter)
    }
}
