//! The use cases, and the ports they need from the world.

pub mod ports;
