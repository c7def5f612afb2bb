//! What is asked and how it is read, word by word, where the simulator would not tell.

use app::ports::{AddressState, ChannelRequest, Crm, CrmField};
use domain::{Direction, EmailAddress, LoggedMail, Mailbox, Module};
use serde_json::{Value, json};

use crate::script::{NOTHING, Reply, Server, data, refusal, success};
use crate::support::{Tokens, id, note, org, record, time, user, zoho};

/// Rows as `(second, id)`, served as COQL would: sorted, from a time on, two a page.
fn query(rows: &mut [(u32, u32)], select: &str) -> Reply {
    rows.sort_unstable();
    let after = |mark: &str| select.split_once(mark).map(|(_, rest)| rest);
    let from: u32 = after(">= '2026-01-15T10:00:").map_or(0, |rest| rest[..2].parse().unwrap());
    let offset: usize = after("offset ").unwrap().parse().unwrap();
    let left: Vec<_> = rows.iter().filter(|(second, _)| *second >= from).skip(offset).collect();
    if left.is_empty() {
        return NOTHING;
    }
    let row = |(second, id): &&(u32, u32)| json!({"id": id.to_string(), "Owner": {"id": "9"}, "Modified_Time": format!("2026-01-15T11:00:{second:02}+01:00")});
    let page: Vec<_> = left.iter().take(2).map(row).collect();
    Reply::Json(200, json!({"data": page, "info": {"count": page.len(), "more_records": left.len() > 2}}))
}

#[tokio::test]
async fn a_moving_set_is_walked_without_gaps() {
    // Five rows share a second; while the second page is read, row 1 changes and leaves its place.
    let mut rows = vec![(1, 1), (2, 2), (3, 31), (3, 32), (3, 33), (3, 34), (3, 35), (4, 4)];
    let server = Server::answering(move |call, nth| {
        if nth == 1 {
            rows[0] = (5, 1);
        }
        query(&mut rows, call.json()["select_query"].as_str().unwrap())
    })
    .await;
    let zoho = zoho(&Tokens::at(&server.url));
    let found = zoho.changed_since(&org(), Module::Leads, time("2026-01-15T10:00:00.700Z")).await.unwrap();
    let order: Vec<_> = found.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(order, ["2", "31", "32", "33", "34", "35", "4", "1"], "each once, oldest first, the moved one last");
    assert_eq!((found[7].modified, &found[7].owner), (time("2026-01-15T10:00:05Z"), &user("9")));
    let first = server.calls()[0].json();
    let expect = "select id, Owner, Modified_Time from Leads where Modified_Time >= '2026-01-15T10:00:00+00:00' \
                  order by Modified_Time asc limit 2000 offset 0";
    assert_eq!(first, json!({ "select_query": expect }));
}

#[tokio::test]
async fn many_owners_are_asked_for_in_batches() {
    let server = Server::answering(|_, _| NOTHING).await;
    let owners: Vec<_> = (1..=120).map(|n| user(&n.to_string())).collect();
    assert_eq!(zoho(&Tokens::at(&server.url)).owned_by(&org(), Module::Deals, &owners).await.unwrap(), []);
    let queries: Vec<_> =
        server.calls().iter().map(|call| call.json()["select_query"].as_str().unwrap().to_owned()).collect();
    assert_eq!(queries.iter().map(|query| query.matches('\'').count() / 2).collect::<Vec<_>>(), [50, 50, 20]);
    assert!(queries[2].contains("from Deals where Owner in ('101', '102', "), "{}", queries[2]);
}

