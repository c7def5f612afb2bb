use http::Request;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};
use zoho_sim::{NewUser, OtherLocation, Reply, SimConfig};

use crate::support::{BASE, Zoho, code, text};

const REDIRECT: &str = "https://app.example/oauth/callback";

fn consent_form<'a>(zoho: &'a Zoho, change: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![
        ("client_id", zoho.sim.ready().client_id.as_str()),
        ("redirect_uri", REDIRECT),
        ("scope", "ZohoCRM.modules.ALL,ZohoCRM.users.READ"),
        ("response_type", "code"),
        ("access_type", "offline"),
        ("prompt", "consent"),
        ("state", "s&1"),
        ("decision", "accept"),
    ];
    for (name, value) in change {
        match form.iter_mut().find(|(known, _)| known == name) {
            Some(pair) => pair.1 = value,
            None => form.push((name, value)),
        }
    }
    form
}

fn encoded(form: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

fn decide(zoho: &Zoho, change: &[(&str, &str)]) -> Reply {
    let body = encoded(&consent_form(zoho, change));
    let request = Request::post("/oauth/v2/auth/decision");
    zoho.send(request.header("content-type", "application/x-www-form-urlencoded"), body)
}

/// The query of the redirect.
fn redirected(reply: &Reply) -> Vec<(String, String)> {
    let Reply::Answer(response) = reply else { panic!("no answer") };
    assert_eq!(response.status(), 302);
    let location = Url::parse(response.headers()["location"].to_str().unwrap()).unwrap();
    assert!(location.as_str().starts_with(REDIRECT));
    location.query_pairs().into_owned().collect()
}

fn of<'a>(query: &'a [(String, String)], name: &str) -> &'a str {
    query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

fn exchange(zoho: &Zoho, query: &[(String, String)]) -> Value {
    let form = [("grant_type", "authorization_code"), ("code", of(query, "code")), ("redirect_uri", REDIRECT)];
    zoho.token_call(&form).1
}

#[test]
fn a_person_consents_and_the_code_is_good_once() {
    let zoho = Zoho::new();
    let page = zoho.send(Request::get(format!("/oauth/v2/auth?{}", encoded(&consent_form(&zoho, &[])))), "");
    let Reply::Answer(page) = page else { panic!("no page") };
    let html = String::from_utf8(page.body().to_vec()).unwrap();
    for part in ["ZohoCRM.modules.ALL", "tara@acme.example", "value=\"s&amp;1\"", "Accept", "Reject"] {
        assert!(html.contains(part), "{part} is not on {html}");
    }
    assert!(!html.contains("ivan@acme.example"), "inactive users cannot sign in");

    let query = redirected(&decide(&zoho, &[]));
    assert_eq!((of(&query, "state"), of(&query, "location")), ("s&1", "us"));
    assert_eq!(of(&query, "accounts-server"), BASE);
    let tokens = exchange(&zoho, &query);
    assert_eq!(tokens["scope"], "ZohoCRM.modules.ALL ZohoCRM.users.READ");
    assert_eq!((&tokens["api_domain"], &tokens["expires_in"]), (&json!(BASE), &json!(3600)));
    assert!(tokens["refresh_token"].is_string());
    assert_eq!(exchange(&zoho, &query), json!({"error": "invalid_code"}), "single use");
}

#[test]
fn a_code_lives_a_minute() {
    let zoho = Zoho::new();
    let query = redirected(&decide(&zoho, &[]));
    zoho.advance_secs(60);
    assert_eq!(exchange(&zoho, &query), json!({"error": "invalid_code"}));
}

#[test]
fn a_refresh_token_comes_only_offline_and_first_or_when_asked() {
    let zoho = Zoho::new();
    let has_refresh = |change: &[(&str, &str)]| {
        let tokens = exchange(&zoho, &redirected(&decide(&zoho, change)));
        assert!(tokens["access_token"].is_string(), "{tokens}");
        tokens["refresh_token"].is_string()
    };
    assert!(!has_refresh(&[("access_type", "online")]), "online");
    assert!(!has_refresh(&[("prompt", "")]), "consented before");
    assert!(has_refresh(&[]), "asked again");
    assert!(has_refresh(&[("prompt", ""), ("user", "sam@acme.example")]), "another user's first time");
}

