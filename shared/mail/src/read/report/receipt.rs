//! Notices that ask for nothing and come without a report: a mail was read, or delivered. And the one complaint of a
//! large provider that comes so.

use super::{begins_with_any, contains_any};
use crate::read::report::{Letter, letter};

/// How Exchange and Outlook begin the subject when a mail was read, or deleted unread, in the languages of Europe first.
const READ: &[&str] = &[
    "read:",
    "not read:",
    "return receipt",
    "read receipt",
    "gelesen:",
    "ungelesen:",
    "nicht gelesen:",
    "lu :",
    "lu:",
    "non lu :",
    "non lu:",
    "leído:",
    "no leído:",
    "letto:",
    "non letto:",
    "lida:",
    "não lida:",
    "gelezen:",
    "niet gelezen:",
    "przeczytano:",
    "läst:",
    "lest:",
    "прочитано:",
    "開封済み:",
    "已读:",
];

/// How its text begins, where it has any. A person's mail may have such a subject; it goes on otherwise.
const YOUR_MESSAGE: &[&str] = &[
    "(attached: winmail.dat)",
    "your message",
    "this is a receipt",
    "ihre nachricht",
    "votre message",
    "su mensaje",
    "el mensaje",
    "il messaggio",
    "a sua mensagem",
    "sua mensagem",
    "uw bericht",
    "twoja wiadomość",
    "ваше сообщение",
    "メッセージ",
];

/// How mail systems begin the subject when a mail arrived.
const ARRIVED: &[&str] = &[
    "delivered:",
    "relayed:",
    "expanded:",
    "successful mail delivery",
    "zugestellt:",
    "remis :",
    "entregado:",
    "consegnato:",
    "weitergeleitet:",
];

/// Does it say that a mail of ours was read or has arrived?
pub(super) fn is_receipt(letter: Letter<'_>) -> bool {
    let class = letter.fields.text("content-class").unwrap_or_default();
    let read = || {
        let text = letter.text.trim();
        begins_with_any(letter.subject, READ) && (text.is_empty() || begins_with_any(text, YOUR_MESSAGE))
    };
    let arrived = || begins_with_any(letter.subject, ARRIVED) && letter::is_from_software(letter);
    let media = letter.fields.media("content-type");
    contains_any(&class, &["content-classes:mdn", ".ipnrn", ".ipnnrn"])
        || media.is_some_and(|media| media.says("report-type", "disposition-notification"))
        || read()
        || arrived()
}

/// Does Microsoft's feedback loop say that a mail was called junk? It attaches the mail and writes no report.
pub(super) fn is_complaint(letter: Letter<'_>) -> bool {
    let from = letter.from.is_some_and(|from| ["hotmail.com", "outlook.com", "live.com"].contains(&from.domain()));
    from && begins_with_any(letter.subject, &["complaint about message"])
}
