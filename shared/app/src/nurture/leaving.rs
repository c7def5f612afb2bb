//! A mail that is due: asked when it leaves, written, claimed, sent.
//!
//! **Invariant:** whatever becomes of it is one commit: the claim with its booking, or the wait with its slot, and why.

use std::time::Duration;

use domain::when::{AgendaDay, Ask, Booking, Plan, Slot, Standing, when};
use domain::{
    Approval, Assistant, Decision, DeliveryId, EmailAddress, Errand, ErrandKind, Fact, How, Lead, Moment, OrgId,
    OutgoingMail, Ruling, Schedule, Step, StepNo, compose_errand,
};
use jiff::{SignedDuration, Timestamp};

use super::round::Round;
use super::{LEASE, MOST_ATTEMPTS, Nurture, Stepped};
use crate::error::AppError;
use crate::ports::TableError;
use crate::store::{Alongside, Clash, Connection, Counted, Delivery, Health, LeadCommit, Outcome, Stored, StoredLead};
use crate::writing::{Commission, MODEL_TIME, Written};

/// A connection that does not work is asked about again after this long.
const NOT_CONNECTED: SignedDuration = SignedDuration::from_mins(15);
/// How often the agenda may change under a tick before the lead is left to the next one.
const TRIES: usize = 5;

/// Which mail is due.
#[derive(Clone, Copy)]
pub(crate) enum Mail<'a> {
    /// The schedule's.
    Step(StepNo),
    /// One besides it.
    Errand(&'a Errand),
}

/// One due mail, with all that was read for it.
struct Due<'a> {
    org: &'a OrgId,
    stored: &'a StoredLead,
    mail: Mail<'a>,
    address: EmailAddress,
    assistant: &'a Assistant,
    schedule: &'a Schedule,
    connection: &'a Connection,
    now: Timestamp,
    real: Timestamp,
    /// Until when the tick works, real time.
    deadline: Timestamp,
    before: Option<Stored<Delivery>>,
}

/// What the agenda and the rules say about a due mail.
struct Timed {
    booking: Booking,
    /// `None`: it leaves now.
    wait: Option<(Timestamp, bool)>,
    ruling: Ruling,
}

impl Nurture {
    /// Sends the mail, or finds out until when it has to wait.
    pub(crate) async fn leave(
        &self,
        round: &mut Round,
        stored: &StoredLead,
        mail: Mail<'_>,
    ) -> Result<Stepped, AppError> {
        let (org, lead) = (&round.org.clone(), &stored.lead);
        let directory = round.directory().await?;
        let connection = directory.connection.value.clone();
        let Some(assistant) = directory.assistant_of(lead).cloned() else {
            return Err(AppError::Invalid(format!("assistant {} is gone", lead.assistant)));
        };
        let schedule = directory.schedule_of(lead);
        let Some(address) = lead.address.clone() else {
            return Err(AppError::Invalid(format!("lead {} has no address to send its mail to", lead.id)));
        };
        let delivery = mail.name(lead);
        let due = Due {
            org,
            stored,
            mail,
            address,
            assistant: &assistant,
            schedule: &schedule,
            connection: &connection,
            now: self.changes().clock.calendar(),
            real: self.changes().clock.real(),
            deadline: round.deadline,
            before: self.store().delivery(org, &lead.id, &delivery).await?,
        };
        if let Some(why) = self.store().suppression(org, &due.address).await? {
            let barred =
                |lead: &Lead| (lead.is_active() || lead.errand.is_some()).then_some(Fact::Unsubscribed { why });
            let decision = due.decision(Ruling::Suppressed { why });
            let alongside = Alongside { decision: Some(&decision), ..Alongside::default() };
            self.changes().apply(org, &lead.id, barred, alongside).await?;
            return Ok(Stepped::Ended);
        }
        if let Health::Broken { reason } = &connection.health {
            // Without the CRM nobody could see what was sent, or take the record back.
            let commit = due.commit(due.waits(due.now + NOT_CONNECTED, false))?;
            let commit = commit.because(due.decision(Ruling::NotConnected { reason: reason.clone() }));
            self.store().commit_lead(commit).await?.ok();
            return Ok(Stepped::Postponed);
        }
        if matches!(mail, Mail::Step(_)) && assistant.approval == Approval::Hold && !due.is_approved() {
            return self.hold(&due).await;
        }
        self.at_its_time(round, &due).await
    }

