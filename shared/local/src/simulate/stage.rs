//! The scheduler: machines take jobs, one gate at a time, in an order that the seed decides.
//!
//! **Invariant:** a machine does one job at a time, as a Lambda instance does. What it forgets when it dies is what it had
//! in memory; what it did stays done.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::ops::Deref;
use std::sync::Arc;
use std::task::Poll;

use app::ports::Event;
use jiff::{SignedDuration, Timestamp};

use super::boundary::Boundary;
use super::chance::Chance;
use super::due::Due;
use super::gate::{Parked, lock};
use super::job::Job;
use super::machine::{Grounds, Machine, Work};
use super::tenant::Tenant;
use super::{Options, START};
use crate::clock::SettableClock;
use crate::embedded::EmbeddedDynamo;
use crate::world::WorldError;

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
    grounds: Grounds,
    /// What happened, for people.
    pub history: VecDeque<String>,
    /// How many gates were passed.
    pub effects: u64,
    /// How many machines died.
    pub crashes: u32,
    /// Where a machine could have died; kept where nothing else goes wrong.
    pub boundaries: Vec<Boundary>,
    /// What is not known yet.
    pub due: Due,
    machines: Vec<Option<Machine>>,
    tasks: Vec<Task>,
    waiting: Vec<Waiting>,
    next_tick: Timestamp,
    next_sweep: Timestamp,
    next_poll: Timestamp,
    options: Options,
    /// When people do something next: time does not jump over it.
    pub alarm: Option<Timestamp>,
    /// Until when what people did may be news.
    stirred: Timestamp,
}

impl Deref for Stage {
    type Target = Grounds;

