//! What an org needs to know today: what leaves, who waits for a person, and how the last days went.

use std::collections::BTreeMap;

use domain::{Lead, LeadState, Wake};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::{Viewer, Wish};
use crate::error::AppError;
use crate::history::HAND_BACKS;
use crate::ports::Clock;
use crate::store::{Find, Queue, Store};

/// Leads looked at for what happened lately: those with the newest activity, or one's own that were taken on last.
const LOOKED_AT: u32 = 250;
/// Of what is due in this time, the first is shown.
const AHEAD: SignedDuration = SignedDuration::from_hours(48);
/// Of each queue of due work.
const PER_SHARD: u32 = 5;
/// Mails shown that leave next.
const COMING: usize = 12;
/// An answer that is older has been acted on, or never will be.
const RECENT: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Days back.
const DAYS: i64 = 7;

/// A mail that leaves soon.
#[derive(Debug, Clone)]
pub struct Coming {
    /// To whom.
    pub lead: Lead,
    /// When, unless something comes between.
    pub due: Timestamp,
}

/// One day of all assistants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayCount {
    /// Mails that left.
    pub sent: u32,
    /// Slots taken, by mails that left and by mails that are still to leave.
    pub booked: u32,
    /// Mails that came back for good, or were called abuse.
    pub bounced: u32,
    /// Answers by people.
    pub answers: u32,
    /// Records that were given back.
    pub handed_back: u32,
}

/// Today.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// The next mails.
    pub coming: Vec<Coming>,
    /// Leads whose answer waits for a person, the hot ones first.
    pub to_act_on: Vec<Lead>,
    /// Hot leads whose owner was reminded and did nothing.
    pub at_risk: Vec<Lead>,
    /// Leads whose next mail waits for approval.
    pub held: Vec<Lead>,
    /// The last seven days and the next three.
    pub days: BTreeMap<Date, DayCount>,
    /// How many of the leads that were looked at are in each state.
    pub states: BTreeMap<&'static str, usize>,
    /// How many leads were looked at.
    pub looked_at: usize,
    /// Of them, how many were sent their mail of this number, and answered it.
    pub by_step: BTreeMap<u32, Replies>,
    /// How many were sent a mail of this schedule, and answered one.
    pub by_schedule: BTreeMap<String, Replies>,
}

/// Leads that were written to, and those that answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replies {
    /// Written to.
    pub sent: u32,
    /// Answered.
    pub answered: u32,
}

/// What the viewer needs to know now. Mails and hand-backs a day are told to those alone who see all leads.
pub async fn overview(store: &Store, viewer: &Viewer, clock: &dyn Clock) -> Result<Overview, AppError> {
    let (now, real) = (clock.calendar(), clock.real());
    let mut overview = Overview::default();
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    for day in -DAYS..=3 {
        if let Ok(date) = today.checked_add(jiff::Span::new().days(day)) {
            overview.days.insert(date, DayCount::default());
        }
    }
    let leads: Vec<Lead> = if viewer.sees_all() {
        let (leads, _) = store.newest_leads(&viewer.org, None, LOOKED_AT).await?;
        leads.into_iter().map(|(lead, _)| lead).collect()
    } else {
        store.find(&viewer.org, Find::Owner(&viewer.user), None, LOOKED_AT).await?.leads
    };
    overview.looked_at = leads.len();
    for lead in leads.into_iter().filter(|lead| viewer.may(Wish::Lead(lead))) {
        overview.sort_in(lead, now);
    }
    overview
        .to_act_on
        .sort_by_key(|lead| (lead.state != LeadState::Hot, lead.answer.as_ref().map(|it| std::cmp::Reverse(it.at))));
    if viewer.sees_all() {
        for assistant in store.assistants(&viewer.org).await? {
            for day in store.agenda(&viewer.org, &assistant.value.id).await?.agenda.days() {
                if let Some(count) = overview.days.get_mut(&day.date()) {
                    let standing = day.standing();
                    count.sent += standing.sent;
                    count.booked += day.booked();
                    count.bounced += standing.bounced + standing.complained;
                }
            }
        }
        for work in store.newest_history(&viewer.org, real, LOOKED_AT).await? {
            // The days are the calendar's.
            let at = work.at.checked_add(now.duration_since(real)).unwrap_or(work.at);
            if let Some(count) = overview.days.get_mut(&at.to_zoned(jiff::tz::TimeZone::UTC).date()) {
                let back = work.lines.iter().filter(|line| line.kind == HAND_BACKS);
                count.handed_back += back.map(|line| line.updated).sum::<u32>();
            }
        }
    }
    overview.coming = coming(store, viewer, now).await?;
    Ok(overview)
}

impl Overview {
    fn sort_in(&mut self, lead: Lead, now: Timestamp) {
        *self.states.entry(lead.state.name()).or_default() += 1;
        let answered = u32::from(lead.answer.is_some());
        for step in 1..=lead.mails_sent {
            let replies = self.by_step.entry(step).or_default();
            replies.sent += 1;
            // An answer is to the last mail: nothing is sent after it.
            replies.answered += if step == lead.mails_sent { answered } else { 0 };
        }
        if lead.mails_sent > 0 {
            let replies = self.by_schedule.entry(lead.schedule.clone()).or_default();
            replies.sent += 1;
            replies.answered += answered;
        }
        if let Some(answer) = &lead.answer {
            let date = answer.at.to_zoned(jiff::tz::TimeZone::UTC).date();
            if let Some(count) = self.days.get_mut(&date) {
                count.answers += 1;
            }
        }
        if matches!(lead.stage, domain::Stage::Held { .. }) {
            self.held.push(lead.clone());
        }
        if lead.reminder.is_some_and(|reminder| reminder.given > 0 || reminder.due <= now) {
            self.at_risk.push(lead);
        } else if lead.reminder.is_some() || (is_for_a_person(lead.state) && answered_lately(&lead, now)) {
            self.to_act_on.push(lead);
        }
    }
}

fn is_for_a_person(state: LeadState) -> bool {
    matches!(state, LeadState::Hot | LeadState::Warm | LeadState::Responded)
}

fn answered_lately(lead: &Lead, now: Timestamp) -> bool {
    lead.answer.as_ref().is_some_and(|answer| now.duration_since(answer.at) < RECENT)
}

/// The next mails, from the queues of due work, which are all orgs' and only hints.
async fn coming(store: &Store, viewer: &Viewer, now: Timestamp) -> Result<Vec<Coming>, AppError> {
    let horizon = now.checked_add(AHEAD).unwrap_or(now);
    let mut coming = Vec::new();
    for key in store.due(Queue::Send, horizon, PER_SHARD).await? {
        let Some((org, id)) = Store::lead_of_key(&key) else { continue };
        if org != viewer.org {
            continue;
        }
        let Some(lead) = viewer.lead(store, &id).await? else { continue };
        if let Some(Wake::Due(due)) = lead.wake() {
            coming.push(Coming { lead, due });
        }
    }
    coming.sort_by_key(|coming| coming.due);
    coming.truncate(COMING);
    Ok(coming)
}
