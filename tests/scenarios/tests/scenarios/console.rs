//! The console: who gets in, who sees what, and what a request that should not have been sent gets.

use domain::{LeadId, LeadState};
use lambda_http::http::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use lambda_http::{Body, Response};
use serde_json::json;
use zoho_sim::UserChange;

use crate::journeys::{Stage as Town, stage};

const ORIGIN_OF_OURS: &str = "http://127.0.0.1:8080";
pub(crate) const ADMINISTRATOR: &str = "priya@acme.example";
pub(crate) const SAM: &str = "sam@acme.example";
pub(crate) const LENA: &str = "lena@acme.example";

/// Somebody's browser.
pub(crate) struct Browser<'a> {
    town: &'a Town,
    cookie: String,
}

/// The cookie of the session that an answer begins.
fn session(response: &Response<Body>) -> Option<String> {
    let cookies = response.headers().get_all(SET_COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let set = cookies.filter_map(|cookie| cookie.split(';').next()).find(|pair| pair.starts_with("__Host-session="));
    set.filter(|pair| !pair.ends_with('=')).map(str::to_owned)
}

pub(crate) fn text(response: &Response<Body>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

pub(crate) fn location(response: &Response<Body>) -> &str {
    response.headers().get(LOCATION).map_or("", |value| value.to_str().unwrap())
}

impl<'a> Browser<'a> {
    pub(crate) async fn of(town: &'a Town, user: &str) -> Self {
        let response = town.world.sign_in_as(user).await.unwrap();
        assert_eq!((response.status().as_u16(), location(&response)), (303, "/console"), "{}", text(&response));
        Self { town, cookie: session(&response).unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> Response<Body> {
        self.town.world.get(path, Some(&self.cookie)).await
    }

    pub(crate) async fn reads(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}: {}", text(&response));
        text(&response)
    }

    /// The token of this session's forms.
    async fn token(&self) -> String {
        let page = self.reads("/console").await;
        let (_, rest) = page.split_once("name=\"token\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    async fn posts_from(&self, path: &str, origin: &str, form: &str) -> Response<Body> {
        let mut request = http_request("POST", path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if !self.cookie.is_empty() {
            request = request.header(COOKIE, &self.cookie);
        }
        if !origin.is_empty() {
            request = request.header(ORIGIN, origin);
        }
        let response = self.town.world.product.route(request.body(Body::from(form.to_owned())).unwrap()).await;
        self.town.world.settle().await;
        response
    }

    /// Sends a form of its own session.
    pub(crate) async fn posts(&self, path: &str, form: &str) -> Response<Body> {
        let token = self.token().await;
        self.posts_from(path, ORIGIN_OF_OURS, &format!("token={token}&{form}")).await
    }
}

fn http_request(method: &str, path: &str) -> lambda_http::http::request::Builder {
    lambda_http::http::Request::builder().method(method).uri(path)
}

/// A town in which Sam handed person 1 over, and Lena person 2.
pub(crate) async fn town() -> (Town, LeadId, LeadId) {
    let town = stage("", 1).await;
    let mut leads = Vec::new();
    for (number, owner) in [(1, SAM), (2, LENA)] {
        let id = town.person(number);
        town.world.zoho.assign("Contacts", &[&id], owner, Some(ADMINISTRATOR)).unwrap();
        town.world.settle().await;
        // Two changes at one instant would be one notification.
        town.world.clock.advance_to(town.world.clock.now() + jiff::SignedDuration::from_secs(1));
        town.world.zoho.assign("Contacts", &[&id], "tara@acme.example", Some(owner)).unwrap();
        town.world.settle().await;
        leads.push(format!("contacts-{id}").parse().unwrap());
    }
    let [sams, lenas] = leads.try_into().unwrap();
    (town, sams, lenas)
}

#[tokio::test]
async fn each_sees_their_own_leads_and_administrators_all() {
    let (town, sams, lenas) = town().await;
    let (priya, sam, lena) =
        (Browser::of(&town, ADMINISTRATOR).await, Browser::of(&town, SAM).await, Browser::of(&town, LENA).await);
    let (sams, lenas) = (sams.to_string(), lenas.to_string());
    for (browser, sees_sams, sees_lenas) in [(&priya, true, true), (&sam, true, false), (&lena, false, true)] {
        for path in ["/console/leads", "/console/leads.csv", "/console"] {
            let page = browser.reads(path).await;
            assert_eq!((page.contains(&sams), page.contains(&lenas)), (sees_sams, sees_lenas), "{path}");
        }
        for (lead, sees) in [(&sams, sees_sams), (&lenas, sees_lenas)] {
            let status = browser.get(&format!("/console/leads/{lead}")).await.status();
            assert_eq!(status, if sees { 200 } else { 404 });
        }
    }
    // What is not theirs is not there, whatever they send.
    let before = town.world.product.store.lead(&town.org, &lenas.parse().unwrap()).await.unwrap();
    for action in ["deactivate", "hot", "unsubscribe", "restart", "note", "approve", "message", "edit"] {
        let form = "note-text=x&message-text=x&approve-text=x&edit-schedule=Recommended";
        let response = sam.posts(&format!("/console/leads/{lenas}/{action}"), form).await;
        assert_eq!(response.status(), 404, "{action}");
    }
    let response = sam.posts("/console/leads/act", &format!("action=deactivate&lead={sams}&lead={lenas}")).await;
    assert_eq!(response.status(), 404, "one of them is not Sam's");
    let after = town.world.product.store.lead(&town.org, &lenas.parse().unwrap()).await.unwrap();
    assert_eq!(before, after);
}

/// Pages that only administrators see, and forms that only they may send.
const MANAGING: [&str; 17] = [
    "/console/leads/new",
    "/console/access",
    "/console/tokens",
    "/console/failures",
    "/console/history",
    "/console/leave",
    "/console/erase",
    "/console/export.jsonl",
    "/console/crm",
    "/console/assistants",
    "/console/assistants/new",
    "/console/assistants/tara",
    "/console/schedules",
    "/console/schedules/new",
    "/console/schedule?name=Recommended",
    "/console/nurture",
    "/console/pre-flight",
];
const MANAGING_FORMS: [&str; 20] = [
    "/console/leads/new",
    "/console/schedule/test",
    "/console/access",
    "/console/tokens",
    "/console/failures",
    "/console/failures/settle",
    "/console/crm/pause",
    "/console/crm/resume",
    "/console/leave",
    "/console/erase",
    "/console/crm/refresh",
    "/console/assistants/new",
    "/console/assistants/tara",
    "/console/assistants/tara/pause",
    "/console/assistants/tara/go-on",
    "/console/schedules/new",
    "/console/schedule?name=Recommended",
    "/console/schedule/delete?name=Recommended",
    "/console/nurture",
    "/console/pre-flight",
];

#[tokio::test]
async fn settings_are_for_administrators() {
    let (town, ..) = town().await;
    let (priya, sam) = (Browser::of(&town, ADMINISTRATOR).await, Browser::of(&town, SAM).await);
    for path in MANAGING {
        assert_eq!(
            (priya.get(path).await.status().as_u16(), sam.get(path).await.status().as_u16()),
            (200, 403),
            "{path}"
        );
    }
    let menu = sam.reads("/console").await;
    assert!(!menu.contains("/console/crm") && priya.reads("/console").await.contains("/console/crm"));
    for path in MANAGING_FORMS {
        assert_eq!(sam.posts(path, "").await.status(), 403, "{path}");
    }
    // Who becomes an administrator is one when they sign in again.
    town.world.zoho.change_user(SAM, &UserChange { admin: Some(true), ..UserChange::default() }).unwrap();
    assert_eq!(sam.get("/console/crm").await.status(), 403);
    assert_eq!(Browser::of(&town, SAM).await.get("/console/crm").await.status(), 200);
}

#[tokio::test]
async fn a_form_counts_only_from_a_page_of_its_session() {
    let (town, lead, _) = town().await;
    let (priya, sam) = (Browser::of(&town, ADMINISTRATOR).await, Browser::of(&town, SAM).await);
    let path = format!("/console/leads/{lead}/deactivate");
    let (mine, other) = (priya.token().await, sam.token().await);
    let state = async || town.world.product.store.lead(&town.org, &lead).await.unwrap().unwrap().lead.state;
    for (origin, token) in [
        (ORIGIN_OF_OURS, ""),
        (ORIGIN_OF_OURS, "x"),
        (ORIGIN_OF_OURS, other.as_str()),
        ("", mine.as_str()),
        ("null", mine.as_str()),
        ("https://evil.example", mine.as_str()),
        ("http://127.0.0.1:8081", mine.as_str()),
        ("http://127.0.0.1:8080.evil.example", mine.as_str()),
    ] {
        let response = priya.posts_from(&path, origin, &format!("token={token}")).await;
        assert_eq!(response.status(), 403, "{origin} {token}");
    }
    let stranger = Browser { town: &town, cookie: String::new() };
    assert_eq!(stranger.posts_from(&path, ORIGIN_OF_OURS, &format!("token={mine}")).await.status(), 401);
    assert_eq!(priya.get(&path).await.status(), 404, "a GET does nothing");
    assert_eq!(state().await, LeadState::Cold);
    let done = priya.posts_from(&path, ORIGIN_OF_OURS, &format!("token={mine}")).await;
    assert_eq!((done.status().as_u16(), location(&done)), (303, format!("/console/leads/{lead}?done=asked").as_str()));
    assert!(matches!(state().await, LeadState::Deactivated(_)));
}

#[tokio::test]
async fn sessions_end() {
    let (town, lead, _) = town().await;
    let world = &town.world;
    let sam = Browser::of(&town, SAM).await;
    assert_eq!(sam.get("/console").await.status(), 200);
    // A cookie that was changed anywhere opens nothing.
    let value = sam.cookie.strip_prefix("__Host-session=").unwrap();
    for forged in ["", "x", &value[1..], &format!("{value}x"), &value.replace(town.org.as_str(), "us-1")] {
        let response = world.get("/console", Some(&format!("__Host-session={forged}"))).await;
        assert_eq!(response.status(), 401, "{forged}");
        assert!(text(&response).contains("Sign in with Zoho"));
    }
    // The table alone does not let anybody in.
    let secret = value.split('.').nth(1).unwrap();
    assert!(world.product.store.session(&town.org, secret).await.unwrap().is_some());
    assert!(world.product.store.session(&town.org, &app::store::keys::hash(secret)).await.unwrap().is_none());

    // The secret is replaced at a change after a while, and the old one is over.
    world.clock.advance_to(world.clock.now() + jiff::SignedDuration::from_mins(31));
    let response = sam.posts(&format!("/console/leads/{lead}/note"), "note-text=Hello").await;
    let renewed = Browser { town: &town, cookie: session(&response).unwrap() };
    assert_eq!(
        (sam.get("/console").await.status().as_u16(), renewed.get("/console").await.status().as_u16()),
        (401, 200)
    );
    // And after a working day it ends, however often it was replaced.
    world.clock.advance_to(world.clock.now() + jiff::SignedDuration::from_hours(10));
    assert_eq!(renewed.get("/console").await.status(), 401);

    let sam = Browser::of(&town, SAM).await;
    let out = sam.posts("/console/sign-out", "").await;
    assert_eq!((out.status().as_u16(), session(&out)), (303, None));
    assert_eq!(sam.get("/console").await.status(), 401);

    // Who leaves the company is out with the next look at its users.
    let lena = Browser::of(&town, LENA).await;
    world.zoho.change_user(LENA, &UserChange { active: Some(false), ..UserChange::default() }).unwrap();
    let users = app::store::KnownUsers { users: vec![], read_at: world.clock.now() };
    assert_eq!(lena.get("/console").await.status(), 200);
    let known = world.product.store.users(&town.org).await.unwrap().unwrap();
    let gone = known.users.into_iter().map(|mut user| {
        user.active &= user.email.as_ref().is_none_or(|email| email.as_str() != LENA);
        user
    });
    let users = app::store::KnownUsers { users: gone.collect(), ..users };
    world.product.store.put_users(&town.org, &users).await.unwrap();
    assert_eq!(lena.get("/console").await.status(), 401);
}

#[tokio::test]
async fn signing_in_is_for_users_of_a_connected_org_and_not_too_often() {
    let (town, ..) = town().await;
    let world = &town.world;
    // A callback that this browser did not start.
    let departure = world.get("/oauth/sign-in", None).await;
    let consent = location(&departure).to_owned();
    assert!(consent.contains("ZohoCRM.users.READ") && !consent.contains("leads"), "{consent}");
    let state =
        url::Url::parse(&consent).unwrap().query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let back = world.get(&format!("/oauth/callback?code=x&state={state}"), None).await;
    assert_eq!((back.status().as_u16(), session(&back)), (400, None));
    // Connecting signs the administrator in.
    let connected = world.connect_as("").await.unwrap();
    assert!(session(&connected).is_some() && text(&connected).contains("/console"));
}

#[tokio::test]
async fn too_many_sign_ins_from_one_address_are_refused() {
    let (town, ..) = town().await;
    let departure = town.world.get("/oauth/sign-in", None).await;
    let consent = url::Url::parse(location(&departure)).unwrap();
    let state = consent.query_pairs().find(|(name, _)| name == "state").unwrap().1;
    let cookie = departure.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let state = state.into_owned();
    let callback = async |from: &str| {
        let request =
            http_request("GET", &format!("/oauth/callback?code=guessed&state={state}")).header(COOKIE, &cookie);
        let from: std::net::SocketAddr = from.parse().unwrap();
        let request = request.extension(from).body(Body::Empty).unwrap();
        town.world.product.route(request).await.status().as_u16()
    };
    for _ in 0..60 {
        assert_eq!(callback("203.0.113.7:50000").await, 400);
    }
    assert_eq!(callback("203.0.113.7:50001").await, 429);
    assert_eq!(callback("203.0.113.8:50000").await, 400, "others may");
    town.world.clock.advance_to(town.world.clock.now() + jiff::SignedDuration::from_mins(9));
    assert_eq!(callback("203.0.113.7:50000").await, 429);
}

#[tokio::test]
async fn forms_change_what_they_name_and_nothing_else() {
    let (town, ..) = town().await;
    let priya = Browser::of(&town, ADMINISTRATOR).await;
    let tara = "tara".parse().unwrap();
    let before = town.world.product.store.assistant(&town.org, &tara).await.unwrap().unwrap().value;
    let form = "name=Tara+Quill&email=tara%40acme.example&zone=Europe%2FParis&window_from=08%3A00&window_to=18%3A00&daily_cap=50\
                &at_risk_days=3&tracking=off&default_schedule=Recommended&id=evil&user=1&org=us-1&started_on=2020-01-01\
                &last_assignment=false&paused_until=2099-01-01T00%3A00%3A00Z";
    let saved = priya.posts("/console/assistants/tara", form).await;
    assert_eq!(saved.status(), 303, "{}", text(&saved));
    let after = town.world.product.store.assistant(&town.org, &tara).await.unwrap().unwrap().value;
    assert_eq!((after.name.as_str(), after.daily_cap), ("Tara Quill", 50));
    assert_eq!(
        (&after.id, &after.user, after.started_on, after.last_assignment, after.paused_until),
        (&before.id, &before.user, before.started_on, before.last_assignment, before.paused_until)
    );
    let large = format!("note-text={}", "x".repeat(2_000_000));
    assert_eq!(priya.posts("/console/nurture", &large).await.status(), 413);
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let request = http_request(method, "/console/crm").header(COOKIE, &priya.cookie).body(Body::Empty).unwrap();
        assert_eq!(town.world.product.route(request).await.status(), 405, "{method}");
    }
}

#[tokio::test]
async fn what_strangers_write_is_shown_as_text() {
    let town = stage("", 1).await;
    let id = town.person(1);
    let evil = "<script>alert(1)</script>";
    let names = json!({"First_Name": evil, "Last_Name": "\"><img src=x onerror=alert(1)>"});
    town.world.zoho.edit_records("Contacts", &[&id], names, None).unwrap();
    town.assign("Contacts", &[&id]);
    town.world.settle().await;
    town.days(1).await;
    let (_, raw) = town.world.mails().unwrap().pop().unwrap();
    let newest = mail::parse(&raw, None).message_id;
    let answer = format!(
        "From: person1@example.com\r\nTo: tara@acme.example\r\nSubject: {evil}\r\nMessage-ID: <evil@example.com>\r\n\
         In-Reply-To: {newest}\r\n\r\nLet's meet {evil} on Tuesday\r\n"
    );
    town.world.product.receive(answer.as_bytes()).await.unwrap();
    town.world.settle().await;
    let priya = Browser::of(&town, ADMINISTRATOR).await;
    for path in ["/console", "/console/leads", &format!("/console/leads/contacts-{id}"), "/console/crm"] {
        let response = priya.get(path).await;
        let page = text(&response);
        assert!(!page.contains("<script") && !page.contains("<img"), "{path}: {page}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert_eq!(response.headers()["referrer-policy"], "same-origin");
        assert!(page.len() < 100_000, "{path}: {} bytes", page.len());
    }
    assert!(priya.reads(&format!("/console/leads/contacts-{id}")).await.contains("&lt;script&gt;"));
    for query in ["q=%3Cscript%3E", "state=%22%3E%3Cscript%3E", "from=x", "done=%3Cscript%3E", "owner=%3Cscript%3E"] {
        let page = text(&priya.get(&format!("/console/leads?{query}")).await);
        assert!(!page.contains("<script"), "{query}: {page}");
    }
}

#[tokio::test]
async fn the_first_steps_tick_themselves_off() {
    let town = stage("", 1).await;
    let priya = Browser::of(&town, ADMINISTRATOR).await;
    let done = |page: &str| page.matches("class=\"done\"").count();
    let before = priya.reads("/console/crm").await;
    assert!(before.contains("ASSISTANT_EXISTS_AS_USER_IN_CRM"), "{before}");
    assert_eq!(done(&before), 4, "all but the record");
    town.assign("Contacts", &[&town.person(1)]);
    town.world.settle().await;
    let after = priya.reads("/console/crm").await;
    assert!(after.contains("ALL_WORKING_WELL") && !after.contains("First steps"), "{after}");
}

#[tokio::test]
async fn lists_go_on_where_they_stopped_and_lose_nobody() {
    let town = stage("", 1).await;
    let ids: Vec<String> = (1..=120).map(|number| town.person(number)).collect();
    town.assign("Contacts", &ids.iter().map(String::as_str).collect::<Vec<_>>());
    town.world.settle().await;
    let priya = Browser::of(&town, ADMINISTRATOR).await;
    let mut found = Vec::new();
    let mut path = "/console/leads".to_owned();
    for _ in 0..4 {
        let page = priya.reads(&path).await;
        found.extend(ids.iter().filter(|id| page.contains(&format!("value=\"contacts-{id}\""))).cloned());
        match page.split_once("class=\"button\" href=\"/console/leads?from=") {
            Some((_, rest)) => path = format!("/console/leads?from={}", rest.split('"').next().unwrap()),
            None => break,
        }
    }
    found.sort();
    let mut all = ids.clone();
    all.sort();
    assert_eq!(found, all, "each once");
    let csv = priya.reads("/console/leads.csv").await;
    assert_eq!(csv.lines().count(), 121);
}
