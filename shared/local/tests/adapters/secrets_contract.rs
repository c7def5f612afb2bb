//! What every `Secrets` must do.

use std::sync::Arc;

use app::ports::Secrets;
use aws::SecretsManager;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Config, Credentials, Region};
use local::embedded::FileSecrets;
use secrecy::ExposeSecret;

use crate::fixture::endpoint;

/// Adapters over one and the same store.
type Adapters = Vec<Arc<dyn Secrets>>;

fn files(dir: &std::path::Path) -> Adapters {
    (0..16).map(|_| Arc::new(FileSecrets::new(dir)) as Arc<dyn Secrets>).collect()
}

fn remote() -> Option<Adapters> {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint()?)
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .build();
    let manager = Arc::new(SecretsManager::new(aws_sdk_secretsmanager::Client::from_conf(config)));
    Some((0..16).map(|_| manager.clone() as Arc<dyn Secrets>).collect())
}

async fn value(secrets: &dyn Secrets, name: &str) -> Option<String> {
    secrets.get(name).await.unwrap().map(|value| value.expose_secret().to_owned())
}

async fn keeps_replaces_and_removes(all: &Adapters) {
    let (secrets, other) = (&all[0], &all[1]);
    let name = &format!("contract/{}/oauth", std::process::id());
    assert_eq!(value(&**secrets, name).await, None);
    secrets.delete(name).await.unwrap();
    for text in ["first", "second \u{1f511} \"quoted\"\n"] {
        secrets.put(name, &text.into()).await.unwrap();
        assert_eq!(value(&**other, name).await.as_deref(), Some(text), "every reader has the new value");
    }
    secrets.delete(name).await.unwrap();
    assert_eq!(value(&**other, name).await, None);
    secrets.put(name, &"again".into()).await.unwrap();
    assert_eq!(value(&**other, name).await.as_deref(), Some("again"));
    secrets.delete(name).await.unwrap();
}

async fn loses_none_of_many_at_once(all: &Adapters) {
    let name = |n| format!("contract/{}/{n}", std::process::id());
    let mut writers = tokio::task::JoinSet::new();
    for (n, secrets) in all.iter().cloned().enumerate() {
        writers.spawn(async move { secrets.put(&name(n), &format!("value {n}").into()).await.unwrap() });
    }
    writers.join_all().await;
    for n in 0..all.len() {
        assert_eq!(value(&*all[0], &name(n)).await, Some(format!("value {n}")));
        all[0].delete(&name(n)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_files() {
    let dir = tempfile::tempdir().unwrap();
    keeps_replaces_and_removes(&files(dir.path())).await;
    loses_none_of_many_at_once(&files(dir.path())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_secrets_manager() {
    if let Some(all) = remote() {
        keeps_replaces_and_removes(&all).await;
        loses_none_of_many_at_once(&all).await;
    }
}
