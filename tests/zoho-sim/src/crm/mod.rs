//! The REST API under `/crm/v8`: who may call what, and where it goes.

mod composite;
pub(crate) mod coql;
mod email;
mod fields;
mod history;
mod meetings;
mod notes;
mod order;
mod owner;
mod paging;
mod read;
mod related;
mod search;
mod settings;
mod tags;
mod users;
mod validate;
mod watch;
mod write;

use http::Method;

use crate::{
    accounts::{self, grants},
    reply::{Outcome, Refusal},
    request::Request,
    world::{Actor, Module, Through, World},
};
pub(crate) use notes::parent_of;
pub(crate) use validate::id_of;

/// Whose access token this is, and what it is good for.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub user: String,
    pub scopes: Vec<String>,
    pub admin: bool,
    pub token: String,
}

impl Caller {
    pub fn authenticate(world: &World, request: &Request) -> Result<Self, Refusal> {
        let header = request.header("authorization").ok_or_else(Refusal::authentication)?;
        let token = header.strip_prefix("Zoho-oauthtoken ").ok_or_else(Refusal::authentication)?.trim();
        let location = accounts::location_of(world, request);
        let access = world.accounts.access(token, world.now, &location).ok_or_else(Refusal::token)?;
        let grant = &access.grant;
        let user = world.user(&grant.user).filter(|user| user.usable()).ok_or_else(Refusal::token)?;
        let (user, admin) = (user.id.clone(), user.admin);
        Ok(Self { user, scopes: grant.scopes.clone(), admin, token: token.to_owned() })
    }

    pub fn needs(&self, scope: &str) -> Result<(), Refusal> {
        if grants(&self.scopes, scope) { Ok(()) } else { Err(Refusal::scope()) }
    }

    pub fn needs_module(&self, module: &str, operation: &str) -> Result<(), Refusal> {
        self.needs(&format!("ZohoCRM.modules.{}.{operation}", module.to_lowercase()))
    }

    pub fn needs_admin(&self) -> Result<(), Refusal> {
        if self.admin { Ok(()) } else { Err(Refusal::permission()) }
    }

    pub fn actor(&self, workflows: bool) -> Actor {
        Actor { user: self.user.clone(), through: Through::Api, workflows }
    }
}

/// Calls that count against the sub-concurrency limit of 10, and those that weigh more than one.
pub(crate) fn weight_of(request: &Request) -> (u64, bool) {
    let path = request.path.as_str();
    let items = || request.json().ok().and_then(|body| body["data"].as_array().map(Vec::len)).unwrap_or(0);
    let heavy = path.ends_with("/coql")
        || path.ends_with("/actions/send_mail")
        || path.ends_with("/actions/convert")
        || path.ends_with("/__composite_requests")
        || request.query("sort_by").is_some()
        || request.query("cvid").is_some()
        || (matches!(request.method, Method::POST | Method::PUT) && items() > 10);
    (if path.ends_with("/__composite_requests") { 5 } else { 1 }, heavy)
}

/// Answers a call whose caller is known.
pub(crate) fn dispatch(world: &mut World, caller: &Caller, request: &Request) -> Outcome {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    let ["crm", "v8", rest @ ..] = segments.as_slice() else { return Err(Refusal::url_pattern()) };
    match rest {
        [] => Err(Refusal::url_pattern()),
        ["users", tail @ ..] => users::users(world, caller, request, tail),
        ["org"] => users::org(world, caller, request),
        ["settings", "fields", tail @ ..] => fields::answer(world, caller, request, tail),
        ["settings", tail @ ..] => settings::answer(world, caller, request, tail),
        ["coql"] => coql::answer(world, caller, request),
        ["actions", "watch"] => watch::answer(world, caller, request),
        ["actions", "email_available"] => email::available(world, caller, request),
        ["__composite_requests"] => composite::answer(world, caller, request),
        ["Contacts", "roles"] => settings::contact_roles(world, caller, request),
        [module, tail @ ..] => in_module(world, caller, request, module, tail),
    }
}

fn in_module(world: &mut World, caller: &Caller, request: &Request, name: &str, tail: &[&str]) -> Outcome {
    let module: Module = world.module(name).ok_or_else(Refusal::module)?.clone();
    let (method, m) = (&request.method, &module);
    match (method.as_str(), tail) {
        ("GET", []) => read::list(world, caller, request, m),
        ("POST", []) => write::insert(world, caller, request, m),
        ("PUT", []) => write::update_many(world, caller, request, m),
        ("DELETE", []) => write::delete_many(world, caller, request, m),
        ("POST", ["upsert"]) => write::upsert(world, caller, request, m),
        ("GET", ["deleted"]) => read::deleted(world, caller, request, m),
        ("GET", ["search"]) => search::answer(world, caller, request, m),
        ("GET", ["actions", "count"]) => search::count(world, caller, request, m),
        ("POST", ["actions", "change_owner"]) => owner::change_many(world, caller, request, m),
        ("POST", ["actions", verb @ ("add_tags" | "remove_tags")]) => tags::many(world, caller, request, m, verb),
        ("GET", [id]) => read::get(world, caller, request, m, id),
        ("PUT", [id]) => write::update_one(world, caller, request, m, id),
        ("DELETE", [id]) => write::delete_one(world, caller, request, m, id),
        ("GET", [id, "__timeline"]) => history::timeline(world, caller, request, m, id),
        ("POST", [id, "actions", "change_owner"]) => owner::change_one(world, caller, request, m, id),
        ("POST", [id, "actions", verb @ ("add_tags" | "remove_tags")]) => {
            tags::one(world, caller, request, m, id, verb)
        }
        ("POST", [id, "actions", "associate_email"]) => email::associate(world, caller, request, m, id),
        ("POST", [id, "actions", "send_mail"]) => email::send(world, caller, request, m, id),
        ("GET", [id, "Emails"]) => email::list(world, caller, request, m, id),
        ("GET", [id, "Emails", message]) => email::get(world, caller, m, id, message),
        ("POST", [id, "Notes"]) => notes::insert_under(world, caller, request, m, id),
        ("GET", [id, "Notes"]) => notes::list_under(world, caller, request, m, id),
        (_, [id, list]) => related::list(world, caller, request, m, id, list),
        (_, [id, list, other]) => related::item(world, caller, request, m, (id, list, other)),
        (_, []) | (_, [_]) => Err(Refusal::method()),
        _ => Err(Refusal::url_pattern()),
    }
}

/// The record of a path, or the refusal a made-up id gets. An id that was once good is merely gone: 204.
pub(crate) fn existing<'w>(world: &'w World, module: &Module, id: &str) -> Result<&'w crate::world::Record, Absent> {
    let table = world.tables.get(&module.api_name).ok_or(Absent::Never)?;
    match table.records.get(id) {
        Some(record) if !record.converted => Ok(record),
        Some(_) => Err(Absent::Gone),
        None if table.deleted.iter().any(|deleted| deleted.id == id) => Err(Absent::Gone),
        None => Err(Absent::Never),
    }
}

/// Why there is no such record. Zoho's documents do not say whether a well-formed id that is not there is 204 or
/// 400, so here it is either: 204 when it was once a record, 400 when it never was.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    Gone,
    Never,
}

impl Absent {
    pub fn outcome(self) -> Outcome {
        match self {
            Absent::Gone => Ok(crate::reply::Answer::nothing()),
            Absent::Never => Err(Refusal::path_id(1)),
        }
    }
}
