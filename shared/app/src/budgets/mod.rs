//! Budgets that all workers share: an org's credits and calls in flight, and the rate of the mail system.
//!
//! **Invariants:** a worker spends only what it took out of the table before, and has no more calls in flight than it has
//! places there; places of a worker that died are free when their time is over. **Cheap:** a worker takes credits and
//! places for many calls at once, so that a call costs no write.

mod crm;
mod mail;

pub use crm::CrmBudgets;
pub use mail::PacedMailer;
