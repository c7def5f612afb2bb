//! A date that is read lies in front of the reader: nothing is made up of numbers that are no dates.
#![no_main]

mod person;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut mail = person::mail(text);
    mail.machine_headers = vec![("auto-submitted".to_owned(), "auto-replied".to_owned())];
    if let Some(back) = domain::read_mail(&mail, &[]).return_date {
        let years = i32::from(back.year()) - 2026;
        assert!((0..100).contains(&years), "{back}");
    }
});
