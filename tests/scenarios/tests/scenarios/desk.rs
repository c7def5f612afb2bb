//! What people do at the console all day: see to failures, find leads, pause, undo, and decide who sees what.

use app::leave::held;
use app::store::Find;
use domain::{EmailAddress, LeadState, SuppressedWhy};

use crate::console::{ADMINISTRATOR, Browser, SAM, location, text, town};
use crate::journeys::stage;

#[tokio::test]
async fn a_failure_is_told_on_today_and_tried_again() {
    let town = stage("", 1).await;
    let priya = Browser::of(&town, ADMINISTRATOR).await;
    assert!(priya.reads("/console/failures").await.contains("Nothing has failed"));
    let id = town.person(1);
    town.fails_next("POST", "/Notes", "no_permission", 1);
    town.assign("Contacts", &[&id]);
    town.world.settle().await;
    assert!(priya.reads("/console").await.contains("permission denied"));
    let log = priya.reads("/console/failures").await;
    let (_, rest) = log.split_once("name=\"failure\" value=\"").unwrap();
    let failure = rest.split('"').next().unwrap().to_owned();
    assert_eq!(priya.posts("/console/failures", "do=again").await.status(), 422, "nothing is ticked");
    town.world.clock.advance_to(town.world.clock.now() + jiff::SignedDuration::from_mins(1));
    let done = priya.posts("/console/failures", &format!("do=again&failure={failure}")).await;
    assert_eq!((done.status().as_u16(), location(&done)), (303, "/console/failures?done=tried-again"));
    assert_eq!(town.notes(&id), ["Tara Quinn works on this record"]);
    assert!(priya.reads("/console/failures").await.contains("Nothing has failed"));
    let history = priya.reads("/console/history").await;
    assert!(history.contains("to the CRM") && history.contains("notes"), "{history}");
    let card = priya.reads("/console/crm").await;
    assert!(card.contains("Credits used today") && card.contains("Audit of seven days"));
}

#[tokio::test]
async fn a_pause_lets_nothing_to_and_fro_and_what_waited_is_caught_up() {
    let town = stage("", 1).await;
    let priya = Browser::of(&town, ADMINISTRATOR).await;
    assert_eq!(priya.posts("/console/crm/pause", "").await.status(), 303);
    assert!(priya.reads("/console/crm").await.contains("Priya Nair paused it"));
    let id = town.person(1);
    town.assign("Contacts", &[&id]);
    town.world.settle().await;
    town.world.clock.advance_to(town.world.clock.now() + jiff::SignedDuration::from_hours(2));
    town.world.upkeep().await.unwrap();
    assert!(town.notes(&id).is_empty(), "nothing is read or written");
    assert_eq!(priya.posts("/console/crm/resume", "").await.status(), 303);
    town.world.settle().await;
    assert_eq!(town.notes(&id), ["Tara Quinn works on this record"]);
}

#[tokio::test]
async fn what_waited_is_caught_up_however_short_the_pause_was() {
    let town = stage("", 1).await;
    let priya = Browser::of(&town, ADMINISTRATOR).await;
    assert_eq!(priya.posts("/console/crm/pause", "").await.status(), 303);
    let id = town.person(1);
    town.assign("Contacts", &[&id]);
    town.world.settle().await;
    assert!(town.notes(&id).is_empty(), "nothing is read or written");
    assert_eq!(priya.posts("/console/crm/resume", "").await.status(), 303);
    town.world.settle().await;
    assert_eq!(town.notes(&id), ["Tara Quinn works on this record"]);
}

