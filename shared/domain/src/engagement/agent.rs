//! What software says it is.
//!
//! **Invariant:** a browser or a mail program that a person uses is never taken for software alone; the words below were
//! looked for in the names that Gmail, Outlook, Apple Mail, Thunderbird and the usual browsers give.

use super::Machine;

/// Pictures through these were fetched because a person opened the mail. Gmail fetches one at its first opening and keeps
/// it, so that only the first opening is seen; Yahoo does as much.
const PROXIES_OF_PEOPLE: [&str; 2] = ["googleimageproxy", "yahoomailproxy"];

/// Apple's Mail Privacy Protection fetches all pictures through a proxy soon after the mail has come, looked at or not,
/// and gives this as its whole name; no browser does.
const APPLE_PRIVACY: &str = "mozilla/5.0";

/// Gmail fetches some mails' pictures as they come in, with the name of a browser of 2015 that goes on after its end.
const GMAIL_PREFETCH: &str = "edge/12.246 mozilla/5.0";

/// Products that look at mails and links before, or instead of, a person. Safe Links of Microsoft mostly calls itself a
/// usual browser: it shows by its haste. Where it names itself it is BingPreview.
const SCANNERS: [&str; 34] = [
    "abnormalsecurity",
    "barracuda",
    "bingpreview",
    "bitdefender",
    "checkpoint",
    "cloudmark",
    "cyren",
    "fireeye",
    "forcepoint",
    "fortiguard",
    "fortinet",
    "fortimail",
    "hornetsecurity",
    "ironport",
    "kaspersky",
    "mailguard",
    "mcafee",
    "messagelabs",
    "microsoft office existence discovery",
    "microsoft office protocol discovery",
    "mimecast",
    "paloalto",
    "phishtank",
    "proofpoint",
    "safebrowsing",
    "safelinks",
    "sophos",
    "symantec",
    "trendmicro",
    "urldefense",
    "urlscan",
    "vadesecure",
    "virustotal",
    "zscaler",
];

/// Chats and networks that show what is behind a link somebody pasted.
const PREVIEWS: [&str; 13] = [
    "discordbot",
    "embedly",
    "facebookexternalhit",
    "iframely",
    "linkedinbot",
    "microsoftpreview",
    "pinterestbot",
    "skypeuripreview",
    "slack-imgproxy",
    "slackbot",
    "telegrambot",
    "twitterbot",
    "whatsapp/",
];

/// Browsers that a program steers.
const ROBOTS: [&str; 8] =
    ["headless", "phantomjs", "puppeteer", "playwright", "selenium", "crawler", "spider", "lighthouse"];

/// Programs' own HTTP clients begin their names so.
const PROGRAMS: [&str; 23] = [
    "aiohttp",
    "apache-httpclient",
    "axios",
    "curl",
    "go-http-client",
    "go http package",
    "got ",
    "guzzlehttp",
    "http_request",
    "httpie",
    "java/",
    "libwww-perl",
    "lwp::simple",
    "node",
    "okhttp",
    "perl",
    "php",
    "postmanruntime",
    "python",
    "reqwest",
    "ruby",
    "undici",
    "wget",
];

/// Characters of a name that are looked at.
const LOOKED_AT: usize = 1000;

/// What gives it away as software; `None` for what may be a person's.
pub(super) fn machine(user_agent: &str) -> Option<Machine> {
    let agent: String = user_agent.trim().chars().take(LOOKED_AT).collect::<String>().to_ascii_lowercase();
    let any = |words: &[&str]| words.iter().any(|word| agent.contains(word));
    if agent.is_empty() || agent == "-" {
        Some(Machine::NoAgent)
    } else if any(&PROXIES_OF_PEOPLE) {
        None
    } else if agent == APPLE_PRIVACY || agent.ends_with(GMAIL_PREFETCH) {
        Some(Machine::Prefetch)
    } else if any(&SCANNERS) {
        Some(Machine::Scanner)
    } else if any(&PREVIEWS) {
        Some(Machine::LinkPreview)
    } else if any(&ROBOTS) || names_a_bot(&agent) {
        Some(Machine::Robot)
    } else if PROGRAMS.iter().any(|program| agent.starts_with(program)) || agent.contains("python-requests") {
        Some(Machine::Program)
    } else {
        None
    }
}

/// A word that ends in `bot`, as crawlers name themselves; Cubot makes telephones.
fn names_a_bot(agent: &str) -> bool {
    let words = agent.split(|c: char| !c.is_ascii_alphanumeric());
    words.into_iter().any(|word| word.ends_with("bot") && word != "cubot")
}
