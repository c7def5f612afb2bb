//! Leads added by hand, and mails that a user tries out on themselves.

use app::change::{Applied, LeadChanges};
use app::console::{Access, Viewer};
use app::deliveries::Deliveries;
use app::favours::{Favour, Favours, Progress, Wanted};
use app::mail_events::{MailEvent, MailEventKind, MailEvents};
use app::ports::Event;
use domain::{DeliveryId, LeadId, SuppressedWhy, UserId};
use jiff::SignedDuration;
use lambda_http::http::header::REFRESH;
use local::world::ASSISTANT;
use serde_json::json;
use zoho_sim::UserChange;

use crate::console::{ADMINISTRATOR, Browser, LENA, SAM, location, text};
use crate::journeys::{Stage as Town, stage};

impl Town {
    fn favours(&self) -> Favours {
        let admin = self.world.product.admin();
        Favours { changes: LeadChanges { store: admin.store, events: admin.events, clock: admin.clock } }
    }

    /// The administrator, as the console knows her.
    async fn priya(&self) -> Viewer {
        let users = self.world.product.store.users(&self.org).await.unwrap().unwrap().users;
        let is_priya =
            |user: &&domain::CrmUser| user.email.as_ref().is_some_and(|email| email.as_str() == ADMINISTRATOR);
        let user = users.iter().find(is_priya).unwrap().id.clone();
        let org = self.org.clone();
        Viewer { org, user, name: "Priya Nair".to_owned(), administrator: true, access: Access::default() }
    }

    fn seconds_pass(&self, secs: i64) {
        self.world.clock.advance_to(self.world.clock.now() + SignedDuration::from_secs(secs));
    }

    async fn favour(&self, id: &str) -> Favour {
        self.world.product.store.favour(&self.org, id).await.unwrap().unwrap().value
    }

    async fn active(&self, id: &str) -> bool {
        let id: LeadId = format!("contacts-{id}").parse().unwrap();
        self.world.product.store.lead(&self.org, &id).await.unwrap().is_some_and(|stored| stored.lead.is_active())
    }
}

/// The favour on whose page an answer leads.
fn id_of(path: &str) -> &str {
    path.strip_prefix("/console/favours/").unwrap_or_else(|| panic!("{path}"))
}

/// Looks at a contact; returns the page's path.
async fn looks(browser: &Browser<'_>, id: &str) -> String {
    let asked = browser.posts("/console/leads/new", &format!("assistant=tara&module=Contacts&record={id}")).await;
    assert_eq!(asked.status(), 303, "{}", text(&asked));
    location(&asked).to_owned()
}

