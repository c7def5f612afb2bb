//! The audit: what the CRM says against what is known, module by module, without a gap in time.
//!
//! **Invariant:** the cursor of a module moves on only when every change before it was compared, its outcome is counted in
//! the row of its day, and what was missed is due work. So the rows prove that nothing was missed, or say what was.
//!
//! A change is *missed* when the CRM says something else than is known here and had time to tell: a record that an
//! assistant owns and nobody works on, one that is worked on and somebody else owns, one that is gone. What changed a
//! moment ago may still be on its way: it is looked at all the same, and counted next time. What a notification has told and
//! nobody could look at yet is not missed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use domain::{EndReason, HandBack, Lead, LeadId, Module, OrgId, RecordId, RecordRef, Stage, UserId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{INTERVAL, Upkeep};
use crate::directory::Directory;
use crate::error::AppError;
use crate::ports::{ChangedRecord, DeletedRecord, Event, SKEW, Since};
use crate::store::{Compared, Notification};

/// Changes are asked for again this far back: Zoho's times are whole seconds, and a write may become visible late.
const OVERLAP: SignedDuration = SignedDuration::from_mins(2);
/// A notification arrives within seconds; the clocks of two machines differ by less than the rest.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(2);
/// How often everything that the assistants own is compared, changed or not.
const LOOK_AT_ALL: SignedDuration = SignedDuration::from_hours(24);
/// Days that are looked through for what was missed and is not mended.
const OPEN_DAYS: i64 = 7;
/// Records of one piece of work.
const AT_ONCE: usize = 100;

/// How what is known fits what the CRM says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is nothing of ours.
    Elsewhere,
    /// It fits.
    Agreed,
    /// It does not, and that is known: something keeps assigning a record that was turned away.
    LeftAlone,
    Missed,
}

fn judge(owner: Option<&UserId>, lead: Option<&Lead>) -> Verdict {
    match (owner, lead) {
        (None, Some(lead)) if lead.is_active() && lead.hand_back != HandBack::TakingBack => Verdict::Missed,
        (None, Some(lead)) if lead.is_active() => Verdict::Agreed,
        (None, _) => Verdict::Elsewhere,
        (Some(_), None) => Verdict::Missed,
        (Some(owner), Some(lead)) if lead.is_active() => {
            if lead.assistant_user == *owner {
                Verdict::Agreed
            } else {
                Verdict::Missed
            }
        }
        (Some(_), Some(lead)) => match lead.hand_back {
            HandBack::Pending | HandBack::AfterErrand | HandBack::TakingBack => Verdict::Agreed,
            // There is nobody to give it to, as its note says.
            HandBack::NotDue | HandBack::Done if lead.previous_owner.is_none() => Verdict::Agreed,
            HandBack::NotDue | HandBack::Done if lead.turned_away_at.is_some() => Verdict::LeftAlone,
            HandBack::NotDue | HandBack::Done => Verdict::Missed,
        },
    }
}

/// What comparing one module came to.
#[derive(Default)]
struct Findings {
    days: BTreeMap<Date, Compared>,
    /// To be looked at, without having been missed.
    look: BTreeSet<RecordId>,
    seen: HashSet<RecordId>,
    /// Up to where changes are settled, on the CRM's clock.
    settled_until: Option<Timestamp>,
}

