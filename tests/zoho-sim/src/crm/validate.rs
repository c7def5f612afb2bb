//! What Zoho accepts into a field, and what it says when it does not.

use serde_json::{Map, Value};

use super::meetings;
use crate::{
    reply::Refusal,
    times,
    world::{DataType, Field, Module, World},
};

/// How much of a record must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Completeness {
    Whole,
    Part,
}

pub(super) const TAG_NAME: usize = 25;

/// One item of `data[]`, as it would be stored. Names Zoho does not know, and fields only Zoho writes, are dropped
/// without a word.
pub(super) fn item(
    world: &mut World,
    module: &Module,
    item: &Value,
    path: &str,
    completeness: Completeness,
) -> Result<Map<String, Value>, Refusal> {
    let given = item.as_object().ok_or_else(|| Refusal::invalid("data", "jsonobject", path.to_owned()))?;
    let mut stored = Map::new();
    for field in module.fields.iter().filter(|field| !field.system) {
        let at = || format!("{path}.{}", field.api_name);
        let value = given.get(&field.api_name).filter(|v| !v.is_null() && v.as_str() != Some(""));
        match value {
            Some(value) => {
                let value = stored_value(world, module, field, value, given, &at())?;
                stored.insert(field.api_name.clone(), value);
            }
            None if field.mandatory && (completeness == Completeness::Whole || given.contains_key(&field.api_name)) => {
                return Err(Refusal::missing(&field.api_name, at()));
            }
            None if given.contains_key(&field.api_name) && field.kind != DataType::Owner => {
                stored.insert(field.api_name.clone(), Value::Null);
            }
            None => {}
        }
    }
    if module.api_name == "Events" {
        meetings::complete(world, &mut stored, path)?;
    }
    Ok(stored)
}

fn stored_value(
    world: &mut World,
    module: &Module,
    field: &Field,
    value: &Value,
    whole: &Map<String, Value>,
    path: &str,
) -> Result<Value, Refusal> {
    let name = field.api_name.as_str();
    let wrong = || Refusal::invalid(name, field.kind.wire(), path.to_owned());
    let text = || value.as_str().ok_or_else(wrong);
    match field.kind {
        DataType::Text | DataType::Textarea | DataType::Phone | DataType::Website | DataType::Picklist => {
            short_enough(text()?, field, path)?;
        }
        DataType::Email => {
            let address = text()?;
            short_enough(address, field, path)?;
            if !looks_like_email(address) {
                return Err(wrong());
            }
        }
        DataType::Integer | DataType::Percent => {
            let number = value.as_i64().ok_or_else(wrong)?;
            short_enough(&number.unsigned_abs().to_string(), field, path)?;
        }
        DataType::Bigint => {
            let digits = value.as_str().map(str::to_owned).unwrap_or_else(|| value.to_string());
            let number: i64 = digits.parse().map_err(|_| wrong())?;
            short_enough(&number.unsigned_abs().to_string(), field, path)?;
            return Ok(Value::from(digits));
        }
        DataType::Double | DataType::Currency => drop(value.as_f64().ok_or_else(wrong)?),
        DataType::Boolean => drop(value.as_bool().ok_or_else(wrong)?),
        DataType::Date => drop(times::parse_date(text()?).ok_or_else(wrong)?),
        DataType::Datetime => drop(times::parse(text()?).ok_or_else(wrong)?),
        DataType::MultiPicklist => {
            let list = value.as_array().ok_or_else(wrong)?;
            if !list.iter().all(Value::is_string) {
                return Err(wrong());
            }
        }
        DataType::Owner => {
            let id = id_of(value).ok_or_else(wrong)?;
            let active = world.user(&id).is_some_and(|user| user.active && !user.deleted);
            return if active { Ok(Value::from(id)) } else { Err(wrong()) };
        }
        DataType::Lookup => {
            let id = id_of(value).ok_or_else(wrong)?;
            lookup_exists(world, field, whole, &id, path)?;
            return Ok(Value::from(id));
        }
        DataType::Free if name == "Tag" => return tag_names(world, value, path),
        DataType::Free if name == "Parent_Id" && module.api_name == "Notes" => {
            return super::notes::parent(world, value, path);
        }
        DataType::Free => {}
    }
    Ok(value.clone())
}

fn short_enough(text: &str, field: &Field, path: &str) -> Result<(), Refusal> {
    match field.length {
        Some(most) if text.chars().count() > most => Err(Refusal::too_long(&field.api_name, most, path.to_owned())),
        _ => Ok(()),
    }
}

fn lookup_exists(
    world: &World,
    field: &Field,
    whole: &Map<String, Value>,
    id: &str,
    path: &str,
) -> Result<(), Refusal> {
    let target = match field.target.as_deref() {
        // A polymorphic lookup says by `$se_module` where it points.
        Some("") | None => whole.get("$se_module").and_then(Value::as_str).ok_or_else(|| {
            let details = serde_json::json!({"api_name": "$se_module", "json_path": path});
            Refusal::bad("DEPENDENT_FIELD_MISSING", "Dependent Fields missing", details)
        })?,
        Some(module) => module,
    };
    if world.record(target, id).is_some() {
        return Ok(());
    }
    let details = serde_json::json!({"api_name": field.api_name, "json_path": path});
    Err(Refusal::bad("INVALID_DATA", "the id given seems to be invalid", details))
}

fn tag_names(world: &mut World, value: &Value, path: &str) -> Result<Value, Refusal> {
    let wrong = || Refusal::invalid("Tag", "jsonarray", path.to_owned());
    let mut names: Vec<Value> = Vec::new();
    for tag in value.as_array().ok_or_else(wrong)? {
        let name = tag_name(world, tag).ok_or_else(wrong)?;
        if name.chars().count() > TAG_NAME {
            return Err(Refusal::too_long("name", TAG_NAME, path.to_owned()));
        }
        world.tag_id(&name);
        if !names.contains(&Value::from(name.as_str())) {
            names.push(Value::from(name));
        }
    }
    Ok(Value::Array(names))
}

/// A tag is named by id (which wins) or by name.
pub(super) fn tag_name(world: &World, tag: &Value) -> Option<String> {
    let by_id = tag.get("id").and_then(id_of).and_then(|id| world.tag_name(&id));
    by_id.or_else(|| tag["name"].as_str().filter(|name| !name.is_empty()).map(str::to_owned))
}

/// An id as clients write it: `"554…"`, `554…`, or `{"id": …}`.
pub(crate) fn id_of(value: &Value) -> Option<String> {
    let digits = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_u64()?.to_string(),
        Value::Object(object) => return object.get("id").filter(|id| !id.is_object()).and_then(id_of),
        _ => return None,
    };
    let numeric = !digits.is_empty() && digits.len() <= 19 && digits.bytes().all(|b| b.is_ascii_digit());
    numeric.then_some(digits)
}

fn looks_like_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let clean = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "@,;<>()\"".contains(c));
    let labels = domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    clean(local) && clean(domain) && domain.contains('.') && labels
}
