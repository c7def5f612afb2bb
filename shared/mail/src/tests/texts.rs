//! The text of a mail is what its reader sees, and what its reader can be read from.

use super::reading::read;

/// `check(the mail, its text)`
fn check(mail: &str, text: &str) {
    assert_eq!(read(mail.as_bytes()).text, text, "{mail}");
}

#[test]
fn the_text_is_what_a_reader_sees() {
    check("Subject: no body\n", "");
    check("Subject: the blank line is missing\nThis is text\n", "This is text");
    check("no header at all\n", "no header at all");
    check("Content-Type: text\n\nof no type", "of no type");
    check("From ada@example.com Sat Jan  1 00:00:00 2028\nSubject: from a mailbox file\n\nHi\n", "Hi");
    check("Content-Type: text/plain; charset=nonsense\n\nÉté", "Été");
    check("Content-Transfer-Encoding: quoted-printable\n\n50 = half=\n =C3=A9t=C3=A9 =ZZ = x", "50 = half été =ZZ = x");
    let multipart = "Content-Type: multipart/mixed; boundary=\"b\"\n\npreamble\n";
    check(&format!("{multipart}--b\n\none\n--b\nContent-Type: text/plain\n\ntwo\n--b--\nepilogue"), "one\ntwo");
    check(&format!("{multipart}--b\n\nnever closed"), "never closed");
    check(&format!("{multipart}--b-not\n\ntext"), "preamble\n--b-not\n\ntext");
    check(&format!("{multipart}--b  \n\n--bc\nshared beginning\n--b--"), "--bc\nshared beginning");
    check(&format!("{multipart}--b\nContent-Disposition: attachment\n\nfile\n--b\n\ntext\n--b--"), "text");
    let alternative = "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n \n--b\nContent-Type: text/html\n\n";
    check(&format!("{alternative}<p>Sent by a phone</p>\n--b--"), "Sent by a phone");
    check("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: inner\n\ninner text\n--b--", "");
}

#[test]
fn html_becomes_lines() {
    let check = |html: &str, text: &str| check(&format!("Content-Type: text/html\n\n{html}"), text);
    check("a<br>b<br/>c", "a\nb\nc");
    check("<div>a</div><div>b</div>", "a\nb");
    check("<div>a</div><div><br></div><div>b</div>", "a\n\nb");
    check("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc");
    check("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n> > b\n\nc");
    check("<pre>a\n  b</pre>", "a\nb");
    check("1 < 2 &amp;&amp; 3 > 2 & &unknown; &#x41;&#66;", "1 < 2 && 3 > 2 & &unknown; AB");
    check("<a href=\"x>y\">link</a> <img alt='no'>", "link");
    check("<span style='DISPLAY : none'>x<span>y</span>z</span>shown", "shown");
    check("<style>a</style><script>if (a < b) {}</script>text<style>never closed", "text");
    check("<!-- <p>a</p> -->b<!doctype x><?xml y?>c", "bc");
    check("a <b", "a");
}

#[test]
fn what_is_hidden_is_left_out() {
    let check = |html: &str, text: &str| check(&format!("Content-Type: text/html\n\n{html}"), text);
    for attributes in [
        "style='display:none'",
        "style=\"color:red; DISPLAY: none !important\"",
        "style='visibility:hidden'",
        "style='mso-hide:all'",
        "style='font-size:0px;color:#fff'",
        "style='font-size: 0'",
        "style='max-height:0;overflow:hidden'",
        "style='opacity:0'",
        "hidden",
        "class='preheader big'",
    ] {
        check(&format!("<p>a</p><div {attributes}>x<div>y</div>z</div><p>b</p>"), "a\n\nb");
    }
    for attributes in
        ["style='font-size:0.9em'", "style='opacity:0.5'", "class='header'", "style='display:block'", "title='hidden'"]
    {
        check(&format!("<div {attributes}>seen</div>"), "seen");
    }
    check("<td style='font-size:0px;padding:9px'><p style='font-size:13px'>framed</p></td>", "framed");
}

