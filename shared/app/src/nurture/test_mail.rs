//! Mails that a user tries out: sent to themselves, as a lead would get them.
//!
//! **Invariants:** the address is the one that the CRM has of whoever asked, never one that a request names. A mail is said to be
//! leaving before it leaves, and what is said to be leaving is not sent again.
//! **Absent:** everything that makes a mail a lead's. No delivery, no thread, no link that would take anybody off a list.

use domain::{DeliveryId, Mailbox, OrgId, OutgoingMail};

use super::Nurture;
use crate::error::AppError;
use crate::favours::{Favour, Progress, Wanted};
use crate::ports::SendError;

/// What the subject begins with.
const MARK: &str = "[Test]";

impl Nurture {
    /// Sends the mail of the favour of this name, if nobody has begun to.
    pub async fn send_test(&self, org: &OrgId, id: &str) -> Result<(), AppError> {
        let asked = self.store().favour(org, id).await?.filter(|stored| stored.value.progress == Progress::Asked);
        let Some(stored) = asked else { return Ok(()) };
        let (favour, mut version) = (stored.value, stored.version);
        let progress = match self.test_mail(org, id, &favour).await? {
            Err(why) => Progress::Refused { why },
            Ok(mail) => {
                let sending = favour.at(Progress::Sending { since: self.changes().clock.real() });
                if !self.store().put_favour(org, id, &sending, version).await? {
                    return Ok(());
                }
                version += 1;
                match self.mailer.send(org, &mail).await {
                    Ok(_) => Progress::Done,
                    Err(SendError::Unknown { reason, .. }) => {
                        tracing::warn!(%org, favour.id = id, reason, "it is not known whether a test left");
                        return Ok(());
                    }
                    Err(
                        error @ (SendError::Refused { .. }
                        | SendError::NoSuchAddress { .. }
                        | SendError::NotSent { .. }),
                    ) => Progress::Refused { why: error.to_string() },
                }
            }
        };
        self.store().put_favour(org, id, &favour.at(progress), version).await?;
        Ok(())
    }

    /// The mail, or in words why there is none.
    async fn test_mail(
        &self,
        org: &OrgId,
        id: &str,
        favour: &Favour,
    ) -> Result<Result<OutgoingMail, String>, AppError> {
        let Wanted::Test { assistant, subject, text } = &favour.wanted else {
            return Err(AppError::Invalid(format!("favour {id} is no test")));
        };
        let Some(assistant) = self.store().assistant(org, assistant).await?.map(|stored| stored.value) else {
            return Ok(Err(format!("there is no assistant {assistant} any more; open the schedule again")));
        };
        let users = self.store().users(org).await?.map(|known| known.users).unwrap_or_default();
        let user = users.into_iter().find(|user| user.id == favour.by && user.active);
        let Some((name, address)) = user.and_then(|user| Some((user.name, user.email?))) else {
            return Ok(Err(
                "Zoho shows no mail address of yours; press Refresh in CRM Details, or ask an administrator".to_owned(),
            ));
        };
        if let Some(why) = self.store().suppression(org, &address).await? {
            return Ok(Err(format!("your address is on the suppression list: {}", why.words())));
        }
        let delivery = DeliveryId::of_test(id).map_err(|error| AppError::Invalid(error.to_string()))?;
        Ok(Ok(OutgoingMail {
            message_id: format!("<test.{id}@{}>", assistant.email.domain()),
            from: Mailbox { name: assistant.name, address: assistant.email },
            to: Mailbox { name, address },
            cc: Vec::new(),
            automatic_answer: false,
            reply_to: None,
            subject: format!("{MARK} {subject}"),
            text: text.clone(),
            html: None,
            in_reply_to: None,
            references: Vec::new(),
            unsubscribe_url: None,
            date: self.changes().clock.calendar(),
            delivery,
        }))
    }
}
