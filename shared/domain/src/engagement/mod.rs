//! Opens and clicks: did a person do it, or software?
//!
//! **Invariant:** what looks like a person's is not counted before [`HOLD`] is over, because only the next touches show
//! that a scanner went through all links; and no touch counts twice. In doubt it is software: a person who is missed is
//! noticed at the next mail, a scanner that is counted makes a cold lead warm for ever.
//! **Absent:** addresses of networks. They are personal data, and the lists of scanners' networks age within weeks.

mod agent;

use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::DeliveryId;

/// Is anything of an assistant's mails watched?
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tracking {
    /// Nothing; mails are plain text.
    #[default]
    Off,
    /// A picture tells when a mail is opened.
    Opens,
    /// Links, too, tell when they are followed.
    OpensAndClicks,
}

/// Something was done to a mail that left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// To which.
    pub delivery: DeliveryId,
    /// When that mail left.
    pub sent_at: Timestamp,
    /// What.
    pub kind: TouchKind,
    /// When.
    pub at: Timestamp,
    /// What the software called itself; empty if it did not say.
    pub user_agent: String,
    /// Was it only asked whether the address exists (HTTP's HEAD)?
    pub head: bool,
}

/// What was done to a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "touch", rename_all = "snake_case")]
pub enum TouchKind {
    /// Its picture was fetched.
    Open,
    /// One of its links was followed.
    Click {
        /// Where it leads.
        link: String,
    },
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A person, as far as can be told.
    Person,
    /// Software, for this reason.
    Machine(Machine),
}

/// Why a touch is not a person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Machine {
    /// Within [`TOO_SOON`] after the mail left.
    TooSoon,
    /// It asked with HEAD.
    HeadRequest,
    /// It does not say what it is.
    NoAgent,
    /// A security product.
    Scanner,
    /// It fetches pictures for everybody, whether anybody looks or not.
    Prefetch,
    /// It shows what is behind a link in a chat.
    LinkPreview,
    /// A browser that a program steers, or a crawler.
    Robot,
    /// A program's own HTTP client.
    Program,
    /// Several links of one mail within [`AT_ONCE`].
    SeveralLinks,
}

impl Machine {
    /// In words, to follow "not counted:".
    pub fn words(self) -> &'static str {
        match self {
            Self::TooSoon => "within a minute after the mail left, as link scanners do",
            Self::HeadRequest => "it only asked whether the link exists",
            Self::NoAgent => "the software does not say what it is",
            Self::Scanner => "a security product looked at it",
            Self::Prefetch => "a mail provider fetches the pictures of every mail in advance",
            Self::LinkPreview => "a chat made a preview of the link",
            Self::Robot => "a browser without a person, or a crawler",
            Self::Program => "a program, not a browser or a mail program",
            Self::SeveralLinks => "several links within seconds, as link scanners do",
        }
    }
}

/// A mail takes some seconds to its mailbox, and scanners look at it on that way or right after it; sandboxes take up to
/// a minute. Hardly anybody has a mail, reads it and follows a link in less.
pub const TOO_SOON: SignedDuration = SignedDuration::from_secs(60);

/// A person looks at a page before following the next link of a mail.
pub const AT_ONCE: SignedDuration = SignedDuration::from_secs(5);

/// A touch that looks like a person's counts after this long, when no scanner's pattern has shown: three times
/// [`AT_ONCE`], for providers report some seconds late and out of order.
pub const HOLD: SignedDuration = SignedDuration::from_secs(15);

/// Mails remembered: all of a schedule's twenty and as many besides it.
const MAILS: usize = 40;
/// Links of one mail that count.
const LINKS: usize = 10;
/// Newest link hits remembered of one mail.
const HITS: usize = 10;
/// Reasons told of one mail: a scanner must not fill the story.
const TOLD: usize = 3;
/// Characters kept of a link.
const LINK: usize = 300;

/// Who did it, by all that is known of the mail. `hits` are earlier touches of its links.
///
/// A click without an open says nothing: most mail programs of companies show no pictures unless asked to. So a click by a
/// person proves an open, and not the other way round.
fn judge(touch: &Touch, hits: &[Hit]) -> Verdict {
    let Touch { sent_at, at, head, .. } = touch;
    if *head {
        return Verdict::Machine(Machine::HeadRequest);
    }
    if let Some(machine) = agent::machine(&touch.user_agent) {
        return Verdict::Machine(machine);
    }
    // Also what seems to come before the mail: a clock is wrong, and the touch is near the sending.
    if at.duration_since(*sent_at) < TOO_SOON {
        return Verdict::Machine(Machine::TooSoon);
    }
    let mark = touch.kind.mark();
    let others = hits.iter().filter(|hit| near(hit.at, *at) && Some(&hit.link) != mark.as_ref());
    if others.count() >= if mark.is_some() { 1 } else { 2 } {
        return Verdict::Machine(Machine::SeveralLinks);
    }
    Verdict::Person
}

fn near(one: Timestamp, other: Timestamp) -> bool {
    one.duration_since(other).abs() <= AT_ONCE
}

impl TouchKind {
    /// Stands for the link; `None` for an open.
    fn mark(&self) -> Option<String> {
        match self {
            Self::Open => None,
            Self::Click { link } => Some(HEXLOWER.encode(&Sha256::digest(link.as_bytes())[..8])),
        }
    }

