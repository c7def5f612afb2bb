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
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zoho_sim::Faults;

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
    let load = Arc::new(load);
    let began = Instant::now();
    let clients: Vec<_> = (0..load.connections).map(|client| tokio::spawn(converse(load.clone(), client))).collect();
    let (mut waits, mut accepted) = (Vec::new(), 0_usize);
    for client in clients {
        let (some, ok) = client.await.map_err(std::io::Error::other)??;
        waits.extend(some);
        accepted += ok;
    }
    let secs = began.elapsed().as_secs_f64();
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| waits.get((waits.len() as f64 * share) as usize).or(waits.last()).copied().unwrap_or(0.0);
    Ok(json!({
        "requests": waits.len(), "accepted": accepted, "secs": secs, "per_sec": waits.len() as f64 / secs,
        "p50_ms": at(0.5) * 1000.0, "p99_ms": at(0.99) * 1000.0, "worst_ms": at(1.0) * 1000.0,
    }))
}

/// One connection: how long each answer took, in seconds, and how many were 200.
async fn converse(load: Arc<Load>, client: usize) -> std::io::Result<(Vec<f64>, usize)> {
    let mut stream = TcpStream::connect(&load.address).await?;
    stream.set_nodelay(true)?;
    let (mut waits, mut accepted, mut buffer) = (Vec::new(), 0, Vec::new());
    for number in (client..load.requests).step_by(load.connections) {
        let nth = number / load.connections;
        let told = if nth % REPEATED == REPEATED - 1 { number - load.connections } else { number };
        let request = request(&load, told);
        let asked = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        buffer.clear();
        let status = answer(&mut stream, &mut buffer).await?;
        waits.push(asked.elapsed().as_secs_f64());
        accepted += usize::from(status == 200);
    }
    Ok((waits, accepted))
}

/// A notification as Zoho posts it, unlike every other's.
fn request(load: &Load, number: usize) -> String {
    let id = format!("{}", 5_540_000_000_000_u64 + number as u64);
    let body = json!({
        "server_time": 1_767_603_600_000_u64 + number as u64, "query_params": {}, "module": "Contacts",
        "resource_uri": "https://www.zohoapis.com/crm/v8/Contacts", "ids": [id],
        "affected_fields": [{ id.clone(): ["Owner"] }], "affected_values": [], "operation": "update",
        "channel_id": "1000000068001", "token": load.token,
    })
    .to_string();
    let Load { address, path, .. } = load;
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// Reads one answer to its end; returns its status.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<u16> {
    let wrong = || std::io::Error::new(std::io::ErrorKind::InvalidData, "not an answer in HTTP/1.1");
    loop {
        if let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(Ok(0), |length| length.trim().parse()).map_err(|_| wrong())?;
            if buffer.len() >= head + 4 + length {
                return text.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(wrong);
            }
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}
