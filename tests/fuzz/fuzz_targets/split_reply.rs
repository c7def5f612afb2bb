//! What a person wrote now is no more than what the mail says, whatever it quotes.
#![no_main]

mod person;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let new_text = domain::read_mail(&person::mail(text), &[]).new_text;
    assert!(new_text.len() <= text.len());
});
