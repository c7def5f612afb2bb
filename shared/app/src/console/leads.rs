//! Lists of leads: filtered, searched, counted, a page at a time.
//!
//! **Invariant:** a page costs a bounded number of reads however many leads there are; what was not looked at is said,
//! never silently left out.

use std::collections::BTreeMap;

use domain::{AssistantId, Lead, Module, UserId};

use super::{Viewer, Wish};
use crate::error::AppError;
use crate::store::Store;

/// Leads read at a time.
const CHUNK: u32 = 250;
/// Leads that one page looks at, before a person has to say that it shall go on.
pub const MOST_LOOKED_AT: usize = 1000;

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
    /// Part of a name, a company, a mail address or a telephone number.
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
    /// How many of these there are in each state, whatever state is wanted.
    pub states: BTreeMap<&'static str, usize>,
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
            && self.finds(lead)
    }

    /// Every word of the text is somewhere in what people search by; telephone numbers by their digits.
    fn finds(&self, lead: &Lead) -> bool {
        let text = self.text.trim().to_lowercase();
        if text.is_empty() {
            return true;
        }
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let number = digits(&text);
        if number.len() >= 4 && !text.contains(char::is_alphabetic) {
            return digits(&lead.person.phone).contains(&number) || lead.id.to_string().contains(&number);
        }
        let address = lead.address.as_ref().map_or("", |address| address.as_str());
        let hay = format!("{} {} {address}", lead.person.full_name(), lead.person.company).to_lowercase();
        text.split_whitespace().all(|word| hay.contains(word))
    }
}

/// The newest `most` leads that the viewer may see and the filter takes, from where `from` says.
pub async fn find_leads(
    store: &Store,
    viewer: &Viewer,
    filter: &LeadFilter,
    from: Option<&str>,
    most: usize,
) -> Result<LeadPage, AppError> {
    let mut page = LeadPage::default();
    let mut from = from.map(str::to_owned);
    loop {
        let (chunk, next) = store.newest_leads(&viewer.org, from.as_deref(), CHUNK).await?;
        page.looked_at += chunk.len();
        let mut last = None;
        for (lead, after) in chunk {
            if !viewer.may(Wish::Lead(&lead)) || !filter.takes(&lead) {
                continue;
            }
            *page.states.entry(lead.state.name()).or_default() += 1;
            if filter.state.as_deref().is_some_and(|wanted| wanted != lead.state.name()) {
                continue;
            }
            if page.leads.len() < most {
                page.leads.push(lead);
                last = after;
            } else {
                page.next = page.next.or_else(|| last.take());
            }
        }
        if page.next.is_some() {
            return Ok(page);
        }
        let enough = page.leads.len() >= most || page.looked_at >= MOST_LOOKED_AT;
        match next {
            Some(next) if !enough => from = Some(next),
            next => {
                page.next = next;
                return Ok(page);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("(020) 7946", false),
            ("+44 20 7946", true),
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
    }

    #[test]
    fn others_see_what_they_handed_over_and_administrators_all() {
        let viewer = |user: &str, administrator| Viewer {
            org: "us-1".parse().unwrap(),
            user: user.parse().unwrap(),
            name: String::new(),
            administrator,
        };
        let (mine, mut nobodys) = (lead(), lead());
        nobodys.previous_owner = None;
        for (user, administrator, wish, may) in [
            ("5", false, Wish::Lead(&mine), true),
            ("6", false, Wish::Lead(&mine), false),
            ("5", false, Wish::Lead(&nobodys), false),
            ("5", false, Wish::Manage, false),
            ("6", true, Wish::Lead(&mine), true),
            ("6", true, Wish::Lead(&nobodys), true),
            ("6", true, Wish::Manage, true),
        ] {
            assert_eq!(viewer(user, administrator).may(wish), may, "{user} {administrator} {wish:?}");
        }
    }
}
