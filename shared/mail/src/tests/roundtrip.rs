//! What is written is what is read, by our reader and by rules simple enough to hold for any reader.

use data_encoding::BASE64;
use domain::{Mailbox, OutgoingMail};
use mail_parser::MessageParser;
use proptest::prelude::*;

use super::{mailbox, outgoing};
use crate::text::{many_lines, one_line};
use crate::{parse, render};

/// Header names and raw values, unfolded, in the simplest way that the standard allows.
fn headers(mime: &[u8]) -> Vec<(String, String)> {
    let mime = str::from_utf8(mime).unwrap();
    let (block, _) = mime.split_once("\r\n\r\n").unwrap();
    let unfolded = block.replace("\r\n ", " ");
    unfolded
        .split("\r\n")
        .map(|line| line.split_once(": ").unwrap_or((line, "")))
        .map(|(n, v)| (n.into(), v.into()))
        .collect()
}

/// The text of a header value whose encoded words, if it has any, come first.
fn decoded(value: &str) -> String {
    let mut rest = value;
    let mut bytes = Vec::new();
    while let Some((word, tail)) = rest.strip_prefix("=?utf-8?B?").and_then(|word| word.split_once("?=")) {
        bytes.extend(BASE64.decode(word.as_bytes()).unwrap());
        // Space between two encoded words is none.
        rest = if tail.starts_with(" =?") { &tail[1..] } else { tail };
    }
    String::from_utf8(bytes).unwrap() + rest
}

fn check(mail: &OutgoingMail) {
    let mime = render(mail).unwrap();

    let lines = str::from_utf8(&mime).unwrap().split_inclusive('\n');
    for line in lines {
        let line = line.strip_suffix("\r\n").expect("every line ends in CRLF");
        assert!(line.is_ascii() && line.len() <= 998, "{line:?}");
        assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
    }

    let names: Vec<_> = headers(&mime).into_iter().map(|(name, _)| name).collect();
    let mut expected = vec!["Date", "From", "To", "Subject", "Message-ID"];
    expected.extend(mail.reply_to.as_ref().map(|_| "Reply-To"));
    expected.extend(mail.in_reply_to.as_ref().map(|_| "In-Reply-To"));
    expected.extend((!mail.references.is_empty()).then_some("References"));
    expected.extend((!mail.cc.is_empty()).then_some("Cc"));
    expected
        .extend(mail.automatic_answer.then_some(["Auto-Submitted", "X-Auto-Response-Suppress"]).into_iter().flatten());
    expected.extend(["List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version"]);
    expected.extend(["Content-Type", "Content-Transfer-Encoding"]);
    let (mut found, mut wanted) = (names, expected);
    found.sort();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "no header but ours, each of them once");

    let header = |name: &str| headers(&mime).into_iter().find(|(known, _)| known == name).unwrap().1;
    assert_eq!(decoded(&header("Subject")), one_line(&mail.subject));
    let (name, address) = (one_line(&mail.to.name), &mail.to.address);
    let quoted = format!("\"{name}\" <{address}>");
    let expected = if name.is_empty() { address.to_string() } else { format!("{name} <{address}>") };
    assert!([expected, quoted].contains(&decoded(&header("To"))));

    let read = parse(&mime, None);
    assert_eq!(read.from.as_ref(), Some(&mail.from.address));
    assert_eq!(read.from_name, one_line(&mail.from.name));
    let mut readers = vec![mail.to.address.clone()];
    for copy in mail.cc.iter().map(|copy| &copy.address) {
        if !readers.contains(copy) {
            readers.push(copy.clone());
        }
    }
    assert_eq!(read.to, readers);
    let second = MessageParser::default().parse(&mime).unwrap();
    let names = |address: Option<&mail_parser::Address<'_>>| -> Vec<(String, String)> {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let mailboxes = address.into_iter().flat_map(|address| address.iter());
        mailboxes.map(|one| (one_line(&text(one.name())), text(one.address()))).collect()
    };
    let wanted = |mailboxes: &[Mailbox]| -> Vec<(String, String)> {
        mailboxes.iter().map(|one| (one_line(&one.name), one.address.to_string())).collect()
    };
    assert_eq!(names(second.from()), wanted(std::slice::from_ref(&mail.from)));
    assert_eq!(names(second.to()), wanted(std::slice::from_ref(&mail.to)));
    assert_eq!(names(second.cc()), wanted(&mail.cc));
    assert_eq!(second.subject().map(one_line).unwrap_or_default(), one_line(&mail.subject));
    assert_eq!(read.subject, one_line(&mail.subject));
    assert_eq!(read.text, many_lines(&mail.text));
    assert_eq!(read.message_id, mail.message_id);
    assert_eq!(read.in_reply_to, Vec::from_iter(mail.in_reply_to.clone()));
    assert_eq!(read.references, mail.references);
    assert_eq!(read.date.map(|date| date.as_second()), Some(mail.date.as_second()));
    assert!(read.report.is_none() && !read.complaint && !read.receipt);
    let automatic =
        read.machine_headers.iter().any(|(name, value)| name == "auto-submitted" && value == "auto-replied");
    assert_eq!(automatic, mail.automatic_answer);
}

