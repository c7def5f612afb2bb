//! From a query to rows.

use std::{cmp::Ordering, collections::BTreeSet};

use serde_json::{Map, Value};

use super::{
    super::order::{order, ordered, text_of},
    NO_COLUMN, NO_TYPE, NO_VALUE, bare, invalid,
    parse::{Condition, Query, Test},
};
use crate::{
    reply::Refusal,
    times,
    world::{DataType, Module, Record, World},
};

const DEEPEST_JOIN: usize = 3;

/// A column found in the schema: the lookups to follow, then a field.
#[derive(Debug)]
struct Column {
    /// As written; the key in the answer.
    name: String,
    /// Field and module of each join.
    joins: Vec<(String, String)>,
    field: String,
    kind: DataType,
}

/// A query whose names and values have been checked against the schema.
#[derive(Debug)]
pub(super) struct Plan<'q> {
    query: &'q Query,
    columns: Vec<Column>,
    condition: Checked<'q>,
    order: Vec<(Column, bool)>,
}

#[derive(Debug)]
enum Checked<'q> {
    Both(Box<Checked<'q>>, Box<Checked<'q>>),
    Either(Box<Checked<'q>>, Box<Checked<'q>>),
    Test(Column, &'q Test),
}

impl<'q> Plan<'q> {
    pub fn new(world: &World, query: &'q Query) -> Result<Self, Refusal> {
        let module = world.module(&query.module).ok_or_else(|| invalid(&query.module, "the module is invalid"))?;
        let mut seen = BTreeSet::new();
        for column in &query.columns {
            if !seen.insert(column) {
                let details = serde_json::json!({"column_name": column});
                return Err(Refusal::bad("DUPLICATE_DATA", "duplicate column", details));
            }
        }
        let column = |name: &String| Column::find(world, module, name);
        Ok(Self {
            query,
            columns: query.columns.iter().map(column).collect::<Result<_, _>>()?,
            condition: check(world, module, &query.condition)?,
            order: query.order.iter().map(|(name, desc)| Ok((column(name)?, *desc))).collect::<Result<_, Refusal>>()?,
        })
    }

    /// Every module that is read, joins included.
    pub fn modules(&self) -> BTreeSet<&str> {
        fn walk<'a>(checked: &'a Checked<'_>, found: &mut Vec<&'a Column>) {
            match checked {
                Checked::Both(left, right) | Checked::Either(left, right) => {
                    walk(left, found);
                    walk(right, found);
                }
                Checked::Test(column, _) => found.push(column),
            }
        }
        let mut columns: Vec<&Column> =
            self.columns.iter().chain(self.order.iter().map(|(column, _)| column)).collect();
        walk(&self.condition, &mut columns);
        let joined = columns.into_iter().flat_map(|column| column.joins.iter().map(|(_, module)| module.as_str()));
        let mut modules: BTreeSet<&str> = joined.filter(|module| *module != USERS).collect();
        modules.insert(self.query.module.as_str());
        modules
    }

    /// The rows of the asked-for window, and whether there are more.
    pub fn run(&self, world: &World) -> (Vec<Value>, bool) {
        let table = world.tables.get(&self.query.module);
        let records = table.into_iter().flat_map(|table| table.records.values());
        let mut found: Vec<&Record> =
            records.filter(|record| !record.converted && met(world, &self.condition, record)).collect();
        found.sort_by(|a, b| self.compare(world, a, b));
        let more = found.len() > self.query.offset.saturating_add(self.query.limit);
        let window = found.into_iter().skip(self.query.offset).take(self.query.limit);
        (window.map(|record| self.row(world, record)).collect(), more)
    }

    fn compare(&self, world: &World, a: &Record, b: &Record) -> Ordering {
        for (column, descending) in &self.order {
            let (left, right) = (column.value(world, a), column.value(world, b));
            let by_value = match (left.is_null(), right.is_null()) {
                (false, false) => {
                    let right = text_of(&right).unwrap_or_default();
                    order(column.kind, &left, &right).unwrap_or(Ordering::Equal)
                }
                (left, right) => right.cmp(&left),
            };
            let by_value = if *descending { by_value.reverse() } else { by_value };
            if by_value != Ordering::Equal {
                return by_value;
            }
        }
        a.id.cmp(&b.id)
    }

    fn row(&self, world: &World, record: &Record) -> Value {
        let mut row = Map::new();
        for column in &self.columns {
            let value = column.value(world, record);
            let shown = match (column.kind, &value) {
                (DataType::Lookup | DataType::Owner, stored) => bare(text_of(stored)),
                (DataType::Datetime, Value::String(text)) => {
                    times::parse(text).map_or(value.clone(), |at| Value::from(world.time(at)))
                }
                _ if column.field == "Parent_Id" => bare(text_of(&value)),
                _ => value,
            };
            row.insert(column.name.clone(), shown);
        }
        row.insert("id".into(), Value::from(record.id.as_str()));
        Value::Object(row)
    }
}

