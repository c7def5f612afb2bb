//! Assistants' own mailboxes, and answers from addresses that nobody wrote to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use app::change::LeadChanges;
use app::mailboxes::{Credentials, MailboxAccess, MailboxAdmin, MailboxSecret, PollMailboxes};
use app::ports::{
    Checked, Credential, Folder, Login, Lookup, MailToken, MailTokens, MailboxError, Mailboxes, OAuthClient, Place,
    ReadMail, ReadMails, ReadRequest, SendError,
};
use app::receive::{Receive, Received};
use async_trait::async_trait;
use domain::{AssistantId, MailAccountFields, MailProvider, OutgoingMail};
use jiff::SignedDuration;
use local::embedded::FileSecrets;
use local::world::ASSISTANT;
use serde_json::json;

use super::journeys::{Stage, stage};

impl Stage {
    /// A record that the assistant wrote to, with this subject.
    async fn written_to(&self, address: &str, subject: &str) -> String {
        let fields = json!({ "Last_Name": "Person", "Email": address });
        let id = self.create("Contacts", fields);
        let step = json!({ "days_after": 0, "message": { "subject": subject, "body": "hello" } });
        let schedule = json!({ "name": subject, "closing_days": 30, "steps": [step] });
        let schedule = serde_json::from_value(schedule).unwrap();
        self.world.product.admin().add_schedule(&self.org, &schedule).await.unwrap();
        self.edit_tara(|assistant| subject.clone_into(&mut assistant.default_schedule)).await;
        self.assign("Contacts", &[&id]);
        self.days(3).await;
        id
    }

    async fn receives(&self, from: &str, subject: &str) -> Option<String> {
        let name = subject.replace(|c: char| !c.is_ascii_alphanumeric(), "");
        let raw = format!(
            "From: {from}\r\nTo: {ASSISTANT}\r\nSubject: {subject}\r\nMessage-ID: <{name}.{from}>\r\n\r\nI am interested.\r\n"
        );
        match self.world.product.receive(raw.as_bytes()).await.unwrap() {
            Received::Applied(_, lead) => Some(lead.to_string()),
            Received::Unmatched => None,
            Received::Repeated => panic!("{from} was read before"),
        }
    }
}

#[tokio::test]
async fn an_answer_from_a_second_mailbox_of_the_same_domain_finds_its_lead() {
    let stage = stage("", 1).await;
    let ada = format!("contacts-{}", stage.written_to("ada@engines.example", "Punch cards").await);
    let carol = format!("contacts-{}", stage.written_to("carol@looms.example", "Looms").await);
    let dan = format!("contacts-{}", stage.written_to("dan@looms.example", "Shuttles").await);
    stage.written_to("eve@gmail.com", "Spindles").await;

    // Strangers, two people of a large provider, and a colleague of the assistant's.
    assert_eq!(stage.receives("info@elsewhere.example", "Re: Punch cards").await, None);
    assert_eq!(stage.receives("mallory@gmail.com", "Re: Spindles").await, None);
    assert_eq!(stage.receives("sam@acme.example", "Re: Punch cards").await, None);
    // Of two, the one whose conversation it is; or nobody.
    assert_eq!(stage.receives("office@looms.example", "Hello").await, None);
    assert_eq!(stage.receives("office@looms.example", "AW: Shuttles").await, Some(dan));
    // Dan's is over, so there is one.
    assert_eq!(stage.receives("office@looms.example", "Something else").await, Some(carol));
    // Software's answer leaves her waiting for the next mail, a person's does not.
    assert_eq!(stage.receives("office@engines.example", "Automatic reply").await, Some(ada.clone()));
    assert_eq!(stage.receives("boss@engines.example", "Punch cards?").await, Some(ada));
    assert_eq!(stage.receives("office@engines.example", "Once more").await, None, "nobody there is written to");
}

/// A mailbox in memory, and an OAuth server.
#[derive(Default)]
struct Fake {
    mails: Mutex<Vec<String>>,
    validity: AtomicU32,
    given: AtomicU32,
    oldest_good: AtomicU32,
    shown: Mutex<BTreeMap<String, u32>>,
}

