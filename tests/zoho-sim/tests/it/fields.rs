use serde_json::{Value, json};

use crate::support::{Zoho, code, text};

fn create(zoho: &Zoho, fields: Value) -> (u16, Value) {
    zoho.post("/settings/fields?module=Leads", json!({"fields": fields}))
}

fn listed(zoho: &Zoho, id: &str) -> Value {
    let (_, body) = zoho.get("/settings/fields?module=Leads");
    let found = body["fields"].as_array().unwrap().iter().find(|field| field["id"] == id);
    found.cloned().unwrap_or(Value::Null)
}

#[test]
fn the_answer_has_no_api_name_and_the_label_may_not_give_it() {
    let zoho = Zoho::new();
    let (status, body) = create(&zoho, json!([{"field_label": "TEC Context", "data_type": "textarea"}]));
    assert_eq!((status, &body["fields"][0]["message"]), (201, &json!("field created")));
    assert_eq!(body["fields"][0]["details"].as_object().map(serde_json::Map::len), Some(1));
    let first = text(&body["fields"][0]["details"]["id"]);
    assert_eq!(listed(&zoho, &first)["api_name"], "TEC_Context");
    let (_, body) = create(&zoho, json!([{"field_label": "TEC-Context", "data_type": "text"}]));
    assert_eq!(listed(&zoho, &text(&body["fields"][0]["details"]["id"]))["api_name"], "TEC_Context1");
    let (status, body) = create(&zoho, json!([{"field_label": "TEC Context", "data_type": "text"}]));
    assert_eq!((status, code(&body)), (400, "DUPLICATE_DATA"));
}

#[test]
fn five_a_call_and_each_checked() {
    let zoho = Zoho::new();
    let six: Vec<Value> = (0..6).map(|n| json!({"field_label": format!("F{n}"), "data_type": "text"})).collect();
    assert_eq!(code(&create(&zoho, json!(six)).1), "LIMIT_EXCEEDED");
    for (wrong, expected) in [
        (json!({"data_type": "text"}), "MANDATORY_NOT_FOUND"),
        (json!({"field_label": "A", "data_type": "nonsense"}), "INVALID_DATA"),
        (json!({"field_label": "A", "data_type": "text", "length": 256}), "INVALID_DATA"),
        (json!({"field_label": "A", "data_type": "picklist"}), "MANDATORY_NOT_FOUND"),
        (json!({"field_label": "select", "data_type": "text"}), "RESERVED_KEYWORD_NOT_ALLOWED"),
    ] {
        let (status, body) = create(&zoho, json!([wrong]));
        assert_eq!((status, code(&body)), (400, expected), "{wrong}");
    }
}

#[test]
fn picklists_grow_and_custom_fields_go() {
    let zoho = Zoho::new();
    let picklist = json!([{
        "field_label": "TEC Schedule", "data_type": "picklist", "pick_list_values": [{"display_value": "Recommended"}],
    }]);
    let id = text(&create(&zoho, picklist).1["fields"][0]["details"]["id"]);
    let path = format!("/settings/fields/{id}?module=Leads");
    let more = json!({"fields": [{"pick_list_values": [{"display_value": "Short", "actual_value": "Short"}]}]});
    assert_eq!(zoho.call("PATCH", &path, more).0, 200);
    let values = |zoho: &Zoho| -> Vec<Value> {
        let field = listed(zoho, &id);
        field["pick_list_values"].as_array().unwrap().iter().map(|value| value["actual_value"].clone()).collect()
    };
    assert_eq!(values(&zoho), ["Recommended", "Short"]);
    let fewer = json!({"fields": [{"pick_list_values": [{"actual_value": "Recommended", "_delete": true}]}]});
    assert_eq!(zoho.call("PATCH", &path, fewer).0, 200);
    assert_eq!(values(&zoho), ["Short"]);
    let lead = zoho.insert("Leads", json!({"Last_Name": "A", "TEC_Schedule": "Never heard of"}));
    assert_eq!(zoho.get(&format!("/Leads/{lead}?fields=TEC_Schedule")).1["data"][0]["TEC_Schedule"], "Never heard of");
    assert_eq!(zoho.call("DELETE", &path, Value::Null).0, 200);
    assert_eq!(listed(&zoho, &id), Value::Null);
}

#[test]
fn a_number_has_so_many_digits() {
    let zoho = Zoho::new();
    create(&zoho, json!([{"field_label": "Step", "data_type": "integer", "length": 2}]));
    for (step, status) in [(json!(99), 201), (json!(100), 400), (json!("9"), 400), (json!(-99), 201)] {
        assert_eq!(zoho.post("/Leads", json!({"data": [{"Last_Name": "A", "Step": step}]})).0, status, "{step}");
    }
}

#[test]
fn unique_fields_collide() {
    let zoho = Zoho::new();
    create(&zoho, json!([{"field_label": "Key", "data_type": "text", "unique": {"case_sensitive": false}}]));
    let first = zoho.insert("Leads", json!({"Last_Name": "A", "Key": "k"}));
    let (status, body) = zoho.post("/Leads", json!({"data": [{"Last_Name": "B", "Key": "K"}]}));
    assert_eq!((status, code(&body)), (400, "DUPLICATE_DATA"));
    assert_eq!(body["data"][0]["details"]["duplicate_record"]["id"], json!(first));
}

#[test]
fn only_administrators_make_fields() {
    let mut zoho = Zoho::new();
    zoho.become_user("sam", &["ZohoCRM.settings.ALL"]);
    let (status, body) = create(&zoho, json!([{"field_label": "A", "data_type": "text"}]));
    assert_eq!((status, code(&body)), (403, "NO_PERMISSION"));
    assert_eq!(zoho.get("/settings/fields?module=Leads").0, 200);
}
