//! An org's credits and calls in flight.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::{Bucket, Flow, OrgId};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::error::AppError;
use crate::ports::{Allowance, Budgets, Clock, CrmError, Pass, TableError};
use crate::store::{Budget, Places, Spent, Store, Stored};

/// A worker's places are its own for so long: a call that is begun in time is over by then.
const LIFE: SignedDuration = SignedDuration::from_secs(40);
/// It takes new ones after this long, which is also when it hears that the CRM slowed others.
const FRESH: SignedDuration = SignedDuration::from_secs(10);
/// The calls that one worker has in flight at the most.
const AT_ONCE: u32 = 3;
/// What a worker takes at first; twice as much each time it needs more, and that at the most.
const FIRST_SLICE: u32 = 25;
const LAST_SLICE: u32 = 400;
/// A call waits that long; what has to wait longer is done later.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// While all places are taken, they are asked for again this often.
const POLL: SignedDuration = SignedDuration::from_millis(500);
/// The first pause after a 429; the next one is twice as long.
const FIRST_PAUSE: i64 = 2;
/// Without a 429 for this long, the next one is a first one.
const FORGIVEN: SignedDuration = SignedDuration::from_mins(2);
/// An allowance changes when somebody buys another edition.
const ALLOWANCE_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// Others may write the budget at the same time.
const TRIES: usize = 10;

/// The budgets of all orgs, as one worker has part in them.
pub struct CrmBudgets {
    store: Store,
    clock: Arc<dyn Clock>,
    worker: String,
    shares: Mutex<HashMap<OrgId, Arc<Share>>>,
}

/// This worker's share of an org's budget.
struct Share {
    state: Mutex<State>,
    /// A place became free.
    freed: Notify,
    /// One of the worker's calls at a time asks the table.
    asking: tokio::sync::Mutex<()>,
}

struct State {
    credits: u32,
    slice: u32,
    places: u32,
    in_flight: u32,
    /// When places and credits were taken.
    taken_at: Timestamp,
    closed_until: Timestamp,
    allowance: Option<(Allowance, Timestamp)>,
}

enum Door {
    Open,
    /// All places of this worker are in use.
    Full,
    /// It has to take new places or credits.
    Ask,
    Closed(Timestamp),
}

impl Allowance {
    /// How credits flow to us: in 24 hours at most four fifths of all there are, half of them at once. The rest is for
    /// people and for other programs.
    fn flow(&self) -> Flow {
        let half = self.credits_a_day / 5 * 2;
        Flow { capacity: half, a_day: half }
    }
}

impl State {
    fn is_used_up(&self, credits: u32, now: Timestamp) -> bool {
        let is_fresh = self.taken_at <= now && now.duration_since(self.taken_at) < FRESH;
        !is_fresh || self.credits < credits
    }
}

impl Share {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes places and credits, if this worker has them.
    fn knock(&self, credits: u32, places: u32, now: Timestamp) -> Door {
        let mut state = self.state();
        if state.closed_until > now {
            return Door::Closed(state.closed_until);
        }
        if state.is_used_up(credits, now) || (state.in_flight == 0 && state.places < places) {
            return Door::Ask;
        }
        if state.in_flight + places > state.places {
            return Door::Full;
        }
        state.in_flight += places;
        state.credits -= credits;
        Door::Open
    }
}

