//! local.

pub mod embedded;
