//! Whole-system tests, and tests on the repository itself.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

mod actions;
mod api;
mod approvals;
mod audits;
mod budgets;
mod console;
mod desk;
mod engagement;
mod failures;
mod favours;
mod hostile;
mod incumbent;
mod journeys;
mod leaving;
mod opinions;
mod own_mailboxes;
mod page_cost;
mod schedules;
mod storms;
mod tidy;
