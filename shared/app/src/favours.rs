//! Favours: what the console asks of a function that can do what it cannot, for it has neither the CRM's tokens nor a mail
//! system.
//!
//! **Invariant:** a favour is a row, and the event only a hint at it. Whoever does it reads there what is wanted and writes there
//! what became of it, each under the version it read: a repeated event, or asking again, does nothing twice. A favour is its
//! org's and of whoever asked it; to all others it is not there.

use domain::{AssistantId, EmailAddress, LeadId, OrgId, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::change::LeadChanges;
use crate::console::Viewer;
use crate::error::AppError;
use crate::ports::Event;
use crate::preflight::PlannedMail;
use crate::secret;

/// Between two mails that one user tries out.
pub const BETWEEN_TESTS: SignedDuration = SignedDuration::from_secs(10);
/// What takes longer is asked for again by whoever still wants it.
pub const PATIENCE: SignedDuration = SignedDuration::from_mins(1);

/// Something that somebody asked for in the console.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Favour {
    /// Who asked.
    pub by: UserId,
    /// When they last did, real time.
    pub asked: Timestamp,
    /// For what.
    pub wanted: Wanted,
    /// How far it is.
    pub progress: Progress,
}

/// What somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wanted", rename_all = "snake_case")]
pub enum Wanted {
    /// To know what would become of a record that this assistant is given. Nothing is changed.
    Look {
        /// The record.
        lead: LeadId,
        /// Who would get it.
        assistant: AssistantId,
    },
    /// That this assistant is given a record.
    Give {
        /// The record.
        lead: LeadId,
        /// Who gets it.
        assistant: AssistantId,
    },
    /// A mail to themselves, as a lead would get it.
    Test {
        /// Whose mail.
        assistant: AssistantId,
        /// Its subject.
        subject: String,
        /// Its text.
        text: String,
    },
}

/// How far a favour is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    /// Nobody has done it yet.
    Asked,
    /// Its mail is leaving, or the answer of the mail system was lost.
    Sending {
        /// Since when, real time.
        since: Timestamp,
    },
    /// This would become of the record.
    Foreseen(Box<Foreseen>),
    /// It is done.
    Done,
    /// It is not, and will not be.
    Refused {
        /// Why, and what to do about it.
        why: String,
    },
}

/// What would become of a record that an assistant is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Foreseen {
    /// Who it is; may be empty.
    pub name: String,
    /// The company; may be empty.
    pub company: String,
    /// The address on the record, if it is one and may be written to.
    pub address: Option<EmailAddress>,
    /// Who owns the record, and would get it back.
    pub owner: String,
    /// The schedule it would follow.
    pub schedule: String,
    /// How many mails that has.
    pub mails: usize,
    /// When the first of them would leave.
    pub first_mails: Vec<PlannedMail>,
    /// Why no mail would leave for now, if so.
    pub held: Option<String>,
    /// Why the record would not be taken on, if so, and what to do about it.
    pub not_taken: Option<String>,
}

impl Wanted {
    fn event(&self, org: &OrgId, favour: &str) -> Event {
        let (org, favour) = (org.clone(), favour.to_owned());
        match self {
            Self::Look { .. } | Self::Give { .. } => Event::LeadAsked { org, favour },
            Self::Test { .. } => Event::TestAsked { org, favour },
        }
    }
}

impl Favour {
    /// Asked and not done for so long that asking again is in order.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.progress == Progress::Asked && now.duration_since(self.asked) > PATIENCE
    }

    /// The same favour, further on.
    pub(crate) fn at(&self, progress: Progress) -> Self {
        Self { progress, ..self.clone() }
    }
}

/// Asks for favours.
pub struct Favours {
    /// Rows, hints and time.
    pub changes: LeadChanges,
}

impl Favours {
    /// Asks for something; returns its name. `None`: too soon after the last mail that this user tried out.
    pub async fn ask(&self, viewer: &Viewer, wanted: Wanted) -> Result<Option<String>, AppError> {
        let id = secret::draw::<16>()?;
        let favour = self.new_by(viewer, wanted);
        let asked = match favour.wanted {
            Wanted::Look { .. } | Wanted::Give { .. } => {
                self.changes.store.ask_favour(&viewer.org, &id, &favour).await?
            }
            Wanted::Test { .. } => self.changes.store.ask_test(&viewer.org, &id, &favour).await?,
        };
        if asked {
            self.hint(&viewer.org, &id, &favour.wanted).await;
        }
        Ok(asked.then_some(id))
    }

    /// Asks that what was looked at be done, once for each look; returns its name. `None`: this user saw no record that an
    /// assistant would take on.
    pub async fn give(&self, viewer: &Viewer, look: &str) -> Result<Option<String>, AppError> {
        let Some(seen) = self.of(viewer, look).await? else { return Ok(None) };
        let (Wanted::Look { lead, assistant }, Progress::Foreseen(foreseen)) = (seen.wanted, seen.progress) else {
            return Ok(None);
        };
        if foreseen.not_taken.is_some() {
            return Ok(None);
        }
        let id = format!("{look}-give");
        let favour = self.new_by(viewer, Wanted::Give { lead, assistant });
        if self.changes.store.ask_favour(&viewer.org, &id, &favour).await? {
            self.hint(&viewer.org, &id, &favour.wanted).await;
        }
        Ok(Some(id))
    }

    /// What this user asked for under this name.
    pub async fn of(&self, viewer: &Viewer, id: &str) -> Result<Option<Favour>, AppError> {
        let stored = self.changes.store.favour(&viewer.org, id).await?;
        Ok(stored.map(|stored| stored.value).filter(|favour| favour.by == viewer.user))
    }

    /// Asks again for what nobody has done yet; `false` if this user never asked for it.
    pub async fn ask_again(&self, viewer: &Viewer, id: &str) -> Result<bool, AppError> {
        let store = &self.changes.store;
        let mine = store.favour(&viewer.org, id).await?.filter(|stored| stored.value.by == viewer.user);
        let Some(stored) = mine else { return Ok(false) };
        if stored.value.progress == Progress::Asked {
            let again = Favour { asked: self.changes.clock.real(), ..stored.value };
            // Where somebody was faster, it is being done.
            if store.put_favour(&viewer.org, id, &again, stored.version).await? {
                self.hint(&viewer.org, id, &again.wanted).await;
            }
        }
        Ok(true)
    }

    fn new_by(&self, viewer: &Viewer, wanted: Wanted) -> Favour {
        Favour { by: viewer.user.clone(), asked: self.changes.clock.real(), wanted, progress: Progress::Asked }
    }

    /// A hint that is lost costs a minute, after which the page offers to ask again.
    async fn hint(&self, org: &OrgId, id: &str, wanted: &Wanted) {
        if let Err(error) = self.changes.events.publish(&[wanted.event(org, id)]).await {
            tracing::warn!(%org, favour.id = id, %error, "a favour waits to be asked again");
        }
    }
}
