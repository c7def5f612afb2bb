use serde_json::{Value, json};

use crate::support::{Zoho, code, text};

#[test]
fn a_list_needs_fields_and_an_empty_one_is_204() {
    let zoho = Zoho::new();
    let (status, body) = zoho.get("/Leads");
    assert_eq!((status, code(&body)), (400, "REQUIRED_PARAM_MISSING"));
    assert_eq!(zoho.get("/Leads?fields=Last_Name"), (204, Value::Null));
    assert_eq!(code(&zoho.get("/Nothing?fields=id").1), "INVALID_MODULE");
}

#[test]
fn items_succeed_and_fail_each_for_itself() {
    let zoho = Zoho::new();
    let sam = zoho.user("sam");
    let too_long = "x".repeat(81);
    let table: &[(Value, &str, &str)] = &[
        (json!({"First_Name": "A"}), "MANDATORY_NOT_FOUND", "$.data[1].Last_Name"),
        (json!({"Last_Name": ""}), "MANDATORY_NOT_FOUND", "$.data[1].Last_Name"),
        (json!({"Last_Name": too_long}), "INVALID_DATA", "$.data[1].Last_Name"),
        (json!({"Last_Name": 5}), "INVALID_DATA", "$.data[1].Last_Name"),
        (json!({"Last_Name": "A", "Email": "a@b"}), "INVALID_DATA", "$.data[1].Email"),
        (json!({"Last_Name": "A", "Email": "a b@c.example"}), "INVALID_DATA", "$.data[1].Email"),
        (json!({"Last_Name": "A", "Owner": {"id": "1"}}), "INVALID_DATA", "$.data[1].Owner"),
        (json!({"Last_Name": "A", "Owner": {"id": zoho.user("ivan")}}), "INVALID_DATA", "$.data[1].Owner"),
    ];
    for (wrong, expected, path) in table {
        let good = json!({"Last_Name": "Good", "Owner": {"id": sam}});
        let (status, body) = zoho.post("/Leads", json!({"data": [good, wrong]}));
        assert_eq!((status, &body["data"][0]["code"]), (207, &json!("SUCCESS")), "{wrong}");
        assert_eq!(body["data"][1]["code"], *expected, "{body}");
        assert_eq!(body["data"][1]["details"]["json_path"], *path);
        assert_eq!(zoho.post("/Leads", json!({"data": [wrong]})).0, 400, "all failed");
    }
    assert_eq!(code(&zoho.post("/Leads", json!({})).1), "MANDATORY_NOT_FOUND");
    let many = vec![json!({"Last_Name": "x"}); 101];
    assert_eq!(code(&zoho.post("/Leads", json!({"data": many})).1), "LIMIT_EXCEEDED");
}

#[test]
fn unknown_and_system_fields_are_ignored_without_a_word() {
    let zoho = Zoho::new();
    let given = json!({"Last_Name": "A", "No_Such": 1, "Created_Time": "x", "id": "1"});
    let id = zoho.insert("Leads", given);
    let lead = zoho.get(&format!("/Leads/{id}")).1["data"][0].take();
    assert_eq!((lead.get("No_Such"), lead["id"].as_str()), (None, Some(id.as_str())));
    assert_eq!(lead["Created_Time"], "2026-01-05T01:00:00-08:00", "in the organisation's zone");
}

#[test]
fn absent_records() {
    let zoho = Zoho::new();
    let id = zoho.insert("Leads", json!({"Last_Name": "A"}));
    let contact = zoho.insert("Contacts", json!({"Last_Name": "A"}));
    assert_eq!(zoho.call("DELETE", &format!("/Leads/{id}"), Value::Null).0, 200);
    assert_eq!(zoho.get(&format!("/Leads/{id}")), (204, Value::Null), "once there");
    for never in ["1", "abc", contact.as_str()] {
        assert_eq!(zoho.get(&format!("/Leads/{never}")).0, 400, "{never}");
    }
    let (status, body) = zoho.call("PUT", &format!("/Leads/{id}"), json!({"data": [{"Company": "x"}]}));
    assert_eq!((status, &body["data"][0]["details"]["id"]), (400, &json!(id)));
    let (_, gone) = zoho.get("/Leads/deleted?type=recycle");
    assert_eq!((&gone["data"][0]["id"], &gone["data"][0]["display_name"]), (&json!(id), &json!("A")));
}

