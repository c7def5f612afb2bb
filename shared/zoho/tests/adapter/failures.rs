//! What happens when Zoho does not say yes.

use std::time::Duration;

use app::ports::{Change, Crm, CrmError};
use domain::Module;
use serde_json::json;
use tokio::net::TcpListener;
use zoho::{Patience, Zoho};

use crate::script::{NOTHING, Reply, Server, data, no, refusal, success};
use crate::support::{Tokens, carrier, eager, hasty, id, note, org, record, time, untimed, user, zoho};

#[track_caller]
fn check(outcomes: [(String, usize); 3], expect: [(&str, usize); 3]) {
    assert_eq!(outcomes, expect.map(|(text, calls)| (text.to_owned(), calls)));
}

/// How a write that may not be repeated, one that may, and a read end where every answer is `reply`; and after how many
/// calls.
async fn outcomes(reply: fn() -> Reply) -> [(String, usize); 3] {
    outcomes_with(eager(), reply).await
}

async fn outcomes_with(patience: Patience, reply: fn() -> Reply) -> [(String, usize); 3] {
    let mut outcomes = Vec::new();
    for nth in 0..3 {
        let server = Server::answering(move |_, _| reply()).await;
        let zoho = Zoho::new(carrier(patience.clone()), Tokens::at(&server.url));
        let result = match nth {
            0 => zoho.add_notes(&org(), &[note(record(Module::Leads, "7"), "title", "content")]).await.remove(0),
            1 => zoho.update(&org(), Module::Leads, &[Change { id: id("7"), fields: vec![] }]).await.remove(0),
            _ => zoho.users(&org()).await.map(drop),
        };
        let text = result.map_or_else(|error| untimed(&error.to_string()), |()| "ok".to_owned());
        outcomes.push((text, server.calls().len()));
    }
    outcomes.try_into().unwrap()
}

#[tokio::test]
async fn too_many_requests_means_that_nothing_happened() {
    let busy = ("the CRM is busy: Zoho takes no more calls for now (3 tries)", 3);
    check(outcomes(|| no(429, "TOO_MANY_REQUESTS")).await, [busy; 3]);
    check(outcomes(|| Reply::Page(429, "<html>")).await, [busy; 3]);
    check(outcomes(|| Reply::Page(429, "")).await, [busy; 3]);
}

#[tokio::test]
async fn after_a_server_error_only_harmless_calls_are_repeated() {
    let busy = ("the CRM is busy: Zoho answered 500 (3 tries)", 3);
    let unknown = ("no answer to a write: Zoho answered 500 (1 try)", 1);
    check(outcomes(|| no(500, "INTERNAL_ERROR")).await, [unknown, busy, busy]);
    check(outcomes(|| Reply::Page(500, "<html>")).await, [unknown, busy, busy]);
}

#[tokio::test]
async fn silence_is_no_no() {
    let busy = ("the CRM is busy: Zoho did not answer (3 tries)", 3);
    let unknown = ("no answer to a write: Zoho did not answer (1 try)", 1);
    check(outcomes_with(hasty(), || Reply::Silence).await, [unknown, busy, busy]);
}

#[tokio::test]
async fn no_try_begins_when_the_time_is_up() {
    let busy = ("the CRM is busy: Zoho did not answer (1 try)", 1);
    let unknown = ("no answer to a write: Zoho did not answer (1 try)", 1);
    let patience = Patience { budget: Duration::ZERO, ..hasty() };
    check(outcomes_with(patience, || Reply::Silence).await, [unknown, busy, busy]);
}

#[tokio::test]
async fn a_page_is_no_answer() {
    let broken = "Zoho answered 200 without its JSON";
    let unknown = (format!("no answer to a write: {broken} (1 try)"), 1);
    let busy = (format!("the CRM is busy: {broken} (3 tries)"), 3);
    assert_eq!(outcomes(|| Reply::Page(200, "<html>")).await, [unknown, busy.clone(), busy]);
}

