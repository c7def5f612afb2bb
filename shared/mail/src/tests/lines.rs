//! What `read-mail` prints.

use domain::read_mail;

use crate::{ReadLine, parse};

#[test]
fn a_line_of_each_kind() {
    let lines: Vec<_> = ["reply-with-quote", "out-of-office", "bounce-postfix", "complaint"]
        .into_iter()
        .map(|name| {
            let raw = std::fs::read(format!("{}/fixtures/{name}.eml", env!("CARGO_MANIFEST_DIR"))).unwrap();
            let mail = parse(&raw, None);
            let reading = read_mail(&mail, &[]);
            let mut line = serde_json::to_value(ReadLine::new(format!("{name}.eml"), mail, reading)).unwrap();
            // How a mail is read is the domain's, and tested there; this is about the shape.
            assert!(line["confidence"].as_f64().is_some_and(|sure| (0.0..=1.0).contains(&sure)));
            for key in ["intent", "return_date", "evidence", "new_text", "confidence"] {
                line[key] = "…".into();
            }
            line
        })
        .collect();
    insta::assert_json_snapshot!(lines);
}

#[test]
fn the_keys_stand_in_the_order_that_is_documented() {
    let mail = parse(b"From: ada@example.com\n\nHello", None);
    let reading = read_mail(&mail, &[]);
    let line = serde_json::to_string(&ReadLine::new("-".to_owned(), mail, reading)).unwrap();
    let keys = [
        "file",
        "kind",
        "bounce",
        "intent",
        "confidence",
        "return_date",
        "referred_to",
        "new_text",
        "thread",
        "message_id",
        "in_reply_to",
        "references",
        "evidence",
    ];
    let places: Vec<_> = keys.iter().map(|key| line.find(&format!("\"{key}\":")).expect(key)).collect();
    assert!(places.is_sorted(), "{line}");
    assert_eq!(line.matches("\":").count(), keys.len(), "no others: {line}");
}
