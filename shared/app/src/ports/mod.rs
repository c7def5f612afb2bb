//! What the use cases need from the world, as traits. An adapter can be written from these docs alone.

mod accounts;
mod budgets;
mod clock;
mod composer;
mod crm;
mod events;
mod mailboxes;
mod mailer;
mod secrets;
mod sessions;
mod table;

pub use accounts::{Accounts, AccountsError, Grant, RefreshedToken};
pub use budgets::{Budgets, Pass, Unlimited};
pub use clock::{Clock, SKEW};
pub use composer::{ComposeError, Composer};
pub use crm::{
    Absence, AddressState, Allowance, Change, ChangedRecord, ChannelGrant, ChannelRequest, Crm, CrmError, CrmField,
    CrmRecord, Glance, NewField, Organisation, OwnField, RecordNote, RecordTask, Since,
};
pub use events::{Event, Events, EventsError};
pub use mailboxes::{
    Checked, Credential, Folder, Login, MailToken, MailTokens, MailboxError, Mailboxes, OAuthClient, Place, ReadMail,
    ReadMails, ReadRequest,
};
pub use mailer::{Lookup, Mailer, SendError};
pub use secrets::{Secrets, SecretsError};
pub use sessions::{FieldNames, Session, Sessions};
pub use table::{Expect, IndexEntry, Key, ListOrder, Listing, Page, Row, Table, TableError, Write};
