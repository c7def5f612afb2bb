//! `sales-assistant` as a child process, with a simulated Zoho beside it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_sales-assistant");
/// Far longer than anything here takes; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(240);

/// A child that ends with the test.
pub struct Process {
    child: Child,
    /// The first line it printed.
    pub ready: Value,
}

impl Process {
    pub fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(BINARY)
            .args(arguments)
            .envs(environment.iter().copied())
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        Self { child, ready }
    }

    /// SIGKILL: no chance to finish anything.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and how it ended.
    pub fn terminate(mut self) -> std::process::ExitStatus {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(killed.success());
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already gone is fine.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Runs a command to its end.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).output().unwrap()
}

/// An address that is free now, for a server that has to come back at the same place.
pub fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Polls until `found` says so.
pub fn wait_for(what: &str, mut found: impl FnMut() -> bool) {
    let start = Instant::now();
    while !found() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A blocking HTTP client that follows no redirect and keeps no cookie.
pub struct Http(tokio::runtime::Runtime, reqwest::Client);

impl Http {
    pub fn new() -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self(tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(), client)
    }

    pub fn get(&self, url: &str, cookie: &str) -> reqwest::Response {
        self.0.block_on(self.1.get(url).header("cookie", cookie).send()).unwrap()
    }

    pub fn json(&self, url: &str) -> Value {
        self.0.block_on(async { self.1.get(url).send().await.unwrap().json().await }).unwrap()
    }

    pub fn post(&self, url: &str, body: &Value) -> Value {
        self.0.block_on(async { self.1.post(url).json(body).send().await.unwrap().json().await }).unwrap()
    }

    pub fn form(&self, url: &str, body: String) -> reqwest::Response {
        let request = self.1.post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
        self.0.block_on(request.send()).unwrap()
    }
}

/// The simulator and what it said of itself.
pub struct Zoho {
    process: Process,
}

impl Zoho {
    pub fn start(faults: &str) -> Self {
        Self { process: Process::start(&["zoho-sim", "--http", "127.0.0.1:0", "--faults", faults], &[]) }
    }

    pub fn said(&self, name: &str) -> String {
        self.process.ready[name].as_str().unwrap().to_owned()
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.said("base_url"))
    }

    /// Starts `serve` against it.
    pub fn serve(&self, data_dir: &Path, address: &str, clock: &str) -> Process {
        let data_dir = data_dir.to_str().unwrap();
        let base_url = self.said("base_url");
        let arguments =
            ["serve", "--data-dir", data_dir, "--http", address, "--zoho-accounts", &base_url, "--clock", clock];
        let (id, secret) = (self.said("client_id"), self.said("client_secret"));
        Process::start(&arguments, &[("ZOHO_CLIENT_ID", &id), ("ZOHO_CLIENT_SECRET", &secret)])
    }

    /// Walks an administrator's browser through the connection.
    pub fn connect(&self, http: &Http, address: &str) {
        let departure = http.get(&format!("http://{address}/oauth/authorize"), "");
        let header = |name: &str| departure.headers()[name].to_str().unwrap().to_owned();
        let (consent, cookie) = (header("location"), header("set-cookie"));
        let (_, query) = consent.split_once('?').unwrap();
        let decision = http.form(&self.url("/oauth/v2/auth/decision"), format!("{query}&decision=accept"));
        let back = decision.headers()["location"].to_str().unwrap().to_owned();
        let connected = http.get(&back, cookie.split(';').next().unwrap());
        assert_eq!(connected.status(), 200);
    }
}
