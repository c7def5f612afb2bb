//! What a person wrote now, without what they quoted, signed or what their software added.
//!
//! **Invariant:** time is linear in the text; lines that stay, stay as they were. A mail that would lose all its words
//! to a rule about signatures keeps them.

use super::lexicon::{ANY, LEXICON, LineSense};
use super::phrase::Facts;
use super::tokens::{Kind, Token, tokens};
use crate::standing;

/// Bytes of a mail that are read; nobody answers after a quarter of a megabyte.
pub(super) const LONGEST: usize = 256 * 1024;

/// The longest line that is looked at as an attribution, a closing formula or a footer.
const LINE: usize = 300;

/// The most lines that a name, a title, a company and its addresses take under a closing formula.
const SIGNATURE: usize = 14;

/// The most lines of a mail under which a signature is looked for.
const CLOSINGS: usize = 200;

/// The new text of a mail's plain text: what stands above and between quoted history, without signature, mobile footer
/// and disclaimer. Reads the first 256 KB.
///
/// ```
/// let reply = "Yes, Tuesday.\n\nOn Mon, 5 Jan 2026 at 09:00, Tara <tara@example.com> wrote:\n> Shall we meet?";
/// assert_eq!(domain::split_reply(reply), "Yes, Tuesday.");
/// ```
pub fn split_reply(text: &str) -> String {
    split(text).new_text
}

/// A mail's text in its parts.
#[derive(Debug, Default)]
pub(super) struct Split {
    pub(super) new_text: String,
    /// A line said who wrote what follows, or earlier mail stood below: an answer as people's programs write it.
    pub(super) quotes: bool,
    /// A telephone's footer.
    pub(super) mobile: bool,
}

pub(super) fn split(text: &str) -> Split {
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let lines: Vec<&str> = text.lines().map(|line| line.trim_end().trim_start_matches('\u{feff}')).collect();
    let mut split = Split::default();
    let kept = without_history(&lines, &mut split);
    let kept = without_footers(&kept, &mut split);
    let mut new_text = String::new();
    let mut blank = true;
    for line in kept {
        if line.trim().is_empty() && std::mem::replace(&mut blank, true) {
            continue;
        }
        blank = line.trim().is_empty();
        new_text.push_str(line);
        new_text.push('\n');
    }
    split.new_text = new_text.trim().to_owned();
    split
}

fn without_history<'a>(lines: &[&'a str], split: &mut Split) -> Vec<&'a str> {
    let mut kept: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if is_quoted(line) {
            split.quotes = true;
            // Takes the blank line that parts an answer from its question, too.
            kept.push("");
            at += 1;
            continue;
        }
        if is_original(line) || is_header_block(lines, at) {
            split.quotes = true;
            if kept.last().is_some_and(|last| is_rule(last)) {
                kept.pop();
            }
            return kept;
        }
        if let Some(length) = attribution(lines, at) {
            split.quotes = true;
            let below = lines.get(at + length..).unwrap_or_default();
            let first = below.iter().find(|line| !line.trim().is_empty());
            if first.is_none_or(|line| !is_quoted(line)) {
                return kept;
            }
            at += length;
            continue;
        }
        // Our own line about how to stop, where a program quotes without a mark.
        if !standing::is_opt_out(line.trim()) {
            kept.push(line);
        }
        at += 1;
    }
    kept
}

fn is_quoted(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('>') || line.starts_with("&gt;") || line.starts_with("| ") && line.len() > 2
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 5 && line.chars().all(|c| "_-=*–—".contains(c))
}

/// "-----Original Message-----", in any language.
fn is_original(line: &str) -> bool {
    let line = line.trim();
    let ruled = line.starts_with("--") || line.starts_with("__") || line.starts_with("**") || line.starts_with("==");
    let named = line.len() <= LINE && (ruled || line.ends_with(':'));
    named && !is_rule(line) && says(line, LineSense::Original).is_some_and(|at| at <= 1)
}

/// "From: …" with Sent, To or Subject below it, as Outlook writes above the mail it answers.
fn is_header_block(lines: &[&str], at: usize) -> bool {
    let label = |line: &&str, sense| {
        let line = line.trim().trim_start_matches(['*', '_', ' ']);
        line.len() <= LINE
            && line.split_once([':', '：']).is_some_and(|(label, _)| label.len() <= 40 && says(label, sense) == Some(0))
    };
    let Some(first) = lines.get(at) else { return false };
    let below = || lines.iter().skip(at + 1).filter(|line| !line.trim().is_empty()).take(5);
    if label(first, LineSense::HeaderFrom) {
        return below().filter(|line| label(line, LineSense::Header)).count() >= 2;
    }
    // Some programs put the date or the subject first.
    label(first, LineSense::Header)
        && below().filter(|line| label(line, LineSense::Header)).count() >= 2
        && below().any(|line| label(line, LineSense::HeaderFrom))
}

