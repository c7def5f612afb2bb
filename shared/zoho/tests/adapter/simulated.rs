//! Every method of the ports against the simulator, which was written from Zoho's documentation and not from this crate.

use app::ports::{Accounts, AccountsError, AddressState, Change, ChannelRequest, Crm, CrmError, CrmRecord};
use domain::{ConnectionStatus, Direction, EmailAddress, LoggedMail, Mailbox, Module, Person, RecordId, RecordRef};
use serde_json::json;
use zoho_sim::TimelineOwner;

use crate::support::{id, note, org, time};
use crate::world::World;

const TARA: &str = "tara@acme.example";

fn lead(id: &RecordId) -> RecordRef {
    RecordRef { module: Module::Leads, id: id.clone() }
}

async fn read(world: &World, module: Module, id: &RecordId) -> CrmRecord {
    world.zoho.records(&org(), module, std::slice::from_ref(id)).await.unwrap().remove(0)
}

#[tokio::test]
async fn the_org_and_who_connected_it_are_known() {
    let world = World::new().await;
    let organisation = world.zoho.organisation(&world.sessions.current()).await.unwrap();
    assert_eq!((organisation.name.as_str(), organisation.zgid.as_str()), ("Acme Instruments", "10024780"));
    assert_eq!((organisation.me.name.as_str(), organisation.administrator), ("Priya Nair", true));
    let users = world.users().await;
    let active = ["Priya Nair", "Tara Quinn", "Noor Haddad", "Ivan Petrov"].map(|name| users[name].active);
    assert_eq!(active, [true, true, false, false], "neither unconfirmed nor deactivated users may own records");
    assert_eq!(users["Tara Quinn"].email, Some(EmailAddress::parse(TARA).unwrap()));

    let world = World::with(|_| {}, "sam@acme.example").await;
    assert!(!world.zoho.organisation(&world.sessions.current()).await.unwrap().administrator);
}

#[tokio::test]
async fn fields_are_made_once_and_found_by_label() {
    let world = World::new().await;
    world.provision().await;
    let names = |world: &World| world.sessions.current().fields;
    let first = names(&world);
    world.provision().await;
    assert_eq!(names(&world), first, "a second time changes nothing");

    let schedule = world.field(Module::Deals, "TEC_Schedule").await;
    assert_eq!(schedule.values, ["Recommended"]);
    let values = ["Recommended", "Quick", "O'Neil & Söhne"].map(str::to_owned);
    world.zoho.set_values(&org(), Module::Deals, &schedule, &values).await.unwrap();
    assert_eq!(world.field(Module::Deals, "TEC_Schedule").await.values, values);
}

#[tokio::test]
async fn only_administrators_make_fields() {
    let world = World::with(|_| {}, "sam@acme.example").await;
    let new = app::ports::NewField { label: "TEC_Context".into(), values: None };
    let made = world.zoho.create_fields(&org(), Module::Leads, &[new]).await;
    assert!(matches!(&made, Err(CrmError::Refused { code, .. }) if code == "NO_PERMISSION"), "{made:?}");
}

#[tokio::test]
async fn records_are_read_whole() {
    let world = World::new().await;
    world.provision().await;
    let ada = world.create(
        Module::Leads,
        json!({"First_Name": "Ada", "Last_Name": "Boyle", "Email": "Ada@Example.com", "Company": "Acme", "Owner": TARA,
            "Designation": "CEO", "Industry": "Retail", "Website": "https://acme.example", "Mobile": "+15550100",
            "Country": "Germany", "State": "Bayern"}),
    );
    let out = world.create(Module::Leads, json!({"Last_Name": "Out", "Email": "o@example.com", "Email_Opt_Out": true}));
    let typo = world.create(Module::Leads, json!({"Last_Name": "Typo", "Email": "typo at example"}));
    let none = world.create(Module::Leads, json!({"Last_Name": "None"}));
    let gone = world.create(Module::Leads, json!({"Last_Name": "Gone"}));
    world.sim.delete_records("Leads", &[gone.as_str()], false, None).unwrap();

    let ids = [ada.clone(), gone, out.clone(), id("999"), typo.clone(), none.clone()];
    let mut records = world.zoho.records(&org(), Module::Leads, &ids).await.unwrap();
    records.sort_by(|a, b| a.record.cmp(&b.record));
    let states: Vec<_> = records.iter().map(|record| (&record.record.id, &record.address)).collect();
    let usable = AddressState::Usable(EmailAddress::parse("ada@example.com").unwrap());
    let expect = [
        (&ada, &usable),
        (&out, &AddressState::OptedOut),
        (&typo, &AddressState::Invalid),
        (&none, &AddressState::Missing),
    ];
    assert_eq!(states, expect, "the two that are gone do not hide the others");
    let texts = |record: &CrmRecord| {
        let Person { first_name, last_name, designation, phone, company, industry, website, .. } =
            record.person.clone();
        [first_name, last_name, designation, phone, company, industry, website]
    };
    assert_eq!(texts(&records[0]), ["Ada", "Boyle", "CEO", "+15550100", "Acme", "Retail", "https://acme.example"]);
    let place = |person: &Person| (person.country.clone(), person.state.clone());
    assert_eq!(place(&records[0].person), ("Germany".to_owned(), "Bayern".to_owned()));
    assert_eq!((&records[0].owner, records[0].modified), (&world.user(TARA), time("2026-01-15T10:00:00Z")));
    assert_eq!(records[0].created_by, Some(world.user("priya@acme.example")));
}

