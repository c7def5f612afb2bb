//! The tick: whoever is due gets the next mail, once.
//!
//! **Invariant:** a delivery is named and stored, with the whole mail, in the commit that claims it; the same commit fails
//! if the address is suppressed or the day's cap is reached. What happens after it can only be "sent", "not sent" or
//! "unknown", and unknown is looked up, never sent again.

mod leaving;
mod round;
mod test_mail;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use domain::{
    Assistant, DeliveryId, EmailAddress, Fact, Lead, LeadId, Mailbox, OrgId, OutgoingMail, Purpose, SigningKey, Stage,
    Tracking, tracked_html,
};
use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::change::LeadChanges;
use crate::deliveries::Deliveries;
use crate::error::AppError;
use crate::ports::{Lookup, Mailer, SKEW, SendError, TableError};
use crate::store::{Alongside, Connection, Delivery, Outcome, Queue, Store, Stored, keys};
use crate::writing::Writing;
pub(crate) use leaving::Mail;
pub(crate) use round::Round;

/// How long a sender has a mail to itself. Mail systems answer within seconds; the provider's own word that the mail
/// left arrives well within this time.
const LEASE: SignedDuration = SKEW.saturating_add(SignedDuration::from_mins(2));
/// After this many tries that certainly sent nothing, a person should look.
const MOST_ATTEMPTS: u32 = 12;
/// How many leads of one shard a tick takes on at once.
const PER_SHARD: u32 = 50;
/// Of how many orgs mails leave at once. A mail is a dozen waits for the table and one for the mail system.
const ORGS_AT_ONCE: usize = 64;