    /// Asks when; books, waits or goes on. Asks again when another tick booked meanwhile.
    async fn at_its_time(&self, round: &mut Round, due: &Due<'_>) -> Result<Stepped, AppError> {
        let Due { org, assistant, now, .. } = *due;
        let today = assistant.calendar.date(now);
        let first_try = due.before.as_ref().is_none_or(|before| before.value.attempts == 0);
        let mut written: Option<Delivery> = None;
        for _ in 0..TRIES {
            let agenda = round.agenda(&assistant.id).await?;
            let Timed { booking, wait, ruling } = due.timed(&mut agenda.agenda)?;
            let counted = (wait.is_none() && first_try).then_some((today, Counted::Sent));
            let days = agenda.change(assistant, &booking, counted);
            let commit = match wait {
                Some((until, booked)) => due.commit(due.waits(until, booked))?,
                None => {
                    let mut delivery = match written.take() {
                        Some(delivery) => delivery,
                        None => self.written(due).await?,
                    };
                    // The sender's time begins when the writer's is over.
                    let lease_until = self.changes().clock.real() + LEASE;
                    // Should the sender die, and the lead go on or end meanwhile, the mail itself is still looked for.
                    delivery.look_up_at = Some(lease_until);
                    let commit = due.commit(Fact::Claimed { delivery: due.name(), lease_until })?;
                    let commit = commit.because(due.decision(Ruling::Written { how: delivery.how.clone() }));
                    let commit = commit.claiming(&delivery, due.before.as_ref().map(|before| before.version))?;
                    written = Some(delivery);
                    commit
                }
            };
            let commit = commit.because(due.decision(ruling)).booking(agenda, &days)?;
            match self.store().commit_lead(commit).await? {
                Ok(()) => {
                    agenda.committed(days);
                    let Some(delivery) = written.filter(|_| wait.is_none()) else { return Ok(Stepped::Postponed) };
                    self.remember_start(round, due).await?;
                    let version = due.before.as_ref().map_or(0, |before| before.version) + 1;
                    let claimed = Stored { value: delivery, version };
                    return self.deliver(org, &due.stored.lead.id, claimed).await;
                }
                Err(Clash::Agenda) => round.forget_agenda(&assistant.id),
                // Another worker, an answer, or an unsubscription was faster: whatever it was, it is in the table now.
                Err(Clash::Lead | Clash::Suppressed) => return Ok(Stepped::Nothing),
            }
        }
        Ok(Stepped::Nothing)
    }

    /// The mail is written and waits for a person.
    async fn hold(&self, due: &Due<'_>) -> Result<Stepped, AppError> {
        let delivery = Delivery { outcome: Outcome::AwaitsApproval, attempts: 0, ..self.written(due).await? };
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
        let Due { org, assistant, schedule, connection, now, .. } = *due;
        let lead = &due.stored.lead;
        let attempts = due.before.as_ref().map_or(0, |before| before.value.attempts) + 1;
        if attempts > MOST_ATTEMPTS {
            tracing::error!(%org, lead.id = %lead.id, attempts, "a mail cannot be handed to the mail system: check its settings");
        }
        if let Some(Stored { value: approved, .. }) = due.before.as_ref().filter(|_| due.is_approved()) {
            let mail = self.watched(connection, assistant, OutgoingMail { date: now, ..approved.mail.clone() });
            return Ok(Delivery { attempts, ..Delivery::claimed(mail, approved.how.clone()) });
        }
        let envelope = self.envelope(connection, assistant, lead, due.name(), due.address.clone());
        let (mail, how) = match due.mail {
            Mail::Errand(errand) => {
                let draft = compose_errand(&errand.kind, &lead.person, assistant, &lead.thread);
                let automatic = errand.kind.is_automatic();
                let mail = OutgoingMail {
                    subject: draft.subject,
                    text: draft.text,
                    cc: match &errand.kind {
                        ErrandKind::Introduction { owner, .. } => vec![owner.clone()],
                        ErrandKind::Message { .. } | ErrandKind::Brochure { .. } | ErrandKind::Calendar { .. } => {
                            vec![]
                        }
                    },
                    automatic_answer: automatic,
                    in_reply_to: errand.answers.clone().or_else(|| envelope.in_reply_to.clone()),
                    ..envelope
                };
                (mail, if automatic { How::Template } else { How::Person })
            }
            Mail::Step(number) => {
                let postscripts = self.store().postscripts(org).await?;
                let postscript = postscripts.for_mail(lead.spread(StepNo::FIRST), number).map(ToString::to_string);
                let commission = Commission {
                    step: due.follow_up(number)?,
                    number,
                    mails: schedule.steps().len(),
                    lead,
                    assistant,
                    organisation: &connection.name,
                    calendar: &assistant.calendar,
                    postscript: postscript.as_deref().unwrap_or_default(),
                    unsubscribe_url: envelope.unsubscribe_url.as_deref().unwrap_or_default(),
                    model_time: MODEL_TIME.min(due.left()),
                };
                let unwritable = |error| AppError::Invalid(format!("schedule {}: {error}", schedule.name()));
                let Written { draft, how } = self.writing.write(&commission).await.map_err(unwritable)?;
                (OutgoingMail { subject: draft.subject, text: draft.text, ..envelope }, how)
            }
        };
        let mail = self.watched(connection, assistant, mail);
        Ok(Delivery { attempts, ..Delivery::claimed(mail, how) })
    }

