//! Administration, on a data directory or on a deployed stack.

use std::path::PathBuf;
use std::sync::Arc;

use app::admin::{Admin, AssistantReport, Waiting};
use app::mailboxes::MailboxAdmin;
use app::ports::Events;
use app::store::Store;
use clap::{Args, Subcommand};
use domain::{Approval, Assistant, AssistantId, Calendar, Country, Engagement, LeadId, OrgId, SendWindow, Tracking};
use edge::SystemClock;
use jiff::civil::Date;
use serde::Serialize;

use super::actions::ActionCommand;
use super::mailbox::MailboxCommand;
use super::pace::PaceCommand;
use super::say;
use crate::bus::LocalBus;
use crate::embedded;
use crate::product::MAILBOXES;

/// Where the rows are.
#[derive(Debug, Args)]
pub struct Place {
    /// The data directory of `serve`, which may be running
    #[arg(long, default_value = "data", value_name = "DIR", conflicts_with = "aws_stack")]
    pub(super) data_dir: PathBuf,
    /// The CloudFormation stack of a deployment, instead of a data directory
    #[arg(long, value_name = "NAME")]
    aws_stack: Option<String>,
    /// The organisation, if several are connected, such as eu-20061234567
    #[arg(long)]
    org: Option<OrgId>,
    /// Answer in JSON
    #[arg(long)]
    pub(super) json: bool,
}

/// Assistants.
#[derive(Debug, Subcommand)]
pub enum AssistantCommand {
    /// Add an assistant; a user of the CRM with the same address makes it usable
    Add {
        #[command(flatten)]
        place: Place,
        /// Short name here [default: the address's local part]
        #[arg(long)]
        id: Option<AssistantId>,
        #[command(flatten)]
        fields: AssistantFields,
    },
    /// List assistants
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Show one assistant
    Show {
        #[command(flatten)]
        place: Place,
        /// Its short name
        id: AssistantId,
    },
    /// Change what is named, keep the rest
    Edit {
        #[command(flatten)]
        place: Place,
        /// Its short name
        id: AssistantId,
        #[command(flatten)]
        fields: AssistantFields,
    },
    /// Set, show, check or remove an assistant's own mailbox
    #[command(subcommand)]
    Mailbox(MailboxCommand),
    #[command(flatten)]
    Pace(PaceCommand),
}

/// What can be said of an assistant.
#[derive(Debug, Args)]
pub struct AssistantFields {
    /// Full name, as leads see it
    #[arg(long)]
    name: Option<String>,
    /// Its address, and that of its CRM user
    #[arg(long)]
    email: Option<String>,
    /// Job title
    #[arg(long)]
    title: Option<String>,
    /// Lines under each mail
    #[arg(long)]
    signature: Option<String>,
    /// Time zone, such as Europe/Paris [default: UTC]
    #[arg(long)]
    zone: Option<String>,
    /// Hours in which mails may leave [default: 09:00-17:00]
    #[arg(long, value_name = "FROM-TO")]
    window: Option<String>,
    /// Days on which nothing leaves, such as sat,sun; none for no such day [default: sat,sun]
    #[arg(long, value_delimiter = ',', value_name = "DAYS")]
    off_days: Option<Vec<String>>,
    /// The most mails a day [default: 200]
    #[arg(long)]
    daily_cap: Option<u32>,
    /// Whose public holidays and weekend count for leads whose country is unknown, such as DE; none for no country
    #[arg(long, value_name = "COUNTRY")]
    holiday_country: Option<String>,
    /// The day of its first mail, for a mailbox that is in use already: a new one starts with 20 mails a day
    #[arg(long, value_name = "DATE")]
    started_on: Option<Date>,
    /// One or two lines under each body that are never rewritten
    #[arg(long, value_name = "TEXT")]
    more_information: Option<String>,
    /// A line saying that software writes: yes for ours, no for none, or your own words [default: no]
    #[arg(long, value_name = "yes|no|TEXT")]
    ai_disclosure: Option<String>,
    /// Whether its mails leave by themselves or wait for a person's approval: send or hold [default: send]
    #[arg(long, value_name = "send|hold", value_parser = approval)]
    approval: Option<Approval>,
    /// Where its brochure is; a lead who asks for it gets this link at once
    #[arg(long, value_name = "URL")]
    brochure_url: Option<String>,
    /// Where a lead who wants to meet picks a time
    #[arg(long, value_name = "URL")]
    calendar_url: Option<String>,
    /// Days between two reminders of a hot lead that nobody took care of [default: 3]
    #[arg(long, value_name = "DAYS")]
    at_risk_days: Option<u16>,
    /// Whether the CRM also sends the owner a mail with each reminder [default: false]
    #[arg(long, value_name = "true|false")]
    remind_by_mail: Option<bool>,
    /// Whether its mails tell of being opened, and of their links being followed: off, opens or clicks (both) [default: off]
    #[arg(long, value_name = "off|opens|clicks", value_parser = tracking)]
    tracking: Option<Tracking>,
    /// What it writes about when the record says nothing
    #[arg(long)]
    context: Option<String>,
    /// The schedule it follows when the record names none [default: Recommended]
    #[arg(long)]
    schedule: Option<String>,
}

