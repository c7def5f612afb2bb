//! The standard modules as an organisation has them on its first day.

use super::schema::{DataType, Field, Module, PickValue};

struct Def {
    api_name: &'static str,
    label: &'static str,
    kind: DataType,
    length: Option<usize>,
    mandatory: bool,
    system: bool,
    picks: &'static [&'static str],
    target: Option<&'static str>,
}

const fn of(api_name: &'static str, label: &'static str, kind: DataType) -> Def {
    Def { api_name, label, kind, length: None, mandatory: false, system: false, picks: &[], target: None }
}
const fn text(api_name: &'static str, label: &'static str, length: usize) -> Def {
    Def { length: Some(length), ..of(api_name, label, DataType::Text) }
}
const fn pick(api_name: &'static str, label: &'static str, picks: &'static [&'static str]) -> Def {
    Def { picks, ..of(api_name, label, DataType::Picklist) }
}
const fn link(api_name: &'static str, label: &'static str, target: &'static str) -> Def {
    Def { target: Some(target), ..of(api_name, label, DataType::Lookup) }
}
const fn system(api_name: &'static str, label: &'static str, kind: DataType) -> Def {
    Def { system: true, ..of(api_name, label, kind) }
}
const fn required(def: Def) -> Def {
    Def { mandatory: true, ..def }
}

const EVERY_MODULE: &[Def] = &[
    of("Owner", "Owner", DataType::Owner),
    system("Created_By", "Created By", DataType::Owner),
    system("Modified_By", "Modified By", DataType::Owner),
    system("Created_Time", "Created Time", DataType::Datetime),
    system("Modified_Time", "Modified Time", DataType::Datetime),
    of("Tag", "Tag", DataType::Free),
];

const DESCRIPTION: Def = Def { length: Some(32_000), ..of("Description", "Description", DataType::Textarea) };
const LEAD_SOURCES: &[&str] = &["Advertisement", "Cold Call", "Employee Referral", "Partner", "Web Download"];

const PERSON: &[Def] = &[
    text("First_Name", "First Name", 40),
    required(text("Last_Name", "Last Name", 80)),
    system("Full_Name", "Full Name", DataType::Text),
    of("Email", "Email", DataType::Email),
    of("Secondary_Email", "Secondary Email", DataType::Email),
    of("Phone", "Phone", DataType::Phone),
    of("Mobile", "Mobile", DataType::Phone),
    pick("Lead_Source", "Lead Source", LEAD_SOURCES),
    of("Email_Opt_Out", "Email Opt Out", DataType::Boolean),
    DESCRIPTION,
];

const LEADS: &[Def] = &[
    text("Company", "Company", 100),
    text("Designation", "Title", 100),
    of("Website", "Website", DataType::Website),
    pick("Lead_Status", "Lead Status", &["Not Contacted", "Attempted to Contact", "Contacted", "Lost Lead"]),
    pick("Industry", "Industry", &["Banking", "Manufacturing", "Retail", "Technology"]),
    text("City", "City", 100),
    text("State", "State", 100),
    text("Country", "Country", 100),
];

const CONTACTS: &[Def] = &[
    link("Account_Name", "Account Name", "Accounts"),
    text("Title", "Title", 100),
    text("Department", "Department", 50),
    text("Mailing_City", "Mailing City", 250),
    text("Mailing_State", "Mailing State", 250),
    text("Mailing_Country", "Mailing Country", 250),
];

const ACCOUNTS: &[Def] = &[
    required(text("Account_Name", "Account Name", 200)),
    of("Website", "Website", DataType::Website),
    of("Phone", "Phone", DataType::Phone),
    pick("Industry", "Industry", &["Banking", "Manufacturing", "Retail", "Technology"]),
    of("Annual_Revenue", "Annual Revenue", DataType::Currency),
    text("Billing_City", "Billing City", 250),
    text("Billing_Country", "Billing Country", 250),
    DESCRIPTION,
];

