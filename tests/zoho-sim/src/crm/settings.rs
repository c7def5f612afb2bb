//! Metadata: modules, layouts, pipelines, roles, profiles, related lists, from addresses.

use http::Method;
use serde_json::{Value, json};

use super::{Caller, fields, related, users};
use crate::{
    reply::{Answer, Outcome, Refusal},
    request::Request,
    world::{Module, STAGES, World},
};

pub(super) fn answer(world: &World, caller: &Caller, request: &Request, tail: &[&str]) -> Outcome {
    if request.method != Method::GET {
        return Err(Refusal::method());
    }
    let allowed = |group: &str| caller.needs(&format!("ZohoCRM.settings.{group}.READ"));
    let body = match tail {
        ["modules"] => {
            allowed("modules")?;
            json!({"modules": world.modules.iter().map(module).collect::<Vec<_>>()})
        }
        ["modules", name] => {
            allowed("modules")?;
            json!({"modules": [module(world.module(name).ok_or_else(Refusal::module)?)]})
        }
        ["layouts"] => {
            allowed("layouts")?;
            json!({"layouts": [layout(world, module_parameter(world, request)?)]})
        }
        ["layouts", id] => {
            allowed("layouts")?;
            let of = module_parameter(world, request)?;
            if of.layout_id != *id {
                return Err(Refusal::path_id(2));
            }
            json!({"layouts": [layout(world, of)]})
        }
        ["pipeline"] => {
            allowed("pipeline")?;
            let layout = request.query("layout_id").ok_or_else(|| Refusal::missing_parameter("layout_id"))?;
            let of = world.modules.iter().find(|module| module.layout_id == layout);
            match of.ok_or_else(|| Refusal::parameter("layout_id"))?.api_name.as_str() {
                "Deals" => json!({"pipeline": [pipeline(world)]}),
                _ => return Ok(Answer::nothing()),
            }
        }
        ["roles"] => {
            allowed("roles")?;
            json!({"roles": roles(world)})
        }
        ["profiles"] => {
            allowed("profiles")?;
            json!({"profiles": profiles(world)})
        }
        ["related_lists"] => {
            allowed("related_lists")?;
            json!({"related_lists": related::metadata(world, module_parameter(world, request)?)})
        }
        ["users_unavailability"] => {
            allowed("users_unavailability")?;
            return users::unavailability(world);
        }
        ["emails", "actions", "from_addresses"] => {
            allowed("emails")?;
            json!({"from_addresses": from_addresses(world, caller)})
        }
        _ => return Err(Refusal::url_pattern()),
    };
    Ok(Answer::json(200, body))
}

pub(super) fn module_parameter<'w>(world: &'w World, request: &Request) -> Result<&'w Module, Refusal> {
    let name = request.query("module").ok_or_else(|| Refusal::missing_parameter("module"))?;
    let unknown =
        || Refusal::bad("INVALID_MODULE", "the module name given seems to be invalid", json!({"param_name": "module"}));
    world.module(name).ok_or_else(unknown)
}

fn module(module: &Module) -> Value {
    json!({
        "id": module.id, "api_name": module.api_name, "module_name": module.api_name, "singular_label": module.singular,
        "plural_label": module.plural, "generated_type": "default", "api_supported": true, "creatable": true,
        "editable": true, "deletable": true, "viewable": true, "visible": true, "status": "visible",
        "convertable": module.api_name == "Leads", "quick_create": true, "show_as_tab": module.watchable(),
        "global_search_supported": true, "triggers_supported": module.watchable(), "webform_supported": false,
    })
}

fn layout(world: &World, module: &Module) -> Value {
    let shown = |field: &crate::world::Field| {
        let mut shown = fields::shown(world, field);
        shown["required"] = json!(field.mandatory);
        shown
    };
    let section = json!({
        "name": format!("{} Information", module.singular), "api_name": format!("{}_Information", module.singular),
        "display_label": format!("{} Information", module.singular), "sequence_number": 1, "column_count": 2,
        "type": "used", "generated_type": "default", "isSubformSection": false,
        "fields": module.fields.iter().map(shown).collect::<Vec<_>>(),
    });
    let profiles: Vec<Value> =
        world.profiles.iter().map(|(id, name)| json!({"id": id, "name": name, "default": true})).collect();
    json!({
        "id": module.layout_id, "name": "Standard", "api_name": "Standard", "display_label": "Standard",
        "status": "active", "visible": true, "generated_type": "default", "source": "crm", "profiles": profiles,
        "sections": [section],
    })
}

fn pipeline(world: &World) -> Value {
    let stage = |(n, ((name, kind), id)): (usize, (&(&str, &str), &String))| {
        json!({
            "id": id, "display_value": name, "actual_value": name, "sequence_number": n + 1, "forecast_type": kind,
            "forecast_category": {"name": if *kind == "Open" { "Pipeline" } else { "Closed" }, "id": id},
        })
    };
    let maps: Vec<Value> = STAGES.iter().zip(&world.stage_ids).enumerate().map(stage).collect();
    json!({
        "id": world.pipeline_id, "display_value": "Standard (Standard)", "actual_value": "Standard (Standard)",
        "default": true, "maps": maps,
    })
}

fn roles(world: &World) -> Vec<Value> {
    let above = world.roles.first();
    let shown = |(n, (id, name)): (usize, &(String, &'static str))| {
        let reports_to = above.filter(|_| n > 0).map(|(id, name)| json!({"id": id, "name": name}));
        json!({
            "id": id, "name": name, "display_label": name, "reporting_to": reports_to, "admin_user": n == 0,
            "share_with_peers": true, "description": null,
        })
    };
    world.roles.iter().enumerate().map(shown).collect()
}

fn profiles(world: &World) -> Vec<Value> {
    let shown = |(id, name): &(String, &'static str)| {
        json!({
            "id": id, "name": name, "display_label": name, "type": "normal_profile", "custom": false, "default": true,
            "description": null, "category": false,
        })
    };
    world.profiles.iter().map(shown).collect()
}

fn from_addresses(world: &World, caller: &Caller) -> Vec<Value> {
    let shown = |user: &crate::world::User| {
        let mine = user.id == caller.user;
        json!({
            "email": user.email, "type": if mine { "primary" } else { "org_email" }, "id": user.id,
            "user_name": user.full_name(), "default": mine,
        })
    };
    world.users.iter().filter(|user| user.usable()).map(shown).collect()
}

/// `GET /Contacts/roles`
pub(super) fn contact_roles(world: &World, caller: &Caller, request: &Request) -> Outcome {
    if request.method != Method::GET {
        return Err(Refusal::method());
    }
    caller.needs_module("contacts", "READ")?;
    let shown =
        |(n, (id, name)): (usize, &(String, &'static str))| json!({"id": id, "name": name, "sequence_number": n + 1});
    let roles: Vec<Value> = world.contact_roles.iter().enumerate().map(shown).collect();
    Ok(Answer::json(200, json!({"contact_roles": roles})))
}
