//! A scheduled mail that is due: asked when it leaves, written, claimed, sent.

use domain::when::{AgendaDay, Ask, Booking, Plan, Standing, when};
use domain::{
    Approval, Assistant, Decision, DeliveryId, EmailAddress, Fact, Lead, Mailbox, Moment, OrgId, OutgoingMail, Purpose,
    Ruling, Schedule, Stage, Step, StepNo,
};
use jiff::{SignedDuration, Timestamp};

use super::round::Round;
use super::{LEASE, MOST_ATTEMPTS, Nurture, Stepped, unsubscribe_url};
use crate::error::AppError;
use crate::ports::TableError;
use crate::store::{Alongside, Clash, Connection, Counted, Delivery, Health, LeadCommit, Outcome, Stored, StoredLead};
use crate::writing::{Commission, MODEL_TIME, Written};

/// A connection that does not work is asked about again after this long.
const NOT_CONNECTED: SignedDuration = SignedDuration::from_mins(15);
/// How often the agenda may change under a tick before the lead is left to the next one.
const TRIES: usize = 5;

/// One due mail, with all that was read for it.
struct Due<'a> {
    org: &'a OrgId,
    stored: &'a StoredLead,
    step: StepNo,
    follow_up: &'a Step,
    address: EmailAddress,
    assistant: &'a Assistant,
    schedule: &'a Schedule,
    connection: &'a Connection,
    now: Timestamp,
    real: Timestamp,
    before: Option<Stored<Delivery>>,
}

impl Nurture {
    /// Sends the mail of `step`, or finds out until when it has to wait.
    pub(super) async fn send(
        &self,
        round: &mut Round,
        org: &OrgId,
        stored: &StoredLead,
        step: StepNo,
    ) -> Result<Stepped, AppError> {
        let lead = &stored.lead;
        let (now, real) = (self.changes().clock.calendar(), self.changes().clock.real());
        let directory = round.directory(org).await?;
        let connection = directory.connection.value.clone();
        let Some(assistant) = directory.assistant_of(lead).cloned() else {
            return Err(AppError::Invalid(format!("assistant {} is gone", lead.assistant)));
        };
        let schedule = directory.schedule_of(lead);
        let Some(address) = lead.address.clone() else { return Ok(Stepped::Nothing) };
        let decision = |ruling| Decision { at: now, delivery: lead.delivery(step), ruling };
        if let Some(why) = self.store().suppression(org, &address).await? {
            let barred = |lead: &Lead| lead.is_active().then_some(Fact::Unsubscribed { why });
            let decision = decision(Ruling::Suppressed { why });
            let alongside = Alongside { decision: Some(&decision), ..Alongside::default() };
            self.changes().apply(org, &lead.id, barred, alongside).await?;
            return Ok(Stepped::Ended);
        }
        let Some(follow_up) = schedule.step(step) else {
            // The schedule was shortened under the lead.
            let over = |lead: &Lead| matches!(lead.stage, Stage::Waiting { .. }).then_some(Fact::NothingLeft);
            self.changes().apply(org, &lead.id, over, Alongside::default()).await?;
            return Ok(Stepped::Nothing);
        };
        if let Health::Broken { reason } = connection.health.clone() {
            // Without the CRM nobody could see what was sent, or take the record back.
            let decision = decision(Ruling::NotConnected { reason });
            let alongside = Alongside { decision: Some(&decision), ..Alongside::default() };
            let later = |lead: &Lead| {
                let until = now + NOT_CONNECTED;
                matches!(lead.stage, Stage::Waiting { due, .. } if due <= now)
                    .then_some(Fact::Postponed { until, booked: false })
            };
            self.changes().apply(org, &lead.id, later, alongside).await?;
            return Ok(Stepped::Postponed);
        }
        let before = self.store().delivery(org, &lead.id, &lead.delivery(step)).await?;
        let due = Due {
            org,
            stored,
            step,
            follow_up,
            address,
            assistant: &assistant,
            schedule: &schedule,
            connection: &connection,
            now,
            real,
            before,
        };
        if assistant.approval == Approval::Hold && !due.is_approved() {
            return self.hold(&due).await;
        }
        self.at_its_time(round, &due).await
    }

