//! Who plays in the demo, and what they write.

use domain::{LeadId, Module, RecordId, RecordRef};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::{Value, json};

use crate::world::{ASSISTANT, World, WorldError};

/// Somebody whose record is assigned to the assistant.
pub(super) struct Person {
    pub name: &'static str,
    pub email: &'static str,
    pub module: Module,
    pub owner: &'static str,
    pub owner_name: &'static str,
    /// What they do, in order, each after so many mails to them.
    pub answers: &'static [Answer],
    /// Is the record assigned again after it was given back?
    pub reassigned: bool,
}

/// What somebody does about a mail.
pub(super) enum Answer {
    /// Writes back.
    Mail { after: usize, text: &'static str, headers: &'static [(&'static str, &'static str)] },
    /// Unsubscribes by one click.
    Unsubscribe { after: usize },
}

impl Answer {
    pub fn after(&self) -> usize {
        match self {
            Self::Mail { after, .. } | Self::Unsubscribe { after } => *after,
        }
    }
}

pub(super) const CAST: [Person; 5] = [
    Person {
        name: "Ada Lovelace",
        email: "ada@engines.example",
        module: Module::Contacts,
        owner: "sam@acme.example",
        owner_name: "Sam",
        answers: &[Answer::Mail { after: 1, text: "Yes, let's meet on Thursday.", headers: &[] }],
        reassigned: true,
    },
    Person {
        name: "Bertrand Silent",
        email: "bertrand@silence.example",
        module: Module::Deals,
        owner: "lena@acme.example",
        owner_name: "Lena",
        answers: &[],
        reassigned: false,
    },
    Person {
        name: "Carla Away",
        email: "carla@away.example",
        module: Module::Leads,
        owner: "diego@acme.example",
        owner_name: "Diego",
        answers: &[
            Answer::Mail {
                after: 1,
                text: "I am out of the office until 19 January.",
                headers: &[("Auto-Submitted", "auto-replied")],
            },
            Answer::Mail { after: 2, text: "Back again. Can you tell me more about the price?", headers: &[] },
        ],
        reassigned: false,
    },
    Person {
        name: "Dora Leaves",
        email: "dora@quiet.example",
        module: Module::Leads,
        owner: "sam@acme.example",
        owner_name: "Sam",
        answers: &[Answer::Unsubscribe { after: 2 }],
        reassigned: false,
    },
    Person {
        name: "Emil Nomail",
        email: "",
        module: Module::Contacts,
        owner: "lena@acme.example",
        owner_name: "Lena",
        answers: &[],
        reassigned: false,
    },
];

impl Person {
    pub fn noun(&self) -> &'static str {
        match self.module {
            Module::Leads => "lead",
            Module::Contacts => "contact",
            Module::Deals => "deal",
        }
    }

    /// Makes the record in the CRM, as its owner, and assigns it.
    pub fn enter(&self, world: &World) -> Result<LeadId, WorldError> {
        let (first, last) = self.name.split_once(' ').unwrap_or(("", self.name));
        let email = if self.email.is_empty() { Value::Null } else { json!(self.email) };
        let person = json!({ "First_Name": first, "Last_Name": last, "Email": email, "Company": "Example Works" });
        let id = match self.module {
            Module::Leads | Module::Contacts => self.create(world, self.module, person)?,
            Module::Deals => {
                let contact = self.create(world, Module::Contacts, person)?;
                let deal = json!({ "Deal_Name": format!("{} renewal", self.name), "Stage": "Qualification", "Contact_Name": { "id": contact } });
                self.create(world, Module::Deals, deal)?
            }
        };
        let id = RecordId::parse(id).map_err(|error| WorldError::new("a record", error))?;
        let lead = LeadId::from(RecordRef { module: self.module, id });
        self.assign(world, &lead)?;
        Ok(lead)
    }

    fn create(&self, world: &World, module: Module, fields: Value) -> Result<String, WorldError> {
        world
            .zoho
            .create_record(module.as_str(), fields, Some(self.owner))
            .map_err(|error| WorldError::new("a record", error))
    }

    /// The owner gives the record to the assistant.
    pub fn assign(&self, world: &World, lead: &LeadId) -> Result<(), WorldError> {
        let record = lead.record();
        world
            .zoho
            .assign(record.module.as_str(), &[record.id.as_str()], ASSISTANT, Some(self.owner))
            .map_err(|error| WorldError::new("an assignment", error))
    }
}

/// An answer to `mail` as a mail program writes it.
pub(super) fn reply(person: &Person, mail: &[u8], text: &str, headers: &[(&str, &str)], now: Timestamp) -> Vec<u8> {
    let original = mail::parse(mail, None);
    let header = |name: &str| header_of(mail, name).unwrap_or_default();
    let date = rfc2822::to_string(&now.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default();
    let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let quoted: String = original.text.lines().map(|line| format!("> {line}\r\n")).collect();
    format!(
        "From: {} <{}>\r\nTo: {}\r\nSubject: Re: {}\r\nDate: {date}\r\nMessage-ID: <{}.{}@answers.example>\r\n\
         In-Reply-To: {}\r\nReferences: {}\r\n{more}Content-Type: text/plain; charset=utf-8\r\n\r\n\
         {text}\r\n\r\nOn an earlier day, Tara Quinn wrote:\r\n{quoted}",
        person.name,
        person.email,
        header("Reply-To"),
        original.subject,
        now.as_second(),
        person.email.replace('@', "."),
        original.message_id,
        original.message_id,
    )
    .into_bytes()
}

/// The path of the one-click link in a mail's header.
pub(super) fn unsubscribe_path(mail: &[u8]) -> Option<String> {
    let link = header_of(mail, "List-Unsubscribe")?;
    let link = link.trim().trim_start_matches('<').trim_end_matches('>');
    url::Url::parse(link).ok().map(|url| url.path().to_owned())
}

/// A header's value with its folded lines joined.
fn header_of(mail: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(mail);
    let head = text.split("\r\n\r\n").next()?.replace("\r\n ", " ").replace("\r\n\t", " ");
    let wanted = format!("{}:", name.to_ascii_lowercase());
    head.lines()
        .find(|line| line.to_ascii_lowercase().starts_with(&wanted))
        .map(|line| line[wanted.len()..].trim().to_owned())
}
