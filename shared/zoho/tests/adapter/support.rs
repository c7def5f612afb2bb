//! What all tests here need.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use app::ports::{CrmError, FieldNames, RecordNote, Session, Sessions};
use async_trait::async_trait;
use domain::{Module, Note, OrgId, RecordId, RecordRef, UserId};
use jiff::Timestamp;
use url::Url;
use zoho::{Carrier, Patience, Zoho};

/// No pauses between tries.
pub fn eager() -> Patience {
    Patience { pause: Duration::ZERO, ..Patience::default() }
}

/// Over the loopback.
pub fn carrier(patience: Patience) -> Carrier {
    Carrier { patience, ..Carrier::network() }
}

/// For answers that never come.
pub fn hasty() -> Patience {
    let moment = Duration::from_millis(200);
    Patience { read: moment, write: moment, ..eager() }
}

/// An error's text without the seconds it took, which a busy machine may draw out.
pub fn untimed(text: &str) -> String {
    match text.rsplit_once(", ") {
        Some((text, seconds)) if seconds.ends_with(" s)") => format!("{text})"),
        _ => text.to_owned(),
    }
}

/// Sessions whose tokens are `token-0`, and after each renewal the next.
pub struct Tokens {
    api_domain: Url,
    renewals: AtomicU32,
}

impl Tokens {
    pub fn at(api_domain: &Url) -> Arc<Self> {
        Arc::new(Self { api_domain: api_domain.clone(), renewals: AtomicU32::new(0) })
    }

    pub fn renewals(&self) -> u32 {
        self.renewals.load(Ordering::SeqCst)
    }

    pub fn current(&self) -> Session {
        let names = FieldNames {
            context: "TEC_Context".into(),
            schedule: "TEC_Schedule1".into(),
            status: "TEC_Lead_Connection_Status".into(),
        };
        Session {
            api_domain: self.api_domain.clone(),
            access_token: format!("token-{}", self.renewals()).into(),
            fields: BTreeMap::from_iter(Module::ALL.map(|module| (module, names.clone()))),
        }
    }
}

#[async_trait]
impl Sessions for Tokens {
    async fn session(&self, _: &OrgId) -> Result<Session, CrmError> {
        Ok(self.current())
    }

    async fn renewed(&self, _: &OrgId, _: &Session) -> Result<Session, CrmError> {
        self.renewals.fetch_add(1, Ordering::SeqCst);
        Ok(self.current())
    }
}

pub fn zoho(tokens: &Arc<Tokens>) -> Zoho {
    Zoho::new(carrier(eager()), tokens.clone())
}

pub fn org() -> OrgId {
    "us-60001".parse().unwrap()
}

pub fn id(id: &str) -> RecordId {
    id.parse().unwrap()
}

pub fn user(id: &str) -> UserId {
    id.parse().unwrap()
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn record(module: Module, id: &str) -> RecordRef {
    RecordRef { module, id: self::id(id) }
}

pub fn note(record: RecordRef, title: &str, content: &str) -> RecordNote {
    RecordNote { record, note: Note { title: title.into(), content: content.into() } }
}
