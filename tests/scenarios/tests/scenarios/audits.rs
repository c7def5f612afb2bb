//! No notification is missed without being noticed, made good and proven.

use app::store::Audited;
use domain::Module;
use jiff::SignedDuration;
use jiff::civil::date;

use super::journeys::{Stage, stage};

impl Stage {
    fn wait(&self, minutes: i64) {
        self.world.clock.advance_to(self.world.clock.now() + SignedDuration::from_mins(minutes));
    }

    /// What the proof says of a module, all days together: compared, missed, mended and still open.
    pub(crate) async fn proof(&self, module: Module) -> (u32, u32, u32, usize) {
        let all = self.world.product.store.audits(&self.org, date(2026, 1, 1)).await.unwrap();
        all.iter().filter(|audited| audited.module == module).fold((0, 0, 0, 0), |sum, audited| {
            let Audited { compared, missed, mended, open, .. } = audited;
            (sum.0 + compared, sum.1 + missed, sum.2 + mended, sum.3 + open.len())
        })
    }

    fn loses_notifications(&self, lost: f64) {
        self.world.zoho.change_faults(&serde_json::json!({ "lost_notifications": lost })).unwrap();
    }
}

#[tokio::test]
async fn a_lost_notification_is_found_and_mended_within_a_quarter_of_an_hour() {
    let stage = stage("", 1).await;
    // Upkeep at work: it has compared everything once.
    stage.wait(15);
    stage.world.upkeep().await.unwrap();
    let (told, lost) = (stage.person(1), stage.person(2));
    stage.assign("Contacts", &[&told]);
    stage.world.settle().await;
    stage.loses_notifications(1.0);
    stage.assign("Contacts", &[&lost]);
    stage.world.settle().await;
    assert!(stage.notes(&lost).is_empty(), "nobody told");

    stage.wait(15);
    stage.world.upkeep().await.unwrap();
    assert_eq!(stage.notes(&lost), ["Tara Quinn works on this record"]);
    let (compared, missed, mended, open) = stage.proof(Module::Contacts).await;
    assert_eq!((missed, mended, open), (1, 1, 0));
    assert!(compared >= 2, "{compared}");
    assert_eq!(stage.proof(Module::Leads).await, (0, 0, 0, 0), "a row says that nothing changed");

    // What we write ourselves, without a notification, is nothing new.
    stage.wait(15);
    stage.world.upkeep().await.unwrap();
    assert_eq!(stage.proof(Module::Contacts).await.1, 1);
}

#[tokio::test]
async fn a_record_that_was_taken_away_unheard_is_let_go() {
    let stage = stage("", 1).await;
    stage.wait(15);
    stage.world.upkeep().await.unwrap();
    let id = stage.person(1);
    stage.assign("Contacts", &[&id]);
    stage.world.settle().await;
    stage.wait(15);
    stage.world.upkeep().await.unwrap();
    stage.loses_notifications(1.0);
    stage.world.zoho.assign("Contacts", &[&id], "lena@acme.example", Some("priya@acme.example")).unwrap();
    stage.wait(15);
    stage.world.upkeep().await.unwrap();
    let (_, missed, mended, open) = stage.proof(Module::Contacts).await;
    assert_eq!((missed, mended, open), (1, 1, 0));
    assert_eq!(stage.owner("Contacts", &id), "Lena Vogt");
    assert_eq!(stage.notes(&id), ["Tara Quinn works on this record", "Tara Quinn has stopped"]);
}

#[tokio::test]
async fn a_record_that_was_deleted_unheard_is_counted_and_let_go() {
    let stage = stage("", 1).await;
    stage.wait(15);
    stage.world.upkeep().await.unwrap();
    let [told, lost] = [1, 2].map(|number| stage.person(number));
    stage.assign("Contacts", &[&told, &lost]);
    stage.world.settle().await;
    stage.wait(15);
    stage.world.upkeep().await.unwrap();
    let before = stage.proof(Module::Contacts).await;
    let delete = |id: &str| stage.world.zoho.delete_records("Contacts", &[id], false, None).unwrap();
    delete(&told);
    stage.world.settle().await;
    stage.loses_notifications(1.0);
    delete(&lost);
    for _ in 0..3 {
        stage.wait(15);
        stage.world.upkeep().await.unwrap();
        let (compared, missed, mended, open) = stage.proof(Module::Contacts).await;
        assert_eq!((missed, mended, open), (1, 1, 0), "one was not told, and is counted once");
        assert_eq!(compared - before.0, 2, "both were compared, once");
    }
    let leads = stage.world.product.admin().leads(&stage.org).await.unwrap();
    assert!(leads.iter().all(|lead| !lead.is_active()), "{leads:?}");
}

#[tokio::test]
async fn what_cannot_be_mended_stays_open_until_it_is() {
    let stage = stage("", 1).await;
    stage.wait(15);
    stage.world.upkeep().await.unwrap();
    stage.loses_notifications(1.0);
    let id = stage.person(1);
    stage.assign("Contacts", &[&id]);
    stage.wait(14);
    // One call is tried three times.
    stage.fails_next("GET", "/__timeline", "server_error", 3);
    stage.world.upkeep().await.unwrap();
    assert_eq!(stage.proof(Module::Contacts).await.3, 1, "found, and not mended");
    assert_eq!(stage.failures().await.len(), 1, "and it is said why");
    stage.wait(15);
    stage.world.upkeep().await.unwrap();
    let (_, missed, mended, open) = stage.proof(Module::Contacts).await;
    assert_eq!((missed, mended, open), (1, 1, 0));
    assert!(stage.failures().await.is_empty());
}

#[tokio::test]
async fn nothing_is_missed_where_everything_is_told() {
    let stage = stage("duplicate_notifications=0.3,reorder_notifications=0.3", 7).await;
    stage.short_schedule(1).await;
    let ids: Vec<String> = (0..10).map(|number| stage.person(number)).collect();
    for id in &ids {
        stage.assign("Contacts", &[id]);
    }
    stage.world.settle().await;
    // Those that were held back arrive too.
    stage.wait(1);
    stage.world.settle().await;
    // Mails, notes and hand-backs: all of that changes records too.
    stage.days(5).await;
    let (compared, missed, _, open) = stage.proof(Module::Contacts).await;
    assert_eq!((missed, open), (0, 0));
    assert!(compared >= 10, "{compared}");
    assert_eq!(stage.audit().await.broken, Vec::<String>::new());
}

#[tokio::test]
async fn a_day_with_many_changes_is_asked_for_in_full_once() {
    let stage = stage("", 1).await;
    stage.wait(15);
    stage.world.upkeep().await.unwrap();
    for number in 0..40 {
        stage.assign("Contacts", &[&stage.person(number)]);
    }
    stage.world.settle().await;
    let queries = || {
        let calls = stage.world.zoho_state(&["calls"]);
        calls["calls"]["POST /crm/v8/coql"].as_u64().unwrap_or_default()
    };
    let mut asked = Vec::new();
    for _ in 0..6 {
        let before = queries();
        stage.wait(15);
        stage.world.upkeep().await.unwrap();
        asked.push(queries() - before);
    }
    assert_eq!(asked[2..], [0; 4], "{asked:?}");
    assert!(asked[0] > 0, "forty are more than a glance shows");
    let (compared, missed, _, open) = stage.proof(Module::Contacts).await;
    assert_eq!((compared, missed, open), (40, 0, 0));
}