const USERS: &str = "users";

impl Column {
    /// `Last_Name`, `Account_Name.Account_Name`, `Owner.email`, `What_Id->Deals.Deal_Name`.
    fn find(world: &World, module: &Module, name: &str) -> Result<Self, Refusal> {
        let unknown = || invalid(name, NO_COLUMN);
        let mut joins: Vec<(String, String)> = Vec::new();
        let mut module = module;
        let mut parts = name.split('.').peekable();
        while let Some(part) = parts.next() {
            let is_last = parts.peek().is_none();
            if is_last {
                let kind = match part {
                    "id" => DataType::Text,
                    field => module.field(field).filter(|f| f.api_name != "Tag").ok_or_else(unknown)?.kind,
                };
                return Ok(Self { name: name.to_owned(), joins, field: part.to_owned(), kind });
            }
            let (field, target) = part.split_once("->").unwrap_or((part, ""));
            let lookup = module.field(field).ok_or_else(unknown)?;
            match (lookup.kind, lookup.target.as_deref()) {
                (DataType::Owner, _) => {
                    let attribute = parts.next().filter(|a| USER_ATTRIBUTES.contains(a)).ok_or_else(unknown)?;
                    joins.push((field.to_owned(), USERS.to_owned()));
                    let (name, field) = (name.to_owned(), attribute.to_owned());
                    return if parts.next().is_none() {
                        Ok(Self { name, joins, field, kind: DataType::Text })
                    } else {
                        Err(unknown())
                    };
                }
                (DataType::Lookup, Some(fixed)) => {
                    let target = if fixed.is_empty() { target } else { fixed };
                    module = world.module(target).ok_or_else(unknown)?;
                    joins.push((field.to_owned(), module.api_name.clone()));
                }
                _ => return Err(unknown()),
            }
            if joins.len() >= DEEPEST_JOIN {
                return Err(unknown());
            }
        }
        Err(unknown())
    }

    fn value(&self, world: &World, record: &Record) -> Value {
        let mut record = record;
        for (field, module) in &self.joins {
            let Some(id) = text_of(&record.get(field)) else { return Value::Null };
            if module == USERS {
                return user_attribute(world, &id, &self.field);
            }
            match world.record(module, &id) {
                Some(next) => record = next,
                None => return Value::Null,
            }
        }
        record.get(&self.field)
    }
}

const USER_ATTRIBUTES: [&str; 5] = ["id", "email", "first_name", "last_name", "full_name"];

fn user_attribute(world: &World, id: &str, attribute: &str) -> Value {
    let Some(user) = world.user(id) else { return Value::Null };
    Value::from(match attribute {
        "id" => user.id.clone(),
        "email" => user.email.clone(),
        "first_name" => user.first_name.clone(),
        "last_name" => user.last_name.clone(),
        _ => user.full_name(),
    })
}