/// Sends what is due.
pub struct Nurture {
    /// Rows and hints, and what became of mails.
    pub deliveries: Deliveries,
    /// What writes the mails.
    pub writing: Writing,
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
    /// Mails that wait for a person's approval.
    pub held: u32,
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
        let mut rounds: BTreeMap<OrgId, Round> = BTreeMap::new();
        let mut met = HashSet::new();
        while clock.real() < deadline {
            // What is due for longest comes first, so those behind ten thousand others come when these have moved on.
            let due = store.due(Queue::Send, clock.calendar(), PER_SHARD).await?;
            let is_all = due.len() < usize::try_from(PER_SHARD).unwrap_or(usize::MAX);
            let new = due.iter().filter_map(Store::lead_of_key).filter(|lead| met.insert(lead.clone()));
            let orgs = by_org(new.collect());
            if orgs.is_empty() {
                break;
            }
            let work = orgs.into_iter().map(|(org, leads)| {
                let round = rounds.remove(&org).unwrap_or_else(|| Round::new(store, org, deadline));
                self.step_each(round, leads)
            });
            let worked: Vec<Round> = stream::iter(work).buffer_unordered(ORGS_AT_ONCE).collect().await;
            rounds.extend(worked.into_iter().map(|round| (round.org.clone(), round)));
            if is_all {
                break;
            }
        }
        let ends = rounds.into_values().map(|round| round.end(clock.real()));
        let ends: Vec<_> = stream::iter(ends).buffer_unordered(ORGS_AT_ONCE).collect().await;
        for end in ends {
            ticked.add(end?);
        }
        Ok(ticked)
    }

    /// The leads of one org, one after the other: they share its agendas and its budgets.
    async fn step_each(&self, mut round: Round, leads: Vec<LeadId>) -> Round {
        for lead in leads {
            if self.changes().clock.real() >= round.deadline {
                break;
            }
            let stepped = self.step(&mut round, &lead).await;
            round.done(&stepped);
            round.ticked.note(&round.org, &lead, stepped);
        }
        round
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
                let settled = match keys::delivery_of(&key) {
                    Some(delivery) => self.look_up(&org, &lead, &delivery).await,
                    None => self.settle(&org, &lead, lease_until).await,
                };
                ticked.note(&org, &lead, settled);
            }
        }
        Ok(())
    }

    /// Rows, hints and time.
    pub fn changes(&self) -> &LeadChanges {
        &self.deliveries.changes
    }

    pub(crate) fn store(&self) -> &Store {
        &self.changes().store
    }

    async fn step(&self, round: &mut Round, id: &LeadId) -> Result<Stepped, AppError> {
        let org = &round.org.clone();
        let Some(stored) = self.store().lead(org, id).await? else { return Ok(Stepped::Nothing) };
        let now = self.changes().clock.calendar();
        if let Some(stepped) = self.besides_the_schedule(round, &stored).await? {
            return Ok(stepped);
        }
        match stored.lead.stage {
            Stage::Waiting { due, step, .. } if due <= now => {
                let late = &mut round.ticked.oldest_due_secs;
                *late = (*late).max(now.duration_since(due).as_secs());
                let directory = round.directory().await?;
                if directory.schedule_of(&stored.lead).step(step).is_none() {
                    // The schedule was shortened under the lead.
                    let over = |lead: &Lead| matches!(lead.stage, Stage::Waiting { .. }).then_some(Fact::NothingLeft);
                    self.changes().apply(org, id, over, Alongside::default()).await?;
                    return Ok(Stepped::Nothing);
                }
                self.leave(round, &stored, Mail::Step(step)).await
            }
            Stage::Closing { due } if due <= now => {
                let over = |lead: &Lead| {
                    matches!(lead.stage, Stage::Closing { due } if due <= now).then_some(Fact::ClosingTimeOver)
                };
                self.changes().apply(org, id, over, Alongside::default()).await?;
                Ok(Stepped::Ended)
            }
            Stage::Waiting { .. }
            | Stage::Held { .. }
            | Stage::Closing { .. }
            | Stage::Sending { .. }
            | Stage::Ended { .. } => Ok(Stepped::Nothing),
        }
    }

    fn unsubscribe_url(&self, connection: &Connection, lead: &Lead) -> String {
        let token = self.key.name(Purpose::Unsubscribe, &connection.org, &lead.id);
        let url = connection.public_url.join(&format!("unsubscribe/{token}"));
        url.map_or_else(|_| String::new(), String::from)
    }

    /// The mail with the HTML that tells of opens, and of clicks, where the assistant's mails are watched.
    fn watched(&self, connection: &Connection, assistant: &Assistant, mail: OutgoingMail) -> OutgoingMail {
        let (org, delivery) = (&connection.org, &mail.delivery);
        let address = |path: String| connection.public_url.join(&path).map(String::from).ok();
        let clicks = match assistant.tracking {
            Tracking::Off => return OutgoingMail { html: None, ..mail },
            Tracking::Opens => false,
            Tracking::OpensAndClicks => true,
        };
        let wrap = |link: &Url| {
            let watched = clicks && Some(link.as_str()) != mail.unsubscribe_url.as_deref();
            watched.then(|| address(format!("c/{}", self.key.click_token(org, delivery, link)))).flatten()
        };
        let picture = address(format!("o/{}", self.key.open_token(org, delivery)));
        let html = picture.map(|picture| tracked_html(&mail.text, wrap, &picture));
        OutgoingMail { html, ..mail }
    }

    /// A mail to the lead in its thread, with nothing written yet.
    fn envelope(
        &self,
        connection: &Connection,
        assistant: &Assistant,
        lead: &Lead,
        delivery: DeliveryId,
        address: EmailAddress,
    ) -> OutgoingMail {
        let name = |purpose| self.key.name(purpose, &connection.org, &lead.id);
        let reply_domain = self.reply_domain.as_deref();
        let domain = reply_domain.unwrap_or(assistant.email.domain());
        // The delivery's own part of its name: run and step, or run and errand.
        let number = delivery.as_str().split_once('.').map_or("", |(_, number)| number);
        OutgoingMail {
            from: Mailbox { name: assistant.name.clone(), address: assistant.email.clone() },
            to: Mailbox { name: lead.person.full_name(), address },
            cc: vec![],
            automatic_answer: false,
            reply_to: reply_domain.and_then(|domain| format!("{}@{domain}", name(Purpose::Reply)).parse().ok()),
            subject: String::new(),
            text: String::new(),
            html: None,
            message_id: format!("<{number}.{}@{domain}>", name(Purpose::Thread)),
            in_reply_to: lead.thread.message_ids.last().cloned(),
            references: lead.thread.message_ids.clone(),
            unsubscribe_url: Some(self.unsubscribe_url(connection, lead)),
            date: self.changes().clock.calendar(),
            delivery,
        }
    }

    /// Hands the claimed mail to the mail system and stores what it said.
    async fn deliver(&self, org: &OrgId, id: &LeadId, claimed: Stored<Delivery>) -> Result<Stepped, AppError> {
        let name = &claimed.value.mail.delivery.clone();
        match self.mailer.send(org, &claimed.value.mail).await {
            Ok(message_id) => {
                self.deliveries.sent(org, id, claimed, &message_id, None).await?;
                Ok(Stepped::Sent)
            }
            Err(SendError::NotSent { reason }) => {
                tracing::warn!(%org, delivery.id = %name, reason, "the mail system was not reached");
                self.deliveries.not_sent(org, id, claimed, &reason).await?;
                Ok(Stepped::NotSent)
            }
            Err(SendError::Refused { reason }) => {
                tracing::warn!(%org, delivery.id = %name, reason, "the mail system refused a mail");
                self.deliveries.refused(org, id, claimed, &reason).await?;
                Ok(Stepped::Refused)
            }
            Err(SendError::NoSuchAddress { reason }) => {
                tracing::info!(%org, delivery.id = %name, reason, "there is no such address");
                self.deliveries.no_such_address(org, id, claimed, &reason).await?;
                Ok(Stepped::Refused)
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
        let Some((name, lease_until)) = stored.lead.in_flight() else { return Ok(Stepped::Nothing) };
        let name = &name;
        if lease_until > now {
            return Ok(Stepped::Nothing);
        }
        let Some(delivery) = self.store().delivery(org, id, name).await? else {
            return Err(AppError::Invalid(format!("delivery {name} is claimed but not stored")));
        };
        match self.mailer.find(org, &delivery.value.mail).await {
            Lookup::Sent { message_id, at } => {
                self.deliveries.sent(org, id, delivery, &message_id, at).await?;
                Ok(Stepped::Settled)
            }
            Lookup::NotSent => {
                self.deliveries.not_sent(org, id, delivery, "the sender stopped before the mail left").await?;
                Ok(Stepped::Settled)
            }
            Lookup::CannotTell => {
                self.deliveries.unsettled(org, id, delivery).await?;
                Ok(Stepped::Unknown)
            }
        }
    }

    /// Looks for a mail whose fate is unknown. It is not sent again, whatever is found: its lead's follow-up has gone on, or
    /// ended, without it.
    async fn look_up(&self, org: &OrgId, id: &LeadId, name: &DeliveryId) -> Result<Stepped, AppError> {
        let stored = self.store().lead(org, id).await?;
        if stored.is_some_and(|stored| stored.lead.in_flight().is_some_and(|(in_flight, _)| in_flight == *name)) {
            // The lead waits for it, under a lease of its own.
            return Ok(Stepped::Nothing);
        }
        let Some(known) = self.store().delivery(org, id, name).await? else { return Ok(Stepped::Nothing) };
        let is_open = matches!(known.value.outcome, Outcome::Claimed | Outcome::Unknown);
        let outcome = match self.mailer.find(org, &known.value.mail).await {
            Lookup::Sent { message_id, at } if is_open => {
                self.deliveries.sent(org, id, known, &message_id, at).await?;
                return Ok(Stepped::Settled);
            }
            Lookup::NotSent if is_open => Outcome::NeverLeft,
            Lookup::CannotTell if is_open => Outcome::Unknown,
            Lookup::Sent { .. } | Lookup::NotSent | Lookup::CannotTell => known.value.outcome.clone(),
        };
        let after = Delivery { look_up_at: None, outcome, ..known.value };
        match self.store().put_delivery(org, id, &after, known.version, self.changes().clock.real()).await {
            Ok(()) | Err(TableError::Unexpected(_)) => Ok(Stepped::Settled),
            Err(error) => Err(error.into()),
        }
    }
}

/// The leads by org. Orgs with few come first: the many of one do not keep the few of another waiting.
fn by_org(leads: Vec<(OrgId, LeadId)>) -> Vec<(OrgId, Vec<LeadId>)> {
    let mut orgs: BTreeMap<OrgId, Vec<LeadId>> = BTreeMap::new();
    for (org, lead) in leads {
        orgs.entry(org).or_default().push(lead);
    }
    let mut orgs: Vec<_> = orgs.into_iter().collect();
    orgs.sort_by_key(|(_, leads)| leads.len());
    orgs
}

/// What became of one lead in a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stepped {
    Nothing,
    Sent,
    /// The mail system was not reached.
    NotSent,
    Refused,
    Postponed,
    Held,
    Ended,
    Settled,
    Unknown,
}

