//! What a mail says, as plain text.

use crate::read::entity::Entity;
use crate::read::{calendar, charset, flowed, html};
use crate::text::{head, many_lines};

/// Bytes of text that are kept: a hundred pages.
const TEXT: usize = 256 * 1024;

/// Bytes of all parts together that are decoded in search of it; the longest newsletters have a tenth.
const DECODED: usize = 1024 * 1024;

/// Bytes of a calendar that are read.
const CALENDAR: usize = 64 * 1024;

/// What stands for the text of a mail whose sender's Outlook hid it in a file that only Outlook opens.
const HIDDEN: &str = "(attached: winmail.dat)";

/// The text of a mail: an invitation or the answer to one in a line, then its plain text, or its HTML turned into text;
/// empty where it has none of these.
pub(super) fn text(mail: &Entity<'_>) -> String {
    let leaves = mail.leaves();
    let calendar = leaves.iter().find(|leaf| leaf.media.kind == "text/calendar");
    let event = calendar.and_then(|part| calendar::sentence(&decoded(part, &mut { CALENDAR })));
    let written = written(mail, &mut { DECODED });
    let text = event.into_iter().chain(written).collect::<Vec<_>>().join("\n");
    let hidden = || {
        leaves.iter().any(|leaf| ["application/ms-tnef", "application/vnd.ms-tnef"].contains(&leaf.media.kind.as_str()))
    };
    if text.is_empty() && hidden() { HIDDEN.to_owned() } else { many_lines(head(&text, TEXT)) }
}

/// Text that somebody could see, or nothing.
fn written(part: &Entity<'_>, budget: &mut usize) -> Option<String> {
    let text = match part.media.kind.as_str() {
        _ if part.is_file() => return None,
        "multipart/alternative" => alternative(part, budget)?,
        // What follows the first part is for software.
        "multipart/report" => written(part.parts.first()?, budget)?,
        kind if kind.starts_with("multipart/") => {
            let texts: Vec<_> = part.parts.iter().filter_map(|part| written(part, budget)).collect();
            texts.join("\n")
        }
        "text/plain" if part.media.says("format", "flowed") => {
            flowed::joined(&decoded(part, budget), part.media.says("delsp", "yes"))
        }
        "text/plain" => decoded(part, budget),
        "text/html" => html::to_text(&decoded(part, budget)),
        _ => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

/// The plain version; the others where it is missing or blank, as it is in what some phones send.
fn alternative(part: &Entity<'_>, budget: &mut usize) -> Option<String> {
    let (plain, other): (Vec<_>, Vec<_>) = part.parts.iter().partition(|part| part.media.kind == "text/plain");
    plain.into_iter().chain(other).find_map(|part| written(part, budget))
}

fn decoded(part: &Entity<'_>, budget: &mut usize) -> String {
    let bytes = part.bytes(*budget);
    *budget = budget.saturating_sub(part.len());
    charset::decode(&bytes, part.media.attribute("charset"))
}
