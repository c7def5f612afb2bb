//! The custom fields of a module.

use app::ports::{CrmError, CrmField, NewField};
use domain::Module;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::unreadable;
use crate::http::Line;
use crate::request::{Kind, Request};

/// The choice of choosing nothing, which Zoho adds to every picklist.
const NONE: &str = "-None-";

#[derive(Deserialize)]
struct WireField {
    id: String,
    api_name: String,
    field_label: Option<String>,
    pick_list_values: Option<Vec<Choice>>,
}

#[derive(Deserialize)]
struct Choice {
    id: Option<String>,
    display_value: Option<String>,
    actual_value: String,
    #[serde(rename = "type")]
    used: Option<String>,
}

impl Choice {
    fn is_offered(&self) -> bool {
        self.actual_value != NONE && self.used.as_deref() != Some("unused")
    }
}

/// All fields of `module`.
pub(crate) async fn read(line: &mut Line<'_>, module: Module) -> Result<Vec<CrmField>, CrmError> {
    let request = Request::get("fields", ["settings", "fields"]).query("module", module);
    let fields = line.list::<WireField>(&request, "fields").await?.items;
    let crm_field = |field: WireField| {
        let choices = field.pick_list_values.unwrap_or_default();
        CrmField {
            label: field.field_label.unwrap_or_else(|| field.api_name.clone()),
            values: choices.into_iter().filter(Choice::is_offered).map(|choice| choice.actual_value).collect(),
            api_name: field.api_name,
            id: field.id,
        }
    };
    Ok(fields.into_iter().map(crm_field).collect())
}

/// Makes `fields`. A label that is taken counts as made: so says Zoho when an earlier try, whose answer was lost, made it.
pub(crate) async fn create(line: &mut Line<'_>, module: Module, fields: &[NewField]) -> Result<(), CrmError> {
    let items: Vec<_> = fields
        .iter()
        .map(|NewField { label, values }| match values {
            None => {
                json!({"field_label": label, "data_type": "textarea", "length": 32_000, "textarea": {"type": "large"}})
            }
            Some(values) => {
                let choices: Vec<_> = values.iter().map(|value| choice(value)).collect();
                json!({"field_label": label, "data_type": "picklist", "pick_list_values": choices})
            }
        })
        .collect();
    let body = json!({ "fields": items });
    let request =
        Request::send(Method::POST, Kind::Idempotent, "fields", ["settings", "fields"], body).query("module", module);
    for result in line.send(&request).await?.results("fields", fields.len()) {
        match result {
            Err(refusal) if refusal.code == "DUPLICATE_DATA" => {}
            result => drop(result.map_err(|refusal| refusal.into_error(Kind::Idempotent))?),
        }
    }
    Ok(())
}

/// Makes `values` the choices of the picklist. Whether Zoho replaces the list by what is sent or merges the two is not
/// documented, so every choice is named. One that goes becomes unused, which records that have it survive: Zoho's page on
/// global picklists (read 2026-11-21) lets one call delete only a single choice, and none that is in use.
pub(crate) async fn set_values(
    line: &mut Line<'_>,
    module: Module,
    field: &CrmField,
    values: &[String],
) -> Result<(), CrmError> {
    let path = ["settings", "fields", field.id.as_str()];
    let request = Request::get("fields", path).query("module", module);
    let known = line.list::<WireField>(&request, "fields").await?.items.pop().ok_or_else(|| unreadable("a field"))?;
    let choices = choices(&known.pick_list_values.unwrap_or_default(), values);
    let body = json!({"fields": [{"id": field.id, "pick_list_values": choices}]});
    let request = Request::send(Method::PATCH, Kind::Idempotent, "fields", path, body).query("module", module);
    let result = line.send(&request).await?.result("fields");
    result.map(drop).map_err(|refusal| refusal.into_error(Kind::Idempotent))
}

fn choices(known: &[Choice], wanted: &[String]) -> Vec<Value> {
    let is_wanted = |choice: &Choice| choice.actual_value == NONE || wanted.contains(&choice.actual_value);
    let named = known.iter().filter(|choice| is_wanted(choice) || choice.is_offered()).map(|choice| {
        let display = choice.display_value.as_ref().unwrap_or(&choice.actual_value);
        let used = if is_wanted(choice) { "used" } else { "unused" };
        json!({"id": choice.id, "display_value": display, "actual_value": choice.actual_value, "type": used})
    });
    let new = wanted.iter().filter(|value| known.iter().all(|choice| choice.actual_value != **value));
    named.chain(new.map(|value| choice(value))).collect()
}

fn choice(value: &str) -> Value {
    json!({"display_value": value, "actual_value": value})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_named() {
        let known: Vec<Choice> = serde_json::from_value(json!([
            {"id": "1", "actual_value": "-None-", "display_value": "-None-"},
            {"id": "2", "actual_value": "Old", "display_value": "Old"},
            {"id": "3", "actual_value": "Both", "display_value": "Beide", "type": "unused"},
            {"id": "4", "actual_value": "Gone", "display_value": "Gone", "type": "unused"}
        ]))
        .unwrap();
        let expect = json!([
            {"id": "1", "display_value": "-None-", "actual_value": "-None-", "type": "used"},
            {"id": "2", "display_value": "Old", "actual_value": "Old", "type": "unused"},
            {"id": "3", "display_value": "Beide", "actual_value": "Both", "type": "used"},
            {"display_value": "New", "actual_value": "New"}
        ]);
        assert_eq!(json!(choices(&known, &["New".to_owned(), "Both".to_owned()])), expect);
    }
}
