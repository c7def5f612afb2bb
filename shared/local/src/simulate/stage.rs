//! The scheduler: machines take jobs, one gate at a time, in an order that the seed decides.
//!
//! **Invariant:** a machine does one job at a time, as a Lambda instance does. What it forgets when it dies is what it had
//! in memory; what it did stays done.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use app::change::LeadChanges;
use app::deliveries::Deliveries;
use app::mail_events::MailEvents;
use app::ports::{Clock, Event, Secrets};
use app::store::Store;
use app::writing::Writing;
use aws::DynamoTable;
use domain::{OrgId, SigningKey};
use jiff::{SignedDuration, Timestamp};
use lambda_http::Body;
use secrecy::SecretString;
use url::Url;
use zoho::{Carrier, Patience};
use zoho_sim::{SimConfig, Simulator};

use super::chance::Chance;
use super::gate::{Gate, GatedMailer, GatedSecrets, GatedTable, GatedZoho, Parked, WrongClock, lock};
use super::job::Job;
use super::ledger::Ledger;
use super::sink::Sink;
use super::{Options, START};
use crate::bus::LocalBus;
use crate::clock::SettableClock;
use crate::embedded::EmbeddedDynamo;
use crate::nearby::nearby;
use crate::product::{MAILBOXES, Parts, Product};
use crate::world::{PUBLIC_URL, REPLY_DOMAIN, WorldError, bring, consent, request};

/// A machine, and what it has in memory.
#[derive(Clone)]
struct Machine {
    product: Arc<Product>,
    mail_events: Arc<MailEvents>,
    clock: Arc<WrongClock>,
}

type Work = Pin<Box<dyn Future<Output = bool>>>;

struct Task {
    machine: usize,
    job: Job,
    tries: u32,
    work: Work,
    parked: Parked,
    since: Timestamp,
}

struct Waiting {
    at: Timestamp,
    job: Job,
    tries: u32,
}

/// The world that is simulated.
pub(super) struct Stage {
    pub chance: Arc<Chance>,
    pub clock: Arc<SettableClock>,
    pub zoho: Arc<Simulator>,
    pub sink: Arc<Sink>,
    pub ledger: Arc<Mutex<Ledger>>,
    pub org: OrgId,
    pub key: SigningKey,
    /// What happened, for people.
    pub history: VecDeque<String>,
    /// How many gates were passed.
    pub effects: u64,
    /// How many machines died.
    pub crashes: u32,
    gate: Arc<Gate>,
    bus: Arc<LocalBus>,
    table: DynamoTable,
    /// The same rows, with nothing going wrong on the way.
    truth: DynamoTable,
    secrets: Arc<GatedSecrets>,
    carrier: Carrier,
    machines: Vec<Option<Machine>>,
    tasks: Vec<Task>,
    waiting: Vec<Waiting>,
    next_tick: Timestamp,
    next_sweep: Timestamp,
    crash_at: Option<u64>,
    /// When people do something next: time does not jump over it.
    pub alarm: Option<Timestamp>,
    /// Until when what people did may be news.
    stirred: Timestamp,
}

/// What a tick works off, and a sweep.
const MAILS: [&str; 3] = ["send", "lease", "reminder"];
const HINTS: [&str; 4] = ["upkeep", "notification", "writeback", "bulk"];

/// Queues that are empty when everything is done.
const WORKING: [&str; 5] = ["send", "lease", "notification", "writeback", "bulk"];

/// Lines of history that are kept.
const HISTORY: usize = 4000;

