use serde_json::{Value, json};

use crate::support::{Zoho, code};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn channel(zoho: &Zoho, change: Value) -> Value {
    let mut channel = json!({
        "channel_id": "100", "events": ["Leads.all"], "notify_url": "https://hook.example/z?tenant=7", "token": "secret",
        "channel_expiry": zoho.in_secs(6 * DAY),
    });
    for (name, value) in change.as_object().unwrap() {
        channel[name] = value.clone();
    }
    json!({"watch": [channel]})
}

fn open(zoho: &Zoho, change: Value) {
    let (status, body) = zoho.post("/actions/watch", channel(zoho, change));
    assert_eq!(status, 201, "{body}");
}

fn expiry_in_secs(zoho: &Zoho, body: &Value) -> i64 {
    let granted = body["watch"][0]["details"]["events"][0]["channel_expiry"].as_str().unwrap();
    granted.parse::<jiff::Timestamp>().unwrap().as_second() - zoho.sim.now().as_second()
}

#[test]
fn an_expiry_beyond_a_week_or_absent_is_an_hour() {
    let zoho = Zoho::new();
    for (asked, granted) in [
        (json!(zoho.in_secs(6 * DAY)), 6 * DAY),
        (json!(zoho.in_secs(7 * DAY)), 7 * DAY),
        (json!(zoho.in_secs(7 * DAY + 1)), HOUR),
        (Value::Null, HOUR),
    ] {
        let (_, body) = zoho.post("/actions/watch", channel(&zoho, json!({"channel_expiry": asked})));
        assert_eq!(expiry_in_secs(&zoho, &body), granted, "{asked}");
    }
}

#[test]
fn a_channel_expires_and_then_cannot_be_renewed() {
    let zoho = Zoho::new();
    open(&zoho, json!({"channel_expiry": null}));
    let renew = |zoho: &Zoho| {
        let body = json!({"watch": [{"channel_id": "100", "channel_expiry": zoho.in_secs(DAY / 2)}]});
        zoho.call("PATCH", "/actions/watch", body)
    };
    let (status, body) = renew(&zoho);
    assert_eq!((status, expiry_in_secs(&zoho, &body)), (200, DAY / 2));
    let mut zoho = zoho;
    zoho.advance_secs(DAY / 2);
    zoho.sim.create_record("Leads", json!({"Last_Name": "A"}), None).unwrap();
    assert_eq!(zoho.callbacks(), Vec::<Value>::new());
    let refresh = zoho.sim.ready().refresh_token.clone();
    zoho.token = zoho.access_token(&refresh);
    let (status, body) = renew(&zoho);
    assert_eq!((status, code(&body)), (400, "NOT_SUBSCRIBED"));
    assert_eq!(body["watch"][0]["details"], json!({}));
    assert_eq!(zoho.get("/actions/watch?channel_id=100").0, 204);
}

#[test]
fn what_a_channel_may_not_be() {
    let zoho = Zoho::new();
    for (change, expected) in [
        (json!({"channel_id": null}), "MANDATORY_NOT_FOUND"),
        (json!({"channel_id": "abc"}), "INVALID_DATA"),
        (json!({"channel_id": 0}), "INVALID_DATA"),
        (json!({"events": null}), "MANDATORY_NOT_FOUND"),
        (json!({"events": ["Notes.all"]}), "INVALID_DATA"),
        (json!({"events": ["Leads.insert"]}), "INVALID_DATA"),
        (json!({"notify_url": "hook"}), "INVALID_DATA"),
        (json!({"token": "x".repeat(51)}), "INVALID_DATA"),
        (json!({"channel_expiry": "tomorrow"}), "INVALID_DATA"),
        (json!({"notification_condition": [{"type": "field_selection"}]}), "INVALID_DATA"),
    ] {
        let (status, body) = zoho.post("/actions/watch", channel(&zoho, change.clone()));
        assert_eq!((status, code(&body)), (400, expected), "{change}");
    }
    let mut mixed = channel(&zoho, json!({"channel_id": 7}));
    mixed["watch"].as_array_mut().unwrap().push(json!({}));
    let (status, body) = zoho.post("/actions/watch", mixed);
    assert_eq!((status, &body["watch"][1]["details"]["json_path"]), (207, &json!("$.watch[1].channel_id")));
    assert_eq!(zoho.get("/actions/watch?channel_id=7").0, 200, "a number will do");
}

#[test]
fn put_resets_what_it_leaves_out_and_patch_keeps_it() {
    let zoho = Zoho::new();
    open(&zoho, json!({"events": ["Leads.all", "Contacts.edit", "users.all"], "notify_on_related_action": false}));
    let shown = |zoho: &Zoho| zoho.get("/actions/watch?channel_id=100").1["watch"].take();
    assert_eq!(shown(&zoho).as_array().map(Vec::len), Some(3), "one entry a module");
    let gone =
        json!({"watch": [{"channel_id": "100", "events": ["Contacts.edit", "users.all"], "_delete_events": true}]});
    let (_, body) = zoho.call("PATCH", "/actions/watch", gone);
    assert_eq!(body["watch"][0]["message"], "Successfully removed the subscribe details");
    let left = shown(&zoho);
    assert_eq!((&left[0]["resource_name"], &left[0]["notify_on_related_action"]), (&json!("Leads"), &json!(false)));
    assert_eq!((&left[0]["token"], left.as_array().map(Vec::len)), (&json!("secret"), Some(1)));
    let replaced =
        json!({"watch": [{"channel_id": "100", "events": ["Leads.edit"], "notify_url": "https://h.example/"}]});
    assert_eq!(zoho.call("PUT", "/actions/watch", replaced).0, 200);
    let left = shown(&zoho);
    assert_eq!((&left[0]["token"], &left[0]["notify_on_related_action"]), (&Value::Null, &json!(true)));
    assert_eq!(zoho.call("DELETE", "/actions/watch?channel_ids=100", Value::Null).0, 200);
    assert_eq!(code(&zoho.call("DELETE", "/actions/watch?channel_ids=100", Value::Null).1), "NOT_SUBSCRIBED");
}