#[async_trait]
impl Mailboxes for Fake {
    async fn read(&self, login: Login<'_>, request: ReadRequest) -> Result<ReadMails, MailboxError> {
        let Credential::Token(token) = login.credential else { panic!("a token opens it") };
        let token = secrecy::ExposeSecret::expose_secret(token).to_owned();
        *self.shown.lock().unwrap().entry(token.clone()).or_default() += 1;
        if token.parse::<u32>().unwrap() < self.oldest_good.load(Ordering::SeqCst) {
            return Err(MailboxError::Denied("the token was withdrawn".to_owned()));
        }
        let validity = self.validity.load(Ordering::SeqCst);
        let after = request.after.filter(|place| place.validity == validity).map_or(0, |place| place.uid);
        let mails = self.mails.lock().unwrap().clone();
        let all = mails.iter().zip(1..).filter(|(_, uid)| *uid > after);
        let read = |(raw, uid): (&String, u32)| ReadMail {
            place: Place { validity, uid },
            mail: mail::parse(raw.as_bytes(), Some(ASSISTANT)),
        };
        let mails: Vec<_> = all.clone().take(2).map(read).collect();
        let place = mails.last().map_or(Place { validity, uid: after }, |last| last.place);
        Ok(ReadMails { more: all.count() > mails.len(), mails, place })
    }

    async fn send(&self, _: Login<'_>, _: &OutgoingMail) -> Result<String, SendError> {
        Err(SendError::NotSent { reason: "it only reads".to_owned() })
    }

    async fn find(&self, _: Login<'_>, _: &OutgoingMail) -> Lookup {
        Lookup::CannotTell
    }

    async fn check(&self, _: Login<'_>) -> Checked {
        Checked { imap: Ok(()), smtp: Ok(()) }
    }
}

#[async_trait]
impl MailTokens for Fake {
    async fn refresh(&self, _: MailProvider, client: &OAuthClient) -> Result<MailToken, MailboxError> {
        let number = self.given.fetch_add(1, Ordering::SeqCst) + 1;
        // Each consent is good for one renewal, so a newer one that is not kept is noticed.
        assert_eq!(secrecy::ExposeSecret::expose_secret(&client.refresh_token), &format!("consent-{number}"));
        let refresh_token = Some(format!("consent-{}", number + 1).into());
        Ok(MailToken { access_token: number.to_string().into(), expires_secs: 3600, refresh_token })
    }
}

struct Office {
    stage: Stage,
    fake: Arc<Fake>,
    tara: AssistantId,
}

impl Office {
    async fn open() -> Self {
        let (stage, fake) = (stage("", 1).await, Arc::new(Fake::default()));
        let office = Self { stage, fake, tara: "tara".parse().unwrap() };
        let client = r#"{"client_id": "id", "client_secret": "hush", "refresh_token": "consent-1"}"#;
        let secret = MailboxSecret::OAuth(serde_json::from_str(client).unwrap());
        let (provider, fields) = (MailProvider::Microsoft, MailAccountFields::default());
        office.admin().set(&office.stage.org, &office.tara, provider, fields, &secret).await.unwrap();
        office
    }

    /// A process that has nothing in memory.
    fn access(&self) -> MailboxAccess {
        let (store, clock) = (self.stage.world.product.store.clone(), self.stage.world.clock.clone());
        let secrets = Arc::new(FileSecrets::new(self.stage.folder()));
        let credentials = Credentials::new(store, secrets, self.fake.clone(), clock, "mailbox/".to_owned());
        MailboxAccess { credentials: Arc::new(credentials), mailboxes: self.fake.clone() }
    }

    fn admin(&self) -> MailboxAdmin {
        let (store, clock) = (self.stage.world.product.store.clone(), self.stage.world.clock.clone());
        MailboxAdmin { store, access: self.access(), clock }
    }

    async fn poll(&self) -> app::mailboxes::Polled {
        let world = &self.stage.world;
        let changes = LeadChanges {
            store: world.product.store.clone(),
            events: world.product.bus.clone(),
            clock: world.clock.clone(),
        };
        let key = domain::SigningKey::new(b"sixteen characters").unwrap();
        let poll = PollMailboxes { receive: Receive { changes, key, composer: None }, access: self.access() };
        poll.poll(jiff::Timestamp::MAX).await.unwrap()
    }

    fn wait(&self, minutes: i64) {
        let clock = &self.stage.world.clock;
        clock.advance_to(clock.now() + SignedDuration::from_mins(minutes));
    }
}

