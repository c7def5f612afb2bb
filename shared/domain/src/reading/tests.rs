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
fn kinds_of_replies() {
    let cases = [
        ("stop", Intent::Unsubscribed),
        ("Remove", Intent::Unsubscribed),
        ("Please remove jo@example.com from your mailings.", Intent::Unsubscribed),
        ("We do all of that in-house.", Intent::Deactivated),
        ("No budget, no need, no time.", Intent::Deactivated),
        ("That's not my area.", Intent::Deactivated),
        ("Das machen wir alles selbst.", Intent::Deactivated),
        ("Ce n'est pas notre domaine.", Intent::Deactivated),
        ("Dat is niks voor ons.", Intent::Deactivated),
        ("Vi klarer det selv.", Intent::Deactivated),
        ("Declined: Intro call", Intent::Deactivated),
        ("Accepted: Intro call", Intent::AgreedToMeet),
        ("New time proposed: Intro call", Intent::AgreedToMeet),
        ("Ask my boss.", Intent::ReferredSomeone),
        ("Wrong person, sorry. sven@example.com is who you need.", Intent::ReferredSomeone),
        ("Da müssten Sie bei Frau Kern im Einkauf nachfragen.", Intent::ReferredSomeone),
        ("Let me check with the team and I'll get back to you.", Intent::Responded),
        ("Ich bespreche das intern.", Intent::Responded),
        ("OK, give me a bell.", Intent::AgreedToMeet),
        ("Would love to see it in action.", Intent::AgreedToMeet),
        ("木曜の午後なら空いています。", Intent::AgreedToMeet),
        ("周四下午可以。", Intent::AgreedToMeet),
        ("Let's do it.", Intent::InterestedToProceed),
        ("Please quote us for 3 lines.", Intent::InterestedToProceed),
        ("Pick this up again when our new site opens.", Intent::ConnectLater),
        ("Put it in writing and I'll read it.", Intent::BrochureRequested),
        ("Haben Sie was zum Lesen?", Intent::BrochureRequested),
        ("Stuur maar wat informatie op.", Intent::BrochureRequested),
        ("What makes you different?", Intent::SeekingMoreInfo),
        ("Are you GDPR compliant?", Intent::SeekingMoreInfo),
    ];
    for (text, intent) in cases {
        assert_eq!(human(text), intent, "{text}");
    }
}

#[test]
fn what_is_only_quoted_decides_nothing() {
    let reply = "Thanks!\n\nOn Mon 5 Jan 2026, Tara wrote:\n> Reply unsubscribe to leave\n";
    assert_eq!(human(reply), Intent::Responded);
    assert_eq!(read_mail(&mail("Re: x", reply, &[]), &[]).new_text, "Thanks!");
}

