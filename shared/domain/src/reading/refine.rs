//! A second opinion on what a person wants.
//!
//! **Invariant:** a model proposes one intent of a closed list, and changes nothing else: dates, addresses and the text
//! are read from the mail as before. It has no say in what software wrote, in what an org taught, in what was said twice,
//! and never takes back a wish for no more mail.

use super::intent::Meant;
use super::text::Text;
use super::{IncomingMail, Intent, MailKind, Reading, calendar, meaning};

/// Readings at least this sure, in hundredths, are not asked about.
const SURE: u8 = 90;

impl Reading {
    /// May a model have a say in what the writer wants?
    pub fn is_open(&self) -> bool {
        self.kind == MailKind::Human && self.confidence < SURE && self.intent != Some(Intent::Unsubscribed)
    }

    /// The reading of `mail` with the intent that a model proposes. Unchanged if it has no say, or says the same.
    pub fn refined(self, mail: &IncomingMail, proposed: Intent) -> Self {
        // Of a ticket software tells, and of an absence only with its words, which the reader knows in all its languages.
        let impossible = matches!(proposed, Intent::SupportAutoResponse | Intent::OutOfOffice);
        if !self.is_open() || impossible || self.intent == Some(proposed) {
            return self;
        }
        let before = self.intent.map_or_else(String::new, |intent| format!("; by its words: {intent:?}"));
        let evidence = vec![format!("a model's opinion{before}")];
        let meant = Meant { intent: proposed, confidence: self.confidence.max(70), evidence };
        let new_text = self.new_text.clone();
        meaning(mail, self, &Text::new(&new_text, calendar(mail)), meant)
    }
}