impl Stage {
    pub async fn new(options: &Options) -> Result<Self, WorldError> {
        let chance = Arc::new(Chance::of_seed(options.seed));
        let start: Timestamp = START.parse().map_err(|error| WorldError::new("the start", error))?;
        let clock = Arc::new(SettableClock::at(start));
        let mut config = SimConfig::new("http://127.0.0.1:8099");
        let shown = clock.clone();
        config.clock = Arc::new(move || shown.now());
        config.seed = options.seed;
        let zoho = Arc::new(Simulator::new(config));
        let gate = Arc::new(Gate::default());
        let near = nearby(zoho.clone());
        let transport = Arc::new(GatedZoho { zoho: near.transport, gate: gate.clone() });
        let carrier = Carrier { transport, patience: Patience::default() };
        let database = EmbeddedDynamo::memory().map_err(|error| WorldError::new("the table", error))?;
        let truth = database.table().await.map_err(|error| WorldError::new("the table", error))?;
        let table = database.with_faults(chance.clone()).table().await;
        let table = table.map_err(|error| WorldError::new("the table", error))?;
        let ready = zoho.ready();
        Ok(Self {
            org: format!("local-{}", ready.org_id).parse().map_err(|error| WorldError::new("the org", error))?,
            key: SigningKey::new(b"a key of a simulated world")
                .ok_or_else(|| WorldError::new("the key", "is short"))?,
            sink: Arc::new(Sink { departed: Mutex::default(), clock: clock.clone(), chance: chance.clone() }),
            ledger: Arc::default(),
            history: VecDeque::new(),
            effects: 0,
            crashes: 0,
            bus: Arc::default(),
            secrets: Arc::new(GatedSecrets { secrets: Mutex::default(), gate: gate.clone() }),
            machines: (0..options.workers.max(1)).map(|_| None).collect(),
            tasks: Vec::new(),
            waiting: Vec::new(),
            next_tick: start,
            next_sweep: start,
            crash_at: options.crash_at,
            alarm: None,
            stirred: start,
            chance,
            clock,
            zoho,
            gate,
            table,
            truth,
            carrier,
        })
    }

    /// A machine with nothing in its memory, whose clock is wrong by up to five minutes.
    fn machine(&self) -> Result<Machine, WorldError> {
        let (table, truth) = (self.table.clone(), self.truth.clone());
        let table = GatedTable { table, truth, gate: self.gate.clone(), ledger: self.ledger.clone() };
        let store = Store::new(Arc::new(table));
        let skew = if self.chance.strikes(0.5) { self.chance.seconds(-300..301) } else { SignedDuration::ZERO };
        let clock = Arc::new(WrongClock { clock: self.clock.clone(), ahead: skew, gate: self.gate.clone() });
        let ready = self.zoho.ready();
        let secret = SecretString::from(ready.client_secret.clone());
        let accounts =
            edge::clients::zoho_accounts(self.carrier.clone(), &ready.client_id, secret, Some(&ready.base_url))
                .map_err(|error| WorldError::new("accounts", error))?;
        let secrets: Arc<dyn Secrets> = self.secrets.clone();
        let mailboxes =
            edge::clients::mailbox_access(store.clone(), secrets.clone(), clock.clone(), MAILBOXES.to_owned())
                .map_err(|error| WorldError::new("mailboxes", error))?;
        let changes = LeadChanges { store: store.clone(), events: self.bus.clone(), clock: clock.clone() };
        let product = Product::new(Parts {
            store,
            bus: self.bus.clone(),
            secrets,
            carrier: self.carrier.clone(),
            accounts,
            writing: Writing::default(),
            mailer: Arc::new(GatedMailer { mailer: self.sink.clone(), gate: self.gate.clone() }),
            mailboxes,
            clock: clock.clone(),
            key: self.key.clone(),
            public_url: Url::parse(PUBLIC_URL).map_err(|error| WorldError::new("address", error))?,
            reply_domain: Some(REPLY_DOMAIN.to_owned()),
            field_prefix: edge::settings::DEFAULT_FIELD_PREFIX.to_owned(),
            inbound_token: None,
        });
        let mail_events = MailEvents { deliveries: Deliveries { changes } };
        Ok(Machine { product: Arc::new(product), mail_events: Arc::new(mail_events), clock })
    }

    /// Asks for something to be done at an instant.
    pub fn at(&mut self, at: Timestamp, job: Job) {
        self.waiting.push(Waiting { at, job, tries: 0 });
    }

    /// Somebody did something in the CRM.
    pub fn stir(&mut self, what: &str) {
        self.stirred = self.clock.now() + SignedDuration::from_hours(1);
        self.next_sweep = self.next_sweep.min(self.clock.now() + SignedDuration::from_mins(15));
        self.tell(what);
    }

