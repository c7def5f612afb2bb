//! The whole product in a world where everything goes wrong that can, in an order that a seed decides: machines die before
//! and after everything they do, messages are lost, doubled, late and overtake each other, the table conflicts, throttles
//! and shows old rows, Zoho and mailboxes refuse and forget to answer, clocks are wrong, and people change what they like
//! meanwhile: they merge, convert and delete records, order things for one lead or all, approve mails or refuse them.
//!
//! **Invariant:** the same seed and options play the same story, word for word.
//!
//! What is promised, and where it is looked at:
//!
//! | promise | looked at |
//! |---|---|
//! | 1 nobody is lost | at the end no record is an assistant's and nothing is left to do (`promises::records`); in a journey everybody got their mail (`promises::journey`) |
//! | 2 nobody is mailed twice | no delivery left twice; none is still under way, and of each that nobody can tell a note says so (`promises::mails`) |
//! | 3 suppression wins | no claim after the commit that suppressed its address (`promises::mails`) |
//! | 4 owner last, and only ours | no hand-back leaves the outbox before what was to be done before it (`Ledger::note`); nobody's record but an assistant's changes hands by us (`promises::records`) |
//! | 5 logged once | no mail twice on a record, each that left on its record (`promises::mails`); no note twice (`promises::notes`) |
//! | 6 status never goes down by itself | by each commit of a lead (`Ledger::note`) |
//! | 7 tenants never meet | two orgs with records of the same ids and people of the same addresses; no commit writes rows of two (`Ledger::note`), and no org has a mail of the other on its records (`promises::mails`) |
//! | 8 tokens stay put | no row has one (`Ledger::note`); never more than ten new ones in ten minutes (`promises::tokens`) |
//! | 9 GET changes nothing | scanners follow every link: nothing is written for one that unsubscribes (`Stage::look_closer`), nobody is suppressed who did not speak (`promises::mails`) |
//! | 10 a model proposes, code disposes | no model plays here: the guard's own tests |
//! | 11 our own writes are no news | no record changes hands by us more often than it was begun with (`promises::records`); the story ends |
//! | 12 backpressure | never more calls at once than the edition allows, no more mails a day than the cap (`promises::budgets`) |

mod answers;
mod boundary;
mod chance;
mod due;
mod gate;
mod job;
mod json;
mod ledger;
mod machine;
mod people;
mod post;
mod promises;
mod staff;
mod stage;
mod tenant;

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::{SignedDuration, Timestamp};
use zoho_sim::Faults;

use crate::world::WorldError;
pub use boundary::Boundary;
use job::Job;
use people::People;
use stage::Stage;

/// A Monday morning in London.
const START: &str = "2026-01-05T08:30:00Z";

/// What people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// What the seed says.
    Storm,
    /// What the seed says, and no notification ever comes. Nothing else goes wrong.
    Silence,
    /// Everything is assigned at once, half to each of two assistants; looked at for one working day. Nothing goes wrong.
    Rush,
    /// What is written for them: one answers, one says nothing, one wants no more mail, and so on. Nothing goes wrong but
    /// the one crash that is asked for.
    Journey,
}

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Options {
    /// Decides everything.
    pub seed: u64,
    /// How long people go on, in days.
    pub days: i64,
    /// How many records there are.
    pub leads: usize,
    /// How many machines work at a time.
    pub workers: usize,
    /// What people do.
    pub story: Story,
    /// A machine dies when this many effects happened.
    pub crash_at: Option<u64>,
    /// Does the history say what becomes of each lead?
    pub detailed: bool,
}

impl Options {
    /// A story in which much goes wrong.
    pub fn storm(seed: u64) -> Self {
        let workers = [2, 3, 5, 9, 17, 64][(seed % 6) as usize];
        Self { seed, days: 2, leads: 5, workers, story: Story::Storm, crash_at: None, detailed: false }
    }

    /// A story in which nobody tells of anything.
    pub fn silence(seed: u64) -> Self {
        Self { workers: 3, story: Story::Silence, ..Self::storm(seed) }
    }

    /// A story in which so many records are assigned at once.
    pub fn rush(leads: usize) -> Self {
        Self { days: 1, leads, workers: 8, story: Story::Rush, ..Self::storm(1) }
    }

    /// A story in which all goes well, with as many leads as it takes to meet everything once.
    pub fn journey() -> Self {
        Self { days: 1, leads: 3, workers: 2, story: Story::Journey, ..Self::storm(1) }
    }

    /// Every third storm is one over two orgs.
    fn orgs(&self) -> usize {
        if self.story == Story::Storm && self.seed.is_multiple_of(3) { 2 } else { 1 }
    }

    fn keeps_boundaries(&self) -> bool {
        self.story == Story::Journey && self.crash_at.is_none()
    }
}

/// How a story ended.
#[derive(Debug, Clone)]
pub struct Ending {
    /// Promises that were broken.
    pub broken: Vec<String>,
    /// The last of what happened.
    pub history: Vec<String>,
    /// A number that two equal stories share.
    pub print: u64,
    /// Gates that were passed.
    pub effects: u64,
    /// Mails that left.
    pub mails: usize,
    /// Machines that died.
    pub crashes: u32,
    /// Where a machine could have died; of a journey without a crash.
    pub boundaries: Vec<Boundary>,
    /// How long it took at the most until it was known that a record was assigned, taken away or deleted.
    pub slowest: SignedDuration,
    /// When each of them was known.
    pub known: Vec<Timestamp>,
    /// When each mail left, and from whom.
    pub left: Vec<(Timestamp, String)>,
    /// The most calls to Zoho that were under way at once.
    pub calls_at_once: u32,
    /// Calls that Zoho refused for being too many.
    pub refused: u32,
}

