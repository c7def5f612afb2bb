//! What people do in the CRM meanwhile: they assign, take records away, delete, merge and convert them, and order things.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Action, LeadId, Order, Tracking};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use zoho_sim::{SimError, UserChange};

use super::answers::Answers;
use super::job::Job;
use super::staff::Staff;
use super::stage::Stage;
use super::{Options, Story};

/// A record, by tenant and id.
pub(super) type Id = (usize, String);

/// A record that people work with.
struct Record {
    tenant: usize,
    module: &'static str,
    id: String,
}

/// The people of a world.
pub(super) struct People {
    pub staff: Staff,
    records: Vec<Record>,
    /// How often each record may have been begun with: assignments and restarts.
    pub begun: BTreeMap<Id, usize>,
    /// Records that have notes and mails of others by a merge.
    pub merged: BTreeSet<Id>,
    /// Leads that were converted: whoever assigns one tells nobody.
    converted: BTreeSet<Id>,
    /// Records that may be taken back for an assistant, for somebody ordered it.
    pub restarted: BTreeSet<Id>,
    /// When each record is assigned.
    to_assign: Vec<(Timestamp, usize)>,
    /// When somebody does something else.
    next_act: Timestamp,
    last_act: Timestamp,
    orders: usize,
    story: Story,
    pub answers: Answers,
}

/// Which assistants there are, by seed; a journey is the same for all.
pub(super) fn staff(options: &Options) -> Staff {
    match options.story {
        Story::Journey => Staff { mails: 1, second: true, held: true, tracking: Tracking::OpensAndClicks },
        Story::Rush => Staff { mails: 3, second: true, held: false, tracking: Tracking::Off },
        Story::Storm | Story::Silence => Staff {
            mails: 3,
            second: options.seed.is_multiple_of(2),
            held: true,
            tracking: [Tracking::Off, Tracking::Opens, Tracking::OpensAndClicks][(options.seed % 3) as usize],
        },
    }
}

impl People {
    /// People with their records, which they assign over the first part of the story.
    pub fn new(stage: &Stage, options: &Options) -> Result<Self, SimError> {
        let start = stage.clock.now();
        let last_act = start + SignedDuration::from_hours(options.days * 24);
        let mut people = Self {
            staff: staff(options),
            records: Vec::new(),
            begun: BTreeMap::new(),
            merged: BTreeSet::new(),
            restarted: BTreeSet::new(),
            converted: BTreeSet::new(),
            to_assign: Vec::new(),
            next_act: start,
            last_act,
            orders: 0,
            story: options.story,
            answers: Answers::new(options.story, last_act),
        };
        for number in 0..options.leads {
            let tenant = number % stage.tenants.len();
            let record = match options.story {
                Story::Journey | Story::Rush => people.add(stage, tenant, "Contacts", number)?,
                Story::Storm | Story::Silence if stage.chance.happens(0.2) => people.add_deal(stage, tenant, number)?,
                Story::Storm | Story::Silence if stage.chance.happens(0.3) => {
                    people.add(stage, tenant, "Leads", number)?
                }
                Story::Storm | Story::Silence => people.add(stage, tenant, "Contacts", number)?,
            };
            people.records.push(record);
        }
        if options.story == Story::Rush {
            people.last_act = start;
            people.to_assign = vec![(start, 0), (start, 1)];
        } else if options.story == Story::Journey {
            people.last_act = start;
            let after = |record: usize| SignedDuration::from_mins(10 * record as i64);
            people.to_assign = (0..options.leads).map(|record| (start + after(record), record)).collect();
        } else {
            let span = (options.days * 86_400 / 2).max(3600);
            people.to_assign =
                (0..options.leads).map(|record| (start + stage.chance.seconds(0..span), record)).collect();
        }
        Ok(people)
    }

    fn add(&self, stage: &Stage, tenant: usize, module: &'static str, number: usize) -> Result<Record, SimError> {
        let Some(of) = stage.tenants.get(tenant) else { return Err(SimError::Module("of nobody".to_owned())) };
        // Where there are two orgs, they know the same people.
        let person = number / stage.tenants.len();
        let fields = json!({ "Last_Name": format!("Person {number}"), "Email": format!("person{person}@example.com"), "Company": "Looms" });
        let id = of.zoho.create_record(module, fields, Some(&of.address("sam")))?;
        Ok(Record { tenant, module, id })
    }

    /// A deal with a contact of its own, or with one that may be assigned itself.
    fn add_deal(&self, stage: &Stage, tenant: usize, number: usize) -> Result<Record, SimError> {
        let other = self.records.iter().find(|record| record.tenant == tenant && record.module == "Contacts");
        let contact = match other.filter(|_| stage.chance.happens(0.3)) {
            Some(other) => other.id.clone(),
            None => self.add(stage, tenant, "Contacts", number)?.id,
        };
        let Some(of) = stage.tenants.get(tenant) else { return Err(SimError::Module("of nobody".to_owned())) };
        let fields =
            json!({ "Deal_Name": format!("Deal {number}"), "Stage": "Qualification", "Contact_Name": contact });
        let id = of.zoho.create_record("Deals", fields, Some(&of.address("sam")))?;
        Ok(Record { tenant, module: "Deals", id })
    }

    /// When somebody does something next.
    pub fn next(&self) -> Option<Timestamp> {
        let assign = self.to_assign.iter().map(|(at, _)| *at);
        let act = (self.next_act < self.last_act).then_some(self.next_act);
        assign.chain(act).chain(self.answers.next()).min()
    }

