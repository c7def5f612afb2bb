//! The simulator: one lock around the world, one way in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::HeaderName;
use jiff::Timestamp;
use serde_json::json;

use crate::{
    Callback, Clock, Ready, Reply, SimConfig, accounts, control,
    crm::{self, Caller},
    reply::{Answer, Outcome, Refusal},
    request::Request,
    world::World,
};

/// Heavy calls (COQL, send mail, composite, ...) that may be in flight at once, whatever the edition.
const SUB_CONCURRENCY: u64 = 10;

/// A Zoho organisation with its accounts server. Synchronous and without sockets: a test calls it directly, [`serve`]
/// puts it on a port.
///
/// [`serve`]: crate::serve
pub struct Simulator {
    world: Mutex<World>,
    clock: Clock,
    ready: Ready,
    in_flight: Arc<Mutex<InFlight>>,
}

#[derive(Debug, Default)]
struct InFlight {
    calls: u64,
    heavy: u64,
}

/// A call's place among those in flight; dropping it frees the place.
#[derive(Debug)]
pub struct Slot {
    counts: Arc<Mutex<InFlight>>,
    weight: u64,
    heavy: bool,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.calls -= self.weight;
        counts.heavy -= u64::from(self.heavy);
    }
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator").field("base_url", &self.ready.base_url).finish_non_exhaustive()
    }
}

impl Simulator {
    /// A new organisation. Its first administrator has consented to everything; see [`Simulator::ready`].
    pub fn new(config: SimConfig) -> Self {
        let mut world = World::new(&config);
        let admin = world.first_admin().map(|user| user.id.clone()).unwrap_or_default();
        let refresh_token = world.grant(&admin, accounts::EVERYTHING).unwrap_or_default();
        let ready = Ready {
            base_url: config.base_url,
            client_id: config.client.id,
            client_secret: config.client.secret,
            refresh_token,
            org_id: config.zgid,
        };
        Self { world: Mutex::new(world), clock: config.clock, ready, in_flight: Arc::default() }
    }

    /// What a client needs to connect.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The simulator's time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Answers one call. Never panics, whatever is sent.
    pub fn call(&self, request: http::Request<Bytes>) -> Reply {
        self.call_holding(request).0
    }

    /// Answers one call and keeps it counted as in flight until the slot is dropped.
    pub fn call_holding(&self, request: http::Request<Bytes>) -> (Reply, Option<Slot>) {
        let request = Request::from_http(request);
        self.act(|world| {
            if request.segments.first().is_some_and(|first| first == "_sim") {
                return (Reply::Answer(control::answer(world, &self.ready, &request).into_response()), None);
            }
            world.meter.count(request.method.as_str(), &request.path);
            let (answer, slot) = answer(world, &self.in_flight, &request);
            (answer.map_or(Reply::NoAnswer, |answer| Reply::Answer(answer.into_response())), slot)
        })
    }

    /// Callbacks that are due, oldest first; each is handed out once and counts as delivered until
    /// [`Simulator::record_delivery`] says otherwise.
    pub fn take_due_callbacks(&self, now: Timestamp) -> Vec<Callback> {
        self.lock().notifications.take_due(now)
    }

    /// When the next callback is due.
    pub fn next_callback_due(&self) -> Option<Timestamp> {
        self.lock().notifications.next_due()
    }

    /// Records what became of a callback: the status it was answered with, or why it was not.
    pub fn record_delivery(&self, callback: &Callback, result: Result<u16, String>) {
        let mut world = self.lock();
        let Some(delivery) = world.notifications.sent.get_mut(callback.id) else { return };
        match result {
            Ok(status) => {
                delivery.status = Some(status);
                if !(200..300).contains(&status) {
                    delivery.outcome = "failed";
                }
            }
            Err(error) => {
                delivery.error = Some(error);
                delivery.outcome = "failed";
            }
        }
    }