#[tokio::test]
async fn an_empty_answer_is_no_empty_list() {
    let server = Server::replying([Reply::Page(200, "")]).await;
    let records = zoho(&Tokens::at(&server.url)).records(&org(), Module::Leads, &[id("7")]).await;
    let expect = "the CRM is busy: Zoho answered 200 without its JSON (3 tries)";
    assert_eq!(untimed(&records.unwrap_err().to_string()), expect, "or every lead would be taken for deleted");
    let server = Server::replying([NOTHING]).await;
    assert_eq!(zoho(&Tokens::at(&server.url)).records(&org(), Module::Leads, &[id("7")]).await.unwrap(), []);
}

#[tokio::test]
async fn what_never_left_may_be_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let note = note(record(Module::Leads, "7"), "title", "content");
    let results = zoho(&Tokens::at(&url)).add_notes(&org(), &[note]).await;
    let Err(CrmError::Busy(text)) = &results[0] else { panic!("{results:?}") };
    assert!(text.starts_with("Zoho was not reached: ") && untimed(text).ends_with(" (3 tries)"), "{text}");
}

#[tokio::test]
async fn a_refused_call_is_not_repeated() {
    let refused = "the CRM refused: NO_PERMISSION: as Zoho says";
    check(outcomes(|| no(403, "NO_PERMISSION")).await, [(refused, 1); 3]);
    let refused = "the CRM refused: NO_PERMISSION: Zoho gave no reason";
    check(outcomes(|| Reply::Page(403, "<html>")).await, [(refused, 1); 3]);
}

#[tokio::test]
async fn patience_ends_with_the_first_answer() {
    let users = json!({"users": [{"id": "1", "full_name": "Pat", "email": "pat@example.com", "status": "active", "confirm": true}]});
    let replies = [no(429, "TOO_MANY_REQUESTS"), no(500, "INTERNAL_ERROR"), Reply::Json(200, users)];
    let server = Server::replying(replies).await;
    let users = zoho(&Tokens::at(&server.url)).users(&org()).await.unwrap();
    assert_eq!((users.len(), users[0].active, server.calls().len()), (1, true, 3));
}

#[tokio::test]
async fn a_token_does_not_travel() {
    let elsewhere = Server::replying([NOTHING]).await;
    let to = elsewhere.url.to_string();
    let server = Server::answering(move |_, _| Reply::Redirect(to.clone())).await;
    let users = zoho(&Tokens::at(&server.url)).users(&org()).await;
    assert_eq!(untimed(&users.unwrap_err().to_string()), "the CRM is busy: Zoho answered 302 (3 tries)");
    assert!(elsewhere.calls().is_empty());
}

