//! An assistant whose mails wait for a person: nothing leaves before, and then what the person saw.

use domain::{Approval, Assistant, LeadId};

use super::journeys::{Stage, stage};

/// A lead whose first mail waits.
async fn held() -> (Stage, LeadId) {
    let stage = stage("", 1).await;
    let hold = |assistant: &mut Assistant| {
        assistant.approval = Approval::Hold;
        Ok(())
    };
    stage.world.product.admin().edit_assistant(&stage.org, &"tara".parse().unwrap(), hold).await.unwrap();
    stage.world.settle().await;
    let record = stage.person(1);
    stage.assign("Contacts", &[&record]);
    stage.world.settle().await;
    stage.days(2).await;
    assert_eq!(stage.world.mails().unwrap(), [], "nothing leaves without approval");
    (stage, format!("contacts-{record}").parse().unwrap())
}

#[tokio::test]
async fn the_approved_text_leaves_unchanged_and_once() {
    for other in [false, true] {
        let (stage, lead) = held().await;
        let admin = stage.world.product.admin();
        let waiting = admin.held(&stage.org).await.unwrap().remove(0);
        assert_eq!(waiting.lead, lead);
        let text = waiting.text.replacen("Hi", "Dear friend", 1) + "\nSee you.\n";
        let refused = admin.approve(&stage.org, &lead, Some("No link".to_owned())).await.unwrap_err();
        assert!(refused.to_string().contains("/unsubscribe/"), "{refused}");
        admin.approve(&stage.org, &lead, other.then(|| text.clone())).await.unwrap();
        assert!(admin.approve(&stage.org, &lead, None).await.is_err(), "it is approved already");
        stage.days(3).await;
        let mails = stage.world.mails().unwrap();
        assert_eq!(mails.len(), 1, "the next one waits again");
        let expect = if other { &text } else { &waiting.text };
        let same = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
        assert_eq!(same(&mail::parse(&mails[0].1, None).text), same(expect));
    }
}

#[tokio::test]
async fn an_answer_meanwhile_ends_the_wait() {
    let (stage, lead) = held().await;
    let answer = "From: person1@example.com\r\nTo: tara@acme.example\r\nSubject: Hello\r\nMessage-ID: <a@example.com>\r\n\r\nWho are you?\r\n";
    stage.world.product.receive(answer.as_bytes()).await.unwrap();
    stage.world.settle().await;
    let admin = stage.world.product.admin();
    assert!(admin.held(&stage.org).await.unwrap().is_empty());
    assert!(admin.approve(&stage.org, &lead, None).await.is_err());
    stage.days(3).await;
    assert_eq!(stage.world.mails().unwrap(), []);
}
