//! A conversation with an IMAP server: connect, log in, command and answer.
//!
//! **Invariant:** each step ends in time and in bounded memory. A command succeeded only if the server said OK: async-imap's
//! own commands take a refusal for an empty answer, and a mail would be taken for gone.

use std::io;
use std::time::Duration;

use app::ports::{Credential, Login, MailboxError};
use async_imap::imap_proto::{RequestId, Response, Status};
use async_imap::{Authenticator, Client, Session as ImapSession, error::Error};
use domain::Security;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::ServerName;

use super::metered::{Metered, Wire};
use crate::text::said;
use crate::trust::Trust;

/// How long the server may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Until we are logged in.
    pub(crate) to_begin: Duration,
    /// For a command, or for a mail of 25 MB.
    pub(crate) to_answer: Duration,
}

pub(crate) const PATIENCE: Patience =
    Patience { to_begin: Duration::from_secs(10), to_answer: Duration::from_secs(15) };

/// What a server may say to a command that brings no mail: half a million numbers of mails.
pub(super) const WORDS: usize = 4 * 1024 * 1024;

/// A session, logged in.
pub(super) struct Session {
    imap: ImapSession<Metered>,
    patience: Patience,
}

impl Session {
    /// Connects and logs in.
    pub async fn open(login: Login<'_>, trust: &Trust, patience: Patience) -> Result<Self, MailboxError> {
        let deadline = Instant::now() + patience.to_begin;
        let opened = timeout_at(deadline, async { log_in(connect(login, trust).await?, login).await });
        let imap = opened.await.map_err(|_| slow())??;
        Ok(Self { imap, patience })
    }

    /// Gives a command; `each` sees what the server says to it, `bytes` at the most.
    pub async fn command(
        &mut self,
        command: &str,
        bytes: usize,
        mut each: impl FnMut(&Response<'_>),
    ) -> Result<(), MailboxError> {
        self.imap.as_mut().allow(bytes);
        let deadline = Instant::now() + self.patience.to_answer;
        let said = timeout_at(deadline, async {
            let tag: RequestId = self.imap.run_command(command).await.map_err(|error| failed(&error))?;
            loop {
                let answer = self.imap.read_response().await.map_err(|error| lost(&error))?;
                let answer = answer.ok_or_else(hung_up)?;
                match answer.parsed() {
                    Response::Done { tag: done, status, outcome } if *done == tag => {
                        let words = outcome.information.as_deref().unwrap_or_default();
                        return match status {
                            Status::Ok => Ok(()),
                            _ => Err(refused(words)),
                        };
                    }
                    Response::Data { status: Status::Bye, outcome } => {
                        return Err(unavailable(outcome.information.as_deref().unwrap_or("it said goodbye")));
                    }
                    answer => each(answer),
                }
            }
        });
        said.await.map_err(|_| slow())?
    }

    /// Files a mail into a folder.
    pub async fn append(&mut self, folder: &str, mail: &[u8]) -> Result<(), MailboxError> {
        self.imap.as_mut().allow(WORDS);
        let filed = timeout_at(
            Instant::now() + self.patience.to_answer,
            self.imap.append(folder, Some("(\\Seen)"), None, mail),
        );
        filed.await.map_err(|_| slow())?.map_err(|error| failed(&error))
    }

    /// Says goodbye; what comes back no longer matters.
    pub async fn close(mut self) {
        self.imap.as_mut().allow(WORDS);
        let _ = timeout_at(Instant::now() + Duration::from_secs(1), self.imap.logout()).await;
    }
}

/// A connection as the account wants it, greeted.
async fn connect(login: Login<'_>, trust: &Trust) -> Result<Client<Metered>, MailboxError> {
    let server = &login.account.imap;
    let tcp = TcpStream::connect((server.host.as_str(), server.port)).await.map_err(|error| lost(&error))?;
    match server.security {
        Security::Tls => greeted(encrypted(tcp, &server.host, trust).await?).await,
        Security::None => greeted(Metered::new(tcp)).await,
        Security::StartTls => {
            let mut plain = greeted(Metered::new(tcp)).await?;
            plain.get_mut().allow(WORDS);
            plain.run_command_and_check_ok("STARTTLS", None).await.map_err(|error| failed(&error))?;
            // What came unencrypted behind the answer is thrown away with the client: it may be anybody's.
            let mut secure = Client::new(encrypted(plain.into_inner().into_wire(), &server.host, trust).await?);
            secure.get_mut().allow(WORDS);
            Ok(secure)
        }
    }
}

async fn encrypted(wire: impl Wire + 'static, host: &str, trust: &Trust) -> Result<Metered, MailboxError> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| MailboxError::Denied("TLS does not accept the host's name".to_owned()))?;
    let connector = trust.for_imap().map_err(MailboxError::Denied)?;
    Ok(Metered::new(connector.connect(name, wire).await.map_err(|error| lost(&error))?))
}

async fn greeted(mut wire: Metered) -> Result<Client<Metered>, MailboxError> {
    wire.allow(WORDS);
    let mut client = Client::new(wire);
    let greeting = client.read_response().await.map_err(|error| lost(&error))?.ok_or_else(hung_up)?;
    match greeting.parsed() {
        Response::Data { status: Status::Ok, .. } => {}
        Response::Data { outcome, .. } => {
            return Err(unavailable(outcome.information.as_deref().unwrap_or("it does not want to talk")));
        }
        _ => return Err(MailboxError::Unavailable("it is no IMAP server".to_owned())),
    }
    Ok(client)
}

async fn log_in(mut client: Client<Metered>, login: Login<'_>) -> Result<ImapSession<Metered>, MailboxError> {
    client.get_mut().allow(WORDS);
    let user = &login.account.login;
    let logged_in = match login.credential {
        Credential::Token(token) => {
            let answer = format!("user={user}\u{1}auth=Bearer {}\u{1}\u{1}", token.expose_secret());
            client.authenticate("XOAUTH2", Once(Some(answer))).await
        }
        Credential::Password(password) => {
            let password = password.expose_secret();
            // LOGIN, which every server has, is for ASCII (RFC 3501, 9).
            let plain = |text: &str| text.bytes().all(|b| (b' '..=b'~').contains(&b));
            if plain(user) && plain(password) {
                client.login(user, password).await
            } else {
                client.authenticate("PLAIN", Once(Some(format!("\0{user}\0{password}")))).await
            }
        }
    };
    logged_in.map_err(|(error, _)| match error {
        Error::No(words) | Error::Bad(words) => refused(&words),
        error => failed(&error),
    })
}

/// Answers the first challenge. A second one tells of a failure and wants to be acknowledged.
struct Once(Option<String>);

impl Authenticator for Once {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        self.0.take().unwrap_or_default()
    }
}