/// Stages with their forecast type, in pipeline order.
pub(crate) const STAGES: &[(&str, &str)] = &[
    ("Qualification", "Open"),
    ("Needs Analysis", "Open"),
    ("Proposal/Price Quote", "Open"),
    ("Negotiation/Review", "Open"),
    ("Closed Won", "Closed Won"),
    ("Closed Lost", "Closed Lost"),
];
const STAGE_NAMES: &[&str] =
    &["Qualification", "Needs Analysis", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost"];

const DEALS: &[Def] = &[
    required(text("Deal_Name", "Deal Name", 120)),
    required(pick("Stage", "Stage", STAGE_NAMES)),
    pick("Pipeline", "Pipeline", &["Standard (Standard)"]),
    link("Account_Name", "Account Name", "Accounts"),
    link("Contact_Name", "Contact Name", "Contacts"),
    of("Amount", "Amount", DataType::Currency),
    of("Closing_Date", "Closing Date", DataType::Date),
    of("Probability", "Probability", DataType::Percent),
    pick("Lead_Source", "Lead Source", LEAD_SOURCES),
    pick("Type", "Type", &["Existing Business", "New Business"]),
    text("Next_Step", "Next Step", 100),
    DESCRIPTION,
];

const ACTIVITY: &[Def] = &[
    link("Who_Id", "Contact Name", "Contacts"),
    link("What_Id", "Related To", ""),
    of("$se_module", "Related Module", DataType::Free),
    DESCRIPTION,
];

const TASKS: &[Def] = &[
    required(text("Subject", "Subject", 300)),
    of("Due_Date", "Due Date", DataType::Date),
    pick("Status", "Status", &["Not Started", "In Progress", "Completed", "Deferred", "Waiting for input"]),
    pick("Priority", "Priority", &["High", "Highest", "Low", "Lowest", "Normal"]),
    of("Closed_Time", "Closed Time", DataType::Datetime),
    of("Remind_At", "Reminder", DataType::Free),
];

const EVENTS: &[Def] = &[
    required(text("Event_Title", "Title", 255)),
    required(of("Start_DateTime", "From", DataType::Datetime)),
    required(of("End_DateTime", "To", DataType::Datetime)),
    of("All_day", "All day", DataType::Boolean),
    text("Venue", "Location", 255),
    of("Participants", "Participants", DataType::Free),
    of("Remind_At", "Reminder", DataType::Free),
    of("Recurring_Activity", "Repeat", DataType::Free),
];

const CALLS: &[Def] = &[
    required(text("Subject", "Subject", 300)),
    required(pick("Call_Type", "Call Type", &["Inbound", "Outbound", "Missed"])),
    required(of("Call_Start_Time", "Call Start Time", DataType::Datetime)),
    text("Call_Duration", "Call Duration", 20),
    pick("Outbound_Call_Status", "Outgoing Call Status", &["Scheduled", "Completed"]),
    pick("Call_Purpose", "Call Purpose", &["Prospecting", "Negotiation", "Demo"]),
    text("Call_Result", "Call Result", 100),
];

const PRODUCTS: &[Def] = &[
    required(text("Product_Name", "Product Name", 200)),
    text("Product_Code", "Product Code", 40),
    of("Unit_Price", "Unit Price", DataType::Currency),
    of("Product_Active", "Product Active", DataType::Boolean),
    DESCRIPTION,
];

const NOTES: &[Def] = &[
    text("Note_Title", "Note Title", 120),
    Def { length: Some(65_535), ..required(of("Note_Content", "Note Content", DataType::Textarea)) },
    required(of("Parent_Id", "Parent", DataType::Free)),
];

/// api name, singular, plural, name field, system duplicate field, fields.
type Row = (&'static str, &'static str, &'static str, &'static str, Option<&'static str>, &'static [&'static [Def]]);

const MODULES: &[Row] = &[
    ("Leads", "Lead", "Leads", "Full_Name", Some("Email"), &[PERSON, LEADS]),
    ("Contacts", "Contact", "Contacts", "Full_Name", Some("Email"), &[PERSON, CONTACTS]),
    ("Accounts", "Account", "Accounts", "Account_Name", Some("Account_Name"), &[ACCOUNTS]),
    ("Deals", "Deal", "Deals", "Deal_Name", Some("Deal_Name"), &[DEALS]),
    ("Products", "Product", "Products", "Product_Name", Some("Product_Name"), &[PRODUCTS]),
    ("Tasks", "Task", "Tasks", "Subject", None, &[TASKS, ACTIVITY]),
    ("Events", "Meeting", "Meetings", "Event_Title", None, &[EVENTS, ACTIVITY]),
    ("Calls", "Call", "Calls", "Subject", None, &[CALLS, ACTIVITY]),
    ("Notes", "Note", "Notes", "Note_Title", None, &[NOTES]),
];

/// Builds all modules; `new_id` hands out record ids.
pub(crate) fn modules(new_id: &mut dyn FnMut() -> String) -> Vec<Module> {
    MODULES.iter().map(|row| module(row, new_id)).collect()
}

fn module(row: &Row, new_id: &mut dyn FnMut() -> String) -> Module {
    let (api_name, singular, plural, name_field, duplicate_field, groups) = *row;
    let (id, layout_id) = (new_id(), new_id());
    let tagged = |def: &&Def| def.api_name != "Tag" || api_name != "Notes";
    let defs = EVERY_MODULE.iter().filter(tagged).chain(groups.iter().copied().flatten());
    let fields = defs.map(|def| field(def, singular, new_id)).collect();
    Module { id, api_name: api_name.into(), singular, plural, name_field, duplicate_field, layout_id, fields }
}

fn field(def: &Def, module: &str, new_id: &mut dyn FnMut() -> String) -> Field {
    let label = if def.api_name == "Owner" { format!("{module} Owner") } else { def.label.to_owned() };
    let pick =
        |name: &&str, id: String| PickValue { id, display: (*name).to_owned(), actual: (*name).to_owned(), used: true };
    Field {
        id: new_id(),
        api_name: def.api_name.into(),
        label,
        kind: def.kind,
        length: def.length.or(def.kind.max_length()),
        mandatory: def.mandatory,
        unique: false,
        custom: false,
        system: def.system,
        picks: def.picks.iter().map(|name| pick(name, new_id())).collect(),
        target: def.target.map(str::to_owned),
        textarea: (def.kind == DataType::Textarea).then(|| "small".to_owned()),
    }
}
