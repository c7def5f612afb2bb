//! Judges how mail is read: a corpus of labelled mails, written out as mail systems write them, read as the product does.
//!
//! `corpus/tuned` may be looked at by whoever improves the reader; `corpus/measured` may not, and tells what the reader is
//! worth. Each file holds texts with labels; a text becomes one message per style it lists, a bounce one per case.
//!
//! ```no_run
//! let corpus = reading::load(reading::Set::Tuned)?;
//! let figures = reading::Figures::of(&reading::judge(&corpus));
//! println!("{figures}");
//! # Ok::<(), reading::CorpusError>(())
//! ```
//!
//! **Invariant:** the same corpus gives the same bytes; a label that is malformed, or names what its mail does not hold,
//! stops the run with the file, the mail and the field.
//! **Absent:** the reading itself, which is `mail` and `domain`.

mod corpus;
mod export;
mod figures;
mod judge;
mod language;
mod people;
mod software;
mod wire;

pub use corpus::{Accepted, CorpusError, Label, Letter, Set, Style, load};
pub use export::write;
pub use figures::{Figures, Floors, Ratio};
pub use judge::{Verdict, judge};