#[test]
fn rejection_and_mistakes() {
    let zoho = Zoho::new();
    let query = redirected(&decide(&zoho, &[("decision", "reject")]));
    assert_eq!((of(&query, "error"), of(&query, "state"), of(&query, "code")), ("access_denied", "s&1", ""));
    for wrong in [
        ("client_id", "1000.OTHER"),
        ("redirect_uri", "http://attacker.example/"),
        ("scope", "ZohoCRM.modules.ALL,ZohoCRM.moduels.ALL"),
        ("scope", ""),
        ("response_type", "token"),
        ("user", "ivan@acme.example"),
    ] {
        let reply = decide(&zoho, &[wrong]);
        assert_eq!(reply.status(), Some(400), "{wrong:?} is answered on Zoho's own page");
    }
}

#[test]
fn failures_of_the_token_endpoint_are_http_200() {
    let zoho = Zoho::new();
    let query = redirected(&decide(&zoho, &[]));
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("grant_type", "refresh_token"), ("refresh_token", "1000.no.such")], "invalid_code"),
        (&[("grant_type", "authorization_code"), ("code", "1000.no.such")], "invalid_code"),
        (
            &[
                ("grant_type", "authorization_code"),
                ("code", of(&query, "code")),
                ("redirect_uri", "https://app.example/other"),
            ],
            "invalid_redirect_uri",
        ),
    ];
    for (form, error) in table {
        assert_eq!(zoho.token_call(form), (200, json!({"error": error})), "{form:?}");
    }
    let with = |id: &str, secret: &str| {
        let uri = format!("/oauth/v2/token?client_id={id}&client_secret={secret}&grant_type=refresh_token");
        let reply = zoho.send(Request::post(uri), "");
        assert_eq!(reply.status(), Some(200));
        reply.json()
    };
    assert_eq!(with("x", "y"), json!({"error": "invalid_client"}));
    assert_eq!(with(&zoho.sim.ready().client_id, "y"), json!({"error": "invalid_client_secret"}));
}

#[test]
fn ten_access_tokens_in_ten_minutes_then_400() {
    let zoho = Zoho::new();
    let refresh = zoho.sim.ready().refresh_token.clone();
    for _ in 1..10 {
        zoho.access_token(&refresh);
    }
    let (status, body) = zoho.refresh(&refresh);
    assert_eq!((status, &body["status"], &body["error"]), (400, &json!("failure"), &json!("Access Denied")));
    zoho.advance_secs(600);
    zoho.access_token(&refresh);
}

#[test]
fn the_sixteenth_live_access_token_kills_the_oldest() {
    let zoho = Zoho::new();
    let refresh = zoho.sim.ready().refresh_token.clone();
    for n in 2..=15 {
        if n == 11 {
            zoho.advance_secs(600);
        }
        zoho.access_token(&refresh);
    }
    assert_eq!(zoho.get("/org").0, 200, "fifteen live");
    zoho.access_token(&refresh);
    assert_eq!(code(&zoho.get("/org").1), "INVALID_TOKEN");
}

#[test]
fn the_twenty_first_refresh_token_evicts_the_oldest() {
    let zoho = Zoho::new();
    let first = zoho.sim.ready().refresh_token.clone();
    for _ in 2..=20 {
        zoho.sim.grant("priya@acme.example", &["ZohoCRM.org.READ"]).unwrap();
    }
    assert_eq!(zoho.refresh(&first).0, 200);
    zoho.sim.grant("priya@acme.example", &["ZohoCRM.org.READ"]).unwrap();
    assert_eq!(zoho.refresh(&first), (200, json!({"error": "invalid_code"})));
    assert_eq!(zoho.get("/org").0, 401, "its access tokens died with it");
}

