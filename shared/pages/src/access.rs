//! The page for who is not signed in.

use maud::{Markup, html};

use crate::frame::document;

/// Asks somebody to sign in. `base` is the console's path, `from` the address that leads to Zoho.
pub fn sign_in(base: &str, from: &str, connect: &str) -> Markup {
    let body = html! {
        main class="narrow" {
            h1 { "Sales assistant" }
            div class="card" {
                p { "Sign in as the user that you are in Zoho CRM. Administrators see everything; others see the leads that they handed over." }
                p { a class="button main" href=(from) { "Sign in with Zoho" } }
                p class="soft small" { "Zoho is asked who you are and nothing else." }
            }
            p class="soft" { "Is your organisation not connected yet? Its administrator can " a href=(connect) { "connect it" } "." }
        }
    };
    document(base, "Sign in", &body)
}
