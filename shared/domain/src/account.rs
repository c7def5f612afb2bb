//! A mailbox of an assistant's own: where its mail is sent and read.
//!
//! **Invariant:** what is accepted can be connected to: hosts are names or addresses, a password never travels unencrypted
//! to another machine, and nothing here is a secret.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::address::EmailAddress;
use crate::id::AssistantId;

/// Who runs the mail servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailProvider {
    /// Zoho Mail, for an organisation with a domain of its own.
    Zoho,
    /// Google Workspace, or Gmail.
    Google,
    /// Microsoft 365.
    Microsoft,
    /// A server whose names are given.
    Own,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS, without which nothing is said.
    StartTls,
    /// None: only for a server on this machine.
    None,
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailServer {
    /// Name or address, without a port.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
}

/// How the mail servers are convinced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailAuth {
    /// A password, often one made for this application.
    Password,
    /// A token of the provider's OAuth server (XOAUTH2).
    #[serde(rename = "oauth")]
    OAuth,
}

/// A mailbox of an assistant's own. The secret that opens it is in the secret store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailAccount {
    /// Whose it is.
    pub assistant: AssistantId,
    /// Whose servers.
    pub provider: MailProvider,
    /// The address it sends from, the assistant's.
    pub address: EmailAddress,
    /// Where mail is read.
    pub imap: MailServer,
    /// Where mail is sent.
    pub smtp: MailServer,
    /// The user name.
    pub login: String,
    /// What goes with it.
    pub auth: MailAuth,
    /// Is the folder for junk read too? Filters take automatic replies for it.
    pub read_junk: bool,
    /// Is what was sent filed into the folder Sent? The presets' servers do it themselves.
    pub file_sent: bool,
}

/// What may be said of a mailbox; what is left out comes from the provider's preset.
#[derive(Debug, Clone, Default)]
pub struct MailAccountFields {
    /// Where mail is read: `host` or `host:port`.
    pub imap: Option<String>,
    /// How that connection is protected.
    pub imap_security: Option<Security>,
    /// Where mail is sent: `host` or `host:port`.
    pub smtp: Option<String>,
    /// How that connection is protected.
    pub smtp_security: Option<Security>,
    /// The user name, if it is not the address.
    pub login: Option<String>,
    /// What goes with it.
    pub auth: Option<MailAuth>,
    /// Is the folder for junk read too?
    pub read_junk: bool,
    /// Is what was sent filed into the folder Sent?
    pub file_sent: bool,
}

/// A mailbox that cannot be; names the field and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidMailAccount {
    field: &'static str,
    problem: String,
}

fn invalid(field: &'static str, problem: impl Into<String>) -> InvalidMailAccount {
    InvalidMailAccount { field, problem: problem.into() }
}

impl MailAccount {
    /// The mailbox `address` at `provider`; `location` is the data centre of the org, by which Zoho's servers are named.
    ///
    /// ```
    /// use domain::{MailAccount, MailAccountFields, MailProvider};
    /// let address = domain::EmailAddress::parse("tara@acme.example").unwrap();
    /// let tara = "tara".parse::<domain::AssistantId>().unwrap();
    /// let fields = MailAccountFields::default();
    /// let account = MailAccount::new(MailProvider::Zoho, tara, address, "eu", fields)?;
    /// assert_eq!(account.imap.to_string(), "imappro.zoho.eu:993 (TLS)");
    /// # Ok::<_, domain::InvalidMailAccount>(())
    /// ```
    pub fn new(
        provider: MailProvider,
        assistant: AssistantId,
        address: EmailAddress,
        location: &str,
        fields: MailAccountFields,
    ) -> Result<Self, InvalidMailAccount> {
        let (imap, smtp) = provider.servers(location);
        let auth = fields.auth.unwrap_or(match provider {
            MailProvider::Microsoft => MailAuth::OAuth,
            MailProvider::Zoho | MailProvider::Google | MailProvider::Own => MailAuth::Password,
        });
        match (provider, auth) {
            (MailProvider::Microsoft, MailAuth::Password) => {
                return Err(invalid("auth", "Microsoft 365 takes no passwords for IMAP any more; write oauth"));
            }
            (MailProvider::Zoho | MailProvider::Own, MailAuth::OAuth) => {
                return Err(invalid("auth", "oauth is for google and microsoft; write password"));
            }
            _ => {}
        }
        let login = fields.login.unwrap_or_else(|| address.to_string());
        // What SASL separates with, and what would end a line.
        if login.is_empty() || login.len() > 254 || login.chars().any(char::is_control) {
            return Err(invalid("login", "write the user name of the mailbox, often its address"));
        }
        Ok(Self {
            imap: server("imap", fields.imap.as_deref(), fields.imap_security, imap, (993, 143))?,
            smtp: server("smtp", fields.smtp.as_deref(), fields.smtp_security, smtp, (465, 587))?,
            provider,
            assistant,
            address,
            login,
            auth,
            read_junk: fields.read_junk,
            file_sent: fields.file_sent,
        })
    }
}

