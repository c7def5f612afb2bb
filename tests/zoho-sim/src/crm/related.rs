//! Related lists: what hangs on a record, and the contacts of a deal.

use serde_json::{Value, json};

use super::{Caller, existing, paging, read, validate::id_of, write::items};
use crate::{
    reply::{Answer, Outcome, Refusal, batch, done},
    request::Request,
    world::{Module, Record, World},
};

/// Parent module, list, module of the members, the member's field that points to the parent.
const LISTS: [(&str, &str, &str, &str); 12] = [
    ("Contacts", "Deals", "Deals", "Contact_Name"),
    ("Contacts", "Tasks", "Tasks", "Who_Id"),
    ("Contacts", "Events", "Events", "Who_Id"),
    ("Contacts", "Calls", "Calls", "Who_Id"),
    ("Accounts", "Contacts", "Contacts", "Account_Name"),
    ("Accounts", "Deals", "Deals", "Account_Name"),
    ("Accounts", "Tasks", "Tasks", "What_Id"),
    ("Accounts", "Events", "Events", "What_Id"),
    ("Deals", "Tasks", "Tasks", "What_Id"),
    ("Deals", "Events", "Events", "What_Id"),
    ("Deals", "Calls", "Calls", "What_Id"),
    ("Leads", "Tasks", "Tasks", "What_Id"),
];

/// `GET /settings/related_lists`
pub(super) fn metadata(world: &World, module: &Module) -> Vec<Value> {
    let own =
        LISTS.iter().filter(|(parent, ..)| *parent == module.api_name).map(|(_, list, member, _)| (*list, *member));
    let notes = std::iter::once(("Notes", "Notes"));
    let roles = (module.api_name == "Deals").then_some(("Contact_Roles", "Contacts"));
    let shown = |(n, (list, member)): (usize, (&str, &str))| {
        json!({
            "id": format!("{}{:02}", module.id, n + 1), "api_name": list, "name": list, "display_label": list,
            "href": format!("{}/{{ENTITYID}}/{list}", module.api_name), "type": "default", "status": "visible",
            "visible": true, "sequence_number": (n + 1).to_string(),
            "module": world.module(member).map(Module::reference),
        })
    };
    own.chain(notes).chain(roles).enumerate().map(shown).collect()
}

fn unknown_list() -> Refusal {
    let details = json!({"resource_path_index": 2});
    Refusal::bad("INVALID_DATA", "the relation name given seems to be invalid", details)
}

/// `/{module}/{id}/{list}`
pub(super) fn list(
    world: &mut World,
    caller: &Caller,
    request: &Request,
    module: &Module,
    id: &str,
    list: &str,
) -> Outcome {
    if module.api_name == "Deals" && list == "Contact_Roles" {
        return deal_contacts(world, caller, request, module, id);
    }
    let found = LISTS.iter().find(|(parent, name, ..)| *parent == module.api_name && *name == list);
    let (_, _, member, field) = found.ok_or_else(unknown_list)?;
    if request.method != http::Method::GET {
        return Err(Refusal::method());
    }
    caller.needs_module(&module.api_name, "READ")?;
    caller.needs_module(member, "READ")?;
    let fields = read::fields_parameter(request)?;
    if let Err(absent) = existing(world, module, id) {
        return absent.outcome();
    }
    let members = world.module(member).ok_or_else(Refusal::module)?.clone();
    let points_here = |record: &&Record| record.get(field) == id;
    let table = world.tables.get(*member);
    let all: Vec<Record> =
        table.into_iter().flat_map(|t| t.records.values().rev()).filter(points_here).cloned().collect();
    let (page, info) = paging::page(world, caller, request, all)?;
    Ok(read::listed(world, &members, &page, &fields, info))
}

fn deal_contacts(world: &mut World, caller: &Caller, request: &Request, module: &Module, id: &str) -> Outcome {
    if request.method != http::Method::GET {
        return Err(Refusal::method());
    }
    caller.needs_module("deals", "READ")?;
    caller.needs_module("contacts", "READ")?;
    let fields = read::fields_parameter(request)?;
    if let Err(absent) = existing(world, module, id) {
        return absent.outcome();
    }
    let contacts = world.module("Contacts").ok_or_else(Refusal::module)?.clone();
    let mut rows = Vec::new();
    for (_, contact, role) in world.deal_roles.iter().filter(|(deal, ..)| deal == id) {
        let Some(record) = world.record("Contacts", contact) else { continue };
        let mut row = world.listed_record(&contacts, record, &fields);
        let name = world.contact_roles.iter().find(|(role_id, _)| role_id == role).map(|(_, name)| name);
        row["Contact_Role"] = json!({"name": name, "id": role});
        rows.push(row);
    }
    if rows.is_empty() {
        return Ok(Answer::nothing());
    }
    let (data, info) = paging::page(world, caller, request, rows)?;
    Ok(Answer::json(200, json!({"data": data, "info": info})))
}

/// `/{module}/{id}/{list}/{other}`: only the contact roles of a deal can be changed this way.
pub(super) fn item(
    world: &mut World,
    caller: &Caller,
    request: &Request,
    module: &Module,
    (id, list, other): (&str, &str, &str),
) -> Outcome {
    if module.api_name != "Deals" || list != "Contact_Roles" {
        return Err(unknown_list());
    }
    caller.needs_module("deals", "UPDATE")?;
    existing(world, module, id).map_err(|_| Refusal::path_id(1))?;
    let exists = world.record("Contacts", other).is_some();
    let position = world.deal_roles.iter().position(|(deal, contact, _)| deal == id && contact == other);
    let result = match (request.method.as_str(), position) {
        ("PUT", _) if exists => {
            let body = request.json()?;
            let given = items(&body, "data", 1)?.remove(0);
            let role = given["Contact_Role"].get("id").and_then(id_of);
            let role = role.filter(|role| world.contact_roles.iter().any(|(id, _)| id == role));
            let role =
                role.ok_or_else(|| Refusal::invalid("Contact_Role", "jsonobject", "$.data[0].Contact_Role".into()))?;
            world.deal_roles.retain(|(deal, contact, _)| deal != id || contact != other);
            world.deal_roles.push((id.to_owned(), other.to_owned(), role));
            Ok(done("relation updated", json!({"id": other})))
        }
        ("DELETE", Some(at)) => {
            world.deal_roles.remove(at);
            Ok(done("relation removed", json!({"id": other})))
        }
        ("PUT" | "DELETE", _) => Err(Refusal::id(other)),
        _ => return Err(Refusal::method()),
    };
    Ok(batch("data", 200, vec![result]))
}
