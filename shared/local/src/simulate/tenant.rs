//! The orgs of a world, each with a Zoho of its own, and the way to them.

use std::sync::Arc;

use async_trait::async_trait;
use domain::OrgId;
use zoho::{Silence, Transport};
use zoho_sim::{NewUser, SimConfig, Simulator};

use super::Options;
use crate::clock::SettableClock;
use crate::nearby::nearby;
use crate::world::WorldError;

/// Zoho's servers in Europe, where the second org lives.
const ACCOUNTS: &str = "https://accounts.zoho.eu";
const API: &str = "https://www.zohoapis.eu";

/// An org.
#[derive(Clone)]
pub(super) struct Tenant {
    pub org: OrgId,
    pub zoho: Arc<Simulator>,
    /// Its people's addresses end so.
    pub domain: &'static str,
}

impl Tenant {
    /// The first org, or the second one. Both have records of the same ids.
    pub fn new(number: usize, options: &Options, clock: &Arc<SettableClock>) -> Result<Self, WorldError> {
        let (base, location, zgid, domain) = match number {
            0 => ("http://127.0.0.1:8099", "local", "10024780", "acme.example"),
            _ => (ACCOUNTS, "eu", "20024780", "looms.example"),
        };
        let mut config = SimConfig::new(base);
        let shown = clock.clone();
        config.clock = Arc::new(move || shown.now());
        config.seed = options.seed;
        config.zgid = zgid.to_owned();
        config.users.push(NewUser::new("Mila", "Roth", "mila@acme.example"));
        for user in &mut config.users {
            user.email = user.email.replace("acme.example", domain);
        }
        let org = OrgId::new(location, zgid).map_err(|error| WorldError::new("the org", error))?;
        Ok(Self { org, zoho: Arc::new(Simulator::new(config)), domain })
    }

    /// The address of one of its people.
    pub fn address(&self, name: &str) -> String {
        format!("{name}@{}", self.domain)
    }
}

/// Calls reach the Zoho that their host names.
pub(super) struct Routes(Vec<Arc<dyn Transport>>);

impl Routes {
    pub fn to(tenants: &[Tenant]) -> Self {
        Self(tenants.iter().map(|tenant| nearby(tenant.zoho.clone()).transport).collect())
    }
}

#[async_trait]
impl Transport for Routes {
    async fn call(&self, request: reqwest::Request) -> Result<http::Response<Vec<u8>>, Silence> {
        let abroad = [ACCOUNTS, API].iter().any(|server| request.url().as_str().starts_with(server));
        let transport =
            self.0.get(usize::from(abroad)).ok_or_else(|| Silence::NotReached("no such host".to_owned()))?;
        let answer = transport.call(request).await?;
        // The simulator has one server for everything; Zoho has several.
        let named = |body: Vec<u8>| String::from_utf8_lossy(&body).replace(ACCOUNTS, API).into_bytes();
        Ok(if abroad { answer.map(named) } else { answer })
    }
}
