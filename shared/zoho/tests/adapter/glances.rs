//! A look at several modules in one call: what it saves, and that it never takes silence for nothing.

use app::ports::{Crm, Glance, Since};
use domain::Module;
use serde_json::{Value, json};

use crate::script::{Reply, Server, no};
use crate::support::{Tokens, org, time, zoho};
use crate::world::World;

fn asked(since: &str) -> [Since; 3] {
    let ask = |module| Since { module, since: time(since), deletions: module != Module::Leads };
    Module::ALL.map(ask)
}

#[tokio::test]
async fn one_look_shows_what_each_question_would() {
    let world = World::new().await;
    let since = time("2026-01-15T10:00:00Z");
    let lead = world.create(Module::Leads, json!({ "Last_Name": "Lovelace" }));
    let contact = world.create(Module::Contacts, json!({ "Last_Name": "Gone" }));
    world.at("2026-01-15T10:00:05Z");
    world.sim.delete_records("Contacts", &[contact.as_str()], true, None).unwrap();
    let spent = || world.state("credits_ever").as_u64().unwrap();
    let before = spent();
    let looked = world.zoho.glance(&org(), &asked("2026-01-15T10:00:00Z")).await;
    assert_eq!(spent() - before, 1, "five questions for the price of one");
    for (Since { module, deletions, .. }, glance) in asked("2026-01-15T10:00:00Z").into_iter().zip(&looked) {
        let changed = world.zoho.changed_since(&org(), module, since).await.unwrap();
        let deleted = world.zoho.deleted_since(&org(), module, since).await.unwrap();
        let expect = Glance { changed: Some(changed), deleted: deletions.then_some(deleted) };
        assert_eq!(*glance, expect, "{module}");
    }
    let found: Vec<_> = looked.iter().flat_map(|glance| glance.changed.iter().flatten().map(|row| &row.id)).collect();
    assert_eq!(found, [&lead]);
    assert!(looked.iter().any(|glance| glance.deleted.as_deref() == Some(&[contact.clone()])));
}

#[tokio::test]
async fn a_module_with_much_news_is_asked_for_by_itself() {
    let world = World::new().await;
    for n in 0..26 {
        world.create(Module::Contacts, json!({ "Last_Name": format!("Contact {n}") }));
    }
    let looked = world.zoho.glance(&org(), &asked("2026-01-15T09:00:00Z")).await;
    let shown = Module::ALL.into_iter().zip(looked).map(|(module, glance)| (module, glance.changed.is_some()));
    assert!(
        shown.clone().all(|(module, is_shown)| is_shown == (module != Module::Contacts)),
        "{:?}",
        shown.collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn what_is_no_answer_is_not_taken_for_nothing() {
    let refused = json!({"code": "OAUTH_SCOPE_MISMATCH", "details": {}, "message": "no", "status": "error"});
    let empty = json!({"data": [], "info": {"more_records": false}});
    let more = json!({"data": [], "info": {"more_records": true}});
    for (status, body, is_answer) in [
        (204, Value::Null, true),
        (304, Value::Null, true),
        (200, empty, true),
        (200, more, false),
        (200, Value::Null, false),
        (200, json!({"data": [{"id": "1"}]}), false),
        (401, refused, false),
        (404, Value::Null, false),
        (500, Value::Null, false),
        (500, json!({"message": "sorry"}), false),
    ] {
        let part = json!({"details": {"response": {"headers": {}, "status_code": status, "body": body}}});
        let server = Server::answering(move |_, _| Reply::Json(200, json!({"__composite_requests": [part]}))).await;
        let ask = Since { module: Module::Deals, since: time("2026-01-15T10:00:00Z"), deletions: true };
        let looked = zoho(&Tokens::at(&server.url)).glance(&org(), &[ask]).await;
        let expect = Glance { changed: is_answer.then(Vec::new), deleted: None };
        assert_eq!(looked, [expect], "{status}; the second part was not answered at all");
    }
}

#[tokio::test]
async fn an_authorisation_without_it_asks_one_by_one() {
    let server = Server::answering(|_, _| no(401, "OAUTH_SCOPE_MISMATCH")).await;
    let looked = zoho(&Tokens::at(&server.url)).glance(&org(), &asked("2026-01-15T10:00:00Z")).await;
    assert_eq!(looked, [Glance::default(), Glance::default(), Glance::default()]);
}
