//! The description of the API, as OpenAPI 3.1 has it, made from the table that serves.

use serde_json::{Map, Value, json};

use super::routes::{Field, ROUTES, Route, Takes};
use super::{LONGEST_ID, MOST_IDS};

fn schema(takes: Takes) -> Value {
    match takes {
        Takes::Text(most) => json!({ "type": "string", "maxLength": most }),
        Takes::OneOf(values) => json!({ "type": "string", "enum": values }),
        Takes::Texts => {
            json!({ "type": "array", "items": { "type": "string", "maxLength": LONGEST_ID }, "maxItems": MOST_IDS })
        }
    }
}

fn parameters(route: &Route) -> Vec<Value> {
    let mut parameters: Vec<Value> = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } }))
        .collect();
    let query = |field: &Field| json!({ "name": field.name, "in": "query", "required": field.required, "description": field.says, "schema": schema(field.takes) });
    parameters.extend(route.query.iter().map(query));
    parameters
}

fn body(fields: &[Field]) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = schema(field.takes);
        schema["description"] = json!(field.says);
        properties.insert(field.name.to_owned(), schema);
    }
    let required: Vec<_> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let schema =
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    json!({ "required": true, "content": { "application/json": { "schema": schema } } })
}

fn operation(route: &Route) -> Value {
    let refused = |words: &str| json!({ "description": words, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Refusal" } } } });
    let answer = json!({ "schema": { "$ref": format!("#/components/schemas/{}", route.answers) } });
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.says,
        "description": format!("Needs a token with the scope `{}`.", route.scope.name()),
        "security": [{ "token": [] }],
        "responses": {
            "200": { "description": "As asked.", "content": { "application/json": answer } },
            "400": refused("The request is not as described here."),
            "401": refused("There is no token, or it was revoked."),
            "403": refused("The token lacks the scope."),
            "404": refused("There is no such thing."),
            "409": refused("The rules do not allow it, or somebody else was faster; the message says which."),
            "413": refused("The body is too large."),
            "503": refused("It failed here; try again in a minute."),
        },
    });
    let parameters = parameters(route);
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    if !route.body.is_empty() {
        operation["requestBody"] = body(route.body);
    }
    operation
}

/// The description; `address` is where the API is served.
pub(super) fn description(address: &str) -> Value {
    let mut paths = Map::new();
    for route in &ROUTES {
        let path = paths.entry(format!("/{}", route.path)).or_insert_with(|| json!({}));
        path[route.method.to_ascii_lowercase()] = operation(route);
    }
    let list_of = |name: &str| json!({ "type": "object", "required": [name], "properties": { name: { "type": "array", "items": { "type": "object" } } } });
    let page_of = |name: &str| {
        json!({
            "type": "object", "required": [name, "next"],
            "properties": { name: { "type": "array", "items": { "type": "object" } }, "next": { "type": ["string", "null"] } },
        })
    };
    let object = |required: &[&str]| json!({ "type": "object", "required": required });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Sales assistant",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What people see and do in the console, for programs. Times are RFC 3339.",
        },
        "servers": [{ "url": address }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": {
                "LeadPage": page_of("leads"),
                "LeadStory": object(&["lead", "story", "mails", "why"]),
                "Today": object(&["coming", "to_act_on", "at_risk", "held", "days"]),
                "Connection": object(&["org", "name", "health", "credits"]),
                "Assistants": list_of("assistants"),
                "Assistant": object(&["id", "status"]),
                "Schedules": list_of("schedules"),
                "Failures": page_of("failures"),
                "Retried": object(&["due", "refused"]),
                "History": list_of("history"),
                "Audits": list_of("audits"),
                "Done": { "type": "object", "required": ["done"], "properties": { "done": { "const": true } } },
                "Refusal": {
                    "type": "object", "required": ["error"],
                    "properties": { "error": {
                        "type": "object", "required": ["code", "message", "request_id"],
                        "properties": { "code": { "type": "string" }, "message": { "type": "string" }, "request_id": { "type": "string" } },
                    } },
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described_once_and_answers_what_is_described() {
        let description = description("https://sales.example.com/console/api");
        let described: usize =
            description["paths"].as_object().unwrap().values().map(|it| it.as_object().unwrap().len()).sum();
        assert_eq!(described, ROUTES.len(), "two routes share a method and a path");
        for route in &ROUTES {
            assert!(description["components"]["schemas"][route.answers].is_object(), "{}", route.name);
        }
    }
}
