//! The command line.

mod actions;
mod admin;
mod audit;
mod backups;
mod failures;
mod history;
mod mailbox;
mod pace;
mod phrases;
mod plan;
mod read_mail;
mod schedules;
mod simulate;
mod why;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use zoho_sim::{Faults, RunOptions};

use crate::demo;
use crate::serve::{ServeOptions, serve};

/// The AI sales assistant that works as a user of your Zoho CRM.
///
/// Without a command it plays a demonstration: five records in a simulated Zoho, six weeks in a few seconds. Nothing
/// leaves this machine.
#[derive(Debug, Parser)]
#[command(version, name = "sales-assistant", after_help = ENVIRONMENT)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    demo: DemoArgs,
}

const ENVIRONMENT: &str = "\
Environment of `serve`:
  ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET  the client from api-console.zoho.com
  ZOHO_ACCOUNTS    where that client is registered [default: https://accounts.zoho.com]
  PUBLIC_URL       where browsers and Zoho reach this machine (or --public-url)
  SMTP_URL         a mail server, such as smtps://user:password@mail.example.com; without it, mails go to a folder
  MAIL_CA_FILE     certificates (PEM) of your own authority, for assistants' own mailboxes
  REPLY_DOMAIN     the mail domain that receives answers; without it, they go to the assistant's own mailbox
  COMPOSER         who writes steps that have a tone: template, bedrock or openai [default: template]
  BEDROCK_MODEL_ID the model for bedrock; AWS credentials and region as the AWS command line finds them
  OPENAI_URL, OPENAI_MODEL, OPENAI_API_KEY
                   an endpoint with OpenAI's chat completions, such as https://api.openai.com/v1
  INBOUND_TOKEN    opens POST /mail/inbound for raw mails
  FIELD_PREFIX     prefix of the fields made in the CRM [default: TEC]
  RUST_LOG         how much is logged on standard error [default: info; demo: error]";

#[derive(Debug, Args)]
struct DemoArgs {
    /// Tell the demonstration as JSON lines; the last one is {"summary":…}
    #[arg(long)]
    json: bool,
    /// Leave everything running afterwards, to look at, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole product on this machine, durable in one directory
    Serve(ServeArgs),
    /// Run a simulated Zoho alone; its first line is JSON with base_url, client_id, client_secret, refresh_token
    ZohoSim(SimArgs),
    /// Add, list, show or edit assistants, and their own mailboxes
    #[command(subcommand)]
    Assistant(Box<admin::AssistantCommand>),
    /// Add, list, show, edit, clone or delete schedules
    #[command(subcommand)]
    Schedule(schedules::ScheduleCommand),
    /// Show or set phrases that decide what an answer means
    #[command(subcommand)]
    Phrases(phrases::PhraseCommand),
    /// Show or set the facts of which each mail carries one as its P.S.
    #[command(subcommand)]
    NurtureTable(schedules::NurtureTableCommand),
    /// List or show leads, or do something to one or many of them
    #[command(subcommand)]
    Lead(admin::LeadCommand),
    /// Show every mail that leads of a file would get, with totals, before anything starts
    Plan(plan::PlanArgs),
    /// List, set or remove who gets a record in place of an owner who is away
    #[command(subcommand)]
    Backup(backups::BackupCommand),
    /// Print how mails are read: one line of JSON each, with the evidence; needs no data directory and no network
    ReadMail(read_mail::ReadMailArgs),
    /// Tell why each mail of a lead left, waited or did not
    Why(why::WhyCommand),
    /// Play stories in which everything goes wrong, and look whether every promise was kept
    Simulate(simulate::SimulateArgs),
    /// List what failed and has not passed since, or try it again
    Failures(failures::FailureCommand),
    /// Show, by module and day, that no notification was missed, or what was and whether it is mended
    Audit(audit::AuditCommand),
    /// Show what was done in the last seven days, a line for each kind of thing in each batch of work
    History(history::HistoryCommand),
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// Everything durable is kept here
    #[arg(long, default_value = "data", value_name = "DIR")]
    data_dir: PathBuf,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    http: SocketAddr,
    /// Where browsers and Zoho reach this machine [default: PUBLIC_URL, else the listening address]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Use this accounts server instead of Zoho's, such as a simulator's; this alone makes it trusted
    #[arg(long, value_name = "URL")]
    zoho_accounts: Option<String>,
    /// Mails go here, one .eml each, unless SMTP_URL is set [default: outbox in the data directory]
    #[arg(long, value_name = "DIR")]
    outbox_dir: Option<PathBuf>,
    /// An .eml put here is read once and moved to read/ [default: inbox in the data directory]
    #[arg(long, value_name = "DIR")]
    inbox_dir: Option<PathBuf>,
    /// Run the calendar N times as fast; leases, tokens and time-outs stay on real time
    #[arg(long, default_value = "x1", value_name = "xN", value_parser = speed)]
    clock: u32,
}

#[derive(Debug, Args)]
struct SimArgs {
    /// Where to listen; port 0 picks one
    #[arg(long, default_value = "127.0.0.1:8099", value_name = "ADDR")]
    http: SocketAddr,
    /// What goes wrong, such as rate429=0.02,lost_notifications=0.05
    #[arg(long, default_value = "", value_name = "LIST")]
    faults: String,
    /// Decides every token and every fault
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn speed(text: &str) -> Result<u32, String> {
    let number = text.strip_prefix('x').unwrap_or(text).parse().ok().filter(|speed| (1..=1_000_000).contains(speed));
    number.ok_or_else(|| "write x1 to x1000000, such as x60 for an hour a minute".to_owned())
}

/// Says what went wrong, on standard error.
#[expect(clippy::print_stderr, reason = "this is what a command line says when it fails")]
pub fn fail(message: &str) -> ExitCode {
    eprintln!("sales-assistant: {message}");
    ExitCode::FAILURE
}

#[expect(clippy::print_stdout, reason = "this is what a command line is asked for")]
fn say(line: &impl std::fmt::Display) {
    println!("{line}");
}

/// Carries out what was asked for.
pub async fn run(cli: Cli) -> ExitCode {
    let result = match cli.command {
        None => {
            // The demonstration tells its own story.
            start_logging("error");
            play(&cli.demo).await
        }
        Some(Command::Serve(args)) => {
            edge::init_telemetry();
            serve_with(args).await
        }
        Some(Command::ZohoSim(args)) => {
            start_logging("warn");
            simulate(args).await
        }
        Some(Command::ReadMail(args)) => args.run(),
        Some(Command::Assistant(command)) => administer(Box::pin(command.run())).await,
        Some(Command::Schedule(command)) => administer(Box::pin(command.run())).await,
        Some(Command::Phrases(command)) => administer(Box::pin(command.run())).await,
        Some(Command::NurtureTable(command)) => administer(Box::pin(command.run())).await,
        Some(Command::Backup(command)) => administer(Box::pin(command.run())).await,
        Some(Command::Lead(command)) => administer(Box::pin(command.run())).await,
        Some(Command::Plan(args)) => administer(Box::pin(args.run())).await,
        Some(Command::Why(command)) => administer(Box::pin(command.run())).await,
        Some(Command::Simulate(args)) => args.run(),
        Some(Command::Failures(command)) => administer(Box::pin(command.run())).await,
        Some(Command::Audit(command)) => administer(Box::pin(command.run())).await,
        Some(Command::History(command)) => administer(Box::pin(command.run())).await,
    };
    result.unwrap_or_else(|message| fail(&message))
}

async fn administer(command: impl Future<Output = Result<(), String>>) -> Result<ExitCode, String> {
    start_logging("warn");
    command.await.map(|()| ExitCode::SUCCESS)
}

/// Quieter than a service: the answer is what counts.
fn start_logging(level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_env(edge::settings::RUST_LOG)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init().ok();
}

async fn play(args: &DemoArgs) -> Result<ExitCode, String> {
    let folder = demo::folder().map_err(|error| format!("no folder for the demonstration: {error}"))?;
    let mut tell = demo::Tell::new(args.json);
    let (world, summary) = demo::play(folder.clone(), &mut tell).await.map_err(|error| error.to_string())?;
    if args.keep {
        keep(world).await?;
    }
    // Left behind, it would be a mess; it is a folder of ours under the system's temporary one.
    std::fs::remove_dir_all(&folder).ok();
    Ok(if summary.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn keep(world: crate::world::World) -> Result<(), String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    let addr = listener.local_addr().map_err(|error| error.to_string())?;
    say(&demo::where_to_look(&world, addr));
    let world = std::sync::Arc::new(world);
    let app = crate::serve::router(world);
    axum::serve(listener, app)
        .with_graceful_shutdown(async {
            tokio::signal::ctrl_c().await.ok();
        })
        .await
        .map_err(|error| error.to_string())
}

async fn serve_with(args: ServeArgs) -> Result<ExitCode, String> {
    let ServeArgs { data_dir, http, public_url, zoho_accounts, outbox_dir, inbox_dir, clock } = args;
    let options = ServeOptions { data_dir, http, public_url, zoho_accounts, outbox_dir, inbox_dir, speed: clock };
    serve(options, say).await.map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}

async fn simulate(args: SimArgs) -> Result<ExitCode, String> {
    let faults: Faults = args.faults.parse().map_err(|error| format!("--faults: {error}"))?;
    let options = RunOptions { http: args.http, faults, seed: args.seed };
    let until_stopped = async {
        crate::serve::signal().await;
    };
    zoho_sim::run(options, say, until_stopped)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}; name another address with --http", args.http))?;
    Ok(ExitCode::SUCCESS)
}
