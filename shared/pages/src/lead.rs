//! One lead: who it is, what happened and why, and what can be done.

use app::admin::Why;
use app::store::{Delivery, StoryLine};
use domain::{Action, Lead, LeadState, Mailbox, OwnerRule, Schedule};
use maud::{Markup, html};

use crate::form::{Fields, FormErrors, Values, plain_options};
use crate::frame::{Frame, Place};
use crate::marks;
use crate::timeline::timeline;

/// A lead with everything the store knows of it.
#[derive(Clone, Copy)]
pub struct LeadView<'a> {
    /// The lead.
    pub lead: &'a Lead,
    /// What happened, oldest first.
    pub story: &'a [StoryLine],
    /// Mails that were written to it.
    pub mails: &'a [Delivery],
    /// Decisions about them.
    pub why: &'a [Why],
    /// The mail that waits for approval.
    pub held: Option<&'a Delivery>,
    /// Schedules it could follow.
    pub schedules: &'a [Schedule],
    /// What was typed into a form that did not pass.
    pub values: &'a Values,
    /// What was wrong with it.
    pub errors: &'a FormErrors,
}

impl LeadView<'_> {
    fn path(&self, action: &str) -> String {
        format!("leads/{}/{action}", self.lead.id)
    }

    /// An action as a folded form, or why it is not possible now.
    fn act(&self, frame: &Frame, action: &Action, path: &str, label: &str, button: &str, content: &Markup) -> Markup {
        let (why, errors) = (Values::new(), FormErrors::new());
        let mine = self.errors.keys().any(|name| name.starts_with(path));
        html! {
            @match self.lead.objection(action) {
                Some(objection) => p class="soft small" { (label) ": not now, " (objection) "." },
                None => details class="act" open[mine] {
                    summary { (label) }
                    (frame.form(&self.path(path), &html! {
                        (content)
                        @if !matches!(action, Action::Note { .. } | Action::Message { .. } | Action::Remind { .. }) {
                            (Fields { values: &why, errors: &errors }.named(&format!("{path}-why"), "why", "Why (told in its story)"))
                        }
                        button class=(if matches!(action, Action::Unsubscribe) { "bad" } else { "main" }) { (button) }
                    }))
                }
            }
        }
    }

    fn actions(&self, frame: &Frame) -> Markup {
        let fields = Fields { values: self.values, errors: self.errors };
        let text = String::new;
        let message = Action::Message { subject: None, text: text() };
        let somebody = domain::EmailAddress::parse("somebody@example.com").ok();
        let owner = somebody.map(|address| Mailbox { name: String::new(), address });
        let schedules = plain_options(self.schedules.iter().map(Schedule::name));
        let date = frame.now.to_zoned(frame.zone.clone()).date();
        let edit = Action::Edit { context: Some(text()), schedule: None };
        let as_is =
            Values::from([("edit-context", self.lead.context.clone()), ("edit-schedule", self.lead.schedule.clone())]);
        let edited = Fields { values: if self.errors.is_empty() { &as_is } else { self.values }, errors: self.errors };
        html! {
            (self.act(frame, &message, "message", "Write as the assistant", "Send it", &html! {
                @if self.lead.thread.subject.is_empty() { (fields.text("message-subject", "Subject", "")) }
                (fields.area("message-text", "What to write", "The signature is added.", ""))
            }))
            (self.act(frame, &Action::Introduce { owner, text: None }, "introduce", "Introduce the owner", "Introduce", &html! {
                p class="soft small" { "A mail with the owner in copy." }
                (fields.area("introduce-text", "Other words than the usual ones", "May be empty.", ""))
            }))
            (self.act(frame, &Action::Note { text: text() }, "note", "Write a note on the record", "Write it", &html! {
                (fields.area("note-text", "The note", "", ""))
            }))
            (self.act(frame, &Action::Remind { on: date, text: text() }, "remind", "Remind the owner", "Make the task", &html! {
                (fields.input("date", "remind-on", "When", ""))
                (fields.area("remind-text", "What about", "", ""))
            }))
            (self.act(frame, &Action::MarkHot, "hot", "Mark hot", "Mark hot", &html! {
                p class="soft small" { "Stops the follow-up, gives the record back, and reminds the owner until somebody takes care." }
            }))
            @if self.lead.reminder.is_some() {
                (self.act(frame, &Action::Handled, "handled", "Taken care of", "No more reminders", &html! {}))
            }
            (self.act(frame, &edit, "edit", "Change context or schedule", "Save", &html! {
                (edited.area("edit-context", "What the mails are about", "", ""))
                (edited.select("edit-schedule", "Schedule", "", &schedules))
            }))
            (self.act(frame, &Action::Continue, "continue", "Continue the follow-up", "Continue", &html! {}))
            (self.act(frame, &Action::Restart, "restart", "Restart", "Begin again", &html! {
                p class="soft small" { "The assistant gets the record and begins with the first mail." }
            }))
            (self.act(frame, &Action::Deactivate, "deactivate", "Stop the follow-up", "Stop", &html! {
                p class="soft small" { "Nothing more is sent, and the record goes back to its owner." }
            }))
            (self.act(frame, &Action::Unsubscribe, "unsubscribe", "Unsubscribe", "Never write again", &html! {
                p class="soft small" { "The address gets no more mail from any assistant, for ever." }
            }))
        }
    }

    fn held(&self, frame: &Frame) -> Markup {
        html! {
            @if let Some(delivery) = self.held {
                section class="card" aria-labelledby="held" {
                    h2 id="held" { "Waits for your approval" }
                    p { "To " (delivery.mail.to.address) ", subject: " strong { (delivery.mail.subject) } }
                    @let as_is = Values::from([("approve-text", delivery.mail.text.clone())]);
                    @let values = if self.errors.contains_key("approve-text") { self.values } else { &as_is };
                    (frame.form(&self.path("approve"), &html! {
                        (Fields { values, errors: self.errors }
                            .area("approve-text", "What will leave", "Change what you like; the link to unsubscribe has to stay.", "mail"))
                        // One key, with the browser's modifier: Alt+Shift+A in most.
                        button class="main" accesskey="a" { "Approve" }
                        " " span class="soft small" { "key A, with your browser's access keys" }
                    }))
                }
            }
        }
    }

    fn facts(&self, frame: &Frame) -> Markup {
        let Lead { person, address, assistant, schedule, context, previous_owner, enrolled_at, .. } = self.lead;
        let given = |text: &str| !text.is_empty();
        html! {
            dl class="facts" {
                @if let Some(address) = address { dt { "Mail" } dd { (address) } }
                @if given(&person.phone) { dt { "Phone" } dd { (person.phone) } }
                @if given(&person.company) { dt { "Company" } dd { (person.company) } }
                @if given(&person.designation) { dt { "Role" } dd { (person.designation) } }
                @if given(&person.country) { dt { "Country" } dd { (person.country) @if given(&person.state) { ", " (person.state) } } }
                dt { "Assistant" } dd { (assistant) }
                dt { "Schedule" } dd { (schedule) }
                dt { "Taken on" } dd { (frame.time(*enrolled_at)) }
                dt { "Next" } dd { (marks::next(frame, self.lead)) }
                dt { "Mails" } dd { (self.lead.mails_sent) " sent, " (self.lead.engagement.opened) " opened, " (self.lead.engagement.clicks) " links followed" }
                dt { "Goes back to" }
                dd { @match previous_owner {
                    Some(owner) => { (owner.name) span class="soft small" { " (" (rule(owner.rule)) ")" } },
                    None => "nobody could be found",
                } }
                @if given(context) { dt { "Context" } dd { (context) } }
            }
        }
    }
}

