//! Prompts: files with a few blanks, and the material as one JSON object.

use std::sync::LazyLock;

use app::ports::ComposeError;
use domain::{Breach, Brief, Direction, Intent, NewText, Tone};
use minijinja::{Environment, UndefinedBehavior, context};
use serde_json::{Value, json};

use crate::chat::Question;

/// What a person can want. The intents of software are not among them.
pub(crate) const INTENTS: [Intent; 12] = [
    Intent::OutOfOffice,
    Intent::Deactivated,
    Intent::AgreedToMeet,
    Intent::BrochureRequested,
    Intent::ConnectLater,
    Intent::Unsubscribed,
    Intent::InterestedToProceed,
    Intent::ReferredSomeone,
    Intent::MovedOut,
    Intent::Retired,
    Intent::SeekingMoreInfo,
    Intent::Responded,
];

/// Characters of one text, and texts of a conversation, that a model is shown.
const MOST_CHARACTERS: usize = 3000;
const MOST_TEXTS: usize = 6;

static PROMPTS: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, text) in [
        ("draft.system", include_str!("prompts/draft.system.txt")),
        ("draft.user", include_str!("prompts/draft.user.txt")),
        ("intent.system", include_str!("prompts/intent.system.txt")),
        ("intent.user", include_str!("prompts/intent.user.txt")),
    ] {
        environment.add_template(name, text).expect("the shipped prompts are rendered by a test");
    }
    environment
});

/// Asks for the body of a mail.
pub(crate) fn draft(brief: &Brief, objections: &[Breach]) -> Result<Question, ComposeError> {
    let skipped = brief.thread.len().saturating_sub(MOST_TEXTS);
    let thread: Vec<_> = brief.thread[skipped..]
        .iter()
        .map(|quoted| {
            let by = match quoted.direction {
                Direction::Sent => "assistant",
                Direction::Received => "reader",
            };
            json!({ "by": by, "text": clean(&quoted.text) })
        })
        .collect();
    let person = &brief.person;
    let material = json!({
        "reader": {
            "first_name": clean(&person.first_name),
            "last_name": clean(&person.last_name),
            "job": clean(&person.designation),
            "company": clean(&person.company),
            "industry": clean(&person.industry),
        },
        "assistant": {
            "name": clean(&brief.assistant_name),
            "title": clean(&brief.assistant_title),
            "organisation": clean(&brief.organisation),
        },
        "what_it_is_about": clean(&brief.context),
        "stands_under_the_body": clean(&brief.more_information),
        "conversation": thread,
        "example": clean(&brief.example),
    });
    let objections: Vec<_> = objections.iter().map(|breach| clean(&breach.to_string())).collect();
    let blanks = context! {
        language => brief.language.name(),
        tone => brief.tone.words(),
        step => brief.step.to_string(),
        mails => brief.mails,
        words => if brief.tone == Tone::Brief { 50 } else { 100 },
        objections => (!objections.is_empty()).then(|| fenced(&json!(objections))),
        material => fenced(&material),
    };
    question("draft", &blanks)
}

/// Asks what a person wants.
pub(crate) fn intent(text: &NewText) -> Result<Question, ComposeError> {
    let material = json!({ "subject": clean(&text.subject), "text": clean(&text.text) });
    question("intent", &context! { material => fenced(&material) })
}

fn question(name: &str, blanks: &minijinja::Value) -> Result<Question, ComposeError> {
    let render = |part: &str| {
        let template = PROMPTS.get_template(&format!("{name}.{part}"));
        let rendered = template.and_then(|template| template.render(blanks));
        // The engine's own words could quote the material.
        rendered.map_err(|error| ComposeError::Refused(format!("the prompt cannot be rendered: {}", error.kind())))
    };
    Ok(Question { system: render("system")?, user: render("user")? })
}

/// JSON in which neither a line nor a tag can end.
fn fenced(material: &Value) -> String {
    material.to_string().replace('<', "\\u003c").replace('>', "\\u003e")
}

/// A text without what nobody can see, and not without end.
fn clean(text: &str) -> String {
    let visible = text.chars().filter(|character| {
        let hidden = matches!(character,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}');
        !hidden && (!character.is_control() || *character == '\n')
    });
    visible.take(MOST_CHARACTERS).collect()
}
