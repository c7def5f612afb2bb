//! What machines do, how long they may take, and when it comes again.

use std::sync::Arc;

use app::mail_events::MailEvent;
use app::ports::Event;
use jiff::SignedDuration;
use zoho_sim::Callback;

/// What a machine is asked to do.
#[derive(Clone)]
pub(super) enum Job {
    /// An administrator connects the org.
    Connect,
    /// An administrator adds the assistant.
    AddAssistant,
    /// The schedule of every minute.
    Tick,
    /// Upkeep's schedule.
    Sweep,
    /// A message of the bus.
    Event(Event),
    /// A notification.
    Callback(Arc<Callback>),
    /// A mail to an assistant.
    Mail(Arc<Vec<u8>>),
    /// What the mail system says of a mail.
    Report(MailEvent),
    /// The path of somebody's link.
    Unsubscribe(String),
}

impl Job {
    /// For the history.
    pub fn name(&self) -> String {
        match self {
            Self::Connect => "connect".to_owned(),
            Self::AddAssistant => "add the assistant".to_owned(),
            Self::Tick => "tick".to_owned(),
            Self::Sweep => "sweep".to_owned(),
            Self::Event(event) => {
                let name = format!("{event:?}");
                name.split([' ', '{']).next().unwrap_or_default().to_owned()
            }
            Self::Callback(_) => "notification".to_owned(),
            Self::Mail(_) => "mail".to_owned(),
            Self::Report(_) => "report".to_owned(),
            Self::Unsubscribe(_) => "unsubscribe".to_owned(),
        }
    }

    /// Its function's time-out in `template.yaml`.
    pub fn limit(&self) -> SignedDuration {
        SignedDuration::from_secs(match self {
            Self::Tick => 55,
            Self::Sweep => 300,
            Self::Connect | Self::AddAssistant | Self::Callback(_) | Self::Unsubscribe(_) => 29,
            Self::Event(_) => 120,
            Self::Mail(_) => 60,
            Self::Report(_) => 30,
        })
    }

    /// When it comes again after it failed for the `tries`th time: queues bring messages again, people try again; what a
    /// schedule starts, it starts anew anyway; Zoho sends a notification once.
    pub fn again(&self, tries: u32) -> Option<SignedDuration> {
        match self {
            Self::Tick | Self::Sweep | Self::Callback(_) => None,
            Self::Event(_) if tries >= 3 => None,
            Self::Event(_) | Self::Mail(_) | Self::Report(_) => Some(SignedDuration::from_mins(3)),
            Self::Connect | Self::AddAssistant | Self::Unsubscribe(_) => Some(SignedDuration::from_secs(40)),
        }
    }
}
