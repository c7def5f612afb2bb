//! A product whose mail goes one way: a world with a simulated CRM and real mail.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use app::change::LeadChanges;
use app::deliveries::Deliveries;
use app::mailboxes::{MailboxAdmin, PollMailboxes, Polled, RoutingMailer};
use app::nurture::Nurture;
use app::ports::{Mailer, Secrets};
use app::receive::{Receive, Received};
use app::store::Store;
use app::writing::Writing;
use domain::{Assistant, Lead, LeadId, Mailbox, OrgId, OutgoingMail, Schedule, SigningKey};
use jiff::{SignedDuration, Timestamp};
use local::embedded::{EmbeddedDynamo, FileSecrets};
use local::world::{ASSISTANT, World, WorldOptions};
use mail::SmtpMailer;
use serde_json::json;
use zoho_sim::Faults;

use crate::carrier::{Carrier, access, installation};
use crate::env;

const REPLY_DOMAIN: &str = "reply.acme.example";

pub struct Stage {
    pub carrier: Carrier,
    pub org: OrgId,
    pub mailer: Arc<dyn Mailer>,
    pub outbox: PathBuf,
    world: World,
    key: SigningKey,
    secrets: Arc<dyn Secrets>,
    /// Answers that were taken in without a mailbox.
    received: AtomicU32,
    answers: AtomicU32,
    // The folder lives as long as the world.
    _folder: tempfile::TempDir,
}

impl Stage {
    pub async fn new(carrier: Carrier) -> Self {
        empty_mailboxes();
        let folder = tempfile::tempdir().unwrap();
        let table = Arc::new(EmbeddedDynamo::memory().unwrap().table().await.unwrap());
        let options = WorldOptions {
            start: Timestamp::now(),
            folder: folder.path().to_owned(),
            table,
            faults: Faults::default(),
            seed: 1,
        };
        let world = World::begin(options).await.unwrap();
        let org = world.connect().await.unwrap();
        world.add_tara(&org).await.unwrap();
        let secrets: Arc<dyn Secrets> = Arc::new(FileSecrets::new(folder.path()));
        let outbox = folder.path().join("sent");
        let store = world.product.store.clone();
        let access = access(&store, secrets.clone(), world.clock.clone());
        if carrier.is_mailbox() {
            let (provider, fields, secret) = carrier.account();
            let (store, clock) = (store.clone(), world.clock.clone());
            let admin = MailboxAdmin { store, access: access.clone(), clock };
            let tara = "tara".parse().unwrap();
            admin.set(&org, &tara, provider, fields, &secret).await.unwrap();
            let checked = admin.check(&org, &tara).await.unwrap();
            assert!(checked.imap.is_ok() && checked.smtp.is_ok(), "{checked:?}");
        }
        let otherwise = installation(carrier, &outbox).await;
        let mailer = Arc::new(RoutingMailer { store, access, otherwise });
        let key = local::product::signing_key(secrets.as_ref()).await.unwrap();
        let (received, answers) = (AtomicU32::new(0), AtomicU32::new(0));
        Self { carrier, org, mailer, outbox, world, key, secrets, received, answers, _folder: folder }
    }

    fn store(&self) -> &Store {
        &self.world.product.store
    }

    fn receive(&self) -> Receive {
        let (events, clock) = (self.world.product.bus.clone(), self.world.clock.clone());
        let changes = LeadChanges { store: self.store().clone(), events, clock };
        Receive { changes, key: self.key.clone(), composer: None }
    }

    /// A mail of no lead.
    pub fn outgoing(&self, step: u8) -> OutgoingMail {
        let delivery = format!("dlv_contacts-5540000310003.1.{step}");
        let at = self.world.clock.now().as_millisecond();
        OutgoingMail {
            message_id: format!("<{delivery}.{at}.{:?}@acme.example>", self.carrier),
            delivery: delivery.parse().unwrap(),
            from: mailbox("Tara", ASSISTANT),
            to: mailbox("Ada Lovelace", crate::ADA),
            cc: vec![],
            html: None,
            automatic_answer: false,
            reply_to: Some(format!("r-7f3k2@{REPLY_DOMAIN}").parse().unwrap()),
            subject: "A subject".to_owned(),
            text: "A text\n".to_owned(),
            in_reply_to: Some("<earlier@acme.example>".to_owned()),
            references: vec!["<first@acme.example>".to_owned(), "<earlier@acme.example>".to_owned()],
            unsubscribe_url: Some("https://acme.example/u/contacts-5540000310003?s=abc_-".to_owned()),
            date: "2026-11-03T09:00:09Z".parse().unwrap(),
        }
    }

    /// A record of the CRM that the assistant follows up with one mail, whose subject is `mark`.
    pub async fn enrol(&self, address: &str, mark: &str) -> LeadId {
        let steps =
            json!([{ "days_after": 0, "message": { "subject": mark, "body": "Dear {{ lead_first_name }}, hello." } }]);
        let schedule = json!({ "name": mark, "closing_days": 30, "steps": steps });
        let schedule: Schedule = serde_json::from_value(schedule).unwrap();
        let admin = self.world.product.admin();
        admin.add_schedule(&self.org, &schedule).await.unwrap();
        let edit = |assistant: &mut Assistant| {
            mark.clone_into(&mut assistant.default_schedule);
            Ok(())
        };
        admin.edit_assistant(&self.org, &"tara".parse().unwrap(), edit).await.unwrap();
        self.world.settle().await;
        let (zoho, fields) = (&self.world.zoho, json!({ "First_Name": "Ada", "Last_Name": mark, "Email": address }));
        let id = zoho.create_record("Contacts", fields, Some("sam@acme.example")).unwrap();
        zoho.assign("Contacts", &[&id], ASSISTANT, Some("sam@acme.example")).unwrap();
        self.world.settle().await;
        self.world.upkeep().await.unwrap();
        format!("contacts-{id}").parse().unwrap()
    }

