//! Letters of mail systems, in `fixtures/letters-of-*.txt`.

use domain::{Bounce, BounceKind};

use super::address;
use super::reading::read;

/// What the line above a letter says of it.
struct Case<'a> {
    name: &'a str,
    bounce: Option<Bounce>,
    returned_ids: Vec<&'a str>,
    mail: &'a str,
}

fn cases(file: &str) -> Vec<Case<'_>> {
    let cases = file.split("\n=== ").skip(1).map(|case| {
        let (head, mail) = case.split_once('\n').unwrap();
        let mut columns = head.split('|').map(str::trim);
        let (name, kind) = (columns.next().unwrap(), columns.next().unwrap());
        let recipient = columns.next().map(address);
        let status = columns.next().filter(|status| !status.is_empty()).map(str::to_owned);
        let kind = match kind {
            "hard" => Some(BounceKind::Hard),
            "soft" => Some(BounceKind::Soft),
            "none" => None,
            _ => panic!("{name}: {kind}"),
        };
        let bounce = kind.map(|kind| Bounce { kind, recipient, status });
        Case { name, bounce, returned_ids: columns.next().unwrap_or_default().split_whitespace().collect(), mail }
    });
    cases.collect()
}

#[test]
fn each_mail_system_is_understood() {
    let mut wrong = Vec::new();
    let files = [
        include_str!("../../fixtures/letters-of-programs.txt"),
        include_str!("../../fixtures/letters-of-services.txt"),
    ];
    let cases: Vec<_> = files.into_iter().flat_map(cases).collect();
    for case in &cases {
        let mail = read(case.mail.as_bytes());
        if mail.report != case.bounce || mail.returned_ids != case.returned_ids && !case.returned_ids.is_empty() {
            wrong.push(format!("{}: {:?} {:?}", case.name, mail.report, mail.returned_ids));
        }
        assert!(!mail.complaint && !mail.receipt, "{}", case.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() > 55, "the files are read whole: {}", cases.len());
}
