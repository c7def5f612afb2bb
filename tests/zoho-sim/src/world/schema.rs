//! Modules and their fields: what exists, what is mandatory, how long, of which type.
//!
//! **Absent:** layouts other than Standard, subforms, formulas, roll-ups.

use serde_json::{Value, json};

/// Field types by what the simulator does with them; several wire names share one behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataType {
    Text,
    Textarea,
    Email,
    Phone,
    Website,
    Integer,
    Bigint,
    Double,
    Currency,
    Percent,
    Boolean,
    Date,
    Datetime,
    Picklist,
    MultiPicklist,
    Lookup,
    Owner,
    /// Anything JSON; stored and returned as it came.
    Free,
}

impl DataType {
    const NAMES: [(DataType, &'static str, &'static str); 18] = [
        (DataType::Text, "text", "string"),
        (DataType::Textarea, "textarea", "string"),
        (DataType::Email, "email", "string"),
        (DataType::Phone, "phone", "string"),
        (DataType::Website, "website", "string"),
        (DataType::Integer, "integer", "integer"),
        (DataType::Bigint, "bigint", "string"),
        (DataType::Double, "double", "double"),
        (DataType::Currency, "currency", "double"),
        (DataType::Percent, "percent", "integer"),
        (DataType::Boolean, "boolean", "boolean"),
        (DataType::Date, "date", "string"),
        (DataType::Datetime, "datetime", "string"),
        (DataType::Picklist, "picklist", "string"),
        (DataType::MultiPicklist, "multiselectpicklist", "jsonarray"),
        (DataType::Lookup, "lookup", "jsonobject"),
        (DataType::Owner, "ownerlookup", "jsonobject"),
        (DataType::Free, "jsonarray", "jsonarray"),
    ];

    pub fn wire(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, ..)| *kind == self).map_or("text", |(_, wire, _)| wire)
    }
    pub fn json_type(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, ..)| *kind == self).map_or("string", |(.., json)| json)
    }
    /// The types that `POST /settings/fields` can create.
    pub fn creatable(wire: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(_, name, _)| *name == wire)?.0;
        if matches!(found, DataType::Owner | DataType::Free) { None } else { Some(found) }
    }
    /// The length limit Zoho gives each type, and the most one may ask for.
    pub fn max_length(self) -> Option<usize> {
        match self {
            DataType::Text => Some(255),
            DataType::Textarea => Some(2000),
            DataType::Email => Some(100),
            DataType::Phone => Some(30),
            DataType::Website => Some(450),
            DataType::Integer | DataType::Percent => Some(9),
            DataType::Bigint => Some(18),
            DataType::Picklist => Some(120),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct PickValue {
    pub id: String,
    pub display: String,
    pub actual: String,
    /// Offered for new values; one that is not survives on records that have it.
    pub used: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub id: String,
    pub api_name: String,
    pub label: String,
    pub kind: DataType,
    pub length: Option<usize>,
    pub mandatory: bool,
    pub unique: bool,
    pub custom: bool,
    /// Written by Zoho only; a write by API is ignored.
    pub system: bool,
    pub picks: Vec<PickValue>,
    pub target: Option<String>,
    /// `small`, `large` or `rich_text`, for text areas.
    pub textarea: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Module {
    pub id: String,
    pub api_name: String,
    pub singular: &'static str,
    pub plural: &'static str,
    /// The field a record is called by.
    pub name_field: &'static str,
    /// The field by which upsert finds duplicates when the call names none.
    pub duplicate_field: Option<&'static str>,
    pub layout_id: String,
    pub fields: Vec<Field>,
}

impl Module {
    pub fn field(&self, api_name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.api_name == api_name)
    }
    pub fn watchable(&self) -> bool {
        self.api_name != "Notes"
    }
    /// The part of a scope that names this module: `leads`.
    pub fn scope(&self) -> String {
        self.api_name.to_lowercase()
    }
    /// `{api_name, id}` as it appears inside other answers.
    pub fn reference(&self) -> Value {
        json!({"api_name": self.api_name, "id": self.id})
    }
}

/// The api_name Zoho gives a new field: the label with underscores, suffixed while taken. Clients must not rely on it.
pub(crate) fn api_name_for(label: &str, taken: impl Fn(&str) -> bool) -> String {
    let words: String = label.trim().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let base = if words.starts_with(|c: char| c.is_ascii_alphabetic()) { words } else { format!("Field_{words}") };
    if !taken(&base) {
        return base;
    }
    (1..).map(|n| format!("{base}{n}")).find(|name| !taken(name)).unwrap_or(base)
}
