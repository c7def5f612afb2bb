//! Records that somebody adds by hand: what would become of one, and giving it to the assistant.
//!
//! **Invariant:** a record is given as a person would give it, by its owner in the CRM, and taken on as any other whose owner
//! changed. So whoever comes first after a crash finishes it: the notification, upkeep, or the same favour once more.

use domain::{AssistantId, CrmUser, HandBack, LeadId, OrgId, UserId};

use super::{Enrol, TRIES};
use crate::directory::{self, Directory};
use crate::error::AppError;
use crate::favours::{Foreseen, Progress, Wanted};
use crate::ports::{AddressState, CrmError, CrmRecord};
use crate::preflight::{Candidate, preflight};

/// Mails that are foreseen with their times.
const FORESEEN: usize = 3;

/// A record as it is now.
struct Sight {
    record: CrmRecord,
    /// The assistant's user in the CRM.
    user: UserId,
    foreseen: Foreseen,
}

impl Enrol {
    /// Does the favour of this name, if nobody has yet.
    pub async fn do_favour(&self, org: &OrgId, id: &str) -> Result<(), AppError> {
        let store = &self.changes.store;
        let asked = store.favour(org, id).await?.filter(|stored| stored.value.progress == Progress::Asked);
        let Some(stored) = asked else { return Ok(()) };
        let progress = match &stored.value.wanted {
            Wanted::Look { lead, assistant } => match self.sight(org, lead, assistant).await? {
                Ok(sight) => Progress::Foreseen(Box::new(sight.foreseen)),
                Err(why) => Progress::Refused { why },
            },
            Wanted::Give { lead, assistant } => self.give(org, lead, assistant).await?,
            Wanted::Test { .. } => return Err(AppError::Invalid(format!("favour {id} is no record's"))),
        };
        // Who did the same meanwhile found the same.
        store.put_favour(org, id, &stored.value.at(progress), stored.version).await?;
        Ok(())
    }

    /// What would become of the record, or in words why nobody can say.
    async fn sight(
        &self,
        org: &OrgId,
        id: &LeadId,
        assistant: &AssistantId,
    ) -> Result<Result<Sight, String>, AppError> {
        let store = &self.changes.store;
        if store.is_at_rest(org).await? {
            return Ok(Err("nothing is read from Zoho while it is paused; resume it in CRM Details".to_owned()));
        }
        let directory = Directory::read(store, org).await?;
        let assistants = &directory.assistants;
        let Some(assistant) = assistants.iter().map(|stored| &stored.value).find(|known| known.id == *assistant) else {
            return Ok(Err(format!("there is no assistant {assistant}; choose another")));
        };
        let Some(user) = assistant.user.clone() else {
            return Ok(Err(format!(
                "{} has no active user in Zoho yet; create one with its address, then press Refresh in CRM Details",
                assistant.name
            )));
        };
        // Before the record, as in every look.
        let before = store.lead(org, id).await?.map(|stored| stored.lead);
        let read = self.crm.records(org, id.record().module, std::slice::from_ref(&id.record().id)).await;
        let record = match read {
            Ok(mut records) => records.pop(),
            Err(error) => return Ok(Err(in_words(error)?)),
        };
        let Some(record) = record else {
            return Ok(Err(format!("there is no such record among the {} in Zoho", id.record().module)));
        };
        let users = match directory::users(store, &self.crm, &self.changes.clock, org, false).await {
            Ok(users) => users,
            Err(AppError::Crm(error)) => return Ok(Err(in_words(error)?)),
            Err(error) => return Err(error),
        };
        let address = self.address_use(&directory, id, &record.address).await?;
        let judged = match &before {
            Some(lead) if lead.is_active() => Err("an assistant works on it already; see its page".to_owned()),
            Some(lead) if matches!(lead.hand_back, HandBack::Pending | HandBack::AfterErrand) => {
                Err("it is on its way back to its previous owner; look again in a minute".to_owned())
            }
            before => address.judge(before.as_ref()).map_err(|why| {
                let (reason, remedy) = why.words();
                format!("{reason}. {remedy}")
            }),
        };
        let schedule = directory.schedule(&[&record.schedule, &assistant.default_schedule]);
        let mut foreseen = Foreseen {
            name: record.person.full_name(),
            company: record.person.company.clone(),
            address: match &record.address {
                AddressState::Usable(address) => Some(address.clone()),
                AddressState::Missing | AddressState::Invalid | AddressState::OptedOut => None,
            },
            owner: name_of(&users, &record.owner),
            schedule: schedule.name().to_owned(),
            mails: schedule.steps().len(),
            first_mails: Vec::new(),
            held: None,
            not_taken: None,
        };
        match judged {
            Ok(email) => {
                let candidate = Candidate { line: 1, person: record.person.clone(), email, schedule: &schedule };
                let flight = preflight(assistant, &[candidate], self.changes.clock.calendar())?;
                foreseen.first_mails = flight.mails.into_iter().take(FORESEEN).collect();
                foreseen.held = flight.unplanned.into_iter().next().map(|unplanned| unplanned.reason);
            }
            Err(why) => foreseen.not_taken = Some(why),
        }
        Ok(Ok(Sight { record, user, foreseen }))
    }

    async fn give(&self, org: &OrgId, id: &LeadId, assistant: &AssistantId) -> Result<Progress, AppError> {
        let store = &self.changes.store;
        let taken_on = async || {
            let stored = store.lead(org, id).await?;
            Ok::<_, AppError>(stored.is_some_and(|it| it.lead.is_active() && it.lead.assistant == *assistant))
        };
        for _ in 0..TRIES {
            if taken_on().await? {
                return Ok(Progress::Done);
            }
            let Sight { record, user, foreseen } = match self.sight(org, id, assistant).await? {
                Ok(sight) => sight,
                Err(why) => return Ok(Progress::Refused { why }),
            };
            if let Some(why) = foreseen.not_taken {
                return Ok(Progress::Refused { why });
            }
            if record.owner != user {
                // Whose it was is remembered before the change, for its answer may be lost.
                store.put_seen_owner(org, id, &record.owner, self.changes.clock.real()).await?;
                match self.crm.give_to(org, id.record(), &user, record.modified).await {
                    Ok(()) => {}
                    Err(CrmError::Changed) => continue,
                    Err(error) => return Ok(Progress::Refused { why: in_words(error)? }),
                }
            }
            let failed = self.look_at(org, id.record().module, std::slice::from_ref(&id.record().id)).await?;
            if failed.is_empty() && !taken_on().await? {
                let why = "the record changed while it was given; its page in Zoho says whose it is now".to_owned();
                return Ok(Progress::Refused { why });
            }
            if failed.is_empty() {
                return Ok(Progress::Done);
            }
            break;
        }
        Err(AppError::Contended(format!("lead {id}")))
    }
}

/// Why the CRM did nothing. What it may have done, or would do at the next try, is tried again.
fn in_words(error: CrmError) -> Result<String, AppError> {
    match error {
        CrmError::Unknown(_) | CrmError::Changed => Err(error.into()),
        CrmError::Refused { .. }
        | CrmError::Absent
        | CrmError::Busy(_)
        | CrmError::Throttled { .. }
        | CrmError::Disconnected(_) => Ok(error.to_string()),
    }
}

fn name_of(users: &[CrmUser], id: &UserId) -> String {
    users.iter().find(|user| user.id == *id).map_or_else(|| id.to_string(), |user| user.name.clone())
}
