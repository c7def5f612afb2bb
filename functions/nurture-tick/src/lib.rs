//! nurture-tick.
