//! The ports of `app` on AWS: the table on DynamoDB, secrets in Secrets Manager, events on EventBridge, mail through SES,
//! and raw mails that SES left in S3.
//!
//! **Invariant:** attribute names, expressions, index names and error codes stay inside; what comes out are the port's
//! own types. An answer that was lost is reported as lost, never turned into "did not happen" by a blind repeat.
//! **Absent:** settings and clients. Whoever composes the process makes the SDK clients, with their timeouts, once.

mod bus;
#[cfg(test)]
mod canned;
mod s3;
mod secrets;
mod ses;
mod table;
mod told;

pub use bus::Bus;
pub use s3::{FetchError, S3Mails};
pub use secrets::SecretsManager;
pub use ses::{Render, SesMailer, delivery_tag, parse_delivery_tag, ses_message_id};
pub use table::{DynamoTable, create_table, item_size};
