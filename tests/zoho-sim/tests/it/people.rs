use http::Request;
use serde_json::{Value, json};
use zoho_sim::UserChange;

use crate::support::{Zoho, code, text};

#[test]
fn users_by_type() {
    let zoho = Zoho::new();
    let emails = |kind: &str| -> Vec<String> {
        let (status, body) = zoho.get(&format!("/users?type={kind}"));
        assert!(status == 200 || status == 204, "{kind}");
        let users = body["users"].as_array().cloned().unwrap_or_default();
        users.iter().map(|user| text(&user["email"]).replace("@acme.example", "")).collect()
    };
    assert_eq!(emails("AllUsers").len(), 7);
    assert_eq!(emails("ActiveConfirmedUsers"), ["priya", "sam", "lena", "diego", "tara"]);
    assert_eq!((emails("NotConfirmedUsers"), emails("DeactiveUsers")), (vec!["noor".into()], vec!["ivan".into()]));
    assert_eq!((emails("AdminUsers"), emails("CurrentUser")), (vec!["priya".into()], vec!["priya".into()]));
    assert_eq!(emails("DeletedUsers"), Vec::<String>::new());
    assert_eq!(zoho.get("/users?type=Nobody").0, 400);
    let (_, page) = zoho.get("/users?page=2&per_page=3");
    assert_eq!((page["users"].as_array().map(Vec::len), &page["info"]["more_records"]), (Some(3), &json!(true)));
}

#[test]
fn a_deactivated_user_owns_nothing_new_and_signs_in_no_more() {
    let mut zoho = Zoho::new();
    zoho.become_user("sam", &["ZohoCRM.modules.ALL"]);
    let lead = zoho.insert("Leads", json!({"Last_Name": "A"}));
    zoho.sim.change_user("sam@acme.example", &UserChange { active: Some(false), ..UserChange::default() }).unwrap();
    assert_eq!(code(&zoho.get(&format!("/Leads/{lead}")).1), "INVALID_TOKEN");
    assert!(zoho.sim.assign("Leads", &[&lead], "sam@acme.example", None).is_err());
}

#[test]
fn a_person_may_store_what_the_api_refuses() {
    let zoho = Zoho::new();
    let id = zoho.sim.create_record("Leads", json!({"Last_Name": "A", "Email": "bob at x"}), None).unwrap();
    assert_eq!(zoho.get(&format!("/Leads/{id}?fields=Email")).1["data"][0]["Email"], "bob at x");
}

#[test]
fn a_workflow_flips_the_owner_back_unless_it_is_switched_off() {
    let zoho = Zoho::new();
    zoho.sim.set_owner_workflow(Some("lena@acme.example")).unwrap();
    let lead = zoho.insert("Leads", json!({"Last_Name": "A"}));
    let owner_after = |trigger: Value| {
        let mut body = json!({"data": [{"Owner": {"id": zoho.user("tara")}}]});
        if !trigger.is_null() {
            body["trigger"] = trigger;
        }
        assert_eq!(zoho.call("PUT", &format!("/Leads/{lead}"), body).0, 200);
        let owner = text(&zoho.get(&format!("/Leads/{lead}?fields=Owner")).1["data"][0]["Owner"]["email"]);
        zoho.sim.set_owner_workflow(None).unwrap();
        zoho.sim.assign("Leads", &[&lead], "sam@acme.example", None).unwrap();
        zoho.sim.set_owner_workflow(Some("lena@acme.example")).unwrap();
        owner
    };
    assert_eq!(owner_after(Value::Null), "lena@acme.example", "absent runs everything");
    assert_eq!(owner_after(json!(["workflow"])), "lena@acme.example");
    assert_eq!(owner_after(json!(["blueprint"])), "tara@acme.example");
    assert_eq!(owner_after(json!([])), "tara@acme.example");
    let (_, body) = zoho.get(&format!("/Leads/{lead}/__timeline"));
    assert!(body["__timeline"].as_array().unwrap().iter().any(|entry| entry["source"] == "automation"));
}

