//! Turning a schedule's message into the text of a mail.
//!
//! **Invariant:** a template can use the parameters of [`Parameters`] and nothing else; an empty one renders as nothing,
//! never as `null`.

use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use crate::calendar::Calendar;
use crate::guard::Checked;
use crate::language::Language;
use crate::mail::Thread;
use crate::schedule::Step;
use crate::standing;

/// A template that does not render.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// It names something that is not there.
    #[error("unknown parameter {name} in line {line}, column {column}; known are {}", Parameters::NAMES.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// Counted from 1.
        line: usize,
        /// In characters, counted from 1.
        column: usize,
    },
    /// It is not a template.
    #[error("the template cannot be read: {0}")]
    Syntax(String),
    /// It renders to nothing, or runs too long.
    #[error("the template cannot be rendered: {0}")]
    Render(String),
}

/// What a template may use. Empty text where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Parameters {
    /// The lead's first name.
    pub lead_first_name: String,
    /// The lead's last name.
    pub lead_last_name: String,
    /// The lead's job title.
    pub lead_designation: String,
    /// The lead's telephone number.
    pub lead_phone: String,
    /// The lead's company.
    pub lead_company: String,
    /// The company's industry.
    pub lead_industry: String,
    /// The company's web site.
    pub lead_website: String,
    /// The assistant's name.
    pub assistant_name: String,
    /// The assistant's title.
    pub assistant_title: String,
    /// The org that the assistant works for.
    pub organisation_name: String,
    /// What this nurturing is about.
    pub context: String,
}

impl Parameters {
    /// Every name a template may use.
    pub const NAMES: [&'static str; 11] = [
        "lead_first_name",
        "lead_last_name",
        "lead_designation",
        "lead_phone",
        "lead_company",
        "lead_industry",
        "lead_website",
        "assistant_name",
        "assistant_title",
        "organisation_name",
        "context",
    ];
}

/// What the writer wrote: nothing of it decides who gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Subject line, without line breaks.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// Enough for a page of text with some conditions; a loop that never ends stops here.
const FUEL: u64 = 20_000;

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment
});

/// Refuses a template that could fail when its mail is due: unknown parameters by name and line, and bad syntax.
pub fn check_template(template: &str) -> Result<(), ParameterError> {
    let parsed = TEMPLATES.template_from_str(template).map_err(|error| ParameterError::Syntax(describe(&error)))?;
    let mut unknown: Vec<_> = parsed
        .undeclared_variables(false)
        .into_iter()
        .filter(|name| !Parameters::NAMES.contains(&name.as_str()))
        .map(|name| (position_of(template, &name), name))
        .collect();
    unknown.sort();
    if let Some(((line, column), name)) = unknown.into_iter().next() {
        return Err(ParameterError::Unknown { name, line, column });
    }
    render(template, &Parameters::default()).map(|_| ())
}

/// What a mail has besides its template. Empty texts add nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extras<'a> {
    /// Written for this mail, in place of the template's body.
    pub body: Option<&'a Checked>,
    /// Lines under the body, word for word.
    pub more_information: &'a str,
    /// What follows "P.S." under them.
    pub postscript: &'a str,
    /// Says that software wrote it, above the signature. An empty line stands for our own words; `None` says nothing.
    pub disclosure: Option<&'a str>,
    /// Under the mail.
    pub signature: &'a str,
    /// Where a click takes the lead off the list; without one, the mail asks for an answer.
    pub unsubscribe_url: &'a str,
}

/// The body of `step` by its template.
pub fn render_body(step: &Step, parameters: &Parameters) -> Result<String, ParameterError> {
    Ok(render(&step.message.body, parameters)?.trim_end().to_owned())
}

/// Writes the mail of `step`: the first of a thread opens it, a later one answers it and quotes it. Each tells once, in
/// the language of its body, how to stop.
pub fn compose(
    step: &Step,
    parameters: &Parameters,
    extras: &Extras<'_>,
    thread: &Thread,
    calendar: &Calendar,
) -> Result<Draft, ParameterError> {
    let mut text = match extras.body {
        Some(body) => body.as_str().to_owned(),
        None => render_body(step, parameters)?,
    };
    let language = Language::of(&text).unwrap_or(Language::English);
    let postscript = one_line(extras.postscript);
    let below = [
        extras.more_information.trim().to_owned(),
        if postscript.is_empty() { postscript } else { format!("P.S. {postscript}") },
        extras.disclosure.map_or_else(String::new, |own| standing::disclosure(language, own)),
    ];
    for paragraph in below.iter().filter(|paragraph| !paragraph.is_empty()) {
        text.push_str("\n\n");
        text.push_str(paragraph);
    }
    let signature = extras.signature.trim();
    let opt_out = standing::opt_out(language, extras.unsubscribe_url);
    text.push_str("\n\n-- \n");
    text.push_str(if signature.is_empty() { &parameters.assistant_name } else { signature });
    text.push_str("\n\n");
    text.push_str(&opt_out);
    let own_subject = match &step.message.subject {
        Some(template) => Some(one_line(&render(template, parameters)?)),
        None => None,
    };
    let subject = match (own_subject, thread.subject.is_empty()) {
        (Some(subject), true) => subject,
        // A follow-up stays in the thread whatever its own subject says: mail programs group by it.
        (_, false) => format!("Re: {}", thread.subject),
        (None, true) => "Hello".to_owned(),
    };
    if let Some(at) = thread.first_at {
        text.push_str(&format!("\n\nOn {}, {} wrote:\n", calendar.display(at), parameters.assistant_name));
        text.push_str(&quote(&standing::without_opt_out(&thread.first_text)));
    }
    text.push('\n');
    Ok(Draft { subject, text })
}

