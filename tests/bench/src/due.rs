//! B3: who is due is asked about, booked into windows and caps, and claimed.

use std::sync::Arc;
use std::time::Instant;

use app::change::LeadChanges;
use app::deliveries::Deliveries;
use app::nurture::Nurture;
use app::ports::{Lookup, Mailer, SendError};
use app::writing::Writing;
use async_trait::async_trait;
use domain::when::{Agenda, AgendaDay, Booking, Plan, when};
use domain::{Fact, Lead, Moment, OrgId, OutgoingMail, SigningKey, Stage, recommended};
use jiff::{SignedDuration, Timestamp};
use local::embedded::EmbeddedDynamo;
use local::world::WorldError;
use serde_json::{Value, json};

use crate::clock::Leisurely;
use crate::crowd::{Crowd, TEAM, far_off};

/// Monday, when windows open in London.
pub const START: &str = "2026-01-12T09:00:00Z";
/// How often the ticker ticks.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// Longer than any window; after it, what was not sent today is not counted.
const DAY: SignedDuration = SignedDuration::from_hours(12);

/// Later than anything that is measured.
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

/// A mail system that takes the mail and says nothing: what is claimed stays claimed, and nothing is written after it.
struct Silent;

#[async_trait]
impl Mailer for Silent {
    async fn send(&self, _: &OrgId, mail: &OutgoingMail) -> Result<String, SendError> {
        Err(SendError::Unknown { delivery: mail.delivery.clone(), reason: String::new() })
    }

    async fn find(&self, _: &OrgId, _: &OutgoingMail) -> Lookup {
        Lookup::CannotTell
    }
}

/// A mail system that takes every mail.
struct Willing;

#[async_trait]
impl Mailer for Willing {
    async fn send(&self, _: &OrgId, mail: &OutgoingMail) -> Result<String, SendError> {
        Ok(mail.message_id.clone())
    }

    async fn find(&self, _: &OrgId, _: &OutgoingMail) -> Lookup {
        Lookup::NotSent
    }
}

/// Who is due, among whom.
#[derive(Debug, Clone, Copy)]
pub struct Mix {
    /// Leads that are due in other weeks.
    pub not_due: usize,
    /// Are these in the table already?
    pub filled: bool,
    /// Leads that are due.
    pub due: usize,
}

/// A day of ticks over leads that are due among others; `sent`: what is claimed leaves.
pub async fn claims(
    dynamo: &EmbeddedDynamo,
    folder: &std::path::Path,
    Mix { not_due, filled, due }: Mix,
    sent: bool,
) -> Result<Value, WorldError> {
    let start: Timestamp = START.parse().map_err(|error| WorldError::new("the start", error))?;
    let crowd = Crowd::gather(dynamo, folder, start).await?;
    let seeding = Instant::now();
    if !filled {
        crowd.add(0..not_due, |number| far_off(start, number)).await?;
    }
    crowd.add(not_due..not_due + due, |_| start).await?;
    let seeded_secs = seeding.elapsed().as_secs_f64();

    let (product, clock) = (&crowd.world.product, &crowd.world.clock);
    let key = SigningKey::new(b"0123456789abcdef0123456789abcdef").ok_or_else(|| WorldError::new("key", "short"))?;
    let changes = LeadChanges {
        store: product.store.clone(),
        events: product.bus.clone(),
        clock: Arc::new(Leisurely(clock.clone())),
    };
    let mailer: Arc<dyn Mailer> = if sent { Arc::new(Willing) } else { Arc::new(Silent) };
    let reply_domain = Some("reply.acme.example".to_owned());
    let nurture =
        Nurture { deliveries: Deliveries { changes }, writing: Writing::default(), mailer, key, reply_domain };

    let began = Instant::now();
    let (mut ticks, mut mails, mut waits) = (0_u32, 0_u32, 0_u32);
    let mut slowest_tick = 0.0_f64;
    while clock.now() < start + DAY {
        let tick = Instant::now();
        let ticked = nurture.tick(Timestamp::MAX).await.map_err(|error| WorldError::new("a tick", error))?;
        slowest_tick = slowest_tick.max(tick.elapsed().as_secs_f64());
        ticks += 1;
        mails += ticked.sent;
        waits += ticked.postponed;
        if ticked.failed > 0 {
            return Err(WorldError::new("a tick", format!("{ticked:?}")));
        }
        // While there is something to book or to send, the same minute goes on.
        if ticked.sent + ticked.postponed == 0 {
            clock.advance_to(clock.now() + MINUTE);
        }
    }
    let secs = began.elapsed().as_secs_f64();
    let claimed = claimed(&crowd, not_due, due).await?;
    Ok(json!({
        "not_due": not_due, "due": due, "claimed": claimed, "sent": mails, "booked": waits, "ticks": ticks, "secs": secs,
        "claims_per_sec": f64::from(claimed) / secs, "slowest_tick_secs": slowest_tick, "seeded_secs": seeded_secs,
    }))
}

