//! SMTP_URL.

use secrecy::SecretString;

use crate::SmtpMailer;

fn read(url: &str) -> Result<(String, u16), String> {
    SmtpMailer::from_url(&SecretString::from(url.to_owned())).map(|mailer| (mailer.host, mailer.port))
}

#[test]
fn what_can_be_said() {
    for (url, host, port) in [
        ("smtp://localhost", "localhost", 25),
        ("smtp://127.0.0.1:2525", "127.0.0.1", 2525),
        ("smtp://[::1]:2525", "::1", 2525),
        ("smtp://u:p@localhost:1025", "localhost", 1025),
        ("smtp://u:p@mail.example.com?tls=required", "mail.example.com", 587),
        ("smtp://mail.example.com:26/crm.example.com", "mail.example.com", 26),
        ("smtps://u%40example.com:p%C3%A9@mail.example.com", "mail.example.com", 465),
        ("smtps://mail.example.com:4650/crm.example.com?tls=required", "mail.example.com", 4650),
    ] {
        assert_eq!(read(url), Ok((host.to_owned(), port)), "{url}");
    }
}

#[test]
fn what_cannot_be_said_is_refused_with_the_remedy_and_without_the_password() {
    for (url, why) in [
        ("", "is not a URL"),
        ("mail.example.com", "is not a URL"),
        ("smtp://", "names no host"),
        ("https://u:hunter2@mail.example.com", "does not begin with smtp:// or smtps://"),
        ("smtp://u:hunter2@mail.example.com", "would send the password unencrypted"),
        ("smtp://u:hunter2@mail.example.com?tls=opportunistic", "has an option that is not known"),
        ("smtps://u:hunter2@mail.example.com?timeout=5", "has an option that is not known"),
        ("smtps://u@mail.example.com", "has a user but no password"),
        ("smtps://u:%FFhunter2@mail.example.com", "has a password that is not UTF-8"),
        ("smtps://u:hunter2@mail.example.com/a%0D%0Ab", "has a path that is not a host name"),
    ] {
        let error = read(url).unwrap_err();
        assert!(error.starts_with(&format!("SMTP_URL {why}")) && error.contains("write SMTP_URL as"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
