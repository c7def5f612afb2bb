//! Who owned a record before the assistant did. Zoho tells nobody directly, so several witnesses are heard, in order.

use serde::{Deserialize, Serialize};

use crate::crm::CrmUser;
use crate::id::UserId;

/// Which witness decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerRule {
    /// The newest owner change in the record's own history.
    Timeline,
    /// The owner this product saw on the record before.
    LastSeen,
    /// Who made the change.
    ModifiedBy,
    /// Who created the record.
    CreatedBy,
    /// The org's fallback.
    Fallback,
    /// The owner was away or gone, and the org names this backup.
    Backup,
    /// The owner was away or gone, and this is their manager.
    Manager,
}

/// The owner to give a record back to, and how that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousOwner {
    /// The user.
    pub user: UserId,
    /// Their name, for notes.
    pub name: String,
    /// The witness that decided.
    pub rule: OwnerRule,
}

/// What is known about a record's earlier owners.
#[derive(Debug, Clone, Default)]
pub struct OwnerEvidence {
    /// Old values of the record's owner changes, newest first: names or ids, Zoho does not say which.
    pub timeline: Vec<String>,
    /// The owner last seen by this product.
    pub last_seen: Option<UserId>,
    /// Who modified the record last.
    pub modified_by: Option<UserId>,
    /// Who created it.
    pub created_by: Option<UserId>,
    /// The org's fallback owner.
    pub fallback: Option<UserId>,
}

/// Hears the witnesses in order; each must name one active user who is no assistant, else the next is heard.
///
/// `None` means that nobody can take the record: every witness is silent, inactive or an assistant.
pub fn find_previous_owner(
    evidence: &OwnerEvidence,
    users: &[CrmUser],
    assistants: &[UserId],
) -> Option<PreviousOwner> {
    let eligible = |user: &&CrmUser| user.active && !assistants.contains(&user.id);
    let by_id = |id: &Option<UserId>| users.iter().filter(eligible).find(|user| Some(&user.id) == id.as_ref());
    // The newest change that somebody else's record went through: an assistant as old owner is a hand-over between
    // assistants, and the person before it is meant.
    let from_timeline = || {
        let old = evidence.timeline.iter().find(|old| !names_any(old, users, assistants))?;
        let mut named = users.iter().filter(|user| names(old, user)).filter(eligible);
        match (named.next(), named.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    };
    [
        (OwnerRule::Timeline, from_timeline()),
        (OwnerRule::LastSeen, by_id(&evidence.last_seen)),
        (OwnerRule::ModifiedBy, by_id(&evidence.modified_by)),
        (OwnerRule::CreatedBy, by_id(&evidence.created_by)),
        (OwnerRule::Fallback, by_id(&evidence.fallback)),
    ]
    .into_iter()
    .find_map(|(rule, user)| user.map(|user| PreviousOwner { user: user.id.clone(), name: user.name.clone(), rule }))
}

fn names(value: &str, user: &CrmUser) -> bool {
    value == user.id.as_str() || value == user.name
}

fn names_any(value: &str, users: &[CrmUser], ids: &[UserId]) -> bool {
    users.iter().filter(|user| ids.contains(&user.id)).any(|user| names(value, user))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str, name: &str, active: bool) -> CrmUser {
        CrmUser { id: UserId::parse(id).unwrap(), name: name.into(), email: None, active, reports_to: None }
    }

    fn decide(evidence: &OwnerEvidence) -> Option<(String, OwnerRule)> {
        let users = [
            user("1", "Pat", true),
            user("2", "Sam", true),
            user("3", "Sam", true),
            user("4", "Gone", false),
            user("9", "Tara", true),
        ];
        find_previous_owner(evidence, &users, &[UserId::parse("9").unwrap()]).map(|o| (o.user.to_string(), o.rule))
    }

    #[test]
    fn witnesses_are_heard_in_order() {
        let id = |id: &str| Some(UserId::parse(id).unwrap());
        let full = OwnerEvidence {
            timeline: vec!["Pat".into()],
            last_seen: id("2"),
            modified_by: id("3"),
            created_by: id("1"),
            fallback: id("2"),
        };
        assert_eq!(decide(&full), Some(("1".into(), OwnerRule::Timeline)));
        let with = |timeline: &str| OwnerEvidence { timeline: vec![timeline.into()], ..full.clone() };
        assert_eq!(decide(&with("2")), Some(("2".into(), OwnerRule::Timeline)), "an id serves as well as a name");
        assert_eq!(decide(&with("Sam")), Some(("2".into(), OwnerRule::LastSeen)), "two users are called Sam");
        assert_eq!(decide(&with("Gone")), Some(("2".into(), OwnerRule::LastSeen)), "inactive users own nothing");
        let silent = OwnerEvidence { timeline: vec![], last_seen: id("4"), ..full.clone() };
        assert_eq!(decide(&silent), Some(("3".into(), OwnerRule::ModifiedBy)));
        let assistant = OwnerEvidence { last_seen: id("9"), modified_by: id("9"), ..silent.clone() };
        assert_eq!(decide(&assistant), Some(("1".into(), OwnerRule::CreatedBy)));
        assert_eq!(
            decide(&OwnerEvidence { fallback: id("2"), ..Default::default() }),
            Some(("2".into(), OwnerRule::Fallback))
        );
        assert_eq!(decide(&OwnerEvidence::default()), None);
    }

    #[test]
    fn a_hand_over_between_assistants_is_looked_through() {
        let evidence = OwnerEvidence { timeline: vec!["Tara".into(), "Pat".into()], ..Default::default() };
        assert_eq!(decide(&evidence), Some(("1".into(), OwnerRule::Timeline)));
    }
}
