//! Mail addresses that have been looked at.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Text that is not an address mail can be sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a mail address; write it as name@example.com")]
pub struct InvalidAddress(String);

/// A mail address that a mail server could accept: `local@domain`, ASCII, no spaces, no control characters.
///
/// Compared without regard to case, as every large mail system does, so that one person is not two.
///
/// ```
/// use domain::EmailAddress;
/// let address = EmailAddress::parse(" Ada@Example.COM ")?;
/// assert_eq!(address.as_str(), "ada@example.com");
/// assert!(EmailAddress::parse("ada@example.com\r\nBcc: all@example.com").is_err());
/// # Ok::<_, domain::InvalidAddress>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Accepts what RFC 5321 lets a `Mailbox` be, without quoted local parts and address literals: those exist in the
    /// standard, not in CRMs, and half the mail systems refuse them.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let trimmed = text.trim();
        let valid = trimmed.len() <= 254
            && trimmed.split_once('@').is_some_and(|(local, domain)| valid_local(local) && valid_domain(domain));
        if valid { Ok(Self(trimmed.to_ascii_lowercase())) } else { Err(InvalidAddress(shorten(text))) }
    }

    /// The address, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// The domain, if it is an organisation's own: everybody there works together. `None` for the large mail providers.
    pub fn organisation(&self) -> Option<&str> {
        Some(self.domain()).filter(|domain| !crate::freemail::is_freemail(domain))
    }

    /// A name for keys: SHA-256 in hex. Keys appear in logs and metrics; addresses must not.
    pub fn hash(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.0.as_bytes()))
    }
}

fn valid_local(local: &str) -> bool {
    (1..=64).contains(&local.len())
        && local.split('.').all(|atom| {
            !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
        })
}

fn valid_domain(domain: &str) -> bool {
    domain.contains('.')
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Addresses are personal: a stray `{:?}` in a log line shows only the domain.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "…@{}", self.domain())
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidAddress;
    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        Self::parse(text)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = InvalidAddress;
    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> String {
        address.0
    }
}