#[test]
fn optimistic_locking_is_412() {
    let zoho = Zoho::new();
    let id = zoho.insert("Leads", json!({"Last_Name": "A"}));
    let before = zoho.in_secs(-1);
    let now = zoho.in_secs(0);
    let body = json!({"data": [{"Company": "x"}]});
    let update =
        |since: &str| zoho.reply_with("PUT", &format!("/Leads/{id}"), body.clone(), &[("if-unmodified-since", since)]);
    let refused = update(&before);
    assert_eq!((refused.status(), code(&refused.json())), (Some(412), "ALREADY_MODIFIED"));
    assert_eq!(update(&now).status(), Some(200));
    let list = |since: &str| {
        let path = "/Leads?fields=Company";
        zoho.reply_with("GET", path, Value::Null, &[("if-modified-since", since)]).status()
    };
    assert_eq!((list(&before), list(&now)), (Some(200), Some(304)));
}

#[test]
fn upsert_finds_its_duplicate() {
    let zoho = Zoho::new();
    let body = |name: &str| json!({"data": [{"Last_Name": name, "Email": "A@x.example"}]});
    let first = zoho.post("/Leads/upsert", body("A"));
    assert_eq!((first.0, &first.1["data"][0]["action"]), (200, &json!("insert")));
    let second = zoho.post("/Leads/upsert", body("B")).1["data"][0].take();
    assert_eq!((&second["action"], &second["duplicate_field"]), (&json!("update"), &json!("Email")));
    assert_eq!(second["details"]["id"], first.1["data"][0]["details"]["id"]);
    let third = zoho.insert("Leads", json!({"Last_Name": "C", "Email": "a@x.example"}));
    assert_ne!(third, text(&second["details"]["id"]), "equal addresses do not collide on insert");
    assert_eq!(code(&zoho.post("/Tasks/upsert", json!({"data": [{"Subject": "x"}]})).1), "NOT_SUPPORTED");
}

