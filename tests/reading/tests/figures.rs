//! The figures of both sets, and what they must reach.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Intent, MailKind};
use reading::{Figures, Floors, Letter, Set, judge, load};

/// What the reader is to reach on the measured set.
const GOALS: Floors =
    Floors { auto_reply_recall: 99.0, false_machine: 0.5, bounce_class: 98.0, return_date: 95.0, macro_f1: 0.90 };

/// What the reader reached when this was last raised. It is only ever raised, up to [`GOALS`].
fn floors(set: Set) -> Floors {
    match set {
        Set::Tuned => Floors {
            auto_reply_recall: 99.0,
            false_machine: 0.5,
            bounce_class: 98.0,
            return_date: 98.0,
            macro_f1: 0.95,
        },
        Set::Measured => GOALS,
    }
}

fn both() -> Vec<(Set, Vec<Letter>)> {
    Set::BOTH.map(|set| (set, load(set).unwrap_or_else(|error| panic!("{error}")))).into()
}

#[test]
fn mail_is_read_well_enough() {
    let mut below = Vec::new();
    for (set, letters) in both() {
        let figures = Figures::of(&judge(&letters));
        println!("{}: {} messages\n{figures}", set.name(), letters.len());
        println!("short of the goals: {:#?}\n", figures.below(&GOALS));
        below.extend(figures.below(&floors(set)).into_iter().map(|what| format!("{}: {what}", set.name())));
    }
    assert!(below.is_empty(), "{below:#?}\nsee each miss: cargo run -p reading -- --misses");
}

/// Auto-replies, people's mails and bounces that a set holds at least; two sets hold twice as many.
const ENOUGH: [(MailKind, usize); 3] = [(MailKind::AutoReply, 500), (MailKind::Human, 250), (MailKind::Bounce, 100)];

#[test]
fn the_corpus_is_large_and_varied() {
    let sets: Vec<_> = both().into_iter().filter(|(_, letters)| !letters.is_empty()).collect();
    let letters: Vec<&Letter> = sets.iter().flat_map(|(_, letters)| letters).collect();
    let of = |kind| letters.iter().filter(move |letter| letter.label.kind == kind);
    for (kind, enough) in ENOUGH {
        let count = of(kind).count();
        assert!(count >= enough * sets.len(), "{kind:?}: {count} in {} sets", sets.len());
    }
    let languages: BTreeSet<_> = of(MailKind::AutoReply).filter_map(|letter| letter.lang.as_deref()).collect();
    assert!(languages.len() >= 10, "{languages:?}");
    let styles: BTreeSet<_> = of(MailKind::AutoReply).filter_map(|letter| letter.style).collect();
    assert!(styles.len() >= 6, "{styles:?}");
    let mut spoken: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for letter in of(MailKind::Human) {
        let intent = letter.label.intent.unwrap_or_else(|| panic!("{}: a person wants something", letter.id));
        spoken.entry(format!("{intent:?}")).or_default().extend(letter.lang.as_deref());
    }
    // People send no receipts.
    assert!(!spoken.contains_key(&format!("{:?}", Intent::SupportAutoResponse)));
    assert_eq!(spoken.len(), 12, "{:?}", spoken.keys());
    assert!(spoken.values().all(|languages| languages.len() >= 3), "{spoken:?}");
}
