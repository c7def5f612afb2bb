//! What a person wrote now is no more than what the mail says, whatever it quotes.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    assert!(domain::split_reply(text).len() <= text.len());
});
