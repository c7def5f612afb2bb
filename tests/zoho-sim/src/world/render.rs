//! How stored values look in REST answers.

use serde_json::{Map, Value, json};

use super::{DataType, Field, Module, Record, World};
use crate::times;

/// In lists, Zoho cuts rich text to this many characters.
const RICH_TEXT_IN_LISTS: usize = 500;

impl World {
    /// The whole record, as `GET /{module}/{id}` shows it.
    pub fn whole_record(&self, module: &Module, record: &Record) -> Value {
        let mut shown = Map::new();
        for field in &module.fields {
            shown.insert(field.api_name.clone(), self.shown(module, field, record));
        }
        shown.insert("id".into(), Value::from(record.id.as_str()));
        shown.insert("$editable".into(), json!(true));
        if module.api_name != "Notes" {
            shown.insert("$approval_state".into(), json!("approved"));
            shown.insert("$in_merge".into(), json!(false));
        }
        Value::Object(shown)
    }

    /// The asked-for fields and the id, as lists show them. Names that do not exist are left out without a word.
    pub fn listed_record(&self, module: &Module, record: &Record, fields: &[String]) -> Value {
        let mut shown = Map::new();
        for field in fields.iter().filter_map(|name| module.field(name)) {
            let mut value = self.shown(module, field, record);
            if let (Some("rich_text"), Value::String(text)) = (field.textarea.as_deref(), &value) {
                value = text.chars().take(RICH_TEXT_IN_LISTS).collect::<String>().into();
            }
            shown.insert(field.api_name.clone(), value);
        }
        shown.insert("id".into(), Value::from(record.id.as_str()));
        Value::Object(shown)
    }

    fn shown(&self, module: &Module, field: &Field, record: &Record) -> Value {
        let stored = record.get(&field.api_name);
        match (field.kind, &stored) {
            (_, Value::Null) => Value::Null,
            (DataType::Owner, Value::String(id)) => self.owner_ref(id),
            (DataType::Lookup, Value::String(id)) => self.lookup_ref(field, record, id),
            (DataType::Datetime, Value::String(text)) => self.in_org_zone(text),
            _ if field.api_name == "Tag" => record.tags.iter().map(|name| self.tag(name)).collect(),
            _ if field.api_name == "Parent_Id" && module.api_name == "Notes" => self.parent_ref(&stored),
            _ => stored,
        }
    }

    fn in_org_zone(&self, text: &str) -> Value {
        times::parse(text).map_or_else(|| Value::from(text), |at| Value::from(self.time(at)))
    }

    fn lookup_ref(&self, field: &Field, record: &Record, id: &str) -> Value {
        let target = match field.target.as_deref() {
            Some("") | None => record.text("$se_module"),
            Some(module) => module.to_owned(),
        };
        json!({"name": self.record_name(&target, id), "id": id})
    }

    fn parent_ref(&self, stored: &Value) -> Value {
        let (module, id) = (stored["module"].as_str().unwrap_or_default(), stored["id"].as_str().unwrap_or_default());
        let reference = self.module(module).map_or(Value::Null, Module::reference);
        json!({"module": reference, "name": self.record_name(module, id), "id": id})
    }

    pub fn tag(&self, name: &str) -> Value {
        json!({"name": name, "id": self.tags.get(name), "color_code": null})
    }

    /// The `details` of a successful write.
    pub fn write_details(&self, record: &Record, with_approval: bool) -> Value {
        let mut details = json!({
            "Modified_Time": self.time(record.modified), "Modified_By": self.user_ref(&record.modified_by),
            "Created_Time": self.time(record.created), "id": record.id, "Created_By": self.user_ref(&record.created_by),
        });
        if with_approval {
            details["$approval_state"] = json!("approved");
        }
        details
    }
}
