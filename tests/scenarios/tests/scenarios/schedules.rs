//! Schedules that change while leads are on them, and the picklist that follows.

use app::store::Reach;
use domain::{OrgId, Schedule};
use serde_json::json;

use crate::journeys::{Stage, stage};

/// `mails` mails a day apart, each saying `word` and its number.
fn schedule(word: &str, mails: usize) -> Schedule {
    let step = |number: usize| {
        let subject = (number == 1).then_some("Hello");
        json!({
            "days_after": usize::from(number > 1),
            "message": { "subject": subject, "body": format!("{word} {number}") }
        })
    };
    let steps: Vec<_> = (1..=mails).map(step).collect();
    serde_json::from_value(json!({ "name": "Short", "closing_days": 1, "steps": steps })).unwrap()
}

/// What each mail to `id` says first.
fn said(stage: &Stage, id: &str) -> Vec<String> {
    let mails = stage.world.mails().unwrap().into_iter().filter(|(name, _)| name.contains(id));
    let first_line = |raw: Vec<u8>| mail::parse(&raw, None).text.lines().next().unwrap_or_default().to_owned();
    mails.map(|(_, raw)| first_line(raw)).collect()
}

async fn assigned(stage: &Stage, number: usize) -> String {
    let id = stage.person(number);
    stage.assign("Contacts", &[&id]);
    stage.world.settle().await;
    stage.days(1).await;
    id
}

#[tokio::test]
async fn an_edit_reaches_whom_it_is_meant_for() {
    let stage = stage("", 1).await;
    let (admin, org): (_, &OrgId) = (stage.world.product.admin(), &stage.org);
    stage.short_schedule(3).await;
    let first = assigned(&stage, 1).await;

    admin.edit_schedule(org, &schedule("new", 3), Reach::NewLeadsOnly).await.unwrap();
    let second = assigned(&stage, 2).await;
    admin.edit_schedule(org, &schedule("newest", 3), Reach::NewLeadsOnly).await.unwrap();
    let third = assigned(&stage, 3).await;
    assert_eq!(said(&stage, &first), ["mail 1", "mail 2", "mail 3"], "it goes on as it began");
    assert_eq!(said(&stage, &second), ["new 1", "new 2"]);

    admin.edit_schedule(org, &schedule("last", 3), Reach::AlsoLeadsOnIt).await.unwrap();
    stage.days(3).await;
    assert_eq!(said(&stage, &second), ["new 1", "new 2", "last 3"], "an edit for all reaches earlier revisions too");
    assert_eq!(said(&stage, &third), ["newest 1", "last 2", "last 3"]);
}

#[tokio::test]
async fn a_deleted_schedule_is_finished_by_those_on_it_and_leaves_the_picklist() {
    let stage = stage("", 1).await;
    let (admin, org): (_, &OrgId) = (stage.world.product.admin(), &stage.org);
    admin.add_schedule(org, &schedule("old", 2)).await.unwrap();
    admin.clone_schedule(org, "Short", "Twin").await.unwrap();
    stage.world.settle().await;
    let offered = |stage: &Stage| {
        let state = stage.world.zoho_state(&["fields"]);
        let fields = state["fields"]["Contacts"].as_array().unwrap().clone();
        let field = fields.into_iter().find(|field| field["label"] == "TEC Schedule").unwrap();
        serde_json::from_value::<Vec<String>>(field["values"].clone()).unwrap()
    };
    assert_eq!(offered(&stage), ["Recommended", "Short", "Twin"]);
    let id =
        stage.create("Contacts", json!({ "Last_Name": "One", "Email": "one@example.com", "TEC_Schedule": "Short" }));
    stage.assign("Contacts", &[&id]);
    stage.world.settle().await;
    stage.world.tick().await.unwrap();

    admin.delete_schedule(org, "Short").await.unwrap();
    stage.world.settle().await;
    assert_eq!(offered(&stage), ["Recommended", "Twin"]);
    admin.add_schedule(org, &schedule("another", 2)).await.unwrap();
    stage.days(2).await;
    assert_eq!(said(&stage, &id), ["old 1", "old 2"], "a new schedule of that name is not the one it began with");

    let names: Vec<_> = admin.schedules(org).await.unwrap().iter().map(|known| known.name().to_owned()).collect();
    assert_eq!(names, ["Recommended", "Short", "Twin"]);
    let refusal = |error: app::AppError| error.to_string();
    assert!(admin.delete_schedule(org, "Recommended").await.map_err(refusal).unwrap_err().contains("clone it"));
    assert!(admin.delete_schedule(org, "Shrot").await.map_err(refusal).unwrap_err().contains("there is no schedule"));
    assert!(admin.clone_schedule(org, "Twin", "Short").await.map_err(refusal).unwrap_err().contains("exists already"));
}
