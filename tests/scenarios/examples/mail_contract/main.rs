//! The contract of everything that carries mail: the same for SES, for assistants' own mailboxes on Dovecot and Postfix, and
//! for folders of .eml files. `tests/mail/run` starts the servers and runs this.
//!
//! What a carrier cannot do is in `carrier.rs`, by name.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may end it")]
#![expect(clippy::print_stdout, reason = "a test says what it found")]

mod carrier;
mod stage;
mod tokens;

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use app::ports::{Lookup, SendError};
use domain::{DeactivatedWhy, LeadState, Mailbox, OutgoingMail};

use carrier::{Carrier, arrivals, arrived};
use stage::Stage;
use tokens::Tokens;

/// A variable that `tests/mail/run` sets.
fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; start this by tests/mail/run"))
}

const ADA: &str = "ada@analytical.example";

#[tokio::main]
async fn main() {
    let tokens = Tokens::serve().await;
    let only = std::env::args().nth(1);
    let mut passed = 0;
    for carrier in
        Carrier::ALL.into_iter().filter(|carrier| only.as_ref().is_none_or(|only| *only == format!("{carrier:?}")))
    {
        let stage = Stage::new(carrier).await;
        let mut part = Part { carrier, passed: &mut passed };
        part.holds("what matters arrives", Box::pin(what_matters_arrives(&stage))).await;
        part.holds("an answer finds its lead", Box::pin(an_answer_finds_its_lead(&stage))).await;
        if carrier.is_mailbox() {
            part.holds("a bounce finds its lead", Box::pin(a_bounce_finds_its_lead(&stage))).await;
            part.holds("no restart loses a mail or reads it twice", Box::pin(restarts(&stage))).await;
        }
        if carrier == Carrier::Tokens {
            part.holds("a withdrawn token is renewed once", Box::pin(withdrawn(&stage, &tokens))).await;
        }
    }
    println!("{passed} passed, 0 failed");
}

struct Part<'a> {
    carrier: Carrier,
    passed: &'a mut u32,
}

impl Part<'_> {
    /// A part that does not hold panics, and ends the run.
    async fn holds(&mut self, what: &str, part: Pin<Box<dyn Future<Output = ()> + '_>>) {
        let began = Instant::now();
        tokio::time::timeout(Duration::from_secs(120), part).await.unwrap_or_else(|_| panic!("{what}: too slow"));
        println!("ok {:?}: {what} ({} ms)", self.carrier, began.elapsed().as_millis());
        *self.passed += 1;
    }
}

