//! Mailboxes: what is asked, what comes of every answer.

use std::time::{Duration, Instant};

use app::ports::{
    Credential, Folder, Login, Lookup, MailboxError, Mailboxes, Place, ReadMails, ReadRequest, SendError,
};
use domain::{MailAccount, MailAccountFields, MailAuth, MailProvider, Security};
use proptest::prelude::*;

use super::imap_server::{ImapServer, Rule, SILENCE};
use super::server::{Script, Server};
use super::{address, outgoing};
use crate::imap::session::Patience;
use crate::{MailServers, Trust};

const GREETING: &[u8] = b"* OK ready\r\n";

fn account(imap: u16, smtp: u16) -> MailAccount {
    let fields = MailAccountFields {
        imap: Some(format!("127.0.0.1:{imap}")),
        imap_security: Some(Security::None),
        smtp: Some(format!("127.0.0.1:{smtp}")),
        smtp_security: Some(Security::None),
        ..MailAccountFields::default()
    };
    let tara = "tara".parse().unwrap();
    MailAccount::new(MailProvider::Own, tara, address("tara@acme.example"), "eu", fields).unwrap()
}

fn servers() -> MailServers {
    patient(Duration::from_millis(500))
}

fn patient(patience: Duration) -> MailServers {
    let mut servers = MailServers::new(Trust::default());
    servers.imap.patience = Patience { to_begin: patience, to_answer: patience };
    servers
}

fn password() -> Credential {
    Credential::Password("open \"sesame\"".to_owned().into())
}

fn request(after: Option<Place>) -> ReadRequest {
    let since = "2026-02-01T09:00:00Z".parse().unwrap();
    ReadRequest { folder: Folder::Inbox, after, since, most: 10, pass_over_bad: false }
}

async fn read(server: &ImapServer, request: ReadRequest) -> Result<ReadMails, MailboxError> {
    let account = account(server.port, 1);
    servers().read(Login { account: &account, credential: &password() }, request).await
}

fn opened(validity: u32, next: u32) -> Rule {
    let text = format!(
        "* 3 EXISTS\r\n* OK [UIDVALIDITY {validity}] ok\r\n* OK [UIDNEXT {next}] ok\r\n$ OK [READ-ONLY] in\r\n"
    );
    ("EXAMINE", text.into_bytes())
}

fn found(uids: &str) -> Rule {
    ("UID SEARCH", format!("* SEARCH {uids}\r\n$ OK done\r\n").into_bytes())
}

fn sized(sizes: &[(u32, usize)]) -> Rule {
    let lines = sizes.iter().map(|(uid, size)| format!("* {uid} FETCH (UID {uid} RFC822.SIZE {size})\r\n"));
    ("RFC822.SIZE", format!("{}$ OK done\r\n", lines.collect::<String>()).into_bytes())
}

fn mail(command: &'static str, uid: u32, subject: &str) -> Rule {
    let text = format!("From: ada@analytical.example\r\nSubject: {subject}\r\n\r\nHello.\r\n");
    let answer = format!("* {uid} FETCH (FLAGS (\\Recent) UID {uid} BODY[] {{{}}}\r\n{text})\r\n", text.len());
    // News of other mails may come at any time.
    (command, format!("* 9 EXISTS\r\n{answer}* 1 FETCH (FLAGS (\\Seen))\r\n$ OK done\r\n").into_bytes())
}

fn subjects(read: &ReadMails) -> Vec<(u32, &str)> {
    read.mails.iter().map(|read| (read.place.uid, read.mail.subject.as_str())).collect()
}