#[test]
fn history_is_quoted_whatever_language_stands_above_it() {
    let check = |html: &str, text: &str| check(&format!("Content-Type: text/html\n\n{html}"), text);
    check(
        "<div>Ja</div><div class='gmail_quote'><div dir='ltr' class='gmail_attr'>Tara skrev den 3. nov. kl. 9:<br></div>\
         <blockquote class='gmail_quote'>Hi</blockquote></div>",
        "Ja\n> Tara skrev den 3. nov. kl. 9:\n>\n> Hi",
    );
    check(
        "<div class=gmail_quote><div class=gmail_attr>On Monday Tara wrote:<br></div><blockquote>Price?</blockquote><div>Ten.</div></div>",
        "> On Monday Tara wrote:\n>\n> Price?\n\nTen.",
    );
    check(
        "FYI<div class='gmail_quote'><div class='gmail_attr'>---------- Videresendt ---------<br>Fra: Tara</div>Hi</div>",
        "FYI\n> ---------- Videresendt ---------\n> Fra: Tara\n> Hi",
    );
    for above in [
        "<div id='appendonsend'></div><hr>",
        "<hr id='stopSpelling'>",
        "<hr id=\"zwchr\">",
        "<div id=\"divRplyFwdMsg\" dir=\"ltr\">",
        "<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>",
    ] {
        let html = format!("<p>Kyll\u{e4}.</p>{above}<p>L\u{e4}hett\u{e4}j\u{e4}: Tara</p></div><div>Hei</div>");
        let mail = read(format!("Content-Type: text/html; charset=utf-8\n\n{html}").as_bytes());
        let new: Vec<_> = mail.text.lines().filter(|line| !line.is_empty() && !line.starts_with(['>', '_'])).collect();
        assert_eq!(new, ["Kyll\u{e4}."], "{above}: {}", mail.text);
        assert!(mail.text.contains("> Hei"), "{}", mail.text);
    }
    for (open, close) in [
        ("<div class='moz-cite-prefix'>", "</div>"),
        ("<div class=\"protonmail_quote\">", "</div>"),
        ("<div class='yahoo_quoted x'><div>", "</div></div>"),
        ("<div name='quote' style='border-left:2px solid'>", "</div>"),
        ("<div class='zmail_extra'>", "</div>"),
    ] {
        check(&format!("new{open}old{close}<p>newer</p>"), "new\n> old\n\nnewer");
    }
}

#[test]
fn a_signature_stands_below_its_line() {
    let check = |html: &str, text: &str| check(&format!("Content-Type: text/html\n\n{html}"), text);
    check("<div>Yes</div><div id='Signature'><p>Ada</p></div>", "Yes\n-- \n\nAda");
    check(
        "Yes<br><span class='gmail_signature_prefix'>-- </span><br><div class='gmail_signature'>Ada</div>",
        "Yes\n-- \nAda",
    );
    check("Yes<br>--<br><div class='gmail_signature'>Ada</div>", "Yes\n-- \nAda");
    check("<div class='gmail_signature'>All of it</div>", "All of it");
    check("<div id='ms-outlook-mobile-signature'><div>Get Outlook</div></div>", "Get Outlook");
}

#[test]
fn broken_lines_are_joined() {
    let check = |attributes: &str, lines: &str, text: &str| {
        check(&format!("Content-Type: text/plain; format=Flowed{attributes}\n\n{lines}"), text);
    };
    check("", "one \ntwo\nthree\n\n four", "one two\nthree\n\nfour");
    check("; delsp=yes", "\u{5c71} \n\u{7530}", "\u{5c71}\u{7530}");
    check("", "a \n> b \n> c\n>> d \ne", "a \n> b c\n>> d \ne");
    check("", "a \n-- \nAda", "a \n-- \nAda");
    check("", " From here\n >not quoted", "From here\n>not quoted");
}

