//! Mail as bytes: MIME written and read, mail sent by SMTP or into a folder, mail received by IMAP or from a folder.
//!
//! - [`render()`] writes the one kind of mail the product sends: plain text, one recipient, every script in every header.
//! - [`parse()`] reads anything that a mail server may hand over.
//! - [`ReadLine`] is how a mail that was read is shown to programs.
//! - [`SmtpMailer`] and [`EmlOutbox`] are the `Mailer`s of an installation without a mail provider's API.
//! - [`MailServers`] reads and sends through assistants' own mailboxes, by IMAP and SMTP; [`TokenEndpoints`] has the tokens
//!   that Google and Microsoft want.
//! - [`EmlInbox`] receives where there is no mail server at all.
//!
//! **Invariant:** a value never becomes a header of its own, whatever is in it; reading takes bounded time and memory,
//! whatever is read; a send is called not sent only where that is certain.
//! **Absent:** what a mail means (`domain`), retries and schedules (`app`), DKIM (the server's).
//!
//! Neither addresses nor texts are logged here, nor do they stand in errors. lettre's `tracing` feature would log both.

mod imap;
mod inbox;
mod line;
mod oauth;
mod outbox;
mod read;
mod render;
mod servers;
mod smtp;
mod text;
mod trust;

pub use inbox::EmlInbox;
pub use line::ReadLine;
pub use oauth::TokenEndpoints;
pub use outbox::EmlOutbox;
pub use read::parse;
pub use render::render;
pub use servers::MailServers;
pub use smtp::SmtpMailer;
pub use trust::Trust;

#[cfg(test)]
mod tests;
