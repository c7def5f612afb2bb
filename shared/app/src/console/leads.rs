//! Lists of leads: filtered, searched, counted, a page at a time.
//!
//! **Invariant:** a page costs a bounded number of reads however many leads there are, for it asks the index by what few
//! leads have; what was not looked at is said, never silently left out.

use std::collections::BTreeMap;

use domain::{AssistantId, Lead, Module, UserId};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Viewer, Wish};
use crate::error::AppError;
use crate::store::finder::{phone_end, words};
use crate::store::{Find, LeadStateName, STATES, Store};

/// Entries of the index, or leads, read at a time.
const CHUNK: u32 = 100;
/// Leads that one page looks at, before a person has to say that it shall go on.
pub const MOST_LOOKED_AT: usize = 400;
/// Leads of one state are counted so far, and no further.
pub const MOST_COUNTED: usize = 500;

/// Which leads are wanted. What is `None` or empty does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeadFilter {
    /// By the name of its state.
    pub state: Option<String>,
    /// By its assistant.
    pub assistant: Option<AssistantId>,
    /// By its schedule's name.
    pub schedule: Option<String>,
    /// By who gets it back.
    pub owner: Option<UserId>,
    /// By its module.
    pub module: Option<Module>,
    /// Taken on from this day on (UTC).
    pub since: Option<Date>,
    /// Taken on until the end of this day (UTC).
    pub until: Option<Date>,
    /// Beginnings of words of a name, a company or a mail address; or the end of a telephone number.
    pub text: String,
}

/// Some leads.
#[derive(Debug, Clone, Default)]
pub struct LeadPage {
    /// Newest activity first.
    pub leads: Vec<Lead>,
    /// Where the list goes on.
    pub next: Option<String>,
    /// How many leads were looked at for it.
    pub looked_at: usize,
    /// How many leads there are in each state, whatever state is wanted.
    pub states: BTreeMap<LeadStateName, usize>,
    /// Are these all leads there are, each state counted up to [`MOST_COUNTED`], or those that were looked at?
    pub counted_all: bool,
}

impl LeadFilter {
    /// Everything but the state.
    fn takes(&self, lead: &Lead) -> bool {
        let is = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        self.assistant.as_ref().is_none_or(|wanted| *wanted == lead.assistant)
            && is(&self.schedule, &lead.schedule)
            && self
                .owner
                .as_ref()
                .is_none_or(|wanted| lead.previous_owner.as_ref().is_some_and(|it| it.user == *wanted))
            && self.module.is_none_or(|wanted| wanted == lead.id.record().module)
            && self.since.is_none_or(|since| taken_on(lead) >= since)
            && self.until.is_none_or(|until| taken_on(lead) <= until)
            && self.finds(lead)
    }

    /// Every word of the text begins a word of what people search by; telephone numbers by their end.
    fn finds(&self, lead: &Lead) -> bool {
        if let Some(end) = number(&self.text) {
            return phone_end(&lead.person.phone).is_some_and(|known| known.starts_with(&end))
                || lead.id.record().id.as_str() == self.text.trim();
        }
        let address = lead.address.as_ref().map_or("", |address| address.as_str());
        let domain = address.split_once('@').map_or("", |(_, domain)| domain);
        let hay = format!("{} {} {address} {domain}", lead.person.full_name(), lead.person.company);
        let hay: Vec<String> = words(&hay).collect();
        words(&self.text).all(|word| hay.iter().any(|known| known.starts_with(&word)))
    }

    /// By what of it the index is asked: by what few leads have.
    fn asks<'a>(&'a self, viewer: &'a Viewer, word: &'a str) -> Option<Find<'a>> {
        let owner = if viewer.sees_all() { self.owner.as_ref() } else { Some(&viewer.user) };
        if number(&self.text).is_some() {
            return Some(Find::PhoneEnd(&self.text));
        }
        if !word.is_empty() {
            return Some(Find::Word(word));
        }
        owner.map(Find::Owner).or_else(|| self.state.as_deref().map(Find::State))
    }
}

fn taken_on(lead: &Lead) -> Date {
    lead.enrolled_at.to_zoned(TimeZone::UTC).date()
}

/// The digits of a text that is a telephone number, from its end.
fn number(text: &str) -> Option<String> {
    phone_end(text).filter(|_| !text.contains(|c: char| c.is_alphabetic() || c == '@'))
}