impl MailProvider {
    /// IMAP and SMTP by the providers' own pages: Zoho Mail "IMAP access" and "SMTP configuration" (organisations with
    /// their own domain use the `pro` hosts), Google Workspace "Send email from a printer, scanner, or app" and "IMAP",
    /// Microsoft "POP, IMAP, and SMTP settings for Outlook.com" and Exchange Online's "SMTP AUTH" (read 2026-11-21).
    fn servers(self, location: &str) -> (Option<MailServer>, Option<MailServer>) {
        let tls = |host: String, port| Some(MailServer { host, port, security: Security::Tls });
        match self {
            Self::Zoho => {
                let domain = match location {
                    "eu" => "zoho.eu",
                    "in" => "zoho.in",
                    "au" => "zoho.com.au",
                    "jp" => "zoho.jp",
                    "cn" => "zoho.com.cn",
                    "ca" => "zohocloud.ca",
                    "sa" => "zoho.sa",
                    _ => "zoho.com",
                };
                (tls(format!("imappro.{domain}"), 993), tls(format!("smtppro.{domain}"), 465))
            }
            Self::Google => (tls("imap.gmail.com".to_owned(), 993), tls("smtp.gmail.com".to_owned(), 465)),
            Self::Microsoft => {
                let host = "smtp.office365.com".to_owned();
                let smtp = MailServer { host, port: 587, security: Security::StartTls };
                (tls("outlook.office365.com".to_owned(), 993), Some(smtp))
            }
            Self::Own => (None, None),
        }
    }
}

/// What was written, completed by the preset and then by the usual ports for TLS and for STARTTLS.
fn server(
    field: &'static str,
    written: Option<&str>,
    security: Option<Security>,
    preset: Option<MailServer>,
    (tls, start_tls): (u16, u16),
) -> Result<MailServer, InvalidMailAccount> {
    let remedy = || format!("write a host, or host:port, such as {field}.example.com");
    let Some(written) = written else {
        let preset = preset.ok_or_else(|| invalid(field, format!("the server is not named; {}", remedy())))?;
        return match security {
            None => Ok(preset),
            Some(_) => Err(invalid(field, "the security is set without the server it is for; name both")),
        };
    };
    let (host, port) = match written.rsplit_once(':') {
        // More colons are an IPv6 address.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (written, None),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if !is_host(host) {
        return Err(invalid(field, format!("{:?} is no host; {}", shorten(written), remedy())));
    }
    let port = port.map(|port| port.parse::<u16>().ok().filter(|port| *port > 0));
    let port = match port {
        Some(None) => return Err(invalid(field, format!("{:?} has no usable port; {}", shorten(written), remedy()))),
        Some(port) => port,
        None => None,
    };
    let security = security.unwrap_or(if port == Some(start_tls) { Security::StartTls } else { Security::Tls });
    if security == Security::None && !is_this_machine(host) {
        return Err(invalid(field, "the password would travel unencrypted; write tls or starttls"));
    }
    let port = port.unwrap_or(if security == Security::Tls { tls } else { start_tls });
    Ok(MailServer { host: host.to_owned(), port, security })
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
            && !label.starts_with('-')
    };
    host.parse::<IpAddr>().is_ok() || (host.len() <= 253 && host.split('.').all(label))
}

/// Is the host this machine, so that what is said to it passes no network?
pub fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let security = match self.security {
            Security::Tls => "TLS",
            Security::StartTls => "STARTTLS",
            Security::None => "unencrypted",
        };
        write!(f, "{}:{} ({security})", self.host, self.port)
    }
}

macro_rules! by_word {
    ($name:ident, $($word:literal => $value:ident),+) => {
        impl FromStr for $name {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok(Self::$value),)+
                    _ => Err(format!("write one of {}", [$($word),+].join(", "))),
                }
            }
        }
    };
}
by_word!(MailProvider, "zoho" => Zoho, "google" => Google, "microsoft" => Microsoft, "own" => Own);
by_word!(Security, "tls" => Tls, "starttls" => StartTls, "none" => None);
by_word!(MailAuth, "password" => Password, "oauth" => OAuth);