    /// What they do now.
    pub fn act(&mut self, stage: &mut Stage) {
        let now = stage.clock.now();
        let due: Vec<usize> = self.to_assign.extract_if(.., |(at, _)| *at <= now).map(|(_, record)| record).collect();
        for record in due {
            self.assign(stage, record);
        }
        if self.next_act <= now && now < self.last_act {
            self.next_act = now + stage.chance.seconds(3600..40_000);
            self.meddle(stage);
        }
        self.answers.act(stage);
    }

    /// One record, or all that are like it at once.
    fn assign(&mut self, stage: &mut Stage, record: usize) {
        let Record { tenant, module, .. } = self.records[record];
        let (many, story) = (stage.chance.strikes(0.1), self.story);
        let like = |(at, other): &(usize, &Record)| match story {
            // Half of all to one assistant, half to the other.
            Story::Rush => at % 2 == record % 2,
            Story::Journey => *at == record,
            Story::Storm | Story::Silence => {
                *at == record || (many && (other.tenant, other.module) == (tenant, module))
            }
        };
        let ids: Vec<&str> =
            self.records.iter().enumerate().filter(like).map(|(_, record)| record.id.as_str()).collect();
        let names = self.staff.names();
        let to = match story {
            // The third one is for whoever has a mailbox of their own.
            Story::Journey => names[usize::from(record % 3 == 2)],
            Story::Rush => names[record % 2],
            Story::Storm | Story::Silence => names[stage.chance.below(names.len())],
        };
        let of = &stage.tenants[tenant];
        let done = of.zoho.assign(module, &ids, &of.address(to), Some(&of.address("sam"))).is_ok();
        if done {
            for id in &ids {
                if !self.converted.contains(&(tenant, (*id).to_owned())) {
                    stage.expect(tenant, module, id, false);
                }
                *self.begun.entry((tenant, (*id).to_owned())).or_default() += 1;
            }
        }
        let told = ids.iter().take(100).copied().collect::<Vec<_>>().join(" ");
        let told = format!("Sam assigns {module} {told} to {to}: {done}");
        stage.stir(&told);
    }

    fn meddle(&mut self, stage: &mut Stage) {
        let record = stage.chance.below(self.records.len());
        let Record { tenant, module, ref id } = self.records[record];
        let (id, of) = (id.clone(), stage.tenants[tenant].clone());
        let (by, zoho) = (of.address("priya"), &of.zoho);
        let by = Some(by.as_str());
        let what = match stage.chance.below(12) {
            0 => {
                let taken = zoho.assign(module, &[&id], &of.address("lena"), by).is_ok();
                if taken {
                    stage.expect(tenant, module, &id, true);
                }
                format!("Lena takes: {taken}")
            }
            1 => {
                let deleted = zoho.delete_records(module, &[&id], false, by).is_ok();
                if deleted {
                    stage.expect(tenant, module, &id, true);
                }
                format!("Priya deletes: {deleted}")
            }
            2 if module == "Leads" => {
                let contact = zoho.convert_lead(&id, by);
                if let Ok(contact) = &contact {
                    stage.forget(tenant, module, &id);
                    self.converted.insert((tenant, id.clone()));
                    // The contact has the lead's owner.
                    self.begun.insert((tenant, contact.clone()), 1);
                }
                format!("Priya converts it to contact {contact:?}")
            }
            3 => {
                let Record { tenant: of_other, id: other, .. } = &self.records[stage.chance.below(self.records.len())];
                let others = *of_other == tenant && *other != id;
                let merged = others && zoho.merge(module, &id, &[other], by).is_ok();
                if merged {
                    stage.forget(tenant, module, other);
                    self.merged.insert((tenant, id.clone()));
                }
                format!("Priya merges {other} into it: {merged}")
            }
            4 | 5 => {
                self.assign(stage, record);
                return;
            }
            6 => format!("{} access tokens die", zoho.kill_tokens(false)),
            7 => {
                let active = Some(stage.chance.happens(0.5));
                let change = UserChange { active, ..UserChange::default() };
                format!("Lena is active: {active:?}, {}", zoho.change_user(&of.address("lena"), &change).is_ok())
            }
            8 | 9 => {
                let all = stage.chance.happens(0.4);
                self.order(stage, tenant, (!all).then_some((module, id)));
                return;
            }
            _ => return,
        };
        stage.stir(&format!("{module} {id}: {what}"));
    }

    /// Orders something for one lead, or all there are.
    fn order(&mut self, stage: &mut Stage, tenant: usize, one: Option<(&'static str, String)>) {
        self.orders += 1;
        let text = format!("Order {}", self.orders);
        let action = match stage.chance.below(7) {
            0 => Action::Deactivate,
            1 => Action::MarkHot,
            2 => Action::Restart,
            3 => Action::Continue,
            4 => Action::Message { subject: None, text },
            _ => Action::Note { text },
        };
        let again = matches!(action, Action::Restart | Action::Continue);
        let meant = |record: &&Record| {
            record.tenant == tenant
                && one.as_ref().is_none_or(|(module, id)| record.module == *module && record.id == *id)
        };
        let mut leads: Vec<LeadId> = Vec::new();
        for record in self.records.iter().filter(meant) {
            let id = (tenant, record.id.clone());
            leads.extend(format!("{}-{}", record.module.to_lowercase(), record.id).parse::<LeadId>());
            if again {
                *self.begun.entry(id.clone()).or_default() += 1;
                self.restarted.insert(id);
            }
        }
        if one.is_none() && again {
            // Contacts that leads were converted to are meant too.
            self.restarted.extend(self.begun.keys().filter(|(of, _)| *of == tenant).cloned());
        }
        stage.stir(&format!("an order for {leads:?}: {action:?}"));
        let order = Order { action, by: "Priya".to_owned(), why: String::new(), schedule_revision: 0 };
        let leads = one.map(|_| leads);
        stage.at(stage.clock.now(), Job::Order(tenant, leads, Box::new(order)));
    }
}