    /// How long a call stays in flight over HTTP.
    pub(crate) fn latency(&self) -> Option<std::time::Duration> {
        self.lock().faults.latency_ms.map(std::time::Duration::from_millis)
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something at the present instant; what happened to records becomes callbacks.
    pub(crate) fn act<T>(&self, action: impl FnOnce(&mut World) -> T) -> T {
        let now = self.now();
        let mut world = self.lock();
        world.now = now;
        let result = action(&mut world);
        world.queue_callbacks();
        result
    }
}

/// Faults around the real answer; `None` is no answer.
fn answer(world: &mut World, in_flight: &Arc<Mutex<InFlight>>, request: &Request) -> (Option<Answer>, Option<Slot>) {
    let oauth = request.segments.first().is_some_and(|first| first == "oauth");
    let strike = world.faults.strike_call(&mut world.rng, request.method.as_str(), &request.path, oauth);
    let strike = strike.as_deref().unwrap_or("");
    let instead = match strike {
        "not_reached" => return (None, None),
        "html" => Some(maintenance()),
        "server_error" => Some(internal_error(oauth)),
        "rate429" => Some(too_many_requests(world)),
        "token_throttle" => Some(accounts::throttled()),
        "no_permission" => Some(Refusal::permission().into()),
        _ => None,
    };
    if let Some(instead) = instead {
        return (Some(instead), None);
    }
    let slot = if oauth { None } else { enter(in_flight, world.faults.concurrency, request) };
    let given = if oauth {
        accounts::answer(world, request).unwrap_or_else(Answer::from)
    } else if slot.is_none() {
        too_many_requests(world)
    } else {
        crm_answer(world, request, strike == "token_death")
    };
    let given = match strike {
        "error_after_acting" => Some(internal_error(oauth)),
        "no_answer" => None,
        _ => Some(given),
    };
    (given, slot)
}

/// Takes a place, if the limit leaves one.
fn enter(in_flight: &Arc<Mutex<InFlight>>, limit: Option<u64>, request: &Request) -> Option<Slot> {
    let (weight, heavy) = crm::weight_of(request);
    let mut counts = in_flight.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(limit) = limit
        && (counts.calls + weight > limit || (heavy && counts.heavy >= SUB_CONCURRENCY))
    {
        return None;
    }
    counts.calls += weight;
    counts.heavy += u64::from(heavy);
    Some(Slot { counts: Arc::clone(in_flight), weight, heavy })
}

fn crm_answer(world: &mut World, request: &Request, token_dies: bool) -> Answer {
    if !matches!(request.segments.first().map(String::as_str), Some("crm")) {
        return Refusal::url_pattern().into();
    }
    let caller = match Caller::authenticate(world, request) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into(),
    };
    if token_dies {
        world.accounts.revoke(&caller.token);
        return Refusal::token().into();
    }
    let (now, enforced) = (world.now, world.faults.enforce_credits);
    if enforced.is_some_and(|limit| world.meter.used(now) >= limit) {
        return too_many_requests(world);
    }
    let outcome: Outcome = crm::dispatch(world, &caller, request);
    let mut answer = outcome.unwrap_or_else(Answer::from);
    world.meter.spend(now, answer.credits);
    if let Some(left) = world.meter.remaining_header(now, enforced) {
        answer.headers.push((HeaderName::from_static("x-api-credits-remaining"), left.to_string()));
    }
    answer
}

/// Zoho does not document the body of a 429, so it varies: only the status can be relied on.
fn too_many_requests(world: &mut World) -> Answer {
    match world.rng.below(3) {
        0 => {
            let message = "You have exceeded the allowed number of requests. Please try again after some time.";
            Refusal::new(429, "TOO_MANY_REQUESTS", message, json!({})).into()
        }
        1 => Answer::html(429, "<html><body><h1>429 Too Many Requests</h1></body></html>"),
        _ => Answer::empty(429),
    }
}

fn maintenance() -> Answer {
    Answer::html(503, "<html><body><h1>We will be back soon</h1><p>Maintenance is in progress.</p></body></html>")
}

fn internal_error(oauth: bool) -> Answer {
    if oauth {
        return Answer::json(500, json!({"error": "general_error"}));
    }
    Refusal::new(500, "INTERNAL_ERROR", "Internal server error occurred.", json!({})).into()
}
