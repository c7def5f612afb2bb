//! Stories in which everything goes wrong. The long runs are `sales-assistant simulate`; here, that a seed is a story.

use local::simulate::{Options, play};

const SMALL: Options = Options { seed: 7, days: 1, leads: 2, workers: 3, faults: true, crash_at: None };

#[test]
fn a_seed_plays_the_same_story_word_for_word() {
    let (first, second) = (play(&SMALL).unwrap(), play(&SMALL).unwrap());
    assert_eq!(first.broken, Vec::<String>::new(), "{:#?}", first.history);
    assert_eq!((first.print, first.history), (second.print, second.history));
    let other = play(&Options { seed: 8, ..SMALL }).unwrap();
    assert_ne!(first.print, other.print);
}

#[test]
fn a_machine_dies_where_it_is_told_to() {
    let calm = Options { faults: false, ..SMALL };
    let (whole, broken) = (play(&calm).unwrap(), play(&Options { crash_at: Some(40), ..calm }).unwrap());
    assert_eq!((whole.crashes, broken.crashes), (0, 1));
    assert!(whole.mails > 0 && broken.mails > 0);
    assert_eq!((whole.broken, broken.broken), (vec![], vec![]));
}
