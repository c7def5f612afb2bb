//! The page on which a person lets a client in.

use url::{Host, Url, form_urlencoded};

use super::{
    Parameters,
    scopes::exists,
    tokens::{Asked, Grant},
};
use crate::{reply::Answer, request::Request, world::World};

/// The parameters the page carries over to the decision.
const CARRIED: [&str; 7] = ["client_id", "redirect_uri", "scope", "response_type", "access_type", "prompt", "state"];

/// `GET /oauth/v2/auth`
pub(super) fn page(world: &World, request: &Request) -> Answer {
    let asked = Parameters(request.query.clone());
    if let Err(problem) = check(world, &asked) {
        return error_page(problem);
    }
    let hidden =
        CARRIED.map(|name| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(asked.get(name))));
    let first = world.first_admin().map(|user| user.id.clone()).unwrap_or_default();
    let option = |user: &crate::world::User| {
        let selected = if user.id == first { " selected" } else { "" };
        let role = if user.admin { ", administrator" } else { "" };
        let (id, name, email) = (&user.id, escape(&user.full_name()), escape(&user.email));
        format!("<option value=\"{id}\"{selected}>{name} ({email}{role})</option>")
    };
    let users: String = world.users.iter().filter(|user| user.usable()).map(option).collect();
    let scopes: String = scopes_of(&asked).iter().map(|scope| format!("<li>{}</li>", escape(scope))).collect();
    let (client, hidden) = (escape(asked.get("client_id")), hidden.concat());
    Answer::html(
        200,
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Zoho Accounts (simulated)</title>\
             </head><body><h1>Zoho Accounts (simulated)</h1><p>{client} would like to access:</p><ul>{scopes}</ul>\
             <form method=\"post\" action=\"/oauth/v2/auth/decision\">{hidden}\
             <p><label>Signed in as <select name=\"user\">{users}</select></label></p>\
             <p><button type=\"submit\" name=\"decision\" value=\"accept\">Accept</button> \
             <button type=\"submit\" name=\"decision\" value=\"reject\">Reject</button></p></form></body></html>"
        ),
    )
}

/// `POST /oauth/v2/auth/decision`, from the page's form.
pub(super) fn decide(world: &mut World, request: &Request) -> Answer {
    let asked = Parameters(request.parameters());
    if let Err(problem) = check(world, &asked) {
        return error_page(problem);
    }
    let uri = asked.get("redirect_uri");
    if asked.get("decision") != "accept" {
        return Answer::redirect(with_query(uri, &[("error", "access_denied"), ("state", asked.get("state"))]));
    }
    let chosen = asked.get("user");
    let user = if chosen.is_empty() { world.first_admin() } else { world.find_user(chosen) };
    let Some(user) = user.filter(|user| user.usable()) else { return error_page("unknown or inactive user") };
    let grant = Grant { user: user.id.clone(), scopes: scopes_of(&asked), location: user.location.clone() };
    let location = grant.location.clone();
    let ask = Asked {
        offline: asked.get("access_type") == "offline",
        prompt_consent: asked.get("prompt").split([' ', ',']).any(|word| word == "consent"),
    };
    let code = world.accounts.consent(&mut world.rng, world.now, grant, uri, ask);
    let server = world.places.base_url(&location);
    let answer = [("state", asked.get("state")), ("code", &code), ("location", &location), ("accounts-server", server)];
    Answer::redirect(with_query(uri, &answer))
}

/// Any other mistake ends on Zoho's own page: a client that cannot be trusted is not redirected to.
fn check(world: &World, asked: &Parameters) -> Result<(), &'static str> {
    if asked.get("client_id") != world.accounts.client.id {
        return Err("Invalid Client ID");
    }
    let uri = asked.get("redirect_uri");
    if !redirect_allowed(uri, &world.accounts.client.redirect_uris) {
        return Err("Invalid Redirect Uri");
    }
    if asked.get("response_type") != "code" {
        return Err("Invalid Response Type");
    }
    let scopes = scopes_of(asked);
    if scopes.is_empty() || !scopes.iter().all(|scope| exists(scope)) {
        return Err("Invalid OAuth Scope");
    }
    if !matches!(asked.get("access_type"), "" | "online" | "offline") {
        return Err("Invalid Access Type");
    }
    Ok(())
}

/// Registered, or something only a developer or a deployed client has: a loopback address, https.
fn redirect_allowed(uri: &str, registered: &[String]) -> bool {
    if registered.iter().any(|known| known == uri) {
        return true;
    }
    let Ok(url) = Url::parse(uri) else { return false };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    (url.scheme() == "https" && url.has_host()) || (url.scheme() == "http" && loopback)
}

fn scopes_of(asked: &Parameters) -> Vec<String> {
    asked.get("scope").split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

fn with_query(uri: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    let separator = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{separator}{}", query.finish())
}

fn error_page(problem: &str) -> Answer {
    let problem = escape(problem);
    Answer::html(400, format!("<!doctype html><html><body><h1>An error occurred</h1><p>{problem}</p></body></html>"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
