//! Where people are: countries, their parts, time zones.
//!
//! **Invariant:** a [`Country`] or a [`Zone`] that exists is one that the shipped data knows; nothing is guessed from a
//! text that names none.

mod country;
mod holidays;
mod table;
mod zone;

pub use country::{Country, Subdivision};
pub use holidays::Holidays;
pub use zone::Zone;

use serde::{Deserialize, Serialize};

/// A place that nobody knows, with the field to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlace {
    /// Neither a code nor a name.
    #[error("country {0:?} is unknown; use a code such as DE or a name such as Germany")]
    Country(String),
    /// Not in the IANA database.
    #[error("time zone {0:?} is unknown; use an IANA name such as Europe/Paris")]
    Zone(String),
    /// Not a part of that country.
    #[error(
        "state {state:?} is unknown in {country}; use the code of ISO 3166-2, such as BY for Bavaria, or leave it out"
    )]
    State {
        /// As given.
        state: String,
        /// Which country.
        country: Country,
    },
}

/// What is known of where somebody is; all of it may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whereabouts {
    /// The zone, stated or followed from country and state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// The country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// The part of the country that has its own public holidays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subdivision: Option<Subdivision>,
}

impl Whereabouts {
    /// What the texts of a CRM record say: the parts that name a place, the others left out. Never fails, never guesses:
    /// a country with several zones and no state that decides has no zone.
    pub fn from_record(country: &str, state: &str) -> Self {
        let Ok(country) = Country::parse(country) else { return Self::default() };
        let subdivision = Subdivision::parse(country, state).ok();
        Self { zone: place(country, subdivision.as_ref()), country: Some(country), subdivision }
    }
}

/// The zone of everybody in this country, or in this part of it. `None` if that leaves more than one zone.
pub fn place(country: Country, part: Option<&Subdivision>) -> Option<Zone> {
    part.and_then(Subdivision::zone).or_else(|| country.zone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(country: &str, state: &str) -> String {
        Whereabouts::from_record(country, state).zone.map(String::from).unwrap_or_default()
    }

    #[test]
    fn a_record_says_where_its_person_is_or_nothing() {
        let cases = [
            ("Germany", "", "Europe/Berlin"),
            ("  deutschland ", "Bayern", "Europe/Berlin"),
            ("USA", "California", "America/Los_Angeles"),
            ("United States", "ca", "America/Los_Angeles"),
            ("US", "", ""),
            ("US", "Bavaria", ""),
            ("Canada", "Québec", "America/Toronto"),
            ("Spain", "", "Europe/Madrid"),
            ("España", "Canarias", "Atlantic/Canary"),
            ("México", "Nuevo Leon", "America/Mexico_City"),
            ("UK", "Scotland", "Europe/London"),
            ("日本", "", "Asia/Tokyo"),
            ("Brazil", "", ""),
            ("Brazil", "Amazonas", "America/Manaus"),
            ("", "California", ""),
            ("null", "null", ""),
        ];
        for (country, state, expect) in cases {
            assert_eq!(zone(country, state), expect, "{country:?} {state:?}");
        }
    }

    #[test]
    fn every_zone_in_the_data_exists_and_every_country_reads_itself() {
        let mut zones = 0;
        for country in Country::all() {
            assert_eq!(Country::parse(country.name()).ok(), Some(country), "{}", country.name());
            zones += usize::from(country.zone().is_some());
        }
        assert_eq!((Country::all().count(), zones), (250, 236));
    }
}
