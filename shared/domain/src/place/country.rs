//! Countries and their parts, as ISO 3166 names them.

use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};

use super::table::{Table, folded};
use super::{InvalidPlace, Zone};

/// Code, English name, weekend as bits from Monday, the zone of (nearly) everybody there.
static COUNTRIES: Table = Table::new(include_str!("../../data/countries.tsv"));
/// Names and codes in many languages.
static COUNTRY_NAMES: Table = Table::new(include_str!("../../data/country-names.tsv"));
/// Names and codes of parts of countries, after the country's code.
static STATE_NAMES: Table = Table::new(include_str!("../../data/state-names.tsv"));
/// The zones of parts of countries that have several.
static STATE_ZONES: Table = Table::new(include_str!("../../data/state-zones.tsv"));

/// A country of ISO 3166-1, or Kosovo.
///
/// ```
/// use domain::Country;
/// assert_eq!(Country::parse("Deutschland")?, Country::parse("DE")?);
/// assert_eq!(Country::parse("deu")?.name(), "Germany");
/// assert_eq!(
///     Country::parse("Atlantis").unwrap_err().to_string(),
///     "country \"Atlantis\" is unknown; use a code such as DE or a name such as Germany"
/// );
/// # Ok::<_, domain::InvalidPlace>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

impl Country {
    /// Reads a code of two or three letters or a name in one of some thirty languages, in any case, with or without
    /// accents.
    pub fn parse(text: &str) -> Result<Self, InvalidPlace> {
        match COUNTRY_NAMES.get(&folded(text)).map(str::as_bytes) {
            Some([a, b]) => Ok(Self([*a, *b])),
            _ => Err(InvalidPlace::Country(text.to_owned())),
        }
    }

    /// Two letters, such as `DE`.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Its short English name, such as `Germany`.
    pub fn name(self) -> &'static str {
        self.field(0)
    }

    /// Does the country, by custom, not work on this weekday?
    pub fn rests_on(self, day: Weekday) -> bool {
        let bits: u8 = self.field(1).parse().unwrap_or(0);
        bits >> day.to_monday_zero_offset() & 1 == 1
    }

    /// The zone of everybody there, or of all but a few percent. `None` where no one zone is that.
    pub fn zone(self) -> Option<Zone> {
        Zone::parse(self.field(2)).ok()
    }

    /// Are its parts in the data? Then a text that names none of them is a mistake.
    pub fn has_states(self) -> bool {
        STATE_NAMES.lines().any(|line| line.split(' ').next() == Some(self.code()))
    }

    fn field(self, position: usize) -> &'static str {
        COUNTRIES.get(self.code()).and_then(|fields| fields.split('\t').nth(position)).unwrap_or_default()
    }

    /// All of them, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        COUNTRIES.lines().filter_map(|line| Self::parse(line.split('\t').next()?).ok())
    }
}

impl std::fmt::Display for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl TryFrom<String> for Country {
    type Error = InvalidPlace;
    fn try_from(text: String) -> Result<Self, InvalidPlace> {
        Self::parse(&text)
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.code().to_owned()
    }
}

/// A part of a country: a state, a province, a canton.
///
/// ```
/// use domain::{Country, Subdivision};
/// let germany = Country::parse("DE")?;
/// assert_eq!(Subdivision::parse(germany, "Bavaria")?.code(), "DE-BY");
/// # Ok::<_, domain::InvalidPlace>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subdivision(String);

impl Subdivision {
    /// Reads `BY`, `DE-BY`, `Bayern` or `Bavaria`.
    pub fn parse(country: Country, text: &str) -> Result<Self, InvalidPlace> {
        let known = STATE_NAMES.get(&format!("{} {}", country.code(), folded(text)));
        known
            .map(|part| Self(format!("{}-{part}", country.code())))
            .ok_or_else(|| InvalidPlace::State { state: text.to_owned(), country })
    }

    /// With the country, such as `DE-BY`.
    pub fn code(&self) -> &str {
        &self.0
    }

    /// The zone of this part of a country that has several, where it is known.
    pub fn zone(&self) -> Option<Zone> {
        Zone::parse(STATE_ZONES.get(&self.0)?).ok()
    }
}

impl TryFrom<String> for Subdivision {
    type Error = InvalidPlace;
    fn try_from(code: String) -> Result<Self, InvalidPlace> {
        let country = code.split('-').next().unwrap_or_default();
        Self::parse(Country::parse(country)?, &code)
    }
}

impl From<Subdivision> for String {
    fn from(subdivision: Subdivision) -> Self {
        subdivision.0
    }
}
