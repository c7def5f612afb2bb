//! Mails as vacation responders, help desks and form servers send them.

use crate::corpus::{Style, Text};
use crate::language::Envelope;
use crate::wire::{Part, Transfer, html};

/// The message; an error names the field that cannot be written.
pub fn write(text: &Text, style: Style) -> Result<Vec<u8>, String> {
    let envelope = Envelope::of(text, style == Style::LocalCharset || style == Style::Domino)?;
    let mut headers = envelope.headers();
    let mut add = |lines: &[&str]| headers.extend(lines.iter().map(|&line| line.to_owned()));
    let answers = envelope.answers();
    match style {
        Style::Exchange => add(&[
            &answers,
            "Auto-Submitted: auto-generated",
            "X-Auto-Response-Suppress: All",
            "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent",
            "X-MS-Exchange-Inbox-Rules-Loop: mailbox",
        ]),
        Style::GmailVacation => {
            add(&[&answers, "Auto-Submitted: auto-replied", "Precedence: bulk", "X-Autoreply: yes"]);
        }
        Style::Sieve => add(&[&answers, "Auto-Submitted: auto-replied (vacation)"]),
        Style::Cpanel => add(&["Precedence: bulk", "X-Precedence: auto_reply", "X-Autorespond: your message"]),
        Style::Zimbra => add(&[&answers, "Auto-Submitted: auto-replied (zimbra; vacation)", "Precedence: bulk"]),
        Style::Domino => add(&[
            &answers,
            "Auto-submitted: auto-generated",
            "X-Mailer: Lotus Domino Release 9.0.1FP10 February 2018",
            "X-MIMETrack: Serialize by Router on MAIL01/ACME",
        ]),
        Style::Groupwise => add(&["X-Mailer: Novell GroupWise Internet Agent 14.2.2", "X-Autoreply: yes"]),
        Style::Zoho => {
            add(&[&answers, "Auto-Submitted: auto-replied", "X-Mailer: Zoho Mail", "X-ZohoMailClient: External"])
        }
        Style::Helpdesk => add(&[
            &answers,
            "Auto-Submitted: auto-generated",
            "X-Auto-Response-Suppress: All",
            "X-Delivery-Context: event-id-4711002",
            "Feedback-ID: 1:desk:ticket",
            "List-Unsubscribe: <https://desk.example/u/1f9c>",
        ]),
        Style::Challenge => {
            add(&[&answers, "Auto-Submitted: auto-replied", "Precedence: bulk", "X-Delivery-Agent: TMDA/1.1.12"]);
        }
        Style::HtmlOnly => add(&[&answers, "Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: OOF, DR"]),
        Style::LocalCharset => add(&[&answers, "Auto-Submitted: auto-replied"]),
        // Some responders do not even say what they answer.
        _ => {}
    }
    let body = match &text.closing {
        Some(closing) => format!("{}\n{closing}", text.body.trim_end()),
        None => text.body.trim_end().to_owned(),
    };
    let markup = || {
        format!(
            "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\n\
             <style>p.MsoNormal {{ margin: 0cm; font-size: 11pt }}</style></head>\n<body lang=\"{}\">{}</body></html>\n",
            text.lang,
            html(&body)
        )
    };
    let part = match style {
        Style::Exchange => alternative(&body, &markup(), Transfer::Base64),
        Style::GmailVacation | Style::Helpdesk => alternative(&body, &markup(), Transfer::Quoted),
        Style::Zoho => alternative(&body, &format!("<div>{}</div>", html(&body)), Transfer::Quoted),
        Style::HtmlOnly => Part::utf8("html", &markup(), Transfer::Base64),
        Style::Sieve | Style::Zimbra | Style::Challenge => Part::utf8("plain", &body, Transfer::Quoted),
        Style::Domino => Part::local("plain", &body, &text.lang, Transfer::Quoted),
        Style::LocalCharset if text.lang == "zh" => Part::local("plain", &body, &text.lang, Transfer::Base64),
        Style::LocalCharset => Part::local("plain", &body, &text.lang, Transfer::Raw),
        _ => Part::utf8("plain", &body, Transfer::Raw),
    };
    Ok(part.message(&headers))
}

fn alternative(text: &str, markup: &str, transfer: Transfer) -> Part {
    let parts = [Part::utf8("plain", text, transfer), Part::utf8("html", markup, transfer)];
    Part::alternative("_000_5f3ab2c1_", &parts)
}
