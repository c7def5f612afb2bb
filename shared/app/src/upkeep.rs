//! Upkeep of a connection: fields, picklists, users and channel as they should be, and the audit, which finds what a lost
//! notification would have told. Every step finds out what is there and adds what is missing, so it can stop anywhere and
//! be run again.

mod audit;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{ConnectionStatus, Module, OrgId, SigningKey};
use jiff::{SignedDuration, Timestamp};

use crate::actions::Actions;
use crate::change::LeadChanges;
use crate::directory::{self, Directory};
use crate::enrol::Enrol;
use crate::error::AppError;
use crate::leave::Leave;
use crate::notify::channel_token;
use crate::ports::{ChannelRequest, Crm, CrmField, Event, FieldNames, Key, NewField, TableError};
use crate::store::{Connection, Health, Queue, Stored, Trouble, TroubleWith, UpkeepStep, keys};

/// How often a connection is looked after.
pub const INTERVAL: SignedDuration = SignedDuration::from_mins(15);
/// What starts upkeep comes as often as that and may come a little early.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);
/// Zoho grants a week at the most; asking for more silently gives an hour.
const CHANNEL_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24 - 1);
/// Renewed when less than this is left: five days of failing upkeep are survived.
const CHANNEL_RENEWAL: SignedDuration = SignedDuration::from_hours(5 * 24);
/// Hints repeated by one sweep.
const PER_SHARD: u32 = 100;
/// Connections of one shard that a sweep finds due. Each is looked after on its own, so that ten thousand of them are an
/// affair of many functions at once and not of one for hours.
const CONNECTIONS_PER_SHARD: u32 = 5_000;

/// Looks after connections.
pub struct Upkeep {
    /// Rows, hints, time and the look at records.
    pub enrol: Enrol,
    /// Derives channel tokens.
    pub key: SigningKey,
    /// Prefix of our fields, such as `TEC`.
    pub field_prefix: String,
    /// Goes on with orgs that leave.
    pub leave: Leave,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Connections that are due to be looked after.
    pub connections: u32,
    /// Hints repeated because what they hinted at was still waiting.
    pub hints: u32,
    /// Orders for many leads that were taken up again.
    pub orders: u32,
    /// Records that had failed and were looked at again.
    pub retried: u32,
}

/// What looking after one connection found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookedAfter {
    /// When its channel ends.
    pub channel_expires: Option<Timestamp>,
    /// Changes in the CRM of which no notification had told.
    pub missed: u32,
}

impl Upkeep {
    /// Asks for every connection that is due to be looked after, and repeats hints that got lost.
    pub async fn sweep(&self) -> Result<Swept, AppError> {
        self.sweep_as_of(self.enrol.changes.clock.real()).await
    }

    /// The same, for what falls due until `now`: a machine whose calendar runs fast looks more often.
    pub async fn sweep_as_of(&self, now: Timestamp) -> Result<Swept, AppError> {
        let mut swept = Swept::default();
        let store = &self.enrol.changes.store;
        let due = store.due(Queue::Upkeep, now, CONNECTIONS_PER_SHARD).await?;
        let mut hints: Vec<_> = orgs_of(&due).into_iter().map(|org| Event::UpkeepDue { org }).collect();
        swept.connections = u32::try_from(hints.len()).unwrap_or(u32::MAX);
        let mut failed = Vec::new();
        for key in store.due(Queue::Notification, now, PER_SHARD).await? {
            let Some(org) = keys::org_of(&key) else { continue };
            if let Some(lead) = keys::record_in_trouble(&key) {
                failed.push((org, lead));
            } else {
                hints.push(Event::RecordsChanged { org, notification: key.sort });
            }
        }
        let actions = Actions { changes: self.enrol.changes.clone() };
        swept.orders = actions.take_up_abandoned(now).await?;
        swept.retried = self.enrol.retry(failed).await;
        let waiting = store.due(Queue::Writeback, now, PER_SHARD).await?;
        hints.extend(orgs_of(&waiting).into_iter().map(|org| Event::WritebackPending { org }));
        swept.hints = u32::try_from(hints.len()).unwrap_or(u32::MAX) - swept.connections;
        if !hints.is_empty() {
            self.enrol.changes.events.publish(&hints).await?;
        }
        Ok(swept)
    }