#[tokio::test]
async fn a_deal_is_reached_through_its_contact() {
    let at = "2026-01-15T10:30:00+05:30";
    let server = Server::answering(move |call, _| match call.path.as_str() {
        "/crm/v8/Deals" => {
            let deal = |id: &str, contact: Value| {
                json!({"id": id, "Owner": {"id": "9", "name": "Tara", "email": "Tara@example.com"}, "Modified_Time": at,
                    "Modified_By": {"id": "8"}, "Created_By": {"id": "7"}, "Contact_Name": contact, "Account_Name": null,
                    "TEC_Context": "likes tea", "TEC_Schedule1": "Recommended", "TEC_Lead_Connection_Status": "Warm"})
            };
            let contact = |id: &str| json!({"id": id, "name": "x"});
            data(json!([deal("1", contact("51")), deal("2", contact("51")), deal("3", Value::Null), deal("4", contact("52"))]))
        }
        _ => data(json!([{"id": "51", "Email": "ada@example.com", "First_Name": "Ada", "Last_Name": "Boyle", "Title": "CEO",
            "Phone": null, "Mobile": "+15550100", "Account_Name": {"id": "6", "name": "Acme"}}])),
    })
    .await;
    let ids = ["1", "2", "3", "4"].map(id);
    let records = zoho(&Tokens::at(&server.url)).records(&org(), Module::Deals, &ids).await.unwrap();
    let calls = server.calls();
    assert_eq!(server.lines(), ["GET /Deals", "GET /Contacts"]);
    assert_eq!((calls[0].query["ids"].as_str(), calls[1].query["ids"].as_str()), ("1,2,3,4", "51,52"));
    assert!(calls[0].query["fields"].ends_with(",TEC_Context,TEC_Schedule1,TEC_Lead_Connection_Status"));
    let deal = &records[0];
    assert_eq!(deal.record, record(Module::Deals, "1"));
    assert_eq!(deal.address, AddressState::Usable(EmailAddress::parse("ada@example.com").unwrap()));
    let who = &deal.person;
    let texts = [&who.first_name, &who.last_name, &who.designation, &who.phone, &who.company, &deal.context];
    assert_eq!(texts, ["Ada", "Boyle", "CEO", "+15550100", "Acme", "likes tea"]);
    assert_eq!((deal.schedule.as_str(), deal.status.map(|status| status.as_str())), ("Recommended", Some("Warm")));
    assert_eq!(deal.owner_email.as_ref().map(EmailAddress::as_str), Some("tara@example.com"));
    assert_eq!((deal.modified_by.clone(), deal.created_by.clone()), (Some(user("8")), Some(user("7"))));
    assert_eq!(deal.modified, time("2026-01-15T05:00:00Z"));
    let states: Vec<_> = records.iter().map(|deal| &deal.address).collect();
    assert_eq!(states[2..], [&AddressState::Missing, &AddressState::Missing], "no contact, and one that is gone");
}

#[tokio::test]
async fn many_records_are_read_in_batches() {
    let server = Server::answering(|_, _| NOTHING).await;
    let ids: Vec<_> = (1..=250).map(|n| id(&n.to_string())).collect();
    assert!(zoho(&Tokens::at(&server.url)).records(&org(), Module::Leads, &ids).await.unwrap().is_empty());
    let mut sizes: Vec<_> = server.calls().iter().map(|call| call.query["ids"].split(',').count()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100, 100]);
}

#[tokio::test]
async fn a_timeline_is_read_three_pages_deep() {
    let server = Server::answering(|_, nth| {
        let change = json!([{"api_name": "Owner", "_value": {"old": format!("owner {nth}"), "new": "x"}}]);
        let event = json!({"audited_time": format!("2026-01-1{}T10:00:00+00:00", 9 - nth), "field_history": change});
        let added = json!({"audited_time": "2026-01-01T10:00:00+00:00", "field_history": null});
        let token = format!("token {nth}");
        Reply::Json(
            200,
            json!({"__timeline": [added, event], "info": {"more_records": true, "next_page_token": token}}),
        )
    })
    .await;
    let owners = zoho(&Tokens::at(&server.url)).former_owners(&org(), &record(Module::Leads, "7")).await.unwrap();
    assert_eq!(owners, ["owner 0", "owner 1", "owner 2"]);
    let tokens: Vec<_> = server.calls().iter().map(|call| call.query.get("page_token").cloned()).collect();
    assert_eq!(tokens, [None, Some("token 0".into()), Some("token 1".into())]);
    assert!(server.calls().iter().all(|call| call.query["sort_order"] == "desc" && !call.query.contains_key("page")));
}

