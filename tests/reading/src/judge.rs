//! Each message read by the product, beside its label.

use domain::{EmailAddress, MailKind, Reading, read_mail};

use crate::corpus::{Letter, Style};

/// A message of the corpus, and how it was read.
pub struct Verdict<'a> {
    /// The message and its label.
    pub letter: &'a Letter,
    /// What the reader made of it.
    pub got: Reading,
}

/// Reads every message, without taught phrases.
pub fn judge(letters: &[Letter]) -> Vec<Verdict<'_>> {
    letters.iter().map(|letter| Verdict { letter, got: read_mail(&mail::parse(&letter.raw, None), &[]) }).collect()
}

impl Verdict<'_> {
    /// Is the new text right? `None` where it is not judged. Blank space does not count.
    pub fn new_text(&self) -> Option<bool> {
        let accepted = &self.letter.label.new_text;
        let got = normal(&self.got.new_text);
        (!accepted.is_empty()).then(|| accepted.iter().any(|text| normal(text) == got))
    }

    /// Every way in which the reading differs from the label: what was expected, and what came.
    pub fn misses(&self) -> Vec<String> {
        let (label, got) = (&self.letter.label, &self.got);
        let mut misses = Vec::new();
        let mut differ = |field: &str, right: bool, expected: String, got: String| {
            if !right {
                misses.push(format!("{field}: expected {expected}, got {got}"));
            }
        };
        differ("kind", label.kind == got.kind, format!("{:?}", label.kind), format!("{:?}", got.kind));
        if label.kind == MailKind::Bounce {
            let bounce = got.bounce.as_ref();
            let kind = bounce.map(|bounce| bounce.kind);
            differ("type", label.bounce == kind, format!("{:?}", label.bounce), format!("{kind:?}"));
            let recipient = bounce.and_then(|bounce| bounce.recipient.clone());
            let right = label.recipient == recipient;
            differ("recipient", right, shown(&label.recipient), shown(&recipient));
            let status = bounce.and_then(|bounce| bounce.status.clone());
            differ("status", label.status == status, format!("{:?}", label.status), format!("{status:?}"));
        } else {
            differ("intent", label.intent == got.intent, format!("{:?}", label.intent), format!("{:?}", got.intent));
            let right = label.return_date.takes(got.return_date);
            differ("return_date", right, format!("{:?}", label.return_date), format!("{:?}", got.return_date));
            let right = label.referred_to == got.referred_to;
            differ("referred_to", right, shown(&label.referred_to), shown(&got.referred_to));
            let expected = label.new_text.first().map(|text| normal(text)).unwrap_or_default();
            differ(
                "new_text",
                self.new_text() != Some(false),
                format!("{expected:?}"),
                format!("{:?}", normal(&got.new_text)),
            );
        }
        misses
    }

    /// The style's name; `report` for what mail systems say.
    pub fn style(&self) -> String {
        self.letter.style.map_or_else(|| "report".to_owned(), Style::name)
    }
}

/// An address in full: these are all invented.
fn shown(address: &Option<EmailAddress>) -> String {
    address.as_ref().map_or_else(|| "none".to_owned(), |address| address.as_str().to_owned())
}

fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