/// Some `most` leads that the viewer may see and the filter takes, from where `from` says; the newest activity first unless
/// the index was asked.
pub async fn find_leads(
    store: &Store,
    viewer: &Viewer,
    filter: &LeadFilter,
    from: Option<&str>,
    most: usize,
) -> Result<LeadPage, AppError> {
    let search = Search { store, viewer, filter, most };
    let longest = words(&filter.text).max_by_key(|word| word.chars().count()).unwrap_or_default();
    match filter.asks(viewer, &longest) {
        Some(by) => search.indexed(by, from).await,
        None => search.newest(from).await,
    }
}

/// Counts all leads by state instead of those that were looked at, where the filter asks for nothing else.
pub async fn count_states(
    store: &Store,
    viewer: &Viewer,
    filter: &LeadFilter,
    page: &mut LeadPage,
) -> Result<(), AppError> {
    let all = LeadFilter { state: filter.state.clone(), ..LeadFilter::default() };
    if !viewer.sees_all() || *filter != all {
        return Ok(());
    }
    let limit = u32::try_from(MOST_COUNTED).unwrap_or(u32::MAX);
    let counts = STATES.map(|state| store.count_state(&viewer.org, state, limit));
    let counts = futures_util::future::try_join_all(counts).await?;
    page.states = STATES.into_iter().zip(counts).filter(|(_, count)| *count > 0).collect();
    page.counted_all = true;
    Ok(())
}

/// Who looks for what, and how much of it.
struct Search<'a> {
    store: &'a Store,
    viewer: &'a Viewer,
    filter: &'a LeadFilter,
    most: usize,
}