#[test]
fn a_mail_is_written_as_expected() {
    let mime = String::from_utf8(render(&outgoing(1)).unwrap()).unwrap();
    let expected = "Date: Tue, 03 Nov 2026 09:00:09 +0000\r\n\
        From: =?utf-8?B?w4lyaWMgZCdBY21l?=\r\n <eric@acme.example>\r\n\
        To: \"Ada Lovelace\"\r\n <ada@analytical.example>\r\n\
        Reply-To: r-7f3k2@reply.acme.example\r\n\
        Subject: Fewer punch cards, Ada?\r\n\
        Message-ID: <dlv_contacts-5540000310003.1.1@acme.example>\r\n\
        In-Reply-To: <earlier@acme.example>\r\n\
        References: <first@acme.example>\r\n <earlier@acme.example>\r\n\
        List-Unsubscribe: <https://acme.example/u/contacts-5540000310003?s=abc_->\r\n\
        List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\n\
        Good morning,\r\n\r\n.a line with a dot\r\n--=20\r\n=C3=89ric\r\n";
    assert_eq!(mime, expected);
}

#[test]
fn every_script_arrives() {
    for name in [
        "Éric",
        "山田太郎",
        "محمد",
        "Ἀριστοτέλης",
        "Иван Иванович",
        "🦆 Duck",
        "O'Brien, \"Pat\" \\ (Sales)",
        "=?utf-8?q?x?=",
        "李雷",
        "O'Neil, Sr.",
        "a@b.example, <c@d.example>",
        "undisclosed-recipients:;",
        "\u{202e}gnp.exe\u{202c} \u{5e9}\u{5dc}\u{5d5}\u{5dd}",
        "👩‍👩‍👧‍👦",
        &"Ж".repeat(200),
        &"long ".repeat(40),
    ] {
        let mut mail = outgoing(1);
        mail.from.name = name.to_owned();
        mail.cc = vec![
            mailbox(name, "owner@acme.example"),
            mailbox("", "second@acme.example"),
            mailbox(name, "third@acme.example"),
        ];
        mail.to.name = name.to_owned();
        mail.subject = format!("{name}, {name}");
        mail.text = format!("{name}\n\n{}", name.repeat(300));
        check(&mail);
    }
}

