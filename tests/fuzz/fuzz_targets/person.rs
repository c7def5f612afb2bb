//! The simplest mail around a text.

use domain::IncomingMail;

pub fn mail(text: &str) -> IncomingMail {
    IncomingMail {
        from: None,
        from_name: String::new(),
        to: vec![],
        subject: String::new(),
        text: text.to_owned(),
        message_id: "<1@example.com>".to_owned(),
        in_reply_to: vec![],
        references: vec![],
        date: "2026-11-03T09:00:00Z".parse().ok(),
        offset_secs: 0,
        machine_headers: vec![],
        report: None,
        complaint: false,
        receipt: false,
        returned_ids: vec![],
    }
}
