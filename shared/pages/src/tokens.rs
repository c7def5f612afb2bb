//! Tokens of the API: made, shown once, listed, revoked.

use app::console::Scope;
use app::store::ApiToken;
use maud::{Markup, html};

use crate::form::{Fields, FormErrors, Values};
use crate::frame::{Frame, Place};

/// What the page shows.
#[derive(Clone, Copy)]
pub struct TokenPage<'a> {
    /// Those that there are.
    pub tokens: &'a [ApiToken],
    /// The text of one that was just made: shown this once.
    pub made: Option<&'a str>,
    /// What was typed.
    pub values: &'a Values,
    /// What is wrong with it.
    pub errors: &'a FormErrors,
}

fn opens(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read: leads, their stories, Today, history",
        Scope::Act => "act: do to leads what people can do",
        Scope::Manage => "manage: the connection, assistants, failures",
    }
}

/// The page.
pub fn tokens(frame: &Frame, page: &TokenPage<'_>) -> Markup {
    let fields = Fields { values: page.values, errors: page.errors };
    let content = html! {
        p class="crumbs" { a href=(frame.at("crm")) { "CRM Details" } }
        h1 { "API tokens" }
        p { "A program sends " code { "Authorization: Bearer" } " with its token. What it can ask for is in the " a href=(frame.at("api/openapi.json")) { "OpenAPI description" } "." }
        @if let Some(text) = page.made {
            div class="note good" role="status" {
                p { "This is the token. Keep it now: it is not shown again." }
                pre class="mail" id="made" tabindex="0" { (text) }
            }
        }
        div class="table" tabindex="0" role="region" aria-label="Tokens" {
            table class="stack" {
                thead { tr { th scope="col" { "Name" } th scope="col" { "Opens" } th scope="col" { "Made" } th scope="col" { span class="unseen" { "Revoke" } } } }
                tbody { @for token in page.tokens {
                    tr {
                        th scope="row" { (token.name) div class="soft small" { (token.id) } }
                        td data-name="Opens" { (token.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(", ")) }
                        td data-name="Made" { (frame.time(token.made_at)) " by " (token.by) }
                        td { (frame.form("tokens/revoke", &html! {
                            input type="hidden" name="id" value=(token.id);
                            button class="bad" aria-label={ "Revoke " (token.name) } { "Revoke" }
                        })) }
                    }
                } }
            }
        }
        (frame.form("tokens", &html! {
            fieldset {
                legend { "A new token" }
                (fields.summary())
                (fields.text("name", "Name", "What it is for, such as the program that uses it."))
                @for scope in Scope::ALL { (fields.check(scope.name(), opens(scope))) }
                button class="main" { "Make it" }
            }
        }))
    };
    frame.page(Place::Crm, "API tokens", &content)
}