#[test]
fn nothing_injects_a_header() {
    for attack in [
        "x\r\nBcc: all@example.com",
        "x\nBcc: a@b.example",
        "x\rBcc: a@b.example",
        "\r\n\r\nbody",
        "x\u{2028}Bcc: a@b.example",
        "\0\r\n .\r\n",
    ] {
        let mut mail = outgoing(1);
        mail.subject = attack.to_owned();
        mail.to.name = attack.to_owned();
        mail.from.name = attack.to_owned();
        mail.cc = vec![mailbox(attack, "owner@acme.example")];
        mail.text = format!(".\r\n{attack}");
        check(&mail);

        let with_id = OutgoingMail { message_id: format!("<a@b{attack}>"), ..outgoing(1) };
        let with_url = OutgoingMail { unsubscribe_url: Some(format!("https://acme.example/{attack}>")), ..outgoing(1) };
        assert!(render(&with_id).is_err() && render(&with_url).is_err());

        let with_reference = OutgoingMail {
            references: vec![format!("<a@b{attack}>")],
            in_reply_to: Some(format!("<a@b{attack}>")),
            ..outgoing(1)
        };
        let mime = render(&with_reference).unwrap();
        assert!(
            headers(&mime).iter().all(|(name, _)| name != "References" && name != "In-Reply-To" && name != "Bcc"),
            "a foreign id is left out"
        );
    }
}

#[test]
fn a_date_that_cannot_be_written_is_refused() {
    for date in ["1969-12-31T23:59:59Z", "9999-12-30T00:00:00Z"] {
        assert!(render(&OutgoingMail { date: date.parse().unwrap(), ..outgoing(1) }).is_err());
    }
    assert!(render(&OutgoingMail { date: "9998-12-31T23:59:59Z".parse().unwrap(), ..outgoing(1) }).is_ok());
}

fn a_mailbox() -> impl Strategy<Value = Mailbox> {
    (
        "\\PC{0,80}|[ -~]{0,80}|(?s).{0,20}",
        "[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\\.[a-z0-9]{1,5})?@[a-z0-9]{1,20}\\.(com|xn--p1ai|co\\.uk|123)",
    )
        .prop_map(|(name, address)| mailbox(&name, &address))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_mail_is_read_back(
        from in a_mailbox(),
        to in a_mailbox(),
        subject in "(?s).{0,200}|[ -~]{0,300}|[a-z]{1500}|(=\\?|utf-8|\\?|B|q|=| ){0,20}",
        text in "(?s).{0,2000}|([ -~]{0,200}(\r|\n|\r\n)){0,20}|[a-zé]{3000}|(--[a-z]{0,3}\n|\\.\n|From \n|=\n|= ){0,30}",
        references in prop::collection::vec("<[!-;=?-~]{1,300}>", 0..12),
        cc in prop::collection::vec(a_mailbox(), 0..3),
        automatic_answer in any::<bool>(),
    ) {
        check(&OutgoingMail { from, to, cc, automatic_answer, subject, text, references, ..outgoing(1) });
    }
}

#[test]
fn the_html_stands_beside_the_same_plain_text() {
    let html = "<!DOCTYPE html>\n<html><body>Grüße <a href=\"https://t.example/c/x\">\n.\n</a></body></html>\n";
    let mail = OutgoingMail { html: Some(html.to_owned()), ..outgoing(1) };
    let mime = render(&mail).unwrap();
    assert_eq!(mime, render(&mail).unwrap(), "the same mail is the same bytes");
    let whole = str::from_utf8(&mime).unwrap();
    assert!(whole.split("\r\n").all(|line| line.is_ascii() && line.len() <= 998), "{whole}");
    assert!(whole.contains("Content-Type: multipart/alternative;"), "{whole}");
    let parsed = mail_parser::MessageParser::default().parse(&mime).unwrap();
    // The line break before a boundary is the boundary's.
    let same = |read: &str, written: &str| assert_eq!(read.replace("\r\n", "\n").trim_end(), written.trim_end());
    same(&parsed.body_text(0).unwrap(), &mail.text);
    same(&parsed.body_html(0).unwrap(), html);
    assert_eq!((parsed.text_body_count(), parsed.html_body_count(), parsed.attachment_count()), (1, 1, 0));
}
