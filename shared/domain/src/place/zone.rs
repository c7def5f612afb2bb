//! Time zones by their IANA names.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::InvalidPlace;

/// A zone of the IANA database, such as `Europe/Paris`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

impl Zone {
    /// Reads an IANA name.
    pub fn parse(name: &str) -> Result<Self, InvalidPlace> {
        let unknown = || InvalidPlace::Zone(name.to_owned());
        let zone = TimeZone::get(name.trim()).map_err(|_| unknown())?;
        zone.iana_name().ok_or_else(unknown)?;
        Ok(Self(zone))
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().expect("the constructor takes named zones only")
    }

    /// The zone as the time library has it.
    pub fn zone(&self) -> &TimeZone {
        &self.0
    }

    /// The date that calendars show there.
    pub fn date(&self, at: Timestamp) -> Date {
        self.0.to_datetime(at).date()
    }

    /// The first instant of a day there; for a day that a clock change skips, the instant after it.
    pub fn start_of(&self, date: Date) -> Timestamp {
        date.to_zoned(self.0.clone()).map_or(Timestamp::MAX, |start| start.timestamp())
    }

    /// The place in its name: `Tokyo` for `Asia/Tokyo`.
    pub fn city(&self) -> String {
        let name = self.name();
        name.rsplit('/').next().unwrap_or(name).replace('_', " ")
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl TryFrom<String> for Zone {
    type Error = InvalidPlace;
    fn try_from(name: String) -> Result<Self, InvalidPlace> {
        Self::parse(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}
