//! `sales-assistant`: the whole product on one machine.

use std::process::ExitCode;

use clap::Parser;
use local::cli::{Cli, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => local::cli::fail(&format!("cannot start: {error}")),
    }
}
