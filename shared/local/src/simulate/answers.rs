//! What people do about mails: they answer, open, follow, report, unsubscribe, approve. So does software.

use std::collections::BTreeSet;
use std::sync::Arc;

use app::mail_events::{MailEvent, MailEventKind};
use domain::{Action, Order, Purpose};
use jiff::{SignedDuration, Timestamp};

use super::Story;
use super::gate::lock;
use super::job::Job;
use super::post::Departed;
use super::stage::Stage;
use crate::world::PUBLIC_URL;

/// What people answer.
const ANSWERS: [&str; 9] = [
    "Yes, let us meet on Tuesday.",
    "Could you tell me what it costs?",
    "I am out of office until 20 January.",
    "We are not interested.",
    "Please remove me from your list.",
    "Please send me a brochure.",
    "Please write again next week.",
    "Talk to my colleague jo@elsewhere.example.",
    "Thanks, noted.",
];
const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36";
const SCANNER: &str = "Mozilla/5.0 (compatible; Barracuda Sentinel; scanning)";

/// A mail on its way to a mailbox of an assistant's own.
struct Arrival(Timestamp, String, Arc<Vec<u8>>);

/// Those who get mails, and those who approve them.
pub(super) struct Answers {
    story: Story,
    seen: usize,
    arrivals: Vec<Arrival>,
    /// Until when people may say anything.
    until: Timestamp,
    /// Addresses that said or did anything by which they could come onto the suppression list.
    pub spoke: BTreeSet<String>,
}

impl Answers {
    pub fn new(story: Story, until: Timestamp) -> Self {
        Self { story, until, seen: 0, arrivals: Vec::new(), spoke: BTreeSet::new() }
    }

    /// Does everybody do what is written for them?
    pub fn is_scripted(&self) -> bool {
        self.story == Story::Journey
    }

    /// When a mail arrives next.
    pub fn next(&self) -> Option<Timestamp> {
        self.arrivals.iter().map(|Arrival(at, ..)| *at).min()
    }

    /// What happens now.
    pub fn act(&mut self, stage: &mut Stage) {
        let now = stage.clock.now();
        for Arrival(_, address, raw) in self.arrivals.extract_if(.., |Arrival(at, ..)| *at <= now) {
            stage.post.arrive(&address, raw);
        }
        let departed: Vec<Departed> = lock(&stage.post.departed)[self.seen..].to_vec();
        self.seen += departed.len();
        for mail in departed {
            let from = mail.mail.from.address.as_str();
            let Some(tenant) = stage.tenants.iter().position(|tenant| from.ends_with(tenant.domain)) else { continue };
            match self.story {
                Story::Storm | Story::Silence => self.react(stage, tenant, &mail),
                Story::Journey => self.follow_script(stage, tenant, &mail),
                Story::Rush => report(stage, tenant, &mail, now + SignedDuration::from_mins(1), left(&mail)),
            }
        }
        let held = std::mem::take(&mut lock(&stage.ledger).held);
        for (org, lead) in held {
            let Some(tenant) = stage.tenants.iter().position(|tenant| tenant.org == org) else { continue };
            let later = match self.story {
                Story::Storm | Story::Silence => now + stage.chance.seconds(600..70_000),
                Story::Journey | Story::Rush => now + SignedDuration::from_mins(20),
            };
            let refused = !self.is_scripted() && stage.chance.happens(0.2);
            let more = (!self.is_scripted() && stage.chance.happens(0.3)).then_some("See you.");
            let why = "not like that".to_owned();
            let job = if refused {
                let order = Order { action: Action::Deactivate, by: "Sam".to_owned(), why, schedule_revision: 0 };
                Job::Order(tenant, Some(vec![lead]), Box::new(order))
            } else {
                Job::Approve(tenant, lead, more)
            };
            stage.at(later, job);
        }
    }

    fn react(&mut self, stage: &mut Stage, tenant: usize, departed: &Departed) {
        let now = stage.clock.now();
        for rate in [0.8, 0.1] {
            if stage.chance.happens(rate) {
                let later = now + stage.chance.seconds(0..1200);
                report(stage, tenant, departed, later, left(departed));
            }
        }
        if stage.chance.happens(0.5) {
            self.look_at(stage, departed);
        }
        let later = now + stage.chance.seconds(60..100_000);
        let what = stage.chance.below(20);
        if what <= 8 {
            self.spoke.insert(departed.mail.to.address.to_string());
        }
        match what {
            0..=5 => {
                // Who asked to be written to later once more would never come to an end.
                let text = ANSWERS[stage.chance.below(if now < self.until { ANSWERS.len() } else { 2 })];
                let twice = stage.chance.strikes(0.2).then(|| later + stage.chance.seconds(0..300));
                for at in [Some(later), twice].into_iter().flatten() {
                    self.answer(stage, departed, at, text);
                }
            }
            6 => unsubscribe(stage, tenant, departed, later),
            7 => {
                let soon = now + stage.chance.seconds(1..60);
                report(stage, tenant, departed, soon, MailEventKind::BouncedForGood);
            }
            8 => report(stage, tenant, departed, later, MailEventKind::Complained),
            _ => {}
        }
    }

