use http::Request;
use serde_json::{Value, json};
use zoho_sim::{Reply, StateQuery};

use crate::support::{Zoho, code};

fn next(zoho: &Zoho, fault: &str, path: &str) {
    zoho.sim.change_faults(&json!({"next": [{"fault": fault, "path_contains": path}]})).unwrap();
}

#[test]
fn an_error_does_not_say_whether_zoho_acted() {
    let zoho = Zoho::new();
    let table = [
        ("server_error", Some(500), 0),
        ("error_after_acting", Some(500), 1),
        ("not_reached", None, 0),
        ("no_answer", None, 1),
        ("html", Some(503), 0),
        ("rate429", Some(429), 0),
        ("token_death", Some(401), 0),
    ];
    for (fault, status, acted) in table {
        let mut zoho = Zoho::new();
        next(&zoho, fault, "/Leads");
        let reply = zoho.reply("POST", "/Leads", json!({"data": [{"Last_Name": "A"}]}));
        assert_eq!(reply.status(), status, "{fault}");
        let refresh = zoho.sim.ready().refresh_token.clone();
        zoho.token = zoho.access_token(&refresh);
        assert_eq!(zoho.get("/Leads/actions/count").1["count"], acted, "{fault}");
    }
    drop(zoho);
}

#[test]
fn a_429_varies_in_everything_but_the_status() {
    let zoho = Zoho::with(|config| config.faults = "rate429=1".parse().unwrap());
    let mut kinds = std::collections::BTreeSet::new();
    for _ in 0..30 {
        let reply = zoho.reply("GET", "/org", Value::Null);
        assert_eq!(reply.status(), Some(429));
        let Reply::Answer(response) = reply else { panic!("no answer") };
        assert!(response.headers().get("retry-after").is_none(), "Zoho documents none");
        kinds.insert(response.body().first().copied());
    }
    assert_eq!(kinds.len(), 3, "JSON, HTML, nothing");
}

#[test]
fn the_token_endpoint_fails_in_its_own_way() {
    let zoho = Zoho::new();
    let refresh = zoho.sim.ready().refresh_token.clone();
    next(&zoho, "token_throttle", "/oauth/v2/token");
    assert_eq!(zoho.refresh(&refresh).0, 400);
    next(&zoho, "server_error", "/oauth/v2/token");
    assert_eq!(zoho.refresh(&refresh), (500, json!({"error": "general_error"})));
}

#[test]
fn callbacks_are_lost_doubled_and_reordered() {
    let outcomes = |fault: &str| {
        let zoho = Zoho::new();
        let channel = json!({"channel_id": "1", "events": ["Leads.create"], "notify_url": "https://hook.example/z"});
        assert_eq!(zoho.post("/actions/watch", json!({"watch": [channel]})).0, 201);
        next(&zoho, fault, "hook.example");
        for name in ["A", "B"] {
            zoho.sim.create_record("Leads", json!({"Last_Name": name}), None).unwrap();
        }
        zoho.advance_secs(5);
        let ids: Vec<Value> = zoho.callbacks().iter().map(|callback| callback["ids"][0].clone()).collect();
        let logged = zoho.state("notifications");
        (ids, logged.as_array().unwrap().iter().map(|one| one["outcome"].clone()).collect::<Vec<_>>())
    };
    let (plain, _) = outcomes("html");
    let [a, b] = <[Value; 2]>::try_from(plain).unwrap();
    assert_eq!(outcomes("lost_notifications"), (vec![b.clone()], vec![json!("lost"), json!("delivered")]));
    assert_eq!(outcomes("reorder_notifications").0, vec![b.clone(), a.clone()]);
    let (ids, logged) = outcomes("duplicate_notifications");
    assert_eq!((ids.len(), ids.iter().filter(|id| **id == a).count()), (3, 2));
    assert_eq!(logged, ["delivered", "duplicated", "delivered"]);
}

