//! Mails as people's programs write them.

use domain::IncomingMail;

use super::address;
use crate::parse;

/// Reads a fixture with either line end, which must not matter.
pub(crate) fn read(fixture: &[u8]) -> IncomingMail {
    let mail = parse(fixture, None);
    let mut crlf = Vec::new();
    for &byte in fixture {
        if byte == b'\n' {
            crlf.push(b'\r');
        }
        crlf.push(byte);
    }
    let with_crlf = parse(&crlf, None);
    assert!(mail.message_id == with_crlf.message_id || mail.message_id.ends_with("@missing-message-id>"));
    assert_eq!(mail, IncomingMail { message_id: mail.message_id.clone(), ..with_crlf });
    mail
}

#[test]
fn a_reply() {
    let mail = read(include_bytes!("../../fixtures/reply-with-quote.eml"));
    assert_eq!(mail.from, Some(address("ada.lovelace@analytical.example")));
    assert_eq!(mail.from_name, "Ada Løvelace");
    assert_eq!(mail.subject, "Re: Fewer punch cards, Éric?");
    let ours = address("r-7f3k2.contacts-5540000310003@reply.acme.example");
    assert_eq!(mail.to, [ours, address("charles@analytical.example")]);
    let text = "Hi Tara,\n\nyes – could we talk on Thursday at 10?\n\nAda\n\nOn Mon, 2 Nov 2026 at 09:00, Tara <tara@acme.example> wrote:\n\n> Good morning, do you still punch cards by hand?";
    assert_eq!(mail.text, text);
    assert_eq!(mail.message_id, "<CAF7x9+Q2=w@mail.analytical.example>");
    assert_eq!(mail.in_reply_to, ["<0102018b@eu-west-1.amazonses.com>"]);
    assert_eq!(
        mail.references,
        ["<dlv_contacts-5540000310003.1.1@acme.example>", "<0102018b@eu-west-1.amazonses.com>"]
    );
    assert_eq!(mail.date, Some("2026-11-03T10:15:09Z".parse().unwrap()));
    assert!(mail.machine_headers.contains(&("return-path".to_owned(), "<ada.lovelace@analytical.example>".to_owned())));
    assert!(mail.report.is_none() && !mail.complaint && mail.returned_ids.is_empty());
}

#[test]
fn an_absence() {
    let mail = read(include_bytes!("../../fixtures/out-of-office.eml"));
    let header = |name: &str| mail.machine_headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    assert_eq!(header("auto-submitted"), Some("auto-generated"));
    assert_eq!(header("x-autoreply"), Some("yes"));
    assert_eq!(header("precedence"), Some("bulk"));
    assert_eq!(header("return-path"), Some("<>"));
    assert_eq!(mail.report, None, "the null return path alone makes no bounce");
    assert!(mail.text.starts_with("I am away until 14 November.\nFor urgent"));
}

#[test]
fn html_alone() {
    let mail = read(include_bytes!("../../fixtures/html-only.eml"));
    assert_eq!(mail.from_name, "Knuth, Donald");
    assert_eq!(mail.subject, "Réponse");
    let text = "Dear Tara,\n\nplease send the brochure & prices (<= 10 €).\nDon’t call.\n\n- one\n- two\n\nDon\n________________________________\nOn Monday Tara wrote:\n\n> Good morning,\n> do you still punch cards?";
    assert_eq!(mail.text, text);
}

#[test]
fn charsets() {
    let mail = read(include_bytes!("../../fixtures/latin1.eml"));
    assert_eq!((mail.from_name.as_str(), mail.subject.as_str()), ("André", "Désolé"));
    assert_eq!(mail.text, "Désolé, c'est trop cher : 10 €.");

    let mail = read(include_bytes!("../../fixtures/base64.eml"));
    assert_eq!((mail.from_name.as_str(), mail.subject.as_str()), ("山田太郎", "山田"));
    assert_eq!(mail.text, "山田です。\nありがとう。", "without the list's footer");
}

#[test]
fn an_invitation_answered() {
    let mail = read(include_bytes!("../../fixtures/calendar.eml"));
    assert_eq!(mail.text, "Accepted: Demo, punch cards\nLinus has accepted this invitation.");
}

#[test]
fn the_envelope_names_our_address() {
    let raw = b"To: list@example.com\nX-Original-To: <a@acme.example>\nX-Envelope-To: b@acme.example\n\nHello";
    let mail = parse(raw, Some("R-7f3k2@reply.acme.example"));
    let names = ["r-7f3k2@reply.acme.example", "a@acme.example", "b@acme.example", "list@example.com"];
    assert_eq!(mail.to, names.map(address));
    assert_eq!(parse(raw, Some("no address")).to, names[1..].iter().map(|a| address(a)).collect::<Vec<_>>());
}

#[test]
fn an_id_is_made_of_what_the_writer_wrote() {
    let id = |raw: &str| parse(raw.as_bytes(), None).message_id;
    let mail = "From: ada@example.com\nDate: Tue, 3 Nov 2026 11:15:09 +0100\nSubject: Hi\n\nHello";
    assert!(id(mail).ends_with("@missing-message-id>") && id(mail).len() == 64 + "<@missing-message-id>".len());
    assert_eq!(id(mail), id(&format!("Received: by mx.acme.example; now\nDelivered-To: tara@acme.example\n{mail}")));
    assert_eq!(id(mail), id(&format!("\u{feff}\n{mail}")));
    assert_ne!(id(mail), id(&mail.replace("Hello", "Hallo")));
    assert_ne!(id(mail), id(&mail.replace("Subject: Hi", "Subject: Ho")));
    assert_eq!(id(&format!("Message-ID: no-brackets@example.com\n{mail}")), "<no-brackets@example.com>");
}
