//! Looking at records: take on what was assigned, let go of what was taken away.
//!
//! **Invariant:** the stored lead is read before the record. A record read later than the lead says "given back" can show
//! the assistant as owner only if somebody assigned it again.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{
    AddressUse, Assistant, Enrolment, Fact, HandBack, LeadId, Module, Moment, NotTaken, OrgId, OwnerEvidence,
    PreviousOwner, RecordId, RecordRef, Transition, find_previous_owner,
};

use crate::change::LeadChanges;
use crate::directory::{self, Directory};
use crate::error::AppError;
use crate::ports::{AddressState, Crm, CrmRecord, TableError};
use crate::store::{LeadCommit, StoredLead};

/// Looks at records that changed.
pub struct Enrol {
    /// Rows, hints and time.
    pub changes: LeadChanges,
    /// The CRM.
    pub crm: Arc<dyn Crm>,
}

/// Zoho answers this many records to one call, for one credit.
const BATCH: usize = 100;
/// Others may work on the same lead; after this many collisions the message comes again later.
const TRIES: usize = 5;
/// A notification that fails this often is given up to its dead-letter queue; upkeep's own look finds its records.
const NOTIFICATION_TRIES: u32 = 8;

impl Enrol {
    /// Looks at the records a notification named, once.
    pub async fn look_at_notification(&self, org: &OrgId, name: &str) -> Result<(), AppError> {
        let Some(stored) = self.changes.store.notification(org, name).await?.filter(|stored| !stored.value.done) else {
            return Ok(());
        };
        let mut notification = stored.value;
        let looked = self.look_at(org, notification.module, &notification.ids).await;
        notification.tries += 1;
        notification.done = looked.is_ok() || notification.tries >= NOTIFICATION_TRIES;
        match self.changes.store.write_notification(org, name, &notification, Some(stored.version)).await {
            // Another worker did the same in the meantime: looking twice changes nothing.
            Ok(()) | Err(TableError::Unexpected(_)) => looked,
            Err(error) => Err(error.into()),
        }
    }

    /// Looks at records, each on its own: trouble with one does not stop the others, and comes back as the error.
    pub async fn look_at(&self, org: &OrgId, module: Module, ids: &[RecordId]) -> Result<(), AppError> {
        let directory = Directory::read(&self.changes.store, org).await?;
        let mut pending = false;
        let mut trouble = None;
        for batch in ids.chunks(BATCH) {
            let mut left = batch.to_vec();
            for _ in 0..TRIES {
                left = match self.look_once(&directory, module, &left, &mut pending, &mut trouble).await {
                    Ok(again) => again,
                    Err(error) => {
                        trouble = Some(error);
                        Vec::new()
                    }
                };
                if left.is_empty() {
                    break;
                }
            }
            if !left.is_empty() {
                trouble = Some(AppError::Contended(format!("{} records of {module}", left.len())));
            }
        }
        if pending {
            self.changes.hint_writeback(org).await;
        }
        trouble.map_or(Ok(()), Err)
    }

    /// One look at a batch; returns the records whose leads changed meanwhile.
    async fn look_once(
        &self,
        directory: &Directory,
        module: Module,
        ids: &[RecordId],
        pending: &mut bool,
        trouble: &mut Option<AppError>,
    ) -> Result<Vec<RecordId>, AppError> {
        let org = &directory.org;
        let mut leads = HashMap::new();
        for id in ids {
            let lead = LeadId::from(RecordRef { module, id: id.clone() });
            leads.insert(id.clone(), self.changes.store.lead(org, &lead).await?);
        }
        let records = self.crm.records(org, module, ids).await?;
        let mut records: HashMap<_, _> = records.into_iter().map(|record| (record.record.id.clone(), record)).collect();
        let mut again = Vec::new();
        for id in ids {
            let before = leads.remove(id).flatten();
            let lead = LeadId::from(RecordRef { module, id: id.clone() });
            match self.look_at_one(directory, &lead, before.as_ref(), records.remove(id)).await {
                Ok(Looked::Nothing) => {}
                Ok(Looked::Changed) => *pending = true,
                Ok(Looked::Clashed) => again.push(id.clone()),
                Err(error) => {
                    tracing::warn!(%org, lead.id = %lead, %error, "a record could not be looked at");
                    *trouble = Some(error);
                }
            }
        }
        Ok(again)
    }

    async fn look_at_one(
        &self,
        directory: &Directory,
        id: &LeadId,
        before: Option<&StoredLead>,
        record: Option<CrmRecord>,
    ) -> Result<Looked, AppError> {
        let lead = before.map(|stored| &stored.lead);
        let active = lead.is_some_and(domain::Lead::is_active);
        let Some(record) = record else {
            return if active {
                self.commit_fact(directory, before, Fact::RecordGone).await
            } else {
                Ok(Looked::Nothing)
            };
        };
        let Some(assistant) = directory.assistant_owning(&record) else {
            if active {
                return self.commit_fact(directory, before, Fact::TakenOver).await;
            }
            self.changes.store.put_seen_owner(&directory.org, id, &record.owner, self.changes.clock.real()).await?;
            return Ok(Looked::Nothing);
        };
        match lead {
            Some(lead) if active && lead.assistant_user == record.owner => Ok(Looked::Nothing),
            // Another assistant has it now: the work here ends, and the next look decides about the new assignment.
            Some(_) if active => {
                self.commit_fact(directory, before, Fact::TakenOver).await?;
                Ok(Looked::Clashed)
            }
            // Our own hand-back is on its way.
            Some(lead) if lead.hand_back == HandBack::Pending => Ok(Looked::Nothing),
            Some(_) | None => self.enrol(directory, assistant, id, before, record).await,
        }
    }

