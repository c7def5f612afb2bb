//! The org and its users.

use app::ports::{Absence, Allowance, CrmError, Organisation};
use domain::{CrmUser, EmailAddress, Profile, UserId};
use jiff::Timestamp;
use serde::Deserialize;

use crate::answer::unreadable;
use crate::http::Line;
use crate::request::Request;

#[derive(Deserialize)]
struct WireOrg {
    zgid: String,
    company_name: Option<String>,
    #[serde(default)]
    license_details: License,
}

/// Which edition the org pays for. Another form of it is none.
#[derive(Default, Deserialize)]
struct License {
    #[serde(default)]
    paid_type: Option<String>,
    #[serde(default)]
    users_license_purchased: Option<u32>,
}

impl License {
    /// Zoho's limits by edition, on its page "API limits" (read 2026-11-21). Of calls in flight, never more than 10: that is
    /// the limit of many a call by itself.
    fn allowance(&self) -> Allowance {
        let users = self.users_license_purchased.unwrap_or(1);
        let edition = self.paid_type.as_deref().unwrap_or_default().to_ascii_lowercase();
        let (each, most) = match edition.as_str() {
            "standard" => (250, 100_000),
            "professional" => (500, 3_000_000),
            "enterprise" | "zohoone" | "zoho one" => (1000, 5_000_000),
            "ultimate" | "crmplus" | "crm plus" => (2000, u32::MAX),
            _ => return Allowance::default(),
        };
        let credits_a_day = users.saturating_mul(each).saturating_add(50_000).min(most);
        Allowance { credits_a_day, calls_at_once: 10 }
    }
}

#[derive(Deserialize)]
struct WireUser {
    id: UserId,
    full_name: Option<String>,
    email: Option<String>,
    status: Option<String>,
    confirm: Option<bool>,
    #[serde(default)]
    profile: Option<WireProfile>,
    #[serde(rename = "Reporting_To")]
    reports_to: Option<Manager>,
}

/// A profile of another form is none.
#[derive(Deserialize)]
#[serde(untagged)]
enum WireProfile {
    Named { id: String, name: String },
    Other(serde::de::IgnoredAny),
}

/// Only the id is needed; a manager of another form is none.
#[derive(Deserialize)]
#[serde(untagged)]
enum Manager {
    User { id: UserId },
    Other(serde::de::IgnoredAny),
}

impl From<WireUser> for CrmUser {
    fn from(user: WireUser) -> Self {
        Self {
            name: user.full_name.unwrap_or_default(),
            email: user.email.and_then(|email| EmailAddress::parse(&email).ok()),
            active: user.status.as_deref() == Some("active") && user.confirm == Some(true),
            profile: user.profile.and_then(|profile| match profile {
                WireProfile::Named { id, name } => Some(Profile { id, name }),
                WireProfile::Other(_) => None,
            }),
            reports_to: user.reports_to.and_then(|manager| match manager {
                Manager::User { id } => Some(id),
                Manager::Other(_) => None,
            }),
            id: user.id,
        }
    }
}

/// Who is connected. Profiles can be renamed and cloned, so Zoho is asked who its administrators are.
pub(crate) async fn read(line: &mut Line<'_>) -> Result<Organisation, CrmError> {
    let orgs = line.list::<WireOrg>(&Request::get("the organisation", ["org"]), "org").await?;
    let org = orgs.items.into_iter().next().ok_or_else(|| unreadable("the organisation"))?;
    let me = users(line, "CurrentUser").await?.pop().ok_or_else(|| unreadable("the current user"))?;
    let administrators = match users(line, "AdminUsers").await {
        // Who may not see the list is not on it.
        Err(CrmError::Refused { .. }) => Vec::new(),
        administrators => administrators?,
    };
    Ok(Organisation {
        allowance: org.license_details.allowance(),
        zgid: org.zgid,
        name: org.company_name.unwrap_or_default(),
        administrator: administrators.iter().any(|user| user.id == me.id),
        me,
    })
}

/// The users of a `type`, such as `AllUsers`.
pub(crate) async fn users(line: &mut Line<'_>, of_type: &str) -> Result<Vec<CrmUser>, CrmError> {
    let request = Request::get("users", ["users"]).query("type", of_type);
    let users: Vec<WireUser> = line.list_all(request, "users").await?;
    Ok(users.into_iter().map(CrmUser::from).collect())
}

#[derive(Deserialize)]
struct WireAbsence {
    user: Option<Someone>,
    from: Option<String>,
    to: Option<String>,
}

#[derive(Deserialize)]
struct Someone {
    id: UserId,
}

/// When users are away. An org whose edition has no such list, or a connection made before the product asked to see it,
/// has nobody away: a hand-back must not wait for that.
pub(crate) async fn absences(line: &mut Line<'_>) -> Result<Vec<Absence>, CrmError> {
    let request = Request::get("absences of users", ["settings", "users_unavailability"]);
    let listed: Vec<WireAbsence> = match line.list_all(request, "users_unavailability").await {
        Err(CrmError::Refused { .. } | CrmError::Absent | CrmError::Disconnected(_)) => return Ok(Vec::new()),
        listed => listed?,
    };
    let time = |text: Option<String>| text?.parse::<Timestamp>().ok();
    let absence = |wire: WireAbsence| Some(Absence { user: wire.user?.id, from: time(wire.from)?, to: time(wire.to)? });
    Ok(listed.into_iter().filter_map(absence).collect())
}