    /// Brings one connection into order. A part that fails is in the failure log and stops
    /// no other; the first failure is the error.
    pub async fn look_after(&self, org: &OrgId) -> Result<LookedAfter, AppError> {
        // On the heap, for it is rare and large.
        if Box::pin(self.leave.go_on(org)).await? {
            return Ok(LookedAfter { channel_expires: None, missed: 0 });
        }
        let began = self.enrol.changes.clock.real();
        // Due again soon: should this run die, the next one does not wait the whole interval.
        self.edit(org, |connection| connection.next_upkeep = began + SignedDuration::from_mins(1)).await?;
        let directory = Directory::read(&self.enrol.changes.store, org).await?;
        if let Health::Broken { reason } = &directory.connection.value.health {
            tracing::warn!(%org, reason, "not connected: a person must connect again");
            self.edit(org, |connection| connection.next_upkeep = began + INTERVAL).await?;
            return Ok(LookedAfter { channel_expires: directory.connection.value.channel_expires, missed: 0 });
        }
        let known = self.enrol.changes.store.troubles(org, keys::UPKEEP).await?;
        let mut after = LookedAfter { channel_expires: directory.connection.value.channel_expires, missed: 0 };
        let (mut news, mut result) = (false, Ok(()));
        for step in UpkeepStep::ALL {
            // A channel that ends is not opened again by itself, so it is kept open.
            if directory.connection.value.paused.is_some() && step != UpkeepStep::Channel {
                continue;
            }
            let ended = match step {
                UpkeepStep::Channel => {
                    self.channel(&directory).await.map(|granted| after.channel_expires = Some(granted))
                }
                UpkeepStep::Fields => self.fields(&directory).await,
                UpkeepStep::Assistants => self.assistants(&directory).await.map(|found| news = found),
                UpkeepStep::Audit => self.audit(org, news).await.map(|missed| after.missed = missed),
            };
            self.note(org, &known, step, ended.as_ref().err()).await?;
            result = result.and(ended);
        }
        result?;
        // From its beginning on, and in time: what starts it comes as often, and a run that came too soon would be one
        // that is left out.
        self.edit(org, |connection| connection.next_upkeep = began + INTERVAL - MARGIN).await?;
        Ok(after)
    }

    /// Notes how a part ended, if that is news.
    async fn note(
        &self,
        org: &OrgId,
        known: &[Stored<Trouble>],
        step: UpkeepStep,
        error: Option<&AppError>,
    ) -> Result<(), AppError> {
        let LeadChanges { store, clock, .. } = &self.enrol.changes;
        let with = TroubleWith::Upkeep { step };
        let known = known.iter().find(|stored| stored.value.with == with);
        match (error, known) {
            (Some(error), known) => {
                let now = clock.real();
                let trouble = Trouble {
                    with,
                    reason: error.to_string(),
                    tries: known.map_or(0, |known| known.value.tries) + 1,
                    next_try: Some(now + SignedDuration::from_mins(1)),
                };
                Ok(store.put_trouble(org, &trouble, known.map(|known| known.version), now).await?)
            }
            (None, Some(_)) => Ok(store.end_trouble(org, &with).await?),
            (None, None) => Ok(()),
        }
    }

    fn crm(&self) -> &Arc<dyn Crm> {
        &self.enrol.crm
    }

    /// Changes the connection, whoever else does.
    async fn edit(&self, org: &OrgId, change: impl Fn(&mut Connection) + Send + Sync) -> Result<(), AppError> {
        directory::edit_connection(&self.enrol.changes.store, org, change).await
    }

    /// Opens the channel, or renews it in time.
    async fn channel(&self, directory: &Directory) -> Result<Timestamp, AppError> {
        let (connection, now) = (&directory.connection.value, self.enrol.changes.clock.real());
        if let Some(expires) = connection.channel_expires
            && expires > now + CHANNEL_RENEWAL
        {
            return Ok(expires);
        }
        let notify_url = connection
            .public_url
            .join("zoho/notifications")
            .map_err(|error| AppError::Invalid(format!("PUBLIC_URL: {error}")))?;
        let request = ChannelRequest {
            channel_id: channel_id(&directory.org, &notify_url),
            notify_url: notify_url.into(),
            token: channel_token(&self.key, &directory.org),
            expires: now + CHANNEL_LIFE,
        };
        let granted = self.crm().open_channel(&directory.org, &request).await?;
        self.edit(&directory.org, |connection| connection.channel_expires = Some(granted.expires)).await?;
        tracing::info!(org = %directory.org, expires = %granted.expires, "notification channel open");
        Ok(granted.expires)
    }