/// Leads.
#[derive(Debug, Subcommand)]
pub enum LeadCommand {
    /// List leads by their newest activity
    List {
        #[command(flatten)]
        place: Place,
    },
    /// List the mails that wait for approval
    Held {
        #[command(flatten)]
        place: Place,
    },
    /// Approve a lead's waiting mail
    Approve {
        #[command(flatten)]
        place: Place,
        /// Such as contacts-5540000310003
        id: LeadId,
        /// Send the text of this file instead; it keeps the link to unsubscribe
        #[arg(long, value_name = "FILE")]
        text: Option<PathBuf>,
    },
    /// Show one lead with its story
    Show {
        #[command(flatten)]
        place: Place,
        /// Such as contacts-5540000310003
        id: LeadId,
    },
    #[command(flatten)]
    Act(ActionCommand),
}

impl Place {
    pub(super) async fn open(&self) -> Result<(Admin, OrgId), String> {
        let (store, events): (Store, Arc<dyn Events>) = match &self.aws_stack {
            Some(stack) => {
                let clients = edge::clients::Clients::of_stack(stack).await;
                (clients.store().map_err(|e| e.to_string())?, clients.events().map_err(|e| e.to_string())?)
            }
            None => {
                if !self.data_dir.is_dir() {
                    return Err(format!(
                        "there is no data directory {}; start `sales-assistant serve` first, or name another with --data-dir",
                        self.data_dir.display()
                    ));
                }
                let dynamo = embedded::open(&self.data_dir).map_err(|error| error.to_string())?;
                let table = dynamo.table().await.map_err(|error| error.to_string())?;
                // What it would tell is in the rows too: a running `serve` looks at them every second.
                (Store::new(Arc::new(table)), Arc::new(LocalBus::default()))
            }
        };
        let admin = Admin { store, events, clock: Arc::new(SystemClock) };
        let org = admin.org(self.org.clone()).await.map_err(|error| error.to_string())?;
        Ok((admin, org))
    }

    /// Is the answer JSON, and nothing besides?
    pub(super) fn json(&self) -> bool {
        self.json
    }

    /// The mailboxes, with what opens them.
    pub(super) async fn open_mailboxes(&self) -> Result<(MailboxAdmin, OrgId), String> {
        let (admin, org) = self.open().await?;
        let mailboxes = match &self.aws_stack {
            Some(stack) => edge::clients::Clients::of_stack(stack).await.mailbox_admin(),
            None => {
                let (store, clock) = (admin.store, admin.clock);
                let secrets = Arc::new(embedded::FileSecrets::new(&self.data_dir));
                edge::clients::mailbox_access(store.clone(), secrets, clock.clone(), MAILBOXES.to_owned())
                    .map(|access| MailboxAdmin { store, access, clock })
            }
        };
        Ok((mailboxes.map_err(|error| error.to_string())?, org))
    }

    /// JSON if asked for, else as `text` has it.
    pub(super) fn print<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) -> Result<(), String> {
        if self.json {
            say(&serde_json::to_string(value).map_err(|error| error.to_string())?);
        } else {
            say(&text(value));
        }
        Ok(())
    }
}