impl Ticked {
    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.postponed += other.postponed;
        self.held += other.held;
        self.ended += other.ended;
        self.settled += other.settled;
        self.unknown += other.unknown;
        self.failed += other.failed;
        self.oldest_due_secs = self.oldest_due_secs.max(other.oldest_due_secs);
    }

    fn note(&mut self, org: &OrgId, lead: &LeadId, stepped: Result<Stepped, AppError>) {
        match stepped {
            Ok(Stepped::Nothing) => {}
            Ok(Stepped::Sent) => self.sent += 1,
            Ok(Stepped::Postponed | Stepped::NotSent) => self.postponed += 1,
            Ok(Stepped::Held) => self.held += 1,
            Ok(Stepped::Ended | Stepped::Refused) => self.ended += 1,
            Ok(Stepped::Settled) => self.settled += 1,
            Ok(Stepped::Unknown) => self.unknown += 1,
            Err(error) => {
                tracing::error!(%org, lead.id = %lead, %error, "a due lead could not be worked on");
                self.failed += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_many_of_one_org_do_not_come_before_the_few_of_another() {
        let due = |org: &str, lead: u32| (org.parse().unwrap(), format!("contacts-{lead}").parse().unwrap());
        let all = vec![due("us-1", 1), due("us-1", 2), due("us-1", 3), due("us-2", 4), due("us-1", 5), due("us-2", 6)];
        let turns = by_org(all).into_iter();
        let turns: Vec<String> =
            turns.map(|(org, leads)| format!("{org}: {} first of {}", leads[0], leads.len())).collect();
        assert_eq!(turns, ["us-2: contacts-4 first of 2", "us-1: contacts-1 first of 4"]);
    }
}