/// How many lines say who wrote what follows, and when.
fn attribution(lines: &[&str], at: usize) -> Option<usize> {
    let mut joined = String::new();
    for length in 1..=4 {
        let line = lines.get(at + length - 1)?.trim();
        if line.is_empty() || line.len() > LINE || is_quoted(line) {
            return None;
        }
        joined.push_str(line);
        joined.push(' ');
        let quoted_below = || {
            let below = lines.iter().skip(at + length).find(|line| !line.trim().is_empty());
            below.is_some_and(|line| is_quoted(line))
        };
        let said = joined.trim_end();
        let colon = said.ends_with([':', '：']);
        if !colon && !quoted_below() {
            continue;
        }
        let found = tokens(said);
        // A sentence before it is the writer's own.
        let figures = found.iter().filter(|token| token.kind == Kind::Number).count();
        let address = found.iter().any(|token| token.kind == Kind::Address);
        let wrote = !LEXICON.lines.find(&found, &Plain, ANY).iter().all(|hit| hit.sense != LineSense::Wrote);
        if found.len() <= 40
            && (wrote && (figures >= 2 || address)
                || colon && address && figures >= 3
                || wrote && colon && quoted_below())
        {
            return Some(length);
        }
        if colon {
            return None;
        }
    }
    None
}

fn without_footers<'a>(lines: &[&'a str], split: &mut Split) -> Vec<&'a str> {
    let mut kept: Vec<&str> = Vec::new();
    let mut some = false;
    // A letter closes a few times at most.
    let mut closings = 0;
    let mut signed = |below: &[&str]| {
        closings += 1;
        closings <= CLOSINGS && is_signature(below)
    };
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim();
        some |= kept.last().is_some_and(|line| !line.trim().is_empty());
        if *line == "--" || *line == "-- " || trimmed == "--" || trimmed == "—" {
            break;
        }
        if trimmed.len() <= LINE && !trimmed.is_empty() {
            let found = tokens(trimmed);
            let hits = LEXICON.lines.find(&found, &Plain, ANY);
            let begins = |sense| hits.iter().any(|hit| hit.sense == sense && hit.start == 0);
            if begins(LineSense::Mobile) {
                split.mobile = true;
                break;
            }
            if some && is_closing(&found, &hits) && signed(&lines[at + 1..]) {
                break;
            }
        }
        if some && is_disclaimer(lines, at) {
            break;
        }
        if is_rule(trimmed) && some && !lines[at + 1..].is_empty() && signed(&lines[at + 1..]) {
            break;
        }
        kept.push(line);
    }
    kept
}

/// A line that is a closing formula, perhaps with the name behind it.
fn is_closing(line: &[Token], hits: &[super::phrase::Hit<LineSense>]) -> bool {
    let end = hits.iter().filter(|hit| hit.sense == LineSense::Closing && hit.start == 0).map(|hit| hit.end).max();
    end.is_some_and(|end| {
        let name = line.get(end..).unwrap_or_default();
        // "Thanks, Anna" closes; "Thanks for the note" does not.
        name.len() <= 4 && name.iter().all(|word| word.capital || word.text.chars().count() == 1)
            || name.iter().all(|word| !word.text.is_ascii()) && name.len() <= 6
    })
}

/// Are these the lines of a name and addresses: few, short, and no sentences?
fn is_signature(lines: &[&str]) -> bool {
    let mut few = 0;
    let mut words = 0;
    for line in lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
        if says_first(line, LineSense::Mobile) || is_footer(line) || line == "--" {
            return few > 0 || words == 0;
        }
        few += 1;
        words += line.split_whitespace().count();
        let sentence = line.ends_with(['.', '?', '!', '。', '？']) && line.split_whitespace().count() > 5;
        if few > SIGNATURE || line.chars().count() > 110 || sentence {
            return false;
        }
    }
    true
}

fn is_disclaimer(lines: &[&str], at: usize) -> bool {
    lines[at].len() <= 4 * LINE
        && is_footer(lines[at])
        && lines.get(at.wrapping_sub(1)).is_none_or(|line| line.trim().is_empty() || is_rule(line))
}

fn is_footer(line: &str) -> bool {
    let line = &line[..line.floor_char_boundary(LINE)];
    says(line, LineSense::Disclaimer).is_some_and(|at| at <= 3)
}

fn says_first(line: &str, sense: LineSense) -> bool {
    line.len() <= LINE && says(line, sense) == Some(0)
}

/// Where in the line a phrase of this sense begins.
fn says(line: &str, sense: LineSense) -> Option<usize> {
    LEXICON.lines.find(&tokens(line), &Plain, ANY).into_iter().find(|hit| hit.sense == sense).map(|hit| hit.start)
}

/// Lines are read without dates.
struct Plain;

impl Facts for Plain {
    fn date(&self, _: usize) -> Option<usize> {
        None
    }
    fn number(&self, token: &Token) -> bool {
        token.kind == Kind::Number
    }
    fn month(&self, token: &Token) -> bool {
        super::dates::month(token).is_some()
    }
}
