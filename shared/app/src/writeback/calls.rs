//! Notes, statuses and mail logs, as many of each as one call or a few calls at once take.

use std::collections::HashMap;

use domain::{CrmChange, LoggedMail, Module, OrgId};
use futures_util::{StreamExt, stream};

use super::{BATCH, CONCURRENT, Fate, Item, Writeback, fate_of, still_unknown};
use crate::error::AppError;
use crate::ports::{Change, CrmError, RecordNote};
use crate::store::{Connection, OutboxEntry};

impl Writeback {
    /// Notes cannot be repeated: each is marked before it is begun, and one found marked is looked for first.
    pub(super) async fn add_notes(&self, org: &OrgId, items: Vec<Item>) -> Result<Vec<(Item, Fate)>, AppError> {
        let mut fates = Vec::new();
        let mut fresh = Vec::new();
        for mut item in items {
            let Some(note) = note_of(&item.entry) else { continue };
            if item.entry.begun {
                match self.crm.has_note(org, &note).await {
                    Ok(true) => {
                        fates.push((item, Fate::Applied));
                        continue;
                    }
                    Ok(false) => {}
                    Err(error) => {
                        fates.push((item, still_unknown(error)));
                        continue;
                    }
                }
            } else {
                item.entry.begun = true;
                self.store().put_outbox(org, &item.key, &item.entry, item.version).await?;
                item.version += 1;
            }
            fresh.push((item, note));
        }
        while !fresh.is_empty() {
            let rest = fresh.split_off(fresh.len().min(BATCH));
            let (items, notes): (Vec<_>, Vec<_>) = std::mem::replace(&mut fresh, rest).into_iter().unzip();
            let results = self.crm.add_notes(org, &notes).await;
            fates.extend(items.into_iter().zip(results).map(|(item, result)| (item, fate_of(result))));
        }
        Ok(fates)
    }

    pub(super) async fn set_statuses(
        &self,
        org: &OrgId,
        connection: &Connection,
        items: Vec<Item>,
    ) -> Vec<(Item, Fate)> {
        let mut fates = Vec::new();
        let mut by_module: HashMap<Module, Vec<Item>> = HashMap::new();
        for item in items {
            by_module.entry(item.entry.lead.record().module).or_default().push(item);
        }
        for (module, mut items) in by_module {
            let Some(names) = connection.fields.get(&module) else {
                // The field is not provisioned yet: upkeep is at it.
                let wait = || Fate::Failed(CrmError::Busy("the status field is not set up yet".to_owned()));
                fates.extend(items.into_iter().map(|item| (item, wait())));
                continue;
            };
            while !items.is_empty() {
                let rest = items.split_off(items.len().min(BATCH));
                let batch = std::mem::replace(&mut items, rest);
                let changes: Vec<_> = batch.iter().map(|item| status_change(&item.entry, &names.status)).collect();
                let results = self.crm.update(org, module, &changes).await;
                fates.extend(batch.into_iter().zip(results).map(|(item, result)| (item, fate_of(result))));
            }
        }
        fates
    }

    /// A few at a time: each is a call of its own.
    pub(super) async fn log_mails(&self, org: &OrgId, items: Vec<Item>) -> Vec<(Item, Fate)> {
        let log = async |item: Item| {
            let fate = match mail_of(&item.entry) {
                Some(mail) => fate_of(self.crm.log_mail(org, item.entry.lead.record(), mail).await),
                None => Fate::Applied,
            };
            (item, fate)
        };
        stream::iter(items).map(log).buffer_unordered(CONCURRENT).collect().await
    }
}

fn note_of(entry: &OutboxEntry) -> Option<RecordNote> {
    match &entry.change {
        CrmChange::Note(note) => Some(RecordNote { record: entry.lead.record().clone(), note: note.clone() }),
        CrmChange::LogMail(_)
        | CrmChange::SetStatus { .. }
        | CrmChange::Task(_)
        | CrmChange::TakeBack { .. }
        | CrmChange::HandBack { .. } => None,
    }
}

fn mail_of(entry: &OutboxEntry) -> Option<&LoggedMail> {
    match &entry.change {
        CrmChange::LogMail(mail) => Some(mail),
        CrmChange::Note(_)
        | CrmChange::SetStatus { .. }
        | CrmChange::Task(_)
        | CrmChange::TakeBack { .. }
        | CrmChange::HandBack { .. } => None,
    }
}

fn status_change(entry: &OutboxEntry, field: &str) -> Change {
    let fields = match &entry.change {
        CrmChange::SetStatus { status } => vec![(field.to_owned(), status.as_str().to_owned())],
        CrmChange::Note(_)
        | CrmChange::LogMail(_)
        | CrmChange::Task(_)
        | CrmChange::TakeBack { .. }
        | CrmChange::HandBack { .. } => Vec::new(),
    };
    Change { id: entry.lead.record().id.clone(), fields }
}
