//! Looking at records: take on what was assigned, let go of what was taken away.
//!
//! **Invariant:** the stored lead is read before the record. A record read later than the lead says "given back" can show
//! the assistant as owner only if somebody assigned it again.

mod asked;
mod troubles;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::{
    AddressUse, Assistant, Enrolment, Fact, HandBack, LeadId, Module, Moment, NotTaken, OrgId, OwnerEvidence,
    PreviousOwner, RecordId, RecordRef, Transition, find_owners,
};

use self::troubles::Look;
use crate::change::LeadChanges;
use crate::directory::{self, Directory};
use crate::error::AppError;
use crate::ports::{AddressState, Crm, CrmError, CrmRecord, Event, TableError};
use crate::store::{Connection, LeadCommit, StoredLead, TroubleWith, keys};

/// Looks at records that changed.
pub struct Enrol {
    /// Rows, hints and time.
    pub changes: LeadChanges,
    /// The CRM.
    pub crm: Arc<dyn Crm>,
}

/// Zoho answers this many records to one call, for one credit.
const BATCH: usize = 100;
/// Records of one notification that are looked at in one go: some seconds, after which it is others' turn.
const SLICE: usize = 50;
/// Others may work on the same lead; after this many collisions the message comes again later.
const TRIES: usize = 5;
/// A notification whose records could not be read so often waits in the failure log for a person; upkeep's own look finds
/// its records too.
const NOTIFICATION_TRIES: u32 = 8;

impl Enrol {
    /// Looks at the next of the records that a notification named. What is left is due at once, behind what others wait
    /// for: whoever assigns ten thousand records holds up nobody.
    pub async fn look_at_notification(&self, org: &OrgId, name: &str) -> Result<(), AppError> {
        let store = &self.changes.store;
        let Some(stored) = store.notification(org, name).await?.filter(|stored| !stored.value.done) else {
            return Ok(());
        };
        // It stays due work.
        if store.is_at_rest(org).await? {
            return Ok(());
        }
        let mut notification = stored.value;
        if notification.audited.is_none() {
            store.put_heard(org, notification.received_at).await?;
        }
        let ids: Vec<_> = notification.ids.iter().skip(notification.looked_at).take(SLICE).cloned().collect();
        let looked = self.look_at(org, notification.module, &ids).await;
        // It was paused, or the org left, in the middle of it.
        if looked.is_err() && store.is_at_rest(org).await? {
            return Ok(());
        }
        match &looked {
            Ok(in_trouble) => {
                if let Some(date) = notification.audited {
                    let mended: Vec<_> = ids.iter().filter(|id| !in_trouble.contains(id)).cloned().collect();
                    store.mend_audit(org, notification.module, date, &mended, self.changes.clock.real()).await?;
                }
                notification.looked_at += ids.len();
                notification.done = notification.looked_at >= notification.ids.len();
                (notification.tries, notification.trouble, notification.not_before) = (0, None, None);
            }
            // Nothing is wrong with it: it goes on when there is a budget again.
            Err(AppError::Crm(CrmError::Throttled { until })) => notification.not_before = Some(*until),
            Err(error) => {
                notification.tries += 1;
                notification.done = notification.tries >= NOTIFICATION_TRIES;
                notification.trouble = Some(error.to_string());
            }
        }
        match store.write_notification(org, name, &notification, Some(stored.version)).await {
            Ok(()) => {}
            // Another worker did the same in the meantime: looking twice changes nothing.
            Err(TableError::Unexpected(_)) => return looked.map(drop),
            Err(error) => return Err(error.into()),
        }
        if looked.is_ok() && !notification.done {
            let rest = Event::RecordsChanged { org: org.clone(), notification: name.to_owned() };
            self.changes.events.publish(&[rest]).await?;
        }
        match looked {
            // Its row says when it goes on.
            Err(AppError::Crm(CrmError::Throttled { .. })) => Ok(()),
            looked => looked.map(drop),
        }
    }