#[test]
fn a_callback_says_what_happened() {
    let zoho = Zoho::new();
    open(&zoho, json!({"return_affected_field_values": true}));
    let sim = &zoho.sim;
    let (a, b) = (
        sim.create_record("Leads", json!({"Last_Name": "A"}), None).unwrap(),
        sim.create_record("Leads", json!({"Last_Name": "B"}), None).unwrap(),
    );
    zoho.callbacks();
    sim.assign("Leads", &[&a, &b], "tara@acme.example", Some("sam@acme.example")).unwrap();
    let [callback] = zoho.callbacks().try_into().expect("one callback for a mass update");
    let tara = json!({"Owner": {"id": zoho.user("tara")}});
    assert_eq!(
        callback,
        json!({
            "server_time": 1_767_603_600_000_i64, "query_params": {"tenant": "7"}, "module": "Leads",
            "resource_uri": "http://127.0.0.1:8099/crm/v8/Leads", "ids": [a, b],
            "affected_fields": [{&a: ["Owner"]}, {&b: ["Owner"]}],
            "affected_values": [{"record_id": a, "values": tara}, {"record_id": b, "values": tara}],
            "operation": "update", "channel_id": "100", "token": "secret",
        })
    );
    zoho.call("PUT", &format!("/Leads/{a}"), json!({"data": [{"Company": "x"}], "trigger": []}));
    assert_eq!(zoho.callbacks()[0]["affected_fields"], json!([{&a: ["Company"]}]), "own writes echo");
    sim.delete_records("Leads", &[&a], false, None).unwrap();
    assert_eq!(zoho.callbacks()[0]["operation"], "delete");
}

#[test]
fn who_hears_what() {
    let table: &[(Value, &[&str])] = &[
        (json!({"events": ["Leads.create"]}), &["insert"]),
        (json!({"events": ["Leads.edit"]}), &["update", "update", "update"]),
        (json!({"events": ["Leads.edit"], "notify_on_related_action": false}), &["update", "update"]),
        (json!({"events": ["Contacts.all"]}), &[]),
    ];
    for (change, expected) in table {
        let zoho = Zoho::new();
        open(&zoho, change.clone());
        let lead = zoho.insert("Leads", json!({"Last_Name": "A"}));
        zoho.sim.assign("Leads", &[&lead], "tara@acme.example", None).unwrap();
        zoho.sim.edit_records("Leads", &[&lead], json!({"Company": "x"}), None).unwrap();
        zoho.post(&format!("/Leads/{lead}/Notes"), json!({"data": [{"Note_Content": "x"}]}));
        let operations: Vec<Value> = zoho.callbacks().iter().map(|callback| callback["operation"].clone()).collect();
        assert_eq!(operations, *expected, "{change}");
    }
}

#[test]
fn a_condition_lets_through_only_selected_fields() {
    let zoho = Zoho::new();
    let field = |name: &str| json!({"field": {"api_name": name, "id": "1"}});
    let condition = json!([{
        "type": "field_selection", "module": {"api_name": "Leads", "id": "1"},
        "field_selection": {"group_operator": "or", "group": [
            field("Owner"), {"group_operator": "and", "group": [field("City"), field("Country")]},
        ]},
    }]);
    open(&zoho, json!({"notification_condition": condition, "events": ["Leads.edit"]}));
    let lead = zoho.insert("Leads", json!({"Last_Name": "A"}));
    let heard = |fields: Value| {
        zoho.sim.edit_records("Leads", &[&lead], fields, None).unwrap();
        zoho.callbacks().len()
    };
    assert_eq!(heard(json!({"Company": "x"})), 0);
    assert_eq!(heard(json!({"City": "x"})), 0);
    assert_eq!(heard(json!({"City": "y", "Country": "z"})), 1);
    assert_eq!(heard(json!({"Owner": "tara@acme.example"})), 1);
}

#[test]
fn without_the_modules_scope_nothing_is_heard() {
    let mut zoho = Zoho::new();
    zoho.become_user("priya", &["ZohoCRM.notifications.ALL", "ZohoCRM.modules.contacts.READ"]);
    open(&zoho, json!({"events": ["Leads.all", "Contacts.all"]}));
    zoho.sim.create_record("Leads", json!({"Last_Name": "A"}), None).unwrap();
    zoho.sim.create_record("Contacts", json!({"Last_Name": "A"}), None).unwrap();
    let modules: Vec<Value> = zoho.callbacks().iter().map(|callback| callback["module"].clone()).collect();
    assert_eq!(modules, ["Contacts"]);
}