async fn what_matters_arrives(stage: &Stage) {
    let (carrier, org) = (stage.carrier, &stage.org);
    let long = "word ".repeat(400);
    for (number, (name, text)) in [
        ("Éric d'Acme", "Dear Ada,\n\n.a dot\n..\n.\nÉric\n"),
        ("山田太郎", "拝啓、エイダ様。\n\n山田太郎\n"),
        ("محمد \"Mo\" O'Brien", long.as_str()),
        ("Tara <tara@evil.example>", "From here on\nFrom the start\n=20=\n\tend\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let mark = format!("{carrier:?}-{number}");
        let outgoing = stage.outgoing(u8::try_from(number + 1).unwrap());
        let mail = OutgoingMail {
            from: Mailbox { name: name.to_owned(), ..outgoing.from },
            subject: format!("Für {name}: {mark}"),
            text: text.to_owned(),
            ..outgoing
        };
        let before = stage.mailer.find(org, &mail).await;
        assert!(!matches!(before, Lookup::Sent { .. }), "{before:?}");

        let message_id = stage.mailer.send(org, &mail).await.unwrap();
        let raw = arrived(&arrivals(carrier, &stage.outbox, ADA), &mark).await;
        let found = mail::parse(&raw, None);
        assert_eq!(found.from.as_ref(), Some(&mail.from.address));
        assert_eq!(found.from_name, name);
        assert_eq!(found.subject, mail.subject);
        let lines = |text: &str| text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
        assert_eq!(lines(&found.text), lines(text), "{mark}");
        assert_eq!(found.in_reply_to, Vec::from_iter(mail.in_reply_to.clone()));
        assert_eq!(found.references, mail.references);
        assert_eq!(found.message_id == mail.message_id, carrier.keeps_message_id(), "{}", found.message_id);
        assert!(message_id == found.message_id, "what is said to have left is what arrives: {message_id}");
        let head = String::from_utf8_lossy(&raw).replace("\r\n", "\n").replace("\n ", " ");
        let head = head.split("\n\n").next().unwrap();
        assert!(
            head.contains(&format!("List-Unsubscribe: <{}>", mail.unsubscribe_url.as_deref().unwrap_or_default())),
            "{head}"
        );
        assert!(head.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{head}");
        let reply_to = format!("Reply-To: {}", mail.reply_to.as_ref().unwrap());
        // An own mailbox is where answers go.
        assert_eq!(head.contains(&reply_to), !carrier.is_mailbox(), "{head}");

        let after = stage.mailer.find(org, &mail).await;
        match after {
            Lookup::Sent { message_id: found, .. } => assert!(carrier.can_find() && found == message_id),
            Lookup::CannotTell => assert!(!carrier.can_find(), "{mark} was sent and is not found"),
            Lookup::NotSent => panic!("a mail that has left is never called not sent"),
        }
    }
    let outgoing = stage.outgoing(9);
    let to = Mailbox { name: String::new(), address: "nobody@analytical.example".parse().unwrap() };
    let sent = stage.mailer.send(org, &OutgoingMail { to, ..outgoing }).await;
    assert_eq!(matches!(sent, Err(SendError::NoSuchAddress { .. })), carrier.knows_receivers(), "{sent:?}");
}

async fn an_answer_finds_its_lead(stage: &Stage) {
    let (carrier, mark) = (stage.carrier, format!("Answer-{:?}", stage.carrier));
    let lead = stage.enrol(ADA, &mark).await;
    stage.send_due().await;
    let raw = arrived(&arrivals(carrier, &stage.outbox, ADA), &mark).await;
    // From another address than ours went to: what it answers says whose it is.
    stage.answer(&raw, "lovelace@countess.example", "Yes, let us talk on Monday.").await;
    stage.take_in_until(1).await;
    assert_eq!(stage.answers(&lead).await, 1);
    let again = stage.poll().await;
    assert_eq!((again.applied, again.failed), (0, 0), "{again:?}");
}

async fn a_bounce_finds_its_lead(stage: &Stage) {
    let lead = stage.enrol("gone@elsewhere.example", &format!("Bounce-{:?}", stage.carrier)).await;
    stage.send_due().await;
    stage.take_in_until(1).await;
    let state = stage.lead(&lead).await.state;
    assert_eq!(state, LeadState::Deactivated(DeactivatedWhy::Bounced));
}

async fn restarts(stage: &Stage) {
    let (carrier, mark) = (stage.carrier, format!("Restart-{:?}", stage.carrier));
    let lead = stage.enrol("grace@analytical.example", &mark).await;
    stage.send_due().await;
    let raw = arrived(&arrivals(carrier, &stage.outbox, "grace@analytical.example"), &mark).await;
    const ANSWERS: usize = 40;
    for number in 0..ANSWERS {
        stage.answer(&raw, "grace@analytical.example", &format!("A thought, number {number}.")).await;
    }
    stage.wait_for_mail(ANSWERS).await;
    // Broken off ever later, with everything in memory lost, until a run ends by itself.
    let mut broken_off = 0;
    for patience in (0..).map(|step| Duration::from_millis(5 + 15 * step)) {
        stage.forget_leases().await;
        match tokio::time::timeout(patience, stage.poll()).await {
            Ok(polled) if polled.mailboxes == 1 => break,
            Ok(polled) => assert_eq!(polled.failed, 0, "{polled:?}"),
            Err(_) => broken_off += 1,
        }
    }
    assert!(broken_off > 2, "nothing was broken off");
    stage.take_in_until(0).await;
    assert_eq!(stage.answers(&lead).await, ANSWERS, "after {broken_off} restarts");
}

async fn withdrawn(stage: &Stage, tokens: &Tokens) {
    let before = tokens.given.load(Ordering::SeqCst);
    tokens.withdraw();
    stage.take_in_until(0).await;
    assert_eq!(tokens.given.load(Ordering::SeqCst), before + 1);
    stage.take_in_until(0).await;
    assert_eq!(tokens.given.load(Ordering::SeqCst), before + 1, "a good token is kept");
}
