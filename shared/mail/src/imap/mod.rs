//! Mail read from a mailbox by IMAP.
//!
//! **Invariant:** reading changes nothing on the server: folders are opened read-only and bodies are peeked at. Mails come
//! in the order of their numbers, and a number is passed over only if the server says that there is no such mail.
//! Whatever a server says, the reader ends with an answer or an error.
//! **Absent:** IDLE. Whoever polls every minute is soon enough.

mod metered;
pub(crate) mod session;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use app::ports::{Folder, Login, MailboxError, Place, ReadMail, ReadMails, ReadRequest};
use async_imap::imap_proto::{AttributeValue, MailboxDatum, NameAttribute, Response, ResponseCode};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::read::parse;
use crate::trust::Trust;
use session::{PATIENCE, Patience, Session, WORDS};

/// Of a longer mail only the beginning is read: mail servers take 25 MB, in base64 a third more.
const LONGEST: usize = 25 * 1024 * 1024;
/// The beginning: all headers, and the text, which comes before what is attached.
const BEGINNING: usize = 1024 * 1024;
/// What is fetched in one go; also in time.
const AT_ONCE: usize = 30 * 1024 * 1024;
const AT_ONCE_TIME: Duration = Duration::from_secs(8);
/// What a server may say beside a mail.
const MARGIN: usize = 64 * 1024;

/// Reads mailboxes of others' servers.
#[derive(Debug, Clone)]
pub(crate) struct ImapReader {
    pub(crate) trust: Trust,
    pub(crate) patience: Patience,
}

/// A folder with a use, by the attribute of RFC 6154 and by the names that servers without it give it.
struct Use {
    attribute: NameAttribute<'static>,
    names: &'static [&'static str],
}

const JUNK: Use = Use { attribute: NameAttribute::Junk, names: &["Junk", "Spam", "Junk E-mail", "Junk Email", "Bulk"] };
const SENT: Use = Use { attribute: NameAttribute::Sent, names: &["Sent", "Sent Items", "Sent Mail", "Sent Messages"] };

impl ImapReader {
    pub fn new(trust: Trust) -> Self {
        Self { trust, patience: PATIENCE }
    }

    /// Logs in and says goodbye.
    pub async fn check(&self, login: Login<'_>) -> Result<(), MailboxError> {
        let mut session = self.open(login).await?;
        let opened = session.command(&examine("INBOX")?, WORDS, |_| {}).await;
        session.close().await;
        opened
    }

    /// Reads mails.
    pub async fn read(&self, login: Login<'_>, request: ReadRequest) -> Result<ReadMails, MailboxError> {
        let mut session = self.open(login).await?;
        let read = read(&mut session, login.account.address.as_str(), request).await;
        session.close().await;
        read
    }

    /// Is a mail with this Message-ID among those sent?
    pub async fn is_filed(&self, login: Login<'_>, message_id: &str) -> Result<bool, MailboxError> {
        let mut session = self.open(login).await?;
        let found = search_sent(&mut session, message_id).await;
        session.close().await;
        found
    }

    /// Files a mail among those sent.
    pub async fn file(&self, login: Login<'_>, mail: &[u8]) -> Result<(), MailboxError> {
        let mut session = self.open(login).await?;
        let filed = match folder(&mut session, &SENT).await {
            Ok(Some(folder)) => session.append(&folder, mail).await,
            Ok(None) => Err(MailboxError::Denied("there is no folder for sent mail".to_owned())),
            Err(error) => Err(error),
        };
        session.close().await;
        filed
    }

    async fn open(&self, login: Login<'_>) -> Result<Session, MailboxError> {
        Session::open(login, &self.trust, self.patience).await
    }
}