#[tokio::test]
async fn a_record_is_looked_at_then_given_as_a_person_would_and_goes_back_to_whose_it_was() {
    let town = stage("", 1).await;
    town.short_schedule(1).await;
    let id = town.person(1);
    let priya = Browser::of(&town, ADMINISTRATOR).await;
    let page = looks(&priya, &id).await;
    let shown = priya.reads(&page).await;
    for told in ["Person 1", "person1@example.com", "Sam Okafor", "Short", "Mail 1: Mon 5 Jan 2026", "Give it to Tara"]
    {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(priya.get(&page).await.headers().get(REFRESH).is_none(), "it is done");
    assert_eq!(
        (town.owner("Contacts", &id).as_str(), town.notes(&id).len(), town.active(&id).await),
        ("Sam Okafor", 0, false)
    );

    let given = priya.posts(&format!("{page}/give"), "").await;
    let done = location(&given).to_owned();
    assert_eq!(town.owner("Contacts", &id), "Tara Quinn");
    let shown = priya.reads(&done).await;
    assert!(
        shown.contains("has taken the record on") && shown.contains(&format!("/console/leads/contacts-{id}")),
        "{shown}"
    );
    // Pressed twice, and told twice: nothing more.
    assert_eq!(location(&priya.posts(&format!("{page}/give"), "").await), done);
    for favour in [id_of(&page), id_of(&done)] {
        let event = Event::LeadAsked { org: town.org.clone(), favour: favour.to_owned() };
        assert!(town.world.product.deliver(&event).await);
    }
    town.world.settle().await;
    assert_eq!(town.notes(&id), ["Tara Quinn works on this record"]);
    // It goes back to whose it was when it was given.
    town.days(4).await;
    assert_eq!((town.owner("Contacts", &id).as_str(), town.mails_by_record().len()), ("Sam Okafor", 1));
}

#[tokio::test]
async fn what_would_be_turned_away_is_told_in_the_notes_words_and_stays_where_it_is() {
    let town = stage("", 1).await;
    let store = &town.world.product.store;
    let priya = Browser::of(&town, ADMINISTRATOR).await;
    let contact = |name: &str, fields: serde_json::Value| {
        let mut all = json!({ "Last_Name": name });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        town.create("Contacts", all)
    };
    let (stopped, bounced) = (town.person(1), town.person(2));
    for (number, why) in [(1, SuppressedWhy::Unsubscribed), (2, SuppressedWhy::Bounced)] {
        store.suppress(&town.org, &format!("person{number}@example.com").parse().unwrap(), why).await.unwrap();
    }
    let (taken, same) = (town.person(3), contact("Same", json!({ "Email": "person3@example.com" })));
    town.assign("Contacts", &[&taken]);
    town.world.settle().await;
    for (id, why) in [
        (contact("Nobody", json!({})), "the record has no mail address. Fill in a mail address"),
        (contact("Optout", json!({ "Email": "o@example.com", "Email_Opt_Out": true })), "the person opted out of mail"),
        (stopped, "the address is on the suppression list"),
        (bounced, "the address is on the suppression list"),
        (same, "the same address is already written to through Contacts"),
    ] {
        let page = looks(&priya, &id).await;
        let shown = priya.reads(&page).await;
        assert!(shown.contains(why) && !shown.contains("Give it to"), "{why}: {shown}");
        assert_eq!(priya.posts(&format!("{page}/give"), "").await.status(), 404, "{why}");
        assert_eq!((town.owner("Contacts", &id).as_str(), town.notes(&id).len()), ("Sam Okafor", 0), "{why}");
    }
    let shown = priya.reads(&looks(&priya, &taken).await).await;
    assert!(shown.contains("an assistant works on it already"), "{shown}");
    // What changed between looking and giving is seen.
    let free = town.person(4);
    let page = looks(&priya, &free).await;
    store.suppress(&town.org, &"person4@example.com".parse().unwrap(), SuppressedWhy::Unsubscribed).await.unwrap();
    let given = priya.posts(&format!("{page}/give"), "").await;
    assert!(priya.reads(location(&given)).await.contains("It was not done: the address is on the suppression list"));
    assert_eq!(town.owner("Contacts", &free), "Sam Okafor");

    for (record, told) in [
        ("https%3A%2F%2Fcrm.zoho.com%2Fcrm%2Ftab%2FAccounts%2F1", "are not followed up"),
        ("x", "its id, which is a number"),
    ] {
        let wrong = priya.posts("/console/leads/new", &format!("assistant=tara&module=Leads&record={record}")).await;
        assert_eq!(wrong.status(), 422);
        assert!(text(&wrong).contains(told), "{}", text(&wrong));
    }
    assert!(priya.reads(&looks(&priya, "4711").await).await.contains("there is no such record among the Contacts"));
    priya.posts("/console/crm/pause", "").await;
    assert!(priya.reads(&looks(&priya, &free).await).await.contains("resume it in CRM Details"));
}

#[tokio::test]
async fn a_crash_after_the_owner_was_changed_is_made_good_by_whoever_comes_first() {
    for heard in [true, false] {
        let town = stage("", 1).await;
        let id = town.person(1);
        let priya = Browser::of(&town, ADMINISTRATOR).await;
        let page = looks(&priya, &id).await;
        let given = town.favours().give(&town.priya().await, id_of(&page)).await.unwrap().unwrap();
        let given = format!("/console/favours/{given}");
        // Whoever took the message changed the owner, as the user who connected the org, and died.
        while town.world.product.bus.take().is_some() {}
        if !heard {
            town.world.zoho.change_faults(&json!({ "lost_notifications": 1.0 })).unwrap();
        }
        town.world.zoho.assign("Contacts", &[&id], ASSISTANT, Some(ADMINISTRATOR)).unwrap();
        town.world.settle().await;
        assert_eq!(town.favour(id_of(&given)).await.progress, Progress::Asked);
        assert_eq!(town.active(&id).await, heard, "the notification finishes it");
        let waits = priya.get(&given).await;
        assert!(waits.headers().contains_key(REFRESH) && text(&waits).contains("is being given"));
        town.seconds_pass(61);
        let waits = priya.get(&given).await;
        assert!(!waits.headers().contains_key(REFRESH) && text(&waits).contains("Ask again"), "{}", text(&waits));
        priya.posts(&format!("{given}/again"), "").await;
        assert!(priya.reads(&given).await.contains("has taken the record on"));
        assert_eq!(town.notes(&id), ["Tara Quinn works on this record"]);
        let lead = format!("contacts-{id}").parse().unwrap();
        let lead = town.world.product.store.lead(&town.org, &lead).await.unwrap().unwrap().lead;
        assert_eq!(lead.previous_owner.unwrap().name, "Sam Okafor", "heard: {heard}");
    }
}

#[tokio::test]
async fn an_owner_change_whose_answer_is_lost_is_looked_up() {
    for fault in ["no_answer", "error_after_acting", "not_reached", "server_error"] {
        let town = stage("", 1).await;
        let id = town.person(1);
        let priya = Browser::of(&town, ADMINISTRATOR).await;
        let page = looks(&priya, &id).await;
        town.fails_next("PUT", "/Contacts", fault, 1);
        let given = location(&priya.posts(&format!("{page}/give"), "").await).to_owned();
        assert!(priya.reads(&given).await.contains("has taken the record on"), "{fault}");
        assert_eq!((town.owner("Contacts", &id), town.notes(&id).len()), ("Tara Quinn".to_owned(), 1), "{fault}");
    }
}

#[tokio::test]
async fn a_favour_is_of_who_asked_and_of_their_org() {
    let town = stage("", 1).await;
    let id = town.person(1);
    let (priya, lena) = (Browser::of(&town, ADMINISTRATOR).await, Browser::of(&town, LENA).await);
    let page = looks(&priya, &id).await;
    assert_eq!(lena.get("/console/leads/new").await.status(), 403);
    assert_eq!(lena.posts("/console/leads/new", "assistant=tara&module=Contacts&record=1").await.status(), 403);
    town.world.zoho.change_user(SAM, &UserChange { admin: Some(true), ..UserChange::default() }).unwrap();
    let sam = Browser::of(&town, SAM).await;
    assert_eq!(
        (sam.get(&page).await.status().as_u16(), sam.get("/console/leads/new").await.status().as_u16()),
        (404, 200)
    );
    for form in ["give", "again"] {
        assert_eq!(sam.posts(&format!("{page}/{form}"), "").await.status(), 404, "{form}");
    }
    let elsewhere = Viewer { org: "us-4711".parse().unwrap(), ..town.priya().await };
    assert_eq!(town.favours().of(&elsewhere, id_of(&page)).await.unwrap(), None);
    assert!(town.favours().of(&town.priya().await, id_of(&page)).await.unwrap().is_some());
    let foreign = Event::LeadAsked { org: elsewhere.org, favour: id_of(&page).to_owned() };
    assert!(town.world.product.deliver(&foreign).await, "there is no such favour");
    // Whom an org erases, it does not keep in what somebody looked up either.
    priya.posts("/console/erase", "address=person1%40example.com&sure=yes").await;
    assert_eq!(priya.get(&page).await.status(), 404);
}

const TEST: &str = "subject=Hello+Ada&text=Dear+Ada%2C%0D%0A%0D%0Awe+met+at+the+fair.";

#[tokio::test]
async fn a_test_goes_to_whoever_asks_and_concerns_no_lead() {
    let town = stage("", 1).await;
    let priya = Browser::of(&town, ADMINISTRATOR).await;
    let preview = priya
        .posts(
            "/console/schedule?name=Recommended",
            "days=0&subject=Hello&body=Dear+{{lead_first_name}}&tone=&closing_days=1&do=preview",
        )
        .await;
    assert!(text(&preview).contains("Send it to me as a test"), "{}", text(&preview));
    // Whatever else a form names, it goes to the address that Zoho has.
    let asked = priya.posts("/console/schedule/test", &format!("{TEST}&to=ada%40engines.example&by=1")).await;
    let page = location(&asked).to_owned();
    assert!(priya.reads(&page).await.contains("The mail has left"));
    // Told twice, and asked for again: nobody so much as says that it is being sent.
    let version = async || town.world.product.store.favour(&town.org, id_of(&page)).await.unwrap().unwrap().version;
    let before = version().await;
    let event = Event::TestAsked { org: town.org.clone(), favour: id_of(&page).to_owned() };
    assert!(town.world.product.deliver(&event).await);
    priya.posts(&format!("{page}/again"), "").await;
    assert_eq!(version().await, before);
    let mails = town.world.mails().unwrap();
    assert_eq!(mails.len(), 1);
    let mail = String::from_utf8(mails[0].1.clone()).unwrap();
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("<priya@acme.example>") && head.contains("Subject: [Test] Hello Ada"), "{head}");
    assert!(
        head.contains("<tara@acme.example>") && !head.contains("List-Unsubscribe") && !head.contains("Reply-To"),
        "{head}"
    );
    assert!(body.contains("we met at the fair.") && !body.contains("http"), "{body}");
    // What becomes of it concerns no lead either.
    let answer = format!(
        "From: {ADMINISTRATOR}\r\nTo: tara@acme.example\r\nSubject: Re: [Test] Hello Ada\r\nMessage-ID: <a@acme.example>\r\n\
         In-Reply-To: <test.{}@acme.example>\r\n\r\nstop\r\n",
        id_of(&page)
    );
    town.world.product.receive(answer.as_bytes()).await.unwrap();
    let delivery = DeliveryId::of_test(id_of(&page)).unwrap();
    let bounced = MailEvent { org: town.org.clone(), delivery, what: MailEventKind::BouncedForGood };
    let events = MailEvents { deliveries: Deliveries { changes: town.favours().changes } };
    assert_eq!(events.apply(&bounced).await.unwrap(), Applied::Known);
    assert!(town.world.product.admin().leads(&town.org).await.unwrap().is_empty());

    let too_soon = priya.posts("/console/schedule/test", TEST).await;
    assert_eq!(too_soon.status(), 429);
    assert!(text(&too_soon).contains("less than ten seconds ago"), "{}", text(&too_soon));
    town.seconds_pass(10);
    assert_eq!(priya.posts("/console/schedule/test", TEST).await.status(), 303);
    assert_eq!(town.world.mails().unwrap().len(), 2);
    let sam = Browser::of(&town, SAM).await;
    assert_eq!(sam.posts("/console/schedule/test", TEST).await.status(), 403);
}

