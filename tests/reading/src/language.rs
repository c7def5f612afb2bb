//! What mail programs write around a person's words, in the language they are set to.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::{Span, Zoned};
use serde::Deserialize;

use crate::corpus::Text;
use crate::wire::words;

/// Who the mails of the corpus answer: name and address.
const ASSISTANT: (&str, &str) = ("Ava Reed", "ava.reed@assist.example");

/// What a mail program says in one language; `{name}`, `{address}`, `{y}`, `{m}`, `{d}`, `{mon}`, `{wd}` and `{time}` stand
/// for the writer and the date of the mail that is answered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    months: [String; 12],
    weekdays: [String; 7],
    gmail: String,
    apple: String,
    /// From, Sent, To, Subject.
    outlook: [String; 4],
    /// The date in Outlook's block.
    outlook_date: String,
    /// What a telephone adds.
    pub phone: String,
    /// A closing formula.
    pub closing: String,
    /// What the legal department adds.
    pub disclaimer: String,
    /// The subject of the mail that is answered.
    subject: String,
    /// The mail that is answered.
    pub original: String,
}

static LANGUAGES: LazyLock<BTreeMap<String, Language>> =
    LazyLock::new(|| toml::from_str(include_str!("../corpus/languages.toml")).expect("a test reads this file"));

impl Language {
    /// A language's words; English for one whose words are not known, as programs do too.
    pub fn of(code: &str) -> &'static Self {
        LANGUAGES.get(code).unwrap_or_else(|| &LANGUAGES["en"])
    }

    fn fill(&self, pattern: &str, at: &Zoned) -> String {
        let weekday = usize::try_from(at.weekday().to_monday_zero_offset()).unwrap_or_default();
        let month = usize::try_from(at.month() - 1).unwrap_or_default();
        let values = [
            ("{name}", ASSISTANT.0.to_owned()),
            ("{address}", ASSISTANT.1.to_owned()),
            ("{y}", at.year().to_string()),
            ("{mon}", self.months[month].clone()),
            ("{wd}", self.weekdays[weekday].clone()),
            ("{mm}", format!("{:02}", at.month())),
            ("{dd}", format!("{:02}", at.day())),
            ("{m}", at.month().to_string()),
            ("{d}", at.day().to_string()),
            ("{time}", format!("{}:{:02}", at.hour(), at.minute())),
        ];
        values.iter().fold(pattern.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    /// The line above a quote, as Gmail writes it.
    pub fn gmail(&self, at: &Zoned) -> String {
        self.fill(&self.gmail, at)
    }

    /// The line above a quote, as Apple Mail writes it.
    pub fn apple(&self, at: &Zoned) -> String {
        self.fill(&self.apple, at)
    }

    /// Outlook's block above the original: names of its lines, and what they say.
    pub fn outlook(&self, at: &Zoned, to: &str) -> Vec<(String, String)> {
        let said = [
            format!("{} <{}>", ASSISTANT.0, ASSISTANT.1),
            self.fill(&self.outlook_date, at),
            to.to_owned(),
            self.subject.clone(),
        ];
        self.outlook.iter().cloned().zip(said).collect()
    }
}

/// Who writes, when and about what: the headers that every mail has.
pub struct Envelope<'a> {
    text: &'a Text,
    /// The writer's name.
    pub name: String,
    /// The writer's address.
    pub address: String,
    /// When, on the writer's clock.
    pub date: Zoned,
    local: bool,
}

impl<'a> Envelope<'a> {
    /// Of a text; `local` writes its headers in the language's own charset.
    pub fn of(text: &'a Text, local: bool) -> Result<Self, String> {
        let (name, address) = text
            .from
            .trim_end()
            .strip_suffix('>')
            .and_then(|from| from.split_once('<'))
            .ok_or_else(|| format!("from {:?}: write Name <address>", text.from))?;
        let date = jiff::fmt::rfc2822::parse(&text.date).map_err(|error| format!("date {:?}: {error}", text.date))?;
        let (name, address) = (name.trim().trim_matches('"').to_owned(), address.to_owned());
        Ok(Self { text, name, address, date, local })
    }

    /// When the mail that is answered was written: some hours before.
    pub fn original_date(&self) -> Zoned {
        self.date.checked_sub(Span::new().hours(20).minutes(7)).unwrap_or_else(|_| self.date.clone())
    }

    /// From, To, Subject, Date and Message-ID.
    pub fn headers(&self) -> Vec<String> {
        let encode = |value: &str| words(value, &self.text.lang, self.local);
        let name = if self.name.is_ascii() { format!("\"{}\"", self.name) } else { encode(&self.name) };
        let from = if self.name.is_empty() { self.address.clone() } else { format!("{name} <{}>", self.address) };
        let domain = self.address.rsplit('@').next().unwrap_or_default();
        vec![
            format!(
                "Received: from mx.{domain} (mx.{domain} [192.0.2.25]) by in.assist.example with ESMTPS;\r\n {}",
                self.text.date
            ),
            format!("From: {from}"),
            format!("To: {} <{}>", ASSISTANT.0, ASSISTANT.1),
            format!("Subject: {}", encode(&self.text.subject)),
            format!("Date: {}", self.text.date),
            format!("Message-ID: <{}@{domain}>", self.text.id),
        ]
    }

    /// The headers of an answer.
    pub fn answers(&self) -> String {
        let id = format!("<dlv.{}@assist.example>", self.text.id);
        format!("In-Reply-To: {id}\r\nReferences: {id}")
    }
}
