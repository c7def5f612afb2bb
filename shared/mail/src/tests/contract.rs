//! What the product expects of every mailer, and what each of ours does beyond it.

use std::path::Path;
use std::time::{Duration, Instant};

use app::ports::{Lookup, Mailer, SendError};
use domain::OutgoingMail;
use secrecy::SecretString;

use super::server::{Script, Server};
use super::{mailbox, org, outgoing};
use crate::smtp::Patience;
use crate::{EmlOutbox, SmtpMailer, parse, render};

fn smtp(server: &Server) -> SmtpMailer {
    let url = SecretString::from(format!("smtp://127.0.0.1:{}", server.port));
    let short = Duration::from_millis(200);
    let patience = Patience { to_begin: short, to_finish: short, to_leave: short };
    SmtpMailer { patience, ..SmtpMailer::from_url(&url).unwrap() }
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// The contract. `arrived` is every mail that the world has seen, in order.
async fn keeps_the_contract(mailer: &dyn Mailer, arrived: impl Fn() -> Vec<Vec<u8>>) {
    let mails: Vec<_> = ["Éric", "山田太郎", "محمد", "O'Brien, \"Pat\"", "x\r\nBcc: all@example.com"]
        .into_iter()
        .zip(1..)
        .map(|(name, step)| OutgoingMail {
            to: mailbox(name, "ada@analytical.example"),
            subject: format!("Fewer punch cards, {name}?"),
            text: format!("Dear {name},\n.\n..\n{}\n", name.repeat(200)),
            ..outgoing(step)
        })
        .collect();
    let can_tell = mailer.find(&org(), &mails[0]).await != Lookup::CannotTell;

    for (sent, mail) in mails.iter().enumerate() {
        let before = mailer.find(&org(), mail).await;
        assert_eq!(before, if can_tell { Lookup::NotSent } else { Lookup::CannotTell });

        let message_id = mailer.send(&org(), mail).await.unwrap();
        assert_eq!(message_id, mail.message_id);
        let arrived = arrived();
        assert_eq!(arrived.len(), sent + 1, "one mail arrives, whatever is in it");
        assert_eq!(arrived[sent], render(mail).unwrap(), "byte for byte");

        match mailer.find(&org(), mail).await {
            Lookup::Sent { message_id: found, at } => {
                assert_eq!((found, at), (message_id, Some(mail.date)));
            }
            Lookup::NotSent => panic!("a mail that has left is never called not sent"),
            Lookup::CannotTell => assert!(!can_tell, "who can tell before can tell after"),
        }
    }
    if can_tell {
        for mail in &mails {
            assert_eq!(mailer.send(&org(), mail).await.unwrap(), mail.message_id);
        }
        assert_eq!(arrived().len(), mails.len(), "the same delivery twice leaves one mail");
    }

    let unwritable = OutgoingMail { unsubscribe_url: Some("nowhere".to_owned()), ..outgoing(9) };
    assert!(matches!(mailer.send(&org(), &unwritable).await, Err(SendError::Refused { .. })));
    assert_eq!(arrived().len(), mails.len());
}

#[tokio::test]
async fn the_outbox_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made/when/missing");
    std::fs::create_dir_all(&made).unwrap();
    keeps_the_contract(&EmlOutbox::new(&made), || files(&made)).await;
}

#[tokio::test]
async fn who_is_in_copy_gets_the_mail() {
    let server = Server::start(Script::Usual).await;
    let mail = OutgoingMail {
        cc: vec![mailbox("李雷", "owner@acme.example"), mailbox("", "second@acme.example")],
        text: ".\n..\n.a\n".to_owned(),
        ..outgoing(1)
    };
    smtp(&server).send(&org(), &mail).await.unwrap();
    let said = server.said();
    let readers: Vec<_> = said.iter().filter_map(|command| command.strip_prefix("RCPT TO:")).collect();
    assert_eq!(readers, ["<ada@analytical.example>", "<owner@acme.example>", "<second@acme.example>"]);
    assert_eq!(server.kept(), [render(&mail).unwrap()], "the dots too");
}

#[tokio::test]
async fn smtp_keeps_the_contract() {
    let server = Server::start(Script::Usual).await;
    keeps_the_contract(&smtp(&server), || server.kept()).await;
    let said = server.said();
    assert!(said.contains(&"MAIL FROM:<eric@acme.example>".to_owned()), "{said:?}");
    assert!(said.contains(&"RCPT TO:<ada@analytical.example>".to_owned()));
    assert_eq!(said.iter().filter(|command| *command == "QUIT").count(), server.kept().len());
}

/// What the answer means, and whether the server kept the mail.
async fn outcome(script: Script) -> (&'static str, usize) {
    let server = Server::start(script).await;
    let mail = outgoing(1);
    let outcome = match smtp(&server).send(&org(), &mail).await {
        Ok(_) => "sent",
        Err(error) => {
            let said = error.to_string();
            assert!(!said.contains("ada@") && !said.contains("punch cards"), "{said}");
            match error {
                SendError::Refused { .. } => "refused",
                SendError::NoSuchAddress { .. } => "nobody",
                SendError::NotSent { .. } => "not sent",
                SendError::Unknown { delivery, .. } => {
                    assert_eq!(delivery, mail.delivery);
                    "unknown"
                }
            }
        }
    };
    (outcome, server.kept().len())
}