#[tokio::test]
async fn a_mailbox_is_read_on_from_its_place_and_a_new_numbering_repeats_nothing() {
    let office = Office::open().await;
    office.stage.written_to("ada@engines.example", "Punch cards").await;
    let mail = |number: usize| {
        format!(
            "From: ada@engines.example\r\nTo: {ASSISTANT}\r\nMessage-ID: <{number}@x.example>\r\n\r\nYes {number}\r\n"
        )
    };
    office.fake.mails.lock().unwrap().extend((1..=5).map(mail));
    // The first ends her schedule; what comes later, from an address no longer in use, is nobody's.
    let polled = office.poll().await;
    assert_eq!((polled.mailboxes, polled.applied, polled.unmatched), (1, 1, 4), "{polled:?}");
    assert_eq!(office.poll().await.mailboxes, 0, "it is not due again yet");

    office.wait(2);
    office.fake.mails.lock().unwrap().push(mail(6));
    let polled = office.poll().await;
    assert_eq!((polled.applied, polled.unmatched, polled.repeated), (0, 1, 0), "only the new one is read: {polled:?}");

    office.wait(2);
    office.fake.validity.store(9, Ordering::SeqCst);
    let polled = office.poll().await;
    assert_eq!((polled.applied, polled.failed), (0, 0), "{polled:?}");
}

#[tokio::test]
async fn a_token_is_renewed_once_before_it_ends_and_once_when_it_is_withdrawn() {
    let office = Office::open().await;
    let (access, other) = (office.access(), office.access());
    let account = office.admin().show(&office.stage.org, &office.tara).await.unwrap().account;
    let org = &office.stage.org;
    let (one, two) = tokio::join!(access.credentials.current(org, &account), other.credentials.current(org, &account));
    one.and(two).unwrap();
    office.poll().await;
    assert_eq!(office.fake.given.load(Ordering::SeqCst), 1, "everybody uses the same one");
    office.wait(50);
    office.poll().await;
    assert_eq!(office.fake.given.load(Ordering::SeqCst), 1, "it is good for an hour");
    office.wait(9);
    office.poll().await;
    assert_eq!(office.fake.given.load(Ordering::SeqCst), 2, "it would end soon");

    office.fake.oldest_good.store(3, Ordering::SeqCst);
    office.wait(2);
    let polled = office.poll().await;
    assert_eq!((polled.mailboxes, polled.failed), (1, 0), "{polled:?}");
    assert_eq!(office.fake.shown.lock().unwrap().get("3"), Some(&1));

    // Nothing helps any more: it says so, and does not hammer.
    office.fake.oldest_good.store(99, Ordering::SeqCst);
    office.wait(2);
    assert_eq!(office.poll().await.failed, 1);
    let trouble = office.admin().show(org, &office.tara).await.unwrap().trouble.unwrap();
    assert!(trouble.contains("withdrawn"), "{trouble}");
    office.wait(14);
    assert_eq!(office.poll().await.failed, 0, "a refusal is left alone for a quarter of an hour");
    assert_eq!(office.admin().remove(org, &office.tara).await.unwrap(), 1);
    office.wait(60);
    assert_eq!(office.poll().await, app::mailboxes::Polled::default());
    let kept = std::fs::read_to_string(office.stage.folder().join("secrets.json")).unwrap();
    assert!(!kept.contains("consent-"), "its secret went with it");
}

#[tokio::test]
async fn one_process_reads_a_mailbox_at_a_time() {
    let office = Office::open().await;
    let mailbox = &office.stage.world.product.store.own_mailboxes(&office.stage.org).await.unwrap()[0].value;
    let lease = format!("account#{}", mailbox.account.address.hash());
    let (store, now) = (&office.stage.world.product.store, office.stage.world.clock.now());
    let until = now + SignedDuration::from_mins(2);
    store.take_lease(&office.stage.org, &lease, now, until).await.unwrap().unwrap();
    assert_eq!(office.poll().await.mailboxes, 0);
    office.wait(3);
    assert_eq!(office.poll().await.mailboxes, 1, "its holder is dead");
    assert_eq!(
        Folder::Inbox,
        *store.own_mailboxes(&office.stage.org).await.unwrap()[0].value.places.keys().next().unwrap()
    );
}
