//! Item 9: requests that should not have been sent. Each is refused, changes nothing, and shows nothing; and the log of
//! it all holds no secret and no address.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use app::notify::channel_token;
use app::ports::Table;
use domain::LeadState;
use jiff::Timestamp;
use local::embedded::FileSecrets;
use local::product::signing_key;
use local::world::{ASSISTANT, World, WorldError, WorldOptions};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use zoho_sim::Faults;

use crate::client::{Answered, drive, quantile, request};
use crate::due::START;
use crate::meter::Metered;

/// Connections, each with one request at a time.
const CONNECTIONS: usize = 10;
/// What nobody may be shown, and no log may hold.
const LEAD: &str = "ada.boyle@example.com";
const OWNER: &str = "sam@acme.example";

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What an attacker has seen of the product: tokens that are good for one thing each.
#[derive(Clone)]
struct Seen {
    address: String,
    org: String,
    channel: String,
    unsubscribe: String,
}

/// `requests` bad ones to each route, as many looks of scanners at a good link, and `probes` of another tenant.
pub async fn attack(folder: &Path, requests: usize, probes: usize) -> Result<Value, WorldError> {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().json().with_env_filter("debug").with_writer(move || writer.clone()).init();
    let failed = |what: &'static str| move |error: std::io::Error| WorldError::new(what, error);
    let dynamo = local::embedded::open(folder).map_err(|error| WorldError::new("the table", error))?;
    let inner = Arc::new(dynamo.table().await.map_err(|error| WorldError::new("the table", error))?);
    let table = Arc::new(Metered::new(inner as Arc<dyn Table>));
    let start: Timestamp = START.parse().map_err(|error| WorldError::new("the start", error))?;
    let options =
        WorldOptions { start, folder: folder.to_owned(), table: table.clone(), faults: Faults::default(), seed: 1 };
    let world = Arc::new(World::begin(options).await?);
    let org = world.connect().await?;
    world.add_tara(&org).await?;
    let fields = json!({ "First_Name": "Ada", "Last_Name": "Boyle", "Email": LEAD });
    let record = world.zoho.create_record("Contacts", fields, Some(OWNER));
    let record = record.map_err(|error| WorldError::new("a record", format!("{error:?}")))?;
    let assigned = world.zoho.assign("Contacts", &[&record], ASSISTANT, Some(OWNER));
    assigned.map_err(|error| WorldError::new("assigning", format!("{error:?}")))?;
    world.settle().await;
    world.tick().await?;

    let secrets = FileSecrets::new(folder);
    let key = signing_key(&secrets).await.map_err(|error| WorldError::new("the key", error))?;
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed("listening"))?;
    let address = listener.local_addr().map_err(failed("listening"))?.to_string();
    let serving = tokio::spawn(axum::serve(listener, local::serve::router(world.clone())).into_future());
    let channel = channel_token(&key, &org);
    let seen = Seen { address, org: org.to_string(), channel, unsubscribe: unsubscribe_path(&world)? };

    let written = table.used().writes;
    let (mut routes, mut server_errors) = (BTreeMap::new(), 0);
    for (route, make) in ROUTES {
        let facts = seen.clone();
        let answers = drive(&seen.address, CONNECTIONS, requests, move |number| make(&facts, number)).await;
        let answers = answers.map_err(failed("a route"))?;
        let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
        answers.iter().for_each(|answer| *statuses.entry(answer.status).or_default() += 1);
        // Whoever asks for a picture gets it: it tells nothing.
        let is_accepted = |answer: &&Answered| answer.status < 400 && !shows(&answer.text, &["content-type: image/"]);
        let accepted = answers.iter().filter(is_accepted).count();
        server_errors += answers.iter().filter(|answer| answer.status >= 500).count();
        let shown = json!({ "requests": answers.len(), "statuses": statuses, "accepted": accepted, "p99_ms": quantile(&answers, 0.99) });
        routes.insert(route, shown);
    }
    let facts = seen.clone();
    let looks = drive(&seen.address, CONNECTIONS, requests, move |number| scanned(&facts, number)).await;
    let looks = looks.map_err(failed("the scanners"))?;
    let facts = seen.clone();
    let probed = drive(&seen.address, CONNECTIONS, probes, move |number| probe(&facts, number)).await;
    let probed = probed.map_err(failed("the probes"))?;
    let leaks =
        probed.iter().filter(|answer| answer.status < 400 || shows(&answer.text, &[LEAD, OWNER, ASSISTANT, "Boyle"]));
    let written = table.used().writes - written;
    let leads = world.product.admin().leads(&org).await.map_err(|error| WorldError::new("the lead", error))?;
    let unsubscribed = leads.iter().filter(|lead| lead.state == LeadState::Unsubscribed).count();
    serving.abort();

    let stored = std::fs::read_to_string(folder.join("secrets.json")).map_err(failed("the secrets"))?;
    let mut private: Vec<&str> = stored.split(['"', '\\']).filter(|word| word.len() > 20).collect();
    private.extend([LEAD, OWNER, &seen.channel, seen.unsubscribe.rsplit('/').next().unwrap_or(&seen.unsubscribe)]);
    let logged = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let told = private.iter().filter(|word| shows(&logged, &[word])).count();
    Ok(json!({
        "routes": routes, "server_errors": server_errors, "units_written": written,
        "scanner_gets": looks.len(), "pages_shown": looks.iter().filter(|look| look.status == 200).count(),
        "unsubscribed": unsubscribed, "probes": probed.len(), "leaks": leaks.count(),
        "log_bytes": logged.len(), "private_words": private.len(), "private_words_logged": told,
    }))
}

