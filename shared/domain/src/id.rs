//! Identifiers, each its own type: a lead can never be looked up with an org's id.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::crm::{Module, RecordRef};

/// An identifier that does not have the form its kind requires.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {value:?} is not valid: {rule}")]
pub struct InvalidId {
    kind: &'static str,
    value: String,
    rule: &'static str,
}

/// Defines a string newtype with one constructor that enforces its rule, also when deserialised.
macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The only way in: checks the form.
            pub fn parse(value: impl Into<String>) -> Result<Self, InvalidId> {
                let value = value.into();
                let valid: fn(&str) -> bool = $valid;
                if valid(&value) { Ok(Self(value)) } else { Err(InvalidId { kind: $kind, value, rule: $rule }) }
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(value: String) -> Result<Self, InvalidId> {
                Self::parse(value)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(value: &str) -> Result<Self, InvalidId> {
                Self::parse(value)
            }
        }
    };
}

fn digits(value: &str, most: usize) -> bool {
    !value.is_empty() && value.len() <= most && value.bytes().all(|b| b.is_ascii_digit())
}

fn slug(value: &str) -> bool {
    (1..=40).contains(&value.len())
        && value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !value.starts_with('-')
}

string_id!(
    /// The tenant: a Zoho organisation in its data centre, such as `eu-20061234567`.
    ///
    /// ```
    /// let org: domain::OrgId = "eu-20061234567".parse()?;
    /// assert_eq!(org.location(), "eu");
    /// assert!("20061234567".parse::<domain::OrgId>().is_err());
    /// # Ok::<_, domain::InvalidId>(())
    /// ```
    OrgId,
    "organisation",
    "write the data centre and Zoho's organisation number, such as eu-20061234567",
    |value| value.split_once('-').is_some_and(|(dc, zgid)| {
        (2..=8).contains(&dc.len()) && dc.bytes().all(|b| b.is_ascii_lowercase()) && digits(zgid, 19)
    })
);

impl OrgId {
    /// The organisation `zgid` of the data centre `location` (`us`, `eu`, `in`, …).
    pub fn new(location: &str, zgid: &str) -> Result<Self, InvalidId> {
        Self::parse(format!("{location}-{zgid}"))
    }

    /// The data centre the organisation lives in.
    pub fn location(&self) -> &str {
        self.0.split_once('-').map_or("", |(location, _)| location)
    }
}

string_id!(
    /// A record's id in Zoho: up to 19 digits, always kept as text.
    RecordId,
    "record id",
    "Zoho's ids are 1 to 19 digits",
    |value| digits(value, 19)
);

string_id!(
    /// A Zoho user's id.
    UserId,
    "user id",
    "Zoho's ids are 1 to 19 digits",
    |value| digits(value, 19)
);

string_id!(
    /// An assistant's short name inside its org, such as `tara`.
    AssistantId,
    "assistant",
    "use 1 to 40 lower-case letters, digits and hyphens",
    slug
);

string_id!(
    /// The one name a mail has before it leaves: lead, enrolment and step, such as `dlv_contacts-5540000310003.1.3`.
    ///
    /// It is derived, not drawn: the same step of the same enrolment always has the same name, so it cannot exist twice.
    DeliveryId,
    "delivery",
    "a delivery is named by the product, such as dlv_contacts-5540000310003.1.3",
    |value| value.strip_prefix("dlv_").is_some_and(|rest| {
        !rest.is_empty() && rest.len() <= 60 && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
    })
);

impl DeliveryId {
    /// Names the mail of `step` in the `run`th enrolment of `lead`.
    pub fn of(lead: &LeadId, run: u32, step: StepNo) -> Self {
        Self(format!("dlv_{lead}.{run}.{step}"))
    }

    /// Names the mail of the `number`th errand in the `run`th enrolment of `lead`.
    pub fn of_errand(lead: &LeadId, run: u32, number: u32) -> Self {
        Self(format!("dlv_{lead}.{run}.e{number}"))
    }

    /// Names a mail that a user tries out; `name` is letters and digits.
    pub fn of_test(name: &str) -> Result<Self, InvalidId> {
        Self::parse(format!("dlv_test.{name}"))
    }

    /// The lead it goes to; a mail that is tried out goes to none.
    pub fn lead(&self) -> Option<LeadId> {
        self.0.strip_prefix("dlv_")?.split('.').next()?.parse().ok()
    }
}

/// A lead inside its org. It *is* the record: one record has one lead, so finding one from the other needs no index.
///
/// ```
/// use domain::{LeadId, Module};
/// let lead: LeadId = "contacts-5540000310003".parse()?;
/// assert_eq!(lead.record().module, Module::Contacts);
/// # Ok::<_, domain::InvalidId>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LeadId(RecordRef);

impl LeadId {
    /// The record that this lead is.
    pub fn record(&self) -> &RecordRef {
        &self.0
    }
}

impl From<RecordRef> for LeadId {
    fn from(record: RecordRef) -> Self {
        Self(record)
    }
}

impl fmt::Display for LeadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0.module.as_str().to_ascii_lowercase(), self.0.id)
    }
}

impl FromStr for LeadId {
    type Err = InvalidId;
    fn from_str(value: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId {
            kind: "lead",
            value: value.to_owned(),
            rule: "write the module and the record's id, such as contacts-5540000310003",
        };
        let (module, id) = value.split_once('-').ok_or_else(invalid)?;
        let module =
            Module::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(module)).ok_or_else(invalid)?;
        Ok(Self(RecordRef { module, id: RecordId::parse(id).map_err(|_| invalid())? }))
    }
}

impl TryFrom<String> for LeadId {
    type Error = InvalidId;
    fn try_from(value: String) -> Result<Self, InvalidId> {
        value.parse()
    }
}

impl From<LeadId> for String {
    fn from(lead: LeadId) -> String {
        lead.to_string()
    }
}

/// Which message of a schedule, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepNo(u8);

impl StepNo {
    /// The first message.
    pub const FIRST: Self = Self(1);

    /// After every message a schedule can have.
    pub(crate) const BEYOND: Self = Self(u8::MAX);

    /// The message after this one.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// How many messages come before this one; the index into a schedule's steps.
    pub fn index(self) -> usize {
        usize::from(self.0.saturating_sub(1))
    }
}

impl fmt::Display for StepNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
