//! `/search`: loose, late, and therefore no way to find out whether something exists.
//!
//! `equals` on text behaves like contains, and what was just written may be missing (`search_lag_ms`).

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::{Caller, order, paging, read};
use crate::{
    reply::{Answer, Outcome, Refusal},
    request::Request,
    world::{DataType, Module, Record, World},
};

const MOST_CRITERIA: usize = 15;
const DEEPEST: usize = 20;
const MOST_MATCHES: usize = 2_000;
const OPERATORS: [&str; 9] =
    ["equals", "not_equal", "starts_with", "in", "between", "greater_than", "greater_equal", "less_than", "less_equal"];

/// `GET /{module}/search`
pub(super) fn answer(world: &mut World, caller: &Caller, request: &Request, module: &Module) -> Outcome {
    caller.needs_module(&module.api_name, "READ")?;
    caller.needs("ZohoSearch.securesearch.READ")?;
    let found = matching(world, request, module)?;
    if found.is_empty() {
        return Ok(Answer::nothing());
    }
    let fields = request.query_list("fields");
    let (page, info) = paging::page(world, caller, request, found)?;
    if !fields.is_empty() || page.is_empty() {
        return Ok(read::listed(world, module, &page, &fields, info));
    }
    let data: Vec<Value> = page.iter().map(|record| world.whole_record(module, record)).collect();
    Ok(Answer::json(200, json!({"data": data, "info": info})))
}

/// `GET /{module}/actions/count`
pub(super) fn count(world: &World, caller: &Caller, request: &Request, module: &Module) -> Outcome {
    caller.needs_module(&module.api_name, "READ")?;
    let asked = ["criteria", "email", "phone", "word"].iter().any(|name| request.query(name).is_some());
    let count = if asked {
        matching(world, request, module)?.len()
    } else {
        world.tables.get(&module.api_name).map_or(0, |t| t.records.values().filter(|r| !r.converted).count())
    };
    Ok(Answer::json(200, json!({"count": count})))
}

fn matching(world: &World, request: &Request, module: &Module) -> Result<Vec<Record>, Refusal> {
    let of_kind = |kinds: &[DataType], record: &Record, wanted: &str, exact: bool| {
        let fields = module.fields.iter().filter(|field| kinds.contains(&field.kind));
        let mut values =
            fields.filter_map(|field| indexed(world, record, &field.api_name)?.as_str().map(str::to_lowercase));
        let wanted = wanted.to_lowercase();
        values.any(|value| if exact { value == wanted } else { value.contains(&wanted) })
    };
    let test: Box<dyn Fn(&Record) -> bool> = if let Some(text) = request.query("criteria") {
        let criteria = Parser::new(text)
            .whole()
            .ok_or_else(|| Refusal::bad("INVALID_QUERY", "invalid query formed", json!({"param_name": "criteria"})))?;
        check(module, &criteria)?;
        Box::new(move |record| met(world, module, record, &criteria))
    } else if let Some(email) = request.query("email") {
        let email = email.to_owned();
        Box::new(move |record| of_kind(&[DataType::Email], record, &email, true))
    } else if let Some(phone) = request.query("phone") {
        let phone = phone.to_owned();
        Box::new(move |record| of_kind(&[DataType::Phone], record, &phone, true))
    } else if let Some(word) = request.query("word") {
        let kinds = [DataType::Text, DataType::Email, DataType::Phone, DataType::Textarea, DataType::Website];
        let word = word.to_owned();
        Box::new(move |record| of_kind(&kinds, record, &word, false))
    } else {
        return Err(Refusal::missing_parameter("criteria"));
    };
    let table = world.tables.get(&module.api_name);
    let records = table.into_iter().flat_map(|t| t.records.values().rev()).filter(|record| !record.converted);
    Ok(records.filter(|record| test(record)).take(MOST_MATCHES).cloned().collect())
}

/// A field as the index has it; system fields are always current.
fn indexed(world: &World, record: &Record, name: &str) -> Option<Value> {
    let fields: &Map<String, Value> = record.as_indexed(world.now)?;
    Some(fields.get(name).cloned().unwrap_or_else(|| {
        let written_by_users = record.fields.contains_key(name);
        if written_by_users { Value::Null } else { record.get(name) }
    }))
}

enum Criteria {
    One { field: String, operator: String, value: String },
    All(Vec<Criteria>),
    Any(Vec<Criteria>),
}

fn check(module: &Module, criteria: &Criteria) -> Result<(), Refusal> {
    match criteria {
        Criteria::All(parts) | Criteria::Any(parts) => parts.iter().try_for_each(|part| check(module, part)),
        Criteria::One { field, operator, .. } => {
            let known = field == "id" || module.field(field).is_some();
            if known && OPERATORS.contains(&operator.as_str()) {
                return Ok(());
            }
            let details = json!({"param_name": "criteria", "api_name": field, "operator": operator});
            Err(Refusal::bad("INVALID_QUERY", "invalid query formed", details))
        }
    }
}