    async fn commit_fact(
        &self,
        directory: &Directory,
        before: Option<&StoredLead>,
        fact: Fact,
    ) -> Result<Looked, AppError> {
        let Some(stored) = before else { return Ok(Looked::Nothing) };
        let assistant = directory
            .assistant_of(&stored.lead)
            .ok_or_else(|| AppError::Invalid(format!("assistant {} is gone", stored.lead.assistant)))?;
        let schedule = directory.schedule_of(&stored.lead);
        let now = self.changes.clock.calendar();
        let transition = stored.lead.apply(fact, &Moment { now, assistant, schedule: &schedule })?;
        self.commit(directory, before, transition).await
    }

    async fn commit(
        &self,
        directory: &Directory,
        before: Option<&StoredLead>,
        transition: Transition,
    ) -> Result<Looked, AppError> {
        let (calendar, real) = (self.changes.clock.calendar(), self.changes.clock.real());
        let commit = LeadCommit::new(&directory.org, before, transition, calendar, real);
        Ok(if self.changes.store.commit_lead(commit).await?.is_ok() { Looked::Changed } else { Looked::Clashed })
    }

    async fn enrol(
        &self,
        directory: &Directory,
        assistant: &Assistant,
        id: &LeadId,
        before: Option<&StoredLead>,
        record: CrmRecord,
    ) -> Result<Looked, AppError> {
        let schedule = directory.schedule(&[&record.schedule, &assistant.default_schedule]);
        let context = if record.context.trim().is_empty() { &assistant.default_context } else { &record.context };
        let enrolment = Enrolment {
            id: id.clone(),
            address: self.address_use(directory, id, &record.address).await?,
            context: context.trim().to_owned(),
            wanted_schedule: record.schedule.clone(),
            status: record.status,
            assistant,
            assistant_user: record.owner.clone(),
            schedule: &schedule,
            previous_owner: self.previous_owner(directory, id, &record).await?,
            before: before.map(|stored| stored.lead.clone()),
            now: self.changes.clock.calendar(),
            person: record.person,
        };
        let transition = enrolment.decide();
        let taken_on = transition.lead.is_active();
        let looked = self.commit(directory, before, transition).await?;
        if looked == Looked::Changed {
            tracing::info!(org = %directory.org, lead.id = %id, taken_on, "assignment decided");
            self.remember_assignment(directory, assistant, &record.owner).await?;
        }
        Ok(looked)
    }

    /// The assistant's user, and that its newest assignment went well, are news only once.
    async fn remember_assignment(
        &self,
        directory: &Directory,
        assistant: &Assistant,
        user: &domain::UserId,
    ) -> Result<(), AppError> {
        if assistant.user.as_ref() == Some(user) && assistant.last_assignment == Some(true) {
            return Ok(());
        }
        let Some(mut stored) = self.changes.store.assistant(&directory.org, &assistant.id).await? else {
            return Ok(());
        };
        stored.value.user = Some(user.clone());
        stored.value.last_assignment = Some(true);
        match self.changes.store.put_assistant(&directory.org, &stored.value, Some(stored.version)).await {
            Ok(()) | Err(TableError::Unexpected(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn address_use(
        &self,
        directory: &Directory,
        id: &LeadId,
        state: &AddressState,
    ) -> Result<AddressUse, AppError> {
        let address = match state {
            AddressState::Usable(address) => address,
            AddressState::Missing => return Ok(AddressUse::Barred(NotTaken::NoAddress)),
            AddressState::Invalid => return Ok(AddressUse::Barred(NotTaken::InvalidAddress)),
            AddressState::OptedOut => return Ok(AddressUse::Barred(NotTaken::OptedOut)),
        };
        if let Some(by) = self.changes.store.suppression(&directory.org, address).await? {
            return Ok(AddressUse::Barred(NotTaken::Suppressed { by }));
        }
        match self.changes.store.lead_using(&directory.org, address).await? {
            Some(through) if through != *id => Ok(AddressUse::Barred(NotTaken::AlreadyNurtured { through })),
            Some(_) | None => Ok(AddressUse::Free(address.clone())),
        }
    }

    async fn previous_owner(
        &self,
        directory: &Directory,
        id: &LeadId,
        record: &CrmRecord,
    ) -> Result<Option<PreviousOwner>, AppError> {
        let evidence = OwnerEvidence {
            timeline: self.crm.former_owners(&directory.org, id.record()).await?,
            last_seen: self.changes.store.seen_owner(&directory.org, id).await?,
            modified_by: record.modified_by.clone(),
            created_by: record.created_by.clone(),
            fallback: Some(directory.connection.value.fallback_owner.clone()),
        };
        let mut assistants = directory.assistant_users();
        assistants.push(record.owner.clone());
        let users =
            directory::users(&self.changes.store, &self.crm, &self.changes.clock, &directory.org, false).await?;
        Ok(find_previous_owner(&evidence, &users, &assistants))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    Nothing,
    Changed,
    Clashed,
}