#[tokio::test]
async fn deals_are_read_through_their_contacts() {
    let world = World::new().await;
    let account = world.sim.create_record("Accounts", json!({"Account_Name": "Acme"}), None).unwrap();
    let contact = json!({"First_Name": "Bo", "Last_Name": "Lee", "Email": "bo@example.com", "Title": "CFO",
        "Account_Name": account, "Mailing_Country": "Japan", "Mailing_State": "Tokyo"});
    let contact = world.create(Module::Contacts, contact);
    let deal = json!({"Deal_Name": "Big", "Stage": "Qualification", "Contact_Name": contact.as_str(), "Owner": TARA});
    let [with, without] =
        [deal, json!({"Deal_Name": "Small", "Stage": "Qualification"})].map(|deal| world.create(Module::Deals, deal));
    let deal = read(&world, Module::Deals, &with).await;
    assert_eq!(deal.address, AddressState::Usable(EmailAddress::parse("bo@example.com").unwrap()));
    assert_eq!([&deal.person.first_name, &deal.person.designation, &deal.person.company], ["Bo", "CFO", "Acme"]);
    assert_eq!([&deal.person.country, &deal.person.state], ["Japan", "Tokyo"]);
    assert_eq!(deal.owner, world.user(TARA), "the deal's owner, not the contact's");
    assert_eq!(read(&world, Module::Deals, &without).await.address, AddressState::Missing);
}

#[tokio::test]
async fn updates_reach_the_record_one_by_one() {
    let world = World::new().await;
    world.provision().await;
    let names = world.sessions.current().fields[&Module::Leads].clone();
    let ada = world.create(Module::Leads, json!({"Last_Name": "Boyle"}));
    let set =
        |id: &RecordId, value: &str| Change { id: id.clone(), fields: vec![(names.status.clone(), value.into())] };
    let results = world.zoho.update(&org(), Module::Leads, &[set(&id("999"), "Cold"), set(&ada, "Warm")]).await;
    assert!(matches!(results[..], [Err(CrmError::Absent), Ok(())]), "{results:?}");
    assert_eq!(read(&world, Module::Leads, &ada).await.status, Some(ConnectionStatus::Warm));
    world.fault("error_after_acting", "PUT", "/Leads");
    assert!(world.zoho.update(&org(), Module::Leads, &[set(&ada, "Hot")]).await[0].is_ok(), "harmless to repeat");
    assert_eq!(read(&world, Module::Leads, &ada).await.status, Some(ConnectionStatus::Hot));
}

#[tokio::test]
async fn what_changed_is_found() {
    let world = World::new().await;
    let [early, late] = ["Early", "Late"].map(|name| world.create(Module::Leads, json!({ "Last_Name": name })));
    world.at("2026-01-15T10:00:05Z");
    world.sim.assign("Leads", &[late.as_str()], TARA, None).unwrap();
    let since = |at: &str| {
        let (zoho, at) = (&world.zoho, time(at));
        async move { zoho.changed_since(&org(), Module::Leads, at).await.unwrap() }
    };
    let all = since("2026-01-15T10:00:00Z").await;
    assert_eq!(all.iter().map(|row| &row.id).collect::<Vec<_>>(), [&early, &late]);
    let row = &since("2026-01-15T10:00:05Z").await[0];
    assert_eq!((&row.id, &row.owner, row.modified), (&late, &world.user(TARA), time("2026-01-15T10:00:05Z")));
    assert_eq!(since("2026-01-15T10:00:06Z").await, []);

    let owned = world.zoho.owned_by(&org(), Module::Leads, &[world.user(TARA), world.user("lena@acme.example")]).await;
    assert_eq!(owned.unwrap().iter().map(|row| &row.id).collect::<Vec<_>>(), [&late]);
    assert_eq!(world.zoho.owned_by(&org(), Module::Leads, &[]).await.unwrap(), []);
}

