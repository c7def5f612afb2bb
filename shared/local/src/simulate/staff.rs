//! The assistants of a world, and what people do about their mails.

use app::AppError;
use app::mailboxes::{MailboxAdmin, MailboxSecret};
use app::ports::OAuthClient;
use domain::{
    Approval, Assistant, AssistantId, Calendar, LeadId, MailAccountFields, MailAuth, MailProvider, OrgId, Schedule,
    Tracking,
};
use jiff::civil::date;
use serde_json::json;

use super::tenant::Tenant;
use crate::product::Product;

/// Which assistants there are, and how they work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Staff {
    /// Mails of the schedule.
    pub mails: usize,
    /// Is there a second one, with a mailbox of its own?
    pub second: bool,
    /// Do the second one's mails wait for approval?
    pub held: bool,
    /// Is it watched whether mails are opened?
    pub tracking: Tracking,
}

/// The names of the assistants' users.
pub(super) const FIRST: &str = "tara";
pub(super) const SECOND: &str = "mila";

/// Mails that one assistant sends on one day.
pub(super) const DAILY_CAP: u32 = 30;

impl Staff {
    /// The users' names.
    pub fn names(self) -> &'static [&'static str] {
        if self.second { &[FIRST, SECOND] } else { &[FIRST] }
    }
}

/// Adds the assistants and their schedule, as often as it takes.
pub(super) async fn add(product: &Product, mailboxes: &MailboxAdmin, tenant: &Tenant, staff: Staff) -> bool {
    // Whoever tries a second time finds what the first try left.
    let done = |error: AppError| !error.is_retryable();
    let Some(schedule) = schedule(staff.mails) else { return false };
    let admin = product.admin();
    let mut added = admin.add_schedule(&tenant.org, &schedule).await.map_or_else(done, |_| true);
    for name in staff.names() {
        let Some(assistant) = assistant(tenant, name, staff) else { return false };
        let (id, own) = (assistant.id.clone(), *name == SECOND);
        added &= admin.add_assistant(&tenant.org, assistant).await.map_or_else(done, |_| true);
        if own && added {
            added = give_mailbox(mailboxes, &tenant.org, &id).await;
        }
    }
    added
}

fn schedule(mails: usize) -> Option<Schedule> {
    let step = |number: usize| {
        let subject = (number == 0).then_some("Hello");
        let body = "A word about quoting: https://looms.example/quotes";
        json!({ "days_after": u32::from(number > 0), "message": { "subject": subject, "body": body } })
    };
    let steps: Vec<_> = (0..mails).map(step).collect();
    serde_json::from_value(json!({ "name": "Short", "closing_days": 1, "steps": steps })).ok()
}

fn assistant(tenant: &Tenant, name: &str, staff: Staff) -> Option<Assistant> {
    let calendar = Calendar::working_week("Europe/London").ok()?;
    let whole_name = if name == SECOND { "Mila Roth" } else { "Tara Quinn" };
    let assistant = Assistant::new(name.parse().ok()?, whole_name, tenant.address(name).parse().ok()?, calendar);
    Some(Assistant {
        default_schedule: "Short".to_owned(),
        started_on: Some(date(2025, 1, 6)),
        daily_cap: DAILY_CAP,
        calendar_url: "https://looms.example/meet".to_owned(),
        brochure_url: "https://looms.example/brochure".to_owned(),
        approval: if name == SECOND && staff.held { Approval::Hold } else { assistant.approval },
        tracking: staff.tracking,
        ..assistant
    })
}

async fn give_mailbox(mailboxes: &MailboxAdmin, org: &OrgId, id: &AssistantId) -> bool {
    let client = OAuthClient {
        client_id: "a client".to_owned(),
        client_secret: "its secret".to_owned().into(),
        refresh_token: "a consent".to_owned().into(),
        tenant: None,
    };
    let fields = MailAccountFields { auth: Some(MailAuth::OAuth), ..MailAccountFields::default() };
    mailboxes.set(org, id, MailProvider::Google, fields, &MailboxSecret::OAuth(client)).await.is_ok()
}

/// Approves the mail of a lead that waits, with these words after it if there are some.
pub(super) async fn approve(
    product: &Product,
    org: &OrgId,
    lead: &LeadId,
    more: Option<&'static str>,
) -> Result<(), AppError> {
    let admin = product.admin();
    let text = match more {
        Some(more) => {
            let held = admin.held(org).await?.into_iter().find(|held| held.lead == *lead);
            held.map(|held| format!("{}\n{more}\n", held.text.trim_end()))
        }
        None => None,
    };
    admin.approve(org, lead, text).await
}
