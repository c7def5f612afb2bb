//! SES's notices as files: what somebody saved from the bus, a topic or a queue, read as the mail it stands for.

use domain::{Bounce, BounceKind, EmailAddress, IncomingMail};
use serde_json::Value;

use crate::{Detail, Recipient};

/// Envelopes inside of each other that are opened: a queue's around a topic's around the bus's, and some to spare.
const DEPTH: u8 = 6;

/// The notices in a file, each as the mail that a mail system would have sent: a bounce, a complaint, or a receipt where
/// it tells of nothing bad. Empty where the file holds none.
pub fn notices(json: &[u8]) -> Vec<IncomingMail> {
    let mut notices = Vec::new();
    if let Ok(value) = serde_json::from_slice(json) {
        collect(value, DEPTH, &mut notices);
    }
    notices
}

fn collect(value: Value, depth: u8, notices: &mut Vec<IncomingMail>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Value::Array(values) => values.into_iter().for_each(|value| collect(value, depth, notices)),
        // Queues and topics carry what they carry as text.
        Value::String(text) => {
            if let Ok(value) = serde_json::from_str(&text) {
                collect(value, depth, notices);
            }
        }
        Value::Object(mut fields) => {
            let inside =
                ["Records", "Sns", "Message", "body", "detail"].into_iter().find_map(|name| fields.remove(name));
            match inside {
                Some(inside) => collect(inside, depth, notices),
                None => notices.extend(serde_json::from_value(Value::Object(fields)).ok().map(mail)),
            }
        }
        _ => {}
    }
}

fn mail(detail: Detail) -> IncomingMail {
    let bounce = detail.bounce.filter(|_| detail.event_type == "Bounce");
    let delay = detail.delivery_delay.filter(|_| detail.event_type == "DeliveryDelay");
    let report = bounce
        .map(|bounce| report(bounce.kind(), bounce.bounced_recipients))
        .or_else(|| delay.map(|delay| report(BounceKind::Soft, delay.delayed_recipients)));
    let praise = |kind: Option<String>| kind.is_some_and(|kind| kind == "not-spam");
    let complaint = detail.event_type == "Complaint"
        && !praise(detail.complaint.and_then(|complaint| complaint.complaint_feedback_type));
    IncomingMail {
        from: None,
        from_name: String::new(),
        to: Vec::new(),
        subject: String::new(),
        text: String::new(),
        message_id: format!("<{}>", detail.mail.message_id),
        in_reply_to: Vec::new(),
        references: Vec::new(),
        date: detail.mail.timestamp,
        offset_secs: 0,
        machine_headers: Vec::new(),
        receipt: report.is_none() && !complaint,
        report,
        complaint,
        returned_ids: Vec::new(),
    }
}

fn report(kind: BounceKind, recipients: Vec<Recipient>) -> Bounce {
    let first = recipients.into_iter().next();
    let (address, status) = first.map(|first| (first.email_address, first.status)).unwrap_or_default();
    let address = address.rsplit_once('<').map_or(address.as_str(), |(_, address)| address);
    let recipient = EmailAddress::parse(address.trim_end_matches('>')).ok();
    Bounce { kind, recipient, status: status.filter(|status| !status.is_empty()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(event: &str) -> String {
        format!(r#"{{"mail":{{"messageId":"0102","timestamp":"2026-01-05T09:00:00.000Z"}},{event}}}"#)
    }

    fn bounce(kind: &str, recipient: &str) -> String {
        detail(&format!(
            r#""notificationType":"Bounce","bounce":{{"bounceType":"{kind}","bouncedRecipients":[{{"emailAddress":"{recipient}]}}"#
        ))
    }

    #[test]
    fn a_bounce_is_read_by_its_status() {
        for (kind, ses, recipient) in [
            (
                BounceKind::Hard,
                "Permanent",
                r#"ada@example.org","status":"5.1.1","diagnosticCode":"smtp; 550 unknown"}"#,
            ),
            (BounceKind::Hard, "Permanent", r#"ada@example.org"}"#),
            (
                BounceKind::Hard,
                "Permanent",
                r#"Ada <ada@example.org>","status":"5.0.0","diagnosticCode":"no such user"}"#,
            ),
            (BounceKind::Soft, "Permanent", r#"ada@example.org","status":"5.7.1","diagnosticCode":"blocked"}"#),
            (BounceKind::Soft, "Transient", r#"ada@example.org","status":"5.1.1"}"#),
            (BounceKind::Soft, "Undetermined", r#"ada@example.org"}"#),
        ] {
            let [mail] = notices(bounce(ses, recipient).as_bytes()).try_into().unwrap();
            let report = mail.report.unwrap();
            assert_eq!(
                (report.kind, report.recipient.unwrap().as_str()),
                (kind, "ada@example.org"),
                "{ses} {recipient}"
            );
            assert_eq!(mail.message_id, "<0102>");
        }
    }

    #[test]
    fn whatever_carried_it() {
        let plain = bounce("Permanent", r#"ada@example.org","status":"5.1.1"}"#);
        let text = serde_json::to_string(&plain).unwrap();
        let topic = format!(r#"{{"Type":"Notification","Message":{text}}}"#);
        for (count, file) in [
            (1, plain.clone()),
            (1, format!(r#"{{"detail-type":"Email Bounced","detail":{plain}}}"#)),
            (1, topic.clone()),
            (2, format!(r#"{{"Records":[{{"body":{text}}},{{"Sns":{topic}}}]}}"#)),
            (2, format!("[{plain},{plain}]")),
            (0, r#"{"phrase":"x"}"#.to_owned()),
            (0, "From: ada@example.org".to_owned()),
            (0, "[".repeat(1000)),
        ] {
            let read = notices(file.as_bytes());
            assert_eq!(read.iter().filter(|mail| mail.report.is_some()).count(), count, "{file}");
            assert_eq!(read.len(), count, "{file}");
        }
    }

    #[test]
    fn complaints_delays_and_the_rest() {
        let read = |event: &str| notices(detail(event).as_bytes()).pop().unwrap();
        assert!(read(r#""eventType":"Complaint","complaint":{"complaintFeedbackType":"abuse"}"#).complaint);
        assert!(read(r#""eventType":"Complaint""#).complaint);
        assert!(read(r#""eventType":"Complaint","complaint":{"complaintFeedbackType":"not-spam"}"#).receipt);
        let delay = r#""eventType":"DeliveryDelay","deliveryDelay":{"delayedRecipients":[{"emailAddress":"ada@example.org","status":"4.4.1"}]}"#;
        assert_eq!(read(delay).report.unwrap().kind, BounceKind::Soft);
        assert!(read(r#""eventType":"Delivery""#).receipt);
    }
}