#[tokio::test]
async fn an_order_that_stopped_follow_ups_is_undone() {
    let (town, sams, lenas) = town().await;
    let priya = Browser::of(&town, ADMINISTRATOR).await;
    let state = async |lead| town.world.product.store.lead(&town.org, lead).await.unwrap().unwrap().lead;
    let done = priya.posts("/console/leads/act", &format!("action=deactivate&lead={sams}&lead={lenas}")).await;
    let order = location(&done).to_owned();
    assert!(matches!(state(&sams).await.state, LeadState::Deactivated(_)));
    assert!(priya.reads(&order).await.contains("Undo"));
    let sam = Browser::of(&town, SAM).await;
    assert_eq!(sam.posts(&format!("{order}/undo"), "").await.status(), 404, "not an order of Sam's");
    let undone = priya.posts(&format!("{order}/undo"), "").await;
    assert_eq!(undone.status(), 303, "{}", text(&undone));
    assert!(state(&sams).await.is_active() && state(&lenas).await.is_active());
}

#[tokio::test]
async fn an_administrator_decides_what_a_profile_sees() {
    let (town, sams, lenas) = town().await;
    let (priya, sam) = (Browser::of(&town, ADMINISTRATOR).await, Browser::of(&town, SAM).await);
    let users = town.world.product.store.users(&town.org).await.unwrap().unwrap().users;
    let profile = users.into_iter().find(|user| user.email.as_ref().is_some_and(|it| it.as_str() == SAM)).unwrap();
    let id = profile.profile.unwrap().id;
    let statuses = async || {
        let mut statuses = Vec::new();
        for lead in [&sams, &lenas] {
            statuses.push(sam.get(&format!("/console/leads/{lead}")).await.status().as_u16());
            statuses.push(sam.posts(&format!("/console/leads/{lead}/hot"), "").await.status().as_u16());
        }
        statuses.push(sam.get("/console/schedules").await.status().as_u16());
        statuses.push(sam.get("/console/access").await.status().as_u16());
        statuses
    };
    for (set, expected) in [
        ("sees-ID=all", [200, 403, 200, 403, 403, 403]),
        ("sees-ID=nothing&acts-ID=yes", [404, 404, 404, 404, 403, 403]),
        ("sees-ID=own&manages-ID=yes", [200, 403, 404, 404, 200, 403]),
    ] {
        let saved = priya.posts("/console/access", &set.replace("ID", &id)).await;
        assert_eq!(saved.status(), 303, "{}", text(&saved));
        assert_eq!(statuses().await, expected, "{set}");
    }
}

#[tokio::test]
async fn leads_are_found_by_the_index_and_gone_from_it_when_they_are_erased() {
    let (town, sams, _) = town().await;
    let (store, org) = (&town.world.product.store, &town.org);
    let priya = Browser::of(&town, ADMINISTRATOR).await;
    let lead = store.lead(org, &sams).await.unwrap().unwrap().lead;
    let address = lead.address.clone().unwrap();
    for text in [address.as_str(), "example.com", &lead.person.last_name.to_uppercase(), lead.id.record().id.as_str()] {
        let page = priya.reads(&format!("/console/leads?q={}", text.replace('@', "%40").replace(' ', "+"))).await;
        assert!(page.contains(&sams.to_string()), "{text}");
    }
    let state = lead.state.name();
    assert_eq!(store.count_state(org, state, 10).await.unwrap(), 2);
    store.erase_lead(org, &sams).await.unwrap();
    assert_eq!(store.count_state(org, state, 10).await.unwrap(), 1);
    assert!(store.find(org, Find::Word(address.as_str()), None, 10).await.unwrap().leads.is_empty());
    assert!(held(store, org, &address).await.unwrap().leads.is_empty());
}

#[tokio::test]
async fn the_suppression_list_of_each_org_has_its_own_salt() {
    let town = stage("", 1).await;
    let (store, other) = (&town.world.product.store, "us-4711".parse().unwrap());
    let address = EmailAddress::parse("person1@example.com").unwrap();
    for org in [&town.org, &other] {
        store.suppress(org, &address, SuppressedWhy::Unsubscribed).await.unwrap();
        assert!(store.suppression(org, &address).await.unwrap().is_some());
    }
}