#[tokio::test]
async fn deletions_before_the_time_are_left_out() {
    let row = |id: &str, at: &str| json!({"id": id, "deleted_time": at, "type": "recycle"});
    let server = Server::answering(move |call, _| match call.query["page"].as_str() {
        "1" => {
            Reply::Json(200, json!({"data": [row("1", "2026-01-15T11:00:00+01:00")], "info": {"more_records": true}}))
        }
        _ => data(json!([row("2", "2026-01-15T09:59:59+00:00"), {"id": "3", "deleted_time": null}])),
    })
    .await;
    let zoho = zoho(&Tokens::at(&server.url));
    let deleted = zoho.deleted_since(&org(), Module::Contacts, time("2026-01-15T10:00:00.5Z")).await.unwrap();
    let all = deleted.into_iter().map(|deleted| (deleted.id, deleted.at.to_string()));
    let expect = [("1", "2026-01-15T10:00:00Z"), ("3", "2026-01-15T10:00:00.5Z")];
    assert_eq!(all.collect::<Vec<_>>(), expect.map(|(of, at)| (id(of), at.to_owned())));
    let call = &server.calls()[0];
    assert_eq!((call.line().as_str(), call.query["type"].as_str()), ("GET /Contacts/deleted", "all"));
    assert_eq!(call.headers["if-modified-since"], "2026-01-15T09:59:59+00:00", "in case that the second is left out");
}

#[tokio::test]
async fn nothing_deleted_is_no_error() {
    for reply in [Reply::Page(304, ""), NOTHING] {
        let server = Server::replying([reply]).await;
        let zoho = zoho(&Tokens::at(&server.url));
        let deleted = zoho.deleted_since(&org(), Module::Contacts, time("2026-01-15T10:00:00Z")).await;
        assert_eq!(deleted.unwrap(), []);
    }
}

#[tokio::test]
async fn a_channel_is_renewed_or_opened() {
    let channel = ChannelRequest {
        channel_id: "1000000068001".into(),
        notify_url: "https://hook.example/z".into(),
        token: "t0ken".into(),
        expires: time("2026-01-22T09:00:00Z"),
    };
    let granted = |times: [&str; 2]| {
        let events: Vec<_> =
            times.iter().map(|at| json!({"channel_expiry": at, "channel_id": "1000000068001"})).collect();
        let item = json!({"code": "SUCCESS", "details": {"events": events}, "message": "m", "status": "success"});
        Reply::Json(201, json!({ "watch": [item] }))
    };
    let gone = Reply::Json(400, json!({"watch": [refusal("NOT_SUBSCRIBED", json!({}))]}));
    let server = Server::replying([gone, granted(["2026-01-22T09:00:00+00:00", "2026-01-22T10:00:00+05:30"])]).await;
    let grant = zoho(&Tokens::at(&server.url)).open_channel(&org(), &channel).await.unwrap();
    assert_eq!(grant.expires, time("2026-01-22T04:30:00Z"), "the earliest");
    assert_eq!(server.lines(), ["PATCH /actions/watch", "POST /actions/watch"]);
    let events: Vec<_> = ["Leads", "Contacts", "Deals"]
        .iter()
        .flat_map(|module| ["create", "edit", "delete"].map(|event| format!("{module}.{event}")))
        .collect();
    let expect = json!({"watch": [{
        "channel_id": "1000000068001", "events": events, "channel_expiry": "2026-01-22T09:00:00+00:00", "token": "t0ken",
        "notify_url": "https://hook.example/z", "notify_on_related_action": false, "return_affected_field_values": false,
    }]});
    assert_eq!([server.calls()[0].json(), server.calls()[1].json()], [expect.clone(), expect]);
}

