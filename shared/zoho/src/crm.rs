//! The port [`Crm`] on Zoho.

use std::sync::Arc;

use app::ports::{
    Absence, Budgets, Change, ChangedRecord, ChannelGrant, ChannelRequest, Crm, CrmError, CrmField, CrmRecord, Glance,
    NewField, Organisation, RecordNote, RecordTask, Session, Sessions, Since, Unlimited,
};
use async_trait::async_trait;
use domain::{CrmUser, LoggedMail, Module, OrgId, RecordId, RecordRef, UserId};
use jiff::Timestamp;

use crate::http::Exchange;
use crate::transport::Carrier;
use crate::{channel, coql, emails, fields, glance, history, notes, organisation, records, tasks, updates};

/// All orgs' CRMs. Cheap to share; holds no state of its own.
pub struct Zoho {
    exchange: Exchange,
}

impl Zoho {
    /// Zoho by way of `carrier`, as the user each org's session belongs to.
    pub fn new(carrier: Carrier, sessions: Arc<dyn Sessions>) -> Self {
        Self { exchange: Exchange { carrier, sessions, budgets: Arc::new(Unlimited) } }
    }

    /// Within these budgets; without, Zoho alone says when it is too much.
    #[must_use]
    pub fn with_budgets(mut self, budgets: Arc<dyn Budgets>) -> Self {
        self.exchange.budgets = budgets;
        self
    }
}

#[async_trait]
impl Crm for Zoho {
    async fn organisation(&self, session: &Session) -> Result<Organisation, CrmError> {
        organisation::read(&mut self.exchange.line_on(session)).await
    }

    async fn users(&self, org: &OrgId) -> Result<Vec<CrmUser>, CrmError> {
        organisation::users(&mut self.exchange.line(org).await?, "AllUsers").await
    }

    async fn records(&self, org: &OrgId, module: Module, ids: &[RecordId]) -> Result<Vec<CrmRecord>, CrmError> {
        records::read(&mut self.exchange.line(org).await?, module, ids).await
    }

    async fn glance(&self, org: &OrgId, asked: &[Since]) -> Vec<Glance> {
        match self.exchange.line(org).await {
            Ok(mut line) => glance::glance(&mut line, asked).await,
            // Whoever asks one by one is told why.
            Err(_) => vec![Glance::default(); asked.len()],
        }
    }

    async fn changed_since(
        &self,
        org: &OrgId,
        module: Module,
        since: Timestamp,
    ) -> Result<Vec<ChangedRecord>, CrmError> {
        coql::changed_since(&mut self.exchange.line(org).await?, module, since).await
    }

    async fn owned_by(&self, org: &OrgId, module: Module, owners: &[UserId]) -> Result<Vec<ChangedRecord>, CrmError> {
        coql::owned_by(&mut self.exchange.line(org).await?, module, owners).await
    }

    async fn deleted_since(&self, org: &OrgId, module: Module, since: Timestamp) -> Result<Vec<RecordId>, CrmError> {
        history::deleted_since(&mut self.exchange.line(org).await?, module, since).await
    }

    async fn former_owners(&self, org: &OrgId, record: &RecordRef) -> Result<Vec<String>, CrmError> {
        history::former_owners(&mut self.exchange.line(org).await?, record).await
    }

    async fn add_notes(&self, org: &OrgId, notes: &[RecordNote]) -> Vec<Result<(), CrmError>> {
        match self.exchange.line(org).await {
            Ok(mut line) => notes::add(&mut line, notes).await,
            Err(error) => vec![Err(error); notes.len()],
        }
    }

    async fn has_note(&self, org: &OrgId, note: &RecordNote) -> Result<bool, CrmError> {
        notes::has(&mut self.exchange.line(org).await?, note).await
    }

    async fn add_task(&self, org: &OrgId, task: &RecordTask) -> Result<(), CrmError> {
        tasks::add(&mut self.exchange.line(org).await?, task).await
    }

    async fn has_task(&self, org: &OrgId, task: &RecordTask) -> Result<bool, CrmError> {
        tasks::has(&mut self.exchange.line(org).await?, task).await
    }

    async fn absences(&self, org: &OrgId) -> Result<Vec<Absence>, CrmError> {
        organisation::absences(&mut self.exchange.line(org).await?).await
    }

    async fn log_mail(&self, org: &OrgId, record: &RecordRef, mail: &LoggedMail) -> Result<(), CrmError> {
        emails::log(&mut self.exchange.line(org).await?, record, mail).await
    }

    async fn update(&self, org: &OrgId, module: Module, changes: &[Change]) -> Vec<Result<(), CrmError>> {
        match self.exchange.line(org).await {
            Ok(mut line) => updates::fields(&mut line, module, changes).await,
            Err(error) => vec![Err(error); changes.len()],
        }
    }

    async fn give_to(
        &self,
        org: &OrgId,
        record: &RecordRef,
        owner: &UserId,
        unmodified_since: Timestamp,
    ) -> Result<(), CrmError> {
        updates::owner(&mut self.exchange.line(org).await?, record, owner, unmodified_since).await
    }

    async fn fields(&self, org: &OrgId, module: Module) -> Result<Vec<CrmField>, CrmError> {
        fields::read(&mut self.exchange.line(org).await?, module).await
    }

    async fn create_fields(&self, org: &OrgId, module: Module, fields: &[NewField]) -> Result<(), CrmError> {
        fields::create(&mut self.exchange.line(org).await?, module, fields).await
    }

    async fn set_values(
        &self,
        org: &OrgId,
        module: Module,
        field: &CrmField,
        values: &[String],
    ) -> Result<(), CrmError> {
        fields::set_values(&mut self.exchange.line(org).await?, module, field, values).await
    }

    async fn open_channel(&self, org: &OrgId, channel: &ChannelRequest) -> Result<ChannelGrant, CrmError> {
        channel::open(&mut self.exchange.line(org).await?, channel).await
    }

    async fn close_channel(&self, org: &OrgId, channel_id: &str) -> Result<(), CrmError> {
        channel::close(&mut self.exchange.line(org).await?, channel_id).await
    }
}
