//! What mail systems write in words, with or without a report.

use domain::{Bounce, BounceKind, EmailAddress, enhanced_status};

use super::{REPORT, begins_with_any, contains_any, plain};
use crate::read::fields::Fields;
use crate::read::report::Letter;
use crate::text::head;

/// Who only writes about delivery.
const MAILERS: &[&str] = &[
    "mailer-daemon",
    "mailer daemon",
    "mailerdaemon",
    "mail delivery system",
    "mail delivery subsystem",
    "mail delivery service",
    "microsoftexchange329e",
];

/// Who also writes about delivery, besides other things.
const OFFICES: &[&str] = &[
    "postmaster",
    "mail router",
    "mail-router",
    "mdaemon@",
    "mail administrator",
    "system administrator",
    "systemadministrator",
    "administrateur syst",
    "mail system",
];

/// What subjects of letters about delivery contain, in the languages of large mail systems.
const SUBJECTS: &[&str] = &[
    "undeliver",
    "nondeliverable",
    "non-deliverable",
    "delivery status notification",
    "delivery notification",
    "delivery failure",
    "delivery has failed",
    "delivery failed",
    "delivery delayed",
    "delivery incomplete",
    "delivery problem",
    "delivery error",
    "delivery report",
    "delivery unsuccessful",
    "permanent delivery",
    "mail delivery",
    "message delivery",
    "mail failure",
    "mail system error",
    "mail not delivered",
    "message not delivered",
    "message blocked",
    "message you sent blocked",
    "message rejected",
    "could not send message",
    "could not be delivered",
    "couldn't be delivered",
    "unable to deliver",
    "failure notice",
    "returned mail",
    "returned to sender",
    "still being retried",
    "warning: message",
    "unzustellbar",
    "nicht zugestellt",
    "zustellung fehlgeschlagen",
    "fehler bei der zustellung",
    "zustellung verzögert",
    "non remis",
    "non distribu",
    "échec de la remise",
    "no se puede entregar",
    "no se ha podido entregar",
    "no entregado",
    "non recapitabile",
    "mancato recapito",
    "não é possível entregar",
    "não entregue",
    "onbestelbaar",
    "niet bezorgd",
    "недоставлен",
    "не доставлен",
    "не удается доставить",
    "nie można dostarczyć",
    "nie dostarczono",
    "nelze doručit",
    "kan inte levereras",
    "kan ikke leveres",
    "配信不能",
    "无法送达",
    "échec de remise",
    "échec de distribution",
    "remise échouée",
    "non-remise",
    "fallo en la entrega",
    "fallo de entrega",
    "error de entrega",
    "devuelto",
    "falha na entrega",
    "falha de entrega",
    "devolvid",
    "consegna fallita",
    "mancata consegna",
    "impossibile recapitare",
    "nicht zustellbar",
    "zustellfehler",
    "unzustellbare",
    "niet afgeleverd",
    "niedostarcz",
    "nie doręcz",
    "ошибка доставки",
    "не доставлено",
    "не может быть доставлено",
    "teslim edilemedi",
    "iletilemedi",
    "nedoručen",
    "kézbesíthetetlen",
    "olevererbar",
    "ej levererat",
    "ikke levert",
    "ikke leveret",
    "toimitus epäonnistui",
    "配信できません",
    "配送不能",
    "不達",
    "退信",
    "被退回",
    "未送达",
    "投递失败",
    "無法傳遞",
    "배달되지",
    "반송",
];

/// How such letters begin. A person, or an absence, does not.
const OPENINGS: &[&str] = &[
    "hi. this is the qmail-send program",
    "hi. this is the",
    "hi! this is the ezmlm program",
    "this is the mail system at",
    "this is the postfix program",
    "this is an automatically generated delivery status notification",
    "this message was created automatically by mail delivery software",
    "this report relates to a message you sent",
    "this is a delivery status notification",
    "the original message was received at",
    "delivery has failed to these recipients",
    "delivery to the following recipient",
    "delivery of the following message",
    "your message did not reach",
    "your message wasn't delivered",
    "your message couldn't be delivered",
    "your message could not be delivered to",
    "your message to the following recipients cannot be delivered",
    "your mail message to the following address",
    "we're sorry, but your message",
    "sorry, we were unable to deliver your message",
    "sorry it didn't work out",
    "unable to deliver message to",
    "unfortunately, the following message could not be delivered",
    "i'm sorry to have to inform you",
    "i'm afraid i wasn't able to deliver",
    "the following recipient(s) cannot be reached",
    "the following message to <",
    "the following addresses had",
    "a message that you sent could not be delivered",
    "address not found",
    "message not delivered",
    "an error occurred while trying to deliver the mail",
];

/// How the first sentence of other such letters begins, and how it goes on.
const TOPICS: &[&str] = &["your message", "your email", "your e-mail", "your mail", "the message", "the following"];
const NOT_DELIVERED: &[&str] = &[
    "not be delivered",
    "n't be delivered",
    "not delivered",
    "n't delivered",
    "not deliver",
    "undeliverable",
    "was rejected",
    "was refused",
];

/// How the subject of an answer begins, a person's or an absence's. It repeats whatever ours was.
const ANSWERS: &[&str] = &[
    "re:",
    "re :",
    "aw:",
    "sv:",
    "vs:",
    "fw:",
    "fwd:",
    "wg:",
    "tr:",
    "tr :",
    "rv:",
    "automatic reply",
    "automated reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto:",
    "out of office",
    "out of the office",
    "automatische antwort",
    "abwesen",
    "réponse automatique",
    "absence",
    "respuesta automática",
    "fuera de la oficina",
    "risposta automatica",
    "resposta automática",
    "automatisch antwoord",
    "autosvar",
    "автоответ",
    "自動応答",
    "自动回复",
];

