use serde_json::{Value, json};

use crate::support::{Zoho, code};

fn ids(zoho: &Zoho, condition: &str) -> Vec<String> {
    let (status, body) = zoho.coql(&format!("select Last_Name from Contacts where {condition}"));
    assert!(status == 200 || status == 204, "{condition}: {body}");
    let rows = body["data"].as_array().cloned().unwrap_or_default();
    rows.iter().map(|row| row["Last_Name"].as_str().unwrap_or("").to_owned()).collect()
}

fn people(zoho: &Zoho) {
    let account = zoho.insert("Accounts", json!({"Account_Name": "Buyer Ltd"}));
    for (name, email) in [("O'Neil", Some("o@x.example")), ("Adams", Some("a@x.example")), ("Bo", None)] {
        zoho.insert("Contacts", json!({"Last_Name": name, "Email": email, "Account_Name": {"id": account}}));
        zoho.advance_secs(60);
    }
}

#[test]
fn conditions() {
    let zoho = Zoho::new();
    people(&zoho);
    let table: &[(&str, &[&str])] = &[
        ("id is not null", &["O'Neil", "Adams", "Bo"]),
        ("Last_Name = 'o''neil'", &["O'Neil"]),
        ("Last_Name != 'Bo'", &["O'Neil", "Adams"]),
        ("Email is null", &["Bo"]),
        ("Email != 'a@x.example'", &["O'Neil"]),
        ("Last_Name in ('Bo', 'Adams') order by Last_Name desc", &["Bo", "Adams"]),
        ("Last_Name not in ('Bo')", &["O'Neil", "Adams"]),
        ("Last_Name like 'A%'", &["Adams"]),
        ("Last_Name like '%o'", &["Bo"]),
        ("Last_Name not like '%o%'", &["Adams"]),
        ("((Email is not null and Last_Name like '%a%') or Last_Name = 'Bo')", &["Adams", "Bo"]),
        ("Created_Time >= '2026-01-05T10:01:00+01:00'", &["Adams", "Bo"]),
        ("Created_Time between '2026-01-05T09:00:00+00:00' and '2026-01-05T09:01:00+00:00'", &["O'Neil", "Adams"]),
        ("Account_Name.Account_Name = 'Buyer Ltd' limit 1 offset 1", &["Adams"]),
        ("id is not null order by Created_Time desc limit 1, 1", &["Adams"]),
        ("Owner.email = 'priya@acme.example' limit 1", &["O'Neil"]),
    ];
    for (condition, expected) in table {
        assert_eq!(ids(&zoho, condition), *expected, "{condition}");
    }
}

#[test]
fn lookups_are_bare_ids_and_names_come_by_joins() {
    let zoho = Zoho::new();
    people(&zoho);
    let query = "select Account_Name, Owner, Account_Name.Account_Name from Contacts where Last_Name = 'Bo'";
    let (_, body) = zoho.coql(query);
    let row = &body["data"][0];
    assert_eq!(row["Owner"], json!({"id": zoho.user("priya")}));
    assert_eq!(row["Account_Name"].as_object().map(serde_json::Map::len), Some(1));
    assert_eq!(row["Account_Name.Account_Name"], "Buyer Ltd");
    assert!(row["id"].is_string(), "always there");
    assert_eq!(body["info"], json!({"count": 1, "more_records": false}));
    assert_eq!(zoho.coql("select id from Contacts where Last_Name = 'nobody'"), (204, Value::Null));
}

#[test]
fn refusals() {
    let zoho = Zoho::new();
    let table = [
        ("select id from Contacts", "SYNTAX_ERROR"),
        ("select id from Contacts where a = 1 and b = 2 and c = 3", "SYNTAX_ERROR"),
        ("select id from Contacts where Last_Name = 'O\\'Neil'", "SYNTAX_ERROR"),
        ("delete from Contacts where id is not null", "SYNTAX_ERROR"),
        ("select No_Such from Contacts where id is not null", "INVALID_QUERY"),
        ("select id from Nothing where id is not null", "INVALID_QUERY"),
        ("select id from Contacts where Created_Time > 'yesterday'", "INVALID_QUERY"),
        ("select id from Contacts where Created_Time > '2026-01-05T09:00:00Z'", "INVALID_QUERY"),
        ("select id from Contacts where Last_Name > 'A'", "INVALID_QUERY"),
        ("select id from Contacts where Owner = 'Priya Nair'", "INVALID_QUERY"),
        ("select id, id from Contacts where id is not null", "DUPLICATE_DATA"),
        ("select id from Contacts where id is not null limit 2001", "LIMIT_EXCEEDED"),
        ("select id from Contacts where id is not null limit 200 offset 99801", "LIMIT_EXCEEDED"),
    ];
    for (query, expected) in table {
        let (status, body) = zoho.coql(query);
        assert_eq!((status, code(&body)), (400, expected), "{query}: {body}");
    }
}

#[test]
fn a_call_costs_by_rows() {
    let zoho = Zoho::new();
    for _ in 0..3 {
        zoho.post("/Leads", json!({"data": vec![json!({"Last_Name": "x"}); 100]}));
    }
    let cost = |query: &str| {
        let before = zoho.state("credits_used").as_u64().unwrap();
        assert_eq!(zoho.coql(query).0, 200);
        zoho.state("credits_used").as_u64().unwrap() - before
    };
    assert_eq!(zoho.state("credits_used"), 30, "ten records a credit");
    assert_eq!(cost("select id from Leads where id is not null"), 1);
    assert_eq!(cost("select id from Leads where id is not null limit 2000"), 2);
}
