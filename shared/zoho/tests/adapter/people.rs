//! Tasks for people, and whether they are there, against the simulator.

use app::ports::{Absence, Crm, CrmError, RecordTask};
use domain::{Module, RecordId, RecordRef, Task};
use serde_json::json;
use zoho_sim::UserChange;

use crate::support::{id, org, time};
use crate::world::World;

const SAM: &str = "sam@acme.example";

fn task(world: &World, module: Module, id: &RecordId, description: &str) -> RecordTask {
    RecordTask {
        record: RecordRef { module, id: id.clone() },
        task: Task {
            subject: "Send Ada the brochure".into(),
            description: description.into(),
            due: "2026-01-16".parse().unwrap(),
            owner: Some(world.user(SAM)),
            by_mail: true,
            unless_touched_since: None,
        },
    }
}

#[tokio::test]
async fn tasks_hang_on_records_of_every_module() {
    let world = World::new().await;
    for (module, fields) in [
        (Module::Leads, json!({"Last_Name": "Boyle"})),
        (Module::Contacts, json!({"Last_Name": "Lee"})),
        (Module::Deals, json!({"Deal_Name": "Big", "Stage": "Qualification"})),
    ] {
        let record = world.create(module, fields);
        let task = task(&world, module, &record, "She asked for it,\ntoday.");
        assert!(!world.zoho.has_task(&org(), &task).await.unwrap(), "{module}");
        world.zoho.add_task(&org(), &task).await.unwrap();
        assert!(world.zoho.has_task(&org(), &task).await.unwrap(), "{module}");
        let mut other = task.clone();
        other.task.due = "2026-01-17".parse().unwrap();
        assert!(!world.zoho.has_task(&org(), &other).await.unwrap(), "another day is another task");
    }
    let tasks = &world.state("records")["Tasks"];
    assert_eq!(tasks.as_array().unwrap().len(), 3);
    assert_eq!((&tasks[0]["Owner"]["name"], &tasks[0]["Due_Date"]), (&json!("Sam Okafor"), &json!("2026-01-16")));
    let nobody = task(&world, Module::Leads, &id("999"), "x");
    assert!(world.zoho.add_task(&org(), &nobody).await.is_err());
    assert!(!world.zoho.has_task(&org(), &nobody).await.unwrap());
}

#[tokio::test]
async fn a_task_without_an_answer_is_looked_for() {
    let world = World::new().await;
    let ada = world.create(Module::Leads, json!({"Last_Name": "Boyle"}));
    for (fault, happened) in [("error_after_acting", true), ("no_answer", true), ("server_error", false)] {
        let task = task(&world, Module::Leads, &ada, fault);
        world.fault(fault, "POST", "/Tasks");
        let result = world.zoho.add_task(&org(), &task).await;
        assert!(matches!(result, Err(CrmError::Unknown(_))), "{fault}: {result:?}");
        assert_eq!(world.zoho.has_task(&org(), &task).await.unwrap(), happened, "{fault}");
    }
}

#[tokio::test]
async fn who_is_away_and_who_manages_whom_is_known() {
    let world = World::new().await;
    assert_eq!(world.zoho.absences(&org()).await.unwrap(), [], "nobody said so");
    let (from, to) = (time("2026-01-15T00:00:00Z"), time("2026-01-29T00:00:00Z"));
    let change =
        UserChange { away: Some(Some((from, to))), reports_to: Some("lena@acme.example".into()), ..Default::default() };
    world.sim.change_user(SAM, &change).unwrap();
    let absence = Absence { user: world.user(SAM), from, to };
    assert_eq!(world.zoho.absences(&org()).await.unwrap(), [absence]);
    let users = world.users().await;
    assert_eq!(users["Sam Okafor"].reports_to, Some(world.user("lena@acme.example")));
    assert_eq!(users["Lena Vogt"].reports_to, None);
}

#[tokio::test]
async fn an_org_that_does_not_show_absences_has_nobody_away() {
    let world = World::new().await;
    world.fault("oauth_scope_mismatch", "GET", "/users_unavailability");
    assert_eq!(world.zoho.absences(&org()).await.unwrap(), []);
}
