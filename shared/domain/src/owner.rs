//! Who owned a record before the assistant did. Zoho tells nobody directly, so several witnesses are heard, in order.

use std::collections::BTreeMap;

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
/// The first is who gets the record; the others might, should that one be away by then. Nobody is named twice. Empty: nobody
/// can take the record, for every witness is silent, inactive or an assistant.
pub fn find_owners(evidence: &OwnerEvidence, users: &[CrmUser], assistants: &[UserId]) -> Vec<PreviousOwner> {
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
    .filter_map(|(rule, user)| user.map(|user| by_rule(user, rule)))
    .fold(Vec::new(), |mut owners: Vec<PreviousOwner>, owner| {
        if owners.iter().all(|known| known.user != owner.user) {
            owners.push(owner);
        }
        owners
    })
}

fn by_rule(user: &CrmUser, rule: OwnerRule) -> PreviousOwner {
    PreviousOwner { user: user.id.clone(), name: user.name.clone(), rule }
}

/// Who is there to take a record, at the moment it is given back.
#[derive(Debug, Clone, Copy)]
pub struct Staff<'a> {
    /// The CRM's users.
    pub users: &'a [CrmUser],
    /// Who is away now, by their own word in the CRM.
    pub away: &'a [UserId],
    /// The assistants' users: they take nothing back.
    pub assistants: &'a [UserId],
    /// Who stands in for whom.
    pub backups: &'a BTreeMap<UserId, UserId>,
    /// Who gets what nobody else can take.
    pub fallback: &'a UserId,
}

/// How many backups of backups, and managers of managers, are asked.
const MOST_STAND_INS: usize = 8;

impl Staff<'_> {
    /// Who takes a record instead of `planned`; `None` if `planned` is there, or nobody else is either.
    ///
    /// Asked in this order: the org's backup (and the backup's), the manager (and theirs), the other witnesses of who
    /// owned the record, the org's fallback.
    pub fn stand_in(&self, planned: &UserId, witnesses: &[PreviousOwner]) -> Option<PreviousOwner> {
        if self.there(planned).is_some() {
            return None;
        }
        let backups = chain(planned, |user| self.backups.get(user)).map(|user| (user, OwnerRule::Backup));
        let managers = chain(planned, |user| self.user(user)?.reports_to.as_ref());
        let managers = managers.map(|user| (user, OwnerRule::Manager));
        let witnesses = witnesses.iter().map(|witness| (&witness.user, witness.rule));
        let fallback = std::iter::once((self.fallback, OwnerRule::Fallback));
        backups
            .chain(managers)
            .chain(witnesses)
            .chain(fallback)
            .find_map(|(user, rule)| self.there(user).map(|user| by_rule(user, rule)))
    }

    fn user(&self, id: &UserId) -> Option<&CrmUser> {
        self.users.iter().find(|user| user.id == *id)
    }

    /// The user, if they can take a record now.
    fn there(&self, id: &UserId) -> Option<&CrmUser> {
        self.user(id).filter(|user| user.active && !self.away.contains(id) && !self.assistants.contains(id))
    }
}

/// Who comes after `start`, then after that one: circles end.
fn chain<'a>(start: &'a UserId, next: impl Fn(&UserId) -> Option<&'a UserId>) -> impl Iterator<Item = &'a UserId> {
    std::iter::successors(Some(start), move |user| next(user)).skip(1).take(MOST_STAND_INS)
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
        CrmUser {
            id: UserId::parse(id).unwrap(),
            name: name.into(),
            email: None,
            active,
            profile: None,
            reports_to: None,
        }
    }

    fn decide(evidence: &OwnerEvidence) -> Option<(String, OwnerRule)> {
        let users = [
            user("1", "Pat", true),
            user("2", "Sam", true),
            user("3", "Sam", true),
            user("4", "Gone", false),
            user("9", "Tara", true),
        ];
        let owners = find_owners(evidence, &users, &[UserId::parse("9").unwrap()]);
        owners.first().map(|owner| (owner.user.to_string(), owner.rule))
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

    #[test]
    fn nobody_is_named_twice() {
        let id = |id: &str| Some(UserId::parse(id).unwrap());
        let evidence = OwnerEvidence {
            last_seen: id("1"),
            modified_by: id("1"),
            created_by: id("2"),
            fallback: id("1"),
            ..Default::default()
        };
        let users = [user("1", "Pat", true), user("2", "Sam", true)];
        let owners = find_owners(&evidence, &users, &[]);
        let named: Vec<_> = owners.iter().map(|owner| (owner.name.as_str(), owner.rule)).collect();
        assert_eq!(named, [("Pat", OwnerRule::LastSeen), ("Sam", OwnerRule::CreatedBy)]);
    }

    /// Pat (1) has Sam (2) as backup and Max (3) as manager; Kim (4) was a witness; Flo (5) is the fallback.
    fn stand_in(away: &[&str], inactive: &[&str], backups: &[(&str, &str)]) -> Option<(String, OwnerRule)> {
        let id = |id: &&str| UserId::parse(*id).unwrap();
        let mut users: Vec<_> = [("1", "Pat"), ("2", "Sam"), ("3", "Max"), ("4", "Kim"), ("5", "Flo"), ("9", "Tara")]
            .map(|(id, name)| user(id, name, !inactive.contains(&id)))
            .into();
        users[0].reports_to = Some(id(&"3"));
        users[2].reports_to = Some(id(&"1"));
        let away: Vec<_> = away.iter().map(id).collect();
        let backups = backups.iter().map(|(who, by)| (id(who), id(by))).collect();
        let witness = PreviousOwner { user: id(&"4"), name: "Kim".into(), rule: OwnerRule::CreatedBy };
        let staff =
            Staff { users: &users, away: &away, assistants: &[id(&"9")], backups: &backups, fallback: &id(&"5") };
        staff.stand_in(&id(&"1"), &[witness]).map(|owner| (owner.name, owner.rule))
    }

    #[test]
    fn whoever_is_away_has_a_stand_in() {
        let is = |name: &str, rule| Some((name.to_owned(), rule));
        let backup: &[(&str, &str)] = &[("1", "2")];
        assert_eq!(stand_in(&[], &[], backup), None, "Pat is there");
        assert_eq!(stand_in(&["1"], &[], backup), is("Sam", OwnerRule::Backup));
        assert_eq!(stand_in(&[], &["1"], backup), is("Sam", OwnerRule::Backup), "inactive is as good as away");
        assert_eq!(stand_in(&["1", "2"], &[], &[("1", "2"), ("2", "5")]), is("Flo", OwnerRule::Backup));
        assert_eq!(stand_in(&["1", "2"], &[], &[("1", "2"), ("2", "1")]), is("Max", OwnerRule::Manager), "a circle");
        assert_eq!(stand_in(&["1"], &[], &[]), is("Max", OwnerRule::Manager));
        assert_eq!(stand_in(&["1"], &[], &[("1", "9")]), is("Max", OwnerRule::Manager), "an assistant is no backup");
        assert_eq!(stand_in(&["1", "3"], &[], &[]), is("Kim", OwnerRule::CreatedBy));
        assert_eq!(stand_in(&["1", "3"], &["4"], &[]), is("Flo", OwnerRule::Fallback));
        assert_eq!(stand_in(&["1", "3", "4", "5"], &[], &[]), None, "nobody is there, so it stays as planned");
    }
}
