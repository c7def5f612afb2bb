//! An org leaves, and a person is erased: nothing is left behind, whenever it stops in between.

use app::actions::Actions;
use app::change::LeadChanges;
use app::leave::{Leaving, Stage, begin, begin_erasing, held};
use app::ports::{Clock, Event};
use app::store::Notification;
use domain::{EmailAddress, Module, RecordId};
use jiff::SignedDuration;

use crate::journeys::{Stage as Town, stage};

impl Town {
    fn orders(&self) -> Actions {
        let admin = self.world.product.admin();
        Actions { changes: LeadChanges { store: admin.store, events: admin.events, clock: admin.clock } }
    }

    /// Upkeep, some seconds later.
    async fn later(&self) {
        let now = self.world.clock.now() + SignedDuration::from_secs(10);
        self.world.clock.advance_to(now);
        // One org's trouble is told by a count, and it is tried again.
        self.world.product.sweep(self.world.clock.real()).await.unwrap();
        self.world.settle().await;
    }

    /// Two people who got a mail, and one of them a second thought.
    async fn mailed(&self) -> Vec<String> {
        let ids = vec![self.person(1), self.person(2)];
        self.assign("Contacts", &[&ids[0], &ids[1]]);
        self.world.settle().await;
        self.days(1).await;
        ids
    }

    fn stored(&self) -> String {
        std::fs::read_dir(self.folder())
            .unwrap()
            .flatten()
            .filter(|entry| entry.path().is_file())
            .fold(String::new(), |all, entry| all + &String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()))
    }
}

#[tokio::test]
async fn who_disconnects_gets_every_record_back_and_leaves_no_authorisation() {
    let town = stage("", 1).await;
    let ids = town.mailed().await;
    let store = town.world.product.store.clone();
    begin(&town.orders(), &town.org, Leaving::Disconnect, "Priya Nair").await.unwrap();
    let again = begin(&town.orders(), &town.org, Leaving::CleanExit, "Priya Nair").await.unwrap_err();
    assert!(again.to_string().contains("begun already"), "{again}");
    for _ in 0..5 {
        town.world.settle().await;
        town.later().await;
    }
    let farewell = store.farewell(&town.org).await.unwrap().unwrap().value;
    assert_eq!((farewell.stage, farewell.stopped, farewell.left_behind), (Stage::Done, 2, 0));
    for id in &ids {
        assert_eq!(town.owner("Contacts", id), "Sam Okafor");
        assert!(town.notes(id).iter().any(|note| note == "Priya Nair stopped the follow-up"), "{:?}", town.notes(id));
    }
    assert!(store.connection(&town.org).await.unwrap().is_none());
    assert!(town.world.product.admin().connections().await.unwrap().is_empty());
    let zoho = town.world.zoho_state(&["channels", "tokens"]);
    assert_eq!(zoho["channels"].as_array().map(Vec::len), Some(0), "{zoho}");
    assert!(!town.stored().contains("refresh_token"), "the secret is gone");
    // Zoho tells of our own last changes when nobody is there any more.
    let late = Notification::new(Module::Contacts, vec![RecordId::parse(&*ids[0]).unwrap()], town.world.clock.real());
    store.record_notification(&town.org, "late", &late).await.unwrap();
    let hint = Event::RecordsChanged { org: town.org.clone(), notification: "late".to_owned() };
    assert!(town.world.product.deliver(&hint).await, "there is nothing to look at");
    // What is stored is kept for whoever connects again.
    assert_eq!(town.world.product.admin().leads(&town.org).await.unwrap().len(), 2);
    let org = town.world.connect().await.unwrap();
    assert_eq!(org, town.org);
    assert_eq!(town.world.product.admin().assistants(&org).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_clean_exit_leaves_hashes_of_who_must_not_be_written_to() {
    let town = stage("", 1).await;
    town.mailed().await;
    let store = town.world.product.store.clone();
    let gone = EmailAddress::parse("person1@example.com").unwrap();
    store.suppress(&town.org, &gone, domain::SuppressedWhy::Unsubscribed).await.unwrap();
    begin(&town.orders(), &town.org, Leaving::CleanExit, "Priya Nair").await.unwrap();
    for _ in 0..5 {
        town.world.settle().await;
        town.later().await;
    }
    let farewell = store.farewell(&town.org).await.unwrap().unwrap().value;
    assert_eq!(farewell.stage, Stage::Done);
    assert!(farewell.erased > 20, "{}", farewell.erased);
    let admin = town.world.product.admin();
    assert!(admin.leads(&town.org).await.unwrap().is_empty() && admin.assistants(&town.org).await.unwrap().is_empty());
    assert!(store.suppression(&town.org, &gone).await.unwrap().is_some(), "who unsubscribed stays unsubscribed");
    for lead in ["contacts-1", "contacts-2"] {
        let lead = lead.parse().unwrap();
        assert!(store.story(&town.org, &lead).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_erased_person_is_nowhere_and_is_never_written_to_again() {
    let town = stage("", 1).await;
    let ids = town.mailed().await;
    let (store, org) = (town.world.product.store.clone(), &town.org);
    let address = EmailAddress::parse("person1@example.com").unwrap();
    let lead = format!("contacts-{}", ids[0]).parse().unwrap();
    let other = format!("contacts-{}", ids[1]).parse().unwrap();
    let before = held(&store, org, &address).await.unwrap();
    assert_eq!((before.leads.len(), before.suppressed), (1, false));
    begin_erasing(&town.orders(), org, &address, "Priya Nair").await.unwrap();
    for _ in 0..4 {
        town.world.settle().await;
        town.later().await;
    }
    assert!(store.lead(org, &lead).await.unwrap().is_none() && store.story(org, &lead).await.unwrap().is_empty());
    assert!(store.deliveries(org, &lead).await.unwrap().is_empty());
    assert!(store.lead_using(org, &address).await.unwrap().is_none());
    let after = held(&store, org, &address).await.unwrap();
    assert_eq!((after.leads.len(), after.suppressed), (0, true));
    let erasure = store.erasures(org).await.unwrap().remove(0).value.1;
    assert_eq!((erasure.erased, erasure.leads.len(), erasure.ended.is_some()), (1, 0, true));
    assert!(store.lead(org, &other).await.unwrap().is_some(), "nobody else is touched");
    assert_eq!(town.owner("Contacts", &ids[0]), "Sam Okafor");

    // Assigned again by accident, they get nothing, and the record goes back.
    let mails = town.world.mails().unwrap().len();
    town.assign("Contacts", &[&ids[0]]);
    town.world.settle().await;
    town.days(3).await;
    let to_them = |(_, raw): &(String, Vec<u8>)| String::from_utf8_lossy(raw).contains("To: <person1@example.com>");
    assert_eq!(town.world.mails().unwrap()[mails..].iter().filter(|mail| to_them(mail)).count(), 0);
    assert_eq!(town.owner("Contacts", &ids[0]), "Sam Okafor");
}