    fn shortened(&self) -> Self {
        match self {
            Self::Open => Self::Open,
            Self::Click { link } => Self::Click { link: link.chars().take(LINK).collect() },
        }
    }
}

/// What people and software did to a lead's mails.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engagement {
    /// Mails that a person opened.
    pub opened: u32,
    /// Links that a person followed, each once per mail.
    pub clicks: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mails: Vec<Seen>,
}

/// What was done to one mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    delivery: DeliveryId,
    /// By a person.
    #[serde(default)]
    opened: bool,
    /// Links that a person followed, as marks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    clicked: Vec<String>,
    /// What looks like a person's and does not count yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    held: Vec<Held>,
    /// Links that were hit by what does not give itself away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hits: Vec<Hit>,
    /// Reasons that were told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    told: Vec<Machine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    at: Timestamp,
    /// When it counts.
    due: Timestamp,
    kind: TouchKind,
    /// The whole link's.
    mark: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Hit {
    at: Timestamp,
    link: String,
}

/// A touch that counts now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    pub delivery: DeliveryId,
    pub at: Timestamp,
    /// Is it the first of its mail?
    pub first: bool,
    /// The link that was followed for the first time.
    pub link: Option<String>,
}

impl Engagement {
    /// When the oldest touch that is held counts.
    pub fn settles_at(&self) -> Option<Timestamp> {
        self.mails.iter().flat_map(|seen| &seen.held).map(|held| held.due).min()
    }

    /// Would a further touch change anything? What is told twice, or hits a mail a thousand times, need not be stored.
    pub fn is_news(&self, touch: &Touch) -> bool {
        let mut after = self.clone();
        after.note(touch, touch.at);
        after != *self
    }

    /// Takes note of a touch at `now`; returns what is to be told: why it does not count.
    pub(crate) fn note(&mut self, touch: &Touch, now: Timestamp) -> Option<Machine> {
        let seen = self.seen(&touch.delivery);
        let verdict = judge(touch, &seen.hits);
        let mark = touch.kind.mark();
        if let (Some(link), Verdict::Person | Verdict::Machine(Machine::SeveralLinks)) = (&mark, verdict) {
            seen.hit(touch.at, link);
        }
        match verdict {
            Verdict::Person => {
                seen.hold(touch, mark, now);
                None
            }
            Verdict::Machine(reason) => {
                if reason == Machine::SeveralLinks {
                    seen.held.retain(|held| !near(held.at, touch.at));
                }
                let news = seen.told.len() < TOLD && !seen.told.contains(&reason);
                news.then(|| seen.told.push(reason)).map(|()| reason)
            }
        }
    }

    /// Counts what is held no longer.
    pub(crate) fn settle(&mut self, now: Timestamp) -> Vec<Counted> {
        let mut counted = Vec::new();
        for seen in &mut self.mails {
            let (over, held) = std::mem::take(&mut seen.held).into_iter().partition(|held| held.due <= now);
            seen.held = held;
            for Held { at, kind, mark, .. } in over {
                let first = !std::mem::replace(&mut seen.opened, true);
                let new = mark.filter(|mark| seen.clicked.len() < LINKS && !seen.clicked.contains(mark));
                let link = match (kind, new) {
                    (TouchKind::Click { link }, Some(mark)) => {
                        seen.clicked.push(mark);
                        Some(link)
                    }
                    (TouchKind::Open | TouchKind::Click { .. }, _) => None,
                };
                if first || link.is_some() {
                    self.opened += u32::from(first);
                    self.clicks += u32::from(link.is_some());
                    counted.push(Counted { delivery: seen.delivery.clone(), at, first, link });
                }
            }
        }
        counted
    }

    fn seen(&mut self, delivery: &DeliveryId) -> &mut Seen {
        let position = self.mails.iter().position(|seen| seen.delivery == *delivery).unwrap_or_else(|| {
            if self.mails.len() == MAILS {
                self.mails.remove(0);
            }
            self.mails.push(Seen {
                delivery: delivery.clone(),
                opened: false,
                clicked: vec![],
                held: vec![],
                hits: vec![],
                told: vec![],
            });
            self.mails.len() - 1
        });
        &mut self.mails[position]
    }
}

impl Seen {
    fn hit(&mut self, at: Timestamp, link: &str) {
        if self.hits.iter().any(|hit| hit.link == link && near(hit.at, at)) {
            return;
        }
        self.hits.push(Hit { at, link: link.to_owned() });
        if self.hits.len() > HITS {
            self.hits.remove(0);
        }
    }

    fn hold(&mut self, touch: &Touch, mark: Option<String>, now: Timestamp) {
        let known = match &mark {
            None => self.opened,
            Some(mark) => self.clicked.contains(mark) || self.clicked.len() == LINKS,
        };
        if known || self.held.iter().any(|held| held.mark == mark) {
            return;
        }
        let due = now.max(touch.at).checked_add(HOLD).unwrap_or(now);
        self.held.push(Held { at: touch.at, due, kind: touch.kind.shortened(), mark });
    }
}

#[cfg(test)]
mod tests;
