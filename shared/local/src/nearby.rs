//! A simulated Zoho in the same process: calls reach it without a network.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use zoho::{Carrier, Patience, Silence, Transport};
use zoho_sim::{Reply, Simulator};

/// The way to a simulator in this process.
struct Nearby(Arc<Simulator>);

/// Carries calls to the simulator, and tries again without a pause.
pub fn nearby(zoho: Arc<Simulator>) -> Carrier {
    Carrier { transport: Arc::new(Nearby(zoho)), patience: Patience { pause: Duration::ZERO, ..Patience::default() } }
}

#[async_trait]
impl Transport for Nearby {
    async fn call(&self, request: reqwest::Request) -> Result<http::Response<Vec<u8>>, Silence> {
        let unreadable = || Silence::NotReached("the request is none".to_owned());
        let request: http::Request<reqwest::Body> = request.try_into().map_err(|_| unreadable())?;
        let request = request.map(|body| Bytes::copy_from_slice(body.as_bytes().unwrap_or_default()));
        match self.0.call(request) {
            Reply::Answer(response) => Ok(response.map(Into::into)),
            Reply::NoAnswer => Err(Silence::NotAnswered("Zoho did not answer".to_owned())),
        }
    }
}