#[tokio::test]
async fn a_mail_is_logged_as_it_was_written() {
    let ann = Mailbox { name: String::new(), address: EmailAddress::parse("ann@seller.example").unwrap() };
    let bo = Mailbox { name: "Bo".into(), address: EmailAddress::parse("bo@buyer.example").unwrap() };
    let mail = LoggedMail {
        direction: Direction::Received,
        from: bo,
        to: ann,
        subject: " ".into(),
        text: "Yes,\n<b>please</b>".into(),
        at: time("2026-01-15T10:30:00.123Z"),
        message_id: "<abc@mail.buyer.example>".into(),
    };
    let twice =
        Reply::Json(400, json!({"Emails": [refusal("DUPLICATE_DATA", json!({"api_name": "original_message_id"}))]}));
    let server = Server::replying([Reply::Json(201, json!({"Emails": [success()]})), twice]).await;
    let zoho = zoho(&Tokens::at(&server.url));
    zoho.log_mail(&org(), &record(Module::Contacts, "7"), &mail).await.unwrap();
    zoho.log_mail(&org(), &record(Module::Contacts, "7"), &mail).await.expect("once is enough");
    assert_eq!(server.lines(), ["POST /Contacts/7/actions/associate_email"; 2]);
    let expect = json!({"Emails": [{
        "from": {"user_name": "Bo", "email": "bo@buyer.example"},
        "to": [{"user_name": "ann@seller.example", "email": "ann@seller.example"}],
        "subject": "(no subject)", "content": "<p>Yes,<br>&lt;b&gt;please&lt;/b&gt;</p>", "mail_format": "html",
        "date_time": "2026-01-15T10:30:00+00:00", "sent": false, "original_message_id": "<abc@mail.buyer.example>",
    }]});
    assert_eq!(server.calls()[0].json(), expect);
}

#[tokio::test]
async fn notes_are_sent_by_the_hundred_and_cut_to_size() {
    let server = Server::answering(|call, _| {
        let count = call.json()["data"].as_array().unwrap().len();
        Reply::Json(201, json!({"data": vec![success(); count]}))
    })
    .await;
    let long = note(record(Module::Deals, "7"), &"ü".repeat(130), &"ü".repeat(40_000));
    let results = zoho(&Tokens::at(&server.url)).add_notes(&org(), &vec![long; 101]).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 101);
    let bodies: Vec<_> = server.calls().iter().map(|call| call.json()).collect();
    assert_eq!(bodies.iter().map(|body| body["data"].as_array().unwrap().len()).collect::<Vec<_>>(), [100, 1]);
    let sent = &bodies[1]["data"][0];
    assert_eq!(sent["Parent_Id"], json!({"module": {"api_name": "Deals"}, "id": "7"}));
    assert_eq!(bodies[1]["trigger"], json!([]));
    let chars = |key: &str| sent[key].as_str().unwrap().chars().count();
    assert_eq!((chars("Note_Title"), chars("Note_Content")), (120, 32_000));
}

#[tokio::test]
async fn a_picklist_gets_the_values_it_should_have() {
    let field =
        CrmField { id: "55".into(), api_name: "TEC_Schedule1".into(), label: "TEC_Schedule".into(), values: vec![] };
    let known = json!({"fields": [{"id": "55", "api_name": "TEC_Schedule1", "field_label": "TEC_Schedule", "pick_list_values": [
        {"id": "1", "display_value": "Old", "actual_value": "Old", "type": "used"},
        {"id": "2", "display_value": "Both", "actual_value": "Both", "type": "used"},
    ]}]});
    let server = Server::replying([Reply::Json(200, known), Reply::Json(200, json!({"fields": [success()]}))]).await;
    let wanted = ["Both".to_owned(), "New".to_owned()];
    zoho(&Tokens::at(&server.url)).set_values(&org(), Module::Leads, &field, &wanted).await.unwrap();
    assert_eq!(server.lines(), ["GET /settings/fields/55", "PATCH /settings/fields/55"]);
    let sent = &server.calls()[1];
    assert_eq!(sent.query["module"], "Leads");
    let values = json!([
        {"id": "1", "display_value": "Old", "actual_value": "Old", "type": "unused"},
        {"id": "2", "display_value": "Both", "actual_value": "Both", "type": "used"},
        {"display_value": "New", "actual_value": "New"},
    ]);
    assert_eq!(sent.json(), json!({"fields": [{"id": "55", "pick_list_values": values}]}));
}
