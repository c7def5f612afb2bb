//! Mail through SES.
//!
//! **Invariant:** what is reported as not sent never left: SES said no, or the request never reached it. Everything in
//! between is unknown. The client's retries are off, for SES has no token that would make two requests one mail.
//! **Absent:** looking a delivery up. SES cannot be asked; its events, which carry the tags set here, tell.

mod tag;
#[cfg(test)]
mod tests;
mod wire;

use app::ports::{Lookup, Mailer, SendError};
use async_trait::async_trait;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::error::BuildError;
use aws_sdk_sesv2::operation::send_email::builders::SendEmailFluentBuilder;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, MessageTag, RawMessage};
use domain::{OrgId, OutgoingMail};

use crate::told::chain;
use wire::{Wire, outcome};

pub use tag::{delivery_tag, parse_delivery_tag};

/// Turns a mail into MIME; an error is in words and final.
pub type Render = fn(&OutgoingMail) -> Result<Vec<u8>, String>;

/// Sends through SES.
#[derive(Debug, Clone)]
pub struct SesMailer {
    client: Client,
    configuration_set: Option<String>,
    render: Render,
}

impl SesMailer {
    /// Sends through `client`, whose retries are switched off for this, what `render` makes of a mail.
    pub fn new(client: &Client, configuration_set: Option<String>, render: Render) -> Self {
        let config = client.config().to_builder().retry_config(RetryConfig::disabled()).build();
        Self { client: Client::from_conf(config), configuration_set, render }
    }

    fn request(&self, org: &OrgId, mail: &OutgoingMail, mime: Vec<u8>) -> Result<SendEmailFluentBuilder, BuildError> {
        let tag = |name: &str, value: &str| MessageTag::builder().name(name).value(value).build();
        let to = Destination::builder().to_addresses(mail.to.address.as_str());
        let readers = mail.cc.iter().fold(to, |readers, copy| readers.cc_addresses(copy.address.as_str()));
        Ok(self
            .client
            .send_email()
            .set_configuration_set_name(self.configuration_set.clone())
            .destination(readers.build())
            .content(EmailContent::builder().raw(RawMessage::builder().data(Blob::new(mime)).build()?).build())
            .email_tags(tag("org", org.as_str())?)
            .email_tags(tag("delivery", &delivery_tag(&mail.delivery))?))
    }

    fn message_id(&self, id: &str) -> String {
        ses_message_id(id, self.client.config().region().map_or("", AsRef::as_ref))
    }
}

/// The Message-ID that SES writes over ours, from the id it answers. Seen in the SES developer guide, "Headers",
/// 2026-11-21.
pub fn ses_message_id(id: &str, region: &str) -> String {
    match region {
        "" | "us-east-1" => format!("<{id}@email.amazonses.com>"),
        region => format!("<{id}@{region}.amazonses.com>"),
    }
}

#[async_trait]
impl Mailer for SesMailer {
    async fn send(&self, org: &OrgId, mail: &OutgoingMail) -> Result<String, SendError> {
        let mime = (self.render)(mail).map_err(|reason| SendError::Refused { reason })?;
        let request = self.request(org, mail, mime).map_err(|e| SendError::Refused { reason: chain(&e) })?;
        let wire = Wire::default();
        match request.customize().interceptor(wire.clone()).send().await {
            Ok(answer) => match answer.message_id() {
                Some(id) => Ok(self.message_id(id)),
                None => Err(SendError::Unknown {
                    delivery: mail.delivery.clone(),
                    reason: "SES accepted it without naming it".to_owned(),
                }),
            },
            Err(error) => Err(outcome(&error, &wire, &mail.delivery)),
        }
    }

    async fn find(&self, _: &OrgId, _: &OutgoingMail) -> Lookup {
        Lookup::CannotTell
    }
}