    /// Asks when; books, waits or goes on. Asks again when another tick booked meanwhile.
    async fn at_its_time(&self, round: &mut Round, due: &Due<'_>) -> Result<Stepped, AppError> {
        let Due { org, assistant, now, real, .. } = *due;
        let today = assistant.calendar.date(now);
        let first_try = due.before.as_ref().is_none_or(|before| before.value.attempts == 0);
        let mut claimed: Option<Delivery> = None;
        for _ in 0..TRIES {
            let agenda = round.agenda(org, &assistant.id).await?;
            let ask = due.ask(agenda.agenda.standing(today, assistant.trusted_since));
            let plan = loop {
                match when(&ask, Some(&agenda.agenda)) {
                    Plan::NeedsDay { date } => agenda.agenda.insert(AgendaDay::empty(date, &assistant.calendar)),
                    plan => break plan,
                }
            };
            let (booking, fact) = match &plan {
                Plan::SendNow { booking, .. } => {
                    let lease_until = real + LEASE;
                    (*booking, Fact::Claimed { delivery: due.name(), lease_until })
                }
                Plan::Wait { until, booking, .. } => {
                    (booking.unwrap_or_default(), Fact::Postponed { until: *until, booked: booking.is_some() })
                }
                Plan::Held { by, until, .. } => {
                    tracing::error!(%org, assistant.id = %assistant.id, ?by, "an assistant is held: see `why`, then let it go on");
                    (Booking::default(), Fact::Postponed { until: *until, booked: false })
                }
                Plan::NeedsDay { .. } => return Err(AppError::Invalid("an agenda that has no end".to_owned())),
            };
            let sends = matches!(plan, Plan::SendNow { .. });
            let days = agenda.change(assistant, &booking, (sends && first_try).then_some((today, Counted::Sent)));
            let seen = agenda.agenda.evidence(&ask);
            let ruling = Ruling::Timed { ask: Box::new(ask), agenda: Some(seen), plan: Box::new(plan) };
            let mut commit = due.commit(fact)?.because(due.decision(ruling)).booking(agenda, &days)?;
            if sends {
                if claimed.is_none() {
                    claimed = Some(self.written(due).await?);
                }
                if let Some(delivery) = &claimed {
                    commit = commit.because(due.decision(Ruling::Written { how: delivery.how.clone() }));
                    commit = commit.claiming(delivery, due.before.as_ref().map(|before| before.version))?;
                }
            }
            match self.store().commit_lead(commit).await? {
                Ok(()) => {
                    agenda.committed(days);
                    let Some(delivery) = claimed.filter(|_| sends) else { return Ok(Stepped::Postponed) };
                    self.remember_start(round, due).await?;
                    return self.deliver(org, &due.stored.lead.id, &delivery).await;
                }
                Err(Clash::Agenda) => round.forget_agenda(org, &assistant.id),
                // Another worker, an answer, or an unsubscription was faster: whatever it was, it is in the table now.
                Err(Clash::Lead | Clash::Suppressed) => return Ok(Stepped::Nothing),
            }
        }
        Ok(Stepped::Nothing)
    }

    /// The mail is written and waits for a person.
    async fn hold(&self, due: &Due<'_>) -> Result<Stepped, AppError> {
        let delivery = Delivery { outcome: Outcome::AwaitsApproval, ..self.written(due).await? };
        let version = due.before.as_ref().map(|before| before.version);
        let commit = due
            .commit(Fact::Held { delivery: due.name() })?
            .because(due.decision(Ruling::Written { how: delivery.how.clone() }))
            .because(due.decision(Ruling::AwaitsApproval))
            .alongside(&Alongside { delivery: Some((&delivery, version)), ..Alongside::default() })?;
        Ok(match self.store().commit_lead(commit).await? {
            Ok(()) => Stepped::Held,
            Err(Clash::Lead | Clash::Suppressed | Clash::Agenda) => Stepped::Nothing,
        })
    }