#[tokio::test]
async fn mails_behind_a_place_come_in_order_and_nothing_is_touched() {
    let rules = vec![
        opened(7, 13),
        // The last one is named although it is not behind the place, as RFC 3501 has it.
        found("12 9 5"),
        sized(&[(9, 70), (12, 70)]),
        mail("FETCH 9 (UID BODY", 9, "first"),
        mail("FETCH 12 (UID BODY", 12, "second"),
    ];
    let server = ImapServer::start(GREETING, rules).await;
    let read = read(&server, request(Some(Place { validity: 7, uid: 5 }))).await.unwrap();
    assert_eq!(subjects(&read), [(9, "first"), (12, "second")]);
    assert_eq!((read.place, read.more), (Place { validity: 7, uid: 12 }, false));
    let to = &read.mails[0].mail.to;
    assert_eq!(to.as_slice(), [address("tara@acme.example")], "the mailbox itself is among the receivers");
    assert_eq!(
        server.said(),
        [
            "LOGIN \"tara@acme.example\" \"open \\\"sesame\\\"\"",
            "EXAMINE \"INBOX\"",
            "UID SEARCH UID 6:*",
            "UID FETCH 9,12 (UID RFC822.SIZE)",
            "UID FETCH 9 (UID BODY.PEEK[])",
            "UID FETCH 12 (UID BODY.PEEK[])",
            "LOGOUT",
        ]
    );
}

#[tokio::test]
async fn a_new_numbering_begins_by_date() {
    for after in [None, Some(Place { validity: 6, uid: 4000 })] {
        let rules = vec![opened(7, 3), found("2"), sized(&[(2, 70)]), mail("FETCH 2 (UID BODY", 2, "again")];
        let server = ImapServer::start(GREETING, rules).await;
        let read = read(&server, request(after)).await.unwrap();
        assert_eq!((subjects(&read), read.place), (vec![(2, "again")], Place { validity: 7, uid: 2 }));
        assert!(server.said().contains(&"UID SEARCH SINCE 1-Feb-2026".to_owned()), "{:?}", server.said());
    }
}

#[tokio::test]
async fn an_empty_folder_is_read_up_to_its_next_number() {
    let server = ImapServer::start(GREETING, vec![opened(7, 40), found("")]).await;
    let read = read(&server, request(None)).await.unwrap();
    assert_eq!((read.mails.len(), read.place, read.more), (0, Place { validity: 7, uid: 39 }, false));
}

#[tokio::test]
async fn more_than_wanted_wait_for_the_next_call() {
    let rules = vec![
        opened(7, 20),
        found("11 12 13"),
        sized(&[(11, 70), (12, 70)]),
        mail("FETCH 11 (UID BODY", 11, "a"),
        mail("FETCH 12 (UID BODY", 12, "b"),
    ];
    let server = ImapServer::start(GREETING, rules).await;
    let wanted = ReadRequest { most: 2, ..request(Some(Place { validity: 7, uid: 10 })) };
    let read = read(&server, wanted).await.unwrap();
    assert_eq!((subjects(&read), read.place.uid, read.more), (vec![(11, "a"), (12, "b")], 12, true));
}

#[tokio::test]
async fn of_a_huge_mail_the_beginning_is_read() {
    let huge = 26 * 1024 * 1024;
    let rules = vec![opened(7, 3), found("2"), sized(&[(2, huge)]), mail("FETCH 2 (UID BODY", 2, "huge")];
    let server = ImapServer::start(GREETING, rules).await;
    let read = read(&server, request(None)).await.unwrap();
    assert_eq!(subjects(&read), [(2, "huge")]);
    assert!(server.said().contains(&"UID FETCH 2 (UID BODY.PEEK[]<0.1048576>)".to_owned()), "{:?}", server.said());
}

#[tokio::test]
async fn a_mail_is_passed_over_only_if_it_is_gone() {
    let rules = |second: Rule| {
        vec![
            opened(7, 5),
            found("2 3 4"),
            sized(&[(2, 70), (3, 70), (4, 70)]),
            second,
            mail("FETCH 2 (UID BODY", 2, "a"),
            mail("FETCH 4 (UID BODY", 4, "c"),
        ]
    };
    // Deleted in between.
    let server = ImapServer::start(GREETING, rules(("FETCH 3 (UID BODY", b"$ OK done\r\n".to_vec()))).await;
    let read_mails = read(&server, request(None)).await.unwrap();
    assert_eq!(subjects(&read_mails), [(2, "a"), (4, "c")]);

    for refusal in ["$ NO it is broken\r\n", "* 3 FETCH (UID 3 BODY[] NIL)\r\n$ OK done\r\n"] {
        let second = || ("FETCH 3 (UID BODY", refusal.as_bytes().to_vec());
        let server = ImapServer::start(GREETING, rules(second())).await;
        let before = read(&server, request(None)).await.unwrap();
        assert_eq!((subjects(&before), before.place.uid, before.more), (vec![(2, "a")], 2, true), "up to it");

        let alone = vec![opened(7, 5), found("3 4"), sized(&[(3, 70), (4, 70)]), second(), mail("FETCH 4", 4, "c")];
        let server = ImapServer::start(GREETING, alone).await;
        let after = request(Some(before.place));
        assert!(matches!(read(&server, after).await, Err(MailboxError::Unavailable(_))), "it is asked for again");
        let patient = ReadRequest { pass_over_bad: true, ..after };
        assert_eq!(subjects(&read(&server, patient).await.unwrap()), [(4, "c")], "but not for ever");
    }
}

