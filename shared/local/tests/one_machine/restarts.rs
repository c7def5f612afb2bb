//! Killed at any moment and started again, it goes on: nobody is mailed twice, nobody is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::process::{Http, Zoho, free_address, run, wait_for};

const RECORDS: usize = 12;
const KILLS: usize = 24;
const STEPS: usize = 7;

#[test]
fn killed_again_and_again_it_mails_nobody_twice_and_loses_nobody() {
    let (zoho, http, address) = (Zoho::start(""), Http::new(), free_address());
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    // Six weeks of the calendar in about twenty seconds.
    let serve = || zoho.serve(&data_dir, &address, "x200000");
    let mut running = serve();
    zoho.connect(&http, &address);
    let added = run(&[
        "assistant",
        "add",
        "--data-dir",
        data_dir.to_str().unwrap(),
        "--name",
        "Tara Quinn",
        "--email",
        "tara@acme.example",
        "--daily-cap",
        "2000",
        "--json",
    ]);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let ids = assign_records(&zoho, &http);

    let kept = data_dir.join("outbox");
    for kill in 0..KILLS {
        // At a moment that differs each time: after so many more mails, notes or owner changes.
        let before = progress(&zoho, &http, &kept);
        wait_for("something to happen", || {
            all_back(&zoho, &http, &ids) || progress(&zoho, &http, &kept) > before + kill % 3
        });
        running.kill();
        running = serve();
    }
    wait_for("all records to come back", || all_back(&zoho, &http, &ids));
    assert!(running.terminate().success(), "SIGTERM is a clean end");

    let mails = deliveries(&kept);
    for id in &ids {
        let wanted: BTreeSet<_> = (1..=STEPS).map(|step| step.to_string()).collect();
        assert_eq!(mails.get(id), Some(&wanted), "record {id}: every step, and each is one file");
    }
    let state = http.json(&zoho.url("/_sim/state?only=emails,notes"));
    let of = |part: &str, id: &str| -> Vec<Value> {
        state[part].as_array().unwrap().iter().filter(|entry| entry["record"] == *id).cloned().collect()
    };
    for id in &ids {
        let logged: BTreeSet<_> =
            of("emails", id).iter().map(|email| email["original_message_id"].to_string()).collect();
        assert_eq!((logged.len(), of("emails", id).len()), (STEPS, STEPS), "record {id}: each mail is logged once");
        let titles: Vec<_> = of("notes", id).iter().map(|note| note["title"].as_str().unwrap().to_owned()).collect();
        assert_eq!(titles, ["Tara Quinn works on this record", "No answer to any mail"], "record {id}");
    }
}

fn assign_records(zoho: &Zoho, http: &Http) -> Vec<String> {
    let create = |number: usize| {
        let fields = json!({ "Last_Name": format!("Person {number}"), "Email": format!("person{number}@example.com") });
        let body = json!({ "module": "Contacts", "fields": fields, "as_user": "sam@acme.example" });
        http.post(&zoho.url("/_sim/records"), &body)["id"].as_str().unwrap().to_owned()
    };
    let ids: Vec<_> = (0..RECORDS).map(create).collect();
    let body = json!({ "module": "Contacts", "ids": ids, "to": "tara@acme.example", "as_user": "sam@acme.example" });
    http.post(&zoho.url("/_sim/assign"), &body);
    ids
}

fn all_back(zoho: &Zoho, http: &Http, ids: &[String]) -> bool {
    let state = http.json(&zoho.url("/_sim/state?only=records"));
    let contacts = state["records"]["Contacts"].as_array().unwrap();
    let back = |record: &&Value| record["Owner"]["name"] == "Sam Okafor";
    let ours = |record: &&Value| ids.iter().any(|id| record["id"] == id.as_str());
    let owned = contacts.iter().filter(ours).filter(back).count();
    // At the very beginning they are Sam's as well; then nothing has been mailed.
    let state = http.json(&zoho.url("/_sim/state?only=notes"));
    owned == ids.len() && state["notes"].as_array().unwrap().len() >= 2 * ids.len()
}

/// A number that grows with everything that leaves the process.
fn progress(zoho: &Zoho, http: &Http, outbox: &Path) -> usize {
    let state = http.json(&zoho.url("/_sim/state?only=emails,notes"));
    let count = |part: &str| state[part].as_array().map_or(0, Vec::len);
    deliveries(outbox).values().map(BTreeSet::len).sum::<usize>() + count("emails") + count("notes")
}

/// The steps mailed to each record, by the files' names.
fn deliveries(outbox: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, _) in local::world::read_folder(outbox).unwrap() {
        let delivery = name.split("dlv_contacts-").nth(1).unwrap().trim_end_matches(".eml").to_owned();
        let parts: Vec<_> = delivery.split('.').collect();
        assert!(found.entry(parts[0].to_owned()).or_default().insert(parts[2].to_owned()), "{name} twice");
    }
    found
}
