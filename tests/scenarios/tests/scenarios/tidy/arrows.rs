//! Dependencies between members point one way: `domain <- app <- {zoho, aws, mail, llm, pages} <- edge <- functions <- local <- tests`.

use cargo_metadata::{Metadata, Package};

use super::{none, workspace};

/// What each crate of `shared/` may use of the others.
const SHARED: [(&str, &[&str]); 8] = [
    ("domain", &[]),
    ("app", &["domain"]),
    ("zoho", &["app", "domain"]),
    ("aws", &["app", "domain"]),
    ("mail", &["app", "domain"]),
    ("llm", &["app", "domain"]),
    ("pages", &["app", "domain"]),
    ("edge", &["app", "domain", "zoho", "aws", "mail", "llm"]),
];
/// What every function may use.
const FUNCTION: [&str; 3] = ["edge", "app", "domain"];
/// What one function may use besides, for its own trigger brings it.
const ONE_FUNCTION: [(&str, &str); 5] = [
    ("inbound-email", "aws"),
    ("mail-events", "aws"),
    ("inbound-email", "mail"),
    ("console", "mail"),
    ("console", "pages"),
];
/// Only for tests.
const DEV: [(&str, &str); 1] = [("zoho", "zoho-sim")];

/// Where a member stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Folder {
    Shared,
    Functions,
    Tests,
}

/// Whether the design has the arrow; `None` if it does not know where the arrow begins.
fn has(folder: Folder, from: &str, to: &str, dev: bool) -> Option<bool> {
    let allowed = match (folder, from) {
        (Folder::Functions, _) => FUNCTION.contains(&to) || ONE_FUNCTION.contains(&(from, to)),
        (Folder::Shared, "local") => !["scenarios", "bench"].contains(&to),
        (Folder::Shared, _) => SHARED.iter().find(|(name, _)| *name == from)?.1.contains(&to),
        (Folder::Tests, "scenarios" | "bench") => true,
        // Written from Zoho's documents, never from our client's types.
        (Folder::Tests, "zoho-sim") => false,
        // Judges how mail is read, which these two do and nobody else.
        (Folder::Tests, "reading") => ["mail", "domain"].contains(&to),
        (Folder::Tests, _) => return None,
    };
    Some(allowed || (dev && DEV.contains(&(from, to))))
}

fn folder(metadata: &Metadata, package: &Package) -> Option<Folder> {
    let place = package.manifest_path.strip_prefix(&metadata.workspace_root).ok()?;
    match place.components().next()?.as_str() {
        "shared" => Some(Folder::Shared),
        "functions" => Some(Folder::Functions),
        "tests" => Some(Folder::Tests),
        _ => None,
    }
}

#[test]
fn dependencies_point_one_way() {
    const REMEDY: &str = "If the design really changes, change tests/scenarios/tests/scenarios/tidy/arrows.rs and say why in the commit.";
    let metadata = workspace();
    let members = metadata.workspace_packages();
    let mut problems = Vec::new();
    for package in &members {
        let from = package.name.to_string();
        let inside = package.dependencies.iter().filter(|dependency| dependency.path.is_some());
        for dependency in inside {
            let (to, dev) = (&dependency.name, dependency.kind == cargo_metadata::DependencyKind::Development);
            match folder(&metadata, package).and_then(|folder| has(folder, &from, to, dev)) {
                Some(true) => {}
                Some(false) => problems.push(format!(
                    "{from} -> {to}: the design has no such arrow. Move what {from} needs down into a crate it may use, or \
                     ask for it through a port in `app`. {REMEDY}"
                )),
                None => problems.push(format!("{from} -> {to}: {from} is in no place that the design knows. {REMEDY}")),
            }
        }
    }
    assert!(members.len() > SHARED.len(), "cargo metadata names too few members: {}", members.len());
    none(&problems);
}

#[test]
fn a_wrong_arrow_is_noticed() {
    let shared = |from, to, dev| has(Folder::Shared, from, to, dev);
    assert_eq!(shared("domain", "app", false), Some(false));
    assert_eq!(shared("app", "zoho", true), Some(false));
    assert_eq!(shared("zoho", "zoho-sim", false), Some(false));
    assert_eq!(shared("zoho", "zoho-sim", true), Some(true));
    assert_eq!(shared("aws", "mail", false), Some(false));
    assert_eq!(shared("local", "scenarios", true), Some(false));
    assert_eq!(shared("llm", "aws", false), Some(false));
    assert_eq!(shared("fax", "app", false), None);
    assert_eq!(has(Folder::Functions, "crm-webhook", "aws", false), Some(false));
    assert_eq!(has(Folder::Functions, "mail-events", "aws", false), Some(true));
    assert_eq!(has(Folder::Functions, "nurture-tick", "crm-webhook", false), Some(false));
    assert_eq!(has(Folder::Tests, "zoho-sim", "domain", true), Some(false));
    assert_eq!(has(Folder::Tests, "reading", "app", false), Some(false));
    assert_eq!(has(Folder::Tests, "reading", "mail", false), Some(true));
}
