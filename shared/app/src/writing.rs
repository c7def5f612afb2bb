//! Writing a mail: by the template, or by a model whose draft the guard let through.
//!
//! **Invariant:** there is always a mail. Whatever the model does, be it silent, slow, refusing or refused by the guard,
//! the template is sent in its place, and the reason is kept.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    Assistant, Brief, Calendar, Checked, Direction, Draft, Extras, Guard, How, Instead, Language, Lead, ParameterError,
    Quoted, Step, StepNo, Tone, compose,
};
use tokio::time::{Instant, timeout_at};

use crate::ports::{ComposeError, Composer};

/// How long both tries of a model may take when nothing else is said.
pub const MODEL_TIME: Duration = Duration::from_secs(30);

/// Writes mails.
#[derive(Clone, Default)]
pub struct Writing {
    /// The model, if there is one.
    pub composer: Option<Arc<dyn Composer>>,
}

/// One mail that is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Commission<'a> {
    /// The follow-up.
    pub step: &'a Step,
    /// Which it is.
    pub number: StepNo,
    /// How many the schedule has.
    pub mails: usize,
    /// To whom.
    pub lead: &'a Lead,
    /// In whose name.
    pub assistant: &'a Assistant,
    /// Whom the assistant works for.
    pub organisation: &'a str,
    /// The calendar in whose zone the quoted mail is dated.
    pub calendar: &'a Calendar,
    /// What follows "P.S."; may be empty.
    pub postscript: &'a str,
    /// Where a click takes the lead off the list.
    pub unsubscribe_url: &'a str,
    /// How long the model may take in all; see [`MODEL_TIME`].
    pub model_time: Duration,
}

/// A finished mail, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Subject and text.
    pub draft: Draft,
    /// Who wrote it. Stored with the delivery.
    pub how: How,
}

impl Writing {
    /// Writes the mail. Fails only where the template does not render, and a saved schedule's does.
    pub async fn write(&self, commission: &Commission<'_>) -> Result<Written, ParameterError> {
        let Commission { step, lead, assistant, organisation, calendar, .. } = *commission;
        let parameters = lead.parameters(assistant, organisation);
        let (body, how) = match step.message.tone {
            None => (None, How::Template),
            Some(tone) => match self.body(commission, tone).await? {
                Ok(body) => (Some(body), How::Model),
                Err(reason) => (None, How::TemplateInstead { reason }),
            },
        };
        let extras = Extras {
            body: body.as_ref(),
            more_information: &assistant.more_information,
            postscript: commission.postscript,
            disclosure: assistant.ai_disclosure.as_deref(),
            signature: &assistant.signature,
            unsubscribe_url: commission.unsubscribe_url,
        };
        let draft = compose(step, &parameters, &extras, &lead.thread, calendar)?;
        Ok(Written { draft, how })
    }

    async fn body(&self, commission: &Commission<'_>, tone: Tone) -> Result<Result<Checked, Instead>, ParameterError> {
        let Some(composer) = &self.composer else { return Ok(Err(Instead::NoWriter)) };
        let Some(brief) = commission.brief(tone)? else { return Ok(Err(Instead::Language)) };
        Ok(self::body(composer.as_ref(), &brief, commission.model_time).await)
    }
}

/// A model's draft that the guard let through, at the second try at the latest.
async fn body(composer: &dyn Composer, brief: &Brief, time: Duration) -> Result<Checked, Instead> {
    let until = Instant::now() + time;
    let mut objections = Vec::new();
    for _ in 0..2 {
        let slow = |_| ComposeError::Unavailable(format!("no answer within {} s", time.as_secs()));
        let draft = timeout_at(until, composer.draft(brief, &objections)).await.map_err(slow).flatten();
        let draft = match draft {
            Ok(draft) => draft,
            // What was wrong with the first draft says more than why there was no second.
            Err(_) if !objections.is_empty() => break,
            Err(error) => return Err(Instead::NotWritten { reason: error.to_string() }),
        };
        match Guard::check(&draft, brief) {
            Ok(checked) => return Ok(checked),
            Err(breaches) => objections = breaches,
        }
    }
    Err(Instead::Refused { breaches: objections })
}

impl Commission<'_> {
    /// What the model may know; `None` where the template is in no language that the guard can judge.
    fn brief(&self, tone: Tone) -> Result<Option<Brief>, ParameterError> {
        let Self { step, lead, assistant, organisation, .. } = *self;
        let example = domain::render_body(step, &lead.parameters(assistant, organisation))?;
        let Some(language) = Language::of(&step.message.body).or_else(|| Language::of(&example)) else {
            return Ok(None);
        };
        let thread = &lead.thread;
        let first = Quoted { direction: Direction::Sent, text: thread.first_text.clone() };
        Ok(Some(Brief {
            person: lead.person.clone(),
            assistant_name: assistant.name.clone(),
            assistant_title: assistant.title.clone(),
            organisation: organisation.to_owned(),
            context: lead.context.clone(),
            more_information: assistant.more_information.clone(),
            tone,
            language,
            step: self.number,
            mails: self.mails,
            thread: if thread.first_text.is_empty() { vec![] } else { vec![first] },
            example,
        }))
    }
}

#[cfg(test)]
mod tests;
