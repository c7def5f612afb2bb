//! How a simulator is set up before it starts.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Faults;

/// Where the simulator gets the time from.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Everything a simulator needs to know. Start from [`SimConfig::new`] and change what matters.
#[derive(Clone)]
pub struct SimConfig {
    /// Where callers reach it, without a trailing slash. Served as `api_domain` and `accounts-server`.
    pub base_url: String,
    /// Data centre of the organisation.
    pub location: String,
    /// Further data centres, told apart by the `Host` header: users that live there consent and exchange there.
    pub other_locations: Vec<OtherLocation>,
    /// Decides every token and every fault.
    pub seed: u64,
    /// The time.
    pub clock: Clock,
    /// What goes wrong.
    pub faults: Faults,
    /// The organisation's name.
    pub org_name: String,
    /// The organisation's id (`zgid`).
    pub zgid: String,
    /// IANA time zone in which the organisation's times are written.
    pub time_zone: String,
    /// The organisation's users; the first active administrator is the one who connects by default.
    pub users: Vec<NewUser>,
    /// The API console's client.
    pub client: Client,
    /// Whether an Owner in `__timeline` shows names or ids (Zoho's documents do not say).
    pub timeline_owner: TimelineOwner,
}

/// A data centre besides the organisation's own.
#[derive(Clone, Debug)]
pub struct OtherLocation {
    /// `eu`, `in`, ...
    pub name: String,
    /// Its base URL; another host name of the same listener will do (`localhost` instead of `127.0.0.1`).
    pub base_url: String,
}

/// An OAuth client as registered in the API console.
#[derive(Clone, Debug)]
pub struct Client {
    /// Client id.
    pub id: String,
    /// Client secret.
    pub secret: String,
    /// Registered redirect URIs, besides any https or loopback one (which are always accepted).
    pub redirect_uris: Vec<String>,
}

/// What old and new owner look like in a record's timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineOwner {
    /// The user's full name.
    Names,
    /// The user's id.
    Ids,
}

/// A user to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Address, also the login.
    pub email: String,
    /// Has the Administrator profile.
    #[serde(default)]
    pub admin: bool,
    /// Is active.
    #[serde(default = "yes")]
    pub active: bool,
    /// Has accepted the invitation.
    #[serde(default = "yes")]
    pub confirmed: bool,
    /// Data centre, when not the organisation's.
    #[serde(default)]
    pub location: Option<String>,
}

fn yes() -> bool {
    true
}

impl NewUser {
    /// An active, confirmed user with the Standard profile.
    pub fn new(first_name: &str, last_name: &str, email: &str) -> Self {
        let (first_name, last_name, email) = (first_name.to_owned(), last_name.to_owned(), email.to_owned());
        Self { first_name, last_name, email, admin: false, active: true, confirmed: true, location: None }
    }
}

impl SimConfig {
    /// An organisation in the US with an administrator, three salespeople, one user who has not confirmed, one
    /// inactive, and Tara, whom an assistant can be.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into().trim_end_matches('/').to_owned(),
            location: "us".into(),
            other_locations: Vec::new(),
            seed: 1,
            clock: Arc::new(Timestamp::now),
            faults: Faults::default(),
            org_name: "Acme Instruments".into(),
            zgid: "10024780".into(),
            time_zone: "America/Los_Angeles".into(),
            users: default_users(),
            client: Client {
                id: "1000.SIMULATEDCLIENT".into(),
                secret: "simulated-client-secret".into(),
                redirect_uris: Vec::new(),
            },
            timeline_owner: TimelineOwner::Names,
        }
    }
}

fn default_users() -> Vec<NewUser> {
    vec![
        NewUser { admin: true, ..NewUser::new("Priya", "Nair", "priya@acme.example") },
        NewUser::new("Sam", "Okafor", "sam@acme.example"),
        NewUser::new("Lena", "Vogt", "lena@acme.example"),
        NewUser::new("Diego", "Ruiz", "diego@acme.example"),
        NewUser { confirmed: false, ..NewUser::new("Noor", "Haddad", "noor@acme.example") },
        NewUser { active: false, ..NewUser::new("Ivan", "Petrov", "ivan@acme.example") },
        NewUser::new("Tara", "Quinn", "tara@acme.example"),
    ]
}

impl fmt::Debug for SimConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimConfig").field("base_url", &self.base_url).field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// What a client needs to use a running simulator: an administrator who has already consented. Serialised, it is the
/// one line a simulator prints when it is ready.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ready {
    /// Base URL of accounts server and API alike.
    pub base_url: String,
    /// OAuth client id.
    pub client_id: String,
    /// OAuth client secret.
    pub client_secret: String,
    /// Refresh token of the administrator, with every scope.
    pub refresh_token: String,
    /// The organisation (`zgid`).
    pub org_id: String,
}

impl fmt::Display for Ready {
    /// One line of JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}
