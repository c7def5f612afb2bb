//! The tick: whoever is due gets the next mail, once.
//!
//! **Invariant:** a delivery is named and stored, with the whole mail, in the commit that claims it; the same commit fails
//! if the address is suppressed or the day's cap is reached. What happens after it can only be "sent", "not sent" or
//! "unknown", and unknown is looked up, never sent again.

use std::sync::Arc;

use domain::{Fact, Lead, LeadId, Mailbox, Moment, OrgId, OutgoingMail, Purpose, SigningKey, Stage, StepNo, compose};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::change::LeadChanges;
use crate::deliveries::Deliveries;
use crate::directory::Directory;
use crate::error::AppError;
use crate::ports::{Lookup, Mailer, SendError};
use crate::store::{Alongside, Clash, Delivery, Health, LeadCommit, Outcome, Queue, Store, StoredLead};

/// How long a sender has a mail to itself. Mail systems answer within seconds; the provider's own word that the mail
/// left arrives well within this time.
const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// After this many tries that certainly sent nothing, a person should look.
const MOST_ATTEMPTS: u32 = 12;
/// How many leads of one shard a tick takes on; the next tick takes the others.
const PER_SHARD: u32 = 50;

/// Sends what is due.
pub struct Nurture {
    /// Rows and hints, and what became of mails.
    pub deliveries: Deliveries,
    /// Mail.
    pub mailer: Arc<dyn Mailer>,
    /// Signs reply addresses, Message-IDs and unsubscribe links.
    pub key: SigningKey,
    /// The domain that receives answers; without one, answers go to the assistant's own mailbox.
    pub reply_domain: Option<String>,
}

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Mails that left.
    pub sent: u32,
    /// Leads that have to wait.
    pub postponed: u32,
    /// Schedules that ended.
    pub ended: u32,
    /// Deliveries whose fate was looked up.
    pub settled: u32,
    /// Deliveries of which nobody can tell whether they left.
    pub unknown: u32,
    /// Leads that met an error, which was logged.
    pub failed: u32,
    /// How late the oldest of them was, in seconds of the calendar.
    pub oldest_due_secs: i64,
}

impl Nurture {
    /// Takes on what is due now, until `deadline` of real time.
    pub async fn tick(&self, deadline: Timestamp) -> Result<Ticked, AppError> {
        let mut ticked = Ticked::default();
        let (store, clock) = (self.store(), &self.changes().clock);
        self.settle_until(clock.real(), &mut ticked).await?;
        for key in store.due(Queue::Send, clock.calendar(), PER_SHARD).await? {
            if clock.real() >= deadline {
                break;
            }
            if let Some((org, lead)) = Store::lead_of_key(&key) {
                let stepped = self.step(&org, &lead, &mut ticked.oldest_due_secs).await;
                ticked.note(&org, &lead, stepped);
            }
        }
        Ok(ticked)
    }

    /// Looks up all deliveries whose senders cannot be alive any more, whatever their leases say. Only for a process that
    /// knows itself to be the only one, when it starts.
    pub async fn settle_abandoned(&self) -> Result<Ticked, AppError> {
        let mut ticked = Ticked::default();
        self.settle_until(Timestamp::MAX, &mut ticked).await?;
        Ok(ticked)
    }

    async fn settle_until(&self, lease_until: Timestamp, ticked: &mut Ticked) -> Result<(), AppError> {
        for key in self.store().due(Queue::Lease, lease_until, PER_SHARD).await? {
            if let Some((org, lead)) = Store::lead_of_key(&key) {
                let settled = self.settle(&org, &lead, lease_until).await;
                ticked.note(&org, &lead, settled);
            }
        }
        Ok(())
    }

    /// Rows, hints and time.
    pub fn changes(&self) -> &LeadChanges {
        &self.deliveries.changes
    }

    fn store(&self) -> &Store {
        &self.changes().store
    }

    async fn step(&self, org: &OrgId, id: &LeadId, oldest: &mut i64) -> Result<Stepped, AppError> {
        let Some(stored) = self.store().lead(org, id).await? else { return Ok(Stepped::Nothing) };
        let now = self.changes().clock.calendar();
        match stored.lead.stage {
            Stage::Waiting { due, step } if due <= now => {
                *oldest = (*oldest).max(now.duration_since(due).as_secs());
                self.send(org, &stored, step).await
            }
            Stage::Closing { due } if due <= now => {
                let over = |lead: &Lead| {
                    matches!(lead.stage, Stage::Closing { due } if due <= now).then_some(Fact::ClosingTimeOver)
                };
                self.changes().apply(org, id, over, Alongside::default()).await?;
                Ok(Stepped::Ended)
            }
            Stage::Waiting { .. } | Stage::Closing { .. } | Stage::Sending { .. } | Stage::Ended { .. } => {
                Ok(Stepped::Nothing)
            }
        }
    }

