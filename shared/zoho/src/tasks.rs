//! Tasks for people, on records.

use app::ports::{CrmError, RecordTask};
use domain::Module;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::Line;
use crate::notes::is_same;
use crate::request::{Kind, Request};
use crate::wire::cut;

/// Characters of a subject.
const SUBJECT: usize = 255;

/// Characters of a description.
const DESCRIPTION: usize = 32_000;

/// Adds one task.
pub(crate) async fn add(line: &mut Line<'_>, task: &RecordTask) -> Result<(), CrmError> {
    let body = json!({"data": [item(task)], "trigger": []});
    let request = Request::send(Method::POST, Kind::Once, "tasks", ["Tasks"], body);
    let result = line.send(&request).await?.result("data");
    result.map(drop).map_err(|refusal| refusal.into_error(Kind::Once))
}

fn item(RecordTask { record, task }: &RecordTask) -> Value {
    let mut item = json!({
        "Subject": cut(&task.subject, SUBJECT),
        "Description": cut(&task.description, DESCRIPTION),
        "Due_Date": task.due.to_string(),
        "Status": "Not Started",
        "Priority": "High",
        "send_notification": task.by_mail,
    });
    if let Some(owner) = &task.owner {
        item["Owner"] = json!({"id": owner.as_str()});
    }
    let id = json!({"id": record.id.as_str()});
    match record.module {
        // A person is who a task is with; everything else is what it is about.
        Module::Contacts => item["Who_Id"] = id,
        Module::Leads | Module::Deals => {
            item["What_Id"] = id;
            item["$se_module"] = json!(record.module.as_str());
        }
    }
    item
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Subject")]
    subject: Option<String>,
    #[serde(rename = "Description")]
    description: Option<String>,
    #[serde(rename = "Due_Date")]
    due: Option<String>,
}

/// Is this very task on its record? On a record that is gone, no task is.
pub(crate) async fn has(line: &mut Line<'_>, RecordTask { record, task }: &RecordTask) -> Result<bool, CrmError> {
    let request = Request::get("tasks", [record.module.as_str(), record.id.as_str(), "Tasks"])
        .query("fields", "Subject,Description,Due_Date");
    let listed: Vec<Listed> = match line.list_all(request, "data").await {
        Err(CrmError::Absent) => return Ok(false),
        listed => listed?,
    };
    let same = |listed: &Option<String>, ours: &str| is_same(listed.as_deref().unwrap_or_default(), ours);
    Ok(listed.iter().any(|listed| {
        same(&listed.subject, cut(&task.subject, SUBJECT))
            && same(&listed.description, cut(&task.description, DESCRIPTION))
            && listed.due.as_deref() == Some(task.due.to_string().as_str())
    }))
}
