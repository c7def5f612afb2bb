//! Tests in one binary, as few links as possible.

mod contract;
mod hostile;
mod imap;
mod imap_server;
mod inbox;
mod letters;
mod lines;
mod oauth;
mod reading;
mod reports;
mod roundtrip;
mod server;
mod settings;
mod texts;

use domain::{DeliveryId, EmailAddress, Mailbox, OrgId, OutgoingMail};

pub(crate) fn mailbox(name: &str, address: &str) -> Mailbox {
    Mailbox { name: name.to_owned(), address: EmailAddress::parse(address).unwrap() }
}

pub(crate) fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

pub(crate) fn org() -> OrgId {
    "eu-20061234567".parse().unwrap()
}

/// The mail of one step.
pub(crate) fn outgoing(step: u8) -> OutgoingMail {
    let delivery: DeliveryId = format!("dlv_contacts-5540000310003.1.{step}").parse().unwrap();
    OutgoingMail {
        message_id: format!("<{delivery}@acme.example>"),
        delivery,
        from: mailbox("Éric d'Acme", "eric@acme.example"),
        to: mailbox("Ada Lovelace", "ada@analytical.example"),
        cc: vec![],
        automatic_answer: false,
        reply_to: Some(address("r-7f3k2@reply.acme.example")),
        subject: "Fewer punch cards, Ada?".to_owned(),
        text: "Good morning,\n\n.a line with a dot\n-- \nÉric\n".to_owned(),
        html: None,
        in_reply_to: Some("<earlier@acme.example>".to_owned()),
        references: vec!["<first@acme.example>".to_owned(), "<earlier@acme.example>".to_owned()],
        unsubscribe_url: Some("https://acme.example/u/contacts-5540000310003?s=abc_-".to_owned()),
        date: "2026-11-03T09:00:09Z".parse().unwrap(),
    }
}
