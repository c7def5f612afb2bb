//! B1: notifications taken, over HTTP, and what asks for them to be taken.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use app::notify::channel_token;
use app::ports::Secrets;
use domain::OrgId;
use jiff::Timestamp;
use local::embedded::FileSecrets;
use local::product::signing_key;
use local::world::{World, WorldError, WorldOptions};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use zoho_sim::Faults;

use crate::client::{drive, quantile, request};

/// Of so many notifications, one is a repetition of an earlier one.
const REPEATED: usize = 10;

/// The routes as `serve` has them, on the table in `folder`; what the notifications hint at is not worked off. Never ends.
pub async fn serve(folder: &Path, ready: impl FnOnce(Value)) -> Result<(), WorldError> {
    let dynamo = local::embedded::open(folder).map_err(|error| WorldError::new("the table", error))?;
    let table = Arc::new(dynamo.table().await.map_err(|error| WorldError::new("the table", error))?);
    let (start, faults) = (Timestamp::now(), Faults::default());
    let world = World::begin(WorldOptions { start, folder: folder.to_owned(), table, faults, seed: 1 }).await?;
    let secrets: Arc<dyn Secrets> = Arc::new(FileSecrets::new(folder));
    let key = signing_key(secrets.as_ref()).await.map_err(|error| WorldError::new("the key", error))?;
    let org: OrgId = "us-60001".parse().map_err(|error| WorldError::new("the organisation", error))?;
    let listening = |error| WorldError::new("listening", error);
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(listening)?;
    let address = listener.local_addr().map_err(listening)?;
    ready(json!({ "address": address, "path": "/zoho/notifications", "token": channel_token(&key, &org) }));
    axum::serve(listener, local::serve::router(Arc::new(world))).await.map_err(listening)
}

/// What is asked of a server.
pub struct Load {
    /// Host and port.
    pub address: String,
    /// Where notifications go.
    pub path: String,
    /// What they carry.
    pub token: String,
    /// Connections, each with one request at a time.
    pub connections: usize,
    /// Requests, of all connections together.
    pub requests: usize,
}

/// Posts notifications and waits for each answer.
pub async fn load(load: Load) -> std::io::Result<Value> {
    let (address, connections, requests) = (load.address.clone(), load.connections, load.requests);
    let began = Instant::now();
    let notify = move |number: usize| {
        let is_repeated = number / load.connections % REPEATED == REPEATED - 1;
        notification(&load, if is_repeated { number - load.connections } else { number })
    };
    let answers = drive(&address, connections, requests, notify).await?;
    let secs = began.elapsed().as_secs_f64();
    let accepted = answers.iter().filter(|answer| answer.status == 200).count();
    let at = |share| quantile(&answers, share);
    Ok(json!({
        "requests": answers.len(), "accepted": accepted, "secs": secs, "per_sec": answers.len() as f64 / secs,
        "p50_ms": at(0.5), "p99_ms": at(0.99), "worst_ms": at(1.0),
    }))
}

/// A notification as Zoho posts it, unlike every other's.
fn notification(load: &Load, number: usize) -> Vec<u8> {
    let id = format!("{}", 5_540_000_000_000_u64 + number as u64);
    let body = json!({
        "server_time": 1_767_603_600_000_u64 + number as u64, "query_params": {}, "module": "Contacts",
        "resource_uri": "https://www.zohoapis.com/crm/v8/Contacts", "ids": [id],
        "affected_fields": [{ id.clone(): ["Owner"] }], "affected_values": [], "operation": "update",
        "channel_id": "1000000068001", "token": load.token,
    });
    request(&load.address, "POST", &load.path, "content-type: application/json\r\n", &body.to_string())
}
