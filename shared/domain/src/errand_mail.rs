//! The text of a mail besides the schedule.
//!
//! **Invariant:** a person's words and the assistant's links go out as they are: nothing in them is a template.

use crate::assistant::Assistant;
use crate::compose::Draft;
use crate::lead::{ErrandKind, Person};
use crate::mail::Thread;

/// Writes the mail of an errand: an answer thanks and gives the link, a person's words stand alone.
pub fn compose_errand(kind: &ErrandKind, person: &Person, assistant: &Assistant, thread: &Thread) -> Draft {
    let hello = match person.first_name.trim() {
        "" => "Hello,".to_owned(),
        name => format!("Hello {name},"),
    };
    let mut parts: Vec<String> = match kind {
        ErrandKind::Message { text, .. } => vec![text.trim().to_owned()],
        ErrandKind::Introduction { text: Some(text), .. } => vec![text.trim().to_owned()],
        ErrandKind::Introduction { owner, text: None } => {
            let name = if owner.name.trim().is_empty() { owner.address.as_str() } else { owner.name.trim() };
            vec![
                hello,
                format!("I would like to introduce {name}, who is copied here and will take care of you from now on."),
                "Just answer to all, and we both have it.".to_owned(),
            ]
        }
        ErrandKind::Brochure { url } => {
            vec![hello, format!("Thank you for your answer. Here is what you asked for:\n{url}")]
        }
        ErrandKind::Calendar { url } => {
            vec![hello, format!("Thank you for your answer. Please pick the time that suits you best:\n{url}")]
        }
    };
    if kind.is_automatic() {
        parts.push(assistant.more_information.trim().to_owned());
    }
    parts.retain(|part| !part.is_empty());
    let signature = if assistant.signature.trim().is_empty() { &assistant.name } else { &assistant.signature };
    let text = format!("{}\n\n-- \n{}\n", parts.join("\n\n"), signature.trim_end());
    let subject = match (kind, thread.subject.is_empty()) {
        (_, false) => format!("Re: {}", thread.subject),
        (ErrandKind::Message { subject: Some(subject), .. }, true) if !subject.trim().is_empty() => {
            subject.split_whitespace().collect::<Vec<_>>().join(" ")
        }
        (_, true) => "Hello".to_owned(),
    };
    Draft { subject, text }
}