#[test]
fn pages_by_number_reach_2000_and_by_token_further() {
    let zoho = Zoho::new();
    for n in 0..21 {
        let data: Vec<Value> = (0..100).map(|m| json!({"Last_Name": format!("{n}-{m}")})).collect();
        assert_eq!(zoho.post("/Leads", json!({"data": data})).0, 201);
    }
    let (_, tenth) = zoho.get("/Leads?fields=Last_Name&page=10&per_page=200");
    assert_eq!(tenth["info"]["more_records"], true);
    let eleventh = zoho.get("/Leads?fields=Last_Name&page=11&per_page=200");
    assert_eq!((eleventh.0, code(&eleventh.1)), (400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED"));
    let token = text(&tenth["info"]["next_page_token"]);
    let by_token = |more: &str| zoho.get(&format!("/Leads?fields=Last_Name&per_page=200&page_token={token}{more}"));
    let (status, last) = by_token("");
    assert_eq!((status, last["data"].as_array().map(Vec::len)), (200, Some(100)));
    assert_eq!((&last["info"]["page"], &last["info"]["more_records"]), (&json!(11), &json!(false)));
    assert_eq!(code(&by_token("&page=2").1), "AMBIGUITY_DURING_PROCESSING");
    assert_eq!(code(&by_token("&sort_by=Modified_Time").1), "TOKEN_BOUND_DATA_MISMATCH");
    zoho.advance_secs(24 * 3600);
    let mut later = zoho;
    let refresh = later.sim.ready().refresh_token.clone();
    later.token = later.access_token(&refresh);
    assert_eq!(
        code(&later.get(&format!("/Leads?fields=Last_Name&per_page=200&page_token={token}")).1),
        "EXPIRED_VALUE"
    );
}

#[test]
fn search_is_loose_and_late() {
    let zoho = Zoho::with(|config| config.faults = "search_lag_ms=5000".parse().unwrap());
    let id = zoho.insert("Leads", json!({"Last_Name": "Burns,B", "Email": "b@x.example"}));
    let found = |query: &str| zoho.get(&format!("/Leads/search?{query}")).0;
    assert_eq!(found("email=b@x.example"), 204, "not indexed yet");
    assert_eq!(zoho.coql("select id from Leads where Email = 'b@x.example'").0, 200, "COQL reads the database");
    zoho.advance_secs(5);
    assert_eq!(found("email=b@x.example"), 200);
    assert_eq!(found("criteria=(Last_Name:equals:urns)"), 200, "equals is contains");
    assert_eq!(found(r"criteria=((Last_Name:equals:Burns%5C,B)and(Email:starts_with:b))"), 200);
    assert_eq!(found("criteria=(Last_Name:equals"), 400);
    assert_eq!(found("criteria=(No_Such:equals:1)"), 400);
    assert_eq!(found(""), 400);
    zoho.call("PUT", &format!("/Leads/{id}"), json!({"data": [{"Email": "new@x.example"}]}));
    assert_eq!((found("email=b@x.example"), found("email=new@x.example")), (200, 204), "the index lags behind");
}

#[test]
fn the_timeline_tells_the_previous_owner() {
    for (ids, expected) in [(false, "Sam Okafor".to_owned()), (true, Zoho::new().user("sam"))] {
        let zoho = Zoho::with(|config| {
            if ids {
                config.timeline_owner = zoho_sim::TimelineOwner::Ids;
            }
        });
        let lead =
            zoho.sim.create_record("Leads", json!({"Last_Name": "A", "Owner": "sam@acme.example"}), None).unwrap();
        let owner = json!({"data": [{"Owner": {"id": zoho.user("tara")}}], "trigger": []});
        assert_eq!(zoho.call("PUT", &format!("/Leads/{lead}"), owner).0, 200);
        let (_, body) = zoho.get(&format!("/Leads/{lead}/__timeline"));
        let newest = &body["__timeline"][0];
        assert_eq!(newest["field_history"][0]["api_name"], "Owner");
        assert_eq!(newest["field_history"][0]["_value"]["old"], json!(expected));
        assert_eq!(newest["done_by"]["name"], "Priya Nair");
        assert_eq!(body["__timeline"][1]["action"], "added");
    }
}

#[test]
fn owners_change_by_action_too() {
    let zoho = Zoho::new();
    let (a, b) = (zoho.insert("Leads", json!({"Last_Name": "A"})), zoho.insert("Leads", json!({"Last_Name": "B"})));
    let to = |name: &str, ids: &[&str]| json!({"owner": {"id": zoho.user(name)}, "ids": ids});
    let (status, body) = zoho.post("/Leads/actions/change_owner", to("tara", &[&a, &b, "1"]));
    assert_eq!((status, &body["data"][2]["code"]), (207, &json!("INVALID_DATA")));
    assert_eq!(body["data"][0]["message"], "owner is successfully updated");
    let inactive = zoho.post("/Leads/actions/change_owner", to("ivan", &[&a]));
    assert_eq!((inactive.0, &inactive.1["message"]), (400, &json!("the owner id given is invalid")));
    let history = zoho.state("owner_history");
    assert_eq!(history[&a][0]["to"], json!(zoho.user("tara")));
    assert_eq!(history[&a][0]["through"], "api");
}

#[test]
fn notes_hang_on_their_parent() {
    let zoho = Zoho::new();
    let lead = zoho.insert("Leads", json!({"Last_Name": "A"}));
    let notes = format!("/Leads/{lead}/Notes");
    assert_eq!(zoho.get(&format!("{notes}?fields=Note_Title")).0, 204);
    assert_eq!(zoho.post(&notes, json!({"data": [{"Note_Content": "one"}]})).0, 201);
    let elsewhere = json!({"Note_Content": "two", "Parent_Id": {"module": {"api_name": "Leads"}, "id": lead}});
    let id = zoho.insert("Notes", elsewhere);
    let (_, listed) = zoho.get(&format!("{notes}?fields=Note_Content,Parent_Id"));
    assert_eq!(listed["info"]["count"], 2);
    assert_eq!(listed["data"][0]["Parent_Id"]["module"]["api_name"], "Leads");
    let old_form = json!({"Note_Content": "x", "Parent_Id": lead, "se_module": "Leads"});
    assert_eq!(zoho.post("/Notes", json!({"data": [old_form]})).0, 400, "the form of v4 is gone");
    assert_eq!(zoho.call("DELETE", &format!("/Notes?ids={id}"), Value::Null).0, 200);
    assert_eq!(zoho.state("notes").as_array().map(Vec::len), Some(1));
    let mut sam = zoho;
    sam.become_user("sam", &["ZohoCRM.modules.ALL"]);
    assert_eq!(code(&sam.get("/Notes?fields=Note_Title").1), "NO_PERMISSION", "for administrators only");
}

#[test]
fn tags_come_and_go() {
    let zoho = Zoho::new();
    let lead = zoho.insert("Leads", json!({"Last_Name": "A", "Tag": [{"name": "first"}]}));
    let (_, added) = zoho.post(&format!("/Leads/{lead}/actions/add_tags"), json!({"tags": [{"name": "second"}]}));
    assert_eq!(
        (&added["success_count"], &added["data"][0]["details"]["tags"][1]["name"]),
        (&json!("1"), &json!("second"))
    );
    zoho.post("/Leads/actions/remove_tags", json!({"tags": [{"name": "first"}], "ids": [lead]}));
    let (_, body) = zoho.get(&format!("/Leads/{lead}?fields=Tag"));
    assert_eq!(body["data"][0]["Tag"][0]["name"], "second");
    let long = json!({"tags": [{"name": "x".repeat(26)}]});
    assert_eq!(zoho.post(&format!("/Leads/{lead}/actions/add_tags"), long).0, 400);
}

#[test]
fn meetings_check_their_times_and_complete_their_participants() {
    let zoho = Zoho::new();
    let contact = zoho.insert("Contacts", json!({"Last_Name": "Bo", "Email": "bo@x.example"}));
    let meeting = |end: &str| {
        json!({"data": [{
            "Event_Title": "Intro", "Start_DateTime": "2026-01-20T10:00:00+01:00", "End_DateTime": end,
            "Participants": [{"type": "contact", "participant": contact}, {"type": "email", "Email": "g@x.example"}],
        }]})
    };
    assert_eq!(code(&zoho.post("/Events", meeting("2026-01-20T09:00:00+01:00")).1), "INVALID_DATA");
    assert_eq!(code(&zoho.post("/Events", meeting("2026-01-20T10:30:00Z")).1), "INVALID_DATA", "offsets are numeric");
    let (status, made) = zoho.post("/Events", meeting("2026-01-20T10:30:00+01:00"));
    assert_eq!(status, 201);
    let (_, body) = zoho.get(&format!("/Events/{}", text(&made["data"][0]["details"]["id"])));
    let people = &body["data"][0]["Participants"];
    assert_eq!((&people[0]["Email"], &people[1]["status"]), (&json!("bo@x.example"), &json!("not_known")));
    let dangling = json!({"data": [{"Subject": "x", "What_Id": {"id": contact}}]});
    assert_eq!(code(&zoho.post("/Tasks", dangling).1), "DEPENDENT_FIELD_MISSING");
}

#[test]
fn composite_calls_use_earlier_answers() {
    let zoho = Zoho::new();
    let insert = json!({"sub_request_id": "1", "method": "POST", "uri": "/crm/v8/Leads", "body": {"data": [{"Last_Name": "A"}]}});
    let read = json!({"sub_request_id": "2", "method": "GET", "uri": "/crm/v8/Leads/@{1:$.data[0].details.id}"});
    let (status, body) = zoho.post("/__composite_requests", json!({"__composite_requests": [insert, read]}));
    assert_eq!(status, 200);
    let second = &body["__composite_requests"][1]["details"]["response"];
    assert_eq!((&second["status_code"], &second["body"]["data"][0]["Last_Name"]), (&json!(200), &json!("A")));
    let failing = json!({"method": "GET", "uri": "/crm/v8/Leads"});
    let rollback =
        json!({"rollback_on_fail": true, "parallel_execution": false, "__composite_requests": [insert, failing]});
    assert_eq!(zoho.post("/__composite_requests", rollback).0, 200);
    assert_eq!(zoho.get("/Leads/actions/count").1["count"], 1, "the second insert was rolled back");
    let both = json!({"rollback_on_fail": true, "__composite_requests": [insert]});
    assert_eq!(code(&zoho.post("/__composite_requests", both).1), "AMBIGUITY_DURING_PROCESSING");
}