#[test]
fn an_invitation_is_a_sentence() {
    let text = |method: &str, event: &str| {
        let calendar = format!(
            "BEGIN:VCALENDAR\nMETHOD:{method}\nBEGIN:VTIMEZONE\nDTSTART:19700101T000000\nEND:VTIMEZONE\nBEGIN:VEVENT\n{event}\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        read(format!("Content-Type: text/calendar; method={method}\n\n{calendar}").as_bytes()).text
    };
    let guest = "SUMMARY:Demo\nATTENDEE;PARTSTAT=";
    assert_eq!(
        text("REPLY", &format!("{guest}DECLINED:mailto:a@b.example\nCOMMENT:Too early\\, sorry\\nAda")),
        "Declined: Demo\nToo early, sorry\nAda"
    );
    assert_eq!(text("REPLY", &format!("{guest}TENTATIVE:mailto:a@b.example")), "Tentatively accepted: Demo");
    assert_eq!(text("reply", "ATTENDEE:mailto:a@b.example"), "Answered");
    assert_eq!(
        text("COUNTER", "SUMMARY:Demo\nDTSTART;TZID=Europe/Berlin:20261112T143000"),
        "New time proposed: Demo, 2026-11-12 14:30 Europe/Berlin"
    );
    assert_eq!(
        text("REQUEST", "SUMMARY;LANGUAGE=en:Demo\nDTSTART:20261112T143000Z"),
        "Invitation: Demo, 2026-11-12 14:30 UTC"
    );
    assert_eq!(text("CANCEL", "SUMMARY:Demo\nDTSTART;VALUE=DATE:20261112"), "Cancelled: Demo, 2026-11-12");
    assert_eq!(text("REQUEST", "DTSTART:2026\u{e9}112T1430"), "Invitation");
    assert_eq!(text("PUBLISH", "SUMMARY:Holidays"), "");
}

#[test]
fn a_file_only_for_outlook_is_named() {
    let hidden = "--b\nContent-Type: application/ms-tnef; name=winmail.dat\n\nxx\n--b--";
    check(&format!("Content-Type: multipart/mixed; boundary=b\n\n{hidden}"), "(attached: winmail.dat)");
    check(&format!("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n{hidden}"), "Hello");
}

#[test]
fn names_and_charsets_as_programs_write_them() {
    let header = |raw: &[u8]| {
        let mail = crate::parse(raw, None);
        (mail.from_name, mail.subject)
    };
    let both = |name: &str, subject: &str| (name.to_owned(), subject.to_owned());
    assert_eq!(
        header(b"From: \xc9ric <e@x.example>\nSubject: \xfcber\n\n"),
        both("\u{c9}ric", "\u{fc}ber"),
        "bare Latin-1"
    );
    assert_eq!(
        header("From: \u{c9}ric <e@x.example>\nSubject: \u{674e}\n\n".as_bytes()),
        both("\u{c9}ric", "\u{674e}"),
        "bare UTF-8"
    );
    assert_eq!(header(b"From: =?x-unknown?q?ric?= <e@x.example>\nSubject: =?utf-8?b?8J+m\n\n").0, "ric");
    assert_eq!(header(b"From: x\nSubject: =?utf-8?B?5p2O?=\n =?utf-8?Q?_a=20b?=\n\n").1, "\u{674e} a b");
    assert_eq!(header(b"From: x\nSubject: =?gb2312?B?wO4=?= =?koi8-r?Q?=C1?=\n\n").1, "\u{674e}\u{430}");
    check("Content-Type: multipart/mixed; boundary*0=\"a\";\n boundary*1=\"b\"\n\n--ab\n\nfound\n--ab--", "found");
    check(
        "Content-Type: text/plain; charset*=us-ascii'en'iso-8859-2\nContent-Transfer-Encoding: quoted-printable\n\n=B1",
        "\u{105}",
    );
    check("Content-Type: text/plain; charset=iso-2022-jp\n\n\u{1b}$B;3\u{1b}(B", "\u{5c71}");
    check(">From ada@example.com Sat Jan  1 00:00:00 2028\nSubject: x\n\nHi", "Hi");
}
