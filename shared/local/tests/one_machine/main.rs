//! The binary as a user runs it: real processes, real ports, real signals.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

mod process;
mod restarts;
