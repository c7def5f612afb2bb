//! A Zoho that listens on a port.
//!
//! One organisation of Zoho CRM v8 with its accounts server, written from Zoho's documentation and its official SDK's
//! schema, never from a client's types. It is strict where Zoho is strict, and it does on purpose what breaks
//! clients in production: OAuth failures in HTTP 200, tokens that die early, empty 204s, mixed results in 207, a search
//! index that lags, notification channels that silently last an hour, callbacks that are lost, doubled and reordered,
//! writes that happened although the answer was an error or never came.
//!
//! | part | what it does |
//! |---|---|
//! | [`Simulator`] | the organisation: [`Simulator::call`] answers a request; no sockets, no real clock |
//! | [`serve`], [`run`] | the same on a port, with callbacks delivered by HTTP |
//! | [`Faults`] | what goes wrong, by rate or for one particular call |
//! | [`SimConfig`] | users, clock, seed, data centres |
//! | `/_sim/…` | what people do: create, assign, edit, delete, convert, merge; and `GET /_sim/state` to look |
//! | `accounts` | consent page, codes, tokens, limits |
//! | `crm` | the REST API: records, search, COQL, notes, emails, channels, metadata |
//! | `world` | the data, its history, and the notifications it causes |
//!
//! ```
//! use zoho_sim::{SimConfig, Simulator};
//!
//! let zoho = Simulator::new(SimConfig::new("http://127.0.0.1:8099"));
//! let lead = zoho.create_record("Leads", serde_json::json!({"Last_Name": "Boyle"}), Some("sam@acme.example"))?;
//! zoho.assign("Leads", &[&lead], "tara@acme.example", None)?;
//! # Ok::<(), zoho_sim::SimError>(())
//! ```
//!
//! **Determinism:** with the same seed, clock and calls, every id, token, fault and answer is the same.
//!
//! **Absent:** Zoho Desk, bulk read and write, blueprints, sharing rules (everybody sees every record), currencies,
//! COQL aggregates, attachments' content, mass jobs by custom view.

mod accounts;
mod callback;
mod config;
mod control;
mod crm;
mod faults;
mod inspect;
mod person;
mod reply;
mod request;
mod rng;
mod shell;
mod simulator;
mod times;
mod world;

pub use callback::Callback;
pub use config::{Client, Clock, NewUser, OtherLocation, Ready, SimConfig, TimelineOwner};
pub use faults::{Faults, FaultsError, OneShot};
pub use inspect::StateQuery;
pub use person::{SimError, UserChange};
pub use reply::Reply;
pub use shell::{RunOptions, answer, run, serve};
pub use simulator::{Simulator, Slot};