    async fn send(&self, org: &OrgId, stored: &StoredLead, step: StepNo) -> Result<Stepped, AppError> {
        let lead = &stored.lead;
        let directory = Directory::read(self.store(), org).await?;
        let Some(assistant) = directory.assistant_of(lead) else {
            return Err(AppError::Invalid(format!("assistant {} is gone", lead.assistant)));
        };
        let schedule = directory.schedule(&[&lead.schedule]);
        let calendar = &assistant.calendar;
        let (now, real) = (self.changes().clock.calendar(), self.changes().clock.real());
        let moment = Moment { now, assistant, schedule: &schedule };
        if !calendar.is_open(now) {
            return self.postpone(org, &lead.id, calendar.soonest(now, lead.spread(step))).await;
        }
        if let Health::Broken { .. } = directory.connection.value.health {
            // Without the CRM nobody could see what was sent, or take the record back.
            return self.postpone(org, &lead.id, now + SignedDuration::from_mins(15)).await;
        }
        let Some(address) = lead.address.clone() else { return Ok(Stepped::Nothing) };
        if let Some(why) = self.store().suppression(org, &address).await? {
            let barred = |lead: &Lead| lead.is_active().then_some(Fact::Unsubscribed { why });
            self.changes().apply(org, &lead.id, barred, Alongside::default()).await?;
            return Ok(Stepped::Ended);
        }
        let Some(follow_up) = schedule.step(step) else {
            // The schedule was shortened under the lead.
            let over = |lead: &Lead| matches!(lead.stage, Stage::Waiting { .. }).then_some(Fact::NothingLeft);
            self.changes().apply(org, &lead.id, over, Alongside::default()).await?;
            return Ok(Stepped::Nothing);
        };
        let parameters = lead.parameters(assistant, &directory.connection.value.name);
        let signature = if assistant.signature.is_empty() { &assistant.name } else { &assistant.signature };
        let draft = compose(follow_up, &parameters, signature, &lead.thread, calendar)
            .map_err(|error| AppError::Invalid(format!("schedule {}: {error}", schedule.name())))?;
        let name = |purpose| self.key.name(purpose, org, &lead.id);
        let reply_domain = self.reply_domain.as_deref();
        let mail = OutgoingMail {
            delivery: lead.delivery(step),
            from: Mailbox { name: assistant.name.clone(), address: assistant.email.clone() },
            to: Mailbox { name: lead.person.full_name(), address },
            cc: vec![],
            automatic_answer: false,
            reply_to: reply_domain.and_then(|domain| format!("{}@{domain}", name(Purpose::Reply)).parse().ok()),
            subject: draft.subject,
            text: draft.text,
            message_id: format!(
                "<{}.{step}.{}@{}>",
                lead.run,
                name(Purpose::Thread),
                reply_domain.unwrap_or(assistant.email.domain())
            ),
            in_reply_to: lead.thread.message_ids.last().cloned(),
            references: lead.thread.message_ids.clone(),
            unsubscribe_url: unsubscribe_url(&directory.connection.value.public_url, &name(Purpose::Unsubscribe)),
            date: now,
        };
        let before = self.store().delivery(org, &lead.id, &mail.delivery).await?;
        let attempts = before.as_ref().map_or(0, |before| before.value.attempts) + 1;
        if attempts > MOST_ATTEMPTS {
            tracing::error!(%org, lead.id = %lead.id, attempts, "a mail cannot be handed to the mail system: check its settings");
        }
        let delivery = Delivery { mail, attempts, outcome: Outcome::Claimed };
        let claim = Fact::Claimed { delivery: delivery.mail.delivery.clone(), lease_until: real + LEASE };
        let transition = lead.apply(claim, &moment)?;
        let version = before.map(|before| before.version);
        let commit = LeadCommit::new(org, Some(stored), transition, now, real).claiming(
            &delivery,
            version,
            &assistant.id,
            calendar.date(now),
            assistant.daily_cap,
        )?;
        match self.store().commit_lead(commit).await? {
            Ok(()) => self.deliver(org, &lead.id, &delivery).await,
            Err(Clash::CapReached) => {
                self.postpone(org, &lead.id, calendar.days_later(now, 1, lead.spread(step))).await
            }
            // Another worker, an answer, or an unsubscription was faster: whatever it was, it is in the table now.
            Err(Clash::Lead | Clash::Suppressed) => Ok(Stepped::Nothing),
        }
    }