    fn tell(&mut self, what: &str) {
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(format!("{} {what}", self.clock.now()));
    }

    /// Does no message and no row wait for anything but upkeep, which never ends?
    pub fn is_quiet(&self) -> bool {
        let upkeep = |waiting: &Waiting| matches!(waiting.job, Job::Event(Event::UpkeepDue { .. }));
        self.waiting.iter().all(upkeep) && lock(&self.ledger).next_due(&WORKING).is_none()
    }

    /// What still waits, in words.
    pub fn unfinished(&self) -> Vec<String> {
        let tasks = self.tasks.iter().map(|task| task.job.name());
        let waiting = self.waiting.iter().map(|waiting| format!("{} at {}", waiting.job.name(), waiting.at));
        tasks.chain(waiting).chain(lock(&self.ledger).unfinished(&WORKING)).collect()
    }

    /// Goes one gate on, or lets time pass until something is to be done.
    pub async fn step(&mut self) -> Result<(), WorldError> {
        self.collect();
        self.start_jobs()?;
        let now = self.clock.now();
        let movable = |task: &Task| !matches!(task.parked, Parked::Until(until) if until > now);
        let able: Vec<usize> =
            self.tasks.iter().enumerate().filter(|(_, task)| movable(task)).map(|(at, _)| at).collect();
        if able.is_empty() {
            let next = self.next_instant();
            self.clock.advance_to(next);
            return Ok(());
        }
        let chosen = able[self.chance.below(able.len())];
        self.go_on(chosen).await;
        let pause = self.chance.below(40);
        self.clock.advance_to(self.clock.now() + SignedDuration::from_millis(pause as i64));
        Ok(())
    }

