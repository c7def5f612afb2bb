//! Access tokens, from an endpoint that says what it is told to.

use std::sync::{Arc, Mutex};

use app::ports::{MailToken, MailTokens, MailboxError, OAuthClient};
use domain::MailProvider;
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

use crate::TokenEndpoints;

/// Answers each request with this, and returns what the requests were.
async fn endpoint(status: &str, body: &str) -> (TokenEndpoints, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/token", listener.local_addr().unwrap())).unwrap();
    let answer = format!(
        "HTTP/1.1 {status}\r\nLocation: {url}/elsewhere\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let requests: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            // The form is the last thing that comes, and it ends in the refresh token or the scope.
            while !String::from_utf8_lossy(&request).contains("refresh_token=ref%2Fresh") {
                if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            seen.lock().unwrap().push(String::from_utf8(request).unwrap());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (TokenEndpoints::at(url.clone(), url.join("/").unwrap()), requests)
}

fn client(tenant: Option<&str>) -> OAuthClient {
    let secrets = r#"{"client_id": "id", "client_secret": "hush", "refresh_token": "ref/resh"}"#;
    OAuthClient { tenant: tenant.map(str::to_owned), ..serde_json::from_str(secrets).unwrap() }
}

async fn refresh(status: &str, body: &str) -> Result<MailToken, MailboxError> {
    endpoint(status, body).await.0.refresh(MailProvider::Google, &client(None)).await
}

#[tokio::test]
async fn a_token_is_asked_for_in_the_body_and_never_in_the_url() {
    let body = r#"{"access_token": "tok", "expires_in": 3599, "refresh_token": "newer", "token_type": "Bearer"}"#;
    for (provider, tenant, line) in [
        (MailProvider::Google, None, "POST /token HTTP/1.1"),
        (MailProvider::Microsoft, None, "POST /organizations/oauth2/v2.0/token HTTP/1.1"),
        (MailProvider::Microsoft, Some("a/../b"), "POST /a%2F..%2Fb/oauth2/v2.0/token HTTP/1.1"),
    ] {
        let (tokens, requests) = endpoint("200 OK", body).await;
        let token = tokens.refresh(provider, &client(tenant)).await.unwrap();
        assert_eq!((token.access_token.expose_secret(), token.expires_secs), ("tok", 3599));
        assert_eq!(token.refresh_token.unwrap().expose_secret(), "newer");
        let request = requests.lock().unwrap().remove(0);
        assert_eq!(request.lines().next(), Some(line));
        assert!(request.contains("grant_type=refresh_token&client_id=id&client_secret=hush&refresh_token=ref%2Fresh"));
    }
}

#[tokio::test]
async fn a_refusal_says_who_must_act() {
    for (status, body, expected) in [
        ("400 Bad Request", r#"{"error": "invalid_grant", "error_description": "AADSTS70043"}"#, Some("consent")),
        ("400 Bad Request", r#"{"error": "interaction_required"}"#, Some("consent")),
        ("401 Unauthorized", r#"{"error": "invalid_client"}"#, Some("client_secret")),
        ("400 Bad Request", r#"{"error": "invalid_scope"}"#, Some("invalid_scope")),
        ("429 Too Many Requests", r#"{"error": "slow_down"}"#, None),
        ("503 Service Unavailable", r#"{"error": "temporarily_unavailable"}"#, None),
        ("502 Bad Gateway", "<html>", None),
        ("200 OK", "{}", None),
        ("302 Found", "", None),
    ] {
        let error = refresh(status, body).await.unwrap_err();
        let said = error.to_string();
        assert!(!said.contains("hush") && !said.contains("ref/resh") && !said.contains("AADSTS"), "{said}");
        match (error, expected) {
            (MailboxError::Denied(reason), Some(word)) => assert!(reason.contains(word), "{reason}"),
            (MailboxError::Unavailable(_), None) => {}
            (error, _) => panic!("{status} {body}: {error:?}"),
        }
    }
}

#[test]
fn what_is_secret_is_not_shown() {
    let shown = format!("{:?}", client(None));
    assert!(!shown.contains("hush") && !shown.contains("ref/resh"), "{shown}");
}