    fn deref(&self) -> &Grounds {
        &self.grounds
    }
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
        let orgs = 0..options.orgs();
        let tenants: Vec<_> = orgs.map(|number| Tenant::new(number, options, &clock)).collect::<Result<_, _>>()?;
        let database = EmbeddedDynamo::memory().map_err(|error| WorldError::new("the table", error))?;
        let truth = database.table().await.map_err(|error| WorldError::new("the table", error))?;
        let table = database.with_faults(chance.clone()).table().await;
        let table = table.map_err(|error| WorldError::new("the table", error))?;
        Ok(Self {
            grounds: Grounds::new(tenants, (table, truth), clock, chance)?,
            history: VecDeque::new(),
            effects: 0,
            crashes: 0,
            boundaries: Vec::new(),
            due: Due::default(),
            machines: (0..options.workers.max(1)).map(|_| None).collect(),
            tasks: Vec::new(),
            waiting: Vec::new(),
            next_tick: start,
            next_sweep: start,
            next_poll: start,
            options: options.clone(),
            alarm: None,
            stirred: start,
        })
    }

    /// Asks for something to be done at an instant.
    pub fn at(&mut self, at: Timestamp, job: Job) {
        self.waiting.push(Waiting { at, job, tries: 0 });
    }

    /// Somebody did something in the CRM.
    pub fn stir(&mut self, what: &str) {
        self.stirred = self.clock.now() + SignedDuration::from_hours(1);
        // The schedule has its own quarters of an hour, whatever people do.
        let (now, quarter) = (self.clock.now(), 15 * 60);
        let next = now + SignedDuration::from_secs(quarter - now.as_second().rem_euclid(quarter));
        self.next_sweep = self.next_sweep.min(next);
        self.tell(what);
    }

    /// Somebody assigned a record, or took it away.
    pub fn expect(&mut self, tenant: usize, module: &str, id: &str, ends: bool) {
        let (lead, now) = (self.lead(tenant, module, id), self.clock.now());
        self.due.expect(&lock(&self.grounds.ledger), lead, ends, now);
    }

    /// A record became another one.
    pub fn forget(&mut self, tenant: usize, module: &str, id: &str) {
        let lead = self.lead(tenant, module, id);
        self.due.forget(&lead);
    }

    /// The partition of a record's lead.
    fn lead(&self, tenant: usize, module: &str, id: &str) -> String {
        format!("lead#{}#{}-{id}", self.tenants[tenant].org, module.to_lowercase())
    }

    fn tell(&mut self, what: &str) {
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(format!("{} {what}", self.grounds.clock.now()));
    }

    /// Does no message and no row wait for anything but upkeep, which never ends, and is every mail read?
    pub fn is_quiet(&self) -> bool {
        let ledger = lock(&self.ledger);
        let upkeep = |waiting: &Waiting| matches!(waiting.job, Job::Event(Event::UpkeepDue { .. }));
        self.waiting.iter().all(upkeep) && ledger.next_due(&WORKING).is_none() && !self.is_mail_unread(&ledger)
    }

    fn is_mail_unread(&self, ledger: &super::ledger::Ledger) -> bool {
        ledger.read_up_to.iter().any(|(address, read)| self.post.in_box(address) as u64 > *read)
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
        let (gate, task) = (self.grounds.gate.clone(), &mut self.tasks[chosen]);
        let commits = lock(&self.grounds.ledger).commits;
        let moved = poll_fn(|context| match task.work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Err(done)),
            // At no gate, it waits for a pause to end; nobody else moves meanwhile.
            Poll::Pending => gate.take().map_or(Poll::Pending, |parked| Poll::Ready(Ok(parked))),
        })
        .await;
        self.effects += 1;
        self.look_closer(chosen, commits);
        match moved {
            Ok(parked) => {
                let task = &mut self.tasks[chosen];
                task.parked = parked;
                if self.options.keeps_boundaries() {
                    self.boundaries.extend(Boundary::of(self.effects, &task.job, parked));
                }
                let late = self.grounds.clock.now().duration_since(task.since) > task.job.limit();
                if late || self.options.crash_at == Some(self.effects) || self.chance.strikes(0.002) {
                    self.crash(chosen, parked);
                }
            }
            Err(done) => {
                let task = self.tasks.swap_remove(chosen);
                let name = task.job.name();
                self.tell(&format!("machine {}: {name} {}", task.machine, if done { "done" } else { "failed" }));
                self.ended(task.job, task.tries, done);
            }
        }
    }

    /// What the move did, where somebody wants to know, or it must not have done anything.
    fn look_closer(&mut self, chosen: usize, commits: u64) {
        let ledger = self.grounds.ledger.clone();
        let mut ledger = lock(&ledger);
        let written = std::mem::take(&mut ledger.written);
        if !written.is_empty() {
            self.due.settle(&ledger, &written, self.grounds.clock.now());
        }
        let job = &self.tasks[chosen].job;
        if matches!(job, Job::Fetch(path, _) if path.starts_with("/unsubscribe")) && ledger.commits > commits {
            ledger.broken.push("a GET of an unsubscribe link wrote something".to_owned());
        }
        if self.options.detailed {
            let name = job.name();
            for (lead, line) in written {
                self.tell(&format!("machine {}, {name}: {lead} {line}", self.tasks[chosen].machine));
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
        if let Job::Callback(tenant, callback) = &job {
            let answer = if done { Ok(200) } else { Err("no answer".to_owned()) };
            self.tenants[*tenant].zoho.record_delivery(callback, answer);
        }
        if !done && let Some(pause) = job.again(tries + 1) {
            self.waiting.push(Waiting { at: self.clock.now() + pause, job, tries: tries + 1 });
        }
    }

    /// Takes what Zoho and the bus have for somebody, and loses or doubles some of it.
    fn collect(&mut self) {
        let now = self.clock.now();
        for tenant in 0..self.tenants.len() {
            for callback in self.tenants[tenant].zoho.take_due_callbacks(now) {
                self.at(now, Job::Callback(tenant, Arc::new(callback)));
            }
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
        let [tick, sweep, poll] = self.schedules();
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
        if poll.is_some_and(|at| at <= now) {
            self.at(now, Job::Poll);
            self.next_poll = now + SignedDuration::from_mins(1);
        }
    }

    /// When the schedules start the next tick, the next sweep and the next look at mailboxes. With nothing to do they would
    /// change nothing, and are left out; the fastest clock says five minutes early that there is something.
    fn schedules(&self) -> [Option<Timestamp>; 3] {
        let ledger = lock(&self.ledger);
        let early = |due: Timestamp| due - SignedDuration::from_mins(5);
        let tick = ledger.next_due(&MAILS).map(|due| early(due).max(self.next_tick));
        let sweep = ledger.next_due(&HINTS).map(|due| early(due).max(self.next_sweep));
        let poll = self.is_mail_unread(&ledger).then_some(self.next_poll);
        [tick, sweep, poll]
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
                None => Machine::start(&self.grounds)?,
            };
            self.machines[machine] = Some(on.clone());
            let Waiting { job, tries, .. } = self.waiting.remove(at);
            let work = on.work(&self.tenants, job.clone());
            self.tasks.push(Task { machine, job, tries, work, parked: Parked::Looking("anything"), since: now });
        }
        Ok(())
    }

    fn next_instant(&self) -> Timestamp {
        let sleepers = self.tasks.iter().filter_map(|task| match task.parked {
            Parked::Until(until) => Some(until),
            Parked::Looking(_) | Parked::Before(_) | Parked::After(_) => None,
        });
        let jobs = self.waiting.iter().map(|waiting| waiting.at);
        let callbacks = self.tenants.iter().filter_map(|tenant| tenant.zoho.next_callback_due());
        let known = self.schedules().into_iter().chain([self.alarm]).flatten();
        let soonest = known.chain(sleepers).chain(jobs).chain(callbacks).min();
        let now = self.clock.now();
        soonest
            .unwrap_or(now + SignedDuration::from_hours(1))
            .clamp(now + SignedDuration::from_millis(1), now + SignedDuration::from_hours(1))
    }
}