    /// Looks at records, each on its own: one that fails is in the failure log and tried again, and stops no other;
    /// says which did. An error: some were not looked at at all.
    async fn look_at(&self, org: &OrgId, module: Module, ids: &[RecordId]) -> Result<HashSet<RecordId>, AppError> {
        let directory = Directory::read(&self.changes.store, org).await?;
        let troubles = self.changes.store.troubles(org, keys::RECORDS).await?.into_iter();
        let troubles = troubles.filter_map(|stored| match &stored.value.with {
            TroubleWith::Record { record } => Some((record.clone(), stored)),
            TroubleWith::Upkeep { .. } => None,
        });
        let mut look = Look { troubles: troubles.collect(), ..Look::default() };
        let mut result = Ok(());
        for batch in ids.chunks(BATCH) {
            result = self.look_at_batch(&directory, module, batch.to_vec(), &mut look).await;
            if result.is_err() {
                break;
            }
        }
        if look.pending {
            self.changes.hint_writeback(org).await;
        }
        if let Some(work) = look.work {
            self.changes.store.add_history(org, work, self.changes.clock.real()).await?;
        }
        let failed = ids.iter().filter(|id| {
            let lead = LeadId::from(RecordRef { module, id: (*id).clone() });
            look.troubles.contains_key(&lead)
        });
        result.map(|()| failed.cloned().collect())
    }

    async fn look_at_batch(
        &self,
        directory: &Directory,
        module: Module,
        mut left: Vec<RecordId>,
        look: &mut Look,
    ) -> Result<(), AppError> {
        for _ in 0..TRIES {
            left = self.look_once(directory, module, &left, look).await?;
            if left.is_empty() {
                return Ok(());
            }
        }
        for id in left {
            let lead = LeadId::from(RecordRef { module, id });
            let contended = AppError::Contended(format!("lead {lead}"));
            self.in_trouble(directory, lead, &contended, look).await?;
        }
        Ok(())
    }

    /// One look at a batch; returns the records whose leads changed meanwhile.
    async fn look_once(
        &self,
        directory: &Directory,
        module: Module,
        ids: &[RecordId],
        look: &mut Look,
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
            let is_new = before.is_none();
            let lead = LeadId::from(RecordRef { module, id: id.clone() });
            match self.look_at_one(directory, &lead, before.as_ref(), records.remove(id)).await {
                Ok(Looked::Clashed) => again.push(id.clone()),
                Ok(looked) => {
                    look.busy = 0;
                    if looked == Looked::Changed {
                        look.pending = true;
                        let line = look.work(module);
                        *if is_new { &mut line.added } else { &mut line.updated } += 1;
                    }
                    self.out_of_trouble(org, &lead, look).await?;
                }
                Err(error) => {
                    self.stop_if_nobody_gets_through(&error, look)?;
                    tracing::warn!(%org, lead.id = %lead, %error, "a record could not be looked at");
                    self.in_trouble(directory, lead, &error, look).await?;
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
            if lead.is_some_and(|lead| active && lead.hand_back == HandBack::TakingBack) {
                // A restart: the assistant is about to own it.
                return Ok(Looked::Nothing);
            }
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
            // Our own hand-back is on its way, or waits for the mail in hand.
            Some(lead) if matches!(lead.hand_back, HandBack::Pending | HandBack::AfterErrand) => Ok(Looked::Nothing),
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
            owners: self.owners(directory, id, &record).await?,
            before: before.map(|stored| stored.lead.clone()),
            now: self.changes.clock.calendar(),
            person: record.person,
        };
        let transition = enrolment.decide();
        let (taken_on, module) = (transition.lead.is_active(), id.record().module);
        if taken_on && !directory.connection.value.worked_on.contains(&module) {
            // Before there is such a lead: the audit then knows that deletions in this module matter.
            let working = |connection: &mut Connection| {
                connection.worked_on.insert(module);
            };
            directory::edit_connection(&self.changes.store, &directory.org, working).await?;
        }
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

    async fn owners(
        &self,
        directory: &Directory,
        id: &LeadId,
        record: &CrmRecord,
    ) -> Result<Vec<PreviousOwner>, AppError> {
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
        Ok(find_owners(&evidence, &users, &assistants))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    Nothing,
    Changed,
    Clashed,
}
