//! The whole product in one process: every function's own code, an embedded DynamoDB, and the command line.

pub mod bus;
pub mod cli;
pub mod clock;
pub mod demo;
pub mod embedded;
pub mod nearby;
pub mod product;
pub mod serve;
pub mod simulate;
pub mod world;