#[test]
fn our_own_line_about_how_to_stop_decides_nothing() {
    for language in crate::Language::ALL {
        for url in ["", "https://sales.example/unsubscribe/x"] {
            let ours = format!("Hello Ada,\n\nshort note.\n\nTara Reed\n\n{}", crate::standing::opt_out(language, url));
            let reply = format!("What does it cost?\n\n{ours}\n");
            assert_eq!(human(&reply), Intent::SeekingMoreInfo, "{reply}");
        }
    }
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

#[test]
fn history_signatures_and_footers_are_cut_in_any_language() {
    let cases = [
        (
            "Danke, passt.\n\nAm Mo., 3. Aug. 2026 um 09:12 Uhr schrieb Tara <t@example.com>:\n> Termin?",
            "Danke, passt.",
        ),
        ("Merci.\n\nLe lun. 3 août 2026 à 09:12, Tara\n<t@example.com> a écrit :\n\n> Bonjour", "Merci."),
        (
            "Gracias.\n\nDe: Tara <t@example.com>\nEnviado: lunes, 3 de agosto\nPara: Ana\nAsunto: Hola\n\nbaja",
            "Gracias.",
        ),
        ("承知しました。\n\n2026年8月3日(月) 9:12 Tara <t@example.com>:\n> 資料", "承知しました。"),
        ("> Termin?\nGern.\n> Preis?\nOffen.", "Gern.\n\nOffen."),
        ("No.\n\nSent from my iPhone", "No."),
        ("No thanks.\n\nBest regards,\nAnna Berg\nCEO\n+49 30 123", "No thanks."),
        ("See below.\n-- \nAnna\nunsubscribe", "See below."),
        ("*Von:* Tara\n*Gesendet:* Montag\n*An:* Anna\n*Betreff:* x\n\nHallo", ""),
    ];
    for (text, new) in cases {
        assert_eq!(split_reply(text), new, "{text}");
    }
}

#[test]
fn dates_are_read_as_they_are_written_in_each_language() {
    let monday = Date::constant(2026, 8, 3);
    let cases = [
        ("Ich bin ab dem 17.8. wieder im Büro.", "2026-08-17"),
        ("Ich bin vom 3. bis 14. August im Urlaub.", "2026-08-17"),
        ("Erst in KW 34 bin ich wieder erreichbar.", "2026-08-17"),
        ("Je serai de retour le lundi 24 août.", "2026-08-24"),
        ("Estaré fuera hasta el 14 de agosto.", "2026-08-17"),
        ("Sarò di nuovo in ufficio il 1° settembre.", "2026-09-01"),
        ("Estou de férias até 14/08/2026.", "2026-08-17"),
        ("Ik ben vanaf 17 augustus weer bereikbaar.", "2026-08-17"),
        ("Jestem na urlopie do 14 sierpnia.", "2026-08-17"),
        ("Jag är åter på kontoret den 17 augusti.", "2026-08-17"),
        ("8月17日より通常通り出社いたします。", "2026-08-17"),
        ("我将于8月17日返回办公室。", "2026-08-17"),
        ("Я вернусь в офис 17 августа.", "2026-08-17"),
        ("Back on Monday.", "2026-08-10"),
        ("I am out of the office until Friday 14 August and back on Monday.", "2026-08-17"),
        ("I'll be back in the office on 2 January.", "2027-01-02"),
        ("I return on 2026-08-31.", "2026-08-31"),
    ];
    for (text, day) in cases {
        assert_eq!(return_date(text, monday, false), day.parse().ok(), "{text}");
    }
    assert_eq!(return_date("I am back on 8/17.", monday, true), Some(Date::constant(2026, 8, 17)));
    let none = [
        "Call +49 30 1708 2026.",
        "Back on 31 February.",
        "Back since 1 July 2026.",
        "Mon to Fri 9-17",
        "It costs 17.08 EUR.",
    ];
    for text in none {
        assert_eq!(return_date(text, monday, false), None, "{text}");
    }
}

#[test]
fn a_negation_reaches_to_the_end_of_its_clause() {
    assert_eq!(human("No need to unsubscribe me, let's talk on Tuesday."), Intent::AgreedToMeet);
    assert_eq!(human("Please do not call, send a PDF."), Intent::BrochureRequested);
    assert_eq!(human("Sie müssen mich nicht abmelden."), Intent::Responded);
    assert_eq!(human("Not the right time, write in March."), Intent::ConnectLater);
}

#[test]
fn a_person_who_is_away_is_no_software() {
    let person =
        read_mail(&mail("Re: Hello", "I'm out next week, call me after.", &[("x-auto-response-suppress", "All")]), &[]);
    assert_eq!(person.kind, MailKind::Human);
    let list = read_mail(&mail("Re: Hello", "Sounds good.", &[("precedence", "list"), ("list-id", "<x>")]), &[]);
    assert_eq!(list.kind, MailKind::Human);
    let bare = "Thank you for your email. I am out of the office until 3 January. In urgent cases contact Jo.";
    assert_eq!(read_mail(&mail("Re: Hello", bare, &[]), &[]).kind, MailKind::AutoReply);
}

#[test]
fn the_right_person_is_the_one_named() {
    let left = "I no longer work here. Please contact jo@example.com; copy ann@example.org.";
    let reading = read_mail(&mail("Re: x", left, &[]), &[]);
    assert_eq!(reading.intent, Some(Intent::MovedOut));
    assert_eq!(reading.referred_to, EmailAddress::parse("jo@example.com").ok());
    let spelled = read_mail(&mail("Re: x", "Please reach jane (at) acme dot example for this.", &[]), &[]);
    assert_eq!(spelled.intent, Some(Intent::ReferredSomeone));
    assert_eq!(spelled.referred_to, EmailAddress::parse("jane@acme.example").ok());
    let away = "I am out of the office until Friday. In urgent cases contact jo@example.com.";
    assert_eq!(read_mail(&mail("Automatic reply: x", away, &[]), &[]).referred_to, None);
}

#[test]
fn a_return_date_is_read_however_it_is_spelt() {
    let monday = Date::constant(2026, 8, 3);
    // What is written, and the first and last day that may be read from it.
    let cases = [
        ("Ich bin ab Montag, 17. August, wieder für Sie da.", "2026-08-17", "2026-08-17"),
        ("Je suis absent jusqu'au 14 inclus.", "2026-08-14", "2026-08-17"),
        ("Estoy de vacaciones, vuelvo el lunes 17.", "2026-08-17", "2026-08-17"),
        ("ご返信は17日以降となります。", "2026-08-17", "2026-08-17"),
        ("We are closed and will be back on the first working day of the new year.", "2027-01-01", "2027-01-08"),
        ("I'm traveling, back in two weeks.", "2026-08-14", "2026-08-24"),
        ("I'm off sick today, back tomorrow.", "2026-08-04", "2026-08-04"),
        ("I'm out 3-7 August and again 17-21 August.", "2026-08-07", "2026-08-10"),
        ("Ich habe bis Freitag, den 14. August, Urlaub.", "2026-08-14", "2026-08-17"),
        ("Sarò in ufficio dal 1° settembre.", "2026-09-01", "2026-09-01"),
        ("Estarei de volta ao escritório na próxima segunda-feira, dia 24.", "2026-08-24", "2026-08-24"),
        ("Jag har semester vecka 31-34 och är tillbaka v 35.", "2026-08-24", "2026-08-30"),
        ("Kontakt meg i midten av september.", "2026-09-10", "2026-09-20"),
        ("Eylülde tekrar görüşelim.", "2026-09-01", "2026-09-30"),
        ("Je suis absent aujourd'hui, de retour demain.", "2026-08-04", "2026-08-04"),
        ("Mañana estaré de vuelta en la oficina.", "2026-08-04", "2026-08-04"),
        ("Left for annual leave on July 27; will be back August 17th.", "2026-08-17", "2026-08-17"),
        ("Please circle back after Sept 30.", "2026-10-01", "2026-10-01"),
        ("Melden Sie sich im zweiten Halbjahr 2027.", "2027-07-01", "2027-12-31"),
        ("Please try again in the first half of 2027.", "2027-01-01", "2027-06-30"),
        ("Ich bin ab 17ten August wieder da.", "2026-08-17", "2026-08-17"),
        ("Back on the 17th of this month.", "2026-08-17", "2026-08-17"),
        ("Back on the 17th of next month.", "2026-09-17", "2026-09-17"),
        ("Zurück am 17. des Monats.", "2026-08-17", "2026-08-17"),
        ("Wir haben Betriebsferien. Am 17.8. beantworte ich Ihre Mail.", "2026-08-17", "2026-08-17"),
        ("Back after 14 August.", "2026-08-17", "2026-08-17"),
        ("Jag har semester v. 32-33.", "2026-08-17", "2026-08-17"),
        ("Ich bin in KW 32, 33 und 34 nicht da.", "2026-08-24", "2026-08-24"),
    ];
    for (text, first, last) in cases {
        let read = return_date(text, monday, false);
        let (first, last): (Date, Date) = (first.parse().unwrap(), last.parse().unwrap());
        assert!(read.is_some_and(|day| first <= day && day <= last), "{text} {read:?}");
    }
    let none = [
        "I am out of the office. Your case is 2026-08-17-99.",
        "Ich bin nicht im Büro. Zeiten: Mo-Fr 9-17 Uhr, Tel. 0171 14.08.22.",
        "I'm out. In 3 of 7 cases my colleague can help.",
        "Je suis absent. Ref 12/2026-334, 01 42 68 53 00.",
        "我现在不在办公室，回来后会尽快回复您。",
    ];
    for text in none {
        assert_eq!(return_date(text, monday, false), None, "{text}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn no_text_takes_long() {
    let hostile = [
        "Ich bin bis 14. August weg. Please remove me > foo On Mon wrote: {a} 3/4 5-6 a.b.c@d ",
        "unsubscribe not ",
        "week 3, 4, 5 ",
        "Monday 17 ",
        "back until 3 august ",
        "Best regards\nx\n",
        "-----\nx\n",
        "a wrote\n\n\n\n\n\n\n\n",
        "From: x\n\n",
        "12.",
    ];
    // The first mail pays for the lexicon.
    read_mail(&mail("Re: x", "hello", &[]), &[]);
    for words in hostile {
        let text = words.repeat(split::LONGEST / words.len());
        let start = std::time::Instant::now();
        read_mail(&mail("Re: x", &text, &[]), &[]);
        // A hundred times what it takes when built for release; reading that grows with the square takes minutes.
        assert!(start.elapsed().as_secs() < 10, "{words:?} took {:?}", start.elapsed());
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    #[test]
    fn anything_is_read(subject in ".{0,60}", text in "(\\PC|[\n>:.,@0-9/-]|On |wrote:|From:|until |August |3 ){0,400}") {
        let reading = read_mail(&mail(&subject, &text, &[]), &[]);
        proptest::prop_assert!(reading.new_text.len() <= text.len());
        proptest::prop_assert!(!reading.evidence.is_empty());
    }
}
