//! Public holidays, 2024 to 2037.
//!
//! The data is five bytes for each day of the year that is, by one name, a holiday in some of those years:
//! `day of year (9 bits) | years (14 bits) | place of the name (17 bits)`, sorted by day. A part of a country has only
//! what it has otherwise than the country; an empty name takes a holiday of the country away.

use jiff::civil::Date;

use super::table::Table;
use super::{Country, Subdivision};

static RULES: &[u8] = include_bytes!("../../data/holidays.bin");
static NAMES: &str = include_str!("../../data/holiday-names.txt");
static REGIONS: Table = Table::new(include_str!("../../data/holiday-regions.tsv"));

const RULE: usize = 5;
const FIRST_YEAR: i16 = 2024;
const YEARS: i16 = 14;

/// The public holidays of one place.
#[derive(Debug, Clone, Copy)]
pub struct Holidays {
    country: &'static [u8],
    part: &'static [u8],
}

impl Holidays {
    /// Of a country, or of a part of it. Empty for the few countries without data.
    pub fn of(country: Country, part: Option<&Subdivision>) -> Self {
        Self { country: rules(country.code()), part: part.map(|part| rules(part.code())).unwrap_or_default() }
    }

    /// The holiday's name in English, if this day is one. Before 2024 and after 2037 none is known.
    pub fn on(&self, date: Date) -> Option<&'static str> {
        let name = find(self.part, date).or_else(|| find(self.country, date))?;
        (!name.is_empty()).then_some(name)
    }
}

fn rules(region: &str) -> &'static [u8] {
    let rules = REGIONS.get(region).and_then(|fields| {
        let (first, count) = fields.split_once('\t')?;
        let (first, count): (usize, usize) = (first.parse().ok()?, count.parse().ok()?);
        RULES.get(first * RULE..(first + count) * RULE)
    });
    rules.unwrap_or_default()
}

fn find(rules: &'static [u8], date: Date) -> Option<&'static str> {
    let year = date.year().checked_sub(FIRST_YEAR).filter(|year| (0..YEARS).contains(year))?;
    let day = u64::try_from((i16::from(date.month()) - 1) * 31 + i16::from(date.day()) - 1).ok()?;
    let (mut low, mut high) = (0, rules.len() / RULE);
    while low < high {
        let middle = low + (high - low) / 2;
        if word(rules, middle)? >> 31 < day { low = middle + 1 } else { high = middle }
    }
    let of_day = (low..).map_while(|at| word(rules, at)).take_while(|word| word >> 31 == day);
    let found = of_day.into_iter().find(|word| word >> (17 + year) & 1 == 1)?;
    let place = usize::try_from(found & ((1 << 17) - 1)).ok()?;
    NAMES.get(place..)?.lines().next()
}

fn word(rules: &[u8], at: usize) -> Option<u64> {
    let bytes = rules.get(at * RULE..(at + 1) * RULE)?;
    Some(bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(country: &str, state: &str, date: &str) -> Option<&'static str> {
        let country = Country::parse(country).unwrap();
        let part = Subdivision::parse(country, state).ok();
        Holidays::of(country, part.as_ref()).on(date.parse().unwrap())
    }

    #[test]
    fn days_that_people_know() {
        assert_eq!(on("JP", "", "2026-05-03"), Some("Constitution Day"));
        assert_eq!(on("US", "", "2026-07-03"), Some("Independence Day (observed)"));
        assert_eq!(on("US", "", "2026-07-04"), Some("Independence Day"));
        assert_eq!(on("DE", "", "2027-01-06"), None);
        assert_eq!(on("DE", "Bayern", "2027-01-06"), Some("Epiphany"));
        assert_eq!(on("DE", "Bayern", "2027-01-01"), Some("New Year's Day"));
        assert_eq!(on("SA", "", "2037-09-23"), Some("National Day Holiday"));
        assert_eq!(on("FR", "", "2023-12-25"), None, "before the data");
        assert_eq!(on("FR", "", "2038-12-25"), None, "after the data");
    }

    #[test]
    fn a_part_can_take_a_holiday_away() {
        assert_eq!(on("US", "", "2026-10-12"), Some("Columbus Day"));
        assert_eq!(on("US", "California", "2026-10-12"), None);
        assert_eq!(on("US", "California", "2026-11-11"), Some("Veterans Day"));
    }
}
