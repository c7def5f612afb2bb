//! Mails on records: logged after they left or came.

use app::ports::CrmError;
use domain::{Direction, LoggedMail, Mailbox, RecordRef};
use reqwest::Method;
use serde_json::{Value, json};

use crate::http::Line;
use crate::request::{Kind, Request};
use crate::wire::{self, cut};

/// Characters of a subject; at least one is required.
const SUBJECT: usize = 250;

/// Logs `mail` on `record`. The Message-ID makes it unique in the CRM, so logging it again changes nothing.
pub(crate) async fn log(line: &mut Line<'_>, record: &RecordRef, mail: &LoggedMail) -> Result<(), CrmError> {
    let subject = Some(mail.subject.trim()).filter(|subject| !subject.is_empty()).unwrap_or("(no subject)");
    let body = json!({"Emails": [{
        "from": mailbox(&mail.from),
        "to": [mailbox(&mail.to)],
        "subject": cut(subject, SUBJECT),
        "content": html(&mail.text),
        "mail_format": "html",
        "date_time": wire::time(mail.at),
        "sent": mail.direction == Direction::Sent,
        "original_message_id": mail.message_id,
    }]});
    let path = [record.module.as_str(), record.id.as_str(), "actions", "associate_email"];
    let request = Request::send(Method::POST, Kind::Idempotent, "emails", path, body);
    match line.send(&request).await?.result("Emails") {
        Err(refusal) if refusal.code == "DUPLICATE_DATA" => Ok(()),
        result => result.map(drop).map_err(|refusal| refusal.into_error(Kind::Idempotent)),
    }
}

fn mailbox(mailbox: &Mailbox) -> Value {
    let address = mailbox.address.as_str();
    json!({"user_name": if mailbox.name.is_empty() { address } else { &mailbox.name }, "email": address})
}

/// Plain text as HTML that shows it line by line. Sent as `text`, a received mail's mark-up might come alive in the
/// salesperson's browser.
fn html(text: &str) -> String {
    let text = if text.trim().is_empty() { "(no text)" } else { text };
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    format!("<p>{}</p>", escaped.lines().collect::<Vec<_>>().join("<br>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(html("Hi,\r\n\r\n1 < 2 & \"so\""), "<p>Hi,<br><br>1 &lt; 2 &amp; &quot;so&quot;</p>");
        assert_eq!(html("<img src=x onerror=alert(1)>"), "<p>&lt;img src=x onerror=alert(1)&gt;</p>");
        assert_eq!(html(" \n"), "<p>(no text)</p>");
    }
}
