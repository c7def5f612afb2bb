//! Any bytes are a mail, and every mail can be read.
#![no_main]

// The reader's source and not its crate, which brings TLS and SMTP: that would build for minutes, with nothing to fuzz.
#[path = "../../../shared/mail/src/read/mod.rs"]
mod read;
#[allow(dead_code, reason = "the rest of the crate uses the rest of it")]
#[path = "../../../shared/mail/src/text.rs"]
mod text;

libfuzzer_sys::fuzz_target!(|raw: &[u8]| {
    let mail = read::parse(raw, None);
    assert!(mail.message_id.starts_with('<') && mail.message_id.ends_with('>'));
    assert!(!mail.subject.contains(['\r', '\n']) && !mail.from_name.contains(['\r', '\n']));
    assert!(!mail.text.contains(['\r', '\0']));
    let reading = domain::read_mail(&mail, &[]);
    assert_eq!(reading.kind == domain::MailKind::Bounce, reading.bounce.is_some());
});