impl CrmBudgets {
    /// This worker's part in all budgets.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        let mut name = [0; 8];
        // Two workers of one name would share their places: slower, and never more than is allowed.
        getrandom::fill(&mut name).ok();
        Self { store, clock, worker: data_encoding::HEXLOWER.encode(&name), shares: Mutex::default() }
    }

    fn share(&self, org: &OrgId) -> Arc<Share> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        let share = shares.entry(org.clone()).or_insert_with(|| {
            let state = State {
                credits: 0,
                slice: FIRST_SLICE,
                places: 0,
                in_flight: 0,
                taken_at: Timestamp::UNIX_EPOCH,
                closed_until: Timestamp::UNIX_EPOCH,
                allowance: None,
            };
            Arc::new(Share { state: Mutex::new(state), freed: Notify::new(), asking: tokio::sync::Mutex::default() })
        });
        share.clone()
    }

    async fn allowance(&self, org: &OrgId, share: &Share) -> Result<Allowance, AppError> {
        let now = self.clock.real();
        if let Some((allowance, read_at)) = share.state().allowance
            && read_at + ALLOWANCE_LIFE > now
        {
            return Ok(allowance);
        }
        let connection = self.store.connection(org).await?;
        let allowance = connection.map(|stored| stored.value.allowance).unwrap_or_default();
        share.state().allowance = Some((allowance, now));
        Ok(allowance)
    }

    /// Takes places and a slice of credits out of the table; otherwise says from when on it is of use to ask again.
    async fn ask(
        &self,
        org: &OrgId,
        share: &Share,
        credits: u32,
        places: u32,
    ) -> Result<Result<(), Timestamp>, AppError> {
        let allowance = self.allowance(org, share).await?;
        let flow = allowance.flow();
        for _ in 0..TRIES {
            let now = self.clock.real();
            let (mut budget, version) = self.read(org, flow, now).await?;
            if budget.closed_until > now {
                share.state().closed_until = budget.closed_until;
                return Ok(Err(budget.closed_until));
            }
            budget.places.retain(|places| places.until > now && places.worker != self.worker);
            let taken: u32 = budget.places.iter().map(|places| places.count).sum();
            let free = allowance.calls_at_once.saturating_sub(taken);
            let (in_flight, unspent, slice) = {
                let state = share.state();
                (state.in_flight, state.credits, state.slice)
            };
            // Half of what is free: whoever comes next finds some too.
            let count = free.div_ceil(2).min(AT_ONCE).max(places).max(in_flight);
            if count > free.max(in_flight) {
                return Ok(Err(now + POLL));
            }
            budget.credits.give_back(flow, unspent);
            let got = budget.credits.take_up_to(flow, slice.max(credits), now);
            if got < credits {
                return Ok(Err(budget.credits.when(flow, credits, now)));
            }
            let today = now.to_zoned(TimeZone::UTC).date();
            let spent = (budget.spent.by(today) + got).saturating_sub(unspent);
            budget.spent = Spent { on: today, credits: spent };
            budget.places.push(Places { worker: self.worker.clone(), count, until: now + LIFE });
            match self.store.put_budget(org, &budget, version).await {
                Ok(()) => {
                    let mut state = share.state();
                    // What was spent while this was written is of the new slice.
                    let spent = unspent - state.credits.min(unspent);
                    let used_up = state.credits < credits && now.duration_since(state.taken_at) < FRESH;
                    state.slice = if used_up { (slice * 2).min(LAST_SLICE) } else { FIRST_SLICE };
                    state.credits = got.saturating_sub(spent);
                    (state.places, state.taken_at) = (count, now);
                    return Ok(Ok(()));
                }
                Err(TableError::Unexpected(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Err(self.clock.real() + POLL))
    }

    async fn read(&self, org: &OrgId, flow: Flow, now: Timestamp) -> Result<(Budget, Option<u64>), AppError> {
        Ok(match self.store.budget(org).await? {
            Some(Stored { value, version }) => (value, Some(version)),
            None => {
                let credits = Bucket::full(flow, now);
                let closed_until = Timestamp::UNIX_EPOCH;
                (Budget { credits, places: Vec::new(), closed_until, slowed: 0, spent: Spent::default() }, None)
            }
        })
    }

    /// Changes the budget for everybody.
    async fn change(&self, org: &OrgId, change: impl Fn(&mut Budget, Timestamp) + Send + Sync) -> Result<(), AppError> {
        let share = self.share(org);
        let flow = self.allowance(org, &share).await?.flow();
        for _ in 0..TRIES {
            let now = self.clock.real();
            let (mut budget, version) = self.read(org, flow, now).await?;
            let before = budget.clone();
            change(&mut budget, now);
            share.state().closed_until = budget.closed_until;
            if budget == before {
                return Ok(());
            }
            match self.store.put_budget(org, &budget, version).await {
                Err(TableError::Unexpected(_)) => {}
                written => return Ok(written?),
            }
        }
        Err(AppError::Contended(format!("the budget of {org}")))
    }
}

#[async_trait]
impl Budgets for CrmBudgets {
    async fn enter(&self, org: &OrgId, credits: u32, places: u32) -> Result<Pass, CrmError> {
        let share = self.share(org);
        let began = self.clock.real();
        loop {
            let until = match share.knock(credits, places, self.clock.real()) {
                Door::Open => {
                    let leave = move || {
                        share.state().in_flight -= places;
                        (0..places).for_each(|_| share.freed.notify_one());
                    };
                    return Ok(Pass::new(leave));
                }
                // Some call of this worker's is always in flight while it has much to do.
                Door::Full if places > 1 => return Err(CrmError::Throttled { until: self.clock.real() }),
                Door::Full => {
                    share.freed.notified().await;
                    continue;
                }
                Door::Closed(until) => until,
                Door::Ask => {
                    let _asking = share.asking.lock().await;
                    // Another call may have asked meanwhile.
                    let (is_used_up, has) = {
                        let state = share.state();
                        (state.is_used_up(credits, self.clock.real()), state.places)
                    };
                    if !is_used_up && has >= places {
                        continue;
                    }
                    match self.ask(org, &share, credits, places).await {
                        Ok(Ok(())) => continue,
                        Ok(Err(until)) => until,
                        Err(error) => return Err(CrmError::Busy(format!("its budget cannot be read: {error}"))),
                    }
                }
            };
            let now = self.clock.real();
            if until > began + PATIENCE || places > 1 {
                return Err(CrmError::Throttled { until });
            }
            self.clock.sleep(until.duration_since(now).max(SignedDuration::from_millis(1))).await;
        }
    }

    async fn slowed(&self, org: &OrgId, pause: Option<SignedDuration>) {
        let slow = |budget: &mut Budget, now: Timestamp| {
            if budget.closed_until <= now {
                // Calls that were in flight together are told once.
                let again = budget.closed_until + FORGIVEN > now;
                budget.slowed = if again { budget.slowed + 1 } else { 0 };
            }
            let back_off = SignedDuration::from_secs(FIRST_PAUSE << budget.slowed.min(6));
            budget.closed_until = budget.closed_until.max(now + pause.unwrap_or(back_off));
        };
        match self.change(org, slow).await {
            Ok(()) => tracing::info!(%org, "the CRM takes no more calls for now: everybody waits"),
            Err(error) => tracing::warn!(%org, %error, "the others could not be told that the CRM takes no more calls"),
        }
    }

    async fn left(&self, org: &OrgId, credits: u32) {
        let share = self.share(org);
        let ours = {
            let mut state = share.state();
            let reserve = state.allowance.map_or(0, |(allowance, _)| allowance.credits_a_day / 10);
            let ours = credits.saturating_sub(reserve);
            // It is said with each answer once half is gone; it matters when it is less than we think.
            if state.credits <= ours && ours > LAST_SLICE {
                return;
            }
            state.credits = state.credits.min(ours);
            ours
        };
        if let Err(error) = self.change(org, |budget, _| budget.credits.limit(ours)).await {
            tracing::warn!(%org, %error, "how many credits are left could not be stored");
        }
    }
}
