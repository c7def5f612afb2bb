//! Bounces and complaints.

use domain::BounceKind::{self, Hard, Soft};
use domain::{Bounce, IncomingMail};

use super::address;
use super::reading::read;
use crate::parse;

fn bounce(kind: BounceKind, recipient: &str, status: &str) -> Option<Bounce> {
    Some(Bounce { kind, recipient: Some(address(recipient)), status: Some(status.to_owned()) })
}

#[test]
fn postfix() {
    let mail = read(include_bytes!("../../fixtures/bounce-postfix.eml"));
    assert_eq!(
        mail.report,
        bounce(Hard, "ada@analytical.example", "5.1.1"),
        "the address we wrote to, not its forward"
    );
    let ids =
        ["<0102018b@eu-west-1.amazonses.com>", "<dlv_leads-9.1.2@acme.example>", "<dlv_leads-9.1.1@acme.example>"];
    assert_eq!(mail.returned_ids, ids, "its own id, then its thread from the newest on");
    assert_eq!(mail.from, Some(address("mailer-daemon@mx.acme.example")));
    assert!(mail.text.starts_with("This is the mail system") && !mail.text.contains("Reporting-MTA"));
}

#[test]
fn exchange() {
    let mail = read(include_bytes!("../../fixtures/bounce-exchange.eml"));
    assert_eq!(mail.report, bounce(Hard, "grace@navy.example", "5.1.10"));
    assert_eq!(mail.returned_ids, ["<dlv_leads-12.1.1@acme.example>"]);
    assert!(mail.text.starts_with("Delivery has failed to these recipients"));
}

#[test]
fn gmail_is_still_trying() {
    let mail = read(include_bytes!("../../fixtures/bounce-gmail-delay.eml"));
    assert_eq!(mail.report, bounce(Soft, "alan@bletchley.example", "4.4.1"));
    assert_eq!(mail.returned_ids, ["<dlv_leads-77.1.3@acme.example>"]);
}

#[test]
fn qmail_says_it_in_words() {
    let mail = read(include_bytes!("../../fixtures/bounce-qmail.eml"));
    assert_eq!(mail.report, bounce(Hard, "howard@harvard.example", "5.1.1"));
    assert_eq!(mail.returned_ids, ["<dlv_leads-31.1.1@acme.example>"]);
}

#[test]
fn a_complaint() {
    let mail = read(include_bytes!("../../fixtures/complaint.eml"));
    assert!(mail.complaint && mail.report.is_none());
    assert_eq!(mail.returned_ids, ["<dlv_leads-40.1.2@acme.example>"]);

    let fixture = include_str!("../../fixtures/complaint.eml");
    let praise = parse(fixture.replace("Feedback-Type: abuse", "Feedback-Type: not-spam").as_bytes(), None);
    assert!(!praise.complaint);
}

/// A delivery report about ada@example.com with these fields.
fn dsn(fields: &str) -> IncomingMail {
    let report = format!(
        "From: MAILER-DAEMON@mx.example\nSubject: Report\nContent-Type: multipart/report; boundary=b\n\n--b\n\nSorry.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\
         Final-Recipient: rfc822; ada@example.com\n{fields}\n--b--\n"
    );
    read(report.as_bytes())
}

#[test]
fn hard_is_what_makes_an_address_useless() {
    for (kind, fields) in [
        (Hard, "Action: failed\nStatus: 5.1.1"),
        (Hard, "Action: failed\nStatus: 5.1.2 (no such domain)"),
        (Hard, "Action: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp; 556 Domain does not accept mail (nullMX)"),
        (Hard, "Action: failed\nStatus: 5.2.1"),
        (Hard, "Action: failed\nStatus: 5.4.4\nDiagnostic-Code: X-Postfix; Host or domain name not found."),
        (Hard, "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 5.1.1 User unknown"),
        (Hard, "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 No Such User Here"),
        (
            Hard,
            "Action: failed\nStatus: 5.5.0\nDiagnostic-Code: smtp; 550 Requested action not taken: mailbox\n unavailable",
        ),
        (
            Hard,
            "Action: failed\nStatus: 5.4.1\nDiagnostic-Code: smtp; 550 5.4.1 Recipient address rejected: Access denied.",
        ),
        (Hard, "Action: failed\nDiagnostic-Code: smtp; 554 This user doesn’t have a webmail.example account"),
        (Soft, "Action: failed\nStatus: 4.4.7"),
        (Soft, "Action: failed\nStatus: 5.4.7"),
        (Soft, "Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full"),
        (Soft, "Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 Blocked by policy"),
        (Soft, "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 5.7.1 Mailbox unavailable for you"),
        (Soft, "Action: failed\nStatus: 5.3.4\nDiagnostic-Code: smtp; 552 5.3.4 Message too large"),
        (Soft, "Action: failed\nStatus: 5.1.8\nDiagnostic-Code: smtp; 550 5.1.8 Sender address rejected"),
        (Soft, "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 554 Message refused"),
        (Soft, "Action: delayed\nStatus: 4.4.1"),
        (Soft, "Action: delayed\nStatus: 5.1.1"),
    ] {
        let report = dsn(fields).report.expect(fields);
        assert_eq!(report.kind, kind, "{fields}");
        assert_eq!(report.recipient, Some(address("ada@example.com")), "{fields}");
    }
    for fields in
        ["Action: delivered\nStatus: 2.0.0", "Action: relayed\nStatus: 2.1.9", "Action: expanded", "Status: 2.0.0"]
    {
        let mail = dsn(fields);
        assert!(mail.report.is_none() && mail.receipt, "{fields}");
    }
    assert_eq!(dsn("").report.unwrap().kind, Soft, "a report that says nothing, from who only writes of failures");
}

