//! The files: where they are, how long they are, and what they must not say.

use std::collections::BTreeSet;
use std::path::Path;

use super::{files, kept, none, root};

const TOP: [&str; 10] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "events",
    "functions",
    "samconfig.toml",
    "shared",
    "template.yaml",
    "tests",
];

/// Longer files are two files.
const MOST_LINES: usize = 499;
/// One document by its nature, or not written by us: how its path begins.
const MAY_BE_LONG: [(&str, &str); 8] = [
    ("template.yaml", "CloudFormation reads one document"),
    ("Cargo.lock", "Cargo writes it"),
    ("tests/fuzz/Cargo.lock", "Cargo writes it"),
    ("LICENSE", "others wrote it"),
    ("tests/reading/corpus/", "mails, not code"),
    ("shared/domain/data/", "a generator writes it"),
    ("shared/domain/src/reading/lexicon/", "phrases, not code"),
    ("shared/domain/src/guard/tests/good.txt", "mails, not code"),
];

/// What a path on somebody's machine begins with, and other names that mean nothing to a reader of this repository.
/// Each is in two halves, so that this file does not say it.
const STRANGE: [(&str, &str); 9] = [
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/Us", "ers/"),
    ("../sha", "red/"),
    ("index.cr", "ates.io"),
    ("pypi", ".org"),
    ("files.pytho", "nhosted"),
    ("registry.n", "pmjs"),
];

#[test]
fn the_top_level_is_quiet() {
    let mut problems = Vec::new();
    let names: BTreeSet<String> =
        files(&[]).iter().filter_map(|name| name.split('/').next()).map(str::to_owned).collect();
    for name in names.iter().filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str())) {
        problems.push(format!("{name}: the top level has {} and dotfiles; put it below one of these", TOP.join(", ")));
    }
    for name in TOP.iter().filter(|name| !root().join(name).exists()) {
        problems.push(format!("{name}: it belongs to the top level and is not there"));
    }
    none(&problems);
}

#[test]
fn no_file_is_long() {
    let mut problems = Vec::new();
    for name in kept().iter().filter(|name| !MAY_BE_LONG.iter().any(|(long, _)| name.starts_with(long))) {
        let lines = text(name).map_or(0, |text| text.lines().count());
        if lines > MOST_LINES {
            problems.push(format!(
                "{name} has {lines} lines: split it by what its parts are for; most files have under 400"
            ));
        }
    }
    none(&problems);
}

#[test]
fn nothing_names_a_machine() {
    let mut strange: Vec<String> = STRANGE.iter().map(|(first, second)| format!("{first}{second}")).collect();
    strange.push(root().to_string_lossy().into_owned());
    let mut problems = Vec::new();
    for name in kept().iter().filter(|name| !name.ends_with("Cargo.lock")) {
        let text = text(name).unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            for strange in strange.iter().filter(|strange| says(line, strange)) {
                problems.push(format!("{name}:{}: {strange} means nothing elsewhere: write what is meant", number + 1));
            }
        }
    }
    none(&problems);
}

#[test]
fn every_test_runs() {
    let mut problems = Vec::new();
    for name in kept().iter().filter(|name| name.ends_with(".rs")) {
        let text = text(name).unwrap_or_default();
        if text.contains(concat!("#[", "ignore")) {
            problems.push(format!("{name}: an ignored test proves nothing: make it run, or delete it"));
        }
        if name.starts_with("tests/scenarios/") && text.contains(concat!("sleep", "(")) {
            problems.push(format!(
                "{name}: a test that sleeps is slow and guesses: move the world's clock, or wait for a sign"
            ));
        }
    }
    none(&problems);
}

/// The text of a file; `None` if it is not text.
fn text(name: &str) -> Option<String> {
    std::fs::read(root().join(Path::new(name))).ok().and_then(|bytes| String::from_utf8(bytes).ok())
}

/// Whether a line says the word, and not only as the end of a longer path or name.
fn says(line: &str, strange: &str) -> bool {
    line.match_indices(strange).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|before| !(before.is_alphanumeric() || "_.-}/".contains(before)))
    })
}

#[test]
fn a_path_is_not_the_end_of_another() {
    let folder = concat!("/wo", "rk/");
    assert!(says(&format!("in `{folder}main`"), folder));
    assert!(says(folder, folder));
    assert!(!says(&format!("table{folder}"), folder));
    assert!(!says(&format!("{{Table.Arn}}/index{folder}x"), folder));
}
