//! What every function shares: settings, telemetry, clients made once, and errors turned into answers.

pub mod clients;
mod clock;
pub mod http;
pub mod queue;
pub mod settings;
mod telemetry;

pub use clock::SystemClock;
pub use telemetry::{init_telemetry, metric};