fn met(world: &World, module: &Module, record: &Record, criteria: &Criteria) -> bool {
    match criteria {
        Criteria::All(parts) => parts.iter().all(|part| met(world, module, record, part)),
        Criteria::Any(parts) => parts.iter().any(|part| met(world, module, record, part)),
        Criteria::One { field, operator, value } => {
            let kind = module.field(field).map_or(DataType::Bigint, |field| field.kind);
            let Some(stored) = indexed(world, record, field) else { return false };
            one_met(kind, &stored, operator, value)
        }
    }
}

fn one_met(kind: DataType, stored: &Value, operator: &str, value: &str) -> bool {
    let order_to = |value: &str| order::order(kind, stored, value);
    let text = || order::text_of(stored).unwrap_or_default().to_lowercase();
    let equals = |value: &str| match kind {
        DataType::Text | DataType::Textarea | DataType::Phone | DataType::Email | DataType::Website => {
            !stored.is_null() && text().contains(&value.to_lowercase())
        }
        _ => order_to(value) == Some(Ordering::Equal),
    };
    match operator {
        "equals" => equals(value),
        "not_equal" => !equals(value),
        "starts_with" => !stored.is_null() && text().starts_with(&value.to_lowercase()),
        "in" => value.split(',').any(equals),
        "between" => value.split_once(',').is_some_and(|(low, high)| {
            order_to(low).is_some_and(Ordering::is_ge) && order_to(high).is_some_and(Ordering::is_le)
        }),
        "greater_than" => order_to(value).is_some_and(Ordering::is_gt),
        "greater_equal" => order_to(value).is_some_and(Ordering::is_ge),
        "less_than" => order_to(value).is_some_and(Ordering::is_lt),
        _ => order_to(value).is_some_and(Ordering::is_le),
    }
}

/// `((Last_Name:equals:Burns\,B)and(First_Name:starts_with:M))`; a backslash takes the next character as it is.
struct Parser<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    criteria: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text.chars().peekable(), criteria: 0 }
    }

    fn whole(mut self) -> Option<Criteria> {
        let criteria = self.sequence(DEEPEST)?;
        (self.rest.next().is_none() && self.criteria <= MOST_CRITERIA).then_some(criteria)
    }

    /// `(…)and(…)and(…)`; one connective a level.
    fn sequence(&mut self, depth: usize) -> Option<Criteria> {
        let mut parts = vec![self.group(depth.checked_sub(1)?)?];
        let mut connective: Option<String> = None;
        while self.rest.peek().is_some_and(|c| *c != ')') {
            let mut word = String::new();
            while let Some(c) = self.rest.next_if(|c| *c != '(') {
                word.push(c.to_ascii_lowercase());
            }
            let word = word.trim().to_owned();
            if !matches!(word.as_str(), "and" | "or") || connective.as_ref().is_some_and(|before| *before != word) {
                return None;
            }
            connective = Some(word);
            parts.push(self.group(depth - 1)?);
        }
        if parts.len() == 1 {
            return parts.pop();
        }
        Some(if connective.as_deref() == Some("or") { Criteria::Any(parts) } else { Criteria::All(parts) })
    }

    fn group(&mut self, depth: usize) -> Option<Criteria> {
        self.rest.next_if_eq(&'(')?;
        let inner = if self.rest.peek() == Some(&'(') { self.sequence(depth) } else { self.one() }?;
        self.rest.next_if_eq(&')')?;
        Some(inner)
    }

    fn one(&mut self) -> Option<Criteria> {
        self.criteria += 1;
        let (field, operator) = (self.word()?, self.word()?);
        let mut value = String::new();
        while let Some(c) = self.rest.next_if(|c| *c != ')') {
            value.push(if c == '\\' { self.rest.next()? } else { c });
        }
        Some(Criteria::One { field, operator, value })
    }

    fn word(&mut self) -> Option<String> {
        let mut word = String::new();
        loop {
            match self.rest.next()? {
                ':' => return Some(word),
                '(' | ')' => return None,
                c => word.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criteria_are_parsed_or_refused() {
        let reads = |text: &str| Parser::new(text).whole().is_some();
        assert!(reads("(Last_Name:equals:A)"));
        assert!(reads(r"((Last_Name:equals:Burns\,B\))and(First_Name:starts_with:M))"));
        assert!(reads("((A:equals:1)or(B:equals:2)or(C:equals:3))"));
        for wrong in
            ["", "(", "()", "(A)", "(A:equals)", "((A:equals:1)xor(B:equals:2))", "(A:equals:1", "(A:equals:1)x"]
        {
            assert!(!reads(wrong), "{wrong}");
        }
        assert!(!reads(&"(".repeat(100_000)));
    }
}
