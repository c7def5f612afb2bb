//! A return lies in front of whoever is away: nothing is made up of numbers that are no dates.
#![no_main]

mod person;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut mail = person::mail(text);
    mail.machine_headers = vec![("auto-submitted".to_owned(), "auto-replied".to_owned())];
    if let Some(back) = domain::read_mail(&mail, &[]).return_date {
        assert!(back.year() >= 2026, "{back} in answer to a mail of 2026");
    }
});
