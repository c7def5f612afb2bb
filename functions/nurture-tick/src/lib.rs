//! The tick, once a minute.

use app::AppError;
use app::nurture::{Nurture, Ticked};
use edge::clients::{Clients, StartError};
use jiff::SignedDuration;

/// A tick ends before the next one begins, and before the function's time-out.
const BUDGET: SignedDuration = SignedDuration::from_secs(50);

/// The function.
pub struct NurtureTick {
    /// The use case.
    pub nurture: Nurture,
}

impl NurtureTick {
    /// With what the environment names.
    pub async fn from_clients(clients: &Clients) -> Result<Self, StartError> {
        let secret = clients.app_secret().await?;
        Ok(Self { nurture: clients.nurture(&secret)? })
    }

    /// One tick.
    pub async fn handle(&self) -> Result<Ticked, AppError> {
        let ticked = self.nurture.tick(self.nurture.changes().clock.real() + BUDGET).await?;
        if ticked != Ticked::default() {
            tracing::info!(?ticked, "tick");
        }
        Ok(ticked)
    }
}
