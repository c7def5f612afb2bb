//! Stories in which everything goes wrong. The long runs are `sales-assistant simulate`; here, that a seed is a story.

use local::simulate::{Options, play};

fn small(seed: u64) -> Options {
    Options { days: 1, leads: 2, workers: 3, ..Options::storm(seed) }
}

#[test]
fn a_seed_plays_the_same_story_word_for_word() {
    let (first, second) = (play(&small(6)).unwrap(), play(&small(6)).unwrap());
    assert_eq!(first.broken, Vec::<String>::new(), "{:#?}", first.history);
    assert_eq!((first.print, first.history), (second.print, second.history));
    let other = play(&small(7)).unwrap();
    assert_ne!(first.print, other.print);
}

#[test]
fn what_nobody_tells_is_found_within_a_quarter_of_an_hour() {
    let ending = play(&Options::silence(4)).unwrap();
    assert_eq!(ending.broken, Vec::<String>::new(), "{:#?}", ending.history);
    // The schedule's quarter, and some seconds of work.
    let slowest = ending.slowest.as_secs();
    assert!((60..=15 * 60 + 10).contains(&slowest), "{slowest} seconds");
}

#[test]
fn a_machine_can_die_in_every_part_of_a_journey() {
    let whole = play(&Options::journey()).unwrap();
    assert_eq!((whole.broken, whole.crashes), (vec![], 0), "{:#?}", whole.history);
    for part in ["provisioning", "enrol", "send", "reply", "hand-back", "token refresh"] {
        for before in [true, false] {
            let place = whole.boundaries.iter().find(|boundary| boundary.part == part && boundary.before == before);
            let crash_at = place.map(|boundary| boundary.effect);
            assert!(crash_at.is_some(), "{part} has no effect");
            let ending = play(&Options { crash_at, ..Options::journey() }).unwrap();
            assert_eq!((ending.broken, ending.crashes), (vec![], 1), "{part}: {:#?}", ending.history);
        }
    }
}