fn failed(error: &Error) -> MailboxError {
    match error {
        Error::Io(error) => lost(error),
        Error::No(words) | Error::Bad(words) => refused(words),
        Error::ConnectionLost => hung_up(),
        // The words of the others may quote what was said.
        _ => MailboxError::Unavailable("its answer makes no sense".to_owned()),
    }
}

/// The server says no. It means it, unless it says that it is about now.
fn refused(words: &str) -> MailboxError {
    let passing = ["unavailable", "try again", "temporar", "too many", "inuse", "limit", "throttl", "overquota"];
    let lower = words.to_lowercase();
    if passing.iter().any(|word| lower.contains(word)) { unavailable(words) } else { MailboxError::Denied(said(words)) }
}

fn unavailable(words: &str) -> MailboxError {
    MailboxError::Unavailable(said(words))
}

fn lost(error: &io::Error) -> MailboxError {
    let inner = error.get_ref();
    if let Some(rustls::Error::InvalidCertificate(why)) = inner.and_then(|inner| inner.downcast_ref()) {
        return MailboxError::Denied(said(&format!("its certificate is not accepted ({why:?})")));
    }
    match error.kind() {
        io::ErrorKind::QuotaExceeded => unavailable("it says more than a mail server has to say"),
        // The parser's words quote what it could not read.
        io::ErrorKind::Other => unavailable("its answer makes no sense"),
        io::ErrorKind::UnexpectedEof => hung_up(),
        _ => unavailable(&error.to_string()),
    }
}

fn hung_up() -> MailboxError {
    MailboxError::Unavailable("it hung up".to_owned())
}

fn slow() -> MailboxError {
    MailboxError::Unavailable("it was too slow".to_owned())
}