    /// The first one wants to meet, the second one says nothing, and so on.
    fn follow_script(&mut self, stage: &mut Stage, tenant: usize, departed: &Departed) {
        let now = stage.clock.now();
        let later = |minutes| now + SignedDuration::from_mins(minutes);
        report(stage, tenant, departed, later(1), left(departed));
        if departed.mail.automatic_answer {
            return;
        }
        let to = departed.mail.to.address.as_str();
        match to.trim_start_matches("person").split('@').next().unwrap_or_default() {
            "0" => {
                self.spoke.insert(to.to_owned());
                self.answer(stage, departed, later(70), ANSWERS[0]);
            }
            "2" => {
                self.spoke.insert(to.to_owned());
                self.answer(stage, departed, later(30), ANSWERS[4]);
            }
            _ => {}
        }
    }

    /// A mail to the assistant, or into its own mailbox. It says which mail it answers: two answers are never the same.
    fn answer(&mut self, stage: &mut Stage, departed: &Departed, at: Timestamp, text: &str) {
        let mail = &departed.mail;
        let to = mail.reply_to.as_ref().unwrap_or(&mail.from.address);
        let raw = format!(
            "From: {from}\r\nTo: {to}\r\nSubject: Re: Hello\r\nMessage-ID: <answer.{delivery}.{tenant}@example.com>\r\n\
             In-Reply-To: {id}\r\nReferences: {id}\r\n\r\n{text}\r\n\r\n\
             This is about {delivery}.\r\n",
            from = mail.to.address,
            delivery = mail.delivery,
            tenant = mail.from.address.domain(),
            id = departed.message_id
        );
        let raw = Arc::new(raw.into_bytes());
        if departed.org.is_none() {
            self.arrivals.push(Arrival(at, to.to_string(), raw));
        } else {
            stage.at(at, Job::Mail(raw));
        }
    }

    /// A person opens the mail, perhaps follows its links; a scanner follows all of them, which must change nothing.
    fn look_at(&self, stage: &mut Stage, departed: &Departed) {
        let html = departed.mail.html.as_deref().unwrap_or_default();
        let base = PUBLIC_URL.trim_end_matches('/');
        let links =
            html.split(base).skip(1).map(|rest| rest.split(['"', '<', '&']).next().unwrap_or_default().to_owned());
        let links: Vec<String> = links.collect();
        let scanner = stage.chance.happens(0.4);
        for path in links.into_iter().chain(departed.mail.unsubscribe_url.iter().map(|url| url.replacen(base, "", 1))) {
            let wanted = if path.starts_with("/o/") { 1.0 } else { 0.3 };
            if scanner {
                let at = stage.clock.now() + stage.chance.seconds(1..20);
                stage.at(at, Job::Fetch(path, SCANNER));
            } else if stage.chance.happens(wanted) {
                let at = stage.clock.now() + stage.chance.seconds(30..60_000);
                stage.at(at, Job::Fetch(path, BROWSER));
            }
        }
    }
}

fn left(departed: &Departed) -> MailEventKind {
    MailEventKind::Left { message_id: departed.message_id.clone(), at: Some(departed.at) }
}

/// The mail system tells something of a mail of its own.
fn report(stage: &mut Stage, tenant: usize, departed: &Departed, at: Timestamp, what: MailEventKind) {
    if departed.org.is_some() {
        let (org, delivery) = (stage.tenants[tenant].org.clone(), departed.mail.delivery.clone());
        stage.at(at, Job::Report(MailEvent { org, delivery, what }));
    }
}

fn unsubscribe(stage: &mut Stage, tenant: usize, departed: &Departed, at: Timestamp) {
    if let Some(lead) = departed.mail.delivery.lead() {
        let token = stage.key.name(Purpose::Unsubscribe, &stage.tenants[tenant].org, &lead);
        stage.at(at, Job::Unsubscribe(format!("/unsubscribe/{token}")));
    }
}
