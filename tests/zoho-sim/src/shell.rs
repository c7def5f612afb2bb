//! The simulator on a port, and its callbacks on their way.
//!
//! **Absent:** retries of callbacks. Whether Zoho retries is not documented, so a client must live without.

use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{Callback, Faults, Ready, Reply, SimConfig, Simulator, request::MAX_BODY_BYTES};

/// How long a callback's receiver may take.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(10);
/// How often due callbacks are looked for; the simulator's clock need not be the machine's.
const CALLBACK_POLL: Duration = Duration::from_millis(20);

/// How to run a simulator on its own.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Address to listen on; port 0 picks one.
    pub http: SocketAddr,
    /// What goes wrong.
    pub faults: Faults,
    /// Decides every token and every fault.
    pub seed: u64,
}

/// Listens, announces how to connect, and serves until `shutdown`.
pub async fn run(
    options: RunOptions,
    announce: impl FnOnce(&Ready),
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let listener = TcpListener::bind(options.http).await?;
    let mut config = SimConfig::new(format!("http://{}", listener.local_addr()?));
    (config.faults, config.seed) = (options.faults, options.seed);
    let simulator = Arc::new(Simulator::new(config));
    announce(simulator.ready());
    serve(simulator, listener, shutdown).await;
    Ok(())
}

/// Serves a simulator on a listener and delivers its callbacks, until `shutdown`. Connections end with it.
pub async fn serve(simulator: Arc<Simulator>, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let deliveries = deliver_callbacks(Arc::clone(&simulator));
    tokio::select! {
        () = answer(simulator, listener, shutdown) => {}
        () = deliveries => {}
    }
}

/// Serves a simulator on a listener until `shutdown`, and leaves its callbacks to the caller, who takes them with
/// [`Simulator::take_due_callbacks`] when it wants them to arrive.
pub async fn answer(simulator: Arc<Simulator>, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let mut shutdown = pin!(shutdown);
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(tasks.spawn(connection(Arc::clone(&simulator), stream))),
                // Out of file descriptors, most likely; they come back as connections end.
                Err(_) => tokio::time::sleep(CALLBACK_POLL).await,
            },
            Some(_) = tasks.join_next() => {}
        }
    }
}

async fn connection(simulator: Arc<Simulator>, stream: TcpStream) {
    let service = service_fn(move |request| exchange(Arc::clone(&simulator), request));
    // A client that goes away, and a fault that gives no answer, both end here.
    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct NoAnswer;

async fn exchange(simulator: Arc<Simulator>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, NoAnswer> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
        let mut refused = Response::new(Full::default());
        *refused.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(refused);
    };
    let (reply, slot) = simulator.call_holding(Request::from_parts(parts, body.to_bytes()));
    if let Some(latency) = simulator.latency() {
        tokio::time::sleep(latency).await;
    }
    drop(slot);
    match reply {
        Reply::Answer(response) => Ok(response.map(Full::new)),
        Reply::NoAnswer => Err(NoAnswer),
    }
}

async fn deliver_callbacks(simulator: Arc<Simulator>) {
    let client = reqwest::Client::builder().timeout(CALLBACK_TIMEOUT).no_proxy().build().unwrap_or_default();
    let mut on_their_way = JoinSet::new();
    loop {
        for callback in simulator.take_due_callbacks(simulator.now()) {
            on_their_way.spawn(deliver(Arc::clone(&simulator), client.clone(), callback));
        }
        while on_their_way.try_join_next().is_some() {}
        tokio::time::sleep(CALLBACK_POLL).await;
    }
}

async fn deliver(simulator: Arc<Simulator>, client: reqwest::Client, callback: Callback) {
    let mut post = client.post(&callback.url).body(callback.body.clone());
    for (name, value) in &callback.headers {
        post = post.header(name, value);
    }
    let result = post.send().await.map(|response| response.status().as_u16());
    if let Err(error) = &result {
        tracing::warn!(url = %callback.url, %error, "a callback was not delivered");
    }
    simulator.record_delivery(&callback, result.map_err(|error| error.to_string()));
}
