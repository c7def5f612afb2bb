//! Both adapters against a server on this machine that plays OpenAI and Bedrock, well and badly.

mod prompts;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use app::ports::{ComposeError, Composer};
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Config, Credentials, Region};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, Uri};
use domain::{Intent, NewText};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::chat::{Chat, Patience};
use crate::{Bedrock, InvalidEndpoint, OpenAi, Prompted};

const KEY: &str = "sk-hush-hush";

/// What the server does with a request.
#[derive(Debug, Clone)]
enum Plays {
    Says(&'static str),
    Status(u16, Option<&'static str>),
    /// Once this status, then a proper answer.
    Recovers(u16),
    Garbage,
    WrongType,
    Huge,
    Never,
    BreaksOff,
    Empty,
    CutOff,
    Filtered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vendor {
    OpenAi,
    Bedrock,
}

struct Server {
    plays: Plays,
    asked: AtomicUsize,
    seen: Mutex<Vec<(String, HeaderMap, Value)>>,
}

fn answer(vendor: Vendor, text: &str, stop: &str) -> String {
    match vendor {
        Vendor::OpenAi => json!({
            "id": "c1", "object": "chat.completion",
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": stop }],
        }),
        Vendor::Bedrock => json!({
            "output": { "message": { "role": "assistant", "content": [{ "text": text }] } },
            "stopReason": match stop { "stop" => "end_turn", "length" => "max_tokens", _ => "content_filtered" },
            "usage": { "inputTokens": 1, "outputTokens": 1, "totalTokens": 2 },
            "metrics": { "latencyMs": 1 },
        }),
    }
    .to_string()
}

async fn play(State(server): State<Arc<Server>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let nth = server.asked.fetch_add(1, Ordering::SeqCst);
    let vendor = if uri.path().ends_with("/converse") { Vendor::Bedrock } else { Vendor::OpenAi };
    let question = serde_json::from_slice(&body).unwrap_or_default();
    server.seen.lock().unwrap().push((uri.path().to_owned(), headers, question));
    let reply = |status: u16, kind: &str, body: Body| {
        Response::builder().status(status).header("content-type", kind).body(body).unwrap()
    };
    let fails = |status: u16| {
        let code = match status {
            429 => "ThrottlingException",
            401 | 403 => "AccessDeniedException",
            400 => "ValidationException",
            _ => "InternalServerException",
        };
        let mut response = reply(status, "application/json", Body::from(r#"{"message":"sk-hush-hush Ada"}"#));
        response.headers_mut().insert("x-amzn-errortype", code.parse().unwrap());
        response
    };
    let says = |text: &str| reply(200, "application/json", Body::from(answer(vendor, text, "stop")));
    match server.plays.clone() {
        Plays::Says(text) => says(text),
        Plays::Status(status, after) => {
            let mut response = fails(status);
            if let Some(after) = after {
                response.headers_mut().insert("retry-after", after.parse().unwrap());
            }
            response
        }
        Plays::Recovers(status) if nth == 0 => fails(status),
        Plays::Recovers(_) => says("at last"),
        Plays::Garbage => reply(200, "application/json", Body::from("{\"choices\": [sk-hush-hush")),
        Plays::WrongType => reply(200, "text/html", Body::from("<html>Please log in</html>")),
        Plays::Huge => says(&"x".repeat(200 * 1024)),
        Plays::Never => std::future::pending().await,
        Plays::BreaksOff => {
            let mut response = reply(200, "application/json", Body::from("{\"cho"));
            response.headers_mut().insert("content-length", "500".parse().unwrap());
            response
        }
        Plays::Empty => says("  \n"),
        Plays::CutOff => reply(200, "application/json", Body::from(answer(vendor, "half a sent", "length"))),
        Plays::Filtered => reply(200, "application/json", Body::from(answer(vendor, "", "content_filter"))),
    }
}

async fn server(plays: Plays) -> (Arc<Server>, String) {
    let server = Arc::new(Server { plays, asked: AtomicUsize::new(0), seen: Mutex::default() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(play).with_state(server.clone());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap_or_else(|error| panic!("{error}")) });
    (server, address)
}

fn patience() -> Patience {
    Patience {
        connect: Duration::from_millis(500),
        one_try: Duration::from_millis(700),
        retry_within: Duration::from_secs(2),
    }
}

fn chat(vendor: Vendor, address: &str) -> Box<dyn Chat> {
    match vendor {
        Vendor::OpenAi => {
            let key = SecretString::from(KEY);
            Box::new(OpenAi::new(&format!("{address}/v1/"), "small-model", Some(&key), patience()).unwrap())
        }
        Vendor::Bedrock => {
            let config = Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("eu-west-1"))
                .endpoint_url(address)
                .credentials_provider(Credentials::new("test", KEY, None, None, "test"));
            Box::new(Bedrock::new(Client::from_conf(config.build()), "some.model-v1:0", patience()))
        }
    }
}

async fn ask(vendor: Vendor, plays: Plays) -> (Result<String, ComposeError>, usize) {
    let (server, address) = server(plays).await;
    let answer = chat(vendor, &address).ask("Be brief.".to_owned(), "Who is Ada?".to_owned()).await;
    (answer, server.asked.load(Ordering::SeqCst))
}

#[tokio::test]
async fn every_ending_is_told_apart_and_nothing_leaks() {
    for vendor in [Vendor::OpenAi, Vendor::Bedrock] {
        let table = [
            (Plays::Status(500, None), "not available", 2),
            (Plays::Status(503, None), "not available", 2),
            (Plays::Status(429, None), "not available", 2),
            (Plays::Status(401, None), "refused", 1),
            (Plays::Status(400, None), "refused", 1),
            (Plays::Garbage, "no sensible answer", 1),
            (Plays::WrongType, "no sensible answer", 1),
            (Plays::Huge, "no sensible answer", 1),
            (Plays::Empty, "no sensible answer", 1),
            (Plays::CutOff, "no sensible answer", 1),
            (Plays::Filtered, "refused", 1),
        ];
        for (plays, begins, tries) in table {
            let (answer, asked) = ask(vendor, plays.clone()).await;
            let error = answer.unwrap_err().to_string();
            assert!(error.starts_with(begins), "{vendor:?} {plays:?}: {error}");
            assert!(!error.contains("hush") && !error.contains("Ada") && !error.contains("log in"), "{error}");
            assert_eq!(asked, tries, "{vendor:?} {plays:?}: {error}");
        }
        assert_eq!(ask(vendor, Plays::Says("Hello.")).await, (Ok("Hello.".to_owned()), 1));
        for status in [429, 500] {
            assert_eq!(ask(vendor, Plays::Recovers(status)).await, (Ok("at last".to_owned()), 2), "{vendor:?}");
        }
    }
}

#[tokio::test]
async fn who_never_answers_is_not_waited_for() {
    for vendor in [Vendor::OpenAi, Vendor::Bedrock] {
        for plays in [Plays::Never, Plays::BreaksOff] {
            let started = Instant::now();
            let (answer, asked) = ask(vendor, plays.clone()).await;
            let error = answer.unwrap_err();
            assert!(!error.to_string().contains("hush"));
            assert!(started.elapsed() < Duration::from_secs(5), "{vendor:?} {plays:?}");
            assert!(asked <= 2, "{vendor:?} {plays:?}: {asked}");
        }
        // Nobody listens at port 9 of this machine.
        let nobody = chat(vendor, "http://127.0.0.1:9").ask(String::new(), "?".to_owned()).await;
        assert!(matches!(nobody, Err(ComposeError::Unavailable(_))), "{vendor:?}: {nobody:?}");
    }
}

#[tokio::test]
async fn a_long_pause_is_the_callers_affair() {
    let started = Instant::now();
    let (answer, asked) = ask(Vendor::OpenAi, Plays::Status(429, Some("30"))).await;
    assert!(matches!(answer, Err(ComposeError::Unavailable(_))) && asked == 1);
    assert!(started.elapsed() < Duration::from_secs(1));
    let (_, asked) = ask(Vendor::OpenAi, Plays::Status(429, Some("0"))).await;
    assert_eq!(asked, 2);
}

#[tokio::test]
async fn questions_reach_the_model_as_its_vendor_wants_them() {
    for vendor in [Vendor::OpenAi, Vendor::Bedrock] {
        let (server, address) = server(Plays::Says("ok")).await;
        chat(vendor, &address).ask("Be brief.".to_owned(), "Who?".to_owned()).await.unwrap();
        let seen = server.seen.lock().unwrap();
        let (path, headers, question) = &seen[0];
        match vendor {
            Vendor::OpenAi => {
                assert_eq!(path, "/v1/chat/completions");
                assert_eq!(headers["authorization"], format!("Bearer {KEY}"));
                assert_eq!(question["model"], "small-model");
                assert_eq!(question["messages"][1]["content"], "Who?");
            }
            Vendor::Bedrock => {
                assert_eq!(path, "/model/some.model-v1%3A0/converse");
                assert_eq!(question["system"][0]["text"], "Be brief.");
                assert_eq!(question["messages"][0]["content"][0]["text"], "Who?");
                assert!(question["inferenceConfig"]["maxTokens"].as_u64().unwrap() < 4096);
            }
        }
    }
}

/// A chat that always says the same.
struct Parrot(&'static str);

#[async_trait::async_trait]
impl Chat for Parrot {
    async fn ask(&self, _: String, _: String) -> Result<String, ComposeError> {
        Ok(self.0.to_owned())
    }
}

#[tokio::test]
async fn an_intent_is_a_word_of_the_list_or_no_opinion() {
    let table = [
        ("AgreedToMeet", Some(Intent::AgreedToMeet)),
        (" \"Retired\".\n", Some(Intent::Retired)),
        ("agreed to meet", None),
        ("AgreedToMeet, because they say so", None),
        ("SupportAutoResponse", None),
        ("Send 500 EUR", None),
        ("", None),
    ];
    for (answer, intent) in table {
        let text = NewText { subject: "Re: Hello".into(), text: "Let us talk".into() };
        assert_eq!(Prompted::new(Parrot(answer)).intent(&text).await, Ok(intent), "{answer:?}");
    }
}

#[test]
fn endpoints_that_would_leak_are_refused() {
    let make = |url: &str| OpenAi::new(url, "m", None, patience()).map(drop);
    for url in ["https://api.example.com/v1", "http://localhost:1/v1", "http://ollama:11434/v1", "http://10.0.0.7/v1"] {
        assert_eq!(make(url), Ok(()), "{url}");
    }
    assert_eq!(make("http://api.example.com/v1"), Err(InvalidEndpoint::Open("http://api.example.com/v1".to_owned())));
    for url in ["api.example.com", "", "ftp://x.example", "mailto:a@b.example"] {
        assert!(matches!(make(url), Err(InvalidEndpoint::Url(_))), "{url}");
    }
    let error = make("https://me:secret@api.example.com/v1").unwrap_err().to_string();
    assert!(!error.contains("secret"), "{error}");
    let key = SecretString::from("line\nbreak");
    assert_eq!(OpenAi::new("https://x.example", "m", Some(&key), patience()).map(drop), Err(InvalidEndpoint::Key));
}
