//! Reading mailboxes: each in its turn, from where it was left.
//!
//! **Invariant:** one process reads a mailbox at a time; its place moves on after its mails were taken in, never before.

use domain::OrgId;
use jiff::{SignedDuration, Timestamp};

use super::MailboxAccess;
use crate::error::AppError;
use crate::ports::{Clock, Credential, Folder, Login, MailboxError, ReadMails, ReadRequest, TableError};
use crate::receive::{Receive, Received};
use crate::store::{Direction, OwnMailbox, Queue, Store, Stored, WorkDone, keys};

/// From one look to the next.
const INTERVAL: SignedDuration = SignedDuration::from_mins(1);
/// The longest pause after failures, and the pause after a refusal: too many wrong passwords lock an account.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(15);
/// How long one mailbox may hold up the others; what is left of it is read at its next turn.
const TURN: SignedDuration = SignedDuration::from_secs(20);
/// Longer than a turn: whoever holds a mailbox for longer is dead.
const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// Mails of one call.
const AT_ONCE: usize = 25;
/// How far back mails are looked at in a mailbox that is new, or whose numbering began anew: longer than it can have
/// gone unread without somebody noticing.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// After this many failures in a row a mail that its server cannot hand out, and that may be why, is passed over.
const PATIENT: u32 = 5;
/// Mailboxes of one shard that a call takes on.
const PER_SHARD: u32 = 20;

/// Reads assistants' own mailboxes.
pub struct PollMailboxes {
    /// Takes in mail.
    pub receive: Receive,
    /// Opens and reaches them.
    pub access: MailboxAccess,
}

/// What a call did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Polled {
    /// Mailboxes that were read.
    pub mailboxes: u32,
    /// Mails that changed a lead.
    pub applied: u32,
    /// Mails that were known.
    pub repeated: u32,
    /// Mails that belong to no lead.
    pub unmatched: u32,
    /// Mails that cannot be worked off, ever; they stay in their mailbox.
    pub given_up: u32,
    /// Mailboxes that were not reached.
    pub failed: u32,
}

/// Why a turn ended before its mailbox was read.
enum Stopped {
    TimeIsUp,
    Mailbox(MailboxError),
    App(AppError),
}

