//! A mail system in memory: it loses answers, is away now and then, and remembers everything that left.

use std::sync::{Arc, Mutex};

use app::ports::{Lookup, Mailer, SendError};
use async_trait::async_trait;
use domain::{OrgId, OutgoingMail};
use jiff::Timestamp;

use super::chance::Chance;
use super::gate::lock;
use crate::clock::SettableClock;

/// A mail that left.
#[derive(Debug, Clone)]
pub(super) struct Departed {
    /// The mail system's name for it.
    pub message_id: String,
    pub mail: OutgoingMail,
    pub at: Timestamp,
}

/// The mail system.
pub(super) struct Sink {
    pub departed: Mutex<Vec<Departed>>,
    pub clock: Arc<SettableClock>,
    pub chance: Arc<Chance>,
}

impl Sink {
    fn depart(&self, mail: &OutgoingMail) -> String {
        let mut departed = lock(&self.departed);
        // As SES does: the mail leaves under a name of the mail system's own.
        let message_id = format!("<{:08}.{}@eu-west-1.amazonses.com>", departed.len(), mail.delivery);
        let at = self.clock.now();
        departed.push(Departed { message_id: message_id.clone(), mail: mail.clone(), at });
        message_id
    }
}

#[async_trait]
impl Mailer for Sink {
    async fn send(&self, _: &OrgId, mail: &OutgoingMail) -> Result<String, SendError> {
        let lost = |reason: &str| SendError::Unknown { delivery: mail.delivery.clone(), reason: reason.to_owned() };
        if self.chance.strikes(0.02) {
            return Err(SendError::NotSent { reason: "it is away".to_owned() });
        }
        if self.chance.strikes(0.01) {
            return Err(lost("the connection ended before the mail was taken"));
        }
        let message_id = self.depart(mail);
        if self.chance.strikes(0.02) {
            return Err(lost("the connection ended after the mail was taken"));
        }
        Ok(message_id)
    }

    async fn find(&self, _: &OrgId, mail: &OutgoingMail) -> Lookup {
        let departed = lock(&self.departed);
        let found = departed.iter().find(|departed| departed.mail.delivery == mail.delivery);
        found.map_or(Lookup::NotSent, |found| Lookup::Sent { message_id: found.message_id.clone(), at: Some(found.at) })
    }
}