/// Words that delivery is still tried.
const DELAYED: &[&str] = &[
    "delay",
    "warning",
    "could not send message for",
    "incomplete",
    "still being retried",
    "verzögert",
    "retardé",
    "retrasad",
    "will continue to try",
    "will continue trying",
    "will keep trying",
    "delivery attempts will continue",
    "message has not yet been delivered",
    "this is a warning message only",
];

/// Did software write this letter? One hint is enough where there is a report besides.
pub(super) fn is_from_software(letter: Letter<'_>) -> bool {
    sender(letter) > 0
}

/// A letter about a delivery that failed, or has not succeeded yet, in words alone.
///
/// It takes two of three: a mail system wrote it, the subject is about delivery, it begins as such letters do. A null
/// return path alone makes none, absences are sent with it too; nor does the subject, which an answer repeats.
pub(super) fn read(letter: Letter<'_>) -> Option<Bounce> {
    let words = own_words(letter.text);
    let answers = begins_with_any(letter.subject, ANSWERS);
    let subject = u8::from(!answers && contains_any(letter.subject, SUBJECTS));
    let begins = opening(words);
    // Absences say this too, below another subject.
    let says_so = subject > 0 && begins_with_any(begins, TOPICS) && contains_any(head(begins, 400), NOT_DELIVERED);
    let opening = u8::from(says_so || begins_with_any(begins, OPENINGS));
    if sender(letter) + subject + opening < 2 + u8::from(answers) {
        return None;
    }
    let status = enhanced_status(words).map(str::to_owned);
    let delayed = contains_any(letter.subject, &DELAYED[..8]) || contains_any(words, &DELAYED[8..]);
    let kind = if delayed { BounceKind::Soft } else { BounceKind::of_failure(status.as_deref(), words) };
    Some(Bounce { kind, recipient: recipient(letter), status })
}

/// How surely a mail system wrote it: 0, 1 or 2.
fn sender(letter: Letter<'_>) -> u8 {
    let fields = letter.fields;
    let from = fields.text("from").unwrap_or_default();
    let is = |name: &str, value: &str| fields.text(name).is_some_and(|text| text.eq_ignore_ascii_case(value));
    let surely = contains_any(&from, MAILERS)
        || ["x-failed-recipients", "x-ms-exchange-message-is-ndr"].iter().any(|name| fields.has(name))
        || is("content-class", "urn:content-classes:dsn")
        || fields.media("content-type").is_some_and(|media| media.says("report-type", "delivery-status"));
    if surely { 2 } else { u8::from(is("return-path", "<>") || contains_any(&from, OFFICES)) }
}

/// Without the line of stars or the greeting above.
fn opening(words: &str) -> &str {
    words.trim_start_matches(|c: char| !c.is_alphanumeric())
}

/// The recipient that a letter is about: named in its header, else in its words, else in the mail it returns.
pub(super) fn recipient(letter: Letter<'_>) -> Option<EmailAddress> {
    let failed = letter.fields.text("x-failed-recipients");
    let named = failed.and_then(|list| list.split(',').find_map(|one| EmailAddress::parse(one).ok()));
    named.or_else(|| {
        let to: Vec<_> = returned(letter.text)
            .first()
            .into_iter()
            .flat_map(|mail| mail.mailboxes("to"))
            .filter_map(|m| m.1)
            .collect();
        let mentioned = mentioned(letter);
        let ours = mentioned.iter().find(|address| to.contains(address));
        ours.or(mentioned.first()).or(to.first()).cloned()
    })
}

/// The addresses in a letter's words that are neither ours nor its writer's.
fn mentioned(letter: Letter<'_>) -> Vec<EmailAddress> {
    let about_us = ["from:", "sender:", "reply-to:", "return-path:", "message-id:", "reporting-mta:", "von:", "de :"];
    let lines = own_words(letter.text).lines().filter(|line| !begins_with_any(line, &about_us));
    let words = lines.flat_map(|line| line.split(|c: char| c.is_whitespace() || "<>()[]\"',;:".contains(c)));
    let addresses =
        words.filter(|word| word.contains('@')).filter_map(|word| EmailAddress::parse(word.trim_matches('.')).ok());
    let office = |a: &EmailAddress| ["postmaster@", "mailer-daemon@"].iter().any(|name| a.as_str().starts_with(name));
    addresses.filter(|a| !letter.to.contains(a) && letter.from != Some(a) && !office(a)).take(100).collect()
}

/// A letter without the mail that it returns as text.
pub(super) fn own_words(text: &str) -> &str {
    let text = head(text, REPORT);
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let line = plain(line);
        let returns = line.starts_with('-') && RETURNS.iter().any(|words| line.contains(words));
        if end > 0 && (returns || HEADER.iter().any(|name| line.starts_with(name))) {
            return &text[..end];
        }
        end += line_len(&text[end..]);
    }
    text
}

/// Lines above a returned mail.
const RETURNS: &[&str] =
    &["copy of", "original message", "returned message", "message header", "unsent message", "your message follows"];

/// Fields that begin the header of a returned mail, and no line of a letter.
const HEADER: &[&str] = &["return-path: <", "received: "];

fn line_len(rest: &str) -> usize {
    rest.find('\n').map_or(rest.len(), |at| at + 1)
}

/// The headers of the mails that a letter returns as text, as qmail and Exim do.
pub(super) fn returned(text: &str) -> Vec<Fields<'_>> {
    // Each blank line may be followed by the header of the returned mail.
    let blocks = text.split("\n\n").map(|block| Fields::split(block.as_bytes()).0);
    blocks.filter(|block| block.has("message-id")).take(20).collect()
}
