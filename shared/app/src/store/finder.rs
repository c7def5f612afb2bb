//! The index by which leads are found: by words of their names, companies and addresses, by the end of a telephone number,
//! by state, and by who gets them back.
//!
//! **Invariant:** which entries a lead has follows from the lead alone, and the commit that changes it writes and removes
//! them, so whoever reads an entry finds a lead of which it was true at that instant.

use std::collections::BTreeSet;

use domain::{Lead, LeadId, LeadState, OrgId, UserId};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Result, Store, keys};
use crate::ports::{Key, Page};

/// Words of one lead; nobody is called by more.
const MOST_WORDS: usize = 12;
/// Letters of a word that are compared.
const LETTERS: usize = 100;
/// A phone number's digits that are compared, from its end.
const DIGITS: usize = 12;
/// Fewer digits are no telephone number.
const FEWEST_DIGITS: usize = 4;
/// Leads read at a time.
const AT_ONCE: usize = 16;

/// By what leads are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Find<'a> {
    /// A word begins like this; in the order of words.
    Word(&'a str),
    /// The telephone number ends like this; in no order.
    PhoneEnd(&'a str),
    /// In this state, taken on last first.
    State(&'a str),
    /// Goes back to this user, taken on last first.
    Owner(&'a UserId),
}

/// Leads of the index.
#[derive(Debug, Clone, Default)]
pub struct FoundLeads {
    /// Those that are still there.
    pub leads: Vec<Lead>,
    /// Entries looked at.
    pub looked_at: usize,
    /// Where it goes on.
    pub next: Option<String>,
}

/// The words of a text by which it is found, in lower case; addresses stay whole.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| c.is_whitespace() || ",;:()<>\"/".contains(c))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(LETTERS).collect())
}

/// The digits by which a telephone number is found, from its end; `None` for too few. The zero that stands for the country
/// is left out.
pub(crate) fn phone_end(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    (digits.len() >= FEWEST_DIGITS).then(|| digits.chars().rev().take(DIGITS).collect())
}

/// The entries of a lead.
pub(super) fn entries(org: &OrgId, lead: &Lead) -> BTreeSet<Key> {
    let address = lead.address.as_ref().map_or("", |address| address.as_str());
    let domain = address.split_once('@').map_or("", |(_, domain)| domain);
    let person = &lead.person;
    let named = [address, domain, &person.last_name, &person.first_name, &person.company];
    let words: Vec<String> = named.into_iter().flat_map(words).take(MOST_WORDS).collect();
    let whole = address.to_lowercase();
    let words = words.iter().chain(std::iter::once(&whole).filter(|address| !address.is_empty()));
    let mut entries: BTreeSet<_> = words.map(|word| keys::find_word(org, word, &lead.id)).collect();
    entries.extend(phone_end(&person.phone).map(|end| keys::find_phone(org, &end, &lead.id)));
    entries.insert(keys::find_state(org, lead.state.name(), lead.enrolled_at, &lead.id));
    let owner = lead.previous_owner.as_ref();
    entries.extend(owner.map(|owner| keys::find_owner(org, &owner.user, lead.enrolled_at, &lead.id)));
    entries
}

impl Store {
    /// Leads found so, at most `limit` at a time, from where a page said.
    pub async fn find(&self, org: &OrgId, by: Find<'_>, from: Option<&str>, limit: u32) -> Result<FoundLeads> {
        let (partition, prefix) = match by {
            Find::Word(word) => (keys::find_words(org, word), word.to_owned()),
            Find::PhoneEnd(digits) => {
                let end = phone_end(digits).unwrap_or_default();
                (keys::find_phones(org, &end), end)
            }
            Find::State(state) => (keys::find_states(org, state), String::new()),
            Find::Owner(user) => (keys::find_owners(org, user), String::new()),
        };
        let Page { rows, next } = self.table.query(&partition, &prefix, from, limit).await?;
        let looked_at = rows.len();
        // A lead with two words that begin alike has two entries.
        let mut met = BTreeSet::new();
        let ids: Vec<LeadId> = rows.iter().filter_map(|row| keys::found_lead(&row.key)).collect();
        let ids = ids.into_iter().filter(|id| met.insert(id.clone())).collect();
        Ok(FoundLeads { leads: self.leads_of(org, ids).await?, looked_at, next })
    }

    /// These leads, as far as they are there, in this order.
    pub async fn leads_of(&self, org: &OrgId, ids: Vec<LeadId>) -> Result<Vec<Lead>> {
        let read = |id: LeadId| async move { self.lead(org, &id).await };
        let found: Vec<_> = stream::iter(ids).map(read).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().map(|stored| stored.lead).collect())
    }

    /// How many leads are in this state; counted up to `most`.
    pub async fn count_state(&self, org: &OrgId, state: LeadStateName, most: u32) -> Result<usize> {
        Ok(self.table.query(&keys::find_states(org, state), "", None, most).await?.rows.len())
    }
}

/// The name of a [`LeadState`].
pub type LeadStateName = &'static str;

/// All of them, in the order in which interest grows, then those that are over.
pub const STATES: [LeadStateName; 9] = [
    LeadState::Cold.name(),
    LeadState::Engaged.name(),
    LeadState::Warm.name(),
    LeadState::Hot.name(),
    LeadState::Responded.name(),
    LeadState::OutOfOffice.name(),
    LeadState::Processed.name(),
    "Deactivated",
    LeadState::Unsubscribed.name(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_and_keep_addresses_whole() {
        let found: Vec<_> = words("Dr. Ada  LOVELACE-King, <ada@engines.example>").collect();
        assert_eq!(found, ["dr", "ada", "lovelace-king", "ada@engines.example"]);
    }

    #[test]
    fn a_number_is_found_by_its_end_however_it_is_written() {
        for (written, end) in [
            ("+44 20 7946-0018", Some("810064970244")),
            ("020 7946 0018", Some("8100649702")),
            ("7946 0018", Some("81006497")),
            ("018", None),
            ("", None),
        ] {
            assert_eq!(phone_end(written).as_deref(), end, "{written}");
        }
    }
}