#[test]
fn calls_in_flight_are_limited() {
    let zoho = Zoho::with(|config| config.faults = "concurrency=12".parse().unwrap());
    let authorization = format!("Zoho-oauthtoken {}", zoho.token);
    let hold = |path: &str, body: &'static str| {
        let method = if body.is_empty() { "GET" } else { "POST" };
        let request = Request::builder().method(method).uri(format!("/crm/v8{path}"));
        zoho.sim.call_holding(request.header("authorization", &authorization).body(body.into()).unwrap())
    };
    let query = r#"{"select_query": "select id from Leads where id is not null"}"#;
    let held: Vec<_> = (0..10).map(|_| hold("/coql", query)).collect();
    assert!(held.iter().all(|(reply, _)| reply.status() == Some(204)));
    assert_eq!(hold("/coql", query).0.status(), Some(429), "ten heavy calls");
    let light = (hold("/org", ""), hold("/org", ""));
    assert_eq!((light.0.0.status(), light.1.0.status()), (Some(200), Some(200)));
    assert_eq!(hold("/org", "").0.status(), Some(429), "twelve calls");
    drop(held);
    assert_eq!(hold("/coql", query).0.status(), Some(204));
}

#[test]
fn credits_run_out_and_come_back() {
    let mut zoho = Zoho::with(|config| config.faults = "enforce_credits=4".parse().unwrap());
    let remaining = |zoho: &Zoho| match zoho.reply("GET", "/org", Value::Null) {
        Reply::Answer(response) => (
            response.status().as_u16(),
            response.headers().get("x-api-credits-remaining").map(|value| value.to_str().unwrap().to_owned()),
        ),
        Reply::NoAnswer => panic!("no answer"),
    };
    let told = |left: &str| (200, Some(left.to_owned()));
    assert_eq!(remaining(&zoho), (200, None), "less than half is used");
    assert_eq!(remaining(&zoho), told("2"));
    assert_eq!((remaining(&zoho), remaining(&zoho)), (told("1"), told("0")));
    assert_eq!(remaining(&zoho).0, 429);
    zoho.advance_secs(24 * 3600);
    let refresh = zoho.sim.ready().refresh_token.clone();
    zoho.token = zoho.access_token(&refresh);
    assert_eq!(remaining(&zoho).0, 200);
}

#[test]
fn one_seed_gives_one_history() {
    let run = |seed: u64| {
        let mut zoho = Zoho::with(|config| {
            config.seed = seed;
            config.faults = "rate429=0.2,no_answer=0.2,lost_notifications=0.3,token_death=0.1".parse().unwrap();
        });
        let mut statuses = Vec::new();
        for n in 0..60 {
            let status = zoho.reply("POST", "/Leads", json!({"data": [{"Last_Name": n.to_string()}]})).status();
            statuses.push(status);
            if status == Some(401) {
                zoho.advance_secs(600);
                let refresh = zoho.sim.ready().refresh_token.clone();
                zoho.sim.set_faults("".parse().unwrap());
                zoho.token = zoho.access_token(&refresh);
            }
        }
        (statuses, zoho.sim.state(&StateQuery::default()).to_string())
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).0, run(8).0);
}

#[test]
fn faults_can_be_changed_over_http() {
    let zoho = Zoho::new();
    let post = |body: &str| zoho.send(Request::post("/_sim/faults"), body.to_owned());
    assert_eq!(post(r#"{"rate429": 1}"#).status(), Some(200));
    assert_eq!(zoho.get("/org").0, 429);
    let unknown = post(r#"{"rate492": 1}"#);
    assert_eq!(unknown.status(), Some(400));
    assert!(unknown.json()["error"].as_str().unwrap().contains("known are not_reached, html"), "{}", unknown.json());
    assert_eq!(post(r#"{"reset": true}"#).status(), Some(200));
    assert_eq!(code(&zoho.get("/Leads").1), "REQUIRED_PARAM_MISSING");
}
