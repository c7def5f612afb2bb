//! What machines do, how long they may take, and when it comes again.

use std::sync::Arc;

use app::mail_events::MailEvent;
use app::ports::Event;
use domain::{LeadId, Order};
use jiff::SignedDuration;
use zoho_sim::Callback;

use super::staff::Staff;

/// What a machine is asked to do. Numbers are tenants'.
#[derive(Clone)]
pub(super) enum Job {
    /// An administrator connects the org.
    Connect(usize),
    /// An administrator adds the assistants.
    AddAssistants(usize, Staff),
    /// The schedule of every minute.
    Tick,
    /// Upkeep's schedule.
    Sweep,
    /// The look at assistants' own mailboxes.
    Poll,
    /// A message of the bus.
    Event(Event),
    /// A notification.
    Callback(usize, Arc<Callback>),
    /// A mail to an assistant.
    Mail(Arc<Vec<u8>>),
    /// What the mail system says of a mail.
    Report(MailEvent),
    /// The path of somebody's link.
    Unsubscribe(String),
    /// A picture or a link of a mail, and which software wants it.
    Fetch(String, &'static str),
    /// A person approves the mail that waits, perhaps with more words.
    Approve(usize, LeadId, Option<&'static str>),
    /// A person orders something for these leads, or all.
    Order(usize, Option<Vec<LeadId>>, Box<Order>),
}

impl Job {
    /// For the history.
    pub fn name(&self) -> String {
        match self {
            Self::Connect(_) => "connect".to_owned(),
            Self::AddAssistants(..) => "add the assistants".to_owned(),
            Self::Tick => "tick".to_owned(),
            Self::Sweep => "sweep".to_owned(),
            Self::Poll => "poll".to_owned(),
            Self::Event(event) => {
                let name = format!("{event:?}");
                name.split([' ', '{']).next().unwrap_or_default().to_owned()
            }
            Self::Callback(..) => "notification".to_owned(),
            Self::Mail(_) => "mail".to_owned(),
            Self::Report(report) => format!("report of {}", report.delivery),
            Self::Unsubscribe(_) => "unsubscribe".to_owned(),
            Self::Fetch(path, _) => format!("fetch {}", path.chars().take(3).collect::<String>()),
            Self::Approve(_, lead, _) => format!("approve {lead}"),
            Self::Order(_, _, order) => format!("order {:?}", order.action).chars().take(30).collect(),
        }
    }

    /// Whose it is, where that is known from outside.
    pub fn tenant(&self) -> Option<usize> {
        match self {
            Self::Connect(tenant)
            | Self::AddAssistants(tenant, _)
            | Self::Callback(tenant, _)
            | Self::Approve(tenant, ..)
            | Self::Order(tenant, ..) => Some(*tenant),
            Self::Tick
            | Self::Sweep
            | Self::Poll
            | Self::Event(_)
            | Self::Mail(_)
            | Self::Report(_)
            | Self::Unsubscribe(_)
            | Self::Fetch(..) => None,
        }
    }

    /// Which of the product's stories it is a part of.
    pub fn part(&self) -> &'static str {
        match self {
            Self::Connect(_)
            | Self::AddAssistants(..)
            | Self::Event(Event::Connected { .. } | Event::AssistantChanged { .. }) => "provisioning",
            Self::Callback(..) | Self::Event(Event::RecordsChanged { .. } | Event::LeadAsked { .. }) => "enrol",
            Self::Tick | Self::Report(_) | Self::Approve(..) | Self::Event(Event::TestAsked { .. }) => "send",
            Self::Mail(_) | Self::Poll | Self::Unsubscribe(_) | Self::Fetch(..) => "reply",
            Self::Event(Event::WritebackPending { .. }) => "hand-back",
            Self::Sweep | Self::Order(..) | Self::Event(Event::UpkeepDue { .. }) => "upkeep",
        }
    }

    /// Its function's time-out in `template.yaml`.
    pub fn limit(&self) -> SignedDuration {
        SignedDuration::from_secs(match self {
            Self::Tick | Self::Poll | Self::Event(Event::TestAsked { .. }) => 55,
            Self::Sweep | Self::Order(..) => 300,
            Self::Callback(..) => 10,
            Self::Connect(_) | Self::AddAssistants(..) | Self::Unsubscribe(_) | Self::Fetch(..) | Self::Approve(..) => {
                29
            }
            Self::Event(Event::RecordsChanged { .. } | Event::LeadAsked { .. }) => 60,
            Self::Event(Event::WritebackPending { .. }) => 120,
            Self::Event(Event::Connected { .. } | Event::AssistantChanged { .. } | Event::UpkeepDue { .. }) => 300,
            Self::Mail(_) => 60,
            Self::Report(_) => 30,
        })
    }

    /// When it comes again after it failed for the `tries`th time: queues bring messages again, people try again; what a
    /// schedule starts, it starts anew anyway; Zoho sends a notification once; upkeep takes up an order that was begun.
    pub fn again(&self, tries: u32) -> Option<SignedDuration> {
        match self {
            Self::Tick | Self::Sweep | Self::Poll | Self::Callback(..) | Self::Fetch(..) | Self::Order(..) => None,
            Self::Event(_) if tries >= 3 => None,
            Self::Event(_) | Self::Mail(_) | Self::Report(_) => Some(SignedDuration::from_mins(3)),
            Self::Connect(_) | Self::AddAssistants(..) | Self::Unsubscribe(_) | Self::Approve(..) => {
                Some(SignedDuration::from_secs(40))
            }
        }
    }
}
