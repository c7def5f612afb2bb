//! What the console asks of others: records added by hand, mails that are tried out.

use app::console::Wish;
use app::favours::Wanted;
use domain::{LeadId, Module, OrgId, RecordId, RecordRef};
use edge::http::{Answer, Refusal, see_other};
use lambda_http::http::header::REFRESH;
use lambda_http::http::{HeaderValue, StatusCode};
use pages::{FavourView, FormErrors, Values};
use url::Url;

use super::form::Form;
use super::{Visit, failed, html, ok};

/// How soon a page looks again, in seconds.
const LOOK_AGAIN: HeaderValue = HeaderValue::from_static("2");

impl Visit<'_> {
    /// Refuses whoever may not look at any record of the CRM.
    fn adding_leads(&self) -> Result<(), Refusal> {
        if self.viewer().may(Wish::AddLead) {
            return Ok(());
        }
        let message =
            "adding leads is for those who see all leads and manage the settings; an administrator can let you";
        Err(Refusal::forbidden("not_adding_leads", message))
    }

    pub(super) async fn new_lead(&self) -> Answer {
        self.adding_leads()?;
        let assistants = self.every_assistant().await?;
        ok(pages::new_lead(&self.frame(None).await?, &assistants, &Values::new(), &FormErrors::new()))
    }

    /// Asks what would become of the record.
    pub(super) async fn look_at_record(&self, form: &Form) -> Answer {
        self.adding_leads()?;
        let assistants = self.every_assistant().await?;
        let assistant = assistants.iter().find(|known| known.id.as_str() == form.get("assistant"));
        let lead = record(&self.viewer().org, form.get("record"), form.get("module"));
        match (assistant, lead) {
            (Some(assistant), Ok(lead)) => self.ask(Wanted::Look { lead, assistant: assistant.id.clone() }).await,
            (assistant, lead) => {
                let choose = || ("assistant", "Choose an assistant; create one if there is none.".to_owned());
                let nobody = assistant.is_none().then(choose);
                let errors: FormErrors = nobody.into_iter().chain(lead.err().map(|error| ("record", error))).collect();
                let values = form.values(["assistant", "record", "module"]);
                let page = pages::new_lead(&self.frame(None).await?, &assistants, &values, &errors);
                Ok(html(StatusCode::UNPROCESSABLE_ENTITY, page))
            }
        }
    }

    /// Sends a mail of a preview to whoever looks at it, from the assistant that it was written for.
    pub(super) async fn try_mail(&self, form: &Form) -> Answer {
        self.managing()?;
        let Some(assistant) = self.every_assistant().await?.into_iter().next() else {
            return Err(Refusal::bad_request(
                "no_assistant",
                "create an assistant first: the mail is sent in its name",
            ));
        };
        let (Some(subject), Some(_)) = (form.filled("subject"), form.filled("text")) else {
            return Err(Refusal::bad_request(
                "no_mail",
                "open the schedule and press Preview; the mails have the button",
            ));
        };
        let (subject, text) = (subject.to_owned(), form.get("text").to_owned());
        self.ask(Wanted::Test { assistant: assistant.id, subject, text }).await
    }

    async fn ask(&self, wanted: Wanted) -> Answer {
        let asked = self.site.favours.ask(self.viewer(), wanted).await.map_err(failed)?;
        let too_soon = || Refusal::too_many("you tried a mail out less than ten seconds ago; wait, then send this one");
        Ok(self.on_to_favour(&asked.ok_or_else(too_soon)?))
    }

    fn on_to_favour(&self, id: &str) -> lambda_http::Response<lambda_http::Body> {
        see_other(&format!("{}/favours/{id}", self.base))
    }

    pub(super) async fn favour(&self, id: &str) -> Answer {
        let favour = self.site.favours.of(self.viewer(), id).await.map_err(failed)?.ok_or_else(Refusal::not_found)?;
        let store = &self.site.admin.store;
        let (assistant, lead) = match &favour.wanted {
            Wanted::Look { lead, assistant } | Wanted::Give { lead, assistant } => {
                (assistant, self.viewer().lead(store, lead).await.map_err(failed)?)
            }
            Wanted::Test { assistant, .. } => (assistant, None),
        };
        let known = store.assistant(&self.viewer().org, assistant).await.map_err(failed)?;
        let assistant = known.map_or_else(|| assistant.to_string(), |stored| stored.value.name);
        let view = FavourView { id, favour: &favour, assistant: &assistant, lead: lead.as_ref() };
        let frame = self.frame(None).await?;
        let mut answer = html(StatusCode::OK, pages::favour(&frame, &view));
        if view.moves(&frame) {
            answer.headers_mut().insert(REFRESH, LOOK_AGAIN);
        }
        Ok(answer)
    }

    /// Has the record given that was looked at.
    pub(super) async fn give(&self, look: &str) -> Answer {
        self.adding_leads()?;
        let given = self.site.favours.give(self.viewer(), look).await.map_err(failed)?;
        Ok(self.on_to_favour(&given.ok_or_else(Refusal::not_found)?))
    }

    pub(super) async fn ask_again(&self, id: &str) -> Answer {
        match self.site.favours.ask_again(self.viewer(), id).await.map_err(failed)? {
            true => Ok(self.on_to_favour(id)),
            false => Err(Refusal::not_found()),
        }
    }
}