/// What reading comes to, in a word.
async fn outcome(greeting: &[u8], rules: Vec<Rule>) -> &'static str {
    let server = ImapServer::start(greeting, rules).await;
    let began = Instant::now();
    let read = read(&server, request(None)).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", server.said());
    match read {
        Ok(_) => "read",
        Err(MailboxError::Denied(reason)) => {
            assert!(!reason.contains('@') && !reason.contains("sesame"), "{reason}");
            "denied"
        }
        Err(MailboxError::Unavailable(reason)) => {
            assert!(!reason.contains("sesame"), "{reason}");
            "unavailable"
        }
    }
}

#[tokio::test]
async fn every_answer_means_something() {
    let whole = || vec![opened(7, 3), found("")];
    let instead = |pattern: &'static str, answer: &[u8]| {
        let mut rules = vec![(pattern, answer.to_vec())];
        rules.extend(whole());
        rules
    };
    let body = |answer: &[u8]| {
        let mut rules = vec![opened(7, 3), found("2"), sized(&[(2, 70)])];
        rules.push(("BODY.PEEK", answer.to_vec()));
        rules
    };
    for (greeting, rules, expected) in [
        (GREETING, whole(), "read"),
        (b"* BYE too many connections\r\n", whole(), "unavailable"),
        (b"220 mx.test ESMTP\r\n", whole(), "unavailable"),
        (b"", whole(), "unavailable"),
        // The parser cuts this between two characters, and panics.
        ("* OK [ALERT]é\r\n".as_bytes(), whole(), "unavailable"),
        (GREETING, instead("LOGIN", b"$ NO [AUTHENTICATIONFAILED] tara@acme.example is wrong\r\n"), "denied"),
        (GREETING, instead("LOGIN", b"$ NO [UNAVAILABLE] later\r\n"), "unavailable"),
        (GREETING, instead("LOGIN", b"$ NO Too many simultaneous connections\r\n"), "unavailable"),
        (GREETING, instead("LOGIN", b""), "unavailable"),
        (GREETING, instead("LOGIN", SILENCE), "unavailable"),
        (GREETING, instead("EXAMINE", b"$ NO no such mailbox\r\n"), "denied"),
        (GREETING, instead("EXAMINE", b"$ OK but how are mails numbered?\r\n"), "unavailable"),
        (GREETING, instead("EXAMINE", b"* BYE restarting\r\n"), "unavailable"),
        (GREETING, instead("SEARCH", b"$ NO not now, try again\r\n"), "unavailable"),
        (GREETING, instead("SEARCH", b"* SEARCH 4294967296 -1 x\r\n$ OK done\r\n"), "unavailable"),
        (GREETING, instead("SEARCH", b"* SEARCH 0\r\n$ OK done\r\n"), "read"),
        (GREETING, instead("SEARCH", b"* \r\n\r\n)()(\r\n"), "unavailable"),
        (GREETING, body(b"* 2 FETCH (UID 2 BODY[] {99999999999}\r\nx"), "unavailable"),
        (GREETING, body(b"* 2 FETCH (UID 2 BODY[] {4000000000}\r\nx"), "unavailable"),
        (GREETING, body(b"* 2 FETCH (UID 2 BODY[] {5}\r\nab"), "unavailable"),
        (GREETING, body(b"* 2 FETCH (UID 2 BODY[] \"short\")\r\n$ OK done\r\n"), "read"),
        (GREETING, body(b"* 9 FETCH (UID 9 BODY[] \"another\")\r\n$ OK done\r\n"), "read"),
        (GREETING, body(&b"* 2 FETCH (UID 2 FLAGS (x))\r\n".repeat(50_000)), "unavailable"),
    ] {
        let shown = format!("{} {rules:?}", String::from_utf8_lossy(greeting));
        assert_eq!(outcome(greeting, rules).await, expected, "{}", shown.chars().take(300).collect::<String>());
    }
}

