//! Mails that nobody's program writes, and bytes that are no mail.

use std::time::Duration;

use proptest::prelude::*;

use crate::parse;

/// Unoptimised, dependencies included, everything takes twenty times as long, so a twentieth is read.
const LENGTH: usize = if cfg!(debug_assertions) { 512 * 1024 } else { 10 * 1024 * 1024 };
const LIMIT: Duration = Duration::from_millis(if cfg!(debug_assertions) { 400 } else { 100 });

/// Of each property.
const CASES: u32 = if cfg!(debug_assertions) { 300 } else { 10_000 };

/// How long this thread has been computing; what else the machine does must not matter. Only Linux tells.
fn computed() -> Option<Duration> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    statistics.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn check_fast(what: &str, raw: &[u8]) {
    let before = computed();
    let mail = parse(raw, None);
    let took = computed().zip(before).map(|(after, before)| after - before).unwrap_or_default();
    assert!(took < LIMIT, "{what}: {took:?}");
    assert!(mail.text.len() <= 256 * 1024 && mail.subject.len() <= 16 * 1024, "{what}");
}

fn repeated(unit: &str) -> Vec<u8> {
    unit.repeat(LENGTH / unit.len()).into_bytes()
}

/// Each is the shortest that makes some reader look far ahead, or build much.
const UNITS: [&str; 28] = [
    "a",
    "\n",
    "--",
    "--b\n",
    "--b\n\n",
    "<",
    "<a \"",
    "<div>",
    "<div class='gmail_attr' style='a:b;font-size:0;' id=x",
    "<div class='x' style='a:b;font-size:1;'>x",
    "> a \n>> b \n",
    "BEGIN:VEVENT\nMETHOD:REPLY\nDTSTART;X=\"",
    "&",
    "=",
    "=?",
    "=?utf-8?q?",
    "=?utf-8?q?a?= ",
    "\"",
    "(",
    "<a@b.example>, ",
    "a: b\n",
    " \n",
    "To: a@b.example\n",
    "Content-Type: message/rfc822\n\n",
    "--b\nContent-Type: multipart/mixed; boundary=b\n\n",
    "--b\nContent-Type: multipart/mixed; boundary=missing\n\n",
    "--b\nContent-Type: text/html\n\n<div style='display:none'><b>&amp;",
    "--b\nContent-Type: message/delivery-status\n\nAction: failed\n\n",
];

#[test]
fn ten_megabytes_of_anything_are_read_in_time() {
    for unit in UNITS {
        let bytes = repeated(unit);
        for before in [
            "",
            "Subject: x\n\n",
            "Content-Type: text/html\n\n",
            "Content-Type: text/plain; format=flowed\n\n",
            "Content-Type: text/calendar\n\n",
            "Content-Type: multipart/mixed; boundary=b\n\n",
            "From: mailer-daemon@x.example\n\n",
            "Subject: ",
            "To: ",
            "References: ",
            "Date: ",
            "Content-Type: ",
        ] {
            check_fast(&format!("{before:?} and {unit:?}"), &[before.as_bytes(), &bytes].concat());
        }
    }
}

/// Multiparts inside of each other, the text in the innermost.
fn nested(depth: usize) -> String {
    let begin: String =
        (0..depth).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    let end: String = (0..depth).rev().map(|n| format!("\n--b{n}--")).collect();
    format!("Subject: deep\n{begin}Content-Type: text/plain\n\nfound{end}\n")
}

#[test]
fn a_hundred_nested_parts_are_read() {
    assert_eq!(parse(nested(100).as_bytes(), None).text, "found");
    check_fast("many more", nested(LENGTH / 100).as_bytes());

    let attachment =
        "TVqQAAMAAAAEAAAA//8AALgAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n".repeat(LENGTH / 77);
    let file = "Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64";
    let mail = format!("Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\n{file}\n\n{attachment}--b--\n");
    assert_eq!(parse(mail.as_bytes(), None).text, "text");
    check_fast("a large attachment", mail.as_bytes());
}

fn fixtures() -> Vec<Vec<u8>> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures")).unwrap();
    let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn any_bytes_are_a_mail(raw in prop::collection::vec(any::<u8>(), 0..2000)) {
        parse(&raw, None);
    }

    #[test]
    fn any_line_noise_is_a_mail(raw in "(From|To|Subject|Date|Content-Type|Message-ID|References|text/html|multipart/report|charset|boundary|[:;=?<>@\"'()\\\\&#*%/,.-]|\r\n|\n| |\t|b|q|é|1|[0-9]{1,20}|utf-8|iso-2022-jp|--b){0,120}") {
        parse(raw.as_bytes(), Some(&raw));
        parse(format!("Content-Type: text/html\n\n{raw}").as_bytes(), None);
        parse(format!("Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n{raw}").as_bytes(), None);
    }

    #[test]
    fn a_mutated_mail_is_a_mail(
        which in any::<prop::sample::Index>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..200, any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mails = fixtures();
        let mut raw = mails[which.index(mails.len())].clone();
        for (from, length, to, byte) in cuts {
            let from = from.index(raw.len());
            let piece = raw[from..(from + length).min(raw.len())].to_vec();
            let to = to.index(raw.len());
            raw[to] = byte;
            raw.splice(to..to, piece);
        }
        let mail = parse(&raw, None);
        prop_assert!(mail.message_id.starts_with('<') && mail.message_id.ends_with('>'));
        prop_assert!(!mail.subject.contains(['\r', '\n']) && !mail.from_name.contains(['\r', '\n']));
        prop_assert!(!mail.text.contains(['\r', '\0']));
    }
}
