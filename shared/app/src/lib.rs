//! The use cases, and the ports they need from the world.

pub mod actions;
pub mod admin;
pub mod budgets;
pub mod change;
pub mod connect;
pub mod console;
pub mod deliveries;
mod directory;
pub mod enrol;
mod errands;
mod error;
pub mod failures;
pub mod favours;
pub mod history;
pub mod leave;
pub mod mail_events;
pub mod mailboxes;
pub mod notify;
pub mod nurture;
pub mod ports;
pub mod preflight;
pub mod receive;
mod secret;
pub mod store;
pub mod tokens;
pub mod touches;
pub mod unsubscribe;
pub mod upkeep;
pub mod writeback;
pub mod writing;

pub use error::AppError;
