//! The ports' contracts, on every adapter that runs here; and what is special about the embedded database.
//!
//! With `TEST_DYNAMODB_ENDPOINT` set (an emulator of AWS, such as `http://127.0.0.1:4566`) they also run against it.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may end it")]

mod directory;
mod faults;
mod fixture;
mod secrets_contract;
mod table_contract;
