//! A return lies in front of whoever is away: nothing is made up of numbers that are no dates.
#![no_main]

use jiff::civil::date;

libfuzzer_sys::fuzz_target!(|text: &str| {
    for month_first in [false, true] {
        if let Some(back) = domain::return_date(text, date(2026, 11, 3), month_first) {
            assert!(back.year() >= 2026, "{back} in answer to a mail of 2026");
        }
    }
});