    /// Makes the fields that are missing, and keeps the schedule picklist equal to the schedules here.
    async fn fields(&self, directory: &Directory) -> Result<(), AppError> {
        let (org, connection) = (&directory.org, &directory.connection.value);
        let schedules = directory.schedule_names();
        let complete = Module::ALL.iter().all(|module| connection.fields.contains_key(module));
        if complete && connection.schedule_values == schedules {
            return Ok(());
        }
        for module in Module::ALL {
            let mut present = self.crm().fields(org, module).await?;
            let wanted = self.wanted(&schedules);
            let missing: Vec<_> =
                wanted.iter().filter(|field| find(&present, &field.label).is_none()).cloned().collect();
            if !missing.is_empty() {
                self.crm().create_fields(org, module, &missing).await?;
                present = self.crm().fields(org, module).await?;
            }
            let name = |field: &NewField| {
                find(&present, &field.label).map(|found| found.api_name.clone()).ok_or_else(|| {
                    AppError::Invalid(format!("{module} has no field {:?} although it was just made", field.label))
                })
            };
            let names =
                FieldNames { context: name(&wanted[0])?, schedule: name(&wanted[1])?, status: name(&wanted[2])? };
            if let Some(picklist) = find(&present, &wanted[1].label)
                && BTreeSet::from_iter(&picklist.values) != BTreeSet::from_iter(&schedules)
            {
                self.crm().set_values(org, module, picklist, &schedules).await?;
            }
            self.edit(org, |connection| {
                connection.fields.insert(module, names.clone());
            })
            .await?;
        }
        self.edit(org, |connection| connection.schedule_values.clone_from(&schedules)).await
    }

    fn wanted(&self, schedules: &[String]) -> [NewField; 3] {
        let label = |name: &str| format!("{} {name}", self.field_prefix);
        let statuses = [ConnectionStatus::Cold, ConnectionStatus::Warm, ConnectionStatus::Hot];
        [
            NewField { label: label("Context"), values: None },
            NewField { label: label("Schedule"), values: Some(schedules.to_vec()) },
            NewField {
                label: label("Lead Connection Status"),
                values: Some(statuses.iter().map(|status| status.as_str().to_owned()).collect()),
            },
        ]
    }

    /// Finds the users of assistants that have none; `true` if one was found.
    async fn assistants(&self, directory: &Directory) -> Result<bool, AppError> {
        let without = directory.assistants.iter().filter(|stored| stored.value.user.is_none());
        if without.clone().next().is_none() {
            return Ok(false);
        }
        let Enrol { changes: LeadChanges { store, clock, .. }, crm } = &self.enrol;
        let users = directory::users(store, crm, clock, &directory.org, true).await?;
        let mut found = false;
        for Stored { value, version } in without {
            let Some(user) = value.find_user(&users) else { continue };
            let mut assistant = value.clone();
            assistant.user = Some(user);
            match store.put_assistant(&directory.org, &assistant, Some(*version)).await {
                Ok(()) | Err(TableError::Unexpected(_)) => found = true,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(found)
    }
}

/// The field with this label. Zoho derives API names from labels and sometimes adds to them, so labels decide.
fn find<'a>(fields: &'a [CrmField], label: &str) -> Option<&'a CrmField> {
    fields.iter().find(|field| field.label.eq_ignore_ascii_case(label))
}

/// A channel's id is a number of our choice: the same for the same installation and org, so that a renewal never opens a
/// second channel.
pub(crate) fn channel_id(org: &OrgId, notify_url: &url::Url) -> String {
    let digest = keys::hash(&format!("{org}|{notify_url}"));
    let number = u64::from_str_radix(&digest[..12], 16).unwrap_or(1);
    (1_000_000_000_000 + number % 1_000_000_000_000).to_string()
}

/// Each org of these rows once.
fn orgs_of(rows: &[Key]) -> BTreeSet<OrgId> {
    rows.iter().filter_map(keys::org_of).collect()
}
