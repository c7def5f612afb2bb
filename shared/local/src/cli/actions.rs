//! What people do to leads, from the command line.

use app::actions::{Actions, Selection};
use app::change::LeadChanges;
use app::store::Bulk;
use clap::{Args, Subcommand};
use domain::{Action, EmailAddress, LeadId, Mailbox, Order};
use jiff::civil::Date;

use super::admin::Place;
use super::say;

/// What can be done to leads.
#[derive(Debug, Subcommand)]
pub enum ActionCommand {
    /// Send a mail in the assistant's name
    Message {
        #[command(flatten)]
        on: On,
        /// What to write; the signature is added
        #[arg(long)]
        text: String,
        /// Subject line, for a lead that got no mail yet
        #[arg(long)]
        subject: Option<String>,
    },
    /// Introduce the owner to the lead, with the owner in copy
    Introduce {
        #[command(flatten)]
        on: On,
        /// What to write instead of the usual words
        #[arg(long)]
        text: Option<String>,
        /// The address of somebody other than the owner
        #[arg(long, value_name = "ADDRESS", requires = "owner_name")]
        owner: Option<EmailAddress>,
        /// The name of that person
        #[arg(long, value_name = "NAME", requires = "owner")]
        owner_name: Option<String>,
    },
    /// Write a note on the record
    Note {
        #[command(flatten)]
        on: On,
        /// The note
        #[arg(long)]
        text: String,
    },
    /// Stop the follow-up and give the record back
    Deactivate {
        #[command(flatten)]
        on: On,
    },
    /// Say that the lead is ready to talk: stop, give the record back, and remind the owner
    Hot {
        #[command(flatten)]
        on: On,
    },
    /// Take the address off, for ever
    Unsubscribe {
        #[command(flatten)]
        on: On,
    },
    /// Change the context or the schedule
    Edit {
        #[command(flatten)]
        on: On,
        /// What the mails are about
        #[arg(long)]
        context: Option<String>,
        /// The schedule to follow
        #[arg(long)]
        schedule: Option<String>,
    },
    /// Begin the schedule again from its first mail; the assistant gets the record
    Restart {
        #[command(flatten)]
        on: On,
    },
    /// Go on with the schedule where it stopped; the assistant gets the record
    Continue {
        #[command(flatten)]
        on: On,
    },
    /// Make a task in the CRM for whoever gets the record
    Remind {
        #[command(flatten)]
        on: On,
        /// When it is due, such as 2026-03-01
        #[arg(long, value_name = "DATE")]
        due: Date,
        /// What about
        #[arg(long)]
        text: String,
    },
    /// Say that the owner took care of a hot lead: no more reminders
    Handled {
        #[command(flatten)]
        on: On,
    },
    /// Go on with an order for many leads that stopped
    GoOn {
        #[command(flatten)]
        place: Place,
        /// Its name, as it was told
        order: String,
    },
}

/// On which leads, by whom, why.
#[derive(Debug, Args)]
pub struct On {
    #[command(flatten)]
    place: Place,
    /// The leads, such as contacts-5540000310003
    #[arg(required_unless_present_any = ["state", "all"])]
    leads: Vec<LeadId>,
    /// Every lead in this state, such as Warm
    #[arg(long, conflicts_with_all = ["leads", "all"])]
    state: Option<String>,
    /// Every lead
    #[arg(long, conflicts_with = "leads")]
    all: bool,
    /// Who wants this; the lead's story says so
    #[arg(long, env = "USER", default_value = "somebody at the command line")]
    by: String,
    /// Why
    #[arg(long, default_value = "")]
    why: String,
}

impl ActionCommand {
    /// Carries it out.
    pub async fn run(self) -> Result<(), String> {
        let (on, action) = match self {
            Self::GoOn { place, order } => return go_on(&place, &order).await,
            Self::Message { on, text, subject } => (on, Action::Message { subject, text }),
            Self::Introduce { on, text, owner, owner_name } => {
                let owner = owner.map(|address| Mailbox { name: owner_name.unwrap_or_default(), address });
                (on, Action::Introduce { owner, text })
            }
            Self::Note { on, text } => (on, Action::Note { text }),
            Self::Deactivate { on } => (on, Action::Deactivate),
            Self::Hot { on } => (on, Action::MarkHot),
            Self::Unsubscribe { on } => (on, Action::Unsubscribe),
            Self::Edit { on, context, schedule } => (on, Action::Edit { context, schedule }),
            Self::Restart { on } => (on, Action::Restart),
            Self::Continue { on } => (on, Action::Continue),
            Self::Remind { on, due, text } => (on, Action::Remind { on: due, text }),
            Self::Handled { on } => (on, Action::Handled),
        };
        let On { place, leads, state, all: _, by, why } = on;
        let (actions, org) = open(&place).await?;
        let order = Order { action, by, why, schedule_revision: 0 };
        if let [lead] = leads.as_slice() {
            let done = actions.apply(&org, lead, order).await.map_err(|error| error.to_string());
            return done.and_then(|()| place.print(&lead.to_string(), |lead| format!("Done for {lead}.")));
        }
        let selection = match state {
            Some(state) => Selection::InState(state),
            None if leads.is_empty() => Selection::All,
            None => Selection::These(leads),
        };
        let quiet = place.json();
        let mut tell = |bulk: &Bulk| tell(bulk, quiet);
        let bulk =
            actions.apply_to_many(&org, &selection, order, &mut tell).await.map_err(|error| error.to_string())?;
        place.print(&bulk, summary)
    }
}

async fn go_on(place: &Place, order: &str) -> Result<(), String> {
    let (actions, org) = open(place).await?;
    let quiet = place.json();
    let bulk = actions.go_on(&org, order, &mut |bulk| tell(bulk, quiet)).await.map_err(|error| error.to_string())?;
    place.print(&bulk, summary)
}

async fn open(place: &Place) -> Result<(Actions, domain::OrgId), String> {
    let (admin, org) = place.open().await?;
    let changes = LeadChanges { store: admin.store, events: admin.events, clock: admin.clock };
    Ok((Actions { changes }, org))
}

fn tell(bulk: &Bulk, quiet: bool) {
    if !quiet {
        say(&format!("{} of {} leads, order {}", bulk.looked_at, bulk.total, bulk.name));
    }
}

fn summary(bulk: &Bulk) -> String {
    let failures = bulk.failures.iter().map(|failure| format!("{}: {}", failure.lead, failure.reason));
    let done = format!("Done for {} of {} leads.", bulk.done, bulk.total);
    std::iter::once(done).chain(failures).collect::<Vec<_>>().join("\n")
}
