//! The adapter over real sockets on the loopback: against answers written here word by word, and against the simulator.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod accounts;
mod calls;
mod failures;
mod glances;
mod people;
mod script;
mod simulated;
mod support;
mod world;