    /// Lets time pass until a mail left.
    pub async fn send_due(&self) {
        let deliveries = Deliveries { changes: self.receive().changes };
        let reply_domain = (!self.carrier.is_mailbox()).then(|| REPLY_DOMAIN.to_owned());
        let nurture = Nurture {
            deliveries,
            writing: Writing::default(),
            mailer: self.mailer.clone(),
            key: self.key.clone(),
            reply_domain,
        };
        for _ in 0..24 * 14 {
            let ticked = nurture.tick(Timestamp::MAX).await.unwrap();
            assert_eq!((ticked.failed, ticked.unknown), (0, 0), "{ticked:?}");
            if ticked.sent > 0 {
                return self.world.settle().await;
            }
            self.world.clock.advance_to(self.world.clock.now() + SignedDuration::from_hours(1));
        }
        panic!("nothing was sent in a fortnight");
    }

    /// Answers the mail `raw`, to where it asks for answers.
    pub async fn answer(&self, raw: &[u8], from: &str, text: &str) {
        let sent = mail::parse(raw, None);
        let to = match self.carrier.is_mailbox() {
            true => ASSISTANT.to_owned(),
            false => reply_address(raw),
        };
        let number = self.answers.fetch_add(1, Ordering::SeqCst);
        let answer = OutgoingMail {
            message_id: format!("<answer-{number}.{}@analytical.example>", sent.message_id.len()),
            from: mailbox("Somebody", from),
            to: mailbox("", &to),
            reply_to: None,
            subject: format!("Re: {}", sent.subject),
            text: format!("{text}\n"),
            in_reply_to: Some(sent.message_id.clone()),
            references: [sent.references.clone(), vec![sent.message_id.clone()]].concat(),
            date: self.world.clock.now(),
            ..self.outgoing(1)
        };
        if self.carrier.is_mailbox() {
            let postfix = format!("smtp://127.0.0.1:{}", env("SMTP_PORT")).into();
            SmtpMailer::from_url(&postfix).unwrap().send(&self.org, &answer).await.unwrap();
        } else {
            // What SES, or whoever fills the folder, hands over.
            let raw = mail::render(&answer).unwrap();
            let received = self.receive().receive(&mail::parse(&raw, Some(&to))).await.unwrap();
            assert!(matches!(received, Received::Applied(..)), "{received:?}");
            self.received.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// One look at the mailbox, with nothing left in memory of those before.
    pub async fn poll(&self) -> Polled {
        self.world.clock.advance_to(self.world.clock.now() + SignedDuration::from_mins(20));
        let access = access(self.store(), self.secrets.clone(), self.world.clock.clone());
        let poll = PollMailboxes { receive: self.receive(), access };
        poll.poll(Timestamp::MAX).await.unwrap()
    }

    /// Looks until so many mails changed a lead.
    pub async fn take_in_until(&self, applied: u32) {
        if !self.carrier.is_mailbox() {
            assert_eq!(self.received.load(Ordering::SeqCst), applied);
            return;
        }
        let (mut found, mut look) = (0, tokio::time::interval(Duration::from_millis(50)));
        for _ in 0..200 {
            look.tick().await;
            let polled = self.poll().await;
            assert_eq!((polled.mailboxes, polled.failed, polled.given_up), (1, 0, 0), "{polled:?}");
            found += polled.applied;
            if found >= applied {
                assert_eq!(found, applied, "a mail was taken in twice");
                return;
            }
        }
        panic!("{found} of {applied} mails were taken in");
    }

    /// Waits until so many mails lie unread in the assistant's mailbox.
    pub async fn wait_for_mail(&self, mails: usize) {
        let folder = PathBuf::from(env("MAIL_DIR")).join("home").join(ASSISTANT).join("Maildir/new");
        let mut look = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..1500 {
            look.tick().await;
            if std::fs::read_dir(&folder).unwrap().count() >= mails {
                return;
            }
        }
        panic!("fewer than {mails} mails arrived");
    }

    /// As a process does that starts after a crash.
    pub async fn forget_leases(&self) {
        self.store().end_abandoned_leases(&self.org).await.unwrap();
    }

    pub async fn lead(&self, id: &LeadId) -> Lead {
        self.world.product.admin().lead(&self.org, id).await.unwrap().lead
    }

    /// How many answers the lead's story tells of.
    pub async fn answers(&self, id: &LeadId) -> usize {
        let report = self.world.product.admin().lead(&self.org, id).await.unwrap();
        report.story.iter().filter(|line| line.text.starts_with("answer: ")).count()
    }
}

fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox { name: name.to_owned(), address: address.parse().unwrap() }
}

fn reply_address(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let line = text.lines().find_map(|line| line.strip_prefix("Reply-To: ")).unwrap();
    line.trim().trim_matches(['<', '>']).to_owned()
}

/// Nothing of an earlier stage is answered in this one.
fn empty_mailboxes() {
    for home in std::fs::read_dir(PathBuf::from(env("MAIL_DIR")).join("home")).unwrap() {
        for folder in ["Maildir/new", "Maildir/cur"] {
            let Ok(mails) = std::fs::read_dir(home.as_ref().unwrap().path().join(folder)) else { continue };
            for mail in mails {
                std::fs::remove_file(mail.unwrap().path()).unwrap();
            }
        }
    }
}
