//! Opens and clicks: a person's count, a scanner's do not, and forged ones are nothing.

use domain::{Calendar, ConnectionStatus, DeliveryId, HOLD, LeadId, LeadState, Schedule, SigningKey, Tracking};
use jiff::{SignedDuration, ToSpan};
use local::embedded::FileSecrets;
use local::product::signing_key;
use serde_json::json;

use super::journeys::{Stage, stage};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";

/// A lead whose first mail has left, and what its assistant's mails tell.
struct Watched {
    stage: Stage,
    record: String,
    lead: LeadId,
}

async fn watched(tracking: Tracking) -> Watched {
    let stage = stage("", 1).await;
    let body = "Read https://acme.example/one?a=1&b=2 and https://acme.example/two.";
    let step = |number: usize| json!({ "days_after": usize::from(number > 1), "message": { "subject": "Hello", "body": body } });
    let schedule = json!({ "name": "Links", "closing_days": 9, "steps": (1..=6).map(step).collect::<Vec<_>>() });
    let schedule: Schedule = serde_json::from_value(schedule).unwrap();
    stage.world.product.admin().add_schedule(&stage.org, &schedule).await.unwrap();
    stage.edit_tara(|tara| (tara.default_schedule, tara.tracking) = ("Links".to_owned(), tracking)).await;
    let record = stage.person(1);
    stage.assign("Contacts", &[&record]);
    stage.world.settle().await;
    let watched = Watched { stage, lead: format!("contacts-{record}").parse().unwrap(), record };
    watched.mails(1).await;
    watched
}

impl Watched {
    /// Lets time pass until so many mails have left.
    async fn mails(&self, count: usize) {
        for _ in 0..100 {
            if self.stage.world.mails().unwrap().len() >= count {
                return;
            }
            Box::pin(self.stage.world.step_to_next(&self.stage.org, SignedDuration::from_hours(12))).await.unwrap();
        }
        panic!("mail {count} did not leave");
    }

    fn later(&self, secs: i64) {
        self.stage.world.clock.advance_to(self.stage.world.clock.now() + SignedDuration::from_secs(secs));
    }

