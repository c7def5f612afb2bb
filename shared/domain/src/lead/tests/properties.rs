//! What holds whatever happens, in whatever order.

use proptest::prelude::*;

use super::actions::some_action;
use super::*;

const INTENTS: [Intent; 8] = [
    Intent::Responded,
    Intent::BrochureRequested,
    Intent::AgreedToMeet,
    Intent::ConnectLater,
    Intent::MovedOut,
    Intent::SeekingMoreInfo,
    Intent::Deactivated,
    Intent::ReferredSomeone,
];

fn interest(state: LeadState) -> u8 {
    match state {
        LeadState::Warm => 1,
        LeadState::Hot => 2,
        _ => 0,
    }
}

/// One thing that happens; what is not possible where the lead stands is refused, and that is fine.
fn happen(walk: &mut Walk, which: u8, argument: u8) {
    let now = walk.now;
    match which {
        0..=3 => {
            if walk.lead.in_flight().is_none() {
                walk.send_due();
            }
        }
        4..=6 => {
            if walk.lead.in_flight().is_none() {
                walk.run_errand();
            }
        }
        7..=9 => walk.apply(answer(now, INTENTS[usize::from(argument) % INTENTS.len()])).unwrap(),
        10 => walk.apply(answer(now, Intent::Unsubscribed)).unwrap(),
        11 => walk.apply(Fact::Unsubscribed { why: SuppressedWhy::Unsubscribed }).unwrap(),
        12 => walk.apply(Fact::Undeliverable { why: SuppressedWhy::Bounced }).unwrap(),
        13 => drop(walk.apply(Fact::TakenOver)),
        14 => drop(walk.apply(Fact::HandedBack)),
        15 => {
            let mail = logged(Direction::Received, now, "away");
            let reading = reading(MailKind::AutoReply, Some(Intent::OutOfOffice));
            walk.apply(Fact::Received { mail, reading }).unwrap();
        }
        16 => {
            if let Some(reminder) = walk.lead.reminder {
                walk.now = now.max(reminder.due);
                walk.apply(Fact::ReminderDue).unwrap();
            }
        }
        17 => drop(walk.apply(Fact::TakenBack { previous: None })),
        18..=20 => drop(walk.ask(some_action(argument))),
        // A mail is claimed and then not sent, refused, or lost.
        21 => {
            if let Some(errand @ Errand { progress: ErrandProgress::Waiting { due, .. }, .. }) =
                walk.lead.errand.clone()
            {
                walk.now = now.max(due);
                let delivery = walk.lead.errand_delivery(&errand);
                if walk.apply(Fact::Claimed { delivery: delivery.clone(), lease_until: walk.now }).is_ok() {
                    let fate = match argument % 3 {
                        0 => Fact::NotSent { delivery, retry_at: walk.now },
                        1 => Fact::SendRefused { delivery, reason: "no such user".into() },
                        _ => Fact::Unsettled { delivery, subject: "Hello".into() },
                    };
                    walk.apply(fate).unwrap();
                }
            }
        }
        22 => {
            if let Stage::Closing { due } = walk.lead.stage {
                walk.now = now.max(due);
                walk.apply(Fact::ClosingTimeOver).unwrap();
            }
        }
        _ => drop(walk.apply(Fact::Handled)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Nothing is sent to who wants nothing, no errand is sent twice, interest and status never fall by themselves, the
    /// owner is the last thing that changes, and every hand-back that is due happens.
    #[test]
    fn any_order_of_facts_keeps_the_promises(order in prop::collection::vec((0_u8..24, any::<u8>()), 1..60)) {
        let mut walk = Walk::start();
        let mut errands = std::collections::BTreeSet::new();
        for (which, argument) in order {
            let (before, seen) = (walk.lead.clone(), walk.effects.len());
            happen(&mut walk, which, argument);
            let sent = walk.lead.mails_sent > before.mails_sent && walk.lead.run == before.run;
            prop_assert!(!(sent && before.state == LeadState::Unsubscribed), "a mail after the address was barred");
            if sent && (4..=6).contains(&which) {
                let errand = before.errand.as_ref().unwrap();
                prop_assert!(errands.insert((before.run, errand.number)), "an errand was sent twice");
            }
            let left_alone = matches!(walk.lead.state, LeadState::Unsubscribed | LeadState::Deactivated(_));
            let asked = (18..=20).contains(&which);
            prop_assert!(asked || left_alone || interest(walk.lead.state) >= interest(before.state), "the interest fell");
            let changes: Vec<_> = walk.effects[seen..].iter().filter_map(|effect| match effect {
                Effect::Crm(change) => Some(change),
                Effect::Suppress { .. } | Effect::Tell(_) | Effect::Decided(_) => None,
            }).collect();
            let back = changes.iter().position(|change| matches!(change, CrmChange::HandBack { .. }));
            prop_assert!(back.is_none_or(|at| at + 1 == changes.len()), "something comes after the owner");
            if before.state != LeadState::Unsubscribed && walk.lead.state == LeadState::Unsubscribed {
                let suppressed = walk.effects[seen..].iter().any(|effect| matches!(effect, Effect::Suppress { .. }));
                prop_assert!(suppressed, "unsubscribed without a suppression");
            }
        }
        // Whatever waits is done in the end, and then nothing of the errand is left.
        if walk.lead.in_flight().is_none() && walk.run_errand() {
            prop_assert!(walk.lead.hand_back != HandBack::AfterErrand);
        }
        if !walk.lead.is_active() {
            prop_assert!(matches!(walk.lead.hand_back, HandBack::Pending | HandBack::Done), "{:?}", walk.lead.hand_back);
        }
    }

    /// A lead survives being stored.
    #[test]
    fn a_lead_survives_its_row(order in prop::collection::vec((0_u8..24, any::<u8>()), 1..30)) {
        let mut walk = Walk::start();
        for (which, argument) in order {
            happen(&mut walk, which, argument);
        }
        let stored = serde_json::to_string(&walk.lead).unwrap();
        prop_assert_eq!(serde_json::from_str::<Lead>(&stored).unwrap(), walk.lead);
    }
}