#[tokio::test]
async fn a_token_is_shown_and_a_refusal_of_it_acknowledged() {
    let credential = Credential::Token("tok".to_owned().into());
    // {"status":"401"}
    let challenge = b"+ eyJzdGF0dXMiOiI0MDEifQ==\r\n".to_vec();
    for (after, expected) in [(b"$ OK in\r\n".to_vec(), true), (challenge, false)] {
        // base64 of "user=tara@acme.example\x01auth=Bearer tok\x01\x01"
        let shown = "dXNlcj10YXJhQGFjbWUuZXhhbXBsZQFhdXRoPUJlYXJlciB0b2sBAQ==";
        let rules = vec![
            ("AUTHENTICATE XOAUTH2", b"+ \r\n".to_vec()),
            (shown, after),
            opened(7, 3),
            found(""),
            ("LOGOUT", b"$ OK bye\r\n".to_vec()),
            // The acknowledgement is an empty line.
            ("", b"$ NO [AUTHENTICATIONFAILED] expired\r\n".to_vec()),
        ];
        let server = ImapServer::start(GREETING, rules).await;
        let account = account(server.port, 1);
        let read = servers().read(Login { account: &account, credential: &credential }, request(None)).await;
        assert_eq!(read.is_ok(), expected, "{read:?}");
        assert!(expected || matches!(read, Err(MailboxError::Denied(_))), "{read:?}");
        assert_eq!(server.said()[..2], ["AUTHENTICATE XOAUTH2", shown]);
    }
}

#[tokio::test]
async fn a_password_beyond_ascii_is_not_quoted() {
    let rules = vec![("AUTHENTICATE PLAIN", b"+ \r\n".to_vec()), opened(7, 3), found("")];
    let server = ImapServer::start(GREETING, rules).await;
    let (account, credential) = (account(server.port, 1), Credential::Password("pé".to_owned().into()));
    servers().read(Login { account: &account, credential: &credential }, request(None)).await.unwrap();
    // base64 of "\0tara@acme.example\0pé"
    assert_eq!(server.said()[..2], ["AUTHENTICATE PLAIN", "AHRhcmFAYWNtZS5leGFtcGxlAHDDqQ=="]);
}

#[tokio::test]
async fn sent_mail_is_found_by_its_id_under_any_name_of_the_folder() {
    let listed = b"* LIST (\\HasNoChildren) \"/\" INBOX\r\n* LIST (\\Sent) \"/\" \"[Gmail]/Gesendet \\\"x\\\"\"\r\n$ OK done\r\n";
    let rules = |hits| vec![("LIST", listed.to_vec()), opened(7, 3), found(hits)];
    for (hits, expected) in [("4", true), ("", false)] {
        let server = ImapServer::start(GREETING, rules(hits)).await;
        let account = account(server.port, 1);
        let found = servers().find(Login { account: &account, credential: &password() }, &outgoing(1)).await;
        assert_eq!(matches!(found, Lookup::Sent { .. }), expected, "{found:?}");
        assert!(expected || found == Lookup::CannotTell, "what is not filed may have left");
        let said = server.said();
        assert!(said.contains(&"EXAMINE \"[Gmail]/Gesendet \\\"x\\\"\"".to_owned()), "{said:?}");
        let id = outgoing(1).message_id;
        assert!(said.contains(&format!("UID SEARCH HEADER Message-ID \"{id}\"")), "{said:?}");
    }
}