    /// The day of an assistant's first mail, from which its ramp counts.
    async fn remember_start(&self, round: &mut Round, due: &Due<'_>) -> Result<(), AppError> {
        if due.assistant.started_on.is_some() {
            return Ok(());
        }
        let directory = round.directory().await?;
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

impl Mail<'_> {
    fn name(self, lead: &Lead) -> DeliveryId {
        match self {
            Self::Step(step) => lead.delivery(step),
            Self::Errand(errand) => lead.errand_delivery(errand),
        }
    }
}

impl<'a> Due<'a> {
    fn name(&self) -> DeliveryId {
        self.mail.name(&self.stored.lead)
    }

    /// What is left of the tick: a slow model takes none of the next one.
    fn left(&self) -> Duration {
        Duration::try_from(self.deadline.duration_since(self.real)).unwrap_or_default()
    }

    fn is_approved(&self) -> bool {
        self.before.as_ref().is_some_and(|before| before.value.outcome == Outcome::Approved)
    }

    fn decision(&self, ruling: Ruling) -> Decision {
        Decision { at: self.now, delivery: self.name(), ruling }
    }

    fn follow_up(&self, step: StepNo) -> Result<&'a Step, AppError> {
        let gone = || AppError::Invalid(format!("schedule {} has no mail {step}", self.schedule.name()));
        self.schedule.step(step).ok_or_else(gone)
    }

    fn commit(&self, fact: Fact) -> Result<LeadCommit<'a>, AppError> {
        let moment = Moment { now: self.now, assistant: self.assistant, schedule: self.schedule };
        let transition = self.stored.lead.apply(fact, &moment)?;
        Ok(LeadCommit::new(self.org, Some(self.stored), transition, self.now, self.real))
    }

    fn waits(&self, until: Timestamp, booked: bool) -> Fact {
        match self.mail {
            Mail::Step(_) => Fact::Postponed { until, booked },
            Mail::Errand(_) => Fact::ErrandPostponed { until, booked },
        }
    }

    fn timed(&self, agenda: &mut domain::when::Agenda) -> Result<Timed, AppError> {
        let Self { org, assistant, now, .. } = *self;
        let today = assistant.calendar.date(now);
        if let Mail::Errand(errand) = self.mail
            && errand.kind.is_automatic()
        {
            // A person waits for it. It counts in the cap's day without being held by it.
            let booking = Booking { take: Some(Slot { date: today, at: now }), free: None };
            return Ok(Timed { booking, wait: None, ruling: Ruling::AtOnce });
        }
        let ask = self.ask(agenda.standing(today, assistant.trusted_since))?;
        let plan = loop {
            match when(&ask, Some(agenda)) {
                Plan::NeedsDay { date } => agenda.insert(AgendaDay::empty(date, &assistant.calendar)),
                plan => break plan,
            }
        };
        let (booking, wait) = match &plan {
            Plan::SendNow { booking, .. } => (*booking, None),
            Plan::Wait { until, booking, .. } => (booking.unwrap_or_default(), Some((*until, booking.is_some()))),
            Plan::Held { by, until, .. } => {
                tracing::error!(%org, assistant.id = %assistant.id, ?by, "an assistant is held: see `why`, then let it go on");
                (Booking::default(), Some((*until, false)))
            }
            Plan::NeedsDay { .. } => return Err(AppError::Invalid("an agenda without an end".to_owned())),
        };
        let seen = agenda.evidence(&ask);
        let ruling = Ruling::Timed { ask: Box::new(ask), agenda: Some(seen), plan: Box::new(plan) };
        Ok(Timed { booking, wait, ruling })
    }

    fn ask(&self, standing: Standing) -> Result<Ask, AppError> {
        let Self { assistant, now, .. } = *self;
        let lead = &self.stored.lead;
        let ask = match self.mail {
            Mail::Step(step) => lead.ask_when_due(step, self.follow_up(step)?, now, assistant),
            Mail::Errand(errand) => lead.ask_for_errand(errand, now, assistant),
        };
        Ok(Ask { standing, ..ask })
    }
}
