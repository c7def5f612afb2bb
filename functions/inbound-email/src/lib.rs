//! inbound-email.
