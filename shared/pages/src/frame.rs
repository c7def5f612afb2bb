//! What every page has around it.

use std::sync::LazyLock;

use app::console::Viewer;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, html};
use sha2::{Digest, Sha256};

/// The one style sheet.
pub const STYLE: &str = include_str!("style.css");

/// The style sheet's file name, which changes with its content: browsers may keep it for ever.
pub fn style_name() -> &'static str {
    static NAME: LazyLock<String> =
        LazyLock::new(|| format!("style-{}.css", &HEXLOWER.encode(&Sha256::digest(STYLE.as_bytes()))[..12]));
    &NAME
}

/// Where in the console a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// What matters now.
    Today,
    /// Leads.
    Leads,
    /// The connection.
    Crm,
    /// Assistants.
    Assistants,
    /// Schedules.
    Schedules,
    /// The nurture table.
    Nurture,
    /// What a bulk assignment would do.
    Preflight,
    /// None of them.
    Elsewhere,
}

impl Place {
    /// In the order of the menu: the place, its name, its address, and whether it is for administrators alone.
    const MENU: [(Self, &'static str, &'static str, bool); 7] = [
        (Self::Today, "Today", "", false),
        (Self::Leads, "Leads", "leads", false),
        (Self::Crm, "CRM Details", "crm", true),
        (Self::Assistants, "Assistants", "assistants", true),
        (Self::Schedules, "Schedules", "schedules", true),
        (Self::Nurture, "Nurture table", "nurture", true),
        (Self::Preflight, "Pre-flight", "pre-flight", true),
    ];
}

/// What a page says above everything else.
#[derive(Debug, Clone)]
pub enum Notice {
    /// Something was done.
    Done(&'static str),
    /// Something was not, with what to do about it.
    Failed(String),
}

/// Who looks at which page, and what its links and forms need.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The path of the console, without a slash at its end.
    pub base: String,
    /// Who looks at it.
    pub viewer: Viewer,
    /// The org's name.
    pub org_name: String,
    /// The token that each form brings back.
    pub token: String,
    /// The zone in which times are shown.
    pub zone: TimeZone,
    /// Now, by the calendar.
    pub now: Timestamp,
    /// Now, really: what concerns other machines.
    pub now_real: Timestamp,
    /// Told above the page.
    pub notice: Option<Notice>,
}

impl Frame {
    /// The address of a page of the console.
    pub fn at(&self, path: &str) -> String {
        if path.is_empty() { self.base.clone() } else { format!("{}/{path}", self.base) }
    }

    /// A form's beginning: where it goes, and the token.
    pub fn form(&self, path: &str, content: &Markup) -> Markup {
        html! {
            form method="post" action=(self.at(path)) {
                input type="hidden" name="token" value=(self.token);
                (content)
            }
        }
    }

    /// A button that does one thing.
    pub fn button(&self, path: &str, label: &str, class: &str) -> Markup {
        self.form(path, &html! { button class=(class) { (label) } })
    }

    /// An instant as people read it, in the page's zone.
    pub fn time(&self, at: Timestamp) -> Markup {
        let shown = at.to_zoned(self.zone.clone());
        let same_year = shown.year() == self.now.to_zoned(self.zone.clone()).year();
        let format = if same_year { "%a %-d %b, %H:%M" } else { "%a %-d %b %Y, %H:%M" };
        html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()) { (shown.strftime(format).to_string()) } }
    }

    /// The whole page.
    pub fn page(&self, place: Place, title: &str, content: &Markup) -> Markup {
        let menu = Place::MENU.iter().filter(|(.., managing)| !managing || self.viewer.manages());
        let around = html! {
            a class="skip" href="#main" { "To the content" }
            header class="top" { div {
                a class="brand" href=(self.at("")) { "Sales assistant" }
                nav aria-label="Main" { ul {
                    @for (target, name, path, _) in menu {
                        li { a href=(self.at(path)) aria-current=[(*target == place).then_some("page")] { (name) } }
                    }
                } }
                div class="who" {
                    span { (self.viewer.name) @if !self.org_name.is_empty() { ", " (self.org_name) } }
                    (self.button("sign-out", "Sign out", "plain"))
                }
            } }
            main id="main" tabindex="-1" {
                @match &self.notice {
                    Some(Notice::Done(text)) => p class="note good" role="status" { (text) },
                    Some(Notice::Failed(text)) => div class="note bad" role="alert" { p { (text) } },
                    None => {},
                }
                (content)
            }
            footer { p { "Times are those of " (self.zone.iana_name().unwrap_or("UTC")) "." } }
        };
        document(&self.base, title, &around)
    }
}

/// A document with our style.
pub(crate) fn document(base: &str, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Sales assistant" }
                link rel="stylesheet" href={ (base) "/" (style_name()) };
            }
            body { (body) }
        }
    }
}
