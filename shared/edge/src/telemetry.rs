//! Logs, as JSON on standard error, and metrics, as log lines that CloudWatch understands.

use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::settings;

/// Starts logging. `RUST_LOG` chooses how much; `info` unless it says otherwise. A second start is ignored.
pub fn init_telemetry() {
    let filter = EnvFilter::try_from_env(settings::RUST_LOG).unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).try_init().ok();
}

/// Emits one metric in CloudWatch's embedded format: a line on standard output, no call, no waiting. Its dimension is the
/// table, by which several installations of one account are told apart; without a table's name there is no CloudWatch
/// either, and nothing is said.
#[expect(clippy::print_stdout, reason = "the embedded metric format is a line on standard output")]
pub fn metric(name: &str, unit: &str, value: i64) {
    let Some(table) = settings::optional(settings::TABLE_NAME) else { return };
    let line = json!({
        "_aws": {
            "Timestamp": jiff::Timestamp::now().as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "SalesAssistant",
                "Dimensions": [["Table"]],
                "Metrics": [{ "Name": name, "Unit": unit }],
            }],
        },
        "Table": table,
        name: value,
    });
    println!("{line}");
}