#[cfg(test)]
mod tests {
    use super::*;

    fn account(provider: MailProvider, location: &str, fields: MailAccountFields) -> Result<String, String> {
        let address = EmailAddress::parse("tara@acme.example").unwrap();
        MailAccount::new(provider, "tara".parse().unwrap(), address, location, fields)
            .map(|account| format!("{} {} {:?}", account.imap, account.smtp, account.auth))
            .map_err(|error| error.to_string())
    }

    fn own(imap: &str, imap_security: Option<Security>) -> MailAccountFields {
        let (imap, smtp) = (Some(imap.to_owned()), Some("mail.acme.example".to_owned()));
        MailAccountFields { imap, imap_security, smtp, ..MailAccountFields::default() }
    }

    #[test]
    fn presets() {
        let none = MailAccountFields::default;
        for (provider, location, expected) in [
            (MailProvider::Zoho, "us", "imappro.zoho.com:993 (TLS) smtppro.zoho.com:465 (TLS) Password"),
            (MailProvider::Zoho, "in", "imappro.zoho.in:993 (TLS) smtppro.zoho.in:465 (TLS) Password"),
            (MailProvider::Google, "eu", "imap.gmail.com:993 (TLS) smtp.gmail.com:465 (TLS) Password"),
            (MailProvider::Microsoft, "eu", "outlook.office365.com:993 (TLS) smtp.office365.com:587 (STARTTLS) OAuth"),
        ] {
            assert_eq!(account(provider, location, none()), Ok(expected.to_owned()));
        }
        let oauth = MailAccountFields { auth: Some(MailAuth::OAuth), ..none() };
        assert!(account(MailProvider::Google, "eu", oauth).unwrap().ends_with("OAuth"));
    }

    #[test]
    fn own_servers() {
        for (imap, security, expected) in [
            ("mail.acme.example", None, "mail.acme.example:993 (TLS)"),
            ("mail.acme.example:143", None, "mail.acme.example:143 (STARTTLS)"),
            ("mail.acme.example:1993", None, "mail.acme.example:1993 (TLS)"),
            ("mail.acme.example", Some(Security::StartTls), "mail.acme.example:143 (STARTTLS)"),
            ("192.0.2.7:993", None, "192.0.2.7:993 (TLS)"),
            ("2001:db8::7", None, "2001:db8::7:993 (TLS)"),
            ("[2001:db8::7]:1143", Some(Security::StartTls), "2001:db8::7:1143 (STARTTLS)"),
            ("localhost:1143", Some(Security::None), "localhost:1143 (unencrypted)"),
            ("[::1]:1143", Some(Security::None), "::1:1143 (unencrypted)"),
        ] {
            let found = account(MailProvider::Own, "eu", own(imap, security)).unwrap();
            assert!(found.starts_with(&format!("{expected} ")), "{found}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_fields_name() {
        let fields = MailAccountFields::default;
        let long = "a".repeat(64);
        for (provider, fields, expected) in [
            (MailProvider::Own, fields(), "imap: the server is not named"),
            (MailProvider::Own, own("", None), "imap: \"\" is no host"),
            (MailProvider::Own, own("mail acme", None), "imap: \"mail acme\" is no host"),
            (MailProvider::Own, own("mail\r\nA1 NOOP", None), "imap: "),
            (MailProvider::Own, own(&long, None), "imap: "),
            (MailProvider::Own, own("mail.acme.example:0", None), "imap: \"mail.acme.example:0\" has no usable port"),
            (MailProvider::Own, own("mail.acme.example:99999", None), "imap: "),
            (MailProvider::Own, own("mail.acme.example", Some(Security::None)), "imap: the password would travel"),
            (
                MailProvider::Own,
                MailAccountFields { auth: Some(MailAuth::OAuth), ..own("mail.acme.example", None) },
                "auth: oauth is for google and microsoft",
            ),
            (
                MailProvider::Microsoft,
                MailAccountFields { auth: Some(MailAuth::Password), ..fields() },
                "auth: Microsoft 365 takes no passwords",
            ),
            (MailProvider::Google, MailAccountFields { login: Some(String::new()), ..fields() }, "login: "),
            (MailProvider::Google, MailAccountFields { login: Some("tara\u{1}x".to_owned()), ..fields() }, "login: "),
            (
                MailProvider::Google,
                MailAccountFields { smtp_security: Some(Security::Tls), ..fields() },
                "smtp: the security is set without the server",
            ),
        ] {
            let error = account(provider, "eu", fields).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