#[tokio::test]
async fn an_import_of_one_second_is_found_whole() {
    let world = World::new().await;
    for n in 0..2_050 {
        world.create(Module::Leads, json!({"Last_Name": format!("Lead {n}"), "Owner": TARA}));
    }
    world.at("2026-01-15T10:00:01Z");
    let last = world.create(Module::Leads, json!({"Last_Name": "Last", "Owner": TARA}));
    let changed = world.zoho.changed_since(&org(), Module::Leads, time("2026-01-15T10:00:00Z")).await.unwrap();
    assert_eq!((changed.len(), changed.last().map(|row| &row.id)), (2_051, Some(&last)));
    assert_eq!(world.zoho.owned_by(&org(), Module::Leads, &[world.user(TARA)]).await.unwrap(), changed);
}

#[tokio::test]
async fn what_was_deleted_is_found() {
    let world = World::new().await;
    let [early, late] = ["Early", "Late"].map(|name| world.create(Module::Contacts, json!({ "Last_Name": name })));
    world.sim.delete_records("Contacts", &[early.as_str()], true, None).unwrap();
    world.at("2026-01-15T10:00:05Z");
    world.sim.delete_records("Contacts", &[late.as_str()], false, None).unwrap();
    let since = |at: &str| {
        let (zoho, at) = (&world.zoho, time(at));
        async move {
            let deleted = zoho.deleted_since(&org(), Module::Contacts, at).await.unwrap().into_iter();
            deleted.map(|deleted| deleted.id).collect::<Vec<_>>()
        }
    };
    let mut all = since("2026-01-15T10:00:00Z").await;
    all.sort_unstable();
    assert_eq!(all, [early, late.clone()]);
    assert_eq!(since("2026-01-15T10:00:05Z").await, [late]);
    assert_eq!(since("2026-01-15T10:00:06Z").await, []);
}

#[tokio::test]
async fn former_owners_come_as_names_or_ids() {
    for shown in [TimelineOwner::Names, TimelineOwner::Ids] {
        let world = World::with(|config| config.timeline_owner = shown, "priya@acme.example").await;
        let ada = world.create(Module::Leads, json!({"Last_Name": "Boyle", "Owner": "sam@acme.example"}));
        for (second, owner) in [(1, "lena@acme.example"), (2, TARA)] {
            world.at(&format!("2026-01-15T10:00:0{second}Z"));
            world.sim.assign("Leads", &[ada.as_str()], owner, None).unwrap();
        }
        let former = world.zoho.former_owners(&org(), &lead(&ada)).await.unwrap();
        let ids = ["lena@acme.example", "sam@acme.example"].map(|email| world.user(email).to_string());
        match shown {
            TimelineOwner::Names => assert_eq!(former, ["Lena Vogt", "Sam Okafor"]),
            TimelineOwner::Ids => assert_eq!(former, ids),
        }
        let gone = world.zoho.former_owners(&org(), &lead(&id("999"))).await;
        assert!(matches!(gone, Err(CrmError::Absent)) || gone.as_ref().is_ok_and(Vec::is_empty), "{gone:?}");
    }
}

#[tokio::test]
async fn notes_are_added_and_found() {
    let world = World::new().await;
    let ada = world.create(Module::Leads, json!({"Last_Name": "Boyle"}));
    let notes = [
        note(lead(&ada), "Taken on", "Tara works on it,\nfrom Monday on."),
        note(lead(&id("999")), "Taken on", "nobody there"),
        note(lead(&ada), "Taken on", "again"),
    ];
    assert!(!world.zoho.has_note(&org(), &notes[0]).await.unwrap());
    let results = world.zoho.add_notes(&org(), &notes).await;
    assert!(matches!(results[..], [Ok(()), Err(CrmError::Absent), Ok(())]), "{results:?}");
    let mut has = Vec::new();
    for note in &notes {
        has.push(world.zoho.has_note(&org(), note).await.unwrap());
    }
    assert_eq!(has, [true, false, true]);
    assert!(!world.zoho.has_note(&org(), &note(lead(&ada), "Taken on", "something else")).await.unwrap());
}