async fn read(session: &mut Session, address: &str, request: ReadRequest) -> Result<ReadMails, MailboxError> {
    let name = match request.folder {
        Folder::Inbox => "INBOX".to_owned(),
        Folder::Junk => match folder(session, &JUNK).await? {
            Some(name) => name,
            None => {
                let place = request.after.unwrap_or(Place { validity: 0, uid: 0 });
                return Ok(ReadMails { mails: Vec::new(), place, more: false });
            }
        },
    };
    let (mut validity, mut next) = (None, None);
    let opened = |answer: &Response<'_>| {
        if let Response::Data { outcome, .. } = answer {
            match outcome.code {
                Some(ResponseCode::UidValidity(number)) => validity = Some(number),
                Some(ResponseCode::UidNext(number)) => next = Some(number),
                _ => {}
            }
        }
    };
    session.command(&examine(&name)?, WORDS, opened).await?;
    let validity = validity.ok_or_else(|| MailboxError::Unavailable("it does not number its mails".to_owned()))?;

    let after = request.after.filter(|place| place.validity == validity).map(|place| place.uid);
    let new = match after {
        // No number is free any more.
        Some(u32::MAX) => BTreeSet::new(),
        Some(uid) => search(session, &format!("UID {}:*", uid + 1)).await?,
        None => search(session, &format!("SINCE {}", day(request.since))).await?,
    };
    // `n:*` also names the last mail, whatever its number.
    let new: Vec<u32> = new.into_iter().filter(|uid| after.is_none_or(|after| *uid > after)).collect();
    let (now, later) = new.split_at(new.len().min(request.most.max(1)));

    let mut read = Vec::new();
    let (began, mut bytes) = (Instant::now(), 0);
    // Where nothing is new, everything that has a number yet is read.
    let end = after.unwrap_or(0).max(next.map_or(0, |next| next.saturating_sub(1)));
    let mut place = Place { validity, uid: if later.is_empty() { end } else { after.unwrap_or(0) } };
    let sizes = sizes(session, now).await?;
    let mut stopped = false;
    for uid in now.iter().copied() {
        place.uid = uid;
        // A mail that has no size any more was deleted in between.
        let Some(size) = sizes.get(&uid).copied() else { continue };
        if !read.is_empty() && (bytes + size > AT_ONCE || began.elapsed() > AT_ONCE_TIME) {
            place.uid = uid - 1;
            stopped = true;
            break;
        }
        bytes += size.min(LONGEST);
        match fetch(session, uid, size).await {
            Ok(Some(raw)) => read.push(ReadMail { place, mail: parse(&raw, Some(address)) }),
            Ok(None) => {}
            Err(MailboxError::Denied(reason)) if request.pass_over_bad => {
                tracing::error!(reason, uid, "the mail server names a mail and cannot hand it out; look at it there");
            }
            Err(MailboxError::Denied(reason)) => return unless_empty(read, reason, uid, validity),
            Err(error) => return Err(error),
        }
    }
    let more = stopped || !later.is_empty();
    if !more {
        place.uid = place.uid.max(end);
    }
    Ok(ReadMails { mails: read, place, more })
}

/// What was read before the mail that cannot be handed out; that mail is alone at the front then.
fn unless_empty(mails: Vec<ReadMail>, reason: String, uid: u32, validity: u32) -> Result<ReadMails, MailboxError> {
    if mails.is_empty() {
        return Err(MailboxError::Unavailable(format!("it does not hand out a mail: {reason}")));
    }
    Ok(ReadMails { mails, place: Place { validity, uid: uid - 1 }, more: true })
}

async fn search(session: &mut Session, what: &str) -> Result<BTreeSet<u32>, MailboxError> {
    let mut found = BTreeSet::new();
    let command = format!("UID SEARCH {what}");
    let hit = |answer: &Response<'_>| {
        if let Response::MailboxData(MailboxDatum::Search(uids)) = answer {
            found.extend(uids.iter().copied().filter(|uid| *uid > 0));
        }
    };
    session.command(&command, WORDS, hit).await?;
    Ok(found)
}