    /// The mail as it will leave: as a person approved it, else newly written.
    async fn written(&self, due: &Due<'_>) -> Result<Delivery, AppError> {
        let Due { org, step, follow_up, assistant, schedule, connection, now, .. } = *due;
        let lead = &due.stored.lead;
        let attempts = due.before.as_ref().map_or(0, |before| before.value.attempts) + 1;
        if attempts > MOST_ATTEMPTS {
            tracing::error!(%org, lead.id = %lead.id, attempts, "a mail cannot be handed to the mail system: check its settings");
        }
        if let Some(Stored { value: approved, .. }) = due.before.as_ref().filter(|_| due.is_approved()) {
            let mail = OutgoingMail { date: now, ..approved.mail.clone() };
            return Ok(Delivery { mail, attempts, outcome: Outcome::Claimed, how: approved.how.clone() });
        }
        let name = |purpose| self.key.name(purpose, org, &lead.id);
        let unsubscribe_url = unsubscribe_url(&connection.public_url, &name(Purpose::Unsubscribe));
        let postscripts = self.store().postscripts(org).await?;
        let postscript = postscripts.for_mail(lead.spread(StepNo::FIRST), step).map(ToString::to_string);
        let commission = Commission {
            step: follow_up,
            number: step,
            mails: schedule.steps().len(),
            lead,
            assistant,
            organisation: &connection.name,
            calendar: &assistant.calendar,
            postscript: postscript.as_deref().unwrap_or_default(),
            unsubscribe_url: &unsubscribe_url,
            model_time: MODEL_TIME,
        };
        let Written { draft, how } = self
            .writing
            .write(&commission)
            .await
            .map_err(|error| AppError::Invalid(format!("schedule {}: {error}", schedule.name())))?;
        let reply_domain = self.reply_domain.as_deref();
        let mail = OutgoingMail {
            delivery: due.name(),
            from: Mailbox { name: assistant.name.clone(), address: assistant.email.clone() },
            to: Mailbox { name: lead.person.full_name(), address: due.address.clone() },
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
            unsubscribe_url,
            date: now,
        };
        Ok(Delivery { mail, attempts, outcome: Outcome::Claimed, how })
    }

    /// The day of an assistant's first mail, from which its ramp counts.
    async fn remember_start(&self, round: &mut Round, due: &Due<'_>) -> Result<(), AppError> {
        if due.assistant.started_on.is_some() {
            return Ok(());
        }
        let directory = round.directory(due.org).await?;
        let Some(stored) = directory.assistants.iter_mut().find(|stored| stored.value.id == due.assistant.id) else {
            return Ok(());
        };
        stored.value.started_on = Some(due.assistant.calendar.date(due.now));
        match self.store().put_assistant(due.org, &stored.value, Some(stored.version)).await {
            Ok(()) => stored.version += 1,
            // Somebody else changed it; the next mail tries again.
            Err(TableError::Unexpected(_)) => stored.value.started_on = None,
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

impl<'a> Due<'a> {
    fn name(&self) -> DeliveryId {
        self.stored.lead.delivery(self.step)
    }

    fn is_approved(&self) -> bool {
        self.before.as_ref().is_some_and(|before| before.value.outcome == Outcome::Approved)
    }

    fn decision(&self, ruling: Ruling) -> Decision {
        Decision { at: self.now, delivery: self.name(), ruling }
    }

    fn commit(&self, fact: Fact) -> Result<LeadCommit<'a>, AppError> {
        let moment = Moment { now: self.now, assistant: self.assistant, schedule: self.schedule };
        let transition = self.stored.lead.apply(fact, &moment)?;
        Ok(LeadCommit::new(self.org, Some(self.stored), transition, self.now, self.real))
    }

    fn ask(&self, standing: Standing) -> Ask {
        Ask { standing, ..self.stored.lead.ask_when_due(self.step, self.follow_up, self.now, self.assistant) }
    }
}
