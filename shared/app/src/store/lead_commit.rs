//! What is written together when a lead changes.

use domain::{Decision, DeliveryId, Effect, EmailAddress, LeadId, OrgId, Transition, Wake};
use jiff::{SignedDuration, Timestamp};

use super::agenda::{ChangedDay, StoredAgenda};
use super::entities::{Chapter, LeadPointer};
use super::{
    Delivery, LeadRow, OutboxEntry, Queue, Result, Store, StoredLead, StoryLine, TableError, expect, finder, keys, row,
    row_any,
};
use crate::ports::{Expect, IndexEntry, Listing, Row, Write};

/// A lead's transition on its way into the table, with what must hold or be remembered in the same instant.
#[must_use = "a transition that is not committed did not happen"]
pub struct LeadCommit<'a> {
    org: &'a OrgId,
    before: Option<&'a StoredLead>,
    transition: Transition,
    calendar_now: Timestamp,
    real_now: Timestamp,
    extra: Vec<Write>,
    /// Must not be suppressed.
    claimed: Option<EmailAddress>,
}

impl<'a> LeadCommit<'a> {
    /// `before` is the lead as read, `transition` what a fact made of it.
    pub fn new(
        org: &'a OrgId,
        before: Option<&'a StoredLead>,
        transition: Transition,
        calendar_now: Timestamp,
        real_now: Timestamp,
    ) -> Self {
        Self { org, before, transition, calendar_now, real_now, extra: Vec::new(), claimed: None }
    }

    /// The claim to send: the address is not suppressed, the delivery is named.
    pub fn claiming(mut self, delivery: &Delivery, version: Option<u64>) -> Result<Self> {
        self.claimed = Some(delivery.mail.to.address.clone());
        self.alongside(&Alongside { delivery: Some((delivery, version)), ..Alongside::default() })
    }

    /// Keeps why.
    pub fn because(mut self, decision: Decision) -> Self {
        self.transition.effects.push(Effect::Decided(Box::new(decision)));
        self
    }

    /// Books or counts in the assistant's agenda.
    pub fn booking(mut self, agenda: &StoredAgenda, days: &[ChangedDay]) -> Result<Self> {
        self.extra.extend(agenda.writes(days)?);
        Ok(self)
    }

    /// Writes along what belongs to the same instant.
    pub fn alongside(mut self, alongside: &Alongside<'_>) -> Result<Self> {
        let lead = &self.transition.lead.id.clone();
        if let Some((delivery, version)) = alongside.delivery {
            let row = delivery.row(self.org, lead, version, self.real_now)?;
            self.extra.push(Write::Put { row, expect: expect(version) });
        }
        if let Some((message_id, delivery)) = alongside.message {
            let pointer = LeadPointer { lead: lead.clone(), delivery: Some(delivery.clone()) };
            let row = row_any(keys::message(self.org, message_id), &pointer)?;
            self.extra.push(Write::Put { row, expect: Expect::Any });
        }
        if let Some(decision) = alongside.decision {
            self = self.because(decision.clone());
        }
        if let Some(message_id) = alongside.reading_once {
            let row = row_any(keys::mail_read(self.org, lead, message_id), &self.calendar_now)?;
            self.extra.push(Write::Put { row, expect: Expect::Absent });
        }
        if let Some(order) = alongside.order_once {
            let mut row = row_any(keys::asked(self.org, lead, order), &self.calendar_now)?;
            row.expires = Some(later(self.real_now, BULK_DAYS));
            self.extra.push(Write::Put { row, expect: Expect::Absent });
        }
        Ok(self)
    }