#[test]
fn a_converted_lead_leaves_the_lists_and_its_notes_follow() {
    let zoho = Zoho::new();
    let lead = zoho.insert("Leads", json!({"Last_Name": "A", "Company": "Buyer", "Email": "a@x.example"}));
    zoho.post(&format!("/Leads/{lead}/Notes"), json!({"data": [{"Note_Content": "x"}]}));
    let contact = zoho.sim.convert_lead(&lead, Some("sam@acme.example")).unwrap();
    assert_eq!(zoho.get("/Leads?fields=Last_Name").0, 204);
    assert_eq!(zoho.get(&format!("/Leads/{lead}")).0, 204);
    assert_eq!(zoho.get(&format!("/Leads/{lead}?converted=true")).0, 200);
    assert_eq!(zoho.coql("select id from Leads where id is not null").0, 204);
    let (_, update) = zoho.call("PUT", &format!("/Leads/{lead}"), json!({"data": [{"Company": "x"}]}));
    assert_eq!(code(&update), "CONVERTED_RECORD");
    assert_eq!(zoho.get(&format!("/Contacts/{contact}/Notes?fields=Note_Content")).0, 200);
    let (_, body) = zoho.get(&format!("/Contacts/{contact}"));
    assert_eq!(body["data"][0]["Account_Name"]["name"], "Buyer");
}

#[test]
fn a_merge_keeps_one() {
    let zoho = Zoho::new();
    let master = zoho.insert("Contacts", json!({"Last_Name": "A"}));
    let other = zoho.insert("Contacts", json!({"Last_Name": "B", "Email": "b@x.example"}));
    zoho.sim.merge("Contacts", &master, &[&other], None).unwrap();
    let (_, body) = zoho.get(&format!("/Contacts/{master}"));
    assert_eq!((&body["data"][0]["Last_Name"], &body["data"][0]["Email"]), (&json!("A"), &json!("b@x.example")));
    assert_eq!(zoho.get(&format!("/Contacts/{other}")).0, 204);
}

#[test]
fn the_control_routes() {
    let zoho = Zoho::new();
    let post = |path: &str, body: Value| {
        let reply = zoho.send(Request::post(format!("/_sim/{path}")), body.to_string());
        (reply.status().unwrap(), reply.json())
    };
    let (_, made) =
        post("records", json!({"module": "Leads", "fields": {"Last_Name": "A"}, "as_user": "sam@acme.example"}));
    let lead = text(&made["id"]);
    assert_eq!(post("assign", json!({"module": "Leads", "ids": [lead], "to": "tara@acme.example"})).0, 200);
    assert_eq!(post("edit", json!({"module": "Leads", "id": lead, "fields": {"Company": "x"}})).0, 200);
    let (_, user) =
        post("users", json!({"add": {"first_name": "Eva", "last_name": "Lind", "email": "eva@acme.example"}}));
    assert_eq!(post("users", json!({"user": user["id"], "change": {"active": false}})).0, 200);
    assert_eq!(post("workflow", json!({"on": "owner_change", "set_owner": "lena@acme.example"})).0, 200);
    assert_eq!(post("kill_tokens", json!({})), (200, json!({"killed": 1})));
    for (path, wrong) in [
        ("records", json!({"module": "Nothing", "fields": {}})),
        ("assign", json!({"module": "Leads", "ids": ["1"], "to": "tara@acme.example"})),
        ("assign", json!({"module": "Leads", "ids": [lead], "to": "nobody"})),
        ("edit", json!({"modul": "Leads"})),
        ("fly", json!({})),
    ] {
        let (status, body) = post(path, wrong);
        assert!(status == 400 && body["error"].is_string(), "{path}: {body}");
    }
    let state = zoho.send(Request::get("/_sim/state?only=owner_history,tokens"), "").json();
    let history = &state["owner_history"][&lead];
    assert_eq!((&history[0]["from"], &history[0]["to"]), (&json!(zoho.user("sam")), &json!(zoho.user("tara"))));
    assert_eq!(history[0]["through"], "person");
    assert_eq!((state.as_object().map(serde_json::Map::len), &state["tokens"]["live_access"]), (Some(2), &json!(0)));
}