impl Upkeep {
    /// Compares everything that changed since the last time, and once a day everything the assistants own; says how much
    /// was missed. `news`: an assistant's user was just found, so what it owns could not be known.
    pub(super) async fn audit(&self, org: &OrgId, news: bool) -> Result<u32, AppError> {
        let directory = Directory::read(&self.enrol.changes.store, org).await?;
        let connection = &directory.connection.value;
        let now = self.enrol.changes.clock.real();
        let owners = directory.assistant_users();
        let all = !owners.is_empty() && (news || connection.looked_at_all.is_none_or(|last| last + LOOK_AT_ALL <= now));
        let expected = !news && connection.looked_at_all.is_some();
        let mut hints = self.still_open(org, now).await?;
        let (mut missed, mut told) = (0, None);
        let ask = |module| {
            // Without a cursor, changes begin to matter now: what came before is in what the assistants own.
            let known_until = connection.known_until.get(&module);
            let since = known_until.map_or(now - INTERVAL, |known| *known - OVERLAP);
            Since { module, since, deletions: connection.worked_on.contains(&module) }
        };
        let asked = Module::ALL.map(ask);
        let glances = self.crm().glance(org, &asked).await;
        for (Since { module, since, deletions }, glance) in asked.into_iter().zip(glances) {
            let known_until = connection.known_until.get(&module).copied();
            let mut findings = Findings { settled_until: known_until, ..Findings::default() };
            let seen_at_a_glance = glance.changed.is_some();
            let changed = match glance.changed {
                Some(changed) => changed,
                None => self.crm().changed_since(org, module, since).await?,
            };
            for changed in changed {
                let counts = findings.counts(changed.modified, known_until, now, expected);
                self.compare(org, module, &owners, &changed, &mut findings, counts).await?;
            }
            if all {
                for owned in self.crm().owned_by(org, module, &owners).await? {
                    let counts = Counts { as_new: false, as_missed: expected && owned.modified + ON_ITS_WAY <= now };
                    findings.day(now).owned += 1;
                    self.compare(org, module, &owners, &owned, &mut findings, counts).await?;
                }
            }
            let deleted = match glance.deleted {
                Some(deleted) => deleted,
                None if deletions => self.crm().deleted_since(org, module, since).await?,
                None => Vec::new(),
            };
            for deleted in deleted {
                let counts = findings.counts(deleted.at, known_until, now, expected);
                self.compare_deleted(org, module, &deleted, &mut findings, counts).await?;
            }
            if findings.is_something_to_do() {
                let known = match told.take() {
                    Some(known) => known,
                    None => self.enrol.changes.store.told(org).await?,
                };
                findings.forget(module, &known);
                told = Some(known);
            }
            missed += self.keep(org, module, &findings, now, &mut hints).await?;
            let mut settled_until = findings.settled_until.unwrap_or(since);
            if !seen_at_a_glance {
                // The same many changes would be too many for a glance until there is a newer one. What is older than this
                // had the time to be told, whatever the two clocks say.
                settled_until = settled_until.max(now - ON_ITS_WAY - SKEW);
            }
            if known_until != Some(settled_until) {
                self.edit(org, |connection| {
                    connection.known_until.insert(module, settled_until);
                })
                .await?;
            }
        }
        if all {
            self.edit(org, |connection| connection.looked_at_all = Some(now)).await?;
        }
        if !hints.is_empty() {
            self.enrol.changes.events.publish(&hints).await?;
        }
        Ok(missed)
    }

    async fn lead(&self, org: &OrgId, module: Module, id: &RecordId) -> Result<Option<Lead>, AppError> {
        let lead = LeadId::from(RecordRef { module, id: id.clone() });
        Ok(self.enrol.changes.store.lead(org, &lead).await?.map(|stored| stored.lead))
    }

    async fn compare(
        &self,
        org: &OrgId,
        module: Module,
        owners: &[UserId],
        record: &ChangedRecord,
        findings: &mut Findings,
        counts: Counts,
    ) -> Result<(), AppError> {
        if !findings.seen.insert(record.id.clone()) {
            return Ok(());
        }
        let lead = self.lead(org, module, &record.id).await?;
        let owner = owners.iter().find(|owner| **owner == record.owner);
        let verdict = judge(owner, lead.as_ref());
        match verdict {
            Verdict::Missed if counts.as_missed => findings.day(record.modified).missed.push(record.id.clone()),
            Verdict::Missed | Verdict::LeftAlone => {
                findings.look.insert(record.id.clone());
            }
            Verdict::Agreed | Verdict::Elsewhere => {}
        }
        if verdict != Verdict::Elsewhere && counts.as_new {
            findings.day(record.modified).compared += 1;
        }
        Ok(())
    }

