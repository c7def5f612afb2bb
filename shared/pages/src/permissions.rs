//! Which profiles of the CRM see what.

use app::console::{Access, Sees};
use domain::Profile;
use maud::{Markup, html};

use crate::frame::{Frame, Place};

/// A profile, and what its users may do.
#[derive(Debug, Clone)]
pub struct ProfileAccess {
    /// Which.
    pub profile: Profile,
    /// What its users may do, unless they are administrators.
    pub access: Access,
    /// How many active users have it.
    pub users: u32,
}

const SEES: [(Sees, &str, &str); 3] =
    [(Sees::Own, "own", "those they handed over"), (Sees::All, "all", "all leads"), (Sees::Nothing, "nothing", "none")];

fn row(ProfileAccess { profile, access, users }: &ProfileAccess) -> Markup {
    let tick = |what: &str, label: &str, yes: bool| {
        html! {
            label class="check" for={ (what) "-" (profile.id) } {
                input type="checkbox" id={ (what) "-" (profile.id) } name={ (what) "-" (profile.id) } value="yes" checked[yes];
                span { (label) }
            }
        }
    };
    html! {
        tr {
            th scope="row" { (profile.name) div class="soft small" { (users) @if *users == 1 { " user" } @else { " users" } } }
            td data-name="Leads" {
                select name={ "sees-" (profile.id) } aria-label={ "Leads that " (profile.name) " sees" } {
                    @for (sees, value, words) in SEES { option value=(value) selected[sees == access.sees] { (words) } }
                }
            }
            td data-name="Actions" { (tick("acts", "act on them", access.acts)) }
            td data-name="Settings" { (tick("manages", "change settings", access.manages)) }
        }
    }
}

/// The page.
pub fn access(frame: &Frame, profiles: &[ProfileAccess]) -> Markup {
    let content = html! {
        p class="crumbs" { a href=(frame.at("crm")) { "CRM Details" } }
        h1 { "Who sees what" }
        p { "By profile in Zoho CRM. Administrators of your Zoho organisation may do everything, whatever is set here. Only they see this page, disconnect and erase." }
        @if profiles.is_empty() {
            div class="card" { p { "Zoho has not named the profiles of your users yet. Refresh on CRM Details, then look again." } }
        } @else {
            (frame.form("access", &html! {
                div class="table" tabindex="0" role="region" aria-label="Profiles" {
                    table class="stack" {
                        thead { tr { th scope="col" { "Profile" } th scope="col" { "Sees" } th scope="col" { "Acts" } th scope="col" { "Manages" } } }
                        tbody { @for profile in profiles { (row(profile)) } }
                    }
                }
                button class="main" { "Save" }
            }))
        }
    };
    frame.page(Place::Crm, "Who sees what", &content)
}