#[test]
fn a_report_is_read_as_far_as_it_goes() {
    assert_eq!(dsn("Action: failed\nStatus: 5.1.1 (unknown)").report, bounce(Hard, "ada@example.com", "5.1.1"));
    assert_eq!(dsn("Action: failed\nStatus: nonsense").report.unwrap().status, None);
    let two =
        "Action: delivered\nStatus: 2.0.0\n\nFinal-Recipient: rfc822;bob@example.com\nAction: failed\nStatus: 5.1.1";
    assert_eq!(dsn(two).report, bounce(Hard, "bob@example.com", "5.1.1"), "the recipient who did not get it");
    assert_eq!(
        dsn("Original-Recipient: rfc822;unknown\nAction: failed\nStatus: 5.1.1").report,
        bounce(Hard, "ada@example.com", "5.1.1")
    );
}

#[test]
fn the_recipient_is_the_address_we_wrote_to() {
    let recipient = |field: &str| dsn(&format!("{field}\nAction: failed\nStatus: 5.1.1")).report.unwrap().recipient;
    for (field, is) in [
        ("Original-Recipient: rfc822;bob@example.com", "bob@example.com"),
        ("Original-Recipient: RFC822; <Bob@Example.com>", "bob@example.com"),
        ("Original-Recipient: rfc822;bob+2Btag@example.com", "bob+tag@example.com"),
        ("Original-Recipient: rfc822;bob+2B+3D2Bx+40example.com", "bob+=2bx@example.com"),
        ("Original-Recipient: rfc822;bob+42@example.com", "bob+42@example.com"),
        ("Original-Recipient: rfc822;bob+@example.com", "bob+@example.com"),
        ("Original-Recipient: utf-8; bob@example.com", "bob@example.com"),
        ("Original-Recipient: bob@example.com", "bob@example.com"),
        ("Original-Recipient: unknown;", "ada@example.com"),
    ] {
        assert_eq!(recipient(field), Some(address(is)), "{field}");
    }
}

#[test]
fn only_software_reports() {
    let parts = "--b\n\nSee below.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n\
        Final-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1\n--b--\n";
    let mail = |header: &str| read(format!("{header}; boundary=b\n\n{parts}").as_bytes()).report;
    let wrapped = "Content-Type: multipart/mixed";
    assert_eq!(mail(&format!("From: Ada <ada@example.com>\nSubject: Fwd: failure\n{wrapped}")), None);
    for report in [
        format!("From: mailer-daemon@example.com\n{wrapped}"),
        format!("From: Ada <ada@example.com>\nReturn-Path: <>\n{wrapped}"),
        "From: Mail <noreply@example.com>\nContent-Type: multipart/report; report-type=delivery-status".to_owned(),
    ] {
        assert_eq!(mail(&report), bounce(Hard, "bob@example.com", "5.1.1"), "{report}");
    }
}