    /// A record that is gone: its lead has ended, or nobody told.
    async fn compare_deleted(
        &self,
        org: &OrgId,
        module: Module,
        deleted: &DeletedRecord,
        findings: &mut Findings,
        counts: Counts,
    ) -> Result<(), AppError> {
        let Some(lead) = self.lead(org, module, &deleted.id).await? else { return Ok(()) };
        if lead.is_active() && counts.as_missed {
            findings.day(deleted.at).missed.push(deleted.id.clone());
        } else if lead.is_active() {
            findings.look.insert(deleted.id.clone());
        }
        if counts.as_new && (lead.is_active() || lead.stage == (Stage::Ended { reason: EndReason::RecordGone })) {
            findings.day(deleted.at).compared += 1;
        }
        Ok(())
    }

    /// Stores what was found: the counts of each day, and what is to be looked at as due work.
    async fn keep(
        &self,
        org: &OrgId,
        module: Module,
        findings: &Findings,
        now: Timestamp,
        hints: &mut Vec<Event>,
    ) -> Result<u32, AppError> {
        let store = &self.enrol.changes.store;
        let mut all_missed = 0;
        // A day without a change has its row too: it says that there was none.
        let today = (date(now), Compared::default());
        let mut days = findings.days.clone();
        days.entry(today.0).or_insert(today.1);
        for (date, compared) in &days {
            let missed = store.add_audit(org, module, *date, compared, now).await?;
            if missed > 0 {
                tracing::error!(%org, %module, %date, missed, "notifications were missed; what they told is looked at now");
            }
            all_missed += missed;
            self.enqueue(org, module, &compared.missed, Some(*date), now, hints).await?;
        }
        let look: Vec<_> = findings.look.iter().cloned().collect();
        self.enqueue(org, module, &look, None, now, hints).await?;
        Ok(all_missed)
    }

    /// What was missed in the last days and is still not mended is due again.
    async fn still_open(&self, org: &OrgId, now: Timestamp) -> Result<Vec<Event>, AppError> {
        let mut hints = Vec::new();
        let since = date(now - SignedDuration::from_hours(24 * OPEN_DAYS));
        for audited in self.enrol.changes.store.audits(org, since).await? {
            self.enqueue(org, audited.module, &audited.open, Some(audited.date), now, &mut hints).await?;
        }
        Ok(hints)
    }

    /// As if a notification had named the records.
    async fn enqueue(
        &self,
        org: &OrgId,
        module: Module,
        ids: &[RecordId],
        audited: Option<Date>,
        now: Timestamp,
        hints: &mut Vec<Event>,
    ) -> Result<(), AppError> {
        for (number, ids) in ids.chunks(AT_ONCE).enumerate() {
            let day = audited.map_or_else(String::new, |date| date.to_string());
            let name = format!("audit-{}-{module}-{day}-{number}", now.as_millisecond());
            let notification = Notification { audited, ..Notification::new(module, ids.to_vec(), now) };
            self.enrol.changes.store.record_notification(org, &name, &notification).await?;
            hints.push(Event::RecordsChanged { org: org.clone(), notification: name });
        }
        Ok(())
    }
}

/// As what a change counts.
#[derive(Debug, Clone, Copy)]
struct Counts {
    /// It is behind what the last comparison knew.
    as_new: bool,
    /// A notification should have told of it by now.
    as_missed: bool,
}

impl Findings {
    /// As what something counts that changed at that instant. If it had time to be told, the next comparison begins there.
    fn counts(&mut self, at: Timestamp, known_until: Option<Timestamp>, now: Timestamp, expected: bool) -> Counts {
        let is_settled = at + ON_ITS_WAY <= now;
        if is_settled {
            self.settled_until = self.settled_until.max(Some(at));
        }
        Counts { as_new: known_until.is_none_or(|known| at > known), as_missed: expected && is_settled }
    }

    fn is_something_to_do(&self) -> bool {
        !self.look.is_empty() || self.days.values().any(|day| !day.missed.is_empty())
    }

    /// What notifications have told is known, even if nobody could look at it yet: that is due already, or in the failure
    /// log.
    fn forget(&mut self, module: Module, told: &HashSet<RecordRef>) {
        let is_news = |id: &RecordId| !told.contains(&RecordRef { module, id: id.clone() });
        self.look.retain(is_news);
        self.days.values_mut().for_each(|day| day.missed.retain(is_news));
    }

    fn day(&mut self, at: Timestamp) -> &mut Compared {
        self.days.entry(date(at)).or_default()
    }
}

/// The day in UTC, as the proof counts them.
fn date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}
