//! Whole-system tests, and tests on the repository itself.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

mod actions;
mod approvals;
mod console;
mod engagement;
mod hostile;
mod journeys;
mod leaving;
mod own_mailboxes;
mod schedules;
mod tidy;