    async fn postpone(&self, org: &OrgId, id: &LeadId, until: Timestamp) -> Result<Stepped, AppError> {
        let now = self.changes().clock.calendar();
        let later = |lead: &Lead| {
            matches!(lead.stage, Stage::Waiting { due, .. } if due <= now).then_some(Fact::Postponed { until })
        };
        self.changes().apply(org, id, later, Alongside::default()).await?;
        Ok(Stepped::Postponed)
    }

    /// Hands the claimed mail to the mail system and stores what it said.
    async fn deliver(&self, org: &OrgId, id: &LeadId, delivery: &Delivery) -> Result<Stepped, AppError> {
        let name = &delivery.mail.delivery;
        match self.mailer.send(org, &delivery.mail).await {
            Ok(message_id) => {
                self.deliveries.sent(org, id, name, &message_id, None).await?;
                Ok(Stepped::Sent)
            }
            Err(SendError::NotSent { reason }) => {
                tracing::warn!(%org, delivery.id = %name, reason, "the mail system was not reached");
                self.deliveries.not_sent(org, id, name, &reason).await?;
                Ok(Stepped::Postponed)
            }
            Err(SendError::Refused { reason }) => {
                tracing::warn!(%org, delivery.id = %name, reason, "the mail system refused a mail");
                self.deliveries.refused(org, id, name, &reason).await?;
                Ok(Stepped::Ended)
            }
            Err(SendError::NoSuchAddress { reason }) => {
                tracing::info!(%org, delivery.id = %name, reason, "there is no such address");
                self.deliveries.no_such_address(org, id, name, &reason).await?;
                Ok(Stepped::Ended)
            }
            Err(SendError::Unknown { reason, .. }) => {
                // Left as it is: when the lease is over, whoever comes looks it up.
                tracing::warn!(%org, delivery.id = %name, reason, "it is not known whether a mail left");
                Ok(Stepped::Nothing)
            }
        }
    }

    /// Finds out what became of a delivery whose sender did not come back.
    async fn settle(&self, org: &OrgId, id: &LeadId, now: Timestamp) -> Result<Stepped, AppError> {
        let Some(stored) = self.store().lead(org, id).await? else { return Ok(Stepped::Nothing) };
        let Stage::Sending { delivery: name, lease_until, .. } = &stored.lead.stage else {
            return Ok(Stepped::Nothing);
        };
        if *lease_until > now {
            return Ok(Stepped::Nothing);
        }
        let Some(delivery) = self.store().delivery(org, id, name).await? else {
            return Err(AppError::Invalid(format!("delivery {name} is claimed but not stored")));
        };
        match self.mailer.find(org, &delivery.value.mail).await {
            Lookup::Sent { message_id, at } => {
                self.deliveries.sent(org, id, name, &message_id, at).await?;
                Ok(Stepped::Settled)
            }
            Lookup::NotSent => {
                self.deliveries.not_sent(org, id, name, "the sender stopped before the mail left").await?;
                Ok(Stepped::Settled)
            }
            Lookup::CannotTell => {
                self.deliveries.unsettled(org, id, name).await?;
                Ok(Stepped::Unknown)
            }
        }
    }
}

fn unsubscribe_url(public_url: &Url, token: &str) -> String {
    public_url.join(&format!("unsubscribe/{token}")).map_or_else(|_| String::new(), String::from)
}

/// What became of one lead in a tick.
enum Stepped {
    Nothing,
    Sent,
    Postponed,
    Ended,
    Settled,
    Unknown,
}

impl Ticked {
    fn note(&mut self, org: &OrgId, lead: &LeadId, stepped: Result<Stepped, AppError>) {
        match stepped {
            Ok(Stepped::Nothing) => {}
            Ok(Stepped::Sent) => self.sent += 1,
            Ok(Stepped::Postponed) => self.postponed += 1,
            Ok(Stepped::Ended) => self.ended += 1,
            Ok(Stepped::Settled) => self.settled += 1,
            Ok(Stepped::Unknown) => self.unknown += 1,
            Err(error) => {
                tracing::error!(%org, lead.id = %lead, %error, "a due lead could not be worked on");
                self.failed += 1;
            }
        }
    }
}