impl Ending {
    /// What happened to the records that the broken promises name, as far as the history goes.
    pub fn about_broken(&self) -> Vec<&str> {
        let is_id = |word: &&str| word.len() > 9 && word.bytes().all(|byte| byte.is_ascii_digit());
        let words = self.broken.iter().flat_map(|promise| promise.split(|c: char| !c.is_ascii_digit()));
        let ids: Vec<&str> = words.filter(is_id).collect();
        let about = |line: &&str| ids.iter().any(|id| line.contains(id));
        self.history.iter().map(String::as_str).filter(about).collect()
    }
}

/// What no notification tells is found out by upkeep, whose calls take their seconds.
const FOUND_WITHIN: SignedDuration = SignedDuration::from_secs(10).saturating_add(app::upkeep::INTERVAL);

/// Plays one story from its beginning to the day on which nothing is left to do.
pub fn play(options: &Options) -> Result<Ending, WorldError> {
    // A clock of its own that only runs when nothing else does: pauses take no time.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| WorldError::new("no runtime", error))?;
    runtime.block_on(story(options))
}

async fn story(options: &Options) -> Result<Ending, WorldError> {
    let mut stage = Stage::new(options).await?;
    let start = stage.clock.now();
    let staff = people::staff(options);
    for tenant in 0..stage.tenants.len() {
        stage.at(start, Job::Connect(tenant));
        stage.at(start + SignedDuration::from_mins(5), Job::AddAssistants(tenant, staff));
    }
    while stage.clock.now() < start + SignedDuration::from_mins(20) {
        stage.step().await?;
    }
    let mut people = People::new(&stage, options).map_err(|error| WorldError::new("people", error))?;
    let faults = match options.story {
        Story::Storm => {
            "rate429=0.01,server_error=0.01,html=0.005,not_reached=0.01,error_after_acting=0.01,no_answer=0.01,\
             token_death=0.005,lost_notifications=0.05,duplicate_notifications=0.05,reorder_notifications=0.05"
        }
        Story::Silence => "lost_notifications=1",
        // What the simulated edition gives in a day.
        Story::Rush => "enforce_credits=58000",
        Story::Journey => "",
    };
    let faults: Faults = faults.parse().map_err(|error| WorldError::new("the faults", error))?;
    stage.tenants.iter().for_each(|tenant| tenant.zoho.set_faults(faults.clone()));
    stage.chance.set_faults(options.story == Story::Storm);
    let over = start + SignedDuration::from_hours(24 * options.days);
    while stage.clock.now() < over {
        go_on(&mut stage, &mut people).await?;
    }
    if options.story == Story::Rush {
        let broken = promises::broken(&stage, &people, false);
        return Ok(ending(stage, broken));
    }
    // The storm is over: what it left behind must come into order by itself.
    stage.chance.set_faults(false);
    if options.story == Story::Storm {
        stage.tenants.iter().for_each(|tenant| tenant.zoho.set_faults(Faults::default()));
    }
    // Who is to be written to later waits for a month, and may have said so of several mails.
    let patience = over + SignedDuration::from_hours(24 * 120);
    // Upkeep looks at everything once a day, give or take the three hours in which its schedule may be left out.
    let a_day = SignedDuration::from_hours(28);
    let mut calm = stage.clock.now() + a_day;
    while stage.clock.now() < calm && stage.clock.now() < patience {
        go_on(&mut stage, &mut people).await?;
        if !stage.is_quiet() {
            calm = stage.clock.now() + a_day;
        }
    }
    let mut broken = promises::broken(&stage, &people, true);
    if stage.clock.now() >= patience {
        broken.push(format!("there is no end to it: {}", stage.unfinished().join(", ")));
    }
    if options.story == Story::Silence && stage.due.slowest > FOUND_WITHIN {
        broken.push(format!("something that nobody told of was found out after {:#}", stage.due.slowest));
    }
    Ok(ending(stage, broken))
}

fn ending(stage: Stage, broken: Vec<String>) -> Ending {
    let mut print = DefaultHasher::new();
    stage.history.hash(&mut print);
    let departed = std::mem::take(&mut *gate::lock(&stage.post.departed));
    let (calls_at_once, refused) = {
        let ledger = gate::lock(&stage.ledger);
        (ledger.most_calls_at_once(), ledger.refused)
    };
    Ending {
        broken,
        print: print.finish(),
        effects: stage.effects,
        mails: departed.len(),
        crashes: stage.crashes,
        boundaries: stage.boundaries,
        slowest: stage.due.slowest,
        known: stage.due.known,
        left: departed.into_iter().map(|left| (left.at, left.mail.from.address.to_string())).collect(),
        calls_at_once,
        refused,
        history: stage.history.into(),
    }
}

async fn go_on(stage: &mut Stage, people: &mut People) -> Result<(), WorldError> {
    people.act(stage);
    stage.alarm = people.next();
    stage.step().await
}
