//! Small things that several pages show.

use domain::{DeactivatedWhy, Lead, LeadId, LeadState, Module, OrgId, Stage};
use maud::{Markup, html};

use crate::frame::Frame;

/// Where Zoho shows a record: by data centre, as Zoho's own pages are named (read 2026-11-21). `None` for a Zoho that is
/// not one of Zoho's.
///
/// ```
/// let (org, lead) = ("eu-20061234567".parse().unwrap(), "deals-5540000310003".parse().unwrap());
/// let url = pages::record_url(&org, &lead).unwrap();
/// assert_eq!(url, "https://crm.zoho.eu/crm/org20061234567/tab/Potentials/5540000310003");
/// ```
pub fn record_url(org: &OrgId, lead: &LeadId) -> Option<String> {
    let host = match org.location() {
        "us" => "crm.zoho.com",
        "eu" => "crm.zoho.eu",
        "in" => "crm.zoho.in",
        "au" => "crm.zoho.com.au",
        "jp" => "crm.zoho.jp",
        "cn" => "crm.zoho.com.cn",
        "ca" => "crm.zohocloud.ca",
        "sa" => "crm.zoho.sa",
        "uk" => "crm.zoho.uk",
        "ae" => "crm.zoho.ae",
        "sg" => "crm.zoho.sg",
        _ => return None,
    };
    let record = lead.record();
    let tab = match record.module {
        Module::Leads => "Leads",
        Module::Contacts => "Contacts",
        Module::Deals => "Potentials",
    };
    let number = org.as_str().split_once('-')?.1;
    Some(format!("https://{host}/crm/org{number}/tab/{tab}/{}", record.id))
}

/// A lead's state, with the colour of what it asks for.
pub(crate) fn state(state: LeadState) -> Markup {
    let class = match state {
        LeadState::Hot => "tag bad",
        LeadState::Warm | LeadState::Responded => "tag warn",
        LeadState::Engaged => "tag good",
        LeadState::Cold | LeadState::OutOfOffice => "tag cold",
        LeadState::Processed | LeadState::Deactivated(_) | LeadState::Unsubscribed => "tag",
    };
    let why = match state {
        LeadState::Deactivated(why) => Some(why_words(why)),
        _ => None,
    };
    html! { span class=(class) { (state_name(state.name())) @if let Some(why) = why { ": " (why) } } }
}

/// A state's name for people.
pub(crate) fn state_name(name: &str) -> &str {
    if name == "OutOfOffice" { "Out of office" } else { name }
}

fn why_words(why: DeactivatedWhy) -> &'static str {
    match why {
        DeactivatedWhy::Refused => "refused",
        DeactivatedWhy::Bounced => "bounced",
        DeactivatedWhy::MovedOut => "moved out",
        DeactivatedWhy::Retired => "retired",
        DeactivatedWhy::Referred => "named somebody else",
        DeactivatedWhy::NotRead => "mailbox not read",
        DeactivatedWhy::NotTaken => "not taken on",
        DeactivatedWhy::Stopped => "stopped",
    }
}

/// A lead's name, or what else it is known by.
pub(crate) fn name(lead: &Lead) -> String {
    let name = lead.person.full_name();
    match (name.is_empty(), &lead.address) {
        (false, _) => name,
        (true, Some(address)) => address.to_string(),
        (true, None) => lead.id.to_string(),
    }
}

/// A lead's name as a link to it.
pub(crate) fn link(frame: &Frame, lead: &Lead) -> Markup {
    html! { a href=(frame.at(&format!("leads/{}", lead.id))) { (name(lead)) } }
}

/// What comes next for a lead.
pub(crate) fn next(frame: &Frame, lead: &Lead) -> Markup {
    match &lead.stage {
        Stage::Waiting { step, due, .. } => html! { "Mail " (step) ", " (frame.time(*due)) },
        Stage::Held { step } => html! { "Mail " (step) " waits for approval" },
        Stage::Sending { step, .. } => html! { "Mail " (step) " is leaving" },
        Stage::Closing { due } => html! { "Given back " (frame.time(*due)) " without an answer" },
        Stage::Ended { .. } => html! { span class="soft" { "Ended" } },
    }
}
