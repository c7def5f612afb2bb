//! A data directory: who has it, who shares it, and what is left when a process ends.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use app::ports::{Expect, Table, TableError, Write};
use local::embedded::{FileSecrets, OpenError, Opened, open};
use serde_json::json;
use tokio::sync::oneshot;

use crate::fixture::{key, row};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn rows_outlive_the_process_and_the_lock_does_not() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("new/data");
    let kept = row(key("p", "s"), json!({ "kept": true }));
    {
        let table = open(&dir).unwrap().table().await.unwrap();
        table.commit(&[Write::Put { row: kept.clone(), expect: Expect::Absent }]).await.unwrap();
        let second = open(&dir).unwrap_err();
        assert!(matches!(second, OpenError::Busy { .. }), "a table alone still holds the directory: {second}");
        assert!(second.to_string().contains(dir.to_str().unwrap()), "{second}");
    }
    std::fs::write(dir.join("table.sock"), "left by a crash").unwrap();
    let dynamo = open(&dir).unwrap();
    assert_eq!(dynamo.opened(), Opened::Owner);
    assert_eq!(dynamo.table().await.unwrap().get(&kept.key).await.unwrap(), Some(kept));
    let _sharing = dynamo.share(std::future::pending()).unwrap();
    assert_eq!(mode(&dir), 0o700);
    for file in ["lock", "table.sqlite", "table.sqlite-wal", "table.sock"] {
        assert_eq!(mode(&dir.join(file)), 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_guest_works_as_long_as_the_owner_shares() {
    let dir = tempfile::tempdir().unwrap();
    let owner = open(dir.path()).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let sharing = tokio::spawn(owner.share(async move { drop(stopped.await) }).unwrap());
    let guest = open(dir.path()).unwrap();
    assert_eq!(guest.opened(), Opened::Guest);
    assert!(guest.share(std::future::pending()).is_err());
    let (theirs, ours) = (guest.table().await.unwrap(), owner.table().await.unwrap());
    let shared = row(key("p", "s"), json!({ "text": "x".repeat(300_000) }));
    theirs.commit(&[Write::Put { row: shared.clone(), expect: Expect::Absent }]).await.unwrap();
    assert_eq!(ours.get(&shared.key).await.unwrap(), Some(shared.clone()));

    stop.send(()).unwrap();
    sharing.await.unwrap().unwrap();
    let write = theirs.commit(&[Write::Delete { key: shared.key.clone(), expect: Expect::Version(1) }]).await;
    assert!(matches!(write, Err(TableError::Unavailable(_))), "{write:?}");
    assert!(matches!(open(dir.path()), Err(OpenError::Busy { .. })));
    assert_eq!(ours.get(&shared.key).await.unwrap(), Some(shared));
}

#[tokio::test]
async fn what_has_expired_can_be_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let dynamo = open(dir.path()).unwrap();
    let table = dynamo.table().await.unwrap();
    let mut old = row(key("p", "old"), json!({}));
    old.expires = Some("2020-01-01T00:00:00Z".parse().unwrap());
    let kept = row(key("p", "kept"), json!({}));
    for row in [&old, &kept] {
        table.commit(&[Write::Put { row: row.clone(), expect: Expect::Absent }]).await.unwrap();
    }
    assert_eq!(dynamo.forget_expired().unwrap(), 1);
    assert_eq!(table.query("p", "", None, 10).await.unwrap().rows, [kept]);
}

#[test]
fn errors_name_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = open(&file).unwrap_err();
    assert!(matches!(error, OpenError::Directory { .. }), "{error}");
    std::fs::write(dir.path().join("table.sqlite"), "this is no database, whatever its name says").unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Table { .. }), "{error}");
    assert!(error.to_string().contains(dir.path().to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn secrets_are_private_and_a_damaged_file_is_not_quoted() {
    use app::ports::Secrets;
    let dir = tempfile::tempdir().unwrap();
    let secrets = FileSecrets::new(dir.path().join("data"));
    secrets.delete("oauth").await.unwrap();
    std::fs::write(dir.path().join("data/secrets.json.next"), "what a crash left of a longer file").unwrap();
    secrets.put("oauth", &"token".into()).await.unwrap();
    let file = dir.path().join("data/secrets.json");
    assert_eq!((mode(&file), mode(&dir.path().join("data"))), (0o600, 0o700));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{\n  \"oauth\": \"token\"\n}");
    std::fs::write(&file, "\"hidden token\"").unwrap();
    for error in [secrets.get("oauth").await.unwrap_err(), secrets.delete("oauth").await.unwrap_err()] {
        assert!(error.to_string().contains("secrets.json") && !error.to_string().contains("hidden"), "{error}");
    }
}