/// A data directory as `serve` has it, with so many leads that are due in other weeks.
pub async fn fill(folder: &std::path::Path, leads: usize) -> Result<Value, WorldError> {
    let dynamo = local::embedded::open(folder).map_err(|error| WorldError::new("the table", error))?;
    let start = START.parse().map_err(|error| WorldError::new("the start", error))?;
    let crowd = Crowd::gather(&dynamo, folder, start).await?;
    let (began, later) = (Instant::now(), Timestamp::now() + YEAR);
    crowd.add(0..leads, |number| far_off(later, number)).await?;
    Ok(json!({ "leads": leads, "secs": began.elapsed().as_secs_f64() }))
}

/// How many of the due leads have a mail that left or may have left.
async fn claimed(crowd: &Crowd, not_due: usize, due: usize) -> Result<u32, WorldError> {
    let mut claimed = 0;
    for number in not_due..not_due + due {
        let key = crowd.row(number, Timestamp::UNIX_EPOCH).key;
        let row = crowd.table.get(&key).await.map_err(|error| WorldError::new("a lead", error))?;
        let lead = &row.ok_or_else(|| WorldError::new("a lead", "it is gone"))?.body["lead"];
        claimed += u32::from(lead["stage"]["stage"] == "sending" || lead["mails_sent"] == 1);
    }
    Ok(claimed)
}

/// The decisions alone, without a store: asked, booked, claimed.
pub async fn decisions(folder: &std::path::Path, due: usize) -> Result<Value, WorldError> {
    let start: Timestamp = START.parse().map_err(|error| WorldError::new("the start", error))?;
    let dynamo = EmbeddedDynamo::memory().map_err(|error| WorldError::new("the table", error))?;
    let crowd = Crowd::gather(&dynamo, folder, start).await?;
    let mut leads = (0..due).map(|number| crowd.lead(number, start)).collect::<Result<Vec<_>, _>>()?;
    let mut agendas = vec![Agenda::default(); TEAM];
    let schedule = recommended();
    let began = Instant::now();
    let (mut decided, mut claimed) = (0_u32, 0_u32);
    // Each lead is asked about when it is due, and again in its slot.
    for _ in 0..2 {
        for (number, lead) in leads.iter_mut().enumerate() {
            let Stage::Waiting { due, step, .. } = lead.stage else { continue };
            let (_, assistant) = &crowd.team[number % TEAM];
            let agenda = &mut agendas[number % TEAM];
            let now = due.max(start);
            let Some(follow_up) = schedule.step(step) else { continue };
            let ask = lead.ask_when_due(step, follow_up, now, assistant);
            let plan = loop {
                match when(&ask, Some(agenda)) {
                    Plan::NeedsDay { date } => agenda.insert(AgendaDay::empty(date, &assistant.calendar)),
                    plan => break plan,
                }
            };
            let (booking, fact) = match plan {
                Plan::SendNow { booking, .. } => {
                    claimed += 1;
                    let lease_until = now + SignedDuration::from_mins(2);
                    (booking, Fact::Claimed { delivery: lead.delivery(step), lease_until })
                }
                Plan::Wait { until, booking, .. } => {
                    (booking.unwrap_or_default(), Fact::Postponed { until, booked: booking.is_some() })
                }
                Plan::Held { until, .. } => (Booking::default(), Fact::Postponed { until, booked: false }),
                Plan::NeedsDay { .. } => continue,
            };
            agenda.apply(&booking);
            *lead = apply(lead, fact, &Moment { now, assistant, schedule: &schedule })?;
            decided += 1;
        }
    }
    let secs = began.elapsed().as_secs_f64();
    Ok(
        json!({ "due": due, "decided": decided, "claimed": claimed, "secs": secs, "per_sec": f64::from(decided) / secs }),
    )
}

fn apply(lead: &Lead, fact: Fact, moment: &Moment<'_>) -> Result<Lead, WorldError> {
    lead.apply(fact, moment).map(|transition| transition.lead).map_err(|error| WorldError::new("a decision", error))
}
