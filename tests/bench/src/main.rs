//! What `tests/bench/run` measures of ours: each command does one piece of work and prints one line of JSON.
#![expect(clippy::print_stdout, reason = "figures are what this program is for")]

mod client;
mod clock;
mod crowd;
mod due;
mod hostile;
mod life;
mod mail;
mod meter;
mod people;
mod webhook;

use std::error::Error;
use std::path::PathBuf;

use clap::Parser;
use due::Mix;
use local::embedded::EmbeddedDynamo;
use webhook::Load;

/// One measurement, one line of JSON.
#[derive(Parser)]
enum Command {
    /// Mails read, from the bytes to who wrote them.
    Mail {
        /// A folder of `.eml` files.
        folder: PathBuf,
        /// How often all of them are read.
        #[arg(long, default_value_t = 1)]
        passes: u32,
    },
    /// Decisions about due leads, without a store.
    Decide {
        /// A folder to work in.
        folder: PathBuf,
        /// How many leads.
        #[arg(long, default_value_t = 50_000)]
        due: usize,
    },
    /// Due leads claimed from the embedded table, over a day of ticks.
    Claim {
        /// A folder to work in.
        folder: PathBuf,
        /// Leads that are due in other weeks.
        #[arg(long, default_value_t = 10_000)]
        not_due: usize,
        /// They are there already: the folder's table is a copy of a filled one.
        #[arg(long)]
        filled: bool,
        /// Leads that are due.
        #[arg(long, default_value_t = 50_000)]
        due: usize,
        /// The table is a file in the folder, and each commit is on the disk when it returns.
        #[arg(long)]
        disk: bool,
        /// What is claimed is also sent, and what became of it stored.
        #[arg(long)]
        send: bool,
    },
    /// Whole lives of leads, and all that they cost.
    Live {
        /// A folder to work in.
        folder: PathBuf,
        /// How many leads.
        #[arg(long, default_value_t = 1000)]
        leads: usize,
        /// How many mails each gets.
        #[arg(long, default_value_t = 7)]
        mails: usize,
    },
    /// Workers that need Zoho's token all the time.
    Tokens {
        /// A folder to work in.
        folder: PathBuf,
        /// How many workers, each as a process of its own.
        #[arg(long, default_value_t = 200)]
        workers: usize,
        /// For how long, in hours of the calendar.
        #[arg(long, default_value_t = 12)]
        hours: i64,
    },
    /// A data directory with many leads that are not due, for `serve`.
    Fill {
        /// The data directory.
        folder: PathBuf,
        /// How many leads.
        #[arg(long, default_value_t = 1_000_000)]
        leads: usize,
    },
    /// Many leads for the organisation of a data directory that `serve` made and does not use just now.
    People {
        /// The data directory.
        folder: PathBuf,
        /// An empty folder to work in.
        scratch: PathBuf,
        /// How many leads.
        #[arg(long, default_value_t = 100_000)]
        leads: usize,
    },
    /// Requests that should not have been sent, and what came of them.
    Hostile {
        /// A folder to work in.
        folder: PathBuf,
        /// Requests to each route.
        #[arg(long, default_value_t = 10_000)]
        requests: usize,
        /// Requests of one tenant's for what is another's.
        #[arg(long, default_value_t = 2_000)]
        probes: usize,
    },
    /// Takes notifications until it is ended; prints where.
    Webhook {
        /// A folder to work in.
        folder: PathBuf,
    },
    /// Posts notifications.
    Load {
        /// Host and port.
        address: String,
        /// Where notifications go.
        path: String,
        /// What they carry.
        token: String,
        /// Connections, each with one request at a time.
        #[arg(long, default_value_t = 50)]
        connections: usize,
        /// Requests, of all connections together.
        #[arg(long, default_value_t = 20_000)]
        requests: usize,
    },
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let figures = match Command::parse() {
        Command::Mail { folder, passes } => mail::read(&folder, passes)?,
        Command::Decide { folder, due } => Box::pin(due::decisions(&folder, due)).await?,
        Command::Claim { folder, not_due, filled, due, disk, send } => {
            let dynamo = if disk { local::embedded::open(&folder.join("table"))? } else { EmbeddedDynamo::memory()? };
            Box::pin(due::claims(&dynamo, &folder, Mix { not_due, filled, due }, send)).await?
        }
        Command::Live { folder, leads, mails } => Box::pin(life::lives(&folder, leads, mails)).await?,
        Command::Tokens { folder, workers, hours } => Box::pin(life::tokens(&folder, workers, hours)).await?,
        Command::Fill { folder, leads } => Box::pin(due::fill(&folder, leads)).await?,
        Command::People { folder, scratch, leads } => Box::pin(people::add(&folder, &scratch, leads)).await?,
        Command::Hostile { folder, requests, probes } => Box::pin(hostile::attack(&folder, requests, probes)).await?,
        Command::Webhook { folder } => return Ok(Box::pin(webhook::serve(&folder, |ready| println!("{ready}"))).await?),
        Command::Load { address, path, token, connections, requests } => {
            webhook::load(Load { address, path, token, connections, requests }).await?
        }
    };
    println!("{figures}");
    Ok(())
}