    /// The paths in a mail's HTML: its picture's, and its links'.
    async fn paths(&self, mail: u8) -> (String, Vec<String>) {
        let name: DeliveryId = format!("dlv_{}.1.{mail}", self.lead).parse().unwrap();
        let store = &self.stage.world.product.store;
        let mail = store.delivery(&self.stage.org, &self.lead, &name).await.unwrap().unwrap().value.mail;
        let html = mail.html.unwrap();
        let path = |url: &str| url::Url::parse(url).unwrap().path().to_owned();
        let of = |attribute: &str| {
            html.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let links: Vec<_> =
            of("href=\"").into_iter().filter(|link| link.contains("/c/")).map(|link| path(&link)).collect();
        (path(&of("src=\"")[0]), links)
    }

    async fn fetch(&self, path: &str, user_agent: &str) -> (u16, String) {
        let response = self.stage.world.fetch("GET", path, user_agent).await;
        assert_eq!(response.headers()["cache-control"], "no-store");
        let target = response.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        (response.status().as_u16(), target.unwrap_or_default())
    }

    /// After the time that a touch is held: state, status in the CRM, opens and clicks.
    async fn counts(&self) -> (LeadState, ConnectionStatus, u32, u32) {
        self.later(HOLD.as_secs() + 1);
        self.stage.world.tick().await.unwrap();
        let lead = self.stage.world.product.store.lead(&self.stage.org, &self.lead).await.unwrap().unwrap().lead;
        let state = self.stage.world.zoho_state(&["records"]);
        let records = state["records"]["Contacts"].as_array().unwrap();
        let record = records.iter().find(|record| record["id"] == self.record.as_str()).unwrap();
        let shown: ConnectionStatus = serde_json::from_value(record["TEC_Lead_Connection_Status"].clone()).unwrap();
        assert_eq!(shown, lead.status, "the record says what the lead is");
        (lead.state, lead.status, lead.engagement.opened, lead.engagement.clicks)
    }

    async fn story(&self) -> String {
        let report = self.stage.world.product.admin().lead(&self.stage.org, &self.lead).await.unwrap();
        report.story.into_iter().map(|line| line.text + "\n").collect()
    }
}

const COLD: (LeadState, ConnectionStatus, u32, u32) = (LeadState::Cold, ConnectionStatus::Cold, 0, 0);

#[tokio::test]
async fn without_tracking_mails_are_plain_text_and_tell_nothing() {
    let watched = watched(Tracking::Off).await;
    let (_, mail) = watched.stage.world.mails().unwrap().remove(0);
    let mail = String::from_utf8(mail).unwrap();
    assert!(mail.contains("Content-Type: text/plain") && !mail.contains("text/html"), "{mail}");
}

#[tokio::test]
async fn a_scanner_that_follows_every_link_counts_for_nothing() {
    let watched = watched(Tracking::OpensAndClicks).await;
    let (_, mail) = watched.stage.world.mails().unwrap().remove(0);
    assert!(String::from_utf8(mail).unwrap().contains("multipart/alternative"));
    let (picture, links) = watched.paths(1).await;
    assert_eq!(links.len(), 2, "the link to unsubscribe is the mail's own");
    // Two seconds after the mail left, with the name of a browser.
    watched.later(2);
    for path in links.iter().chain([&picture]) {
        watched.fetch(path, FIREFOX).await;
    }
    assert_eq!(watched.counts().await, COLD);
    // Patiently, an hour later.
    watched.later(3600);
    for path in [&picture].into_iter().chain(&links) {
        watched.fetch(path, FIREFOX).await;
        watched.later(1);
    }
    assert_eq!(watched.counts().await, COLD);
    // By their own names, a thousand times.
    for _ in 0..200 {
        for name in ["curl/8.5.0", "", "Mozilla/5.0", "Mimecast", "Slackbot 1.0"] {
            watched.fetch(&picture, name).await;
        }
    }
    watched.stage.world.fetch("HEAD", &links[0], FIREFOX).await;
    assert_eq!(watched.counts().await, COLD);
    let story = watched.story().await;
    assert_eq!(story.matches("not counted").count(), 3, "{story}");
    assert!(story.contains("several links within seconds, as link scanners do"), "{story}");
}

#[tokio::test]
async fn three_mails_opened_by_a_person_warm_the_lead_and_the_next_mail_comes_at_its_hour() {
    let watched = watched(Tracking::Opens).await;
    let mut seen = Vec::new();
    let london = Calendar::working_week("Europe/London").unwrap();
    let now = || watched.stage.world.clock.now().to_zoned(london.zone().zone().clone());
    for mail in 1..=3 {
        watched.mails(usize::from(mail)).await;
        let (picture, links) = watched.paths(mail).await;
        assert_eq!(links.len(), 0, "opens alone are watched");
        watched.later(120);
        let afternoon = now().with().hour(15).minute(10).build().unwrap();
        let afternoon = if afternoon < now() { afternoon.checked_add(1.day()).unwrap() } else { afternoon };
        watched.stage.world.clock.advance_to(afternoon.timestamp());
        for _ in 0..3 {
            assert_eq!(watched.fetch(&picture, SAFARI).await, (200, String::new()));
        }
        let (state, status, opened, _) = watched.counts().await;
        seen.push((state, status, opened));
    }
    let warm = (LeadState::Warm, ConnectionStatus::Warm, 3);
    let cold = ConnectionStatus::Cold;
    assert_eq!(seen, [(LeadState::Engaged, cold, 1), (LeadState::Engaged, cold, 2), warm]);
    watched.mails(5).await;
    assert!((14..=16).contains(&now().hour()), "the fifth mail left at {}", now());
    let story = watched.story().await;
    assert_eq!(story.matches("a person opened mail").count(), 3, "{story}");
}

#[tokio::test]
async fn a_click_warms_goes_where_the_link_led_and_hot_stays_hot() {
    let watched = watched(Tracking::OpensAndClicks).await;
    let (_, links) = watched.paths(1).await;
    watched.later(1800);
    let target = "https://acme.example/one?a=1&b=2".to_owned();
    assert_eq!(watched.fetch(&links[0], FIREFOX).await, (302, target));
    let warm = (LeadState::Warm, ConnectionStatus::Warm, 1, 1);
    assert_eq!(watched.counts().await, warm);
    assert_eq!(watched.fetch(&links[0], FIREFOX).await.0, 302);
    assert_eq!(watched.counts().await, warm, "the same link counts once");

    let (_, mail) = watched.stage.world.mails().unwrap().remove(0);
    let original = mail::parse(&mail, None).message_id;
    let answer = format!(
        "From: person1@example.com\r\nTo: tara@acme.example\r\nSubject: Re: Hello\r\nMessage-ID: <a@example.com>\r\n\
         In-Reply-To: {original}\r\n\r\nYes, let us meet next week. Tuesday works for me.\r\n"
    );
    watched.stage.world.product.receive(answer.as_bytes()).await.unwrap();
    watched.stage.world.settle().await;
    assert_eq!(watched.counts().await.0, LeadState::Hot);
    let owner = watched.stage.owner("Contacts", &watched.record);
    watched.fetch(&links[1], FIREFOX).await;
    assert_eq!(watched.counts().await, (LeadState::Hot, ConnectionStatus::Hot, 1, 2));
    assert_eq!((owner.as_str(), watched.stage.owner("Contacts", &watched.record)), ("Sam Okafor", owner.clone()));
}

#[tokio::test]
async fn forged_addresses_lead_nowhere_and_change_nothing() {
    let watched = watched(Tracking::OpensAndClicks).await;
    watched.later(3600);
    let (picture, links) = watched.paths(1).await;
    let (org, link) = (watched.stage.org.as_str(), &links[0]);
    let strange = SigningKey::new(&[9; 32]).unwrap();
    let evil = url::Url::parse("https://evil.example/").unwrap();
    let delivery: DeliveryId = format!("dlv_{}.1.1", watched.lead).parse().unwrap();
    let payload = "aHR0cHM6Ly9ldmlsLmV4YW1wbGUv";
    let own = link.trim_start_matches("/c/");
    let forged = [
        format!("/c/{}", strange.click_token(&watched.stage.org, &delivery, &evil)),
        format!("/c/{payload}.{}", own.split_once('.').unwrap().1),
        link.replacen(org, "us-1", 1),
        link.replacen("/c/", "/c/x", 1),
        picture.replacen("/o/", "/c/", 1),
        format!("/c/{}", "a".repeat(60_000)),
        format!("/c/https://evil.example/?{}", "u=https://evil.example&".repeat(2_000)),
        "/c/".to_owned(),
        "/c/%00".to_owned(),
        "/c/...".to_owned(),
    ];
    for path in &forged {
        assert_eq!(watched.fetch(path, FIREFOX).await, (404, String::new()), "{}", &path[..path.len().min(99)]);
    }
    let pictures =
        [picture.replacen(org, "us-1", 1), link.replacen("/c/", "/o/", 1), "/o/".to_owned(), "/o/%ff".to_owned()];
    for path in &pictures {
        let response = watched.stage.world.fetch("GET", path, FIREFOX).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"image/gif".parse().unwrap())
        );
    }
    assert_eq!(watched.stage.world.fetch("POST", &picture, FIREFOX).await.status(), 405);
    assert_eq!(watched.counts().await, COLD);

    // A mail that is signed and was never sent: on with the browser, and nothing is counted.
    let folder = watched.stage.world.outbox.parent().unwrap();
    let key = signing_key(&FileSecrets::new(folder)).await.unwrap();
    for name in [format!("dlv_{}.1.9", watched.lead), "dlv_contacts-999.1.1".to_owned()] {
        let token = key.click_token(&watched.stage.org, &name.parse().unwrap(), &evil);
        assert_eq!(watched.fetch(&format!("/c/{token}"), FIREFOX).await, (302, evil.to_string()));
    }
    // A query however long changes nothing about the mail's own.
    let long = format!("{link}?{}", "x".repeat(60_000));
    assert_eq!(watched.fetch(&long, FIREFOX).await.0, 302);
    assert_eq!(watched.counts().await.3, 1);
}

#[tokio::test]
async fn why_tells_of_each_mail_and_the_same_questions_have_the_same_answers() {
    let watched = watched(Tracking::Off).await;
    watched.mails(2).await;
    let why = watched.stage.world.product.admin().why(&watched.stage.org, &watched.lead).await.unwrap();
    for mail in ["1.1", "1.2"] {
        let name = format!("dlv_{}.{mail}", watched.lead);
        let of: Vec<_> = why.iter().filter(|why| why.decision.delivery.as_str() == name).collect();
        assert!(of.iter().any(|why| why.words.starts_with("sent now")), "{of:?}");
        assert!(of.iter().any(|why| why.words.starts_with("written by")), "{of:?}");
    }
    assert!(why.iter().any(|why| why.replays == Some(true)));
    assert!(why.iter().all(|why| why.replays != Some(false)), "{why:?}");
}
