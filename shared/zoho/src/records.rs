//! Reading records by id.

use std::collections::{BTreeSet, HashMap};

use app::ports::{AddressState, CrmError, CrmRecord, FieldNames};
use domain::{ConnectionStatus, EmailAddress, Module, Person, RecordId, RecordRef};

use crate::answer::unreadable;
use crate::http::Line;
use crate::request::Request;
use crate::wire::WireRecord;

/// Ids in one call: a URL of about 2,500 characters.
const IDS: usize = 100;

/// What is read of the record itself. Names an org or module lacks are ignored by Zoho.
const OF_RECORD: [&str; 4] = ["Owner", "Modified_By", "Created_By", "Modified_Time"];

/// What is read of a lead or contact. A lead's job title is called `Designation`, a contact's `Title`.
const OF_LEAD: [&str; 13] = [
    "Email",
    "Secondary_Email",
    "Email_Opt_Out",
    "First_Name",
    "Last_Name",
    "Designation",
    "Phone",
    "Mobile",
    "Company",
    "Industry",
    "Website",
    "Country",
    "State",
];
const OF_CONTACT: [&str; 11] = [
    "Email",
    "Secondary_Email",
    "Email_Opt_Out",
    "First_Name",
    "Last_Name",
    "Title",
    "Phone",
    "Mobile",
    "Account_Name",
    "Mailing_Country",
    "Mailing_State",
];
const OF_DEAL: [&str; 2] = ["Contact_Name", "Account_Name"];

/// The records that exist among `ids`.
pub(crate) async fn read(line: &mut Line<'_>, module: Module, ids: &[RecordId]) -> Result<Vec<CrmRecord>, CrmError> {
    let own = line.session().fields.get(&module).cloned();
    let standard: &[&str] = match module {
        Module::Leads => &OF_LEAD,
        Module::Contacts => &OF_CONTACT,
        Module::Deals => &OF_DEAL,
    };
    let mut names = [&OF_RECORD, standard].concat();
    if let Some(own) = &own {
        names.extend([own.context.as_str(), &own.schedule, &own.status]);
    }
    let records = fetch(line, module, &names, ids).await?;
    if module != Module::Deals {
        return records.iter().map(|record| crm_record(module, own.as_ref(), record, Some(record))).collect();
    }
    let contacts: BTreeSet<_> = records.iter().filter_map(|deal| deal.record("Contact_Name")).collect();
    let contacts = fetch(line, Module::Contacts, &OF_CONTACT, &Vec::from_iter(contacts)).await?;
    let contacts: HashMap<_, _> = contacts.iter().filter_map(|contact| Some((contact.id()?, contact))).collect();
    let contact_of = |deal: &WireRecord| contacts.get(&deal.record("Contact_Name")?).copied();
    records.iter().map(|deal| crm_record(module, own.as_ref(), deal, contact_of(deal))).collect()
}

/// Whatever Zoho has of `ids`. Should it answer a whole batch by saying that one id is invalid, the batch is halved until
/// that id is alone: the others must still come.
async fn fetch(
    line: &mut Line<'_>,
    module: Module,
    names: &[&str],
    ids: &[RecordId],
) -> Result<Vec<WireRecord>, CrmError> {
    let mut found = Vec::new();
    let mut batches: Vec<_> = ids.chunks(IDS).collect();
    while let Some(batch) = batches.pop() {
        let ids: Vec<_> = batch.iter().map(RecordId::as_str).collect();
        let request = Request::get("records", [module.as_str()])
            .query("fields", names.join(","))
            .query("ids", ids.join(","))
            .query("per_page", 200);
        match line.list(&request, "data").await {
            Ok(listing) => found.extend(listing.items),
            Err(CrmError::Absent) => {
                let (left, right) = batch.split_at(batch.len() / 2);
                if !left.is_empty() {
                    batches.extend([left, right]);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// `person` is who mails go to: the record itself, or a deal's contact if there is one.
fn crm_record(
    module: Module,
    own: Option<&FieldNames>,
    record: &WireRecord,
    person: Option<&WireRecord>,
) -> Result<CrmRecord, CrmError> {
    let of_person = |fields: &[&str]| person.map(|person| person.text(fields)).unwrap_or_default();
    let company = record.text(&["Company", "Account_Name"]);
    let ours = |name: fn(&FieldNames) -> &String| own.map(|own| record.text(&[name(own)])).unwrap_or_default();
    let status = ours(|own| &own.status);
    Ok(CrmRecord {
        record: RecordRef { module, id: record.id().ok_or_else(|| unreadable("a record's id"))? },
        owner: record.user("Owner").ok_or_else(|| unreadable("a record's owner"))?,
        owner_email: record.inner("Owner", "email").and_then(|email| EmailAddress::parse(email).ok()),
        address: person.map_or(AddressState::Missing, address),
        person: Person {
            first_name: of_person(&["First_Name"]),
            last_name: of_person(&["Last_Name"]),
            designation: of_person(&["Designation", "Title"]),
            phone: of_person(&["Phone", "Mobile"]),
            company: if company.is_empty() { of_person(&["Account_Name"]) } else { company },
            industry: of_person(&["Industry"]),
            website: of_person(&["Website"]),
            country: of_person(&["Country", "Mailing_Country"]),
            state: of_person(&["State", "Mailing_State"]),
            time_zone: String::new(),
        },
        context: ours(|own| &own.context),
        schedule: ours(|own| &own.schedule),
        status: [ConnectionStatus::Cold, ConnectionStatus::Warm, ConnectionStatus::Hot]
            .into_iter()
            .find(|known| known.as_str() == status),
        modified_by: record.user("Modified_By"),
        created_by: record.user("Created_By"),
        modified: record.time("Modified_Time").ok_or_else(|| unreadable("a record's Modified_Time"))?,
    })
}

/// The first address that can be written to decides; a person who opted out has none.
fn address(person: &WireRecord) -> AddressState {
    if person.flag("Email_Opt_Out") {
        return AddressState::OptedOut;
    }
    let written = ["Email", "Secondary_Email"].map(|field| person.text(&[field]));
    match written.iter().find_map(|text| EmailAddress::parse(text).ok()) {
        Some(address) => AddressState::Usable(address),
        None if written.iter().all(String::is_empty) => AddressState::Missing,
        None => AddressState::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_first_usable_address_decides() {
        let state = |first: Value, second: Value, opt_out: Value| {
            let person = json!({"Email": first, "Secondary_Email": second, "Email_Opt_Out": opt_out});
            address(&serde_json::from_value(person).unwrap())
        };
        let usable = |text: &str| AddressState::Usable(EmailAddress::parse(text).unwrap());
        assert_eq!(state(json!("Ada@Example.com"), json!("b@example.com"), json!(false)), usable("ada@example.com"));
        assert_eq!(state(json!(null), json!("b@example.com"), json!(null)), usable("b@example.com"));
        assert_eq!(state(json!("ada"), json!("b@example.com"), json!(false)), usable("b@example.com"));
        assert_eq!(state(json!("ada"), json!(null), json!(false)), AddressState::Invalid);
        assert_eq!(state(json!(" "), json!(null), json!(false)), AddressState::Missing);
        assert_eq!(state(json!("ada@example.com"), json!(null), json!(true)), AddressState::OptedOut);
    }
}