/// The record of a page of Zoho CRM, such as `https://crm.zoho.eu/crm/org20061234567/tab/Leads/5540000310003`, or of an id and
/// its module; or what is wrong with it.
fn record(org: &OrgId, text: &str, module: &str) -> Result<LeadId, String> {
    let text = text.trim();
    let (module, id) = match Url::parse(text) {
        Err(_) => (module.to_owned(), text.to_owned()),
        Ok(url) => {
            let mut path = url.path_segments().into_iter().flatten();
            let ours = org.as_str().split_once('-').map_or("", |(_, number)| number);
            let before: Vec<_> = path.by_ref().take_while(|part| *part != "tab").collect();
            if let Some(other) =
                before.iter().filter_map(|part| part.strip_prefix("org")).find(|number| *number != ours)
            {
                return Err(format!("This is a page of another organisation, {other}; yours is {ours}."));
            }
            match (path.next(), path.next()) {
                (Some(tab), Some(id)) => (tab.to_owned(), id.to_owned()),
                _ => {
                    return Err(
                        "This is not the page of a record; open the record in Zoho CRM and copy its address.".into()
                    );
                }
            }
        }
    };
    // Zoho's own pages call deals what they were called once.
    let name = if module == "Potentials" { Module::Deals.as_str() } else { module.as_str() };
    let Some(module) = Module::ALL.into_iter().find(|known| known.as_str() == name) else {
        return Err(format!("Records of {module:?} are not followed up; choose a lead, a contact or a deal."));
    };
    let id =
        RecordId::parse(id).map_err(|_| "Write the address of the record, or its id, which is a number.".to_owned())?;
    Ok(RecordRef { module, id }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_by_its_page_or_its_id() {
        let org = "eu-20061234567".parse().unwrap();
        for (text, module, expected) in [
            ("5540000310003", "Leads", Ok("leads-5540000310003")),
            (" 5540000310003 ", "Contacts", Ok("contacts-5540000310003")),
            ("https://crm.zoho.eu/crm/org20061234567/tab/Potentials/77", "Leads", Ok("deals-77")),
            ("https://crm.zoho.eu/crm/org20061234567/tab/Contacts/77/canvas/5?x=1", "Leads", Ok("contacts-77")),
            ("https://crm.example.com/tab/Leads/77", "Deals", Ok("leads-77")),
            ("https://crm.zoho.eu/crm/org1/tab/Leads/77", "Leads", Err("another organisation, 1")),
            (
                "https://crm.zoho.eu/crm/org20061234567/tab/Accounts/77",
                "Leads",
                Err("\"Accounts\" are not followed up"),
            ),
            ("https://crm.zoho.eu/crm/org20061234567/tab/Leads", "Leads", Err("not the page of a record")),
            ("https://crm.zoho.eu/crm/org20061234567/tab/Leads/create", "Leads", Err("its id, which is a number")),
            ("mailto:ada@engines.example", "Leads", Err("not the page of a record")),
            ("", "Leads", Err("its id, which is a number")),
            ("77; DROP", "Leads", Err("its id, which is a number")),
            ("77", "Vendors", Err("\"Vendors\" are not followed up")),
            ("77", "", Err("\"\" are not followed up")),
        ] {
            match (record(&org, text, module), expected) {
                (Ok(lead), Ok(expected)) => assert_eq!(lead.to_string(), expected, "{text}"),
                (Err(error), Err(expected)) => assert!(error.contains(expected), "{text}: {error}"),
                (found, _) => panic!("{text} {module}: {found:?}"),
            }
        }
    }

    #[test]
    fn the_page_that_we_link_to_is_understood() {
        let org: OrgId = "eu-20061234567".parse().unwrap();
        for lead in ["leads-1", "contacts-2", "deals-5540000310003"] {
            let lead: LeadId = lead.parse().unwrap();
            assert_eq!(record(&org, &pages::record_url(&org, &lead).unwrap(), ""), Ok(lead));
        }
    }
}
