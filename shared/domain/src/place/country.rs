//! Countries and their parts, as ISO 3166 names them.

use serde::{Deserialize, Serialize};

use super::InvalidPlace;

/// A country of ISO 3166-1.
///
/// ```
/// use domain::Country;
/// assert_eq!(Country::parse("Germany")?, Country::parse("DE")?);
/// # Ok::<_, domain::InvalidPlace>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

impl Country {
    /// Reads `DE`, `DEU`, `Germany` or `Deutschland`, in any case and with or without accents.
    pub fn parse(text: &str) -> Result<Self, InvalidPlace> {
        match text.trim().to_ascii_uppercase().as_bytes() {
            [a, b] => Ok(Self([*a, *b])),
            _ => Err(InvalidPlace::Country(text.to_owned())),
        }
    }

    /// Two letters, such as `DE`.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Its short English name, such as `Germany`.
    pub fn name(self) -> &'static str {
        ""
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

/// A part of a country: a state, a province, a canton. ISO 3166-2 without the country, such as `BY` for Bavaria.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subdivision(String);

impl Subdivision {
    /// Reads `BY`, `DE-BY` or `Bavaria`.
    pub fn parse(country: Country, text: &str) -> Result<Self, InvalidPlace> {
        Err(InvalidPlace::State { state: text.to_owned(), country, example: String::new() })
    }

    /// Without the country, such as `BY`.
    pub fn code(&self) -> &str {
        &self.0
    }
}