#[test]
fn tokens_end() {
    let mut zoho = Zoho::new();
    zoho.advance_secs(3600);
    assert_eq!(code(&zoho.get("/org").1), "INVALID_TOKEN");
    let refresh = zoho.sim.ready().refresh_token.clone();
    zoho.token = zoho.access_token(&refresh);
    let revoke = |token: &str| zoho.send(Request::post(format!("/oauth/v2/token/revoke?token={token}")), "").status();
    assert_eq!((revoke(&refresh), revoke(&refresh)), (Some(200), Some(400)));
    assert_eq!(code(&zoho.get("/org").1), "INVALID_TOKEN");
    assert_eq!(zoho.refresh(&refresh).1, json!({"error": "invalid_code"}));
}

#[test]
fn the_header_has_one_form() {
    let zoho = Zoho::new();
    for header in ["", "Bearer 1000.a.b", "1000.a.b"] {
        let mut request = Request::get("/crm/v8/org");
        if !header.is_empty() {
            request = request.header("authorization", header);
        }
        let reply = zoho.send(request, "");
        assert_eq!((reply.status(), code(&reply.json())), (Some(401), "AUTHENTICATION_FAILURE"), "{header:?}");
    }
}

#[test]
fn a_code_is_exchanged_where_the_user_lives() {
    let zoho = Zoho::with(|config: &mut SimConfig| {
        let (name, base_url) = ("eu".to_owned(), "http://localhost:8099".to_owned());
        config.other_locations = vec![OtherLocation { name, base_url }];
        let anna = NewUser::new("Anna", "Berg", "anna@acme.example");
        config.users.push(NewUser { location: Some("eu".into()), ..anna });
    });
    let query = redirected(&decide(&zoho, &[("user", "anna@acme.example")]));
    assert_eq!((of(&query, "location"), of(&query, "accounts-server")), ("eu", "http://localhost:8099"));
    let form = [("grant_type", "authorization_code"), ("code", of(&query, "code")), ("redirect_uri", REDIRECT)];
    assert_eq!(zoho.token_call(&form), (200, json!({"error": "invalid_code"})), "the wrong data centre");
    let (_, tokens) = zoho.token_call_at("localhost:8099", &form);
    assert_eq!(tokens["api_domain"], "http://localhost:8099");
    let authorization = format!("Zoho-oauthtoken {}", text(&tokens["access_token"]));
    let users = |host: &str| {
        let request = Request::get("/crm/v8/users").header("authorization", &authorization).header("host", host);
        zoho.send(request, "").status()
    };
    assert_eq!((users("127.0.0.1:8099"), users("localhost:8099")), (Some(401), Some(200)));
}

#[test]
fn a_missing_scope_is_401_and_flat() {
    let mut zoho = Zoho::new();
    let lead = zoho.insert("Leads", json!({"Last_Name": "Boyle"}));
    zoho.become_user("priya", &["ZohoCRM.modules.leads.READ", "ZohoCRM.coql.READ"]);
    let refused = |method: &str, path: &str, body: Value| {
        let (status, body) = zoho.call(method, path, body);
        (status, body["code"].as_str().unwrap_or("").to_owned()) == (401, "OAUTH_SCOPE_MISMATCH".to_owned())
    };
    assert_eq!(zoho.get(&format!("/Leads/{lead}")).0, 200);
    assert!(refused("POST", "/Leads", json!({"data": [{"Last_Name": "x"}]})));
    assert!(refused("GET", "/Contacts?fields=Email", Value::Null));
    assert!(refused("GET", "/Leads/search?word=boyle", Value::Null), "search needs a scope of its own");
    assert!(refused("POST", "/coql", json!({"select_query": "select id from Contacts where id is not null"})));
    assert!(refused("POST", "/actions/watch", json!({"watch": []})));
    assert!(refused("POST", &format!("/Leads/{lead}/Notes"), json!({"data": [{"Note_Content": "x"}]})));
    assert!(refused("POST", &format!("/Leads/{lead}/actions/change_owner"), json!({"owner": {"id": "1"}})));
    assert!(refused("GET", "/settings/fields?module=Leads", Value::Null));
}
