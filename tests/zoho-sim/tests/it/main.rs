//! The simulator held to Zoho's documented behaviour, call by call. No sockets but in `serving`, no sleeps, one clock.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod channels;
mod coql;
mod faults;
mod fields;
mod garbage;
mod mail;
mod oauth;
mod people;
mod records;
mod serving;
mod support;
