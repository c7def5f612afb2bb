//! What mail programs say in attributes: this is hidden, this is what somebody wrote before, this is a signature.

/// What a tag says of what is inside it, or of all that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Inside is what somebody wrote before, or the line above it.
    History,
    /// What follows is what somebody wrote before.
    Past,
    /// Inside is the writer's signature.
    Signature,
}

/// Classes around quotes and the line above them: Gmail, Thunderbird, Yahoo, Proton, Zoho, Tuta.
const HISTORY: [&str; 6] =
    ["gmail_attr", "moz-cite-prefix", "yahoo_quoted", "protonmail_quote", "zmail_extra", "tutanota_quote"];

/// Ids above what was written before: Outlook on the web, in its apps and of old, Zimbra.
const PAST: [&str; 6] = [
    "appendonsend",
    "divrplyfwdmsg",
    "mail-editor-reference-message-container",
    "olk_src_body_section",
    "stopspelling",
    "zwchr",
];

/// Classes and ids of signatures: Gmail, Outlook on the web and in its apps, Proton.
const SIGNATURE: [&str; 4] =
    ["gmail_signature", "signature", "ms-outlook-mobile-signature", "protonmail_signature_block-user"];

/// What the tag with these attributes says; `rest` is what follows it.
pub(super) fn mark(attributes: &str, rest: &str) -> Option<Mark> {
    if attributes.trim().is_empty() {
        return None;
    }
    let id = attribute(attributes, "id").unwrap_or_default().to_ascii_lowercase();
    let classes = attribute(attributes, "class").unwrap_or_default().to_ascii_lowercase();
    let has = |names: &[&str]| classes.split_ascii_whitespace().any(|class| names.contains(&class));
    if PAST.contains(&id.as_str()) || is_outlook_line(attributes) {
        Some(Mark::Past)
    } else if has(&HISTORY) || attribute(attributes, "name").is_some_and(|name| name == "quote") {
        // The line above a forwarded mail, which is not a quote in Gmail: `---------- Forwarded message`.
        Some(if rest.trim_start().starts_with("---") { Mark::Past } else { Mark::History })
    } else if has(&SIGNATURE[..1]) || SIGNATURE[1..].contains(&id.as_str()) || has(&SIGNATURE[3..]) {
        Some(Mark::Signature)
    } else {
        None
    }
}

/// The line that Outlook on a desk draws above the mail it answers.
fn is_outlook_line(attributes: &str) -> bool {
    let style = attribute(attributes, "style").map(compact).unwrap_or_default();
    style.contains("border:none;border-top:solid") && style.contains("padding:3.0pt0")
}

/// Is what is inside the tag with these attributes not to be seen? `rest` is what follows it.
pub(super) fn is_hidden(attributes: &str, rest: &str) -> bool {
    if attributes.trim().is_empty() {
        return false;
    }
    let style = attribute(attributes, "style").map(compact).unwrap_or_default();
    let hides = |property: &str| {
        let Some((name, value)) = property.split_once(':') else { return false };
        let value = value.trim_end_matches("!important");
        let zero = value.strip_prefix('0').is_some_and(|unit| matches!(unit, "" | "px" | "pt" | "em" | "%"));
        match name {
            "display" => value == "none",
            "visibility" => value == "hidden",
            "mso-hide" => value == "all",
            "max-height" | "opacity" => zero,
            // Newsletters set a size of nothing on the frames around their text; only text inside of one is hidden by it.
            "font-size" => zero && !rest.trim_start().starts_with('<'),
            _ => false,
        }
    };
    let classes = attribute(attributes, "class").unwrap_or_default();
    let preview = classes
        .split_ascii_whitespace()
        .any(|class| ["preheader", "gmail_signature_prefix"].iter().any(|hidden| class.eq_ignore_ascii_case(hidden)));
    style.split(';').any(hides) || preview || attribute(attributes, "hidden").is_some()
}

fn compact(style: &str) -> String {
    style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase()
}

/// The value of an attribute; empty where it has none.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/' || c == '=');
        let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '/').unwrap_or(rest.len());
        let (known, tail) = rest.split_at(end);
        if known.is_empty() {
            return None;
        }
        let value;
        (value, rest) = match tail.trim_start().strip_prefix('=').map(str::trim_start) {
            None => ("", tail),
            Some(tail) => match tail.chars().next() {
                Some(quote @ ('"' | '\'')) => tail[1..].split_once(quote).unwrap_or((&tail[1..], "")),
                _ => tail.split_at(tail.find(|c: char| c.is_ascii_whitespace()).unwrap_or(tail.len())),
            },
        };
        if known.eq_ignore_ascii_case(name) {
            return Some(value);
        }
    }
}
