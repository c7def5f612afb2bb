//! Every key of the table, built here and nowhere else.
//!
//! | row | partition | sort | index |
//! |---|---|---|---|
//! | connection of an org | `org#O` | `connection` | work `upkeep` |
//! | assistant, schedule | `org#O` | `assistant#A`, `schedule#S` | |
//! | a schedule's earlier revision | `org#O` | `past-schedule#R#S` | |
//! | the nurture table, taught phrases | `org#O` | `postscripts`, `phrases` | |
//! | an assistant's own mailbox, and how far it is read | `org#O` | `account#H` | work `mailbox#N`, real time |
//! | the org's users, as last read; what their profiles may do | `org#O` | `users`, `permissions` | |
//! | lease, budget of calls to the CRM | `org#O` | `lease#NAME`, `budget` | |
//! | rate of the installation's mail system | `rate#mail` | `rate` | |
//! | lead | `lead#O#L` | `lead` | work `send#N` (calendar) or `lease#N` (real time); list `leads#O` |
//! | its story with the reasons, deliveries, mails read | `lead#O#L` | `event#T#N`, `delivery#D`, `mail#H` | work `lease#N` of a delivery to be looked up |
//! | address in use | `address#O#H` | `use` | |
//! | leads in use at an organisation's mail domain | `domain#O#H` | `lead#L` | |
//! | by what a lead is found | `find#O#wXX`, `find#O#pXX`, `find#O#s:STATE`, `find#O#o:USER` | a word, digits or a time, `#L` | |
//! | suppressed address; the hash is salted | `suppression#O#H` | `suppression` | |
//! | the salt | `suppression#O` | `salt` | |
//! | what an assistant has booked on a day | `agenda#O#A` | the date | |
//! | lead of a Message-ID | `message#O#H` | `message` | |
//! | org of a mailbox | `mailbox#H` | `mailbox` | |
//! | notification | `notification#O` | its hash | work `notification#N` until it is done |
//! | when the newest notification came | `org#O` | `heard` | |
//! | change for the CRM | `outbox#O` | `T#L` | work `writeback#N` |
//! | change that was given up | `failure#O` | `change#T#L` | list `failures#O` |
//! | trouble with a record, or a part of the upkeep | `failure#O` | `record#L`, `upkeep#PART` | work `notification#N`; list `failures#O` |
//! | what comparing with the CRM has shown | `audit#O` | the date `#MODULE` | |
//! | what was done, for seven days | `history#O` | `T#WAY` | list `history#O` |
//! | owner last seen | `seen#O#L` | `owner` | |
//! | an order for many leads, and which leads | `bulk#O` | its name, and `NAME#N` | work `bulk#N` until it is done |
//! | a session of the console, a token of its API | `session#O` | hash of its secret, `token#H` | |
//! | what the console asks of others, for a day; when somebody last asked for a test | `favour#O` | `asked#ID`, `last-test#U` | |
//! | sign-ins from an address | `signin#H` | `tries` | |
//! | an org that leaves, people that are erased | `leaving#O` | `farewell`, `person#H` | work `upkeep` until it is done |
//! | done for this lead | `lead#O#L` | `asked#NAME` | |
//!
//! `O` org, `L` lead, `A` assistant, `U` user, `S` schedule, `R` revision, `H` a SHA-256, `N` a shard, `T` a time. The org is in
//! every key but the mailbox's, by which the org of a mail from outside is found, the sign-ins', whose org is not known yet, and
//! the rate's, for all orgs send through one account. Rows of other kinds that stand for something that fails, changes for the
//! CRM, deliveries, notifications, mailboxes and the connection, are in the list `failures#O` as long as it does.

use data_encoding::HEXLOWER;
use domain::{AssistantId, DeliveryId, EmailAddress, LeadId, Module, OrgId, UserId};
use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::{Direction, TroubleWith};
use crate::ports::{Key, Listing};

/// Due work is spread over this many queues of the index, so that none is a hot partition.
pub const SHARDS: u8 = 8;

/// Kinds of due work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// Leads whose next mail, or whose end, is due; calendar time.
    Send,
    /// Leads whose sender's lease ran out, and mails that somebody wants looked up again; real time.
    Lease,
    /// Notifications that were recorded and not yet looked at, and records that could not be; real time.
    Notification,
    /// Outbox entries; real time.
    Writeback,
    /// Connections whose upkeep is due; real time.
    Upkeep,
    /// Mailboxes that are to be read; real time.
    Mailbox,
    /// Orders for many leads whose runner has not been heard of; real time.
    Bulk,
}

impl Queue {
    /// All queues of this kind.
    pub fn shards(self) -> impl Iterator<Item = String> {
        (0..SHARDS).map(move |shard| self.named(shard))
    }