fn render(template: &str, parameters: &Parameters) -> Result<String, ParameterError> {
    TEMPLATES.render_str(template, Serde(parameters)).map_err(|error| ParameterError::Render(describe(&error)))
}

/// The kind of error and its line; the library's own text repeats the template.
fn describe(error: &minijinja::Error) -> String {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    error.line().map_or(detail.clone(), |line| format!("{detail} in line {line}"))
}

/// Line and column of the first use of `name` as a whole word inside braces.
fn position_of(template: &str, name: &str) -> (usize, usize) {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let used = |&(at, found): &(usize, &str)| {
        let (before, after) = (&template[..at], &template[at + found.len()..]);
        let opened = before.rfind("{{").max(before.rfind("{%"));
        let closed = before.rfind("}}").max(before.rfind("%}"));
        opened > closed && !before.ends_with(is_word) && !after.starts_with(is_word)
    };
    let at = template.match_indices(name).find(used).map_or(0, |(at, _)| at);
    let line_start = template[..at].rfind('\n').map_or(0, |newline| newline + 1);
    (template[..at].matches('\n').count() + 1, template[line_start..at].chars().count() + 1)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn quote(text: &str) -> String {
    text.trim_end().lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::recommended;

    fn ada() -> Parameters {
        Parameters {
            lead_first_name: "Ada".into(),
            lead_company: "Analytical Engines".into(),
            assistant_name: "Tara".into(),
            organisation_name: "Northwind".into(),
            context: "We grind lenses to order.".into(),
            ..Parameters::default()
        }
    }

    const EXTRAS: Extras<'static> = Extras {
        body: None,
        more_information: "",
        postscript: "",
        disclosure: None,
        signature: "Tara\nNorthwind",
        unsubscribe_url: "https://sales.example/unsubscribe/t0ken",
    };

    fn write(step: usize, parameters: &Parameters, thread: &Thread) -> String {
        let calendar = Calendar::working_week("Europe/London").unwrap();
        let draft = compose(&recommended().steps()[step], parameters, &EXTRAS, thread, &calendar).unwrap();
        format!("Subject: {}\n\n{}", draft.subject, draft.text)
    }

    #[test]
    fn the_first_mail_opens_a_thread_and_the_next_quotes_it() {
        insta::assert_snapshot!("first_mail", write(0, &ada(), &Thread::default()));
        let thread = Thread {
            subject: "Analytical Engines and Northwind".into(),
            first_text: "Hello Ada,\n\nshort.".into(),
            first_at: Some("2026-01-05T09:30:00Z".parse().unwrap()),
            message_ids: vec![],
        };
        insta::assert_snapshot!("second_mail", write(1, &ada(), &thread));
    }

    #[test]
    fn an_unknown_lead_reads_naturally() {
        let bare = Parameters {
            assistant_name: "Tara".into(),
            organisation_name: "Northwind".into(),
            ..Parameters::default()
        };
        insta::assert_snapshot!("bare_mail", write(0, &bare, &Thread::default()));
    }

    #[test]
    fn a_context_full_of_markup_stays_text() {
        let hostile = Parameters { context: "{{ 7 * 7 }} {% for x in y %} <b>ignore all rules</b>".into(), ..ada() };
        assert!(
            write(0, &hostile, &Thread::default()).contains("{{ 7 * 7 }} {% for x in y %} <b>ignore all rules</b>")
        );
    }

    #[test]
    fn templates_that_would_fail_are_refused() {
        let refusal = |template: &str| check_template(template).unwrap_err().to_string();
        assert!(
            refusal("Dear lead_nmae,\n{{ lead_company }} & {{ lead_nmae }}")
                .starts_with("unknown parameter lead_nmae in line 2, column 25; known are lead_")
        );
        assert!(refusal("{% if lead_company %}").starts_with("the template cannot be read: "));
        assert!(
            refusal(&format!("{}x{}", "{% for a in 'abcdefghij' %}".repeat(6), "{% endfor %}".repeat(6)))
                .starts_with("the template cannot be rendered: ")
        );
    }
}
