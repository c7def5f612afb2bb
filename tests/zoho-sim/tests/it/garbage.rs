//! Whatever is sent, an answer comes back, and it is not a 5xx.

use bytes::Bytes;
use http::{Method, Request};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::Zoho;

const PATHS: [&str; 24] = [
    "/Leads",
    "/Leads/upsert",
    "/Leads/search",
    "/Leads/deleted",
    "/Leads/1",
    "/Leads/1/Notes",
    "/Leads/1/__timeline",
    "/Leads/actions/change_owner",
    "/Leads/actions/add_tags",
    "/Leads/1/actions/associate_email",
    "/Leads/1/actions/send_mail",
    "/Leads/1/Emails",
    "/Notes",
    "/Events",
    "/Deals/1/Contact_Roles/2",
    "/coql",
    "/actions/watch",
    "/actions/email_available",
    "/__composite_requests",
    "/users",
    "/org",
    "/settings/fields",
    "/settings/fields/1",
    "/settings/pipeline",
];

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("select id from Leads where Owner = '1'")),
        Just(json!("@{1:$.data[0].details.id}")),
        Just(json!("2026-01-05T09:00:00+00:00")),
    ];
    let key = prop_oneof![
        Just("data".to_owned()),
        Just("watch".to_owned()),
        Just("Emails".to_owned()),
        Just("fields".to_owned()),
        Just("id".to_owned()),
        Just("ids".to_owned()),
        Just("owner".to_owned()),
        Just("tags".to_owned()),
        Just("select_query".to_owned()),
        Just("__composite_requests".to_owned()),
        Just("uri".to_owned()),
        Just("method".to_owned()),
        Just("Last_Name".to_owned()),
        Just("Parent_Id".to_owned()),
        Just("Participants".to_owned()),
        Just("channel_id".to_owned()),
        Just("notification_condition".to_owned()),
        ".{0,6}",
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn survives(zoho: &Zoho, request: http::request::Builder, body: Bytes) -> Result<(), TestCaseError> {
    let Ok(request) = request.body(body) else { return Ok(()) };
    let what = format!("{} {}", request.method(), request.uri());
    let status = zoho.sim.call(request).status().unwrap_or(599);
    prop_assert!(status < 500, "{what} -> {status}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_of_any_shape(method in "GET|POST|PUT|PATCH|DELETE", path in prop::sample::select(&PATHS[..]), body in json_value()) {
        let zoho = Zoho::new();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let authorization = format!("Zoho-oauthtoken {}", zoho.token);
        let request = Request::builder().method(method).uri(format!("/crm/v8{path}?module=Leads&fields=id"));
        survives(&zoho, request.header("authorization", authorization), body.to_string().into())?;
    }

    #[test]
    fn bytes_of_any_kind(path in "/[a-zA-Z0-9/_%.-]{0,40}", query in "[ -~]{0,60}", body in prop::collection::vec(any::<u8>(), 0..200)) {
        let zoho = Zoho::new();
        for prefix in ["/crm/v8", "/oauth/v2", "/_sim", ""] {
            let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
            let authorization = format!("Zoho-oauthtoken {}", zoho.token);
            let request = Request::post(format!("{prefix}{path}?{query}")).header("authorization", authorization);
            survives(&zoho, request.header("content-type", "multipart/form-data; boundary=x"), body.clone().into())?;
        }
    }

    #[test]
    fn queries_of_any_kind(query in "(select|from|where|and|or|in|like|between|is|not|null|id|Leads|Owner|,|=|<|'|\"|\\(|\\)|->|\\.|%|é|[0-9]| ){0,40}") {
        let zoho = Zoho::new();
        let (status, body) = zoho.coql(&query);
        prop_assert!(status < 500, "{body}");
        let criteria: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let (status, body) = zoho.get(&format!("/Leads/search?criteria={criteria}"));
        prop_assert!(status < 500, "{body}");
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let zoho = Zoho::new();
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let long = format!("{{\"data\": [{{\"Last_Name\": \"{}\"}}]}}", "x".repeat(1_000_000));
    for body in [deep, long] {
        let request = Request::post("/crm/v8/Leads").header("authorization", format!("Zoho-oauthtoken {}", zoho.token));
        assert_eq!(zoho.send(request, body).status(), Some(400));
    }
    let nested = format!("select id from Leads where {}id is not null{}", "(".repeat(500), ")".repeat(500));
    assert_eq!(zoho.coql(&nested).0, 400);
}