#[tokio::test]
async fn a_note_without_an_answer_is_looked_for() {
    let world = World::new().await;
    let ada = world.create(Module::Leads, json!({"Last_Name": "Boyle"}));
    for (fault, happened) in [
        ("error_after_acting", true),
        ("no_answer", true),
        ("server_error", false),
        ("not_reached", false),
        ("html", false),
    ] {
        let note = note(lead(&ada), "Taken on", fault);
        world.fault(fault, "POST", "/Notes");
        let results = world.zoho.add_notes(&org(), std::slice::from_ref(&note)).await;
        assert!(matches!(results[..], [Err(CrmError::Unknown(_))]), "{fault}: {results:?}");
        assert_eq!(world.zoho.has_note(&org(), &note).await.unwrap(), happened, "{fault}");
    }
    assert_eq!(world.state("notes").as_array().unwrap().len(), 2, "none was tried twice");
}

#[tokio::test]
async fn a_busy_crm_is_asked_again() {
    let world = World::new().await;
    let ada = world.create(Module::Leads, json!({"Last_Name": "Boyle"}));
    world.fault("rate429", "POST", "/Notes");
    assert!(world.zoho.add_notes(&org(), &[note(lead(&ada), "Taken on", "once")]).await[0].is_ok());
    assert_eq!(world.state("notes").as_array().unwrap().len(), 1);
    for fault in ["rate429", "server_error", "html", "no_answer", "not_reached"] {
        world.fault(fault, "GET", "/Leads");
        assert_eq!(read(&world, Module::Leads, &ada).await.person.last_name, "Boyle", "{fault}");
    }
}

#[tokio::test]
async fn a_mail_is_on_the_record_once() {
    let world = World::new().await;
    let ada = world.create(Module::Leads, json!({"Last_Name": "Boyle", "Email": "ada@example.com"}));
    let mailbox = |name: &str, address| Mailbox { name: name.into(), address: EmailAddress::parse(address).unwrap() };
    let mail = LoggedMail {
        direction: Direction::Sent,
        from: mailbox("Tara Quinn", TARA),
        to: mailbox("", "ada@example.com"),
        subject: "ü".repeat(300),
        text: "Hello,\n\nis 1 < 2?".into(),
        at: time("2026-01-15T09:59:30.5Z"),
        message_id: "<dlv_1@acme.example>".into(),
    };
    world.fault("no_answer", "POST", "associate_email");
    world.zoho.log_mail(&org(), &lead(&ada), &mail).await.expect("it is there, the second try says so");
    world.zoho.log_mail(&org(), &lead(&ada), &mail).await.expect("it is still there");
    let emails = world.state("emails");
    assert_eq!(emails.as_array().unwrap().len(), 1);
    assert_eq!((&emails[0]["sent"], &emails[0]["record"]), (&json!(true), &json!(ada.as_str())));
    let gone = world
        .zoho
        .log_mail(&org(), &lead(&id("999")), &LoggedMail { message_id: "<2@x.example>".into(), ..mail })
        .await;
    assert!(matches!(gone, Err(CrmError::Absent)), "{gone:?}");
}

