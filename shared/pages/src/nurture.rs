//! The nurture table: lines of which each mail carries one as its P.S.

use maud::{Markup, html};

use crate::frame::{Frame, Place};

/// Empty lines after those that there are.
const MORE: usize = 5;

/// The table as a form; `lines` are texts and links.
pub fn nurture(frame: &Frame, lines: &[(String, String)], problem: Option<&str>) -> Markup {
    let empty = (String::new(), String::new());
    let shown = lines.iter().chain(std::iter::repeat_n(&empty, MORE));
    let content = html! {
        h1 { "Nurture table" }
        p { "One-line facts with links. Each mail carries one as its P.S., every lead in its own order and none twice." }
        @if let Some(problem) = problem { div class="note bad" role="alert" { p { "Nothing was saved: " (problem) "." } } }
        (frame.form("nurture", &html! {
            div class="table" {
                table class="stack" {
                    thead { tr { th scope="col" { "Line" } th scope="col" { "Fact" } th scope="col" { "Link (may be empty)" } } }
                    tbody {
                        @for (at, (text, link)) in shown.enumerate() {
                            @let number = at + 1;
                            tr {
                                th scope="row" { (number) }
                                td { input type="text" name="text" maxlength="200" value=(text) aria-label={ "Fact " (number) }; }
                                td { input type="url" name="link" value=(link) aria-label={ "Link " (number) }; }
                            }
                        }
                    }
                }
            }
            p class="soft" { "A line without a fact is taken out." }
            button class="main" { "Save" }
        }))
    };
    frame.page(Place::Nurture, "Nurture table", &content)
}