fn check<'q>(world: &World, module: &Module, condition: &'q Condition) -> Result<Checked<'q>, Refusal> {
    Ok(match condition {
        Condition::Both(left, right) => {
            Checked::Both(Box::new(check(world, module, left)?), Box::new(check(world, module, right)?))
        }
        Condition::Either(left, right) => {
            Checked::Either(Box::new(check(world, module, left)?), Box::new(check(world, module, right)?))
        }
        Condition::Test { column, test } => {
            let column = Column::find(world, module, column)?;
            fits(&column, test)?;
            Checked::Test(column, test)
        }
    })
}

/// Whether the operator and the values suit the column's type.
fn fits(column: &Column, test: &Test) -> Result<(), Refusal> {
    let name = column.name.as_str();
    let good = |value: &String| match column.kind {
        DataType::Datetime => times::parse(value).is_some(),
        DataType::Date => times::parse_date(value).is_some(),
        DataType::Boolean => matches!(value.to_lowercase().as_str(), "true" | "false"),
        kind if ordered(kind) => value.parse::<f64>().is_ok(),
        DataType::Lookup | DataType::Owner => !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()),
        _ => true,
    };
    let all_good = |mut values: std::slice::Iter<'_, String>| {
        if values.all(good) { Ok(()) } else { Err(invalid(name, NO_VALUE)) }
    };
    match test {
        Test::Null { .. } => Ok(()),
        Test::Compare("=" | "!=", value) => all_good(std::slice::from_ref(value).iter()),
        Test::Compare(_, value) if ordered(column.kind) => all_good(std::slice::from_ref(value).iter()),
        Test::Between(low, high) if ordered(column.kind) => {
            if good(low) && good(high) {
                Ok(())
            } else {
                Err(invalid(name, NO_VALUE))
            }
        }
        Test::In { values, .. } if column.kind != DataType::Boolean => all_good(values.iter()),
        Test::Like { .. } if !ordered(column.kind) && column.kind != DataType::Boolean => Ok(()),
        _ => Err(invalid(name, NO_TYPE)),
    }
}

fn met(world: &World, checked: &Checked<'_>, record: &Record) -> bool {
    match checked {
        Checked::Both(left, right) => met(world, left, record) && met(world, right, record),
        Checked::Either(left, right) => met(world, left, record) || met(world, right, record),
        Checked::Test(column, test) => passes(column.kind, &column.value(world, record), test),
    }
}

/// As in SQL, nothing but `is null` is true of a missing value.
fn passes(kind: DataType, stored: &Value, test: &Test) -> bool {
    let missing = stored.is_null() || stored.as_str() == Some("");
    if let Test::Null { negated } = test {
        return missing != *negated;
    }
    if missing {
        return false;
    }
    let to = |value: &str| order(kind, stored, value);
    match test {
        Test::Null { .. } => false,
        Test::Compare(operator, value) => to(value).is_some_and(|found| match *operator {
            "=" => found.is_eq(),
            "!=" => found.is_ne(),
            "<" => found.is_lt(),
            "<=" => found.is_le(),
            ">" => found.is_gt(),
            _ => found.is_ge(),
        }),
        Test::Between(low, high) => to(low).is_some_and(Ordering::is_ge) && to(high).is_some_and(Ordering::is_le),
        Test::In { values, negated } => values.iter().any(|value| to(value) == Some(Ordering::Equal)) != *negated,
        Test::Like { pattern, negated } => like(&text_of(stored).unwrap_or_default(), pattern) != *negated,
    }
}

fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.to_lowercase(), pattern.to_lowercase());
    let wanted = pattern.trim_matches('%');
    match (pattern.starts_with('%'), pattern.ends_with('%')) {
        (true, true) => text.contains(wanted),
        (true, false) => text.ends_with(wanted),
        (false, true) => text.starts_with(wanted),
        (false, false) => text == wanted,
    }
}
