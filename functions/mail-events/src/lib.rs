//! mail-events.