#[tokio::test]
async fn a_mailbox_sends_with_a_token_and_files_what_it_sent() {
    let listed = b"* LIST (\\HasNoChildren) \"/\" \"Sent Items\"\r\n$ OK done\r\n".to_vec();
    let rules = vec![
        ("AUTHENTICATE XOAUTH2", b"+ \r\n".to_vec()),
        ("LIST", listed),
        ("APPEND", b"+ go ahead\r\n".to_vec()),
        ("Subject:", b"".to_vec()),
    ];
    let (imap, smtp) = (ImapServer::start(GREETING, rules).await, Server::start(Script::Usual).await);
    let account = MailAccount { file_sent: true, auth: MailAuth::OAuth, ..account(imap.port, smtp.port) };
    let credential = Credential::Token("tok".to_owned().into());
    let sent = servers().send(Login { account: &account, credential: &credential }, &outgoing(1)).await;
    assert_eq!(sent.unwrap(), outgoing(1).message_id, "also where filing fails");
    assert_eq!(smtp.kept().len(), 1);
    let shown = "AUTH XOAUTH2 dXNlcj10YXJhQGFjbWUuZXhhbXBsZQFhdXRoPUJlYXJlciB0b2sBAQ==".to_owned();
    assert!(smtp.said().contains(&shown), "{:?}", smtp.said());
    assert!(imap.said().iter().any(|said| said.starts_with("APPEND \"Sent Items\" (\\Seen) {")), "{:?}", imap.said());
}

#[tokio::test]
async fn a_check_tells_both_ways_apart() {
    let imap = ImapServer::start(GREETING, vec![("LOGIN", b"$ NO wrong password\r\n".to_vec())]).await;
    for (script, credential, expected) in [
        (Script::Usual, password(), "works"),
        (Script::Answers("AUTH", "535 5.7.8 bad credentials"), password(), "denied"),
        (Script::Answers("AUTH", "454 4.7.0 try later"), password(), "unavailable"),
        (Script::Answers("AUTH", "334 eyJzdGF0dXMiOiI0MDEifQ=="), Credential::Token("t".to_owned().into()), "denied"),
        (Script::DropsAt("EHLO"), password(), "unavailable"),
    ] {
        let smtp = Server::start(script).await;
        let account = account(imap.port, smtp.port);
        let checked = servers().check(Login { account: &account, credential: &credential }).await;
        assert_eq!(checked.imap.is_err(), matches!(credential, Credential::Password(_)), "{:?}", checked.imap);
        let found = match checked.smtp {
            Ok(()) => "works",
            Err(MailboxError::Denied(_)) => "denied",
            Err(MailboxError::Unavailable(_)) => "unavailable",
        };
        assert_eq!(found, expected, "{script:?}");
        assert!(smtp.said().iter().all(|command| !command.starts_with("MAIL")), "a check sends nothing");
    }
}

#[tokio::test]
async fn a_secret_waits_for_encryption() {
    let rules = vec![("STARTTLS", b"$ NO not here\r\n".to_vec())];
    let server = ImapServer::start(GREETING, rules).await;
    for security in [Security::StartTls, Security::Tls] {
        let mut account = account(server.port, server.port);
        (account.imap.security, account.smtp.security) = (security, security);
        let login = Login { account: &account, credential: &password() };
        assert!(servers().read(login, request(None)).await.is_err());
        assert!(matches!(servers().send(login, &outgoing(1)).await, Err(SendError::NotSent { .. })));
    }
    assert!(server.said().iter().all(|command| !command.contains("LOGIN") && !command.contains("AUTH")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_answer_breaks_the_reader(
        at in 0..5_usize,
        answer in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "(\\* |\\+ |A0000[1-5] )?(OK|NO|BYE|SEARCH|[0-9] FETCH|LIST)? ?[\\[({]?(ALERT|UID|BODY\\[\\]|UIDVALIDITY)?[ \\])}\"0-9é{}()]{0,20}\r\n"
                .prop_map(String::into_bytes),
        ],
    ) {
        let pattern = ["LOGIN", "EXAMINE", "SEARCH", "SIZE", "PEEK"][at];
        let mut rules = vec![(pattern, answer)];
        rules.extend([opened(7, 3), found("2"), sized(&[(2, 70)]), mail("PEEK", 2, "a")]);
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let server = ImapServer::start(GREETING, rules).await;
            let account = account(server.port, 1);
            let impatient = patient(Duration::from_millis(50));
            // Ends, with whatever it makes of it.
            let _ = impatient.read(Login { account: &account, credential: &password() }, request(None)).await;
        });
    }
}