#[tokio::test]
async fn a_dead_token_is_renewed_once_for_writes_too() {
    let note = note(record(Module::Leads, "7"), "title", "content");
    for code in ["INVALID_TOKEN", "AUTHENTICATION_FAILURE"] {
        let replies = [no(401, code), Reply::Json(201, json!({"data": [success()]}))];
        let server = Server::replying(replies).await;
        let tokens = Tokens::at(&server.url);
        assert!(zoho(&tokens).add_notes(&org(), std::slice::from_ref(&note)).await[0].is_ok());
        let sent: Vec<_> = server.calls().into_iter().map(|call| call.headers["authorization"].clone()).collect();
        assert_eq!(sent, ["Zoho-oauthtoken token-0", "Zoho-oauthtoken token-1"]);
        assert_eq!(tokens.renewals(), 1);
    }
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_is_the_end() {
    let server = Server::replying([no(401, "INVALID_TOKEN")]).await;
    let tokens = Tokens::at(&server.url);
    let users = zoho(&tokens).users(&org()).await;
    let expect = "the connection to the CRM is broken: Zoho refuses a fresh access token";
    assert_eq!(users.unwrap_err().to_string(), expect);
    assert_eq!((tokens.renewals(), server.calls().len()), (1, 2));
}

#[tokio::test]
async fn a_session_that_is_given_is_never_renewed() {
    let server = Server::replying([no(401, "INVALID_TOKEN")]).await;
    let tokens = Tokens::at(&server.url);
    let organisation = zoho(&tokens).organisation(&tokens.current()).await;
    assert!(matches!(organisation, Err(CrmError::Disconnected(_))), "{organisation:?}");
    assert_eq!((tokens.renewals(), server.calls().len()), (0, 1));
}

#[tokio::test]
async fn a_missing_scope_needs_a_person() {
    let server = Server::replying([no(401, "OAUTH_SCOPE_MISMATCH")]).await;
    let tokens = Tokens::at(&server.url);
    let error = zoho(&tokens).close_channel(&org(), "1").await.unwrap_err();
    let expect = "the connection to the CRM is broken: it does not cover notifications: connect again and accept all permissions";
    assert_eq!(error.to_string(), expect);
    assert_eq!((tokens.renewals(), server.calls().len()), (0, 1));
}

#[tokio::test]
async fn each_item_has_its_own_result() {
    let items = json!({"data": [
        success(),
        refusal("INVALID_DATA", json!({"id": "8"})),
        refusal("NO_PERMISSION", json!([])),
        refusal("INTERNAL_ERROR", json!({})),
    ]});
    let notes = ["7", "8", "9", "10", "11"].map(|id| note(record(Module::Leads, id), "title", "content"));
    let server = Server::answering(move |_, _| Reply::Json(207, items.clone())).await;
    let results = zoho(&Tokens::at(&server.url)).add_notes(&org(), &notes).await;
    let texts: Vec<_> =
        results.iter().map(|result| result.as_ref().map_or_else(CrmError::to_string, |()| "ok".into())).collect();
    let expect = [
        "ok",
        "the record is not in the CRM",
        "the CRM refused: NO_PERMISSION: as Zoho says",
        "no answer to a write: as Zoho says",
        "no answer to a write: Zoho answered nothing about this item",
    ];
    assert_eq!(texts, expect);
}

#[tokio::test]
async fn an_owner_is_not_set_over_a_change() {
    let flat = || no(412, "ALREADY_MODIFIED");
    let item = || Reply::Json(412, json!({"data": [refusal("ALREADY_MODIFIED", json!({}))]}));
    let page = || Reply::Page(412, "<html>");
    for reply in [flat(), item(), page()] {
        let server = Server::replying([reply]).await;
        let zoho = zoho(&Tokens::at(&server.url));
        let record = record(Module::Deals, "7");
        let result = zoho.give_to(&org(), &record, &user("9"), time("2026-01-15T10:30:00Z")).await;
        assert!(matches!(result, Err(CrmError::Changed)), "{result:?}");
        let call = &server.calls()[0];
        assert_eq!(call.line(), "PUT /Deals/7");
        assert_eq!(call.headers["if-unmodified-since"], "2026-01-15T10:30:00+00:00");
        assert_eq!(call.json(), json!({"data": [{"Owner": {"id": "9"}}], "trigger": []}));
    }
}

#[tokio::test]
async fn one_bad_id_does_not_hide_the_others() {
    let server = Server::answering(|call, _| {
        let ids: Vec<_> = call.query["ids"].split(',').collect();
        if ids.contains(&"13") {
            return Reply::Json(400, refusal("INVALID_DATA", json!({"id": "13"})));
        }
        let at = "2026-01-15T10:30:00+05:30";
        data(ids.iter().map(|id| json!({"id": id, "Owner": {"id": "9"}, "Modified_Time": at})).collect())
    })
    .await;
    let ids: Vec<_> = (1..=20).map(|n| id(&n.to_string())).collect();
    let records = zoho(&Tokens::at(&server.url)).records(&org(), Module::Leads, &ids).await.unwrap();
    let mut found: Vec<_> =
        records.into_iter().map(|record| record.record.id.as_str().parse::<u32>().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, (1..=20).filter(|n| *n != 13).collect::<Vec<_>>());
}