#[tokio::test]
async fn an_smtp_failure_means_what_it_says() {
    use Script::{Answers, AnswersText, DropsAfterText, DropsAt, IsSilent, IsSilentAfterText, Usual};
    for (script, meaning, kept) in [
        (Usual, "sent", 1),
        (Answers("RCPT", "550 5.1.1 <ada@analytical.example>: Recipient address rejected"), "nobody", 0),
        (
            Answers("RCPT", "550-5.1.1 The email account that you tried\r\n550 5.1.1 to reach does not exist"),
            "nobody",
            0,
        ),
        (Answers("RCPT", "550 5.7.1 your network is blocked, see 5.1.1.example"), "refused", 0),
        (Answers("RCPT", "550 no"), "refused", 0),
        (Answers("MAIL", "553 5.7.1 not your address"), "refused", 0),
        (Answers("DATA", "554 5.5.1 no"), "refused", 0),
        (AnswersText("552 5.3.4 too large"), "refused", 0),
        (Answers("MAIL", "530 5.7.0 authentication required"), "not sent", 0),
        (Answers("RCPT", "450 4.2.0 greylisted"), "not sent", 0),
        (Answers("DATA", "451 4.3.0 try later"), "not sent", 0),
        (Answers("DATA", "250 what text?"), "not sent", 0),
        (AnswersText("451 4.3.0 disk full"), "not sent", 0),
        (Answers("EHLO", "554 5.7.1 you are blocked"), "not sent", 0),
        (DropsAt("EHLO"), "not sent", 0),
        (DropsAt("RCPT"), "not sent", 0),
        (DropsAt("DATA"), "not sent", 0),
        (IsSilent, "not sent", 0),
        (AnswersText("nonsense"), "unknown", 0),
        (AnswersText("354 more?"), "unknown", 0),
        (DropsAfterText, "unknown", 1),
        (IsSilentAfterText, "unknown", 1),
        (DropsAt("QUIT"), "sent", 1),
    ] {
        assert_eq!(outcome(script).await, (meaning, kept), "{script:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_says_nothing_about_a_mail() {
    let server = Server::start(Script::Answers("AUTH", "535 5.7.8 bad credentials")).await;
    let url = SecretString::from(format!("smtp://us%40er:p%3Aw@127.0.0.1:{}", server.port));
    let failed = SmtpMailer::from_url(&url).unwrap().send(&org(), &outgoing(1)).await;
    assert!(matches!(failed, Err(SendError::NotSent { .. })));
    // base64 of "\0us@er\0p:w"
    assert!(server.said().contains(&"AUTH PLAIN AHVzQGVyAHA6dw==".to_owned()), "{:?}", server.said());
}

#[tokio::test]
async fn nobody_listens() {
    let port = Server::start(Script::Usual).await.port;
    let url = SecretString::from(format!("smtp://127.0.0.1:{port}"));
    let failed = SmtpMailer::from_url(&url).unwrap().send(&org(), &outgoing(1)).await;
    assert!(matches!(failed, Err(SendError::NotSent { .. })));
}

#[tokio::test]
async fn no_encryption_nothing_said() {
    let server = Server::start(Script::Usual).await;
    for url in
        [format!("smtp://u:p@127.0.0.1:{}?tls=required", server.port), format!("smtps://u:p@127.0.0.1:{}", server.port)]
    {
        let failed = SmtpMailer::from_url(&SecretString::from(url)).unwrap().send(&org(), &outgoing(1)).await;
        assert!(matches!(failed, Err(SendError::NotSent { .. })));
    }
    assert!(server.said().iter().all(|command| !command.starts_with("AUTH") && !command.starts_with("MAIL")));
}

#[tokio::test]
async fn racing_sends_leave_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = EmlOutbox::new(folder.path());
    let racers: Vec<_> = (0..16)
        .map(|n| {
            let outbox = outbox.clone();
            let mail = OutgoingMail { message_id: format!("<racer-{n}@acme.example>"), ..outgoing(1) };
            tokio::spawn(async move { outbox.send(&org(), &mail).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for racer in racers {
        answers.push(racer.await.unwrap());
    }
    let files = files(folder.path());
    assert_eq!(files.len(), 1, "no second mail, no temporary file left");
    let winner = parse(&files[0], None).message_id;
    assert!(answers.iter().all(|answer| *answer == winner), "everybody is told which one left");
    assert!(folder.path().join("eu-20061234567.dlv_contacts-5540000310003.1.1.eml").exists());
}

#[tokio::test]
async fn an_outbox_that_cannot_be_written_sends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("file");
    std::fs::write(&in_the_way, "").unwrap();
    let outbox = EmlOutbox::new(in_the_way.join("outbox"));
    let failed = outbox.send(&org(), &outgoing(1)).await;
    assert!(matches!(failed, Err(SendError::NotSent { .. })), "{failed:?}");
    assert_eq!(outbox.find(&org(), &outgoing(1)).await, Lookup::CannotTell, "a folder that is not there says nothing");

    let made = folder.path().join("made/when/missing");
    EmlOutbox::new(&made).send(&org(), &outgoing(1)).await.unwrap();
    assert_eq!(files(&made).len(), 1);
}

#[tokio::test]
async fn patience_is_thirty_seconds() {
    let mailer = SmtpMailer::from_url(&SecretString::from("smtp://localhost".to_owned())).unwrap();
    assert_eq!(mailer.patience.to_begin + mailer.patience.to_finish, Duration::from_secs(30));

    let server = Server::start(Script::IsSilentAfterText).await;
    let before = Instant::now();
    let _ = smtp(&server).send(&org(), &outgoing(1)).await;
    assert!(before.elapsed() < Duration::from_secs(2), "lettre itself would wait for ever");
}