impl AssistantFields {
    fn calendar(&self, before: Option<&Calendar>) -> Result<Calendar, String> {
        let zone = self.zone.as_deref().or(before.map(Calendar::zone_name)).unwrap_or("UTC");
        let window = match (&self.window, before) {
            (Some(text), _) => SendWindow::parse(text).map_err(|error| format!("--window: {error}"))?,
            (None, Some(before)) => before.window(),
            (None, None) => SendWindow::parse("09:00-17:00").map_err(|error| error.to_string())?,
        };
        let off_days: Vec<String> = match (&self.off_days, before) {
            (Some(days), _) => days.iter().filter(|day| !day.is_empty() && *day != "none").cloned().collect(),
            (None, Some(before)) => before.off_days().map(str::to_owned).collect(),
            (None, None) => vec!["sat".to_owned(), "sun".to_owned()],
        };
        Calendar::new(zone, window, &off_days).map_err(|error| error.to_string())
    }

    fn apply(self, assistant: &mut Assistant) -> Result<(), String> {
        assistant.calendar = self.calendar(Some(&assistant.calendar))?;
        if let Some(email) = &self.email {
            assistant.email = email.parse().map_err(|error| format!("--email: {error}"))?;
        }
        let texts = [
            (self.name, &mut assistant.name),
            (self.title, &mut assistant.title),
            (self.signature, &mut assistant.signature),
            (self.more_information, &mut assistant.more_information),
            (self.brochure_url, &mut assistant.brochure_url),
            (self.calendar_url, &mut assistant.calendar_url),
            (self.context, &mut assistant.default_context),
            (self.schedule, &mut assistant.default_schedule),
        ];
        for (new, old) in texts {
            if let Some(new) = new {
                *old = new;
            }
        }
        if let Some(disclosure) = self.ai_disclosure {
            assistant.ai_disclosure = match disclosure.as_str() {
                "no" => None,
                "yes" => Some(String::new()),
                _ => Some(disclosure),
            };
        }
        if let Some(country) = self.holiday_country {
            let country = (country != "none").then(|| Country::parse(&country)).transpose();
            assistant.holiday_country = country.map_err(|error| format!("--holiday-country: {error}"))?;
        }
        assistant.started_on = self.started_on.or(assistant.started_on);
        assistant.approval = self.approval.unwrap_or(assistant.approval);
        assistant.at_risk_days = self.at_risk_days.unwrap_or(assistant.at_risk_days);
        assistant.remind_by_mail = self.remind_by_mail.unwrap_or(assistant.remind_by_mail);
        assistant.tracking = self.tracking.unwrap_or(assistant.tracking);
        assistant.daily_cap = self.daily_cap.unwrap_or(assistant.daily_cap);
        Ok(())
    }
}

fn approval(text: &str) -> Result<Approval, String> {
    match text {
        "send" => Ok(Approval::Send),
        "hold" => Ok(Approval::Hold),
        _ => Err("write send or hold".to_owned()),
    }
}

fn tracking(text: &str) -> Result<Tracking, String> {
    match text {
        "off" => Ok(Tracking::Off),
        "opens" => Ok(Tracking::Opens),
        "clicks" => Ok(Tracking::OpensAndClicks),
        _ => Err("write off, opens or clicks".to_owned()),
    }
}

impl AssistantCommand {
    /// Carries it out.
    pub async fn run(self) -> Result<(), String> {
        match self {
            Self::Add { place, id, fields } => {
                let email =
                    fields.email.clone().ok_or("--email is missing; it is the address of the assistant's CRM user")?;
                let email = email.parse::<domain::EmailAddress>().map_err(|error| format!("--email: {error}"))?;
                let local = email.as_str().split('@').next().unwrap_or_default().replace(['.', '_', '+'], "-");
                let unnamed = || "--id is missing; name the assistant, such as tara".to_owned();
                let id = id.map_or_else(|| local.parse().map_err(|_| unnamed()), Ok)?;
                let name = fields.name.clone().ok_or("--name is missing; it is how leads know the assistant")?;
                let mut assistant = Assistant::new(id, &name, email, fields.calendar(None)?);
                fields.apply(&mut assistant)?;
                let (admin, org) = place.open().await?;
                let report = admin.add_assistant(&org, assistant).await.map_err(|error| error.to_string())?;
                place.print(&report, |report| format!("Added {}.", line(report)))
            }
            Self::List { place } => {
                let (admin, org) = place.open().await?;
                let reports = admin.assistants(&org).await.map_err(|error| error.to_string())?;
                place.print(&reports, |reports| {
                    if reports.is_empty() {
                        return "No assistant yet: add one with `assistant add`.".to_owned();
                    }
                    reports.iter().map(line).collect::<Vec<_>>().join("\n")
                })
            }
            Self::Show { place, id } => {
                let (admin, org) = place.open().await?;
                let reports = admin.assistants(&org).await.map_err(|error| error.to_string())?;
                let report = reports.into_iter().find(|report| report.assistant.id == id);
                let report = report.ok_or_else(|| format!("there is no assistant {id}; see `assistant list`"))?;
                place.print(&report, details)
            }
            Self::Mailbox(command) => command.run().await,
            Self::Pace(command) => Box::pin(command.run()).await,
            Self::Edit { place, id, fields } => {
                let (admin, org) = place.open().await?;
                let edit = |assistant: &mut Assistant| fields.apply(assistant).map_err(app::AppError::Invalid);
                let report = admin.edit_assistant(&org, &id, edit).await.map_err(|error| error.to_string())?;
                place.print(&report, |report| format!("Changed {}.", line(report)))
            }
        }
    }
}

