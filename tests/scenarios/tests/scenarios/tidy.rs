//! What a reader of this repository relies on and no compiler checks. Each failure says what to do.
//!
//! **Absent:** what `cargo fmt`, `cargo clippy`, `cargo deny` and `cfn-lint` say; `.ci/run` asks those.

mod arrows;
mod files;
mod samples;
mod template;

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand};

/// The repository's top folder.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("this crate is two folders down").to_owned()
}

/// Reads a file of the repository.
fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The workspace's members with what they ask for; nothing is resolved or fetched.
fn workspace() -> Metadata {
    let manifest = root().join("Cargo.toml");
    let offline = vec!["--offline".to_owned()];
    MetadataCommand::new().manifest_path(manifest).no_deps().other_options(offline).exec().expect("cargo metadata")
}

/// The files that Git keeps, and with `also` those that it would: new ones that are not ignored.
fn files(also: &[&str]) -> Vec<String> {
    // A checkout may belong to another user, as in a container; Git is only asked for names here.
    let list = ["-c", "safe.directory=*", "ls-files", "-z", "--cached"];
    let output = Command::new("git").current_dir(root()).args(list).args(also).output().expect("git is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git ls-files: {said}these tests need a clone, not an unpacked archive");
    let names = String::from_utf8_lossy(&output.stdout);
    // Deleted, but not yet from the index.
    let is_there = |name: &&str| !name.is_empty() && root().join(name).is_file();
    names.split('\0').filter(is_there).map(str::to_owned).collect()
}

/// Every file that is or would be kept.
fn kept() -> Vec<String> {
    files(&["--others", "--exclude-standard"])
}

/// Fails with all problems at once.
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}