impl Search<'_> {
    /// By the index: as many entries as it takes.
    async fn indexed(&self, by: Find<'_>, from: Option<&str>) -> Result<LeadPage, AppError> {
        let Self { store, viewer, most, .. } = *self;
        let mut page = LeadPage { next: from.map(str::to_owned), ..LeadPage::default() };
        if from.is_none()
            && let Find::PhoneEnd(digits) = by
        {
            // What looks like a telephone number may be a record's.
            let ids = Module::ALL.map(|module| format!("{}-{}", module.as_str(), digits.trim()).to_lowercase().parse());
            let leads = store.leads_of(&viewer.org, ids.into_iter().flatten().collect()).await?;
            let wanted = leads.into_iter().filter(|lead| self.wants(lead, &mut page.states));
            page.leads.extend(wanted);
        }
        // What people look at grows with what is on the page: all of a chunk, or none of it.
        let chunk = CHUNK.min(u32::try_from(most.max(10)).unwrap_or(u32::MAX));
        loop {
            let found = store.find(&viewer.org, by, page.next.as_deref(), chunk).await?;
            page.looked_at += found.looked_at;
            page.next = found.next;
            for lead in found.leads {
                if page.leads.iter().all(|known| known.id != lead.id) && self.wants(&lead, &mut page.states) {
                    page.leads.push(lead);
                }
            }
            if page.next.is_none() || page.leads.len() >= most || page.looked_at >= MOST_LOOKED_AT {
                return Ok(page);
            }
        }
    }

    /// By the list of all leads, newest activity first.
    async fn newest(&self, from: Option<&str>) -> Result<LeadPage, AppError> {
        let mut page = LeadPage::default();
        let mut from = from.map(str::to_owned);
        loop {
            let (chunk, next) = self.store.newest_leads(&self.viewer.org, from.as_deref(), CHUNK).await?;
            page.looked_at += chunk.len();
            let mut last = None;
            for (lead, after) in chunk {
                if !self.wants(&lead, &mut page.states) {
                    continue;
                }
                if page.leads.len() < self.most {
                    page.leads.push(lead);
                    last = after;
                } else {
                    page.next = page.next.or_else(|| last.take());
                }
            }
            if page.next.is_some() {
                return Ok(page);
            }
            let enough = page.leads.len() >= self.most || page.looked_at >= MOST_LOOKED_AT;
            match next {
                Some(next) if !enough => from = Some(next),
                next => {
                    page.next = next;
                    return Ok(page);
                }
            }
        }
    }

    /// Counts a lead that the viewer may see and the filter takes; is it of the state that is wanted?
    fn wants(&self, lead: &Lead, states: &mut BTreeMap<LeadStateName, usize>) -> bool {
        if !self.viewer.may(Wish::Lead(lead)) || !self.filter.takes(lead) {
            return false;
        }
        *states.entry(lead.state.name()).or_default() += 1;
        self.filter.state.as_deref().is_none_or(|wanted| wanted == lead.state.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{Access, Sees};

    fn lead() -> Lead {
        serde_json::from_value(serde_json::json!({
            "id": "contacts-77", "assistant": "tara", "assistant_user": "1",
            "person": {"first_name": "Ada", "last_name": "Lovelace", "designation": "", "phone": "+44 20 7946-0018",
                "company": "Analytical Engines", "industry": "", "website": ""},
            "address": "ada@engines.example", "context": "", "schedule": "Recommended", "run": 1,
            "stage": {"stage": "closing", "due": "2026-01-05T09:00:00Z"}, "state": {"state": "Warm"}, "status": "Warm",
            "previous_owner": {"user": "5", "name": "Sam", "rule": "timeline"}, "hand_back": "not_due",
            "thread": {"subject": "", "first_text": "", "first_at": null, "message_ids": []}, "mails_sent": 0,
            "enrolled_at": "2026-01-05T09:00:00Z"
        }))
        .unwrap()
    }

    #[test]
    fn search_is_by_name_company_address_and_digits() {
        for (text, found) in [
            ("", true),
            ("ada", true),
            ("  LOVELACE ada ", true),
            ("engines.example", true),
            ("analytical", true),
            ("7946 0018", true),
            ("(020) 7946 0018", true),
            ("+44 20 7946", false),
            ("ines", false),
            ("bertrand", false),
            ("ada bertrand", false),
            ("77", false),
        ] {
            let filter = LeadFilter { text: text.to_owned(), ..LeadFilter::default() };
            assert_eq!(filter.takes(&lead()), found, "{text:?}");
        }
    }

    #[test]
    fn each_part_of_a_filter_must_fit() {
        let date = |text: &str| text.parse::<Date>().ok();
        let takes = |change: &dyn Fn(&mut LeadFilter)| {
            let mut filter = LeadFilter::default();
            change(&mut filter);
            filter.takes(&lead())
        };
        assert!(takes(&|filter| filter.owner = "5".parse().ok()));
        assert!(!takes(&|filter| filter.owner = "6".parse().ok()));
        assert!(takes(&|filter| filter.module = Some(Module::Contacts)));
        assert!(!takes(&|filter| filter.module = Some(Module::Leads)));
        assert!(!takes(&|filter| filter.assistant = "tom".parse().ok()));
        assert!(!takes(&|filter| filter.schedule = Some("Short".to_owned())));
        assert!(takes(&|filter| (filter.since, filter.until) = (date("2026-01-05"), date("2026-01-05"))));
        assert!(!takes(&|filter| filter.since = date("2026-01-06")));
        assert!(!takes(&|filter| filter.until = date("2026-01-04")));
    }

    #[test]
    fn others_see_what_they_handed_over_and_administrators_all() {
        let viewer = |user: &str, administrator| Viewer {
            org: "us-1".parse().unwrap(),
            user: user.parse().unwrap(),
            name: String::new(),
            administrator,
            access: Access::default(),
        };
        let (mine, mut nobodys) = (lead(), lead());
        nobodys.previous_owner = None;
        let of_profile = |access| Viewer { access, ..viewer("6", false) };
        let all = Access { sees: Sees::All, acts: false, manages: false };
        let nothing = Access { sees: Sees::Nothing, acts: true, manages: true };
        for (access, wish, may) in [
            (all, Wish::Lead(&mine), true),
            (all, Wish::Act(&mine), false),
            (all, Wish::Manage, false),
            (nothing, Wish::Lead(&mine), false),
            (nothing, Wish::Act(&mine), false),
            (nothing, Wish::Manage, true),
            (nothing, Wish::Administer, false),
        ] {
            assert_eq!(of_profile(access).may(wish), may, "{access:?} {wish:?}");
        }
        for (user, administrator, wish, may) in [
            ("5", false, Wish::Lead(&mine), true),
            ("6", false, Wish::Lead(&mine), false),
            ("5", false, Wish::Lead(&nobodys), false),
            ("5", false, Wish::Manage, false),
            ("5", false, Wish::Act(&mine), true),
            ("6", false, Wish::Act(&mine), false),
            ("6", true, Wish::Lead(&mine), true),
            ("6", true, Wish::Lead(&nobodys), true),
            ("6", true, Wish::Manage, true),
        ] {
            assert_eq!(viewer(user, administrator).may(wish), may, "{user} {administrator} {wish:?}");
        }
    }
}