#[tokio::test]
async fn a_test_that_may_have_left_is_not_sent_again() {
    let town = stage("", 1).await;
    let (favours, priya) = (town.favours(), town.priya().await);
    let wanted = || {
        let (subject, text) = ("Hello".to_owned(), "Dear Ada".to_owned());
        Wanted::Test { assistant: "tara".parse().unwrap(), subject, text }
    };
    let id = favours.ask(&priya, wanted()).await.unwrap().unwrap();
    assert_eq!(favours.ask(&priya, wanted()).await.unwrap(), None, "too soon");
    // The sender died after it said that it sends.
    let asked = town.favour(&id).await;
    let sending = Favour { progress: Progress::Sending { since: town.world.clock.now() }, ..asked.clone() };
    assert!(town.world.product.store.put_favour(&town.org, &id, &sending, 1).await.unwrap());
    assert!(!town.world.product.store.put_favour(&town.org, &id, &sending, 1).await.unwrap(), "one of two wins");
    town.world.settle().await;
    let browser = Browser::of(&town, ADMINISTRATOR).await;
    let page = format!("/console/favours/{id}");
    assert!(browser.reads(&page).await.contains("The mail is being sent"));
    town.seconds_pass(61);
    assert!(browser.reads(&page).await.contains("it is not known whether the mail left"));
    browser.posts(&format!("{page}/again"), "").await;
    assert!(town.world.mails().unwrap().is_empty());

    // Nobody is there to get one.
    let stranger = Viewer { user: UserId::parse("4711").unwrap(), ..priya };
    let id = favours.ask(&stranger, wanted()).await.unwrap().unwrap();
    town.world.settle().await;
    let Progress::Refused { why } = town.favour(&id).await.progress else { panic!("it was not refused") };
    assert!(why.contains("Zoho shows no mail address of yours"), "{why}");
    assert!(town.world.mails().unwrap().is_empty());
}
