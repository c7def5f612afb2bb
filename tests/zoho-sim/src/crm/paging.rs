//! Pages of lists: numbers reach the first 2,000 records, tokens 100,000.

use serde_json::{Value, json};

use super::Caller;
use crate::{
    reply::Refusal,
    request::Request,
    times,
    world::{Cursor, World},
};

const PER_PAGE: usize = 200;
const BY_NUMBER: usize = 2_000;
const BY_TOKEN: usize = 100_000;
const TOKEN_LIFE_SECS: i64 = 24 * 60 * 60;

/// Cuts the asked-for page out of a list. The second value is `info`.
pub(super) fn page<T>(
    world: &mut World,
    caller: &Caller,
    request: &Request,
    all: Vec<T>,
) -> Result<(Vec<T>, Value), Refusal> {
    let per_page = number(request, "per_page", PER_PAGE)?;
    if per_page > PER_PAGE {
        return Err(Refusal::parameter("per_page"));
    }
    let (offset, page) = match request.query("page_token") {
        Some(_) if request.query("page").is_some() => {
            let details = json!({"ambiguity_due_to": [{"param_name": "page"}, {"param_name": "page_token"}]});
            return Err(Refusal::bad("AMBIGUITY_DURING_PROCESSING", "ambiguity while processing", details));
        }
        Some(token) => resume(world, caller, request, token)?,
        None => {
            let page = number(request, "page", 1)?;
            let offset = page.saturating_sub(1).saturating_mul(per_page);
            if offset.saturating_add(per_page) > BY_NUMBER {
                let message = "use page_token to fetch records beyond the first 2000";
                return Err(Refusal::bad("DISCRETE_PAGINATION_LIMIT_EXCEEDED", message, json!({"limit": BY_NUMBER})));
            }
            (offset, page)
        }
    };
    if offset.saturating_add(per_page) > BY_TOKEN {
        let message = "the records fetched exceed the limit";
        return Err(Refusal::bad("PAGINATION_LIMIT_EXCEEDED", message, json!({"limit": BY_TOKEN})));
    }
    let more = all.len() > offset.saturating_add(per_page);
    let items: Vec<T> = all.into_iter().skip(offset).take(per_page).collect();
    let (next, expiry) = if more {
        let expires = times::plus_secs(world.now, TOKEN_LIFE_SECS);
        let token = world.rng.hex();
        let bound_to = bound_to(request);
        let cursor = Cursor { user: caller.user.clone(), bound_to, offset: offset + per_page, page: page + 1, expires };
        world.cursors.retain(|_, cursor| cursor.expires > world.now);
        world.cursors.insert(token.clone(), cursor);
        (json!(token), json!(world.time(expires)))
    } else {
        (Value::Null, Value::Null)
    };
    let info = json!({
        "per_page": per_page, "count": items.len(), "page": page, "more_records": more, "next_page_token": next,
        "previous_page_token": null, "page_token_expiry": expiry,
    });
    Ok((items, info))
}

/// `info` of lists that know no page tokens.
pub(super) fn without_tokens(info: &Value) -> Value {
    json!({
        "per_page": info["per_page"], "count": info["count"], "page": info["page"],
        "more_records": info["more_records"],
    })
}

fn resume(world: &World, caller: &Caller, request: &Request, token: &str) -> Result<(usize, usize), Refusal> {
    let cursor = world.cursors.get(token).ok_or_else(|| Refusal::parameter("page_token"))?;
    if cursor.expires <= world.now {
        let details = json!({"param_name": "page_token"});
        return Err(Refusal::bad("EXPIRED_VALUE", "the page_token is expired", details));
    }
    if cursor.user != caller.user || cursor.bound_to != bound_to(request) {
        let details = json!({"param_name": "page_token"});
        return Err(Refusal::bad("TOKEN_BOUND_DATA_MISMATCH", "the page_token was given for another request", details));
    }
    Ok((cursor.offset, cursor.page))
}

/// Everything but the position: path and the other parameters.
fn bound_to(request: &Request) -> String {
    let mut rest: Vec<String> = request
        .query
        .iter()
        .filter(|(key, _)| key != "page" && key != "page_token")
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    rest.sort();
    format!("{}?{}", request.path, rest.join("&"))
}

pub(super) fn number(request: &Request, name: &str, default: usize) -> Result<usize, Refusal> {
    match request.query(name) {
        None => Ok(default),
        Some(text) => text.parse().ok().filter(|n| *n > 0).ok_or_else(|| Refusal::parameter(name)),
    }
}