#[tokio::test]
async fn an_owner_is_set_only_over_what_was_read() {
    let world = World::new().await;
    let ada = world.create(Module::Leads, json!({"Last_Name": "Boyle", "Owner": TARA}));
    let (seen, sam, tara) = (read(&world, Module::Leads, &ada).await, world.user("sam@acme.example"), world.user(TARA));
    world.at("2026-01-15T10:00:05Z");
    world.sim.edit_records("Leads", &[ada.as_str()], json!({"Phone": "1"}), None).unwrap();
    let give = world.zoho.give_to(&org(), &lead(&ada), &sam, seen.modified).await;
    assert!(matches!(give, Err(CrmError::Changed)), "{give:?}");
    assert_eq!(read(&world, Module::Leads, &ada).await.owner, tara);

    let seen = read(&world, Module::Leads, &ada).await;
    world.at("2026-01-15T10:00:09Z");
    world.fault("no_answer", "PUT", "/Leads/");
    let give = world.zoho.give_to(&org(), &lead(&ada), &sam, seen.modified).await;
    assert!(matches!(give, Err(CrmError::Changed)), "by ourselves: {give:?}");
    assert_eq!(read(&world, Module::Leads, &ada).await.owner, sam, "which reading again shows");

    let give = world.zoho.give_to(&org(), &lead(&ada), &tara, time("2026-01-15T10:00:09Z")).await;
    assert!(give.is_ok(), "{give:?}");
    let give = world
        .zoho
        .give_to(&org(), &lead(&ada), &id("999").as_str().parse().unwrap(), time("2026-01-15T11:00:00Z"))
        .await;
    assert!(matches!(give, Err(CrmError::Refused { .. })), "no such user: {give:?}");
    let give = world.zoho.give_to(&org(), &lead(&id("999")), &sam, seen.modified).await;
    assert!(matches!(give, Err(CrmError::Absent)), "{give:?}");
}

#[tokio::test]
async fn a_channel_lives_as_long_as_it_is_renewed() {
    let world = World::new().await;
    let channel = |expires| ChannelRequest {
        channel_id: "1000000068001".into(),
        notify_url: "https://hook.example/z".into(),
        token: "t0ken".into(),
        expires: time(expires),
    };
    let open = |expires| {
        let (zoho, channel) = (&world.zoho, channel(expires));
        async move { zoho.open_channel(&org(), &channel).await.unwrap().expires }
    };
    assert_eq!(open("2026-01-22T09:00:00Z").await, time("2026-01-22T09:00:00Z"), "opened");
    world.at("2026-01-16T10:00:00Z");
    world.fault("no_answer", "PATCH", "actions/watch");
    assert_eq!(open("2026-01-23T09:00:00Z").await, time("2026-01-23T09:00:00Z"), "renewed");
    world.at("2026-01-24T10:00:00Z");
    assert_eq!(open("2026-01-31T09:00:00Z").await, time("2026-01-31T09:00:00Z"), "opened again");
    assert_eq!(open("2026-02-24T09:00:00Z").await, time("2026-01-24T11:00:00Z"), "too long is an hour");
    let channels = world.state("channels");
    assert_eq!((channels.as_array().unwrap().len(), &channels[0]["notify_on_related_action"]), (1, &json!(false)));
    for _ in 0..2 {
        world.zoho.close_channel(&org(), "1000000068001").await.unwrap();
    }
    assert_eq!(world.state("channels"), json!([]));
}

#[tokio::test]
async fn a_token_that_dies_is_renewed_once() {
    let world = World::new().await;
    let ada = world.create(Module::Leads, json!({"Last_Name": "Boyle"}));
    world.fault("token_death", "POST", "/Notes");
    assert!(world.zoho.add_notes(&org(), &[note(lead(&ada), "Taken on", "once")]).await[0].is_ok());
    assert_eq!((world.sessions.renewals(), world.state("notes").as_array().unwrap().len()), (1, 1));
    world.sim.kill_tokens(false);
    assert_eq!(read(&world, Module::Leads, &ada).await.person.last_name, "Boyle");
    assert_eq!(world.sessions.renewals(), 2);
}

#[tokio::test]
async fn a_revoked_grant_disconnects() {
    let world = World::new().await;
    let server = world.accounts.accounts_server(None).unwrap();
    for _ in 0..2 {
        world.accounts.revoke(&server, &world.sessions.refresh_token).await.unwrap();
    }
    let users = world.zoho.users(&org()).await;
    assert!(matches!(&users, Err(CrmError::Disconnected(why)) if why.contains("connect Zoho again")), "{users:?}");
}

#[tokio::test]
async fn accounts_throttle_and_falter() {
    let world = World::new().await;
    let server = world.accounts.accounts_server(None).unwrap();
    let refresh = || world.accounts.refresh(&server, &world.sessions.refresh_token);
    world.fault("token_throttle", "POST", "/oauth/v2/token");
    assert!(matches!(refresh().await, Err(AccountsError::Throttled)));
    for fault in ["server_error", "html", "no_answer"] {
        world.fault(fault, "POST", "/oauth/v2/token");
        assert!(matches!(refresh().await, Err(AccountsError::Unavailable(_))), "{fault}");
    }
    assert_eq!(refresh().await.unwrap().expires_secs, 3600);
}
