//! The folder that mail is received from.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::EmlInbox;

fn put(folder: &Path, name: &str, text: &str, age: Duration) {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
}

const OLD: Duration = Duration::from_secs(60);

async fn names(inbox: &EmlInbox) -> Vec<String> {
    let paths = inbox.ready().await.unwrap();
    paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn mails_are_listed_by_name_once_they_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = EmlInbox::new(folder.path());
    put(folder.path(), "b.eml", "b", OLD);
    put(folder.path(), "a.EML", "a", OLD);
    put(folder.path(), ".hidden.eml", "no", OLD);
    put(folder.path(), "a.eml.tmp", "no", OLD);
    put(folder.path(), "notes.txt", "no", OLD);
    put(folder.path(), "empty.eml", "", OLD);
    put(folder.path(), "copying.eml", "half a ma", Duration::ZERO);
    fs::create_dir(folder.path().join("folder.eml")).unwrap();
    assert_eq!(names(&inbox).await, ["a.EML", "b.eml"]);
    assert_eq!(names(&inbox.clone().without_waiting()).await, ["a.EML", "b.eml", "copying.eml"]);

    put(folder.path(), "copying.eml", "a mail", Duration::from_secs(1));
    assert_eq!(names(&inbox).await.len(), 3);
    assert!(names(&EmlInbox::new(folder.path().join("not yet"))).await.is_empty());
}

#[tokio::test]
async fn a_mail_that_is_done_is_out_of_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = EmlInbox::new(folder.path());
    for round in ["first", "second", "third"] {
        put(folder.path(), "a.eml", round, OLD);
        let [path] = inbox.ready().await.unwrap().try_into().unwrap();
        assert_eq!(inbox.read(&path).await.unwrap(), Some(round.as_bytes().to_vec()));
        inbox.done(&path).await.unwrap();
        assert!(inbox.ready().await.unwrap().is_empty());
        assert_eq!(inbox.read(&path).await.unwrap(), None, "it is gone");
    }
    let read = |name: &str| fs::read_to_string(folder.path().join("read").join(name)).unwrap();
    assert_eq!((read("a.eml"), read("a-2.eml"), read("a-3.eml")), ("first".into(), "second".into(), "third".into()));

    let missing = inbox.done(&folder.path().join("never.eml")).await;
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(!folder.path().join("read/never.eml").exists(), "no trace of what was not moved");
}

#[tokio::test]
async fn a_mail_that_is_too_long_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = EmlInbox::new(folder.path()).without_waiting();
    File::create(folder.path().join("long.eml")).unwrap().set_len(30 * 1024 * 1024 + 1).unwrap();
    let [path] = inbox.ready().await.unwrap().try_into().unwrap();
    assert_eq!(inbox.read(&path).await.unwrap_err().kind(), ErrorKind::FileTooLarge);
    assert!(inbox.ready().await.unwrap().is_empty());
    assert!(folder.path().join("unreadable/long.eml").exists());
}