impl PollMailboxes {
    /// Reads what is due, until `deadline` of real time.
    pub async fn poll(&self, deadline: Timestamp) -> Result<Polled, AppError> {
        let mut polled = Polled::default();
        for key in self.store().due(Queue::Mailbox, self.clock().real(), PER_SHARD).await? {
            let now = self.clock().real();
            if now >= deadline {
                break;
            }
            let Some(org) = keys::org_of(&key) else { continue };
            let Some(lease) = self.store().take_lease(&org, &key.sort, now, now + LEASE).await? else { continue };
            let turn = match self.store().own_mailbox_at(&key).await {
                Ok(Some(stored)) if stored.value.next_poll <= now => {
                    self.turn(&org, stored, deadline.min(now + TURN), &mut polled).await
                }
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            self.store().end_lease(lease).await?;
            if let Err(error) = turn {
                tracing::error!(%org, %error, "a mailbox's place could not be stored; it is read again");
                polled.failed += 1;
            }
        }
        Ok(polled)
    }

    fn store(&self) -> &Store {
        &self.receive.changes.store
    }

    fn clock(&self) -> &dyn Clock {
        self.receive.changes.clock.as_ref()
    }

    /// One mailbox's turn; what it came to is stored with it.
    async fn turn(
        &self,
        org: &OrgId,
        stored: Stored<OwnMailbox>,
        until: Timestamp,
        polled: &mut Polled,
    ) -> Result<(), TableError> {
        let Stored { value: mut mailbox, version } = stored;
        let began = self.clock().real();
        let before = *polled;
        let ended = self.read(org, &mut mailbox, until, polled).await;
        let now = self.clock().real();
        let mut work = WorkDone::new(Direction::MailIn);
        let line = work.line("mails");
        (line.added, line.failed) = (polled.applied - before.applied, polled.given_up - before.given_up);
        match ended {
            Ok(()) => {
                polled.mailboxes += 1;
                (mailbox.failures, mailbox.trouble) = (0, None);
                (mailbox.read_at, mailbox.next_poll) = (Some(began), now + INTERVAL);
            }
            // It goes on at its next turn.
            Err(Stopped::TimeIsUp) => {
                polled.mailboxes += 1;
                (mailbox.failures, mailbox.trouble) = (0, None);
                mailbox.next_poll = now;
            }
            Err(Stopped::Mailbox(error)) => {
                let denied = matches!(error, MailboxError::Denied(_));
                self.failed(org, &mut mailbox, denied, error.to_string());
                polled.failed += 1;
            }
            Err(Stopped::App(error)) => {
                self.failed(org, &mut mailbox, false, error.to_string());
                polled.failed += 1;
            }
        }
        line.failed += polled.failed - before.failed;
        self.store().add_history(org, work, now).await?;
        match self.store().put_own_mailbox(org, &mailbox, Some(version)).await {
            // It was set anew or removed meanwhile. What was taken in is recognised when it is read again.
            Err(TableError::Unexpected(_)) => Ok(()),
            stored => stored,
        }
    }

    /// Remembers why a mailbox was not read; a person is told once of what only a person can mend.
    fn failed(&self, org: &OrgId, mailbox: &mut OwnMailbox, denied: bool, reason: String) {
        let assistant = &mailbox.account.assistant;
        if denied && mailbox.trouble.as_ref() != Some(&reason) {
            tracing::error!(%org, %assistant, reason, "a mailbox is closed to us: see `assistant mailbox check`");
        } else {
            tracing::warn!(%org, %assistant, reason, failures = mailbox.failures, "a mailbox was not read");
        }
        let pause = INTERVAL * 2_i32.pow(mailbox.failures.min(5));
        mailbox.next_poll = self.clock().real() + if denied { LONGEST_PAUSE } else { pause.min(LONGEST_PAUSE) };
        mailbox.failures = mailbox.failures.saturating_add(1);
        mailbox.trouble = Some(reason);
    }

    async fn read(
        &self,
        org: &OrgId,
        mailbox: &mut OwnMailbox,
        until: Timestamp,
        polled: &mut Polled,
    ) -> Result<(), Stopped> {
        let mut credential = self.access.credentials.current(org, &mailbox.account).await.map_err(Stopped::Mailbox)?;
        let since = mailbox.read_at.unwrap_or(mailbox.set_at) - LOOK_BACK;
        let folders: &[_] = if mailbox.account.read_junk { &[Folder::Inbox, Folder::Junk] } else { &[Folder::Inbox] };
        let mut may_renew = true;
        for folder in folders.iter().copied() {
            loop {
                let after = mailbox.places.get(&folder).copied();
                let pass_over_bad = mailbox.failures >= PATIENT;
                let request = ReadRequest { folder, after, since, most: AT_ONCE, pass_over_bad };
                let read = match self.fetch(mailbox, &credential, request, until).await {
                    // A token may be withdrawn before its time. A password is not renewed, and not tried again.
                    Err(Stopped::Mailbox(MailboxError::Denied(_)))
                        if may_renew && matches!(credential, Credential::Token(_)) =>
                    {
                        may_renew = false;
                        let renewed = self.access.credentials.renewed(org, &mailbox.account, &credential).await;
                        credential = renewed.map_err(Stopped::Mailbox)?;
                        continue;
                    }
                    read => read?,
                };
                for taken in read.mails {
                    if self.clock().real() >= until {
                        return Err(Stopped::TimeIsUp);
                    }
                    self.take_in(org, &taken.mail, polled).await.map_err(Stopped::App)?;
                    mailbox.places.insert(folder, taken.place);
                }
                mailbox.places.insert(folder, read.place);
                if !read.more || after == Some(read.place) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Mails, if they come in time.
    async fn fetch(
        &self,
        mailbox: &OwnMailbox,
        credential: &Credential,
        request: ReadRequest,
        until: Timestamp,
    ) -> Result<ReadMails, Stopped> {
        let left = until.duration_since(self.clock().real());
        if left <= SignedDuration::ZERO {
            return Err(Stopped::TimeIsUp);
        }
        let login = Login { account: &mailbox.account, credential };
        let reading = self.access.mailboxes.read(login, request);
        match tokio::time::timeout(left.unsigned_abs(), reading).await {
            Ok(read) => read.map_err(Stopped::Mailbox),
            Err(_) => Err(Stopped::Mailbox(MailboxError::Unavailable("it was too slow".to_owned()))),
        }
    }

    async fn take_in(&self, org: &OrgId, mail: &domain::IncomingMail, polled: &mut Polled) -> Result<(), AppError> {
        match self.receive.receive(mail).await {
            Ok(Received::Applied(..)) => polled.applied += 1,
            Ok(Received::Repeated) => polled.repeated += 1,
            Ok(Received::Unmatched) => polled.unmatched += 1,
            Err(error) if error.is_retryable() => return Err(error),
            Err(error) => {
                // It must not hold up those behind it, and a person finds it in the mailbox.
                tracing::error!(%org, %error, "a mail cannot be worked off; it stays in its mailbox");
                polled.given_up += 1;
            }
        }
        Ok(())
    }
}
