//! A model has a say in what people want, and in nothing else.

use std::sync::{Arc, Mutex};

use app::change::LeadChanges;
use app::ports::{ComposeError, Composer};
use app::receive::Receive;
use async_trait::async_trait;
use domain::{Breach, Brief, Intent, LeadId, LeadState, NewText};
use local::embedded::FileSecrets;
use local::product::signing_key;

use super::journeys::{Stage, stage};

/// Says the same to everything, and remembers what it was shown.
struct Opinion {
    says: Result<Option<Intent>, ComposeError>,
    shown: Mutex<Vec<NewText>>,
}

#[async_trait]
impl Composer for Opinion {
    async fn draft(&self, _: &Brief, _: &[Breach]) -> Result<String, ComposeError> {
        Err(ComposeError::Unavailable("it only reads".to_owned()))
    }

    async fn intent(&self, text: &NewText) -> Result<Option<Intent>, ComposeError> {
        self.shown.lock().unwrap().push(text.clone());
        self.says.clone()
    }
}

/// What becomes of a lead whose first mail is answered with `text`, with what the model was shown.
async fn answered(text: &str, says: Result<Option<Intent>, ComposeError>) -> (LeadState, Vec<NewText>) {
    let stage: Stage = stage("", 1).await;
    let record = stage.person(1);
    stage.assign("Contacts", &[&record]);
    stage.world.settle().await;
    stage.days(1).await;
    let original = mail::parse(&stage.world.mails().unwrap()[0].1, None).message_id;
    let raw = format!(
        "From: person1@example.com\r\nTo: tara@acme.example\r\nSubject: Re: Hello\r\nMessage-ID: <a@example.com>\r\n\
         In-Reply-To: {original}\r\n\r\n{text}\r\n\r\nOn Mon, Tara wrote:\r\n> let us meet\r\n"
    );
    let (store, events, clock) =
        (stage.world.product.store.clone(), stage.world.product.bus.clone(), stage.world.clock.clone());
    let opinion = Arc::new(Opinion { says, shown: Mutex::default() });
    let key = signing_key(&FileSecrets::new(stage.folder())).await.unwrap();
    let receive = Receive { changes: LeadChanges { store, events, clock }, key, composer: Some(opinion.clone()) };
    receive.receive(&mail::parse(raw.as_bytes(), None)).await.unwrap();
    let id: LeadId = format!("contacts-{record}").parse().unwrap();
    let lead = stage.world.product.store.lead(&stage.org, &id).await.unwrap().unwrap().lead;
    let shown = opinion.shown.lock().unwrap().clone();
    (lead.state, shown)
}

#[tokio::test]
async fn a_model_decides_where_words_leave_doubt_and_words_where_it_is_silent() {
    let doubtful = "Right up our street, count us in for a chat.";
    let (state, shown) = answered(doubtful, Ok(Some(Intent::InterestedToProceed))).await;
    assert_eq!(state, LeadState::Hot);
    assert_eq!(
        shown,
        [NewText { subject: "Re: Hello".to_owned(), text: doubtful.to_owned() }],
        "nothing that is quoted"
    );
    let unknown = "Well well, old friend.";
    for silent in [Ok(None), Err(ComposeError::Unavailable("down".to_owned())), Ok(Some(Intent::SupportAutoResponse))] {
        assert_eq!(answered(unknown, silent).await.0, LeadState::Responded);
    }
}

#[tokio::test]
async fn no_model_takes_a_wish_for_no_more_mail_back() {
    let (state, shown) = answered("Please unsubscribe me.", Ok(Some(Intent::InterestedToProceed))).await;
    assert_eq!((state, shown), (LeadState::Unsubscribed, vec![]), "it is not even asked");
}
