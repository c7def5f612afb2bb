//! CRM Details.

use app::AppError;
use edge::http::{Answer, Refusal};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use pages::{CreditsToday, CrmDetails, crm_details};

use super::{Visit, failed, ok};

/// Changes for the CRM that are counted; more are "or more".
const COUNTED: u32 = 100;

/// The audit is shown for this long.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Visit<'_> {
    pub(super) async fn crm(&self) -> Answer {
        self.managing()?;
        let (admin, org) = (&self.site.admin, &self.viewer().org);
        let store = &admin.store;
        let connection = store.connection(org).await.map_err(failed)?;
        let connection = connection.ok_or_else(|| failed(AppError::NotConnected(org.clone())))?.value;
        let users = store.users(org).await.map_err(failed)?.map(|known| known.users).unwrap_or_default();
        let assistants = admin.assistants(org).await.map_err(failed)?;
        let waiting = store.outbox(org, None, COUNTED).await.map_err(failed)?.entries.len();
        let today = admin.clock.real().to_zoned(TimeZone::UTC).date();
        let connect = format!("{}oauth/authorize", self.root.path());
        let details = CrmDetails {
            connection: &connection,
            users: &users,
            assistants: &assistants,
            connect: &connect,
            last_notification: store.heard(org).await.map_err(failed)?,
            waiting,
            more_waiting: u32::try_from(waiting).is_ok_and(|waiting| waiting >= COUNTED),
            credits: CreditsToday {
                used: store.budget(org).await.map_err(failed)?.map_or(0, |stored| stored.value.spent.by(today)),
                allowed: connection.allowance.credits_a_day,
            },
            audits: &store.audits(org, today - WEEK).await.map_err(failed)?,
            failures: store.given_up(org).await.map_err(failed)?.len(),
        };
        ok(crm_details(&self.frame(None).await?, &details))
    }

    /// Asks for a look at Zoho; upkeep looks.
    pub(super) async fn refresh(&self) -> Answer {
        self.managing()?;
        self.site.admin.look_after_now(&self.viewer().org).await.map_err(|error| match error {
            AppError::Contended(_) => Refusal::bad_request("busy", "the connection is being looked after just now"),
            error => failed(error),
        })?;
        Ok(self.on_to("crm", "refreshed"))
    }
}
