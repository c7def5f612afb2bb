//! Mails as the product speaks of them; MIME is the `mail` adapter's.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::EmailAddress;
use crate::id::DeliveryId;

/// Which way a mail went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The assistant wrote it.
    Sent,
    /// The lead, or software on the lead's side, wrote it.
    Received,
}

/// A person or an assistant on an address line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// Display name; may be empty.
    pub name: String,
    /// The address.
    pub address: EmailAddress,
}

/// A mail that is about to leave, complete: nothing is looked up between the claim and the sending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingMail {
    /// Its name, fixed before anything leaves.
    pub delivery: DeliveryId,
    /// The assistant.
    pub from: Mailbox,
    /// The lead.
    pub to: Mailbox,
    /// In copy: the owner, where the assistant introduces them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Mailbox>,
    /// Written by software at once in answer to a mail; said in its headers (RFC 3834), so that no other software answers.
    #[serde(default)]
    pub automatic_answer: bool,
    /// Where answers go: signed for this lead. `None` where the installation has no reply domain.
    pub reply_to: Option<EmailAddress>,
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same text as HTML, where opens or clicks are watched. `None`: the mail is plain text alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// The Message-ID we give it, with its angle brackets. SES replaces it, so it also stands in `references`.
    pub message_id: String,
    /// The mail this one answers.
    pub in_reply_to: Option<String>,
    /// The thread so far, oldest first.
    pub references: Vec<String>,
    /// Where one POST takes the lead off the list (RFC 8058). `None`: it goes to no lead, but to a user who tries a mail out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribe_url: Option<String>,
    /// Calendar time of the decision to send.
    pub date: Timestamp,
}

/// A mail as it stands on the CRM record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedMail {
    /// Which way it went.
    pub direction: Direction,
    /// Who wrote it.
    pub from: Mailbox,
    /// To whom.
    pub to: Mailbox,
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// When it was sent or received.
    pub at: Timestamp,
    /// Its Message-ID with angle brackets: what makes it unique in the CRM.
    pub message_id: String,
}

/// The conversation with a lead so far, as much of it as the next mail needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Subject of the first mail; empty before it.
    pub subject: String,
    /// Text of the first mail, quoted by those that follow.
    pub first_text: String,
    /// When the first mail left.
    pub first_at: Option<Timestamp>,
    /// Message-IDs, oldest first: the first and the newest ones.
    pub message_ids: Vec<String>,
}

impl Thread {
    /// RFC 5322 asks for all ids, mail systems cut long headers: the first one and the nine newest keep a thread whole.
    const KEPT: usize = 10;

    /// Does a mail with this subject answer the conversation? Mail programs put words such as `Re:` and `Automatic reply:`
    /// before the subject they answer, in every language, so its end is what counts.
    ///
    /// ```
    /// let thread = domain::Thread { subject: "Fewer punch cards".to_owned(), ..domain::Thread::default() };
    /// assert!(thread.is_continued_by("Réponse automatique : Fewer punch cards"));
    /// assert!(!thread.is_continued_by("Ten or fewer punch cards"));
    /// ```
    pub fn is_continued_by(&self, subject: &str) -> bool {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let (ours, theirs) = (words(&self.subject), words(subject));
        let is_prefix = |before: &str| before.is_empty() || before.trim_end().ends_with([':', '：', ']']);
        !ours.is_empty() && theirs.strip_suffix(&ours).is_some_and(is_prefix)
    }

    /// Adds a mail's ids to the thread.
    pub(crate) fn push(&mut self, message_id: &str) {
        if !self.message_ids.iter().any(|known| known == message_id) {
            self.message_ids.push(message_id.to_owned());
        }
        if self.message_ids.len() > Self::KEPT {
            self.message_ids.remove(1);
        }
    }
}
