//! Runs a simulator: `cargo run -p zoho-sim --example sim -- [ADDR] [FAULTS] [SEED]`. The first line it prints is JSON
//! with all a client needs to connect.

use std::{error::Error, io::Write};

use zoho_sim::RunOptions;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut given = std::env::args().skip(1);
    let http = given.next().unwrap_or_else(|| "127.0.0.1:0".into()).parse()?;
    let faults = given.next().unwrap_or_default().parse()?;
    let seed = given.next().unwrap_or_else(|| "1".into()).parse()?;
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    let announce = |ready: &zoho_sim::Ready| drop(writeln!(std::io::stdout(), "{ready}"));
    zoho_sim::run(RunOptions { http, faults, seed }, announce, stop).await?;
    Ok(())
}