fn line(report: &AssistantReport) -> String {
    let AssistantReport { assistant, status } = report;
    format!("{} ({} <{}>): {}", assistant.id, assistant.name, assistant.email, status.advice())
}

fn details(report: &AssistantReport) -> String {
    let Assistant { calendar, .. } = &report.assistant;
    let off: Vec<_> = calendar.off_days().collect();
    let off = if off.is_empty() { "every day".to_owned() } else { format!("not on {}", off.join(", ")) };
    let lines = [
        line(report),
        format!("sends {} {}, {off}", calendar.window(), calendar.zone_name()),
        format!("at most {} mails a day", report.assistant.daily_cap),
        match report.assistant.holiday_country {
            Some(country) => format!("public holidays of {country} where a lead's country is unknown"),
            None => "no public holidays where a lead's country is unknown".to_owned(),
        },
        format!("schedule {}", report.assistant.default_schedule),
        format!("context: {}", report.assistant.default_context),
    ];
    lines.join("\n")
}

impl LeadCommand {
    /// Carries it out.
    pub async fn run(self) -> Result<(), String> {
        match self {
            Self::List { place } => {
                let (admin, org) = place.open().await?;
                let leads = admin.leads(&org).await.map_err(|error| error.to_string())?;
                place.print(&leads, |leads| {
                    let line = |lead: &domain::Lead| {
                        let (name, state) = (lead.person.full_name(), lead.state.name());
                        format!("{:<30} {name:<30} {state:<14} {} mails", lead.id.to_string(), lead.mails_sent)
                    };
                    leads.iter().map(line).collect::<Vec<_>>().join("\n")
                })
            }
            Self::Act(command) => Box::pin(command.run()).await,
            Self::Held { place } => {
                let (admin, org) = place.open().await?;
                let waiting = admin.held(&org).await.map_err(|error| error.to_string())?;
                place.print(&waiting, |waiting| {
                    let text = |mail: &Waiting| format!("{}: {}\n\n{}", mail.lead, mail.subject, mail.text);
                    waiting.iter().map(text).collect::<Vec<_>>().join("\n")
                })
            }
            Self::Approve { place, id, text } => {
                let unreadable = |file: &PathBuf, error| format!("--text {}: {error}", file.display());
                let text = text.map(|file| std::fs::read_to_string(&file).map_err(|error| unreadable(&file, error)));
                let text = text.transpose()?;
                let (admin, org) = place.open().await?;
                admin.approve(&org, &id, text).await.map_err(|error| error.to_string())?;
                place.print(&id, |id| format!("Approved: the mail to {id} leaves when its time has come."))
            }
            Self::Show { place, id } => {
                let (admin, org) = place.open().await?;
                let report = admin.lead(&org, &id).await.map_err(|error| error.to_string())?;
                place.print(&report, |report| {
                    let Engagement { opened, clicks, .. } = report.lead.engagement;
                    let (name, state) = (report.lead.person.full_name(), report.lead.state.name());
                    let head = format!("{name} {state}; mails opened: {opened}, links followed: {clicks}");
                    let story = report.story.iter().map(|line| format!("{}  {}", line.at, line.text));
                    std::iter::once(head).chain(story).collect::<Vec<_>>().join("\n")
                })
            }
        }
    }
}
