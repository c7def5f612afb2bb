//! Requests that should not have been sent: each gets a 4xx with a stable code and a request id, and changes nothing.

use std::sync::Arc;

use app::notify::channel_token;
use app::ports::Table;
use domain::OrgId;
use jiff::Timestamp;
use lambda_http::{Body, Response};
use local::embedded::{EmbeddedDynamo, FileSecrets};
use local::product::signing_key;
use local::world::{ASSISTANT, World, WorldOptions};
use serde_json::{Value, json};
use zoho_sim::Faults;

struct Town {
    world: World,
    org: OrgId,
    token: String,
    // The folder lives as long as the world.
    _folder: tempfile::TempDir,
}

async fn town() -> Town {
    let folder = tempfile::tempdir().unwrap();
    let table = Arc::new(EmbeddedDynamo::memory().unwrap().table().await.unwrap());
    let start: Timestamp = "2026-01-05T09:30:00Z".parse().unwrap();
    let options = WorldOptions { start, folder: folder.path().to_owned(), table, faults: Faults::default(), seed: 1 };
    let world = World::begin(options).await.unwrap();
    let org = world.connect().await.unwrap();
    world.add_tara(&org).await.unwrap();
    let key = signing_key(&FileSecrets::new(folder.path())).await.unwrap();
    let token = channel_token(&key, &org);
    Town { world, org, token, _folder: folder }
}

fn error_code(response: &Response<Body>) -> String {
    let body: Value = serde_json::from_slice(response.body().as_ref()).unwrap();
    assert!(body["error"]["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{body}");
    body["error"]["code"].as_str().unwrap().to_owned()
}

impl Town {
    /// Everything that a request could have changed.
    async fn everything(&self) -> String {
        let admin = self.world.product.admin();
        let leads = admin.leads(&self.org).await.unwrap();
        let connections = admin.connections().await.unwrap();
        let zoho = self.world.zoho_state(&["records", "notes", "emails", "channels", "tokens"]);
        let waiting = self.world.product.store.due(app::store::Queue::Notification, Timestamp::MAX, 100).await.unwrap();
        format!("{leads:?} {connections:?} {zoho} {waiting:?}")
    }

    async fn refuses(&self, method: &str, path: &str, body: impl Into<Body>, status: u16, code: &str) {
        let before = self.everything().await;
        let response = self.world.request(method, path, None, body.into()).await;
        assert_eq!((response.status().as_u16(), error_code(&response)), (status, code.to_owned()), "{method} {path}");
        self.world.settle().await;
        assert_eq!(self.everything().await, before, "{method} {path} changed something");
    }
}

#[tokio::test]
async fn notifications_that_are_none_change_nothing() {
    let town = town().await;
    let path = "/zoho/notifications";
    let good = json!({ "token": town.token, "module": "Contacts", "ids": ["1"], "operation": "update" });
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed.to_string()
    };
    let truncated = good.to_string()[..40].to_owned();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in ["", "{", "null x", "\u{0}", &truncated, &deep] {
        town.refuses("POST", path, body.to_owned(), 400, "malformed_notification").await;
    }
    for body in ["{}", "[]", "3", "null"] {
        town.refuses("POST", path, body.to_owned(), 401, "invalid_token").await;
    }
    for token in [json!(null), json!(7), json!(""), json!("x"), json!(format!("{}x", town.token)), json!(town.org)] {
        town.refuses("POST", path, with("token", token), 401, "invalid_token").await;
    }
    // Another org's token, with this one's signature.
    let forged = town.token.replacen(town.org.as_str(), "us-1", 1);
    town.refuses("POST", path, with("token", json!(forged)), 401, "invalid_token").await;
    for (name, value) in [
        ("module", json!("Notes")),
        ("module", json!(null)),
        ("ids", json!([])),
        ("ids", json!("1")),
        ("ids", json!(["1; drop"])),
        ("ids", json!([1])),
        ("ids", json!(vec!["1"; 5001])),
        ("operation", json!(null)),
        ("affected_fields", json!("all")),
    ] {
        town.refuses("POST", path, with(name, value), 400, "malformed_notification").await;
    }
    town.refuses("POST", path, vec![b' '; 2 * 1024 * 1024], 413, "too_large").await;
    town.refuses("GET", path, "", 405, "method_not_allowed").await;
    let accepted = town.world.request("POST", path, None, good.to_string().into()).await;
    assert_eq!(accepted.status(), 200, "the untouched one passes");
}

#[tokio::test]
async fn other_routes_refuse_as_clearly() {
    let town = town().await;
    for path in ["/oauth/callback", "/oauth/callback?code=x&state=y", "/oauth/callback?error=access_denied"] {
        town.refuses("GET", path, "", 400, "oauth_state").await;
    }
    town.refuses("POST", "/oauth/authorize", "", 405, "method_not_allowed").await;
    town.refuses("POST", "/mail/inbound", "From: a@b.example\r\n\r\nhello", 401, "invalid_token").await;
    for path in ["/", "/nothing", "/unsubscribe/", "/unsubscribe/x.y.z", "/unsubscribe/%00"] {
        town.refuses("GET", path, "", 404, "not_found").await;
        town.refuses("POST", path, "", 404, "not_found").await;
    }
    town.refuses("DELETE", "/unsubscribe/x", "", 405, "method_not_allowed").await;
}

