//! A lead's story: what happened, the mails with their words, and why each left when it did.

use app::admin::Why;
use app::store::{Delivery, Outcome, StoryLine};
use domain::{How, Lead};
use jiff::Timestamp;
use maud::{Markup, html};

use crate::frame::Frame;

/// One entry.
enum Entry<'a> {
    Told(&'a StoryLine),
    Mail(&'a Delivery),
    Why(&'a Why),
    Answer(&'a domain::Answer),
}

impl Entry<'_> {
    /// Of one instant: first why, then what happened, then the mail itself.
    fn place(&self) -> (Timestamp, u8) {
        match self {
            Self::Why(why) => (why.decision.at, 0),
            Self::Told(line) => (line.at, 1),
            Self::Answer(answer) => (answer.at, 2),
            Self::Mail(delivery) => (delivery.mail.date, 3),
        }
    }

    fn show(&self, frame: &Frame) -> Markup {
        match self {
            Self::Told(line) => html! { li { (frame.time(line.at)) (sentence(&line.text)) } },
            Self::Why(why) => html! {
                li class="why" {
                    (frame.time(why.decision.at))
                    details {
                        summary { "Why " (mail_name(&why.decision.delivery)) " was decided so" }
                        p { (why.words) }
                        @match why.replays {
                            Some(true) => p class="soft small" { "Asked again today, the same question has the same answer." },
                            Some(false) => p class="soft small" { "Asked again today, the answer is another one: the rules or their data have changed since." },
                            None => {},
                        }
                    }
                }
            },
            Self::Answer(answer) => html! {
                li class="received" {
                    (frame.time(answer.at))
                    strong { "Their answer" } " was read as " (intent(answer)) "."
                    pre class="mail" tabindex="0" { (answer.text) }
                    @if !answer.evidence.is_empty() { p class="soft small" { "What decided: " (answer.evidence) } }
                    @if let Some(person) = &answer.referred_to { p { "They name " (person) "." } }
                }
            },
            Self::Mail(delivery) => html! {
                li class="sent" {
                    (frame.time(delivery.mail.date))
                    details {
                        summary { "Mail: " (delivery.mail.subject) " (" (outcome(&delivery.outcome)) ")" }
                        p class="soft small" { "To " (delivery.mail.to.address) ", " (writer(&delivery.how)) "." }
                        pre class="mail" tabindex="0" { (delivery.mail.text) }
                    }
                }
            },
        }
    }
}

/// Which mail a delivery's name means: its step, or one besides the schedule.
fn mail_name(delivery: &domain::DeliveryId) -> String {
    match delivery.as_str().rsplit_once('.') {
        Some((_, step)) if !step.starts_with('e') => format!("mail {step}"),
        _ => "a mail besides the schedule".to_owned(),
    }
}

/// A sentence of the story begins as sentences do.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

fn intent(answer: &domain::Answer) -> String {
    // The intents are named as the help pages name them; people read words.
    let mut words = String::new();
    for character in format!("{:?}", answer.intent).chars() {
        if character.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
    }
    words
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::AwaitsApproval => "waits for approval".to_owned(),
        Outcome::Approved => "approved, leaves when it is due".to_owned(),
        Outcome::Claimed => "leaving".to_owned(),
        Outcome::Sent { .. } => "sent".to_owned(),
        Outcome::NotSent { reason } => format!("not sent, tried again: {reason}"),
        Outcome::Refused { reason } => format!("refused: {reason}"),
        Outcome::NoSuchAddress { reason } => format!("there is no such address: {reason}"),
        Outcome::NeverLeft => "never left; the follow-up has gone on without it".to_owned(),
        Outcome::Unknown => "nobody can tell whether it left; it is not sent again".to_owned(),
    }
}

fn writer(how: &How) -> String {
    match how {
        How::Template => "written by the schedule's template".to_owned(),
        How::Person => "written by a person".to_owned(),
        How::Model => "written by the model".to_owned(),
        How::TemplateInstead { reason } => format!("written by the schedule's template: {reason}"),
    }
}

/// The story, newest first.
pub(crate) fn timeline(frame: &Frame, lead: &Lead, story: &[StoryLine], mails: &[Delivery], why: &[Why]) -> Markup {
    let mut entries: Vec<Entry<'_>> = story.iter().map(Entry::Told).collect();
    entries.extend(mails.iter().map(Entry::Mail));
    entries.extend(why.iter().map(Entry::Why));
    entries.extend(lead.answer.iter().map(Entry::Answer));
    entries.sort_by_key(Entry::place);
    html! {
        @if entries.is_empty() { p class="soft" { "Nothing has happened yet." } }
        ol class="line" { @for entry in entries.iter().rev() { (entry.show(frame)) } }
    }
}