    fn writes(self, salt: &str) -> Result<Vec<Write>> {
        let Self { org, before, transition: Transition { lead, effects }, calendar_now, real_now, extra, claimed } =
            self;
        let version = before.map(|stored| stored.version);
        let new_version = version.unwrap_or(0) + 1;
        let mut stamp = before.map_or(0, |stored| stored.outbox_stamp).max(real_now.as_millisecond() - 1);
        let (mut writes, mut chapter) = (Vec::new(), Chapter::default());
        for effect in effects {
            match effect {
                Effect::Crm(change) => {
                    stamp += 1;
                    let key = keys::outbox(org, stamp, &lead.id);
                    let entry = OutboxEntry {
                        lead: lead.id.clone(),
                        change,
                        tries: 0,
                        not_before: real_now,
                        begun: false,
                        last_error: None,
                    };
                    let work = IndexEntry { queue: Queue::Writeback.of(&key), due: real_now };
                    let row = Row { work: Some(work), ..row_any(key, &entry)? };
                    writes.push(Write::Put { row, expect: Expect::Absent });
                }
                Effect::Suppress { address, why } => {
                    let row = row_any(keys::suppression(org, salt, &address), &why)?;
                    writes.push(Write::Put { row, expect: Expect::Any });
                }
                Effect::Decided(decision) => chapter.decided.push(*decision),
                Effect::Tell(text) => chapter.told.push(StoryLine { at: calendar_now, text }),
            }
        }
        // A lead keeps its place in the list while nothing happens that anybody is told of: a place that moves costs.
        let told_at = before.filter(|_| chapter.told.is_empty()).map_or(calendar_now, |stored| stored.told_at);
        if chapter != Chapter::default() {
            let key = keys::event(org, &lead.id, calendar_now, new_version);
            writes.push(Write::Put { row: row_any(key, &chapter)?, expect: Expect::Any });
        }
        let was_active = before.is_some_and(|stored| stored.lead.is_active());
        if let Some(address) = &lead.address {
            let key = keys::address(org, address);
            let domain = address.organisation().map(|domain| keys::domain(org, domain, &lead.id));
            match (was_active, lead.is_active()) {
                // Two records with one address race for it here: one commit wins, the other looks again.
                (false, true) => {
                    let pointer = LeadPointer { lead: lead.id.clone(), delivery: None };
                    if let Some(domain) = domain {
                        writes.push(Write::Put { row: row_any(domain, &pointer)?, expect: Expect::Any });
                    }
                    writes.push(Write::Put { row: row_any(key, &pointer)?, expect: Expect::Absent });
                }
                (true, false) => {
                    writes.push(Write::Delete { key, expect: Expect::Any });
                    writes.extend(domain.map(|key| Write::Delete { key, expect: Expect::Any }));
                }
                (true, true) | (false, false) => {}
            }
        }
        let (found_before, found) =
            (before.map(|stored| finder::entries(org, &stored.lead)), finder::entries(org, &lead));
        let found_before = found_before.unwrap_or_default();
        for key in found.difference(&found_before) {
            writes.push(Write::Put { row: row_any(key.clone(), &serde_json::json!({}))?, expect: Expect::Any });
        }
        let outdated = found_before.difference(&found).cloned();
        writes.extend(outdated.map(|key| Write::Delete { key, expect: Expect::Any }));
        let key = keys::lead(org, &lead.id);
        let work = lead.wake().map(|wake| match wake {
            Wake::Due(due) => IndexEntry { queue: Queue::Send.of(&key), due },
            Wake::Lease(due) => IndexEntry { queue: Queue::Lease.of(&key), due },
        });
        let listing =
            Listing { list: keys::lead_list(org), sort: format!("{:020}#{}", told_at.as_millisecond(), lead.id) };
        let lead =
            Row { work, listing: Some(listing), ..row(key, &LeadRow { lead, outbox_stamp: stamp, told_at }, version)? };
        // First: a caller that sees `Unexpected(0)` knows that the lead itself moved on.
        writes.insert(0, Write::Put { row: lead, expect: expect(version) });
        writes.extend(claimed.map(|to| Write::RequireAbsent { key: keys::suppression(org, salt, &to) }));
        writes.extend(extra);
        Ok(writes)
    }
}

/// What is written in the same commit as a lead.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alongside<'a> {
    /// A delivery, with the version it was read at.
    pub delivery: Option<(&'a Delivery, Option<u64>)>,
    /// Lets answers to this Message-ID find the lead of this delivery.
    pub message: Option<(&'a str, &'a DeliveryId)>,
    /// Why.
    pub decision: Option<&'a Decision>,
    /// Lets the commit clash if this incoming mail was applied to the lead before.
    pub reading_once: Option<&'a str>,
    /// Lets the commit clash if this order for many leads was carried out on the lead before.
    pub order_once: Option<&'a str>,
}

/// Orders for many leads are kept this long.
pub(super) const BULK_DAYS: i64 = 40;

pub(super) fn later(now: Timestamp, days: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MAX)
}

/// What stood in the way of a lead's commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clash {
    /// The lead moved on, or its address or mail was taken: read again, decide again.
    Lead,
    /// The address is suppressed.
    Suppressed,
    /// Another mail of the assistant was booked meanwhile: read its agenda again.
    Agenda,
}

impl Store {
    /// Commits, or says what clashed.
    pub async fn commit_lead(&self, commit: LeadCommit<'_>) -> Result<std::result::Result<(), Clash>> {
        let salt = self.salt(commit.org).await?;
        let writes = commit.writes(&salt)?;
        match self.table.commit(&writes).await {
            Ok(()) => Ok(Ok(())),
            Err(TableError::Unexpected(position)) => Ok(Err(match writes.get(position) {
                Some(Write::RequireAbsent { .. }) => Clash::Suppressed,
                Some(Write::Put { row, .. }) if keys::is_agenda(&row.key) => Clash::Agenda,
                Some(Write::Put { .. } | Write::Delete { .. }) | None => Clash::Lead,
            })),
            Err(error) => Err(error),
        }
    }

    /// A lead's id from the key of its row.
    pub fn lead_of_key(key: &crate::ports::Key) -> Option<(OrgId, LeadId)> {
        Some((keys::org_of(key)?, keys::lead_of(key)?))
    }
}
