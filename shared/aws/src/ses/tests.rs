//! Every way SendEmail can end, and what is said about the mail.

use app::ports::{Lookup, Mailer, SendError};
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::{BehaviorVersion, Builder, Config, Credentials, Region};
use aws_sdk_sesv2::error::ConnectorError;
use domain::{DeliveryId, EmailAddress, Mailbox, OutgoingMail};

use super::SesMailer;
use crate::canned::{Canned, Said, no};

fn config() -> Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
}

fn mailer(config: Builder) -> SesMailer {
    SesMailer::new(&Client::from_conf(config.build()), Some("events".to_owned()), |mail| match mail.subject.as_str() {
        "" => Err("a mail needs a subject".to_owned()),
        subject => Ok(subject.as_bytes().to_vec()),
    })
}

fn mail() -> OutgoingMail {
    let mailbox = |address| Mailbox { name: String::new(), address: EmailAddress::parse(address).unwrap() };
    OutgoingMail {
        delivery: "dlv_contacts-77.1.3".parse().unwrap(),
        from: mailbox("tara@example.com"),
        to: mailbox("ada@example.org"),
        cc: vec![],
        automatic_answer: false,
        reply_to: None,
        subject: "Hello".to_owned(),
        text: String::new(),
        html: None,
        message_id: "<1@example.com>".to_owned(),
        in_reply_to: None,
        references: vec![],
        unsubscribe_url: Some("https://example.com/u".to_owned()),
        date: "2026-01-05T09:00:00Z".parse().unwrap(),
    }
}

async fn send(mailer: &SesMailer, mail: &OutgoingMail) -> Result<String, SendError> {
    mailer.send(&"eu-20061234567".parse().unwrap(), mail).await
}

/// Sends once; there must have been one request, or none.
async fn ended(answer: fn() -> Said) -> Result<String, SendError> {
    let ses = Canned::new(answer);
    let result = send(&mailer(config().http_client(ses.clone())), &mail()).await;
    assert_eq!(ses.asked().len(), 1, "never sent twice");
    result
}

#[tokio::test]
async fn what_ses_takes_has_its_name_and_our_tags() {
    let ses = Canned::new(|| Ok((200, "", r#"{"MessageId":"0102-3"}"#)));
    let mailer = mailer(config().http_client(ses.clone()));
    assert_eq!(send(&mailer, &mail()).await.unwrap(), "<0102-3@eu-west-1.amazonses.com>");
    let asked = serde_json::json!({
        "Destination": { "ToAddresses": ["ada@example.org"] },
        "Content": { "Raw": { "Data": "SGVsbG8=" } },
        "EmailTags": [{ "Name": "org", "Value": "eu-20061234567" }, { "Name": "delivery", "Value": "contacts-77_1_3" }],
        "ConfigurationSetName": "events",
    });
    assert_eq!(ses.asked(), [asked]);
    assert_eq!(mailer.find(&"eu-20061234567".parse().unwrap(), &mail()).await, Lookup::CannotTell);

    let first_region = SesMailer::new(
        &Client::from_conf(config().region(Region::new("us-east-1")).http_client(ses).build()),
        None,
        |_| Ok(vec![]),
    );
    assert_eq!(send(&first_region, &mail()).await.unwrap(), "<0102-3@email.amazonses.com>");
}

#[tokio::test]
async fn who_is_in_copy_gets_the_mail() {
    let ses = Canned::new(|| Ok((200, "", r#"{"MessageId":"0102-3"}"#)));
    let owner = Mailbox { name: "Owner".to_owned(), address: EmailAddress::parse("owner@example.com").unwrap() };
    send(&mailer(config().http_client(ses.clone())), &OutgoingMail { cc: vec![owner], ..mail() }).await.unwrap();
    let readers = serde_json::json!({ "ToAddresses": ["ada@example.org"], "CcAddresses": ["owner@example.com"] });
    assert_eq!(ses.asked()[0]["Destination"], readers);
}

#[tokio::test]
async fn a_no_is_final_or_only_for_now() {
    let refused: [fn() -> Said; 4] = [
        || no(400, "MessageRejected"),
        || no(400, "MailFromDomainNotVerifiedException"),
        || no(400, "BadRequestException"),
        || no(404, "NotFoundException"),
    ];
    for answer in refused {
        let result = ended(answer).await;
        assert!(matches!(result, Err(SendError::Refused { .. })), "{result:?}");
    }
    let not_sent: [fn() -> Said; 6] = [
        || no(429, "TooManyRequestsException"),
        || no(400, "LimitExceededException"),
        || no(400, "SendingPausedException"),
        || no(400, "AccountSuspendedException"),
        || no(400, "ThrottlingException"),
        || no(403, "ExpiredTokenException"),
    ];
    for answer in not_sent {
        let result = ended(answer).await;
        assert!(matches!(result, Err(SendError::NotSent { .. })), "{result:?}");
    }
}

#[tokio::test]
async fn anything_else_is_unknown() {
    let unknown: [fn() -> Said; 6] = [
        || no(500, "InternalServerError"),
        || no(503, "ServiceUnavailable"),
        || Ok((200, "", "{ no JSON")),
        || Ok((200, "", "{}")),
        || Err(ConnectorError::timeout("no answer".into())),
        || Err(ConnectorError::io("connection reset".into())),
    ];
    for answer in unknown {
        let result = ended(answer).await;
        let named = DeliveryId::parse("dlv_contacts-77.1.3").unwrap();
        assert!(matches!(&result, Err(SendError::Unknown { delivery, .. }) if *delivery == named), "{result:?}");
    }
}

#[tokio::test]
async fn what_never_left_was_not_sent() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for config in [
        config().endpoint_url(format!("http://{closed}")),
        config().endpoint_url("http://no-such-host.invalid"),
        Config::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("eu-west-1")),
    ] {
        let result = send(&mailer(config), &mail()).await;
        assert!(matches!(result, Err(SendError::NotSent { .. })), "{result:?}");
    }
    let unfit = OutgoingMail { subject: String::new(), ..mail() };
    let result = send(&mailer(config()), &unfit).await;
    assert!(matches!(result, Err(SendError::Refused { .. })), "{result:?}");
}

#[tokio::test]
async fn a_reason_names_no_address() {
    let result = ended(|| Ok((400, "MessageRejected", r#"{"message":"Not verified: ada@example.org"}"#))).await;
    let Err(SendError::Refused { reason }) = result else { panic!("{result:?}") };
    assert_eq!(reason, "MessageRejected: Not verified: …@example.org");
}
