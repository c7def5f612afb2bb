//! Signed names: what a stranger may hold, and hand back, without being able to make one up.
//!
//! A reply address, a Message-ID and an unsubscribe link each carry org and lead with a signature, so none of them needs
//! a table to be resolved, and none can be guessed.

use std::fmt;

use data_encoding::{BASE32_NOPAD, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::crm::{Module, RecordRef};
use crate::id::{LeadId, OrgId, RecordId};

/// What a signed name is good for. A name signed for one purpose is worthless for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The local part of a lead's reply address.
    Reply,
    /// The Message-ID of a mail in a lead's thread.
    Thread,
    /// The unsubscribe link.
    Unsubscribe,
    /// The token of a notification channel.
    Channel,
    /// The picture that tells when a mail is opened.
    Open,
    /// A link that tells when it is followed.
    Click,
    /// The OAuth `state` of connecting an org, bound to one browser.
    OauthState,
    /// The OAuth `state` of signing in to the console, bound to one browser.
    SignInState,
    /// The cookie of a session of the console.
    Session,
    /// A token of the API for programs.
    ApiToken,
    /// The address of an org's receipt.
    Receipt,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Reply => b"reply",
            Self::Thread => b"thread",
            Self::Unsubscribe => b"unsubscribe",
            Self::Channel => b"channel",
            Self::Open => b"open",
            Self::Click => b"click",
            Self::OauthState => b"oauth-state",
            Self::SignInState => b"sign-in-state",
            Self::Session => b"session",
            Self::ApiToken => b"api-token",
            Self::Receipt => b"receipt",
        }
    }
}

/// The secret behind every signed name of an installation.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// 64 bits: guessing is online only, against a rate-limited route, and a reply address must stay under 64 characters.
const SIGNATURE_BYTES: usize = 8;

impl SigningKey {
    /// A key from at least 16 secret bytes; `None` for fewer.
    pub fn new(secret: &[u8]) -> Option<Self> {
        if secret.len() < 16 {
            return None;
        }
        Hmac::new_from_slice(secret).ok().map(Self)
    }

    /// The name of `lead` for `purpose`: lower-case letters, digits, dots and hyphens, at most 64 of them for every org
    /// number up to 13 digits.
    ///
    /// ```
    /// use domain::{Purpose, SigningKey};
    /// let key = SigningKey::new(b"sixteen bytes or more").unwrap();
    /// let (org, lead) = ("us-60001".parse().unwrap(), "deals-5540000000007".parse().unwrap());
    /// let name = key.name(Purpose::Reply, &org, &lead);
    /// assert!(name.starts_with("us-60001.d5540000000007."));
    /// assert_eq!(key.open(Purpose::Reply, &name), Some((org, lead)));
    /// assert_eq!(key.open(Purpose::Unsubscribe, &name), None);
    /// ```
    pub fn name(&self, purpose: Purpose, org: &OrgId, lead: &LeadId) -> String {
        let RecordRef { module, id } = lead.record();
        self.sign(purpose, &format!("{org}.{}{id}", letter(*module)))
    }

    /// Whose name this is; `None` unless this key made it for `purpose`. Letter case does not matter.
    pub fn open(&self, purpose: Purpose, name: &str) -> Option<(OrgId, LeadId)> {
        let name = name.to_ascii_lowercase();
        let (org, record) = self.verify(purpose, &name)?.split_once('.')?;
        let module = Module::ALL.into_iter().find(|module| record.starts_with(letter(*module)))?;
        let id = RecordId::parse(&record[1..]).ok()?;
        Some((org.parse().ok()?, LeadId::from(RecordRef { module, id })))
    }

    /// `payload.signature`.
    pub fn sign(&self, purpose: Purpose, payload: &str) -> String {
        let signature = self.mac(purpose, payload).finalize().into_bytes();
        format!("{payload}.{}", base32().encode(&signature[..SIGNATURE_BYTES]))
    }

    /// The payload of what [`SigningKey::sign`] made; compared in constant time.
    pub fn verify<'a>(&self, purpose: Purpose, signed: &'a str) -> Option<&'a str> {
        let (payload, signature) = signed.rsplit_once('.')?;
        let signature = base32().decode(signature.as_bytes()).ok()?;
        (signature.len() == SIGNATURE_BYTES).then_some(())?;
        self.mac(purpose, payload).verify_truncated_left(&signature).ok()?;
        Some(payload)
    }

    fn mac(&self, purpose: Purpose, payload: &str) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(purpose.label());
        mac.update(b"\0");
        mac.update(payload.as_bytes());
        mac
    }
}

fn letter(module: Module) -> char {
    match module {
        Module::Leads => 'l',
        Module::Contacts => 'c',
        Module::Deals => 'd',
    }
}

/// Base 32 in lower case: mail systems may change the case of an address on its way.
fn base32() -> Encoding {
    let mut specification = BASE32_NOPAD.specification();
    specification.symbols.make_ascii_lowercase();
    specification.encoding().expect("lower-casing keeps the 32 symbols distinct")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_name_opens_nothing() {
        let key = SigningKey::new(&[7; 32]).unwrap();
        let name = key.name(Purpose::Reply, &"us-60001".parse().unwrap(), &"leads-77".parse().unwrap());
        assert!(key.open(Purpose::Reply, &name.to_ascii_uppercase()).is_some());
        for position in 0..name.len() {
            let mut forged = name.clone().into_bytes();
            forged[position] = if forged[position] == b'7' { b'6' } else { b'7' };
            assert_eq!(key.open(Purpose::Reply, &String::from_utf8(forged).unwrap()), None, "position {position}");
        }
        let other = SigningKey::new(&[8; 32]).unwrap();
        assert_eq!(other.open(Purpose::Reply, &name), None);
    }

    #[test]
    fn a_reply_address_fits_its_local_part() {
        let key = SigningKey::new(&[7; 32]).unwrap();
        let lead = "contacts-5540000310003123456".parse().unwrap();
        assert!(key.name(Purpose::Reply, &"us-6000000000001".parse().unwrap(), &lead).len() <= 64);
    }
}
