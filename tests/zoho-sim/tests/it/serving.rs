//! The one part with sockets: requests and callbacks over HTTP.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};
use zoho_sim::{SimConfig, Simulator, StateQuery};

async fn serve(config: impl FnOnce(&mut SimConfig)) -> (Arc<Simulator>, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = SimConfig::new(format!("http://{}", listener.local_addr().unwrap()));
    config(&mut settings);
    let simulator = Arc::new(Simulator::new(settings));
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move { drop(stopped.await) };
    tokio::spawn(zoho_sim::serve(Arc::clone(&simulator), listener, shutdown));
    (simulator, stop)
}

async fn token(client: &reqwest::Client, simulator: &Simulator) -> String {
    let ready = simulator.ready();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", &ready.client_id),
        ("client_secret", &ready.client_secret),
        ("refresh_token", &ready.refresh_token),
    ];
    let response = client.post(format!("{}/oauth/v2/token", ready.base_url)).form(&form).send().await.unwrap();
    let body: Value = response.json().await.unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_arrives_and_its_outcome_is_known() {
    let (simulator, _stop) = serve(|_| {}).await;
    // The receiver is a simulator too: it answers 404 to everything it does not know, and that is an outcome.
    let (receiver, _stop_receiver) = serve(|_| {}).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = simulator.ready().base_url.clone();
    let authorization = format!("Zoho-oauthtoken {}", token(&client, &simulator).await);
    let hook = format!("{}/hook", receiver.ready().base_url);
    let channel = json!({"watch": [{"channel_id": "1", "events": ["Leads.create"], "notify_url": hook}]});
    let open = client.post(format!("{base}/crm/v8/actions/watch")).header("authorization", &authorization);
    assert_eq!(open.json(&channel).send().await.unwrap().status(), 201);
    simulator.create_record("Leads", json!({"Last_Name": "A"}), None).unwrap();
    let sent = loop {
        let state = simulator.state(&StateQuery { since: None, only: vec!["notifications".into()] });
        if !state["notifications"][0]["status"].is_null() {
            break state;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(sent["notifications"][0]["status"], 404);
    assert_eq!(sent["notifications"][0]["outcome"], "failed");
    let calls = receiver.state(&StateQuery { since: None, only: vec!["calls".into()] });
    assert_eq!(calls["calls"]["POST /hook"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_ends_the_connection() {
    let (simulator, _stop) = serve(|_| {}).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let authorization = format!("Zoho-oauthtoken {}", token(&client, &simulator).await);
    let fault = json!({"next": [{"fault": "no_answer", "path_contains": "/Leads"}]});
    simulator.change_faults(&fault).unwrap();
    let url = format!("{}/crm/v8/Leads", simulator.ready().base_url);
    let insert = client.post(url).header("authorization", authorization);
    let lost = insert.json(&json!({"data": [{"Last_Name": "A"}]})).send().await;
    assert!(lost.is_err(), "the connection ended");
    let state = simulator.state(&StateQuery { since: None, only: vec!["records".into()] });
    assert_eq!(state["records"]["Leads"].as_array().map(Vec::len), Some(1), "and yet Zoho acted");
}

#[tokio::test(flavor = "multi_thread")]
async fn run_announces_how_to_connect() {
    let announced = Arc::new(Mutex::new(String::new()));
    let line = Arc::clone(&announced);
    let (stop, stopped) = oneshot::channel::<()>();
    let options =
        zoho_sim::RunOptions { http: "127.0.0.1:0".parse().unwrap(), faults: zoho_sim::Faults::default(), seed: 3 };
    let announce = move |ready: &zoho_sim::Ready| {
        *line.lock().unwrap() = ready.to_string();
        drop(stop);
    };
    zoho_sim::run(options, announce, async { drop(stopped.await) }).await.unwrap();
    let ready: zoho_sim::Ready = serde_json::from_str(&announced.lock().unwrap()).unwrap();
    assert!(ready.base_url.starts_with("http://127.0.0.1:") && !ready.refresh_token.is_empty());
}
