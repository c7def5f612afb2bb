//! Zoho as the product's CRM: the ports [`app::ports::Crm`] and [`app::ports::Accounts`] on Zoho CRM v8 and Zoho accounts.
//!
//! Every call goes through `http`, the one place that sends, times out, renews a dead token, repeats what may be
//! repeated, and decides what a missing answer means. The other modules say what to ask and how to read the answer; what
//! Zoho's wire looks like is known here and nowhere else.
//!
//! | module | Zoho's |
//! |---|---|
//! | `records`, `coql`, `history`, `glance` | records, queries over them, deletions and owner changes, a look at all of it |
//! | `updates`, `notes`, `tasks`, `emails` | field and owner updates, notes, tasks, mail logs |
//! | `fields`, `channel`, `organisation` | custom fields, notification channels, org, users and their absences |
//! | `accounts`, `datacentre` | OAuth, and the hosts that may ever see a secret |
//!
//! **Invariant:** a token or secret leaves the process only for a host of `datacentre`'s table or the one server the
//! operator named, in a header or a form, never in a URL; errors and logs hold no token, address or body.
//! **Absent:** the decision to refresh a token and where tokens are kept ([`app::ports::Sessions`]), the outbox and its
//! long retries, the webhook that notifications reach.

mod accounts;
mod answer;
mod channel;
mod coql;
mod crm;
mod datacentre;
mod emails;
mod fields;
mod glance;
mod history;
mod http;
mod notes;
mod organisation;
mod patience;
mod records;
mod request;
mod tasks;
mod transport;
mod updates;
mod wire;

pub use accounts::{AccountsSettings, ZohoAccounts};
pub use crm::Zoho;
pub use patience::Patience;
pub use transport::{Carrier, Silence, Transport};