#[test]
fn a_receipt_is_no_bounce() {
    let part = |kind: &str, fields: &str| {
        format!(
            "From: ada@example.com\nContent-Type: multipart/report; boundary=b\n\n--b\n\nYour message\n--b\n\
             Content-Type: {kind}\n\n{fields}\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <x@acme.example>\n\n--b--\n"
        )
    };
    let displayed = "Final-Recipient: rfc822;ada@example.com\nDisposition: manual-action/MDN-sent-manually; ";
    for mail in [
        part("message/disposition-notification", &format!("{displayed}displayed")),
        part("message/disposition-notification", &format!("{displayed}deleted")),
        part("message/delivery-status", "Reporting-MTA: dns; mx\n\nAction: relayed\nStatus: 2.0.0"),
        part("message/feedback-report", "Feedback-Type: not-spam"),
        part("message/feedback-report", "Feedback-Type: auth-failure"),
    ] {
        let read = read(mail.as_bytes());
        assert!(read.receipt && read.report.is_none() && !read.complaint, "{mail}");
        assert_eq!(read.returned_ids, ["<x@acme.example>"], "{mail}");
    }
    for (header, text, receipt) in [
        (
            "Subject: Read: Punch cards",
            "Your message\n\n   To: Ada\n   Subject: Punch cards\n\nwas read on Tuesday",
            true,
        ),
        ("Subject: Not read: Punch cards", "Your message was deleted without being read on Tuesday", true),
        ("Subject: Gelesen: Lochkarten", "Ihre Nachricht\n\n   An: Ada\n\nwurde am Dienstag gelesen.", true),
        ("Subject: Lu : Cartes", "", true),
        ("Subject: x\nContent-Class: REPORT.IPM.Note.IPNRN", "", true),
        ("Subject: Delivered: Punch cards\nReturn-Path: <>", "Delivered to ada@example.com", true),
        ("Subject: Delivered: your parcel", "It is at the door", false),
        ("Subject: Read: the fine print", "Have you seen section 2?", false),
        ("Subject: Re: Punch cards", "Your message was read", false),
    ] {
        let mail = read(format!("From: Ada <ada@example.com>\n{header}\n\n{text}\n").as_bytes());
        assert!(mail.receipt == receipt && mail.report.is_none(), "{header}");
    }
}

#[test]
fn every_form_of_complaint() {
    let fixture = include_str!("../../fixtures/complaint.eml");
    for (kind, complaint) in [
        ("abuse", true),
        ("fraud", true),
        ("opt-out", true),
        ("other", true),
        ("Not-Spam", false),
        ("auth-failure", false),
    ] {
        let mail = parse(fixture.replace("Feedback-Type: abuse", &format!("Feedback-Type: {kind}")).as_bytes(), None);
        assert_eq!((mail.complaint, mail.receipt), (complaint, !complaint), "{kind}");
    }
    let junk = |from: &str| {
        let mail = format!(
            "From: {from}\nSubject: complaint about message from 192.0.2.1\nContent-Type: multipart/mixed; boundary=b\n\n\
             --b\nContent-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: ada@hotmail.com\nMessage-ID: <x@acme.example>\n\n--b--\n"
        );
        read(mail.as_bytes())
    };
    assert!(junk("staff@hotmail.com").complaint && !junk("ada@example.com").complaint);
    assert_eq!(junk("staff@hotmail.com").returned_ids, ["<x@acme.example>"]);
}

/// `letter(header, text)` to tara@acme.example
fn letter(header: &str, text: &str) -> Option<Bounce> {
    read(format!("To: tara@acme.example\n{header}\n\n{text}\n").as_bytes()).report
}

#[test]
fn a_letter_in_words() {
    let exim = "From: Mail Delivery System <Mailer-Daemon@mx.example>\nX-Failed-Recipients: ada@example.com\nSubject: Mail delivery failed: returning message to sender";
    let report = letter(
        exim,
        "  ada@example.com\n    host mx.example.com [192.0.2.25]\n    SMTP error: 550 Unrouteable address",
    );
    assert_eq!(report, Some(Bounce { kind: Hard, recipient: Some(address("ada@example.com")), status: None }));

    let warning = "From: Mailer-Daemon@mx.example\nSubject: Warning: could not send message for past 4 hours";
    assert_eq!(
        letter(warning, "tara@acme.example wrote to <ada@example.com>: 4.4.1 timeout"),
        bounce(Soft, "ada@example.com", "4.4.1")
    );

    let unknown = "Return-Path: <>\nFrom: IT <it@example.com>\nSubject: Unzustellbar: Angebot";
    assert_eq!(letter(unknown, "ada@example.com: quota").unwrap().kind, Soft);

    for header in [
        "Return-Path: <>\nFrom: Ada <ada@example.com>\nSubject: Out of office",
        "From: Ada <ada@example.com>\nSubject: Delivery failure? Your parcel",
        "From: postmaster@example.com\nSubject: Our new mail system",
    ] {
        assert_eq!(letter(header, "550 5.1.1 user unknown bob@example.com"), None, "{header}");
    }
}

#[test]
fn a_mail_that_a_person_attached_is_not_a_returned_one() {
    let forwarded = "From: ada@example.com\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nSee below.\n--b\n\
        Content-Type: message/rfc822\n\nMessage-ID: <theirs@example.com>\n\nText\n--b--\n";
    assert!(read(forwarded.as_bytes()).returned_ids.is_empty());
}
