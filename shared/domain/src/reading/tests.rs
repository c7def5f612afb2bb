//! Small tables over the reader; whole mails are in `tests/reading`.

use jiff::civil::Date;

use super::*;

fn mail(subject: &str, text: &str, headers: &[(&str, &str)]) -> IncomingMail {
    IncomingMail {
        from: None,
        from_name: String::new(),
        to: vec![],
        subject: subject.into(),
        text: text.into(),
        message_id: "<1@example.com>".into(),
        in_reply_to: vec![],
        references: vec![],
        date: Some("2026-12-20T10:00:00Z".parse().unwrap()),
        machine_headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        report: None,
        offset_secs: 0,
        receipt: false,
        complaint: false,
        returned_ids: vec![],
    }
}

fn human(text: &str) -> Intent {
    let reading = read_mail(&mail("Re: Hello", text, &[]), &[]);
    assert_eq!(reading.kind, MailKind::Human, "{text}");
    reading.intent.unwrap()
}

#[test]
fn people_are_read_by_their_words() {
    assert_eq!(human("Yes, let's meet on Tuesday."), Intent::AgreedToMeet);
    assert_eq!(human("Let\u{2019}s meet, but first unsubscribe me from the newsletter"), Intent::Unsubscribed);
    assert_eq!(human("Not interested, thanks."), Intent::Deactivated);
    assert_eq!(human("Can you send me your brochure?"), Intent::BrochureRequested);
    assert_eq!(human("Please write again next quarter."), Intent::ConnectLater);
    assert_eq!(human("Who gave you my name?"), Intent::SeekingMoreInfo);
    assert_eq!(human("I recall meeting you."), Intent::Responded, "'call me' is not in 'recall meeting'");
}

#[test]
fn what_is_only_quoted_decides_nothing() {
    let reply = "Thanks!\n\nOn Mon 5 Jan 2026, Tara wrote:\n> Reply unsubscribe to leave\n";
    assert_eq!(human(reply), Intent::Responded);
    assert_eq!(read_mail(&mail("Re: x", reply, &[]), &[]).new_text, "Thanks!");
}

#[test]
fn software_is_read_by_its_headers() {
    let away = "I am away until 5 January and will not read mail.";
    let reading = read_mail(&mail("Away", away, &[("auto-submitted", "auto-replied")]), &[]);
    assert_eq!((reading.kind, reading.intent), (MailKind::AutoReply, Some(Intent::OutOfOffice)));
    assert_eq!(reading.return_date, Some(Date::constant(2027, 1, 6)), "5 January is the last day away");
    let person = read_mail(&mail("Re: x", "hello", &[("auto-submitted", "no")]), &[]);
    assert_eq!(person.kind, MailKind::Human);
    let subject = read_mail(&mail("Automatic reply: Hello", "Back on 2026-12-28.", &[]), &[]);
    assert_eq!(subject.return_date, Some(Date::constant(2026, 12, 28)));
    assert_eq!(read_mail(&mail("Automatic reply: x", "back on 31 february", &[]), &[]).return_date, None);
}

#[test]
fn every_file_parses_and_says_each_phrase_once() {
    let mut trouble = Vec::new();
    lexicon::Lexicon::read(&mut |error| trouble.push(error));
    assert_eq!(trouble, Vec::<String>::new());
    assert_eq!(lexicon::repeated(), Vec::<String>::new());
}
