//! Logs, as JSON on standard error, and metrics, as log lines that CloudWatch understands.

use serde_json::json;
use tracing_subscriber::EnvFilter;

/// Starts logging. `RUST_LOG` chooses how much; `info` unless it says otherwise. A second start is ignored.
pub fn init_telemetry() {
    let filter = EnvFilter::try_from_env(crate::settings::RUST_LOG).unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).try_init().ok();
}

/// Emits one metric in CloudWatch's embedded format: a line on standard output, no call, no waiting.
#[expect(clippy::print_stdout, reason = "the embedded metric format is a line on standard output")]
pub fn metric(name: &str, unit: &str, value: i64) {
    let line = json!({
        "_aws": {
            "Timestamp": jiff::Timestamp::now().as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "SalesAssistant", "Dimensions": [[]], "Metrics": [{ "Name": name, "Unit": unit }],
            }],
        },
        name: value,
    });
    println!("{line}");
}
