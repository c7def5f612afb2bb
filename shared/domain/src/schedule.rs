//! Schedules: the ordered follow-ups, and how long to wait between them.

use serde::{Deserialize, Serialize};

use crate::compose::{ParameterError, check_template};
use crate::id::StepNo;
use crate::writing::Tone;

/// The most follow-ups a schedule may have.
pub const MAX_STEPS: usize = 20;

/// A schedule that cannot be used, with the place to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchedule {
    /// No steps, or too many.
    #[error("a schedule has 1 to {MAX_STEPS} steps; this one has {0}")]
    Steps(usize),
    /// Zoho shows the name in a picklist.
    #[error("schedule name {0:?} is not usable; write 1 to 60 characters without line breaks")]
    Name(String),
    /// The first mail of a thread must have a subject.
    #[error("step 1 has no subject; later steps may leave it out and stay in its thread")]
    NoSubject,
    /// A template does not render.
    #[error("step {step}, {part}: {source}")]
    Template {
        /// Which step, from 1.
        step: usize,
        /// `subject` or `body`.
        part: &'static str,
        /// What is wrong.
        source: ParameterError,
    },
    /// Waiting that long is a mistake.
    #[error("{part} waits {days} days; the longest wait is 365")]
    Wait {
        /// `step N` or `closing_days`.
        part: String,
        /// Days asked for.
        days: u16,
    },
}

/// The texts of one mail, as templates over [`crate::Parameters`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Left out: the mail answers the first one, in its thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Plain text. With a tone it is also the example to write after.
    pub body: String,
    /// Written anew for each lead, sounding like this. Left out: the template as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
}

/// One follow-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Days after the previous mail (the first: after the assignment).
    pub days_after: u16,
    /// What it says.
    pub message: Message,
}

/// A named sequence of follow-ups.
///
/// ```
/// let schedule = domain::recommended();
/// assert_eq!(schedule.steps().len(), 7);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredSchedule", into = "StoredSchedule")]
pub struct Schedule {
    name: String,
    steps: Vec<Step>,
    closing_days: u16,
    revision: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSchedule {
    name: String,
    steps: Vec<Step>,
    /// A last mail deserves a fair wait for its answer.
    #[serde(default = "default_closing_days")]
    closing_days: u16,
    #[serde(default)]
    revision: u32,
}

fn default_closing_days() -> u16 {
    5
}

impl TryFrom<StoredSchedule> for Schedule {
    type Error = InvalidSchedule;
    fn try_from(stored: StoredSchedule) -> Result<Self, InvalidSchedule> {
        Ok(Self::new(stored.name, stored.steps, stored.closing_days)?.at_revision(stored.revision))
    }
}

impl From<Schedule> for StoredSchedule {
    fn from(schedule: Schedule) -> Self {
        let Schedule { name, steps, closing_days, revision } = schedule;
        Self { name, steps, closing_days, revision }
    }
}

impl Schedule {
    /// The schedule that every org has, whose name is taken.
    pub const RECOMMENDED: &'static str = "Recommended";

    /// Checks everything that could stop a mail later.
    pub fn new(name: String, steps: Vec<Step>, closing_days: u16) -> Result<Self, InvalidSchedule> {
        let name = name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 60 || name.chars().any(char::is_control) {
            return Err(InvalidSchedule::Name(name));
        }
        if steps.is_empty() || steps.len() > MAX_STEPS {
            return Err(InvalidSchedule::Steps(steps.len()));
        }
        if steps[0].message.subject.as_deref().is_none_or(|subject| subject.trim().is_empty()) {
            return Err(InvalidSchedule::NoSubject);
        }
        for (index, step) in steps.iter().enumerate() {
            let step_no = index + 1;
            if step.days_after > 365 {
                return Err(InvalidSchedule::Wait { part: format!("step {step_no}"), days: step.days_after });
            }
            let parts = [("subject", step.message.subject.as_deref()), ("body", Some(step.message.body.as_str()))];
            for (part, template) in parts.into_iter().filter_map(|(part, template)| Some((part, template?))) {
                check_template(template).map_err(|source| InvalidSchedule::Template { step: step_no, part, source })?;
            }
        }
        if closing_days > 365 {
            return Err(InvalidSchedule::Wait { part: "closing_days".into(), days: closing_days });
        }
        Ok(Self { name, steps, closing_days, revision: 0 })
    }

    /// The same mails under another name, which is checked.
    pub fn named(&self, name: &str) -> Result<Self, InvalidSchedule> {
        Self::new(name.to_owned(), self.steps.clone(), self.closing_days)
    }

    /// The same mails as another revision of this name.
    pub fn at_revision(self, revision: u32) -> Self {
        Self { revision, ..self }
    }

    /// Counts the edits that were made for new leads only, from 0; a lead follows the revision it began with.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// Its name, unique in the org; what the record's schedule field says.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The follow-ups in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Days between the last mail and giving the record back.
    pub fn closing_days(&self) -> u16 {
        self.closing_days
    }

    /// The follow-up with this number, if the schedule has it.
    pub fn step(&self, number: StepNo) -> Option<&Step> {
        self.steps.get(number.index())
    }
}

/// The schedule that every org starts with: seven short mails with growing gaps.
pub fn recommended() -> Schedule {
    let steps = [
        (0, include_str!("recommended/1.txt")),
        (2, include_str!("recommended/2.txt")),
        (3, include_str!("recommended/3.txt")),
        (4, include_str!("recommended/4.txt")),
        (6, include_str!("recommended/5.txt")),
        (8, include_str!("recommended/6.txt")),
        (10, include_str!("recommended/7.txt")),
    ];
    let steps = steps
        .into_iter()
        .map(|(days_after, text)| {
            let (subject, body) = match text.strip_prefix("Subject: ").and_then(|rest| rest.split_once("\n\n")) {
                Some((subject, body)) => (Some(subject.to_owned()), body.to_owned()),
                None => (None, text.to_owned()),
            };
            Step { days_after, message: Message { subject, body, tone: None } }
        })
        .collect();
    Schedule::new(Schedule::RECOMMENDED.to_owned(), steps, default_closing_days())
        .expect("the shipped schedule is checked by a test")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(subject: Option<&str>, body: &str) -> Step {
        Step {
            days_after: 1,
            message: Message { subject: subject.map(str::to_owned), body: body.to_owned(), tone: None },
        }
    }

    #[test]
    fn the_shipped_schedule_has_growing_gaps() {
        let schedule = recommended();
        let gaps: Vec<_> = schedule.steps().iter().map(|step| step.days_after).collect();
        assert!(gaps.is_sorted(), "{gaps:?}");
        assert_eq!(schedule.steps().len(), 7);
    }

    #[test]
    fn what_would_fail_later_is_refused_now() {
        let make = |steps| Schedule::new("Mine".into(), steps, 5).map(|_| ()).unwrap_err().to_string();
        assert_eq!(make(vec![]), "a schedule has 1 to 20 steps; this one has 0");
        assert_eq!(make(vec![step(Some("Hi"), "x"); 21]), "a schedule has 1 to 20 steps; this one has 21");
        assert_eq!(
            make(vec![step(None, "x")]),
            "step 1 has no subject; later steps may leave it out and stay in its thread"
        );
        assert_eq!(
            make(vec![step(Some("Hi"), "Dear {{ lead_fist_name }}")]),
            "step 1, body: unknown parameter lead_fist_name in line 1, column 9; known are lead_first_name, lead_last_name, \
             lead_designation, lead_phone, lead_company, lead_industry, lead_website, assistant_name, assistant_title, \
             organisation_name, context"
        );
    }
}
