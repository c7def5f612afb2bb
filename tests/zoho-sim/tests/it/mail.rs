use serde_json::{Value, json};

use crate::support::{Zoho, code, text};

fn email(message_id: &str) -> Value {
    json!({
        "from": {"user_name": "Tara", "email": "tara@acme.example"}, "to": [{"user_name": "Bo", "email": "bo@x.example"}],
        "subject": "Hello", "content": "<p>Hi</p>", "mail_format": "html", "sent": true,
        "date_time": "2026-01-05T09:00:00+00:00", "original_message_id": message_id,
    })
}

#[test]
fn a_message_is_logged_once_whatever_the_record() {
    let zoho = Zoho::new();
    let (a, b) = (zoho.insert("Leads", json!({"Last_Name": "A"})), zoho.insert("Leads", json!({"Last_Name": "B"})));
    let log =
        |id: &str| zoho.post(&format!("/Leads/{id}/actions/associate_email"), json!({"Emails": [email("<1@x>")]}));
    let (status, body) = log(&a);
    assert_eq!((status, &body["Emails"][0]["message"]), (201, &json!("Your mail has been added successfully")));
    for id in [&a, &b] {
        let (status, body) = log(id);
        assert_eq!((status, code(&body)), (400, "DUPLICATE_DATA"));
    }
    let known = |id: &str| zoho.get(&format!("/actions/email_available?orginal_message_id={id}")).1["available"].take();
    assert_eq!((known("%3C1@x%3E"), known("%3C2@x%3E")), (json!(true), json!(false)));
    let (_, listed) = zoho.get(&format!("/Leads/{a}/Emails"));
    assert_eq!((&listed["Emails"][0]["sent"], listed["Emails"][0].get("content")), (&json!(true), None));
    let message = text(&listed["Emails"][0]["message_id"]);
    assert_eq!(zoho.get(&format!("/Leads/{a}/Emails/{message}")).1["Emails"][0]["content"], "<p>Hi</p>");
    assert_eq!(zoho.get(&format!("/Leads/{b}/Emails")).0, 204);
}

#[test]
fn everything_that_must_be_there() {
    let zoho = Zoho::new();
    let path = format!("/Leads/{}/actions/associate_email", zoho.insert("Leads", json!({"Last_Name": "A"})));
    for name in ["from", "to", "subject", "content", "date_time", "sent", "original_message_id"] {
        let mut without = email("<1@x>");
        without.as_object_mut().unwrap().remove(name);
        let (status, body) = zoho.post(&path, json!({"Emails": [without]}));
        assert_eq!((status, code(&body)), (400, "MANDATORY_NOT_FOUND"), "{name}");
    }
    assert_eq!(
        code(&zoho.post(&path, json!({"data": [email("<1@x>")]})).1),
        "MANDATORY_NOT_FOUND",
        "the root is Emails"
    );
}

#[test]
fn emails_come_ten_at_a_time() {
    let zoho = Zoho::new();
    let lead = zoho.insert("Leads", json!({"Last_Name": "A"}));
    for n in 0..11 {
        let one = json!({"Emails": [email(&format!("<{n}@x>"))]});
        assert_eq!(zoho.post(&format!("/Leads/{lead}/actions/associate_email"), one).0, 201);
    }
    let (_, first) = zoho.get(&format!("/Leads/{lead}/Emails"));
    assert_eq!((&first["info"]["count"], &first["info"]["more_records"]), (&json!(10), &json!(true)));
    let next = text(&first["info"]["next_index"]);
    let (_, second) = zoho.get(&format!("/Leads/{lead}/Emails?index={next}"));
    assert_eq!((&second["info"]["count"], &second["info"]["next_index"]), (&json!(1), &Value::Null));
}

#[test]
fn sending_costs_twenty_credits_and_knows_its_senders() {
    let zoho = Zoho::new();
    let lead = zoho.insert("Leads", json!({"Last_Name": "A"}));
    let send = |from: &str| {
        let mut mail = email("");
        mail["from"]["email"] = json!(from);
        zoho.post(&format!("/Leads/{lead}/actions/send_mail"), json!({"data": [mail]}))
    };
    let before = zoho.state("credits_used").as_u64().unwrap();
    assert_eq!(send("tara@acme.example").0, 200);
    assert_eq!(zoho.state("credits_used").as_u64().unwrap() - before, 20);
    assert_eq!(code(&send("stranger@x.example").1), "INVALID_DATA");
    assert_eq!(zoho.state("emails")[0]["through"], "send_mail");
}
