//! How far an order for many leads is.

use app::store::Bulk;
use maud::{Markup, html};

use crate::frame::{Frame, Place};

/// The page of an order.
pub fn order(frame: &Frame, bulk: &Bulk) -> Markup {
    let content = html! {
        p class="crumbs" { a href=(frame.at("leads")) { "Leads" } }
        h1 { "An order for " (bulk.total) " leads" }
        div class="card" {
            p { (bulk.order.by) " asked for " (bulk.order.action.name()) @if !bulk.order.why.is_empty() { " (" (bulk.order.why) ")" } "." }
            label for="progress" { (bulk.looked_at) " of " (bulk.total) " looked at, done to " (bulk.done) ", refused for " (bulk.failed) "." }
            progress id="progress" max=(bulk.total) value=(bulk.looked_at) {}
            @if bulk.ended.is_none() {
                p { "It goes on by itself, also if you leave this page." }
                p { a class="button" href=(frame.at(&format!("orders/{}", bulk.name))) { "Look again" } }
            } @else {
                p { strong { "It is done." } }
                @if bulk.order.action == domain::Action::Deactivate && bulk.done > 0 {
                    (frame.button(&format!("orders/{}/undo", bulk.name), "Undo: continue these follow-ups", ""))
                }
            }
        }
        @if !bulk.failures.is_empty() {
            section class="card" aria-labelledby="refused" {
                h2 id="refused" { "Refused" }
                ul class="plain" {
                    @for failure in &bulk.failures {
                        li { a href=(frame.at(&format!("leads/{}", failure.lead))) { (failure.lead) } ": " (failure.reason) }
                    }
                }
            }
        }
    };
    frame.page(Place::Leads, "Order", &content)
}
