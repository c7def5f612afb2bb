//! Leaving, erasing, and the export that goes before.

use app::AppError;
use app::console::{LeadFilter, MOST_LOOKED_AT, find_leads};
use app::leave::{Held, Leaving, begin, begin_erasing, held};
use domain::{EmailAddress, Lead, OrgId, Purpose};
use edge::http::{Answer, Refusal, document, download, query, see_other};
use lambda_http::http::StatusCode;
use pages::{FormErrors, LeavePreview, Values};
use serde_json::json;

use super::form::Form;
use super::leads::mendable;
use super::{Site, Visit, failed, html};

/// Leads in one part of the export: what fits into one answer of a function.
const IN_A_PART: usize = 50;

impl Site {
    /// The receipt of an org that leaves or left, for whoever has its address.
    pub(super) async fn receipt(&self, base: &str, token: &str) -> Answer {
        let org = self.sessions.key.verify(Purpose::Receipt, token).and_then(|org| org.parse::<OrgId>().ok());
        let org = org.ok_or_else(Refusal::not_found)?;
        let farewell = self.admin.store.farewell(&org).await.map_err(failed)?;
        let farewell = farewell.ok_or_else(Refusal::not_found)?.value;
        let page = pages::receipt(base, &farewell);
        Ok(document(StatusCode::OK, pages::POLICY, page.into_string()))
    }
}

impl Visit<'_> {
    async fn leave_page(&self, status: StatusCode, values: &Values, errors: &FormErrors) -> Answer {
        let (admin, org) = (&self.site.admin, &self.viewer().org);
        let found = find_leads(&admin.store, self.viewer(), &LeadFilter::default(), None, MOST_LOOKED_AT).await;
        let found = found.map_err(failed)?;
        let preview = LeavePreview {
            active: found.leads.iter().filter(|lead| lead.is_active()).count(),
            looked_at: found.leads.len(),
            more: found.next.is_some(),
            assistants: admin.assistants(org).await.map_err(failed)?.len(),
        };
        Ok(html(status, pages::leave(&self.frame(None).await?, &preview, values, errors)))
    }

    pub(super) async fn leave(&self) -> Answer {
        self.administering()?;
        self.leave_page(StatusCode::OK, &Values::new(), &FormErrors::new()).await
    }

    pub(super) async fn begin_leaving(&self, form: &Form) -> Answer {
        self.administering()?;
        let org = &self.viewer().org;
        let wrong = async |problem: String| {
            let errors = FormErrors::from([("name", problem)]);
            self.leave_page(StatusCode::UNPROCESSABLE_ENTITY, &form.values(["name", "kind"]), &errors).await
        };
        let name = self.frame(None).await?.org_name;
        if form.get("name").trim() != name {
            return wrong(format!("Type the organisation's name as it stands here: {name}.")).await;
        }
        let kind = if form.get("kind") == "clean-exit" { Leaving::CleanExit } else { Leaving::Disconnect };
        match begin(&self.site.actions, org, kind, &self.viewer().name).await {
            Ok(()) => {}
            Err(error) => return wrong(mendable(error)?).await,
        }
        let token = self.site.sessions.key.sign(Purpose::Receipt, org.as_str());
        Ok(see_other(&format!("{}/receipt/{token}", self.base)))
    }

    async fn erase_page(
        &self,
        status: StatusCode,
        found: Option<(&EmailAddress, &Held)>,
        values: &Values,
        errors: &FormErrors,
    ) -> Answer {
        let erasures = self.site.admin.store.erasures(&self.viewer().org).await.map_err(failed)?;
        let erasures: Vec<_> = erasures.into_iter().map(|stored| stored.value.1).collect();
        Ok(html(status, pages::erase(&self.frame(None).await?, found, &erasures, values, errors)))
    }

    pub(super) async fn erase(&self) -> Answer {
        self.administering()?;
        self.erase_page(StatusCode::OK, None, &Values::new(), &FormErrors::new()).await
    }

    /// Shows what is held of an address, and erases it when somebody has seen that and is sure.
    pub(super) async fn erase_person(&self, form: &Form) -> Answer {
        self.administering()?;
        let org = &self.viewer().org;
        let address = match EmailAddress::parse(form.get("address").trim()) {
            Ok(address) => address,
            Err(error) => {
                let errors = FormErrors::from([("address", error.to_string())]);
                let values = form.values(["address"]);
                return self.erase_page(StatusCode::UNPROCESSABLE_ENTITY, None, &values, &errors).await;
            }
        };
        if form.get("sure") != "yes" {
            let held = held(&self.site.admin.store, org, &address).await.map_err(failed)?;
            return self.erase_page(StatusCode::OK, Some((&address, &held)), &Values::new(), &FormErrors::new()).await;
        }
        match begin_erasing(&self.site.actions, org, &address, &self.viewer().name).await {
            Ok(_) => Ok(self.on_to("erase", "begun")),
            Err(error) => Err(Refusal::bad_request("not_erased", mendable(error)?)),
        }
    }

    /// Everything that is stored of leads, one in a line, with its story and its mails; in parts.
    pub(super) async fn export(&self) -> Answer {
        self.administering()?;
        let from = query(self.request, "from");
        let (store, all) = (&self.site.admin.store, LeadFilter::default());
        let found = find_leads(store, self.viewer(), &all, from.as_deref(), IN_A_PART).await.map_err(failed)?;
        let mut file = Vec::new();
        for lead in &found.leads {
            let line = self.everything_of(lead).await.map_err(failed)?;
            file.extend(line.to_string().into_bytes());
            file.push(b'\n');
        }
        if let Some(next) = found.next {
            let next = format!("{}/export.jsonl?from={next}", self.base);
            file.extend(json!({ "next_part": next }).to_string().into_bytes());
            file.push(b'\n');
        }
        Ok(download("application/jsonl", "leads.jsonl", file))
    }

    async fn everything_of(&self, lead: &Lead) -> Result<serde_json::Value, AppError> {
        let (store, org) = (&self.site.admin.store, &self.viewer().org);
        Ok(json!({
            "lead": lead,
            "story": store.story(org, &lead.id).await?,
            "mails": store.deliveries(org, &lead.id).await?,
            "decisions": store.decisions(org, &lead.id).await?,
        }))
    }
}
