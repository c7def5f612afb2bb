//! Shows how well mail is read: `cargo run -p reading -- --set tuned --misses`.
#![expect(clippy::print_stdout, reason = "figures are what this program is for")]

use std::path::PathBuf;

use clap::Parser;
use reading::{CorpusError, Figures, Set, judge, load, write};

/// How well mail is read, by the labelled corpus.
#[derive(Parser)]
struct Options {
    /// Only this set; both otherwise.
    #[arg(long)]
    set: Option<Set>,
    /// Each message read wrongly: what was expected, what came, and the reader's evidence.
    #[arg(long)]
    misses: bool,
    /// Writes the messages there as .eml files with their labels, and reads nothing.
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
}

fn main() -> Result<(), CorpusError> {
    let options = Options::parse();
    for set in Set::BOTH.into_iter().filter(|set| options.set.is_none_or(|only| only == *set)) {
        let letters = load(set)?;
        if let Some(folder) = &options.write {
            write(set, &letters, folder)?;
            println!("{}: {} messages written", set.name(), letters.len());
            continue;
        }
        let verdicts = judge(&letters);
        if options.misses {
            for verdict in &verdicts {
                for miss in verdict.misses() {
                    println!("{} [{}] {miss}; evidence {:?}", verdict.letter.id, verdict.style(), verdict.got.evidence);
                }
            }
        }
        println!("\n{}: {} messages\n{}", set.name(), letters.len(), Figures::of(&verdicts));
    }
    Ok(())
}