/// The sizes of those that are there.
async fn sizes(session: &mut Session, uids: &[u32]) -> Result<BTreeMap<u32, usize>, MailboxError> {
    let mut sizes = BTreeMap::new();
    if uids.is_empty() {
        return Ok(sizes);
    }
    let set: Vec<_> = uids.iter().map(u32::to_string).collect();
    let seen = |answer: &Response<'_>| {
        if let Response::Fetch(_, attributes) = answer
            && let Some(uid) = uid_of(attributes)
            && let Some(size) = attributes.iter().find_map(|attribute| match attribute {
                AttributeValue::Rfc822Size(size) => Some(*size),
                _ => None,
            })
        {
            sizes.insert(uid, usize::try_from(size).unwrap_or(usize::MAX));
        }
    };
    session.command(&format!("UID FETCH {} (UID RFC822.SIZE)", set.join(",")), WORDS, seen).await?;
    Ok(sizes)
}

/// A mail, or the beginning of a long one; `None` if it was deleted in between.
async fn fetch(session: &mut Session, uid: u32, size: usize) -> Result<Option<Vec<u8>>, MailboxError> {
    let (part, most) = if size > LONGEST { (format!("<0.{BEGINNING}>"), BEGINNING) } else { (String::new(), size) };
    let (mut there, mut mail) = (false, None);
    let seen = |answer: &Response<'_>| {
        if let Response::Fetch(_, attributes) = answer
            && uid_of(attributes) == Some(uid)
        {
            for attribute in attributes {
                if let AttributeValue::BodySection { section: None, data, .. } = attribute {
                    there = true;
                    mail = data.as_ref().map(|data| data.to_vec());
                }
            }
        }
    };
    // Some servers count a mail's size before they mend its line ends.
    session.command(&format!("UID FETCH {uid} (UID BODY.PEEK[]{part})"), 2 * most + MARGIN, seen).await?;
    match (there, mail) {
        (true, None) => Err(MailboxError::Denied("NIL instead of the text".to_owned())),
        (_, mail) => Ok(mail),
    }
}

fn uid_of(attributes: &[AttributeValue<'_>]) -> Option<u32> {
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::Uid(uid) => Some(*uid),
        _ => None,
    })
}

async fn search_sent(session: &mut Session, message_id: &str) -> Result<bool, MailboxError> {
    let Some(name) = folder(session, &SENT).await? else { return Ok(false) };
    session.command(&examine(&name)?, WORDS, |_| {}).await?;
    Ok(!search(session, &format!("HEADER Message-ID {}", quoted(message_id)?)).await?.is_empty())
}

/// The name of the folder with this use.
async fn folder(session: &mut Session, wanted: &Use) -> Result<Option<String>, MailboxError> {
    let (mut marked, mut named) = (None, None);
    let listed = |answer: &Response<'_>| {
        if let Response::MailboxData(MailboxDatum::List(list)) = answer {
            let last = list.delimiter.as_deref().and_then(|by| list.name.rsplit(by).next()).unwrap_or(&list.name);
            if list.name_attributes.contains(&wanted.attribute) {
                marked = Some(unquoted(&list.name));
            } else if wanted.names.iter().any(|name| name.eq_ignore_ascii_case(last)) {
                named = Some(unquoted(&list.name));
            }
        }
    };
    session.command("LIST \"\" \"*\"", WORDS, listed).await?;
    Ok(marked.or(named))
}

fn examine(folder: &str) -> Result<String, MailboxError> {
    Ok(format!("EXAMINE {}", quoted(folder)?))
}

fn quoted(text: &str) -> Result<String, MailboxError> {
    if text.contains(|c: char| c.is_control()) {
        return Err(MailboxError::Denied("a name with a line break".to_owned()));
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// A name as the parser leaves it, with the backslashes that it was quoted with.
fn unquoted(name: &str) -> String {
    name.replace("\\\"", "\"").replace("\\\\", "\\")
}

/// As IMAP writes a day: `1-Feb-2026`.
fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%-d-%b-%Y").to_string()
}