fn shows(text: &[u8], words: &[&str]) -> bool {
    let text = String::from_utf8_lossy(text);
    words.iter().any(|word| text.contains(word))
}

/// The link in the mail that left.
fn unsubscribe_path(world: &World) -> Result<String, WorldError> {
    let none = || WorldError::new("the mail", "it has no link to unsubscribe");
    let (_, mail) = world.mails()?.pop().ok_or_else(none)?;
    let mail = String::from_utf8_lossy(&mail).replace("\r\n ", "");
    let link = mail.split("List-Unsubscribe: <").nth(1).and_then(|rest| rest.split('>').next()).ok_or_else(none)?;
    Ok(url::Url::parse(link).map_err(|error| WorldError::new("the link", error))?.path().to_owned())
}

/// A bad request by its number.
type Bad = fn(&Seen, usize) -> Vec<u8>;

/// Every route that somebody outside reaches.
const ROUTES: [(&str, Bad); 8] = [
    ("POST /zoho/notifications, malformed", |seen, number| {
        let whole = json!({ "token": seen.channel, "module": "Contacts", "ids": ["1"], "operation": "update" });
        let with = |name: &str, value: Value| {
            let mut body = whole.clone();
            body[name] = value;
            body.to_string()
        };
        let body = match number % 8 {
            0 => whole.to_string()[..number % 60].to_owned(),
            1 => with("module", json!("Notes")),
            2 => with("ids", json!([])),
            3 => with("ids", json!([format!("{number}; drop")])),
            4 => with("ids", json!(vec!["1"; 5001])),
            5 => with("operation", json!(number)),
            6 => "[".repeat(number % 5_000 + 1),
            _ => with("affected_fields", json!("all")),
        };
        post(seen, "/zoho/notifications", &body)
    }),
    ("POST /zoho/notifications, forged", |seen, number| {
        let token = forged(&seen.channel, number);
        let body = json!({ "token": token, "module": "Contacts", "ids": ["1"], "operation": "update" });
        post(seen, "/zoho/notifications", &body.to_string())
    }),
    ("GET /oauth/callback", |seen, number| {
        let path = format!("/oauth/callback?code={number}&state={}", forged(&seen.channel, number));
        get(seen, &path)
    }),
    ("GET /unsubscribe", |seen, number| get(seen, &forged(&seen.unsubscribe, number))),
    ("POST /unsubscribe", |seen, number| post(seen, &forged(&seen.unsubscribe, number), "List-Unsubscribe=One-Click")),
    ("GET /o", |seen, number| get(seen, &forged(&seen.unsubscribe, number).replacen("/unsubscribe/", "/o/", 1))),
    ("GET /c", |seen, number| get(seen, &forged(&seen.unsubscribe, number).replacen("/unsubscribe/", "/c/", 1))),
    ("POST /mail/inbound", |seen, number| {
        let headers = format!("authorization: Bearer {number}\r\n");
        request(&seen.address, "POST", "/mail/inbound", &headers, "From: a@b.example\r\n\r\nremove me")
    }),
];

fn get(seen: &Seen, path: &str) -> Vec<u8> {
    request(&seen.address, "GET", path, "", "")
}

fn post(seen: &Seen, path: &str, body: &str) -> Vec<u8> {
    request(&seen.address, "POST", path, "content-type: application/json\r\n", body)
}

/// A token with one letter of its signature changed, cut short, or made longer.
fn forged(token: &str, number: usize) -> String {
    let at = token.len() - 1 - number / 3 % 8;
    let (before, after) = token.split_at(at);
    let other = if after.starts_with('a') { "b" } else { "a" };
    match number % 3 {
        0 => format!("{before}{other}{}", &after[1..]),
        1 => before.to_owned(),
        _ => format!("{token}{number}"),
    }
}

/// What looks at every link of a mail before its reader does.
fn scanned(seen: &Seen, number: usize) -> Vec<u8> {
    const SCANNERS: [&str; 3] = ["Mozilla/5.0 (compatible; BarracudaCentral)", "Mimecast", "Mozilla/5.0 Chrome/120"];
    let headers = format!("user-agent: {}\r\n", SCANNERS[number % SCANNERS.len()]);
    request(&seen.address, "GET", &seen.unsubscribe, &headers, "")
}

/// What is this tenant's, asked for in another's name, and in this one's for another record.
fn probe(seen: &Seen, number: usize) -> Vec<u8> {
    let other = format!("us-{}", 60_002 + number);
    match number % 4 {
        0 => get(seen, &seen.unsubscribe.replacen(&seen.org, &other, 1)),
        1 => post(seen, &seen.unsubscribe.replacen(".c", &format!(".l{number}"), 1), "List-Unsubscribe=One-Click"),
        2 => get(seen, &seen.unsubscribe.replacen("/unsubscribe/", "/c/", 1)),
        _ => {
            let token = seen.channel.replacen(&seen.org, &other, 1);
            let body = json!({ "token": token, "module": "Contacts", "ids": ["1"], "operation": "update" });
            post(seen, "/zoho/notifications", &body.to_string())
        }
    }
}