#[tokio::test]
async fn only_an_administrator_in_the_browser_that_started_connects() {
    let town = town().await;
    let tokens = |world: &World| world.zoho_state(&["tokens"])["tokens"]["live_refresh"].clone();
    let before = tokens(&town.world);
    let refused = town.world.connect_as("sam@acme.example").await.unwrap();
    assert_eq!((refused.status().as_u16(), error_code(&refused)), (403, "not_administrator".to_owned()));
    assert_eq!(tokens(&town.world), before, "what was granted is given up again");

    let departure = town.world.get("/oauth/authorize", None).await;
    let consent = url::Url::parse(departure.headers()["location"].to_str().unwrap()).unwrap();
    let state = consent.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let cookie = departure.headers()["set-cookie"].to_str().unwrap().to_owned();
    for attribute in ["__Host-", "Secure", "HttpOnly", "Path=/", "SameSite=Lax"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let elsewhere = town.world.get(&format!("/oauth/callback?code=x&state={state}"), Some("__Host-oauth=other")).await;
    assert_eq!(error_code(&elsewhere), "oauth_state");
}

#[tokio::test]
async fn an_accounts_server_that_is_not_zohos_is_told_nothing() {
    let town = town().await;
    let departure = town.world.get("/oauth/authorize", None).await;
    let consent = url::Url::parse(departure.headers()["location"].to_str().unwrap()).unwrap();
    let state = consent.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let cookie = departure.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    for server in
        ["https://accounts.zoho.com.evil.example", "http://accounts.zoho.com", "https://accounts.zoho.com:8443"]
    {
        let path = format!("/oauth/callback?code=x&state={state}&accounts-server={server}");
        let response = town.world.get(&path, Some(&cookie)).await;
        assert_eq!(error_code(&response), "oauth_refused", "{server}");
    }
}

#[tokio::test]
async fn looking_at_the_unsubscribe_link_changes_nothing_and_one_post_does() {
    let town = town().await;
    let fields = json!({ "Last_Name": "Boyle", "Email": "boyle@example.com" });
    let id = town.world.zoho.create_record("Contacts", fields, Some("sam@acme.example")).unwrap();
    town.world.zoho.assign("Contacts", &[&id], ASSISTANT, Some("sam@acme.example")).unwrap();
    town.world.settle().await;
    town.world.tick().await.unwrap();
    let (_, mail) = town.world.mails().unwrap().remove(0);
    let mail = String::from_utf8(mail).unwrap().replace("\r\n ", "");
    let link = mail.split("List-Unsubscribe: <").nth(1).unwrap().split('>').next().unwrap();
    let path = url::Url::parse(link).unwrap().path().to_owned();

    let before = town.everything().await;
    for _ in 0..3 {
        let page = town.world.get(&path, None).await;
        assert_eq!(page.status(), 200);
        assert!(page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    }
    assert_eq!(town.everything().await, before, "a link that is only looked at changes nothing");
    for _ in 0..2 {
        assert_eq!(town.world.post(&path).await.status(), 200);
        town.world.settle().await;
    }
    let leads = town.world.product.admin().leads(&town.org).await.unwrap();
    assert_eq!(leads[0].state, domain::LeadState::Unsubscribed);

    // For ever, and for every record of the org with that address.
    let twin = json!({ "Last_Name": "Boyle", "Company": "x", "Email": "Boyle@Example.com" });
    let twin = town.world.zoho.create_record("Leads", twin, Some("sam@acme.example")).unwrap();
    town.world.zoho.assign("Leads", &[&twin], ASSISTANT, Some("sam@acme.example")).unwrap();
    town.world.settle().await;
    let notes = town.world.zoho_state(&["notes"]);
    let note = notes["notes"].as_array().unwrap().iter().find(|note| note["record"] == twin.as_str()).unwrap();
    assert!(note["content"].as_str().unwrap().contains("suppression list"), "{note}");
}

#[tokio::test]
async fn tokens_are_in_the_secrets_and_nowhere_in_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let table = Arc::new(local::embedded::open(folder.path()).unwrap().table().await.unwrap());
    let start: Timestamp = "2026-01-05T09:30:00Z".parse().unwrap();
    let faults = Faults::default();
    let options = WorldOptions { start, folder: folder.path().to_owned(), table: table.clone(), faults, seed: 1 };
    let world = World::begin(options).await.unwrap();
    let org = world.connect().await.unwrap();
    let secrets = std::fs::read_to_string(folder.path().join("secrets.json")).unwrap();
    let tokens: Vec<&str> = secrets.split(['"', '\\']).filter(|word| word.starts_with("1000.")).collect();
    assert_eq!(tokens.len(), 2, "an access token and a refresh token");
    let says_one = |text: &str| tokens.iter().any(|token| text.contains(token));
    // As they are read, for long ones are compressed on the disk.
    let rows = table.query(&format!("org#{org}"), "", None, 100).await.unwrap().rows;
    assert!(rows.iter().any(|row| row.key.sort == "connection"), "{rows:?}");
    assert!(!rows.iter().any(|row| says_one(&row.body.to_string())), "a token is in a row");
    for file in ["table.sqlite", "table.sqlite-wal"] {
        let bytes = std::fs::read(folder.path().join(file)).unwrap();
        assert!(!says_one(&String::from_utf8_lossy(&bytes)), "a token is in {file}");
    }
}