    /// The queue that `key`'s row waits in.
    pub fn of(self, key: &Key) -> String {
        self.named(Sha256::digest(key.partition.as_bytes())[0] % SHARDS)
    }

    fn named(self, shard: u8) -> String {
        let kind = match self {
            Self::Send => "send",
            Self::Lease => "lease",
            Self::Notification => "notification",
            Self::Writeback => "writeback",
            Self::Upkeep => "upkeep",
            Self::Mailbox => "mailbox",
            Self::Bulk => "bulk",
        };
        format!("{kind}#{shard}")
    }
}

fn key(partition: String, sort: impl Into<String>) -> Key {
    Key { partition, sort: sort.into() }
}

/// A name for free text, of a length and alphabet that a key can have.
pub fn hash(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

pub(super) fn org_partition(org: &OrgId) -> String {
    format!("org#{org}")
}

pub(super) fn lead_partition(org: &OrgId, lead: &LeadId) -> String {
    format!("lead#{org}#{lead}")
}

pub(super) fn connection(org: &OrgId) -> Key {
    key(org_partition(org), "connection")
}

pub(super) fn users(org: &OrgId) -> Key {
    key(org_partition(org), "users")
}

pub(super) const ASSISTANTS: &str = "assistant#";

pub(super) fn assistant(org: &OrgId, id: &AssistantId) -> Key {
    key(org_partition(org), format!("{ASSISTANTS}{id}"))
}

pub(super) const ACCOUNTS: &str = "account#";

pub(super) fn account(org: &OrgId, address: &EmailAddress) -> Key {
    key(org_partition(org), format!("{ACCOUNTS}{}", address.hash()))
}

pub(super) const SCHEDULES: &str = "schedule#";

pub(super) fn schedule(org: &OrgId, name: &str) -> Key {
    key(org_partition(org), format!("{SCHEDULES}{name}"))
}

pub(super) const PAST_SCHEDULES: &str = "past-schedule#";

pub(super) fn past_schedule(org: &OrgId, name: &str, revision: u32) -> Key {
    key(org_partition(org), format!("{PAST_SCHEDULES}{revision:08}#{name}"))
}

pub(super) fn phrases(org: &OrgId) -> Key {
    key(org_partition(org), "phrases")
}

pub(super) fn permissions(org: &OrgId) -> Key {
    key(org_partition(org), "permissions")
}

pub(super) fn postscripts(org: &OrgId) -> Key {
    key(org_partition(org), "postscripts")
}

pub(super) const LEASES: &str = "lease#";

pub(super) fn lease(org: &OrgId, name: &str) -> Key {
    key(org_partition(org), format!("{LEASES}{name}"))
}

pub(super) fn budget(org: &OrgId) -> Key {
    key(org_partition(org), "budget")
}

pub(super) fn mail_rate() -> Key {
    key("rate#mail".to_owned(), "rate")
}

pub(super) fn lead(org: &OrgId, lead: &LeadId) -> Key {
    key(lead_partition(org, lead), "lead")
}

pub(super) const EVENTS: &str = "event#";

/// Unique by the lead's version, which every commit raises; in order by time.
pub(super) fn event(org: &OrgId, lead: &LeadId, at: Timestamp, version: u64) -> Key {
    key(lead_partition(org, lead), format!("{EVENTS}{:020}#{version:08}", at.as_millisecond()))
}

pub(super) fn delivery(org: &OrgId, lead: &LeadId, delivery: &DeliveryId) -> Key {
    key(lead_partition(org, lead), format!("{DELIVERIES}{delivery}"))
}

pub(super) const DELIVERIES: &str = "delivery#";

pub(super) fn mail_read(org: &OrgId, lead: &LeadId, message_id: &str) -> Key {
    key(lead_partition(org, lead), format!("mail#{}", hash(message_id)))
}

pub(super) fn asked(org: &OrgId, lead: &LeadId, order: &str) -> Key {
    key(lead_partition(org, lead), format!("asked#{order}"))
}

fn bulk_partition(org: &OrgId) -> String {
    format!("bulk#{org}")
}

pub(super) fn bulk(org: &OrgId, name: &str) -> Key {
    key(bulk_partition(org), name)
}

pub(super) fn bulk_page(org: &OrgId, name: &str, page: u32) -> Key {
    key(bulk_partition(org), format!("{name}#{page:06}"))
}

pub(super) fn address(org: &OrgId, address: &EmailAddress) -> Key {
    key(format!("address#{org}#{}", address.hash()), "use")
}

pub(super) fn domain_partition(org: &OrgId, domain: &str) -> String {
    format!("domain#{org}#{}", hash(domain))
}

pub(super) const LEADS: &str = "lead#";

pub(super) fn domain(org: &OrgId, domain: &str, lead: &LeadId) -> Key {
    key(domain_partition(org, domain), format!("{LEADS}{lead}"))
}

/// The name of an address on the suppression list with this salt.
pub fn salted(salt: &str, address: &EmailAddress) -> String {
    hash(&format!("{salt}{address}"))
}

pub(super) fn suppression(org: &OrgId, salt: &str, address: &EmailAddress) -> Key {
    key(format!("suppression#{org}#{}", salted(salt, address)), "suppression")
}

pub(super) fn salt(org: &OrgId) -> Key {
    key(format!("suppression#{org}"), "salt")
}

fn find(org: &OrgId, what: &str) -> String {
    format!("find#{org}#{what}")
}

/// A partition for what begins alike: what somebody types is the beginning of a word.
fn beginning(text: &str) -> String {
    text.chars().take(2).collect()
}

pub(super) fn find_words(org: &OrgId, word: &str) -> String {
    find(org, &format!("w{}", beginning(word)))
}

pub(super) fn find_word(org: &OrgId, word: &str, lead: &LeadId) -> Key {
    key(find_words(org, word), format!("{word}#{lead}"))
}

pub(super) fn find_phones(org: &OrgId, end: &str) -> String {
    find(org, &format!("p{}", beginning(end)))
}

pub(super) fn find_phone(org: &OrgId, end: &str, lead: &LeadId) -> Key {
    key(find_phones(org, end), format!("{end}#{lead}"))
}

/// Sorts later times first.
fn backwards(at: Timestamp) -> String {
    format!("{:020}", i64::MAX - at.as_millisecond())
}

pub(super) fn find_states(org: &OrgId, state: &str) -> String {
    find(org, &format!("s:{state}"))
}

pub(super) fn find_state(org: &OrgId, state: &str, since: Timestamp, lead: &LeadId) -> Key {
    key(find_states(org, state), format!("{}#{lead}", backwards(since)))
}

pub(super) fn find_owners(org: &OrgId, user: &UserId) -> String {
    find(org, &format!("o:{user}"))
}

pub(super) fn find_owner(org: &OrgId, user: &UserId, since: Timestamp, lead: &LeadId) -> Key {
    key(find_owners(org, user), format!("{}#{lead}", backwards(since)))
}

/// The lead that an entry of the index finds.
pub(super) fn found_lead(key: &Key) -> Option<LeadId> {
    key.sort.rsplit_once('#')?.1.parse().ok()
}

pub(super) fn agenda_partition(org: &OrgId, assistant: &AssistantId) -> String {
    format!("agenda#{org}#{assistant}")
}

/// Is it a row of an agenda?
pub(super) fn is_agenda(key: &Key) -> bool {
    key.partition.starts_with("agenda#")
}

pub(super) fn agenda(org: &OrgId, assistant: &AssistantId, date: Date) -> Key {
    key(agenda_partition(org, assistant), date.to_string())
}

pub(super) fn message(org: &OrgId, message_id: &str) -> Key {
    key(format!("message#{org}#{}", hash(message_id)), "message")
}

pub(super) fn mailbox(address: &EmailAddress) -> Key {
    key(format!("mailbox#{}", address.hash()), "mailbox")
}

pub(super) fn notification_partition(org: &OrgId) -> String {
    format!("notification#{org}")
}

pub(super) fn notification(org: &OrgId, name: &str) -> Key {
    key(notification_partition(org), name)
}

pub(super) fn heard(org: &OrgId) -> Key {
    key(org_partition(org), "heard")
}

pub(super) fn outbox_partition(org: &OrgId) -> String {
    format!("outbox#{org}")
}

/// In order of `stamp`, which never runs backwards for one lead.
pub(super) fn outbox(org: &OrgId, stamp: i64, lead: &LeadId) -> Key {
    key(outbox_partition(org), format!("{stamp:020}#{lead}"))
}

/// Where an entry stood before it was given up.
pub(super) fn outbox_of(org: &OrgId, given_up: &Key) -> Key {
    let sort = given_up.sort.strip_prefix(GIVEN_UP).and_then(|sort| sort.strip_prefix('#'));
    key(outbox_partition(org), sort.unwrap_or(&given_up.sort))
}

pub(super) fn failure_partition(org: &OrgId) -> String {
    format!("failure#{org}")
}

pub(super) const GIVEN_UP: &str = "change";

pub(super) fn given_up(org: &OrgId, outbox: &Key) -> Key {
    key(failure_partition(org), format!("{GIVEN_UP}#{}", outbox.sort))
}

/// What troubles with records begin with.
pub(crate) const RECORDS: &str = "record#";
/// What troubles with the upkeep begin with.
pub(crate) const UPKEEP: &str = "upkeep#";

pub(super) fn trouble(org: &OrgId, with: &TroubleWith) -> Key {
    key(
        failure_partition(org),
        match with {
            TroubleWith::Record { record } => format!("{RECORDS}{record}"),
            TroubleWith::Upkeep { step } => format!("{UPKEEP}{}", step.name()),
        },
    )
}

pub(super) fn in_trouble_list(org: &OrgId) -> String {
    format!("failures#{org}")
}

/// A row's place in the failure log, by when it is tried again or was given up.
pub(super) fn in_trouble(org: &OrgId, at: Timestamp) -> Listing {
    Listing { list: in_trouble_list(org), sort: format!("{:020}", at.as_millisecond()) }
}

pub(super) fn audit_partition(org: &OrgId) -> String {
    format!("audit#{org}")
}

pub(super) fn audit(org: &OrgId, date: Date, module: Module) -> Key {
    key(audit_partition(org), format!("{date}#{module}"))
}

pub(super) fn history_partition(org: &OrgId) -> String {
    format!("history#{org}")
}

pub(super) fn history(org: &OrgId, at: Timestamp, direction: Direction) -> Key {
    key(history_partition(org), format!("{:020}#{direction:?}", at.as_millisecond()))
}

pub(super) fn seen_owner(org: &OrgId, lead: &LeadId) -> Key {
    key(format!("seen#{org}#{lead}"), "owner")
}

pub(super) fn lead_list(org: &OrgId) -> String {
    format!("leads#{org}")
}

pub(super) fn session_partition(org: &OrgId) -> String {
    format!("session#{org}")
}

/// By the hash: who reads the table cannot sign in with what it holds.
pub(super) fn session(org: &OrgId, secret: &str) -> Key {
    key(session_partition(org), hash(secret))
}

/// What tokens of the API begin with; hashes of sessions hold no such sign.
pub(super) const TOKENS: &str = "token#";

pub(super) fn api_token(org: &OrgId, hash: &str) -> Key {
    key(session_partition(org), format!("{TOKENS}{hash}"))
}

pub(super) fn favour_partition(org: &OrgId) -> String {
    format!("favour#{org}")
}

pub(super) fn favour(org: &OrgId, id: &str) -> Key {
    key(favour_partition(org), format!("asked#{id}"))
}

pub(super) fn last_test(org: &OrgId, user: &UserId) -> Key {
    key(favour_partition(org), format!("last-test#{user}"))
}

pub(super) fn sign_ins(address: &str) -> Key {
    key(format!("signin#{}", hash(address)), "tries")
}

pub(super) fn leaving_partition(org: &OrgId) -> String {
    format!("leaving#{org}")
}

pub(super) fn farewell(org: &OrgId) -> Key {
    key(leaving_partition(org), "farewell")
}

pub(super) const ERASURES: &str = "person#";

pub(super) fn erasure(org: &OrgId, name: &str) -> Key {
    key(leaving_partition(org), format!("{ERASURES}{name}"))
}

/// The partitions that hold what an org has besides its leads and its assistants' agendas. The org's own is the last.
pub(super) fn partitions_of(org: &OrgId) -> [String; 9] {
    [
        outbox_partition(org),
        failure_partition(org),
        notification_partition(org),
        history_partition(org),
        audit_partition(org),
        session_partition(org),
        bulk_partition(org),
        favour_partition(org),
        org_partition(org),
    ]
}

/// The lead in the key of a change for it, waiting or given up.
pub(super) fn lead_of_change(key: &Key) -> &str {
    key.sort.rsplit_once('#').map_or("", |(_, lead)| lead)
}

/// Is it the key of a change for this lead, waiting or given up?
pub(super) fn is_of_lead(key: &Key, lead: &LeadId) -> bool {
    lead_of_change(key) == lead.to_string()
}

/// Is it the row of a connection?
pub fn is_connection(key: &Key) -> bool {
    key.sort == "connection"
}

/// The org in a partition such as `lead#us-60001#contacts-77` or `outbox#us-60001`.
pub fn org_of(key: &Key) -> Option<OrgId> {
    key.partition.split('#').nth(1)?.parse().ok()
}

/// The record in a sort key such as `record#contacts-77`.
pub(crate) fn record_in_trouble(key: &Key) -> Option<LeadId> {
    key.sort.strip_prefix(RECORDS)?.parse().ok()
}

/// The delivery in a sort key such as `delivery#dlv_contacts-77.1.2`.
pub(crate) fn delivery_of(key: &Key) -> Option<DeliveryId> {
    key.sort.strip_prefix("delivery#")?.parse().ok()
}

/// The lead in a partition such as `lead#us-60001#contacts-77`.
pub fn lead_of(key: &Key) -> Option<LeadId> {
    key.partition.split('#').nth(2)?.parse().ok()
}