    /// Moves a task to its next gate, where it may die.
    async fn go_on(&mut self, chosen: usize) {
        let (gate, task) = (self.gate.clone(), &mut self.tasks[chosen]);
        let moved = poll_fn(|context| match task.work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Err(done)),
            // At no gate, it waits for a pause to end; nobody else moves meanwhile.
            Poll::Pending => gate.take().map_or(Poll::Pending, |parked| Poll::Ready(Ok(parked))),
        })
        .await;
        self.effects += 1;
        match moved {
            Ok(parked) => {
                self.tasks[chosen].parked = parked;
                let late = self.clock.now().duration_since(self.tasks[chosen].since) > self.tasks[chosen].job.limit();
                if late || self.crash_at == Some(self.effects) || self.chance.strikes(0.002) {
                    self.crash(chosen, parked);
                }
            }
            Err(done) => {
                let task = self.tasks.swap_remove(chosen);
                self.tell(&format!(
                    "machine {}: {} {}",
                    task.machine,
                    task.job.name(),
                    if done { "done" } else { "failed" }
                ));
                self.ended(task.job, task.tries, done);
            }
        }
    }

    fn crash(&mut self, chosen: usize, parked: Parked) {
        let task = self.tasks.swap_remove(chosen);
        self.tell(&format!("machine {} dies {parked:?} in {} ({})", task.machine, task.job.name(), self.effects));
        self.crashes += 1;
        self.machines[task.machine] = None;
        self.ended(task.job, task.tries, false);
    }

    fn ended(&mut self, job: Job, tries: u32, done: bool) {
        if let Job::Callback(callback) = &job {
            self.zoho.record_delivery(callback, if done { Ok(200) } else { Err("no answer".to_owned()) });
        }
        if !done && let Some(pause) = job.again(tries + 1) {
            self.waiting.push(Waiting { at: self.clock.now() + pause, job, tries: tries + 1 });
        }
    }

    /// Takes what Zoho and the bus have for somebody, and loses or doubles some of it.
    fn collect(&mut self) {
        let now = self.clock.now();
        for callback in self.zoho.take_due_callbacks(now) {
            self.at(now, Job::Callback(Arc::new(callback)));
        }
        while let Some(event) = self.bus.take() {
            if self.chance.strikes(0.03) {
                self.tell(&format!("{} is lost", Job::Event(event).name()));
                continue;
            }
            let mut delay = self.chance.seconds(0..3);
            if self.chance.strikes(0.05) {
                delay += self.chance.seconds(0..900);
            }
            if self.chance.strikes(0.05) {
                self.at(now + self.chance.seconds(0..600), Job::Event(event.clone()));
            }
            self.at(now + delay, Job::Event(event));
        }
        let (tick, sweep) = self.schedules();
        if tick.is_some_and(|at| at <= now) {
            let twice = self.chance.strikes(0.05);
            (0..=usize::from(twice)).for_each(|_| self.at(now, Job::Tick));
            self.next_tick = now + SignedDuration::from_mins(1);
        }
        if sweep.is_some_and(|at| at <= now) {
            self.at(now, Job::Sweep);
            // Where nobody did anything for an hour, the schedule's calls are left out, most of them.
            self.next_sweep = now + SignedDuration::from_mins(if self.stirred > now { 15 } else { 180 });
        }
    }

    /// When the schedules start the next tick and the next sweep. With nothing to do they would change nothing, and are left
    /// out; the fastest clock says five minutes early that there is something.
    fn schedules(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let ledger = lock(&self.ledger);
        let early = |due: Timestamp| due - SignedDuration::from_mins(5);
        let tick = ledger.next_due(&MAILS).map(|due| early(due).max(self.next_tick));
        let sweep = ledger.next_due(&HINTS).map(|due| early(due).max(self.next_sweep));
        (tick, sweep)
    }

    fn start_jobs(&mut self) -> Result<(), WorldError> {
        let now = self.clock.now();
        while let Some(at) = self.waiting.iter().position(|waiting| waiting.at <= now) {
            let busy = |machine: &usize| self.tasks.iter().any(|task| task.machine == *machine);
            let free: Vec<usize> = (0..self.machines.len()).filter(|machine| !busy(machine)).collect();
            if free.is_empty() {
                break;
            }
            let machine = free[self.chance.below(free.len())];
            let on = match self.machines[machine].clone() {
                Some(on) => on,
                None => self.machine()?,
            };
            self.machines[machine] = Some(on.clone());
            let Waiting { job, tries, .. } = self.waiting.remove(at);
            let work = self.work(on, job.clone());
            self.tasks.push(Task { machine, job, tries, work, parked: Parked::Before("anything"), since: now });
        }
        Ok(())
    }

    fn work(&self, machine: Machine, job: Job) -> Work {
        let Machine { product, mail_events, clock } = machine;
        let (zoho, org) = (self.zoho.clone(), self.org.clone());
        Box::pin(async move {
            match job {
                Job::Connect => consent(&product, &zoho, "/oauth/authorize", "")
                    .await
                    .is_ok_and(|answer| answer.status().is_success()),
                Job::AddAssistant => super::people::add_assistant(&product, &org).await,
                Job::Tick => product.tick().await.is_ok(),
                Job::Sweep => product.sweep(clock.real()).await.is_ok(),
                Job::Event(event) => product.deliver(&event).await,
                Job::Callback(callback) => (200..300).contains(&bring(&product, &callback).await),
                Job::Mail(raw) => product.receive(&raw).await.is_ok(),
                Job::Report(report) => mail_events.apply(&report).await.is_ok(),
                Job::Unsubscribe(path) => {
                    request(&product, "POST", &path, None, Body::Empty).await.status().is_success()
                }
            }
        })
    }

    fn next_instant(&self) -> Timestamp {
        let (tick, sweep) = self.schedules();
        let sleepers = self.tasks.iter().filter_map(|task| match task.parked {
            Parked::Until(until) => Some(until),
            Parked::Before(_) | Parked::After(_) => None,
        });
        let jobs = self.waiting.iter().map(|waiting| waiting.at);
        let known = [tick, sweep, self.zoho.next_callback_due(), self.alarm].into_iter().flatten();
        let soonest = known.chain(sleepers).chain(jobs).min();
        let now = self.clock.now();
        soonest
            .unwrap_or(now + SignedDuration::from_hours(1))
            .clamp(now + SignedDuration::from_millis(1), now + SignedDuration::from_hours(1))
    }
}
