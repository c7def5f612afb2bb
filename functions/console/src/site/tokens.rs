//! Tokens of the API, for administrators.

use app::console::Scope;
use edge::http::{Answer, Refusal};
use lambda_http::http::StatusCode;
use pages::{FormErrors, TokenPage, Values};

use super::form::Form;
use super::{Visit, failed, html};

/// The longest name of a token, in characters.
const LONGEST_NAME: usize = 60;

impl Visit<'_> {
    async fn token_page(&self, status: StatusCode, made: Option<&str>, values: &Values, errors: &FormErrors) -> Answer {
        let tokens = self.site.admin.store.api_tokens(&self.viewer().org).await.map_err(failed)?;
        let page = TokenPage { tokens: &tokens, made, values, errors };
        Ok(html(status, pages::tokens(&self.frame(None).await?, &page)))
    }

    pub(super) async fn tokens(&self) -> Answer {
        self.administering()?;
        let values = Values::from([(Scope::Read.name(), "yes".to_owned())]);
        self.token_page(StatusCode::OK, None, &values, &FormErrors::new()).await
    }

    pub(super) async fn make_token(&self, form: &Form) -> Answer {
        self.administering()?;
        let scopes: Vec<_> = Scope::ALL.into_iter().filter(|scope| form.get(scope.name()) == "yes").collect();
        let name = form.filled("name").unwrap_or_default();
        let mut errors = FormErrors::new();
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            errors.insert("name", format!("Write what it is for, in at most {LONGEST_NAME} characters."));
        }
        if scopes.is_empty() {
            errors.insert(Scope::Read.name(), "Tick at least one thing that it opens.".to_owned());
        }
        if !errors.is_empty() {
            let values = form.values(["name", "read", "act", "manage"]);
            return self.token_page(StatusCode::UNPROCESSABLE_ENTITY, None, &values, &errors).await;
        }
        let made = self.site.tokens.make(self.viewer(), name, scopes).await.map_err(failed)?;
        self.token_page(StatusCode::OK, Some(&made), &Values::new(), &FormErrors::new()).await
    }

    pub(super) async fn revoke_token(&self, form: &Form) -> Answer {
        self.administering()?;
        let (store, org) = (&self.site.admin.store, &self.viewer().org);
        match store.revoke_api_token(org, form.get("id")).await.map_err(failed)? {
            true => Ok(self.on_to("tokens", "revoked")),
            false => Err(Refusal::not_found()),
        }
    }
}