/// How the owner was found, in words.
fn rule(rule: OwnerRule) -> &'static str {
    match rule {
        OwnerRule::Timeline => "by the record's history",
        OwnerRule::LastSeen => "last seen as its owner",
        OwnerRule::ModifiedBy => "changed it last",
        OwnerRule::CreatedBy => "created it",
        OwnerRule::Fallback => "the organisation's fallback",
        OwnerRule::Backup => "stands in for the owner",
        OwnerRule::Manager => "the owner's manager",
    }
}

impl Fields<'_> {
    /// A line of text whose id is not its name, for pages with several forms.
    fn named(&self, id: &str, name: &str, label: &str) -> Markup {
        html! {
            div class="field" {
                label for=(id) { (label) }
                input type="text" id=(id) name=(name) maxlength="200" value=(self.value(name));
            }
        }
    }
}

/// The page of a lead.
pub fn lead(frame: &Frame, view: &LeadView<'_>) -> Markup {
    let name = marks::name(view.lead);
    let content = html! {
        p class="crumbs" { a href=(frame.at("leads")) { "Leads" } }
        div class="row" {
            h1 { (name) }
            (marks::state(view.lead.state))
            @if view.lead.state == LeadState::Hot && view.lead.reminder.is_some() { span class="tag warn" { "owner is reminded" } }
            @if let Some(url) = marks::record_url(&frame.viewer.org, &view.lead.id) {
                a href=(url) rel="noreferrer" { "Open in Zoho CRM" }
            }
        }
        (Fields { values: view.values, errors: view.errors }.summary())
        (view.held(frame))
        div class="grid side" {
            section class="card" aria-labelledby="story" {
                h2 id="story" { "Story" }
                (timeline(frame, view.lead, view.story, view.mails, view.why))
            }
            div {
                section class="card" aria-labelledby="facts" { h2 id="facts" { "Facts" } (view.facts(frame)) }
                section class="actions" aria-labelledby="actions" { h2 id="actions" { "Actions" } (view.actions(frame)) }
            }
        }
    };
    frame.page(Place::Leads, &name, &content)
}
