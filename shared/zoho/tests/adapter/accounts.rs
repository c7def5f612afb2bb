//! Codes and tokens, word by word.

use std::collections::BTreeMap;

use app::ports::{Accounts, AccountsError};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;
use zoho::{AccountsSettings, Patience, ZohoAccounts};

use crate::script::{Reply, Server};
use crate::support::{carrier, eager, hasty, untimed};

fn accounts(extra: Option<Url>) -> ZohoAccounts {
    accounts_within(eager(), extra)
}

fn accounts_within(patience: Patience, extra: Option<Url>) -> ZohoAccounts {
    let mut settings = AccountsSettings::new("client-1", SecretString::from("s3cret&"));
    settings.extra = extra;
    ZohoAccounts::new(carrier(patience), settings)
}

fn tokens(api_domain: &str) -> Value {
    json!({"access_token": "1000.aa", "refresh_token": "1000.rr", "api_domain": api_domain, "token_type": "Bearer", "expires_in": 3600})
}

fn redirect() -> Url {
    "https://app.example/oauth/callback".parse().unwrap()
}

fn form(body: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

#[tokio::test]
async fn secrets_go_into_the_form_and_never_into_the_url() {
    let server = Server::replying([
        Reply::Json(200, tokens("https://www.zohoapis.eu")),
        Reply::Json(200, json!({"status": "success"})),
    ])
    .await;
    let accounts = accounts(Some(server.url.clone()));
    let grant = accounts.exchange(&server.url, "1000.code", &redirect()).await.unwrap();
    assert_eq!((grant.api_domain.as_str(), grant.expires_secs), ("https://www.zohoapis.eu/", 3600));
    assert_eq!(grant.refresh_token.as_ref().unwrap().expose_secret(), "1000.rr");
    accounts.revoke(&server.url, &SecretString::from("1000.rr")).await.unwrap();

    let [exchange, revoke] = &server.calls()[..] else { panic!("two calls") };
    assert_eq!(exchange.line(), "POST /oauth/v2/token");
    let expect = [
        ("client_id", "client-1"),
        ("client_secret", "s3cret&"),
        ("code", "1000.code"),
        ("grant_type", "authorization_code"),
        ("redirect_uri", "https://app.example/oauth/callback"),
    ];
    assert_eq!(form(&exchange.body), expect.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert_eq!(revoke.line(), "POST /oauth/v2/token/revoke");
    assert_eq!(form(&revoke.body)["token"], "1000.rr");
    assert!(exchange.query.is_empty() && revoke.query.is_empty());
}

#[tokio::test]
async fn a_refusal_comes_as_success() {
    let refused = |code| Reply::Json(200, json!({ "error": code }));
    let server = Server::replying(["invalid_code", "invalid_client"].map(refused)).await;
    let accounts = accounts(Some(server.url.clone()));
    let exchange = accounts.exchange(&server.url, "1000.code", &redirect()).await.unwrap_err();
    assert_eq!(exchange.to_string(), "Zoho refused: invalid_code; an administrator must connect Zoho again");
    let refresh = accounts.refresh(&server.url, &SecretString::from("1000.rr")).await.unwrap_err();
    let remedy = "check the client id, and enable this data centre in the API console's client settings";
    assert_eq!(refresh.to_string(), format!("Zoho refused: invalid_client; {remedy}"));
}

#[tokio::test]
async fn a_throttle_is_known_in_any_language() {
    let body = json!({"error_description": "您请求过于频繁", "error": "访问被拒绝", "status": "failure"});
    let server = Server::replying([Reply::Json(400, body)]).await;
    let accounts = accounts(Some(server.url.clone()));
    let token = SecretString::from("1000.rr");
    assert!(matches!(accounts.refresh(&server.url, &token).await, Err(AccountsError::Throttled)));
    assert!(matches!(accounts.revoke(&server.url, &token).await, Err(AccountsError::Throttled)));
    assert_eq!(server.calls().len(), 2, "asking again makes it worse");
}

#[tokio::test]
async fn a_token_that_is_dead_counts_as_revoked() {
    let dead = [json!({"error": "invalid_token"}), json!({"status": "failure"}), json!(null)]
        .map(|body| Reply::Json(400, body));
    let server = Server::replying(dead.into_iter().chain([Reply::Page(503, "")])).await;
    let accounts = accounts(Some(server.url.clone()));
    let token = SecretString::from("1000.rr");
    for _ in 0..3 {
        assert!(accounts.revoke(&server.url, &token).await.is_ok());
    }
    assert!(matches!(accounts.revoke(&server.url, &token).await, Err(AccountsError::Unavailable(_))));
}

#[tokio::test]
async fn a_code_is_offered_once() {
    for reply in [Reply::Page(500, "<html>"), Reply::Silence] {
        let server = Server::replying([reply]).await;
        let accounts = accounts_within(hasty(), Some(server.url.clone()));
        let exchange = accounts.exchange(&server.url, "1000.code", &redirect()).await;
        assert!(matches!(exchange, Err(AccountsError::Unavailable(_))), "{exchange:?}");
        assert_eq!(server.calls().len(), 1);
    }
}

#[tokio::test]
async fn a_refresh_that_never_left_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let accounts = accounts(Some(url.clone()));
    let refresh = accounts.refresh(&url, &SecretString::from("1000.rr")).await.unwrap_err();
    assert!(untimed(&refresh.to_string()).ends_with(" (3 tries)"), "{refresh}");
    let exchange = accounts.exchange(&url, "1000.code", &redirect()).await.unwrap_err();
    assert!(untimed(&exchange.to_string()).ends_with(" (1 try)"), "{exchange}");
}

#[tokio::test]
async fn strangers_get_nothing_and_are_not_called() {
    let server = Server::replying([Reply::Json(200, tokens("https://www.zohoapis.eu"))]).await;
    let accounts = accounts(None);
    let token = SecretString::from("1000.rr");
    assert!(matches!(accounts.exchange(&server.url, "c", &redirect()).await, Err(AccountsError::UnknownServer(_))));
    assert!(matches!(accounts.refresh(&server.url, &token).await, Err(AccountsError::UnknownServer(_))));
    assert!(matches!(accounts.revoke(&server.url, &token).await, Err(AccountsError::UnknownServer(_))));
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn an_api_domain_must_be_zohos_or_the_operators() {
    for (named, fine) in [("https://www.zohoapis.com", true), ("https://zohoapis.evil.example", false), ("", false)] {
        let server = Server::replying([Reply::Json(200, tokens(named))]).await;
        let exchange = accounts(Some(server.url.clone())).exchange(&server.url, "c", &redirect()).await;
        assert_eq!(exchange.is_ok(), fine, "{named}");
    }
}
