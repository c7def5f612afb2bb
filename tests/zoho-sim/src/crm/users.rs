//! `/users` and `/org`.

use http::Method;
use serde_json::{Value, json};

use super::{Caller, paging};
use crate::{
    reply::{Answer, Outcome, Refusal},
    request::Request,
    world::{User, World},
};

pub(super) fn users(world: &mut World, caller: &Caller, request: &Request, tail: &[&str]) -> Outcome {
    if request.method != Method::GET {
        return Err(Refusal::method());
    }
    caller.needs("ZohoCRM.users.READ")?;
    match tail {
        [] => list(world, caller, request),
        [id] => {
            let user = world.user(id).filter(|user| !user.deleted).ok_or_else(|| Refusal::path_id(1))?;
            Ok(Answer::json(200, json!({"users": [shown(world, user)]})))
        }
        ["actions", "count"] => {
            let chosen = of_type(world, caller, request.query("type").unwrap_or("AllUsers"))?;
            Ok(Answer::json(200, json!({"count": chosen.len()})))
        }
        _ => Err(Refusal::url_pattern()),
    }
}

fn list(world: &mut World, caller: &Caller, request: &Request) -> Outcome {
    let mut chosen = of_type(world, caller, request.query("type").unwrap_or("AllUsers"))?;
    let ids = request.query_list("ids");
    if !ids.is_empty() {
        chosen.retain(|user| ids.contains(&user.id));
    }
    let (page, info) = paging::page(world, caller, request, chosen)?;
    if page.is_empty() {
        return Ok(Answer::nothing());
    }
    let info = paging::without_tokens(&info);
    let users: Vec<Value> = page.iter().map(|user| shown(world, user)).collect();
    Ok(Answer::json(200, json!({"users": users, "info": info})))
}

fn of_type(world: &World, caller: &Caller, kind: &str) -> Result<Vec<User>, Refusal> {
    let chosen: &dyn Fn(&User) -> bool = match kind {
        "AllUsers" => &|user| !user.deleted,
        "ActiveUsers" => &|user| user.active && !user.deleted,
        "DeactiveUsers" => &|user| !user.active && !user.deleted,
        "ConfirmedUsers" => &|user| user.confirmed && !user.deleted,
        "NotConfirmedUsers" => &|user| !user.confirmed && !user.deleted,
        "DeletedUsers" => &|user| user.deleted,
        "ActiveConfirmedUsers" => &User::usable,
        "AdminUsers" => &|user| user.admin && !user.deleted,
        "ActiveConfirmedAdmins" => &|user| user.admin && user.usable(),
        "CurrentUser" => &|user| user.id == caller.user,
        _ => return Err(Refusal::parameter("type")),
    };
    Ok(world.users.iter().filter(|user| chosen(user)).cloned().collect())
}

/// The mixed case of the keys is Zoho's.
fn shown(world: &World, user: &User) -> Value {
    let (role, profile) = if user.admin { (0, 0) } else { (1, 1) };
    let named =
        |list: &[(String, &'static str)], at: usize| list.get(at).map(|(id, name)| json!({"name": name, "id": id}));
    let offset = world.zone.to_offset(world.now).seconds() * 1000;
    json!({
        "id": user.id, "full_name": user.full_name(), "first_name": user.first_name, "last_name": user.last_name,
        "email": user.email, "status": user.status(), "confirm": user.confirmed, "zuid": user.zuid,
        "role": named(&world.roles, role), "profile": named(&world.profiles, profile),
        "time_zone": world.zone_name, "offset": offset, "locale": "en_US", "language": "en_US",
        "country_locale": "en_US",
        "created_time": world.time(user.created), "Modified_Time": world.time(user.modified), "Isonline": false,
        "Reporting_To": user.reports_to.as_ref().map(|id| json!({"name": world.user_name(id), "id": id})), "alias": null, "phone": null, "mobile": null, "category": "regular_user",
        "personal_account": false, "microsoft": false,
    })
}

/// When users are not at work, as far as they said so.
pub(super) fn unavailability(world: &World) -> Outcome {
    let away = |user: &User| {
        let (from, to) = user.away?;
        Some(json!({
            "id": format!("{}9", user.id), "comments": "Away", "from": world.time(from), "to": world.time(to),
            "user": {"name": user.full_name(), "id": user.id, "zuid": user.zuid},
        }))
    };
    let all: Vec<Value> = world.users.iter().filter(|user| !user.deleted).filter_map(away).collect();
    if all.is_empty() {
        return Ok(Answer::nothing());
    }
    let info = json!({"per_page": 200, "count": all.len(), "page": 1, "more_records": false});
    Ok(Answer::json(200, json!({"users_unavailability": all, "info": info})))
}

pub(super) fn org(world: &World, caller: &Caller, request: &Request) -> Outcome {
    if request.method != Method::GET {
        return Err(Refusal::method());
    }
    caller.needs("ZohoCRM.org.READ")?;
    let admin = world.first_admin();
    let field = |get: fn(&User) -> &String| admin.map(get);
    let purchased = world.users.len();
    let org = json!({
        "id": world.org_record_id, "zgid": world.zgid, "company_name": world.org_name,
        "domain_name": format!("org{}", world.zgid), "primary_email": field(|user| &user.email),
        "primary_zuid": field(|user| &user.zuid), "time_zone": world.zone_name, "currency": "US Dollar",
        "iso_code": "USD", "currency_symbol": "$", "currency_locale": "en_US", "country_code": "US",
        "type": "production", "mc_status": false, "privacy_settings": false, "translation_enabled": false,
        "license_details": {
            "paid": true, "paid_type": "enterprise", "users_license_purchased": purchased, "trial_type": null,
            "trial_expiry": null, "paid_expiry": null,
        },
    });
    Ok(Answer::json(200, json!({"org": [org]})))
}
