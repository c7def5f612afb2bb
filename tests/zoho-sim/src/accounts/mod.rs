//! The accounts server: consent, codes, tokens, and the limits that bite.
//!
//! **Invariants:** a code is good once, for a minute, at the data centre it was issued for; a refresh token is never
//! rotated; what Zoho answers with HTTP 200 although it failed is answered so here.

mod consent;
mod scopes;
mod tokens;

use http::{Method, header};
use serde_json::{Value, json};

pub(crate) use scopes::{EVERYTHING, grants};
pub(crate) use tokens::{Accounts, Grant};

use crate::{
    reply::{Answer, Outcome, Refusal},
    request::Request,
    world::World,
};

/// Answers everything under `/oauth`.
pub(crate) fn answer(world: &mut World, request: &Request) -> Outcome {
    let path: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match (&request.method, path.as_slice()) {
        (&Method::GET, ["oauth", "v2", "auth"]) => Ok(consent::page(world, request)),
        (&Method::POST, ["oauth", "v2", "auth", "decision"]) => Ok(consent::decide(world, request)),
        (&Method::POST, ["oauth", "v2", "token"]) => Ok(token(world, request)),
        (&Method::POST, ["oauth", "v2", "token", "revoke"]) => Ok(revoke(world, request)),
        (&Method::GET, ["oauth", "serverinfo"]) => Ok(server_info(world)),
        _ => Err(Refusal::url_pattern()),
    }
}

/// The data centre this call was addressed to.
pub(crate) fn location_of(world: &World, request: &Request) -> String {
    world.places.by_host(request.header(header::HOST.as_str()).unwrap_or("")).to_owned()
}

/// Parameters by name; the first value counts.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }
}

fn token(world: &mut World, request: &Request) -> Answer {
    let parameters = Parameters(request.parameters());
    let location = location_of(world, request);
    if parameters.get("client_id") != world.accounts.client.id {
        return failed("invalid_client");
    }
    if parameters.get("client_secret") != world.accounts.client.secret {
        return failed("invalid_client_secret");
    }
    let now = world.now;
    let issued = match parameters.get("grant_type") {
        "authorization_code" => world.accounts.exchange(
            &mut world.rng,
            now,
            parameters.get("code"),
            parameters.get("redirect_uri"),
            &location,
        ),
        "refresh_token" => world.accounts.refresh(&mut world.rng, now, parameters.get("refresh_token"), &location),
        _ => return failed("general_error"),
    };
    match issued {
        Ok(issued) => {
            let mut body = json!({
                "access_token": issued.access, "scope": issued.scopes.join(" "),
                "api_domain": world.places.base_url(&location), "token_type": "Bearer",
                "expires_in": tokens::ACCESS_LIFE_SECS,
            });
            if let Some(refresh) = issued.refresh {
                body["refresh_token"] = Value::from(refresh);
            }
            Answer::json(200, body)
        }
        Err(tokens::Denied::Throttled) => throttled(),
        Err(tokens::Denied::Code) => failed("invalid_code"),
        Err(tokens::Denied::RedirectUri) => failed("invalid_redirect_uri"),
    }
}

/// Failures of the token endpoint are HTTP 200.
fn failed(error: &str) -> Answer {
    Answer::json(200, json!({"error": error}))
}

pub(crate) fn throttled() -> Answer {
    let text = "You have made too many requests continuously. Please try again after some time.";
    Answer::json(400, json!({"error_description": text, "error": "Access Denied", "status": "failure"}))
}

fn revoke(world: &mut World, request: &Request) -> Answer {
    let parameters = Parameters(request.parameters());
    if world.accounts.revoke(parameters.get("token")) {
        Answer::json(200, json!({"status": "success"}))
    } else {
        Answer::json(400, json!({"status": "failure"}))
    }
}

fn server_info(world: &World) -> Answer {
    let locations: serde_json::Map<String, Value> =
        world.places.all.iter().map(|(name, base)| (name.clone(), Value::from(base.as_str()))).collect();
    Answer::json(200, json!({"result": "success", "locations": locations}))
}
