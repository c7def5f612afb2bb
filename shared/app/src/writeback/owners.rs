//! Whose record it is: giving it back, to somebody who is there, and taking it back for a restart.

use std::collections::HashMap;

use domain::{
    CrmChange, CrmUser, Fact, HandBack, Lead, LeadId, Module, OrgId, OwnerRule, PreviousOwner, Staff, UserId,
};

use super::{BATCH, Fate, Item, Writeback, fate_of};
use crate::change::Applied;
use crate::directory;
use crate::error::AppError;
use crate::ports::{CrmError, CrmRecord};
use crate::store::{Alongside, Connection};

/// Who is there, at this moment: an owner may have left, or gone on leave, since the record was assigned.
pub(super) struct Office<'a> {
    connection: &'a Connection,
    users: Vec<CrmUser>,
    away: Vec<UserId>,
    assistants: Vec<UserId>,
}

impl<'a> Office<'a> {
    /// Looks around.
    pub async fn look(writeback: &Writeback, org: &OrgId, connection: &'a Connection) -> Result<Self, AppError> {
        let (store, crm, clock) = (writeback.store(), &writeback.crm, writeback.clock());
        let now = clock.calendar();
        let users = directory::users(store, crm, clock, org, false).await?;
        let absences = crm.absences(org).await?;
        let away = absences.into_iter().filter(|absence| absence.from <= now && now < absence.to);
        let assistants = store.assistants(org).await?;
        Ok(Self {
            connection,
            users,
            away: away.map(|absence| absence.user).collect(),
            assistants: assistants.into_iter().filter_map(|stored| stored.value.user).collect(),
        })
    }

    /// Who takes what `planned` should get, if `planned` is not there.
    pub fn stand_in(&self, planned: &UserId, lead: Option<&Lead>) -> Option<PreviousOwner> {
        let staff = Staff {
            users: &self.users,
            away: &self.away,
            assistants: &self.assistants,
            backups: &self.connection.backups,
            fallback: &self.connection.fallback_owner,
        };
        staff.stand_in(planned, lead.map_or(&[], |lead| lead.other_owners.as_slice()))
    }

    /// Was it a person of this org who changed the record last, and not this product? What the product changes, it changes
    /// as the user who connected it; where that user owns the record, the change may be theirs.
    pub fn changed_by_a_person(&self, record: &CrmRecord) -> bool {
        let us = &self.connection.connected_by;
        record.modified_by.as_ref().is_some_and(|by| !self.assistants.contains(by) && (by != us || record.owner == *us))
    }

    fn person(&self, id: &UserId) -> Option<PreviousOwner> {
        let user = self.users.iter().find(|user| user.id == *id && user.active && !self.assistants.contains(id))?;
        Some(PreviousOwner { user: user.id.clone(), name: user.name.clone(), rule: OwnerRule::LastSeen })
    }
}

impl Writeback {
    /// Gives records back, or takes them back; each record's change only while it is as it was read.
    pub(super) async fn set_owners(
        &self,
        org: &OrgId,
        office: &Office<'_>,
        items: Vec<Item>,
    ) -> Result<Vec<(Item, Fate)>, AppError> {
        let mut fates = Vec::new();
        let mut by_module: HashMap<Module, Vec<Item>> = HashMap::new();
        for item in items {
            by_module.entry(item.entry.lead.record().module).or_default().push(item);
        }
        for (module, items) in by_module {
            let ids: Vec<_> = items.iter().map(|item| item.entry.lead.record().id.clone()).collect();
            let mut records = HashMap::new();
            let mut trouble = None;
            for batch in ids.chunks(BATCH) {
                match self.crm.records(org, module, batch).await {
                    Ok(found) => records.extend(found.into_iter().map(|record| (record.record.id.clone(), record))),
                    Err(error) => trouble = Some(error),
                }
            }
            for item in items {
                let fate = match (records.remove(&item.entry.lead.record().id), &trouble) {
                    (Some(record), _) => self.set_owner(org, office, &item, &record).await?,
                    (None, Some(error)) => Fate::Failed(error.clone()),
                    (None, None) => Fate::RecordGone,
                };
                fates.push((item, fate));
            }
        }
        Ok(fates)
    }

    async fn set_owner(
        &self,
        org: &OrgId,
        office: &Office<'_>,
        item: &Item,
        record: &CrmRecord,
    ) -> Result<Fate, AppError> {
        let lead = &item.entry.lead;
        match &item.entry.change {
            CrmChange::HandBack { from, to } => self.give_back(org, office, lead, (from, to), record).await,
            CrmChange::TakeBack { to } => self.take_back(org, office, lead, to, record).await,
            CrmChange::Note(_) | CrmChange::LogMail(_) | CrmChange::SetStatus { .. } | CrmChange::Task(_) => {
                Ok(Fate::Applied)
            }
        }
    }

    async fn give_back(
        &self,
        org: &OrgId,
        office: &Office<'_>,
        id: &LeadId,
        (from, to): (&UserId, &UserId),
        record: &CrmRecord,
    ) -> Result<Fate, AppError> {
        // Otherwise somebody took it meanwhile, or an earlier try of ours went through.
        if record.owner == *from {
            let lead = self.store().lead(org, id).await?.map(|stored| stored.lead);
            let mut to = to.clone();
            if let Some(heir) = office.stand_in(&to, lead.as_ref()) {
                let planned = |lead: &Lead, user: &UserId| {
                    lead.hand_back == HandBack::Pending
                        && lead.previous_owner.as_ref().is_some_and(|owner| owner.user == *user)
                };
                let instead = heir.user.clone();
                let away = |lead: &Lead| planned(lead, &to).then(|| Fact::OwnerAway { heir: heir.clone() });
                // The lead now says who gets it and why, and another hand-back stands in the outbox, behind its note.
                if self.changes.apply(org, id, away, Alongside::default()).await? == Applied::Changed
                    || lead.is_some_and(|lead| planned(&lead, &instead))
                {
                    return Ok(Fate::Applied);
                }
                to = instead;
            }
            if let Err(error) = self.crm.give_to(org, id.record(), &to, record.modified).await {
                return Ok(fate_of(Err(error)));
            }
        }
        let handed_back = |lead: &Lead| (!lead.is_active()).then_some(Fact::HandedBack);
        self.changes.apply(org, id, handed_back, Alongside::default()).await?;
        Ok(Fate::Applied)
    }

    /// Whoever owns it now gets it back one day. They are remembered before the change, for its answer may be lost.
    async fn take_back(
        &self,
        org: &OrgId,
        office: &Office<'_>,
        id: &LeadId,
        to: &UserId,
        record: &CrmRecord,
    ) -> Result<Fate, AppError> {
        if record.owner != *to {
            self.store().put_seen_owner(org, id, &record.owner, self.clock().real()).await?;
            match self.crm.give_to(org, id.record(), to, record.modified).await {
                Ok(()) => {}
                Err(CrmError::Absent) => return Ok(Fate::RecordGone),
                Err(error) => return Ok(Fate::Failed(error)),
            }
        }
        let previous = self.store().seen_owner(org, id).await?.and_then(|owner| office.person(&owner));
        self.taken_back(org, id, Fact::TakenBack { previous }).await?;
        Ok(Fate::Applied)
    }

    /// How the taking back ended, if the lead waits for that.
    pub(super) async fn taken_back(&self, org: &OrgId, id: &LeadId, fact: Fact) -> Result<(), AppError> {
        let fact = |lead: &Lead| (lead.hand_back == HandBack::TakingBack).then(|| fact.clone());
        self.changes.apply(org, id, fact, Alongside::default()).await?;
        Ok(())
    }
}
