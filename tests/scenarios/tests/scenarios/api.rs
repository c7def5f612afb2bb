//! The console's API: the description and what is served are one, and a token opens what it says and no more.

use lambda_http::http::header::{ACCEPT, AUTHORIZATION};
use lambda_http::{Body, Response};
use serde_json::{Value, json};

use crate::console::{ADMINISTRATOR, Browser, text, town};
use crate::journeys::Stage as Town;

async fn call(town: &Town, method: &str, path: &str, token: Option<&str>, body: &str) -> (u16, Value) {
    let mut request = lambda_http::http::Request::builder().method(method).uri(format!("/console/api/{path}"));
    request = request.header(ACCEPT, "application/json");
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let body = if body.is_empty() { Body::Empty } else { Body::from(body.to_owned()) };
    let response: Response<Body> = town.world.product.route(request.body(body).unwrap()).await;
    town.world.settle().await;
    let value = serde_json::from_str(&text(&response)).unwrap_or(Value::Null);
    (response.status().as_u16(), value)
}

/// A token with these scopes, as an administrator makes it.
async fn token(town: &Town, name: &str, scopes: &[&str]) -> String {
    let priya = Browser::of(town, ADMINISTRATOR).await;
    let form: Vec<_> = scopes.iter().map(|scope| format!("{scope}=yes")).collect();
    let page = text(&priya.posts("/console/tokens", &format!("name={name}&{}", form.join("&"))).await);
    let (_, rest) = page.split_once("id=\"made\" tabindex=\"0\">").unwrap();
    let made = rest.split('<').next().unwrap().to_owned();
    assert!(!priya.reads("/console/tokens").await.contains(&made), "shown once");
    made
}

#[tokio::test]
async fn every_described_operation_is_served_and_needs_its_scope() {
    let (town, lead, _) = town().await;
    let (status, described) = call(&town, "GET", "openapi.json", None, "").await;
    assert_eq!((status, &described["openapi"]), (200, &json!("3.1.0")));
    let tokens = [
        ("read", token(&town, "reader", &["read"]).await),
        ("act", token(&town, "actor", &["act"]).await),
        ("manage", token(&town, "manager", &["manage"]).await),
    ];
    let mut operations = 0;
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations += 1;
            let method = method.to_uppercase();
            let path = path.trim_start_matches('/').replace("{lead}", &lead.to_string()).replace("{assistant}", "tara");
            let body = if operation["requestBody"].is_object() { r#"{"ids":["none"]}"# } else { "" };
            assert_eq!(call(&town, &method, &path, None, body).await.0, 401, "{method} {path}");
            assert_eq!(call(&town, "DELETE", &path, None, body).await.0, 405, "{path}");
            let mut opened = Vec::new();
            for (scope, token) in &tokens {
                let (status, answer) = call(&town, &method, &path, Some(token), body).await;
                assert!(operation["responses"][status.to_string()].is_object(), "{method} {path}: {status} {answer}");
                if status != 403 {
                    opened.push(format!("`{scope}`"));
                }
            }
            assert_eq!(opened.len(), 1, "{method} {path}: {opened:?}");
            assert!(operation["description"].as_str().unwrap().contains(&opened[0]));
        }
    }
    assert!(operations >= 16);
    assert_eq!(call(&town, "GET", "nothing", Some(&tokens[0].1), "").await.0, 404);
}

#[tokio::test]
async fn a_program_finds_a_lead_acts_on_it_and_is_shut_out_when_its_token_is_revoked() {
    let (town, lead, _) = town().await;
    let all = token(&town, "crm-bridge", &["read", "act"]).await;
    let (_, page) = call(&town, "GET", "leads?state=Cold", Some(&all), "").await;
    assert_eq!(page["leads"].as_array().unwrap().len(), 2, "{page}");
    for (path, wanted) in
        [("leads?state=Lukewarm", 400), ("leads?colour=red", 400), ("leads?from=x", 400), ("leads/x", 404)]
    {
        assert_eq!(call(&town, "GET", path, Some(&all), "").await.0, wanted, "{path}");
    }
    let actions = format!("leads/{lead}/actions");
    for body in ["", "[]", "{}", r#"{"action":"fly"}"#, r#"{"action":"hot","colour":"red"}"#, r#"{"action":"note"}"#] {
        assert_eq!(call(&town, "POST", &actions, Some(&all), body).await.0, 400, "{body}");
    }
    assert_eq!(call(&town, "POST", &actions, Some(&all), r#"{"action":"hot","why":"met"}"#).await.0, 200);
    let (_, told) = call(&town, "GET", &format!("leads/{lead}"), Some(&all), "").await;
    assert_eq!(told["lead"]["state"]["state"], "Hot", "{told}");
    assert!(told["story"].to_string().contains("crm-bridge"), "{}", told["story"]);

    let priya = Browser::of(&town, ADMINISTRATOR).await;
    let list = priya.reads("/console/tokens").await;
    let (_, rest) = list.split_once("name=\"id\" value=\"").unwrap();
    let id = rest.split('"').next().unwrap().to_owned();
    assert_eq!(priya.posts("/console/tokens/revoke", &format!("id={id}")).await.status(), 303);
    assert_eq!(call(&town, "GET", "leads", Some(&all), "").await.0, 401);
    // A session's cookie opens nothing here.
    assert_eq!(priya.get("/console/api/leads").await.status(), 401);
}

#[tokio::test]
async fn a_record_that_went_back_is_counted_on_its_day() {
    let (town, lead, _) = town().await;
    let [reader, actor] = [token(&town, "reader", &["read"]).await, token(&town, "actor", &["act"]).await];
    let handed_back = async || {
        let (_, today) = call(&town, "GET", "today", Some(&reader), "").await;
        let days = today["days"].as_array().unwrap().iter();
        days.map(|day| day["handed_back"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(handed_back().await.iter().sum::<u64>(), 0);
    let stop = r#"{"action":"deactivate"}"#;
    assert_eq!(call(&town, "POST", &format!("leads/{lead}/actions"), Some(&actor), stop).await.0, 200);
    let days = handed_back().await;
    assert_eq!((days[7], days.iter().sum::<u64>()), (1, 1), "seven days back, then today: {days:?}");
}
