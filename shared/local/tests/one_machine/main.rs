//! The binary as a user runs it: real processes, real ports, real signals.

mod process;
mod restarts;
