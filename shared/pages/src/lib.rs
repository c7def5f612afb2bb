//! The console's pages: server-rendered HTML that works without a script, on a phone, by keyboard, in light and dark.
//!
//! **Invariants:** every text that comes from outside goes through `maud`'s escaping, for nothing here is marked as already
//! escaped; mails are shown as text; a page holds no script, and says so to the browser with [`POLICY`].
//! **Absent:** reading and deciding. A page gets what was found and shows it.

mod access;
mod assistants;
mod crm;
mod failures;
mod favours;
mod form;
mod frame;
mod lead;
mod leads;
mod leave;
mod marks;
mod nurture;
mod orders;
mod permissions;
mod preflight;
mod schedules;
mod timeline;
mod today;
mod tokens;

pub use access::sign_in;
pub use assistants::{AssistantForm, OFF_DAYS, assistant_form, assistants, tracking_name};
pub use crm::{CreditsToday, CrmDetails, StepsDone, crm_details};
pub use failures::{HISTORY_LINES, failures, history};
pub use favours::{FavourView, favour, new_lead};
pub use form::{FormErrors, Values};
pub use frame::{Frame, Notice, Place, STYLE, style_name};
pub use lead::{LeadView, lead};
pub use leads::{LeadList, leads};
pub use leave::{LeavePreview, erase, leave, receipt};
pub use marks::record_url;
pub use maud::Markup;
pub use nurture::nurture;
pub use orders::order;
pub use permissions::{ProfileAccess, access};
pub use preflight::{PreflightView, preflight};
pub use schedules::{Preview, ScheduleForm, TONES, schedule_form, schedules};
pub use today::{DONE_SHOWN, TodayView, today};
pub use tokens::{TokenPage, tokens};

/// What a browser may load for a page: our style and nothing else. No script, no frame, no plug-in.
pub const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
